/** Flows and modules that call a deleted module, against the Connect emulator over HTTP. */
import {
  ConnectClient,
  CreateContactFlowCommand,
  CreateContactFlowModuleCommand,
  DeleteContactFlowModuleCommand,
  UpdateContactFlowMetadataCommand,
  UpdateContactFlowModuleMetadataCommand,
} from "@aws-sdk/client-connect";
import { type AwsEndpoint, serveAws } from "../../../emulators/aws/aws-endpoint";
import { ConnectEmulator } from "../../../emulators/connect/server";
import { staleModuleCalls, staleModuleText } from "../../../fleet/aws/stale-module-calls";
import { sampleInstance as instance } from "../../stacks/sample-instance";

const { account, region, instanceId: InstanceId, instanceArn } = instance;
let endpoint: AwsEndpoint;
let connect: ConnectClient;
beforeEach(async () => {
  const emulator = new ConnectEmulator([{ account, region, id: InstanceId, alias: "acme" }], () => []);
  endpoint = await serveAws((request) => emulator.handle(request));
  const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "emulated" };
  connect = new ConnectClient({ endpoint: endpoint.url, region, credentials, maxAttempts: 1 });
});
afterEach(async () => {
  connect.destroy();
  await endpoint.close();
});

const createModule = async (Name = "blockedStatus", content: object = {}): Promise<string> => {
  const Content = JSON.stringify({ Settings: {}, ...content });
  const request = new CreateContactFlowModuleCommand({ InstanceId, Name, Content });
  return (await connect.send(request)).Id ?? "";
};
const flow = async (Name: string, ids: readonly string[], more: object = {}): Promise<string> => {
  const Actions = ids.map((FlowModuleId, n) => ({
    Identifier: `call ${n}`,
    Type: "InvokeFlowModule",
    Parameters: { FlowModuleId },
  }));
  const Content = JSON.stringify({ StartAction: "call 0", Actions, ...more });
  const request = new CreateContactFlowCommand({ InstanceId, Name, Type: "CONTACT_FLOW", Content });
  return (await connect.send(request)).ContactFlowId ?? "";
};
const metadata = (block: string) => ({
  Metadata: { ActionMetadata: { [block]: { contactFlowModuleName: "blockedStatus" } } },
});

test("after a module was deleted and created again, flows that name the old id are listed", async () => {
  const old = await createModule();
  await flow("By id", [old], metadata("call 0"));
  await flow("By ARN and version", [`${instanceArn}/flow-module/${old}:3`, old]);
  expect(await staleModuleCalls(connect, instance)).toEqual([]);

  await connect.send(new DeleteContactFlowModuleCommand({ InstanceId, ContactFlowModuleId: old }));
  const current = await createModule();
  await flow("Current", [current, `${instanceArn}/flow-module/${current}`, "$.Attributes.module"]);
  const stale = await staleModuleCalls(connect, instance);
  expect(stale).toEqual([
    { kind: "flow", name: "By id", blocks: ["call 0"], moduleIds: [old], isAboutBlocking: true },
    {
      kind: "flow",
      name: "By ARN and version",
      blocks: ["call 0", "call 1"],
      moduleIds: [old],
      isAboutBlocking: false,
    },
  ]);
  expect(stale.map(staleModuleText)).toEqual([
    `The flow By id calls the module ${old} in the block "call 0", but the instance has no such module. The call takes its error ` +
      "branch, and no caller of this flow is blocked. Select the module blockedStatus in the block, and publish the flow.",
    `The flow By ARN and version calls the module ${old} in the blocks "call 0", "call 1", but the instance has no such module. The ` +
      "call takes its error branch. Select an existing module in the Connect console, and publish the flow.",
  ]);
});

test("a module that calls a deleted module is listed, and an archived module is not", async () => {
  const compare = (Identifier: string) => ({
    Identifier,
    Type: "Compare",
    Parameters: { ComparisonValue: "$.Attributes.blockedStatus" },
  });
  const calls = (FlowModuleId: string, more: readonly object[] = []) => ({
    StartAction: "call",
    Actions: [{ Identifier: "call", Type: "InvokeFlowModule", Parameters: { FlowModuleId } }, ...more],
  });
  const current = await createModule();
  const gate = await createModule("Gate", calls("gone", [compare("is")]));
  await createModule("Greeting", calls("gone"));
  await createModule("Current", calls(current));
  const archived = await createModule("Archived", calls("gone"));
  const state = { InstanceId, ContactFlowModuleId: archived, State: "ARCHIVED" } as const;
  await connect.send(new UpdateContactFlowModuleMetadataCommand(state));
  await flow("Main", [gate]);
  const stale = await staleModuleCalls(connect, instance);
  expect(stale).toEqual([
    { kind: "module", name: "Gate", blocks: ["call"], moduleIds: ["gone"], isAboutBlocking: true },
    { kind: "module", name: "Greeting", blocks: ["call"], moduleIds: ["gone"], isAboutBlocking: false },
  ]);
  expect(stale.map(staleModuleText)[0]).toBe(
    'The module Gate calls the module gone in the block "call", but the instance has no such module. The call takes its error ' +
      "branch, and no caller of this module is blocked. Select the module blockedStatus in the block, and publish the module.",
  );
});

test("archived flows and damaged content are passed over", async () => {
  const archived = await flow("Archived", ["gone"]);
  const state = { InstanceId, ContactFlowId: archived, ContactFlowState: "ARCHIVED" } as const;
  await connect.send(new UpdateContactFlowMetadataCommand(state));
  await flow("Damaged", ["gone"], { StartAction: "missing" });
  await flow("Odd metadata", ["gone"], { Metadata: { ActionMetadata: [null] } });
  expect((await staleModuleCalls(connect, instance)).map(({ name }) => name)).toEqual(["Odd metadata"]);
});

test("after the first flows, at most two are read per second", async () => {
  for (let n = 0; n < 5; n++) await flow(`flow ${n}`, ["gone"]);
  const begun = Date.now();
  expect(await staleModuleCalls(connect, instance)).toHaveLength(5);
  expect(Date.now() - begun).toBeGreaterThan(950);
});
