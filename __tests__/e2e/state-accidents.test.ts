/** A lost or moved state, a renamed environment and a second deployment: refused before any write, and the documented remedy converges. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { CreateBucketCommand, DeleteObjectCommand, GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { adoptable, createVendorTable, readTable, type TableState } from "./vendor-tables";
import { BUCKET, createWorld, type Finished, REGION, type World } from "./world";

jest.setTimeout(10 * 60_000);

const name = "on-demand";
const Key = `connectpath-call-blocking/e2e/${REGION}/${name}/terraform.tfstate`;

let world: World;
let plans: string;
let deployed: TableState;

const plan = (): Promise<Finished> => world.fleet("plan", `instance=${name}`, "--plans", plans);
const file = (environment: string): string => path.join(String(world.env["ENVIRONMENTS_DIR"]), `${environment}.yaml`);
const loseState = () => world.s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key }));

/** Changing calls, without those for the lock of the state. */
const changes = () =>
  ["dynamodb", "lambda", "iam", "logs", "connect", "monitoring", "events", "sns", "s3"]
    .flatMap((service) => world.proxy.mutating(service))
    .filter(({ url }) => !url.includes(".tflock"));

/** Plans, and expects a refusal without any write or effect on the table. */
async function refused(...texts: readonly string[]): Promise<void> {
  world.proxy.clear();
  const { exitCode, output } = await plan();
  expect(output).toContain('refused by "existing-resources"');
  for (const text of texts) expect(output).toContain(text);
  expect(output).not.toContain("warning:");
  expect(exitCode).toBe(3);
  const deployment = await world.fleet("deploy", `instance=${name}`, "--plans", plans);
  expect(deployment.output).toContain("Refused: nothing was applied.");
  expect(deployment.exitCode).toBe(3);
  expect(changes()).toEqual([]);
  expect(await readTable(world.dynamodb, name)).toEqual(deployed);
}

async function nothingToDo(): Promise<void> {
  const { exitCode, output } = await plan();
  expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringContaining("nothing to do") as string });
}

beforeAll(async () => {
  world = await createWorld([name]);
  plans = path.join(String(world.env["CDKTF_OUTDIR"]), "../plans");
  const vendor = adoptable.find((table) => table.name === name);
  if (vendor === undefined) throw new Error(`there is no table ${name}`);
  await createVendorTable(world.dynamodb, vendor);
  await plan();
  const { output } = await world.fleet("deploy", `instance=${name}`, "--plans", plans);
  expect(output).toContain("Everything is deployed and verified.");
  deployed = await readTable(world.dynamodb, name);
});

afterAll(() => world.stop());

test("a moved state bucket is refused, and the old value converges", async () => {
  const before = readFileSync(file("e2e"), "utf8");
  await world.s3.send(new CreateBucketCommand({ Bucket: "another-state-bucket" }));
  writeFileSync(file("e2e"), before.replace(`bucket: ${BUCKET}`, "bucket: another-state-bucket"));
  await refused(
    `They belong to this stack (${world.stackName(name)}), but its state does not contain them.`,
    `s3://another-state-bucket/${Key}`,
  );
  writeFileSync(file("e2e"), before);
  await nothingToDo();
});

test("a renamed environment is refused with the old name, and the old name converges", async () => {
  renameSync(file("e2e"), file("renamed"));
  await refused(
    `The stack ${world.stackName(name)} manages them.`,
    "use the old file name again (environments/e2e.yaml",
  );
  renameSync(file("renamed"), file("e2e"));
  await nothingToDo();
});

test("a second deployment of the same instance is refused, although its function has another name", async () => {
  const before = readFileSync(file("e2e"), "utf8");
  renameSync(file("e2e"), file("second"));
  writeFileSync(file("second"), `${before.trimEnd()}\n    function: { name: second, roleName: second }\n`);
  await refused(`The stack ${world.stackName(name)} manages them.`, "the flow module blockedStatus");
  renameSync(file("second"), file("e2e"));
  writeFileSync(file("e2e"), before);
  await nothingToDo();
});

test("a small state after the loss is refused, and recover completes it", async () => {
  const { Body } = await world.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
  const state = JSON.parse((await Body?.transformToString()) ?? "") as { resources: { type: string }[] };
  const resources = state.resources.filter(({ type }) => type === "aws_dynamodb_table");
  const small = JSON.stringify({ ...state, lineage: "6c0a2f0e-7b3c-4a54-9a39-0d6b1e2f3a4b", serial: 1, resources });
  await loseState();
  await world.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: small }));
  await refused(`npm run fleet -- recover stack=${world.stackName(name)}`);
  const { exitCode, output } = await world.fleet("recover", `instance=${name}`, "--yes");
  expect(output).toContain(`State written: ${world.stackName(name)}.`);
  expect(exitCode).toBe(0);
  await nothingToDo();
});

test("a lost state is refused, and recover rebuilds it", async () => {
  await loseState();
  await refused(`s3://${BUCKET}/${Key} was lost`);
  const { exitCode } = await world.fleet("recover", `instance=${name}`, "--yes");
  expect(exitCode).toBe(0);
  await nothingToDo();
  expect(await readTable(world.dynamodb, name)).toEqual(deployed);
});
