/**
 * Accidents with the state and the environment file: each one is refused before any write, the first message gives cause and remedy, and
 * the remedy works. The table and the deployment of the instance stay as they are.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { DescribeTableCommand, UpdateTableCommand } from "@aws-sdk/client-dynamodb";
import { CreateBucketCommand, DeleteObjectCommand, GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { projectRoot } from "../../lambda/packaging";
import { createVendorTable, index, INDEX, readTable, type TableState } from "./vendor-tables";
import { BUCKET, createWorld, type Finished, REGION, type World } from "./world";

jest.setTimeout(10 * 60_000);

const name = "accident";
const TableName = `dextr-${name}`;
const object = (environment: string): string =>
  `connectpath-call-blocking/${environment}/${REGION}/${name}/terraform.tfstate`;
const capacity = (ReadCapacityUnits: number, WriteCapacityUnits: number) => ({ ReadCapacityUnits, WriteCapacityUnits });
const provisioned = {
  name,
  what: "provisioned",
  table: {
    KeySchema: [
      { AttributeName: "hash", KeyType: "HASH" as const },
      { AttributeName: "range", KeyType: "RANGE" as const },
    ],
    BillingMode: "PROVISIONED" as const,
    ProvisionedThroughput: capacity(17, 9),
    AttributeDefinitions: ["hash", "range", "g1"].map((AttributeName) => ({
      AttributeName,
      AttributeType: "S" as const,
    })),
    GlobalSecondaryIndexes: [index("vendor-1", "g1", undefined, { ProvisionedThroughput: capacity(5, 5) })],
  },
};

let world: World;
let plans: string;
let deployed: TableState;

const plan = (selection = `instance=${name}`): Promise<Finished> => world.fleet("plan", selection, "--plans", plans);
const deploy = (): Promise<Finished> => world.fleet("deploy", "--plans", plans);
const file = (environment: string): string => path.join(String(world.env["ENVIRONMENTS_DIR"]), `${environment}.yaml`);

/** Changing calls, without those for the lock of the state. */
const changes = () =>
  ["dynamodb", "lambda", "iam", "logs", "connect", "monitoring", "events", "sns", "s3"]
    .flatMap((service) => world.proxy.mutating(service))
    .filter(({ url }) => !url.includes(".tflock"))
    .map(({ service, operation, url }) => `${service} ${operation} ${url}`);

/** The output without line breaks: a message may be wrapped. */
const unwrapped = (output: string): string => output.replaceAll(/\s+/g, " ");

/** Plans an accident, and expects these texts, this exit code and no write. */
async function expectRefused(exitCode: number, ...texts: readonly string[]): Promise<void> {
  world.proxy.clear();
  const planned = await plan("*");
  for (const text of texts) expect(unwrapped(planned.output)).toContain(text);
  expect(planned.output).not.toContain("warning:");
  expect(planned.exitCode).toBe(exitCode);
  expect(changes()).toEqual([]);
  expect(await readTable(world.dynamodb, name)).toEqual(deployed);
}

async function expectNothingToDo(): Promise<void> {
  const { exitCode, output } = await plan();
  expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringContaining("nothing to do") as string });
  expect(await readTable(world.dynamodb, name)).toEqual(deployed);
}

/** The refused plan is not deployed. */
async function expectNotDeployed(): Promise<void> {
  const deployment = await deploy();
  expect(deployment.output).toContain("Refused: nothing was applied.");
  expect(deployment.exitCode).toBe(3);
  expect(changes()).toEqual([]);
}

/** Runs `work` with another environment file, and restores the file. */
async function withFile(environment: string, edit: (yaml: string) => string, work: () => Promise<void>): Promise<void> {
  const before = readFileSync(file("e2e"), "utf8");
  const edited = edit(before);
  expect([environment, edited]).not.toEqual(["e2e", before]);
  renameSync(file("e2e"), file(environment));
  writeFileSync(file(environment), edited);
  try {
    await work();
  } finally {
    renameSync(file(environment), file("e2e"));
    writeFileSync(file("e2e"), before);
  }
}

async function readState(environment = "e2e"): Promise<string> {
  const { Body } = await world.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: object(environment) }));
  return (await Body?.transformToString()) ?? "";
}

const writeState = (Body: string) => world.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: object("e2e"), Body }));
const loseState = (environment = "e2e") =>
  world.s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: object(environment) }));

/** `npm run synth` */
const synthesize = () =>
  execFileSync(process.execPath, [path.join(projectRoot(), "build/main.js")], { env: world.env, stdio: "pipe" });

/** Runs `terraform -chdir=cdktf.out/stacks/<stack> …` and expects success. */
async function terraform(stack: string, ...args: readonly string[]): Promise<string> {
  const directory = path.join(String(world.env["CDKTF_OUTDIR"]), "stacks", stack);
  const { exitCode, output } = await world.terraformIn(directory, ...args);
  expect({ exitCode, output }).toEqual({ exitCode: 0, output });
  return output;
}

beforeAll(async () => {
  world = await createWorld([name]);
  plans = path.join(String(world.env["CDKTF_OUTDIR"]), "../plans");
  await createVendorTable(world.dynamodb, provisioned);
});

afterAll(() => world.stop());

test("a table that was scaled after the plan is refused, and a new plan has the new capacity", async () => {
  expect((await plan()).exitCode).toBe(2);
  await world.dynamodb.send(new UpdateTableCommand({ TableName, ProvisionedThroughput: capacity(1000, 1000) }));
  world.proxy.clear();
  const { exitCode, output } = await deploy();
  expect(output).toContain(`The table ${TableName} changed since the plan:`);
  expect(output).toContain(
    "capacity: provisioned, 17 read and 9 write units → provisioned, 1000 read and 1000 write units",
  );
  expect(output).toContain("Plan again, and have the new plan reviewed.");
  expect(output).toContain("Refused: nothing was applied.");
  expect(exitCode).toBe(3);
  expect(changes()).toEqual([]);

  expect((await plan()).exitCode).toBe(2);
  const second = await deploy();
  expect(second.output).toContain("Everything is deployed and verified.");
  expect(second.exitCode).toBe(0);
  const { Table } = await world.dynamodb.send(new DescribeTableCommand({ TableName }));
  const own = Table?.GlobalSecondaryIndexes?.find(({ IndexName }) => IndexName === INDEX);
  expect(own?.ProvisionedThroughput).toMatchObject(capacity(1000, 1000));
  deployed = await readTable(world.dynamodb, name);
});

describe("each edit of the environment file is refused, and the old file converges", () => {
  test("state.bucket is another bucket", async () => {
    await world.s3.send(new CreateBucketCommand({ Bucket: "another-state-bucket" }));
    await withFile(
      "e2e",
      (yaml) => yaml.replace(`bucket: ${BUCKET}`, "bucket: another-state-bucket"),
      async () => {
        await expectRefused(
          3,
          'refused by "existing-resources"',
          `They belong to this stack (${world.stackName(name)}), but its state does not contain them.`,
          `s3://another-state-bucket/${object("e2e")}`,
          "If the values under state in the environment file were changed, restore the old values.",
        );
        await expectNotDeployed();
      },
    );
  });

  test("the instance has another name", async () => {
    await withFile(
      "e2e",
      (yaml) => yaml.replace(`name: ${name}`, `name: other\n    tableName: ${TableName}`),
      () =>
        expectRefused(
          3,
          'refused by "existing-resources"',
          `The stack ${world.stackName(name)} manages them.`,
          `use the old name again (the stack was ${world.stackName(name)})`,
        ),
    );
  });

  test("another deployment manages the instance, although its function has another name", async () => {
    const second = (yaml: string): string => `${yaml.trimEnd()}\n    function: { name: second, roleName: second }\n`;
    await withFile("second", second, () =>
      expectRefused(
        3,
        'refused by "existing-resources"',
        "the flow module blockedStatus",
        `The stack ${world.stackName(name)} manages them.`,
        "keep the instance in only one of the two",
      ),
    );
  });

  test("the release of another deployment must keep the shared index", async () => {
    const releasing = (how: string) => (yaml: string) => `${yaml.trimEnd()}\n    release: ${how}\n`;
    await withFile("second", releasing("remove-index"), async () => {
      await expectRefused(
        3,
        'refused by "shared-index"',
        `the flow module blockedStatus`,
        `of the stack ${world.stackName(name)}`,
        `Set release: keep-index for ${name} in environments/second.yaml`,
      );
      await expectNotDeployed();
    });
    await withFile("second", releasing("keep-index"), async () => {
      world.proxy.clear();
      expect((await plan("*")).exitCode).toBe(0);
      expect((await deploy()).exitCode).toBe(0);
      expect(changes().filter((change) => !change.startsWith("s3 "))).toEqual([]);
    });
    await expectNothingToDo();
  });
});

describe("a lost state is refused before any write", () => {
  test("an older version of the object converges", async () => {
    const state = await readState();
    await loseState();
    try {
      await expectRefused(
        3,
        'refused by "existing-resources"',
        `Either the state s3://${BUCKET}/${object("e2e")} was lost.`,
        "restore an older version of the object",
      );
    } finally {
      await writeState(state);
    }
    await expectNothingToDo();
  });

  test("recover completes the small state of a deployment that failed after the loss", async () => {
    const state = JSON.parse(await readState()) as { resources: { type: string; name: string }[] };
    const isLost = ({ type, name: id }: { type: string; name: string }): boolean =>
      /lambda|connect|iam/.test(type) && !id.startsWith("canary");
    const resources = state.resources.filter((resource) => !isLost(resource));
    expect(resources.length).toBeLessThan(state.resources.length);
    await writeState(
      JSON.stringify({ ...state, lineage: "6c0a2f0e-7b3c-4a54-9a39-0d6b1e2f3a4b", serial: 1, resources }),
    );
    await expectRefused(3, 'refused by "existing-resources"', `fleet -- recover stack=${world.stackName(name)}`);
    world.proxy.clear();
    const { exitCode, output } = await world.fleet("recover", `instance=${name}`, "--yes");
    expect(output).toContain(`State written: ${world.stackName(name)}.`);
    expect(exitCode).toBe(0);
    expect(changes().filter((change) => !change.startsWith("s3 "))).toEqual([]);
    await expectNothingToDo();
  });
});

test("another tableName is refused, and the documented steps adopt the other table", async () => {
  await createVendorTable(world.dynamodb, { ...provisioned, name: "restored" });
  const state = await readState();
  await withFile(
    "e2e",
    (yaml) => `${yaml.trimEnd()}\n    tableName: dextr-restored\n`,
    async () => {
      const stack = world.stackName(name);
      await expectRefused(
        1,
        `The state contains the table ${TableName}, but the environment file names the table dextr-restored`,
        "Do not disable prevent_destroy.",
        `terraform -chdir=cdktf.out/stacks/${stack} state rm aws_dynamodb_table.contacts`,
      );
      synthesize();
      await terraform(stack, "init", "-input=false", "-no-color");
      await terraform(stack, "state", "rm", "aws_dynamodb_table.contacts");
      const planned = await plan();
      expect(planned.output).toContain("The guard allows all changes.");
      expect(planned.exitCode).toBe(2);
      expect(await readTable(world.dynamodb, name)).toEqual(deployed);
    },
  );
  await writeState(state);
});

test("a renamed environment file is refused, and its state can be moved", async () => {
  synthesize();
  const [before, after] = [world.stackName(name), `renamed-${name}-${REGION}`];
  const moved = path.join(String(world.env["CDKTF_OUTDIR"]), "../moved.tfstate");
  await terraform(before, "init", "-input=false", "-no-color");
  writeFileSync(moved, await terraform(before, "state", "pull"));
  renameSync(file("e2e"), file("renamed"));
  await expectRefused(
    3,
    'refused by "existing-resources"',
    `The stack ${before} manages them.`,
    "use the old file name again (environments/e2e.yaml",
    "or move the state",
    'docs/disaster-recovery.md, "A moved or renamed stack"',
  );
  synthesize();
  await terraform(after, "init", "-input=false", "-no-color");
  await terraform(after, "state", "push", "../../../moved.tfstate");
  await loseState();
  const planned = await plan();
  expect(planned.output).toContain("The guard allows all changes.");
  expect(planned.exitCode).toBe(2);
  world.proxy.clear();
  const { exitCode, output } = await deploy();
  expect(output).toContain("Everything is deployed and verified.");
  expect(exitCode).toBe(0);
  expect(world.proxy.mutating("dynamodb")).toEqual([]);
  expect(world.proxy.mutating("lambda").map(({ operation }) => operation)).not.toContain("DeleteFunction");
  expect(await readTable(world.dynamodb, name)).toEqual(deployed);
});
