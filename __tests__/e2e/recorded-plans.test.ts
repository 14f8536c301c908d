/**
 * Makes every recorded plan of the guard's tests again with Terraform and compares it with __tests__/fleet/guard/plans. `RECORD_PLANS=1`
 * writes the plans instead.
 */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { UpdateTableCommand } from "@aws-sdk/client-dynamodb";
import { CreateRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { projectRoot } from "../../lambda/packaging";
import { normalisedPlan } from "./normalised-plan";
import { afterTheDeployment, beforeTheFirstApply, type Edit, onlyReading, type Synthesized } from "./plan-accidents";
import { createVendorTable, index, type VendorTable } from "./vendor-tables";
import { createWorld, REGION, type World } from "./world";

jest.setTimeout(10 * 60_000);

const name = "recorded";
const queue = "11111111-2222-4333-8444-555555555555";
const recorded = path.join(projectRoot(), "__tests__/fleet/guard/plans");
const recording = process.env["RECORD_PLANS"] === "1";

const table = {
  name,
  table: {
    KeySchema: [
      { AttributeName: "hash", KeyType: "HASH" },
      { AttributeName: "range", KeyType: "RANGE" },
    ],
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [
      { AttributeName: "hash", AttributeType: "S" },
      { AttributeName: "range", AttributeType: "S" },
      { AttributeName: "g1", AttributeType: "S" },
      { AttributeName: "g2", AttributeType: "N" },
    ],
    GlobalSecondaryIndexes: [index("vendor-1", "g1", "g2"), index("vendor-2", "range", "hash")],
    Tags: [{ Key: "vendor", Value: "ConnectPath" }],
  },
  what: "on demand, with two foreign indexes and a tag",
} satisfies VendorTable;

let world: World;

beforeAll(async () => {
  // The second instance belongs to another team.
  world = await createWorld([name, "stranger"], {
    deployed: [name],
    lookup: "{}",
    more: () => [`inboundFlow: { queue: ${queue} }`],
  });
  await createVendorTable(world.dynamodb, table);
  await createVendorTable(world.dynamodb, { ...table, name: "stranger" });
  synthesize(name);
  const init = await world.terraform(name, "init", "-input=false", "-no-color");
  expect(init.exitCode).toBe(0);
});

afterAll(() => world.stop());

/** Synthesizes the environment file with one text replaced, into a stack directory below `directory`. */
function synthesize(directory: string, from = "", to = ""): void {
  const file = path.join(String(world.env["ENVIRONMENTS_DIR"]), "e2e.yaml");
  const yaml = readFileSync(file, "utf8");
  expect(yaml).toContain(from);
  const outdir = path.join(path.dirname(file), "..", `out-${directory}`);
  mkdirSync(outdir, { recursive: true });
  writeFileSync(file, yaml.replace(from, to));
  const env = { ...world.env, CDKTF_OUTDIR: outdir };
  execFileSync(process.execPath, [path.join(projectRoot(), "build/main.js")], {
    cwd: projectRoot(),
    env,
    stdio: "pipe",
  });
  writeFileSync(file, yaml);
  cpSync(path.join(outdir, "stacks", world.stackName(name)), world.stackDirectory(directory), { recursive: true });
}

/** A copy of a synthesized stack with an edit. */
function edited(directory: string, edit: Edit, copied = name): void {
  const from = world.stackDirectory(copied);
  const to = world.stackDirectory(directory);
  mkdirSync(to, { recursive: true });
  const file = "cdk.tf.json";
  const stack = JSON.parse(readFileSync(path.join(from, file), "utf8")) as Synthesized;
  edit(stack);
  writeFileSync(path.join(to, file), JSON.stringify(stack));
  cpSync(path.join(from, "assets"), path.join(to, "assets"), { recursive: true });
}

/** Plans in a directory and compares the plan with the recorded one. */
async function expectRecorded(directory: string, ...options: readonly string[]): Promise<void> {
  const at = world.stackDirectory(directory);
  if (directory !== name) {
    for (const shared of [".terraform", ".terraform.lock.hcl"].filter((file) => !existsSync(path.join(at, file))))
      symlinkSync(path.join(world.stackDirectory(name), shared), path.join(at, shared));
  }
  const args = ["-input=false", "-no-color", "-lock=false", "-out=plan.tfplan", ...options];
  const planned = await world.terraform(directory, "plan", ...args);
  expect(planned.output).not.toContain("Error:");
  expect(planned.exitCode).toBe(0);
  const shown = await world.terraform(directory, "show", "-json", "plan.tfplan");
  const plan = normalisedPlan(shown.output, [world.instanceId(name), queue]);
  const file = path.join(recorded, `${directory}.json`);
  if (recording) writeFileSync(file, `${JSON.stringify(plan)}\n`);
  expect(plan).toEqual(JSON.parse(readFileSync(file, "utf8")));
}

/** Runs two plans at a time. */
async function expectAllRecorded(directories: readonly string[]): Promise<void> {
  const queued = [...directories];
  const failures: unknown[] = [];
  const work = async (): Promise<void> => {
    for (let next = queued.shift(); next !== undefined; next = queued.shift()) {
      const directory = next;
      const options = directory === "targeted" ? ["-target=data.aws_dynamodb_table.live"] : [];
      await expectRecorded(directory, ...options).catch((error: unknown) => {
        failures.push(new Error(`${directory}: ${error instanceof Error ? error.message : String(error)}`));
      });
    }
  };
  await Promise.all([work(), work()]);
  if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join("\n\n"));
}

async function apply(...args: readonly string[]): Promise<void> {
  await applyIn(name, ...args);
}

async function applyIn(directory: string, ...args: readonly string[]): Promise<void> {
  const applied = await world.terraform(directory, "apply", "-input=false", "-no-color", "-auto-approve", ...args);
  expect(applied.output).not.toContain("Error:");
  expect(applied.exitCode).toBe(0);
}

/** With these lines, the stack only reads the table. */
const reading = (...more: readonly string[]) =>
  [
    `- name: ${name}\n`,
    ["- name: recorded", "table: { adopt: false }", ...more, ""].join("\n    ").trimEnd() + "\n",
  ] as const;

/** Variants of the environment file. */
const changes: Readonly<Record<string, readonly [from: string, to: string]>> = {
  "module-edit": ["blockedDispositions: [Blocked]", 'blockedDispositions: ["Nuisance:Confirmed", Blocked]'],
  "lambda-edit": ["blockedDispositions: [Blocked]", 'blockedDispositions: [Blocked]\nexemptNumbers: ["+15555550100"]'],
  "release-remove-index": [`- name: ${name}\n`, `- name: ${name}\n    release: remove-index\n`],
  "release-keep-index": [`- name: ${name}\n`, `- name: ${name}\n    release: keep-index\n`],
  "function-renamed": [`- name: ${name}\n`, `- name: ${name}\n    function: { name: lookup, roleName: lookup }\n`],
  "reading-switch": reading(),
};

/** The plans of the last stack, which only reads the table. */
const readingPlans = [
  "reading-first",
  "reading-no-change",
  "reading-release",
  "reading-switch-back",
  ...Object.keys(onlyReading),
];

/** A role that someone created after the vendor's guide is adopted. */
const roleByHand = [
  `- name: ${name}\n`,
  `- name: ${name}\n    function: { roleName: vendor-role }\n    adoptExisting: { role: true }\n`,
] as const;

test("the plans of the adoption and its accidents equal their recordings", async () => {
  const iam = new IAMClient({ endpoint: world.proxy.url, region: REGION, credentials: credentials() });
  const AssumeRolePolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: [] });
  await iam.send(new CreateRoleCommand({ RoleName: "vendor-role", AssumeRolePolicyDocument }));
  synthesize("role-by-hand", ...roleByHand);
  for (const [directory, edit] of Object.entries(beforeTheFirstApply)) edited(directory, edit);
  await expectAllRecorded([...Object.keys(beforeTheFirstApply), "role-by-hand"]);
});

test("the plans after the deployment equal their recordings: no change, changes and accidents", async () => {
  await apply();
  edited("no-change", () => undefined);
  await expectRecorded("no-change");
  // Terraform reports defaults that AWS filled in as drift, until the state holds them.
  await apply("-refresh-only");

  for (const [directory, [from, to]] of Object.entries(changes)) synthesize(directory, from, to);
  for (const [directory, edit] of Object.entries(afterTheDeployment)) edited(directory, edit);
  await expectAllRecorded([...Object.keys(changes), ...Object.keys(afterTheDeployment)]);
});

test("the plans after a new index of the vendor and an edit in the console equal their recordings", async () => {
  await world.dynamodb.send(
    new UpdateTableCommand({
      TableName: `dextr-${name}`,
      // moto replaces the attribute definitions. AWS merges them.
      AttributeDefinitions: ["hash", "range", "g1", "g2", "g3", "Disposition", "CustomerEndpoint"].map(
        (AttributeName) => ({ AttributeName, AttributeType: AttributeName === "g2" ? "N" : "S" }),
      ),
      GlobalSecondaryIndexUpdates: [
        {
          Create: {
            IndexName: "vendor-3",
            KeySchema: [{ AttributeName: "g3", KeyType: "HASH" }],
            Projection: { ProjectionType: "ALL" },
          },
        },
      ],
    }),
  );
  edited("vendor-index-added", () => undefined);
  await expectRecorded("vendor-index-added");

  const id = world.instanceId(name);
  const module = world.connect.modules(id).get("blockedStatus");
  const Content = (module?.content ?? "").replace(
    '"InvocationTimeLimitSeconds":"3"',
    '"InvocationTimeLimitSeconds":"8"',
  );
  expect(Content).not.toBe(module?.content);
  const url = `/contact-flow-modules/${id}/${module?.id ?? ""}/content`;
  const answer = world.connect.handle({
    method: "POST",
    url,
    body: Buffer.from(JSON.stringify({ Content })),
    region: REGION,
  });
  expect(answer.status).toBe(200);
  edited("module-edited-in-console", () => undefined);
  await expectRecorded("module-edited-in-console");
});

test("the plans of a stack that only reads the table equal their recordings", async () => {
  synthesize("reading-first", ...reading());
  const local = { terraform: { backend: { local: { path: "empty.tfstate" } } } };
  writeFileSync(path.join(world.stackDirectory("reading-first"), "local_override.tf.json"), JSON.stringify(local));
  const init = await world.terraform("reading-first", "init", "-input=false", "-no-color");
  expect([init.exitCode, init.output]).toEqual([0, expect.any(String)]);

  await applyIn("reading-switch");
  synthesize("reading-no-change", ...reading());
  synthesize("reading-release", ...reading("release: keep-index"));
  edited("reading-switch-back", () => undefined);
  for (const [directory, edit] of Object.entries(onlyReading)) edited(directory, edit, "reading-no-change");
  await expectAllRecorded(readingPlans);
});

test("every recorded plan is made by a test of this file", () => {
  const made = [
    ...Object.keys({ ...beforeTheFirstApply, ...changes, ...afterTheDeployment }),
    ...readingPlans,
    "role-by-hand",
    "no-change",
    "vendor-index-added",
    "module-edited-in-console",
  ];
  expect(readdirSync(recorded).sort()).toEqual(made.map((one) => `${one}.json`).sort());
});

function credentials(): { accessKeyId: string; secretAccessKey: string } {
  const { AWS_ACCESS_KEY_ID: accessKeyId = "", AWS_SECRET_ACCESS_KEY: secretAccessKey = "" } = world.env;
  return { accessKeyId, secretAccessKey };
}
