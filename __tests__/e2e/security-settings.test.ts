/**
 * Settings of security teams on real Terraform: the keys of the environment file set them, tags of others stay, our tags are never written
 * to the table, and neither a deployment nor an adoption removes a protection.
 */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { UpdateTableCommandInput } from "@aws-sdk/client-dynamodb";
import { CreateRoleCommand, GetRoleCommand, IAMClient, ListRoleTagsCommand, TagRoleCommand } from "@aws-sdk/client-iam";
import {
  CreateAliasCommand,
  CreateFunctionCommand,
  GetAliasCommand,
  GetFunctionCommand,
  LambdaClient,
  ListTagsCommand,
  TagResourceCommand,
} from "@aws-sdk/client-lambda";
import { zipSync } from "fflate";
import { adoptable, createVendorTable, INDEX, readTable } from "./vendor-tables";
import { ACCOUNT, createWorld, type Finished, REGION, type World } from "./world";

jest.setTimeout(10 * 60_000);

/** The first instance has every setting. The second one adopts a function and a role that were made by hand. */
const [secured, adopting] = ["rich", "hash-only"] as const;
const boundary = `arn:aws:iam::${ACCOUNT}:policy/boundary`;
const keyArn = `arn:aws:kms:${REGION}:${ACCOUNT}:key/0f0e0d0c-1b1a-4918-8716-151413121110`;
const settings = [
  `permissionsBoundary: ${boundary}`,
  'ignoreTags: { keys: [costs], keyPrefixes: ["org:"] }',
  `function: { logKmsKeyArn: "${keyArn}", reservedConcurrency: 20, vpc: { subnetIds: [subnet-12345678], securityGroupIds: [sg-12345678] } }`,
];
/** Tags that environment files accept, also with a key of the table's tags, which are vendor: ConnectPath and team: not ours. */
const tagsAtFirst: Readonly<Record<string, string>> = {
  "managed-by": "terraform",
  team: "not the vendor",
  Vendor: "ConnectPath",
  " both ends ": " blanks ",
  "=:/+-@": "@-+/:=",
  aws_owner: "aws:owner",
  tags_all: "null",
  名前: "Größe ½",
  blank: " ",
};
const tagsAddedLater: Readonly<Record<string, string>> = {
  " ": "\u00a0",
  "each.key": "var.tags",
  long: "é".repeat(256),
};
const functionArn = (name: string): string => `arn:aws:lambda:${REGION}:${ACCOUNT}:function:blockedCalls-${name}`;
const roleName = (name: string): string => `blockedCalls-${name}-${REGION}`;
const tagLine = (tags: Readonly<Record<string, string>>): string => `tags: ${JSON.stringify(tags)}`;

let world: World;
let iam: IAMClient;
let lambda: LambdaClient;
let plans: string;

const deploy = (name: string): Promise<Finished> =>
  world.cdktf("deploy", world.stackName(name), "--auto-approve", "--skip-provider-lock");
const plan = (name: string): Promise<Finished> =>
  world.fleet("plan", `instance=${name}`, "--plans", plans, "--review-md", path.join(plans, "review.md"));
const unwrapped = ({ output }: Finished): string => output.replaceAll(/\s+/g, " ");

function edit(from: string, to: string): void {
  const file = path.join(String(world.env["ENVIRONMENTS_DIR"]), "e2e.yaml");
  const yaml = readFileSync(file, "utf8");
  expect(yaml).toContain(from);
  writeFileSync(
    file,
    yaml.replace(from, () => to),
  );
}

beforeAll(async () => {
  world = await createWorld([secured, adopting], {
    more: (name) =>
      name === secured ? [...settings, tagLine(tagsAtFirst)] : ["adoptExisting: { function: true, role: true }"],
  });
  plans = path.join(String(world.env["ENVIRONMENTS_DIR"]), "../plans");
  // The second instance has no tags, and its table has none.
  edit("tags:\n  managed-by: terraform\n  team: not the vendor\n", "");
  iam = new IAMClient(world.clientSettings);
  lambda = new LambdaClient(world.clientSettings);
  for (const table of adoptable.filter(({ name }) => name === secured || name === adopting))
    await createVendorTable(world.dynamodb, table);
});

afterAll(() => world.stop());

/** The changes of tables that the proxy recorded: the parameters and the created indexes of updates, and the names of other operations. */
const tableChanges = (): readonly unknown[] =>
  world.proxy.mutating("dynamodb").map(({ operation, input }) => {
    const update = input as UpdateTableCommandInput;
    const created = update.GlobalSecondaryIndexUpdates?.map(({ Create }) => Create?.IndexName);
    return operation === "UpdateTable"
      ? { table: update.TableName, parameters: Object.keys(update).sort(), created }
      : operation;
  });

const onlyOurIndex = (name: string) => [
  {
    table: `dextr-${name}`,
    parameters: ["AttributeDefinitions", "GlobalSecondaryIndexUpdates", "TableName"],
    created: [INDEX],
  },
];

const tagsOfTable = async (name: string): Promise<unknown> => (await readTable(world.dynamodb, name)).table["Tags"];

const sorted = (tags: Readonly<Record<string, string>>): unknown =>
  Object.entries(tags)
    .map(([Key, Value]) => ({ Key, Value }))
    .sort((a, b) => a.Key.localeCompare(b.Key));

test("a deployment gives roles, log groups and the function the settings of the environment file", async () => {
  const planned = await plan(secured);
  expect(unwrapped(planned)).not.toContain("refused");
  expect(planned.exitCode).toBe(2);
  const { exitCode, output } = await deploy(secured);
  expect([exitCode, output]).toEqual([0, expect.any(String)]);
  expect(tableChanges()).toEqual(onlyOurIndex(secured));
  expect(await tagsOfTable(secured)).toEqual(sorted({ team: "not ours", vendor: "ConnectPath" }));
  for (const RoleName of [roleName(secured), roleName(`canary-${secured}`)]) {
    const { Role } = await iam.send(new GetRoleCommand({ RoleName }));
    expect(Role?.PermissionsBoundary?.PermissionsBoundaryArn).toBe(boundary);
  }
  const { Configuration, Concurrency } = await lambda.send(
    new GetFunctionCommand({ FunctionName: functionArn(secured) }),
  );
  expect(Concurrency?.ReservedConcurrentExecutions).toBe(20);
  expect(Configuration?.VpcConfig).toMatchObject({
    SubnetIds: ["subnet-12345678"],
    SecurityGroupIds: ["sg-12345678"],
  });
  const created = world.proxy.calls().filter(({ operation }) => operation === "CreateLogGroup");
  expect(created.map(({ input }) => (input as { readonly kmsKeyId?: string }).kmsKeyId)).toEqual([keyArn, keyArn]);
});

test("tags that an organization adds cause no change, stay when our tags change, and the table gets no tag", async () => {
  const theirs = { costs: "42", "org:unit": "one" };
  await lambda.send(new TagResourceCommand({ Resource: functionArn(secured), Tags: theirs }));
  const Tags = Object.entries(theirs).map(([Key, Value]) => ({ Key, Value }));
  await iam.send(new TagRoleCommand({ RoleName: roleName(secured), Tags }));
  const unchanged = await world.terraform(secured, "plan", "-input=false", "-detailed-exitcode", "-no-color");
  expect(unchanged.output).toContain("No changes.");

  const ours = { ...tagsAtFirst, ...tagsAddedLater, team: "not ours" };
  edit(tagLine(tagsAtFirst), tagLine(ours));
  world.proxy.clear();
  const planned = await plan(secured);
  const review = readFileSync(path.join(plans, "review.md"), "utf8");
  expect(review).toContain("tags › team: not the vendor → not ours");
  expect(planned.output + review).not.toMatch(/refused|costs|org:unit/);
  expect((await deploy(secured)).exitCode).toBe(0);
  expect(tableChanges()).toEqual([]);
  const ofFunction = await lambda.send(new ListTagsCommand({ Resource: functionArn(secured) }));
  expect(ofFunction.Tags).toEqual({ ...ours, ...theirs });
  const ofRole = await iam.send(new ListRoleTagsCommand({ RoleName: roleName(secured) }));
  expect(Object.fromEntries(ofRole.Tags?.map(({ Key = "", Value }) => [Key, Value]) ?? [])).toEqual({
    ...ours,
    ...theirs,
  });
});

test("a plan without the keys is refused, with each setting and the key that keeps it", async () => {
  const before = readFileSync(path.join(String(world.env["ENVIRONMENTS_DIR"]), "e2e.yaml"), "utf8");
  for (const line of settings) edit(`    ${line}\n`, "");
  const planned = await plan(secured);
  const text = unwrapped(planned);
  for (const words of [
    `the permissions boundary ("${boundary}"), the tag "costs"`,
    `the permissions boundary ("${boundary}") from aws_iam_role.canary`,
    `the KMS key ("${keyArn}") from aws_cloudwatch_log_group.blocked_calls`,
    `the KMS key ("${keyArn}") from aws_cloudwatch_log_group.canary`,
    "the reserved concurrency (20)",
    "the VPC settings (",
    'the tag "costs"',
    'the tag "org:unit"',
    "set permissionsBoundary in the environment file",
    "set function.reservedConcurrency and function.vpc in the environment file",
    "set function.logKmsKeyArn in the environment file",
    "add it to ignoreTags or to tags",
  ])
    expect(text).toContain(words);
  expect(planned.exitCode).toBe(3);
  writeFileSync(path.join(String(world.env["ENVIRONMENTS_DIR"]), "e2e.yaml"), before);
});

test("the adoption of a shared role, or of a function with our alias, is refused before anything changes", async () => {
  const service = (Service: string) => ({ Effect: "Allow", Principal: { Service }, Action: "sts:AssumeRole" });
  const { Role } = await iam.send(
    new CreateRoleCommand({
      RoleName: roleName(adopting),
      AssumeRolePolicyDocument: JSON.stringify({
        Version: "2012-10-17",
        Statement: [service("lambda.amazonaws.com"), service("states.amazonaws.com")],
      }),
    }),
  );
  const code = Buffer.from(zipSync({ "index.js": Buffer.from("exports.handler = async () => ({});\n") }));
  const create = (FunctionName: string) =>
    lambda.send(
      new CreateFunctionCommand({
        FunctionName,
        Runtime: "nodejs18.x",
        Handler: "index.handler",
        Role: Role?.Arn,
        Code: { ZipFile: code },
        Publish: true,
      }),
    );
  await create(`blockedCalls-${adopting}`);
  await create("billing");
  await lambda.send(
    new CreateAliasCommand({ FunctionName: `blockedCalls-${adopting}`, Name: "live", FunctionVersion: "1" }),
  );
  world.proxy.clear();
  const planned = await plan(adopting);
  const text = unwrapped(planned);
  expect(text).toContain("is used by others too: the function billing, states.amazonaws.com (may assume the role)");
  expect(text).toContain("would create the function's alias live, which exists already");
  expect(text).toContain("Set adoptExisting.alias: true");
  expect(planned.exitCode).toBe(3);
  expect(world.proxy.mutating("lambda")).toEqual([]);
});

test("a function is adopted together with its alias, and without tags the table gets no tag either", async () => {
  edit(
    "adoptExisting: { function: true, role: true }",
    "adoptExisting: { function: true, alias: true }\n    function: { roleName: own-role }",
  );
  const planned = await plan(adopting);
  expect(unwrapped(planned)).not.toContain("refused");
  expect(planned.exitCode).toBe(2);
  world.proxy.clear();
  const { exitCode, output } = await deploy(adopting);
  expect([exitCode, output]).toEqual([0, expect.any(String)]);
  expect(tableChanges()).toEqual(onlyOurIndex(adopting));
  expect(await tagsOfTable(adopting)).toEqual([]);
  const alias = await lambda.send(new GetAliasCommand({ FunctionName: functionArn(adopting), Name: "live" }));
  expect(Number(alias.FunctionVersion)).toBeGreaterThan(1);
});
