/** `fleet plan` and `fleet deploy` with Terraform: waves, refused plans, and resuming after failures, Ctrl-C and kill -9. */
import { appendFileSync, cpSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { TagResourceCommand } from "@aws-sdk/client-dynamodb";
import { LambdaClient, RemovePermissionCommand } from "@aws-sdk/client-lambda";
import { ListObjectsV2Command } from "@aws-sdk/client-s3";
import type { RecordedCall } from "../../emulators/aws/recording-proxy";
import { readStatuses } from "../../fleet/rollout/journal";
import { adoptable, createVendorTable, INDEX, readTable, type TableState } from "./vendor-tables";
import { ACCOUNT, BUCKET, createWorld, type Finished, REGION, type Running, type World } from "./world";

jest.setTimeout(10 * 60_000);

const wave = {
  "hash-only": "canary",
  "made-by-hand": "canary",
  "on-demand": "rest",
  "local-index": "rest",
  provisioned: "killed",
  rich: "stopped",
} as const;
type Name = keyof typeof wave;
const names = Object.keys(wave) as Name[];

let world: World;
let plans: string;
const before = new Map<Name, TableState>();

beforeAll(async () => {
  world = await createWorld(names, {
    environment: "waves: [canary, rest, killed, stopped]",
    more: (name) => [`wave: ${wave[name as Name]}`],
  });
  plans = path.join(String(world.env["CDKTF_OUTDIR"]), "../plans");
  for (const name of names) {
    const vendor = adoptable.find((table) => table.name === name);
    if (vendor === undefined) throw new Error(`there is no table ${name}`);
    await createVendorTable(world.dynamodb, vendor);
    before.set(name, await readTable(world.dynamodb, name));
  }
});

afterAll(() => world.stop());

const plan = (...more: readonly string[]): Promise<Finished> => world.fleet("plan", ...more, "--plans", plans);
const deploy = (...more: readonly string[]): Promise<Finished> => world.fleet("deploy", ...more, "--plans", plans);
const startDeploy = (...more: readonly string[]): Running => world.startFleet("deploy", ...more, "--plans", plans);
const planDirectory = (name: Name): string => path.join(plans, "cdktf.out/stacks", world.stackName(name));

const written = (): readonly RecordedCall[] =>
  ["dynamodb", "lambda", "iam", "connect", "logs"]
    .flatMap((service) => world.proxy.mutating(service))
    // Verification calls these. They change nothing.
    .filter(({ operation }) => !["Invoke", "SimulatePrincipalPolicy"].includes(operation));

const about =
  (name: Name) =>
  ({ url, input }: RecordedCall): boolean =>
    `${url} ${JSON.stringify(input)}`.includes(`-${name}`) || url.includes(world.instanceId(name));

/** Whether a lock object exists beside the state. */
async function hasLock(name: Name): Promise<boolean> {
  const { Contents = [] } = await world.s3.send(new ListObjectsV2Command({ Bucket: BUCKET }));
  const keys = Contents.map(({ Key }) => Key);
  const state = `connectpath-call-blocking/e2e/${REGION}/${name}/terraform.tfstate`;
  return keys.includes(`${state}.tflock`);
}

/** The table has our ACTIVE index, is otherwise unchanged, and received no other change. */
async function expectOnlyOurIndex(name: Name): Promise<void> {
  const was = before.get(name);
  const table = await readTable(world.dynamodb, name);
  expect(table.items).toEqual(was?.items);
  expect(table.indexes.get(INDEX)).toMatchObject({ IndexStatus: "ACTIVE" });
  expect(new Map([...table.indexes].filter(([index]) => index !== INDEX))).toEqual(
    new Map([...(was?.indexes ?? [])].filter(([index]) => index !== INDEX)),
  );
}

/** Holds the first call that creates the alias of a function, and resolves when the call arrives. */
function holdAlias(name: Name): { readonly reached: Promise<void>; readonly release: () => void } {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  let arrived = (): void => undefined;
  const reached = new Promise<void>((resolve) => (arrived = resolve));
  const withdraw = world.proxy.intercept(
    ({ operation, url }) => operation === "CreateAlias" && url.includes(`-${name}`),
    async () => {
      arrived();
      await held;
      const message = "The emulator was told to fail.";
      return {
        status: 400,
        headers: { "x-amzn-errortype": "InvalidParameterValueException" },
        body: JSON.stringify({ message }),
      };
    },
  );
  return {
    reached,
    release: () => {
      withdraw();
      release();
    },
  };
}

describe("two waves", () => {
  test("a plan of four instances has one row for each, and the provider is installed once", async () => {
    const { exitCode, output } = await plan("wave=canary,rest");
    expect(output).toContain("4 of 4 instances would change");
    expect(exitCode).toBe(2);
    for (const name of ["on-demand", "made-by-hand"] as const) expect(output).toContain(world.stackName(name));
  });

  test("a failed instance in the first wave stops the second wave, but not its own wave", async () => {
    const mend = world.proxy.intercept(
      ({ service, method, url }) =>
        service === "connect" &&
        method === "PUT" &&
        url.startsWith(`/contact-flow-modules/${world.instanceId("hash-only")}`),
      () => ({ status: 403, headers: { "x-amzn-errortype": "AccessDeniedException" }, body: '{"message":"no"}' }),
    );
    world.proxy.clear();
    const { exitCode, output } = await deploy("wave=canary,rest");
    mend();
    expect(output).toContain("Not started: wave rest of e2e.");
    expect(output).toMatch(/e2e-hash-only-us-east-1 +canary +failed/);
    expect(output).toMatch(/e2e-made-by-hand-us-east-1 +canary +applied +ok/);
    expect(output).toContain("aws_connect_contact_flow_module.blocked_status");
    expect(exitCode).toBe(1);
    expect(written().filter(about("on-demand"))).toEqual([]);
    expect(written().filter(about("local-index"))).toEqual([]);
  });

  test("after the repair, --resume deploys the remaining stacks and repeats no finished stack", async () => {
    const again = await deploy("wave=canary,rest");
    expect(again.output).toContain("has already started");
    expect(again.exitCode).toBe(1);

    world.proxy.clear();
    const { exitCode, output } = await deploy("wave=canary,rest", "--resume");
    expect(output).toContain("Everything is deployed and verified.");
    expect(exitCode).toBe(0);
    expect(written().filter(about("made-by-hand"))).toEqual([]);
    expect(
      written()
        .filter(about("hash-only"))
        .map(({ operation }) => operation),
    ).toEqual(["CreateContactFlowModule"]);
    for (const name of ["hash-only", "made-by-hand", "on-demand", "local-index"] as const)
      await expectOnlyOurIndex(name);
  });
});

test("drift is reported with effect and probable author; changes of the table owner are no drift", async () => {
  const [changed, robbed] = ["local-index", "on-demand"] as const;
  const none = await world.fleet("drift", "wave=canary");
  expect(none.exitCode).toBe(0);

  const id = world.instanceId(changed);
  const module = world.connect.modules(id).get("blockedStatus");
  const content = String(module?.content).replace(
    '"InvocationTimeLimitSeconds":"8"',
    '"InvocationTimeLimitSeconds":"3"',
  );
  expect(content).not.toBe(module?.content);
  const url = `/contact-flow-modules/${id}/${String(module?.id)}/content`;
  world.connect.handle({
    method: "POST",
    url,
    body: Buffer.from(JSON.stringify({ Content: content })),
    region: REGION,
  });
  const lambda = new LambdaClient(world.clientSettings);
  const StatementId = `connectpath-call-blocking-${world.instanceId(robbed)}`;
  await lambda.send(
    new RemovePermissionCommand({ FunctionName: `blockedCalls-${robbed}`, Qualifier: "live", StatementId }),
  );
  lambda.destroy();
  await world.dynamodb.send(
    new TagResourceCommand({
      ResourceArn: `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/dextr-${changed}`,
      Tags: [{ Key: "vendor", Value: "ConnectPath" }],
    }),
  );

  world.proxy.clear();
  const { exitCode, output } = await world.fleet("drift", "wave=rest");
  expect(output).toMatch(/The flow module was changed\.[^]*InvocationTimeLimitSeconds: 8 → 3/);
  expect(output).toContain("Connect's permission to invoke the function is missing.");
  expect(output).toMatch(
    /The owner of dextr-local-index changed the table\.[^]*Plans follow the change\. There is nothing to do\.[^]*\+ tags › vendor: ConnectPath/,
  );
  expect(exitCode).toBe(2);
  expect(written()).toEqual([]);
  expect(world.proxy.mutating("s3")).toEqual([]);
});

describe("a changed or stale plan", () => {
  let environmentFile: string;
  let yaml: string;

  beforeAll(async () => {
    environmentFile = path.join(String(world.env["ENVIRONMENTS_DIR"]), "e2e.yaml");
    yaml = readFileSync(environmentFile, "utf8").replace("[Blocked]", "[Spam, Blocked]");
    writeFileSync(environmentFile, yaml);
    const { exitCode, output } = await plan("wave=canary");
    expect(output).toContain("2 of 2 instances would change");
    expect(exitCode).toBe(2);
    world.proxy.clear();
  });

  async function expectRefused(sentence: string): Promise<void> {
    const { exitCode, output } = await deploy("wave=canary");
    expect(output).toContain(sentence);
    expect(output).toContain("Refused: nothing was applied.");
    expect(exitCode).toBe(3);
    expect(written()).toEqual([]);
  }

  test("a plan file with an extra byte is refused, and the other plan is not applied either", async () => {
    const file = path.join(planDirectory("hash-only"), "fleet.plan");
    const bytes = readFileSync(file);
    appendFileSync(file, "x");
    await expectRefused("was changed or replaced after it was saved");
    writeFileSync(file, bytes);
  });

  test("a plan is refused if its synthesized stack changed since the plan", async () => {
    writeFileSync(environmentFile, yaml.replace("[Spam, Blocked]", "[Fraud, Blocked]"));
    await expectRefused("The plan is older than its stack");
    writeFileSync(environmentFile, yaml);
  });

  test("a plan is refused if the state changed since the plan", async () => {
    // A second set of the same plans, of which one is applied.
    const elsewhere = `${plans}-elsewhere`;
    cpSync(plans, elsewhere, { recursive: true, verbatimSymlinks: true });
    const { exitCode } = await world.fleet("deploy", "instance=made-by-hand", "--plans", elsewhere);
    expect(exitCode).toBe(0);
    world.proxy.clear();
    await expectRefused("The state changed since the plan");
  });

  test("a read-only plan is refused, but its review file can be deployed", async () => {
    const made = await plan("instance=hash-only", "--read-only");
    expect(made.exitCode).toBe(2);
    const review = `${plans}-review.json`;
    cpSync(path.join(plans, "review.json"), review);
    const refused = await deploy("instance=hash-only");
    expect(refused.output).toContain("made with --read-only");
    expect(refused.exitCode).toBe(3);

    const different = readFileSync(review, "utf8")
      .replace(/("changes": ")[0-9a-f]{8}/, "$100000000")
      // Each digest of a value.
      .replaceAll(/("\w+": ")[\w-]{22}"/g, `$1${"0".repeat(22)}"`);
    writeFileSync(`${plans}-different.json`, different);
    const compared = await deploy("instance=hash-only", "--reviewed", `${plans}-different.json`);
    expect(compared.output).toContain("makes other changes than the reviewed plan");
    expect(compared.exitCode).toBe(3);
    expect(written()).toEqual([]);

    const { exitCode, output } = await deploy("instance=hash-only", "--reviewed", review);
    expect(output).toContain("Everything is deployed and verified.");
    expect(exitCode).toBe(0);
  });
});

test("after kill -9 during an apply, resume releases the lock and converges without duplicates", async () => {
  const name = "provisioned";
  expect((await plan(`instance=${name}`)).exitCode).toBe(2);
  const { reached, release } = holdAlias(name);
  const running = startDeploy(`instance=${name}`);
  await reached;
  const standing = readStatuses(path.join(plans, "deploy.journal")).get(world.stackName(name));
  if (standing?.state !== "applying" || standing.pid === undefined) throw new Error("the journal knows of no apply");
  running.kill("SIGKILL");
  process.kill(-standing.pid, "SIGKILL");
  await running.finished;
  release();
  expect(await hasLock(name)).toBe(true);

  const again = await plan(`instance=${name}`);
  expect(again.output).toContain("was interrupted during the apply of");
  expect(again.exitCode).toBe(1);

  world.proxy.clear();
  const { exitCode, output } = await deploy(`instance=${name}`, "--resume");
  expect(output).toContain("released the state lock");
  expect(output).toContain("because the interrupted apply created these resources");
  expect(output).toContain("Everything is deployed and verified.");
  expect(exitCode).toBe(0);
  const made = written().map(({ operation }) => operation);
  expect(made).not.toContain("CreateRole");
  expect(made).toContain("CreateAlias");
  const functions = written().filter(({ operation }) => operation === "CreateFunction");
  // The canary depends on the alias, so it is created only now.
  expect(functions.map(({ input }) => (input as { readonly FunctionName: string }).FunctionName)).toEqual([
    `blockedCalls-canary-${name}`,
  ]);
  await expectOnlyOurIndex(name);
  expect(await hasLock(name)).toBe(false);
});

test("Ctrl-C during an apply ends it cleanly, leaves no lock, and resume finishes", async () => {
  const name = "rich";
  expect((await plan(`instance=${name}`)).exitCode).toBe(2);
  const { reached, release } = holdAlias(name);
  const running = startDeploy(`instance=${name}`);
  await reached;
  running.kill("SIGINT", "group");
  await running.says("Stopping: Terraform finishes");
  release();
  const { exitCode, output } = await running.finished;
  expect(output).toContain("Stopped. Continue with");
  expect(exitCode).toBe(130);
  expect(await hasLock(name)).toBe(false);

  const resumed = await deploy(`instance=${name}`, "--resume");
  expect(resumed.output).toContain("Everything is deployed and verified.");
  expect(resumed.exitCode).toBe(0);
  await expectOnlyOurIndex(name);
});
