/** Changes of a deployed instance: an existing module, other settings, a renamed function, a recreated Connect instance. */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { RecordedCall } from "../../emulators/aws/recording-proxy";
import { adoptable, createVendorTable } from "./vendor-tables";
import { createWorld, type Finished, REGION, type World } from "./world";

jest.setTimeout(10 * 60_000);

const name = "on-demand";
let world: World;

beforeAll(async () => {
  // The second instance exists in Connect only. The environment file names the first one.
  world = await createWorld([name, "replacement"], { deployed: [name] });
  const vendor = adoptable.find((table) => table.name === name);
  if (vendor === undefined) throw new Error(`no table ${name}`);
  await createVendorTable(world.dynamodb, vendor);
});

afterAll(() => world.stop());

async function deploy(): Promise<Finished> {
  world.proxy.clear();
  return world.cdktf("deploy", world.stackName(name), "--auto-approve", "--skip-provider-lock");
}

async function deployChanged(from: string, to: string): Promise<readonly RecordedCall[]> {
  const file = path.join(String(world.env["ENVIRONMENTS_DIR"]), "e2e.yaml");
  const yaml = readFileSync(file, "utf8");
  expect(yaml).toContain(from);
  writeFileSync(file, yaml.replace(from, to));
  const { output, exitCode } = await deploy();
  expect(output).not.toContain("Error:");
  expect(exitCode).toBe(0);
  expect(world.proxy.mutating("dynamodb")).toEqual([]);
  const plan = await world.terraform(name, "plan", "-input=false", "-detailed-exitcode", "-no-color");
  expect(plan.output).toContain("No changes.");
  return world.proxy.calls();
}

const positions = (calls: readonly RecordedCall[], ...operations: readonly string[]): number[] =>
  operations.map((operation) => calls.findIndex((call) => call.operation === operation));

const written = (service: string): string[] => world.proxy.mutating(service).map(({ operation }) => operation);

test("a module imported by hand stops the first deployment; terraform import adopts it with its id", async () => {
  const content = JSON.stringify({
    Version: "2019-10-30",
    StartAction: "end",
    Actions: [{ Identifier: "end", Type: "EndFlowModuleExecution", Parameters: {}, Transitions: {} }],
    Settings: { InputParameters: [], OutputParameters: [], Transitions: [] },
  });
  const id = world.instanceId(name);
  const body = Buffer.from(JSON.stringify({ Name: "blockedStatus", Content: content }));
  world.connect.handle({ method: "PUT", url: `/contact-flow-modules/${id}`, body, region: REGION });
  const byHand = world.connect.modules(id).get("blockedStatus")?.id ?? "";

  const first = await deploy();
  expect(first.exitCode).not.toBe(0);
  expect(first.output).toContain("DuplicateResourceException");

  const imported = await world.terraform(
    name,
    "import",
    "-no-color",
    "-input=false",
    "aws_connect_contact_flow_module.blocked_status",
    `${id}:${byHand}`,
  );
  expect(imported.output).toContain("Import successful!");
  const second = await deploy();
  expect(second.exitCode).toBe(0);
  const taken = world.connect.modules(id).get("blockedStatus");
  expect(taken?.id).toBe(byHand);
  expect(taken?.content).toContain("function:blockedCalls-on-demand:live");
});

test("changed settings become a new version behind the alias, and Connect does not change", async () => {
  const calls = await deployChanged(
    "blockedDispositions: [Blocked]",
    'blockedDispositions: [Blocked]\nexemptNumbers: ["+15555550100"]',
  );
  expect(written("connect")).toEqual([]);
  expect(written("iam")).toEqual([]);
  expect(written("lambda")).toEqual(["UpdateFunctionConfiguration", "PublishVersion", "UpdateAlias"]);
  const alias = calls.find(({ operation }) => operation === "UpdateAlias");
  expect(alias?.input).toMatchObject({ FunctionVersion: "2" });
});

test("a renamed function is ready before the module calls it, and the old one is deleted last", async () => {
  const calls = await deployChanged(
    `- name: ${name}\n`,
    `- name: ${name}\n    function: { name: lookup, roleName: lookup }\n`,
  );
  const order = positions(
    calls,
    "CreateRole",
    "CreateFunction",
    "CreateAlias",
    "AddPermission",
    "AssociateLambdaFunction",
    "UpdateContactFlowModuleContent",
    "DisassociateLambdaFunction",
    "DeleteFunction",
  );
  expect(order).not.toContain(-1);
  expect(order).toEqual([...order].sort((a, b) => a - b));
  expect(world.connect.associations(world.instanceId(name))).toEqual([expect.stringContaining("function:lookup:live")]);
});

test("a recreated Connect instance gets the association and the module", async () => {
  await deployChanged(`id: ${world.instanceId(name)}`, `id: ${world.instanceId("replacement")}`);
  const id = world.instanceId("replacement");
  expect(world.connect.associations(id)).toHaveLength(1);
  expect(world.connect.modules(id).has("blockedStatus")).toBe(true);
  expect(world.connect.modules(world.instanceId(name)).has("blockedStatus")).toBe(false);
});
