/** The checks of a Connect instance before and after a deployment. */
import {
  AssociateLambdaFunctionCommand,
  ConnectClient,
  CreateContactFlowCommand,
  CreateContactFlowModuleCommand,
} from "@aws-sdk/client-connect";
import { connectChecks } from "../../../../fleet/checks/preflight/connect-checks";
import type { InstanceClients } from "../../../../fleet/aws/instance-clients";
import { serveAws } from "../../../../emulators/aws/aws-endpoint";
import type { AwsEndpoint } from "../../../../emulators/aws/aws-endpoint";
import { ConnectEmulator } from "../../../../emulators/connect/server";
import { sampleInstance as instance } from "../../../stacks/sample-instance";

const { account, region, instanceId: InstanceId } = instance;
let endpoint: AwsEndpoint;
/** Requests with a matching path are denied. */
let denied: RegExp | undefined;
let connect: ConnectClient;

beforeEach(async () => {
  const emulator = new ConnectEmulator([{ account, region, id: InstanceId, alias: "acme" }], () => []);
  denied = undefined;
  endpoint = await serveAws((request) =>
    denied?.test(request.url) === true
      ? { status: 403, headers: { "x-amzn-errortype": "AccessDeniedException" }, body: '{"Message":"no"}' }
      : emulator.handle(request),
  );
  const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "emulated" };
  connect = new ConnectClient({ endpoint: endpoint.url, region, credentials, maxAttempts: 1 });
});
afterEach(async () => {
  connect.destroy();
  await endpoint.close();
});

async function checked(of = instance) {
  const { checks } = await connectChecks(of, { connect } as InstanceClients);
  return new Map(checks.map((check) => [check.name, check]));
}

const makeModule = (Name: string, Description: string) =>
  connect.send(new CreateContactFlowModuleCommand({ InstanceId, Name, Description, Content: '{"Settings":{}}' }));
const associate = (FunctionArn: string) =>
  connect.send(new AssociateLambdaFunctionCommand({ InstanceId, FunctionArn }));

test("an empty instance passes all checks", async () => {
  const checks = [...(await checked()).values()];
  expect(checks.map(({ name, outcome }) => [name, outcome])).toEqual([
    ["instance", "ok"],
    ["modules", "ok"],
    ["module blockedStatus", "ok"],
    ["functions", "ok"],
    ["association", "ok"],
  ]);
});

test("a module of this stack is ok, and a module of another stack fails", async () => {
  await makeModule("blockedStatus", `Sets it. Managed by Terraform (${instance.stackName}).`);
  await associate(instance.function.aliasArn);
  const ours = await checked();
  expect(ours.get("module blockedStatus")).toMatchObject({ outcome: "ok" });
  expect(ours.get("association")).toMatchObject({ outcome: "ok", detail: "Our alias is associated already." });

  const theirs = await checked({ ...instance, stackName: "other-acme-eu-central-1" });
  expect(theirs.get("module blockedStatus")).toMatchObject({
    outcome: "failed",
    detail: expect.stringContaining(`is managed by the stack ${instance.stackName}`) as string,
  });
});

test("a reached default quota is a warning, and all pages are counted", async () => {
  for (let n = 0; n < 50; n++) await associate(`arn:aws:lambda:${region}:${account}:function:vendor-${n}`);
  for (let n = 0; n < 200; n++) await makeModule(`vendor-${n}`, "theirs");
  const checks = await checked();
  expect(checks.get("functions")).toMatchObject({
    outcome: "warning",
    detail: expect.stringContaining("50 of 50 Lambda functions") as string,
  });
  expect(checks.get("modules")).toMatchObject({
    outcome: "warning",
    detail: expect.stringContaining("200 of 200 flow modules") as string,
  });
});

test("an association without a module and a taken name of an inbound flow are warnings", async () => {
  await associate(instance.function.aliasArn);
  const Name = "Inbound";
  const flow = { InstanceId, Name, Type: "CONTACT_FLOW" as const, Content: "{}" };
  await connect.send(new CreateContactFlowCommand(flow));
  const inboundFlow = { name: Name, queueId: "q", whenBlocked: { action: "disconnect" } as const };
  const checks = await checked({ ...instance, inboundFlow });
  expect(checks.get("association")?.outcome).toBe("warning");
  expect(checks.get("inbound flow")).toMatchObject({
    outcome: "warning",
    detail: expect.stringContaining('has the name "Inbound"') as string,
  });
});

test("an association with a module created by hand is a warning, even with adoptExisting", async () => {
  await makeModule("blockedStatus", "mine");
  await associate(instance.function.aliasArn);
  const association = (await checked()).get("association");
  expect(association?.outcome).toBe("warning");
  expect(association?.fix).toContain("set adoptExisting.association: true");
});

test("a module in adoptExisting is renamed if its name differs, and a missing module fails", async () => {
  const { Id: moduleId = "" } = await makeModule("blocked callers", "mine");
  const adopting = (id: string) =>
    checked({
      ...instance,
      adoptExisting: { moduleId: id, function: false, role: false, logGroup: false, alias: false, association: false },
    });
  expect((await adopting(moduleId)).get("module blockedStatus")).toMatchObject({
    outcome: "warning",
    detail: expect.stringContaining('its name is "blocked callers". The deployment renames it') as string,
  });
  expect((await adopting("0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4e")).get("module blockedStatus")).toMatchObject({
    outcome: "failed",
    fix: expect.stringContaining("remove adoptExisting.module") as string,
  });
  // After a deployment, the description names this stack.
  await makeModule("blockedStatus", `Sets it. Managed by Terraform (${instance.stackName}).`);
  expect((await adopting(moduleId)).get("module blockedStatus")?.outcome).toBe("ok");
});

describe("a denied request fails its check, and dependent checks are left out", () => {
  const all = ["instance", "modules", "module blockedStatus", "functions", "association"];
  test.each([
    ["the list of modules", /contact-flow-modules-summary/, "modules", ["module blockedStatus", "association"]],
    ["the module", /contact-flow-modules\//, "module blockedStatus", ["association"]],
    ["the list of functions", /lambda-functions/, "functions", ["association"]],
  ] as const)("%s", async (_, path, failing, leftOut) => {
    await makeModule("blockedStatus", "somebody's");
    await associate(instance.function.aliasArn);
    denied = path;
    const checks = await checked();
    expect([...checks.keys()]).toEqual(all.filter((name) => !(leftOut as readonly string[]).includes(name)));
    expect(checks.get(failing)).toMatchObject({
      outcome: "failed",
      detail: expect.stringContaining("The check could not run.") as string,
      fix: expect.stringContaining("the policy preflight") as string,
    });
  });
});

test("a missing instance is the only check", async () => {
  const checks = await checked({ ...instance, instanceId: "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4e" });
  expect([...checks.keys()]).toEqual(["instance"]);
  expect(checks.get("instance")?.outcome).toBe("failed");
});
