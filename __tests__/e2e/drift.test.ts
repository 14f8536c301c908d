/** What people change by hand is reported by `drift`, and each repair that a message or the runbook promises works. */
import path from "node:path";
import {
  DescribeRuleCommand,
  DisableRuleCommand,
  EventBridgeClient,
  ListTargetsByRuleCommand,
  RemoveTargetsCommand,
} from "@aws-sdk/client-eventbridge";
import { DeleteRolePolicyCommand, GetRolePolicyCommand, IAMClient } from "@aws-sdk/client-iam";
import {
  GetAliasCommand,
  GetFunctionConfigurationCommand,
  LambdaClient,
  PublishVersionCommand,
  UpdateAliasCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { zipSync } from "fflate";
import { forwardTo } from "../../emulators/aws/aws-endpoint";
import { adoptable, createVendorTable, INDEX } from "./vendor-tables";
import { createWorld, type Finished, REGION, type World } from "./world";

jest.setTimeout(15 * 60_000);

const name = "on-demand";
const functionName = `blockedCalls-${name}`;
const canaryName = `blockedCalls-canary-${name}`;
const live = { FunctionName: functionName, Name: "live" };
let world: World;
let plans: string;
let lambda: LambdaClient;
let events: EventBridgeClient;
let iam: IAMClient;

beforeAll(async () => {
  world = await createWorld([name], {
    more: () => ["inboundFlow: { queue: 11111111-2222-4333-8444-555555555555 }"],
  });
  plans = path.join(String(world.env["CDKTF_OUTDIR"]), "../plans");
  const vendor = adoptable.find((table) => table.name === name);
  if (vendor === undefined) throw new Error(`there is no table ${name}`);
  await createVendorTable(world.dynamodb, vendor);
  lambda = new LambdaClient(world.clientSettings);
  events = new EventBridgeClient(world.clientSettings);
  iam = new IAMClient(world.clientSettings);
  expect(await plan()).toMatchObject({ exitCode: 2 });
  expect(await deploy()).toMatchObject({ exitCode: 0 });
});

afterAll(async () => {
  for (const client of [lambda, events, iam]) client.destroy();
  await world.stop();
});

const plan = (): Promise<Finished> => world.fleet("plan", "--plans", plans);
const deploy = (...more: readonly string[]): Promise<Finished> => world.fleet("deploy", "--plans", plans, ...more);
const drift = (): Promise<Finished> => world.fleet("drift");

const configuration = (FunctionName: string, Qualifier?: string) =>
  lambda.send(new GetFunctionConfigurationCommand({ FunctionName, Qualifier }));

const otherCode = Buffer.from(zipSync({ "index.mjs": Buffer.from("export const handler = async () => ({});") }));

/** Sends a request to Connect, as the console does. */
function atConnect(method: string, url: string, body: object): void {
  const { status, body: answer } = world.connect.handle({
    method,
    url: url.replace("{id}", world.instanceId(name)),
    body: Buffer.from(JSON.stringify(body)),
    region: REGION,
  });
  if (status !== 200) throw new Error(answer);
}

test("an instance as it was deployed has no drift", async () => {
  expect(await drift()).toMatchObject({ exitCode: 0, output: expect.stringContaining("as deployed") as string });
});

describe("changes that a deployment repairs", () => {
  let output: string;

  beforeAll(async () => {
    await events.send(new DisableRuleCommand({ Name: canaryName }));
    await events.send(new RemoveTargetsCommand({ Rule: canaryName, Ids: ["canary"] }));
    await lambda.send(new UpdateFunctionCodeCommand({ FunctionName: canaryName, ZipFile: otherCode }));
    for (const FunctionName of [functionName, canaryName]) {
      const LoggingConfig = { LogGroup: "/someone/else" };
      await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, LoggingConfig }));
    }
    await lambda.send(new UpdateFunctionCodeCommand({ FunctionName: functionName, ZipFile: otherCode }));
    await lambda.send(new PublishVersionCommand({ FunctionName: functionName }));
    const RoutingConfig = { AdditionalVersionWeights: { "2": 0.1 } };
    await lambda.send(new UpdateAliasCommand({ ...live, RoutingConfig }));
    for (const [of, PolicyName] of [
      [canaryName, "canary"],
      [functionName, "lookup"],
    ])
      await iam.send(new DeleteRolePolicyCommand({ RoleName: `${String(of)}-${REGION}`, PolicyName }));
    const id = world.instanceId(name);
    const [alias = ""] = world.connect.associations(id);
    atConnect("DELETE", `/instance/{id}/lambda-function?functionArn=${encodeURIComponent(alias)}`, {});
    const module = world.connect.modules(id).get("blockedStatus");
    const Content = String(module?.content).replace(
      '"InvocationTimeLimitSeconds":"8"',
      '"InvocationTimeLimitSeconds":"3"',
    );
    atConnect("POST", `/contact-flow-modules/{id}/${String(module?.id)}/content`, { Content });
    const found = await drift();
    output = found.output;
    expect(found.exitCode).toBe(2);
  });

  test.each([
    ["the canary's rule is disabled", /aws_cloudwatch_event_rule\.canary was changed\.[^]*~ state: ENABLED → DISABLED/],
    ["the canary's schedule has no target", /aws_cloudwatch_event_target\.canary is missing\./],
    ["the canary's role has no policy", /aws_iam_role_policy\.canary is missing\./],
    ["the function's role has no policy", /The policy of the function's role is missing\./],
    ["the function is not associated", /The function's association with the Connect instance is missing\./],
    ["the module was edited", /The flow module was changed\.[^]*InvocationTimeLimitSeconds/],
    ["the function logs elsewhere", /The function was changed\.[^]*log_group: [^\n]*\/someone\/else/],
    ["the function has other code", new RegExp(`The deployed code of ${functionName} is not the code of this stack`)],
    ["the canary has other code", new RegExp(`The deployed code of ${canaryName} is not the code of this stack`)],
    ["the alias has weights", /The alias that the module calls was changed\.[^]*routing_config/],
  ])("drift reports that %s", (_, text) => {
    expect(output).toMatch(text);
  });

  test("one deployment repairs all of them", async () => {
    const planned = await plan();
    expect(planned).toMatchObject({ exitCode: 2 });
    const deployed = await deploy();
    expect(deployed).toMatchObject({
      exitCode: 0,
      output: expect.stringContaining("Everything is deployed and verified.") as string,
    });
    expect(await events.send(new DescribeRuleCommand({ Name: canaryName }))).toMatchObject({ State: "ENABLED" });
    expect((await events.send(new ListTargetsByRuleCommand({ Rule: canaryName }))).Targets).toHaveLength(1);
    const policy = { RoleName: `${canaryName}-${REGION}`, PolicyName: "canary" };
    expect(await iam.send(new GetRolePolicyCommand(policy))).toMatchObject({ PolicyName: "canary" });
    const { FunctionVersion, RoutingConfig } = await lambda.send(new GetAliasCommand(live));
    expect(RoutingConfig?.AdditionalVersionWeights ?? {}).toEqual({});
    for (const one of [await configuration(functionName, FunctionVersion), await configuration(canaryName)])
      expect(one.LoggingConfig?.LogGroup).toBe(`/aws/lambda/${String(one.FunctionName)}`);
    expect((await configuration(functionName)).CodeSha256).toBe(
      (await configuration(functionName, FunctionVersion)).CodeSha256,
    );
    expect(await drift()).toMatchObject({ exitCode: 0 });
    expect(await plan()).toMatchObject({ exitCode: 0 });
  });
});

test("an archived module and flow are drift, a deployment does not succeed, and the shown repair works", async () => {
  const id = world.instanceId(name);
  const module = world.connect.modules(id).get("blockedStatus")?.id ?? "";
  const flow = [...world.connect.flows(id).values()][0]?.id ?? "";
  atConnect("POST", `/contact-flow-modules/{id}/${module}/metadata`, { State: "ARCHIVED" });
  atConnect("POST", `/contact-flows/{id}/${flow}/metadata`, { ContactFlowState: "ARCHIVED" });
  const found = await drift();
  expect(found.exitCode).toBe(2);
  expect(found.output).toContain(`blockedStatus (${module}) is ARCHIVED and PUBLISHED. Flows cannot call it`);
  expect(found.output).toContain(`--contact-flow-module-id ${module} --state ACTIVE`);
  expect(found.output).toContain(`(${flow}) is ARCHIVED. Calls to its phone numbers fail.`);
  expect(found.output).toContain(`--contact-flow-id ${flow} --contact-flow-state ACTIVE`);

  expect(await plan()).toMatchObject({ exitCode: 0 });
  const deployed = await deploy();
  expect(deployed.exitCode).toBe(1);
  expect(deployed.output).toContain("module: blockedStatus");
  // The requests of the two shown commands.
  atConnect("POST", `/contact-flow-modules/{id}/${module}/metadata`, { State: "ACTIVE" });
  atConnect("POST", `/contact-flows/{id}/${flow}/metadata`, { ContactFlowState: "ACTIVE" });
  expect(await deploy("--resume")).toMatchObject({ exitCode: 0 });
  expect(await drift()).toMatchObject({ exitCode: 0 });
});

test("an index that is being deleted is drift, although a plan has no changes", async () => {
  const forwarded = "x-forwarded-by-test";
  const withdraw = world.proxy.intercept(
    ({ operation, headers }) => operation === "DescribeTable" && headers[forwarded] === undefined,
    async (request) => {
      const answer = await forwardTo(world.proxy.url)({
        ...request,
        headers: { ...request.headers, [forwarded]: "yes" },
      });
      const { Table } = JSON.parse(String(answer.body)) as {
        Table: { GlobalSecondaryIndexes: { IndexName: string }[] };
      };
      const GlobalSecondaryIndexes = Table.GlobalSecondaryIndexes.map((index) =>
        index.IndexName === INDEX ? { ...index, IndexStatus: "DELETING" } : index,
      );
      return { status: 200, body: JSON.stringify({ Table: { ...Table, GlobalSecondaryIndexes } }) };
    },
  );
  const { exitCode, output } = await drift();
  withdraw();
  expect(output).toContain(`${INDEX} is DELETING. No caller is blocked.`);
  expect(output).toContain("Wait until it is deleted. Deploy ");
  expect(exitCode).toBe(2);
});

test("a rollback by hand is explained by verify and drift, and the next deployment ends it", async () => {
  const { FunctionVersion: newest } = await lambda.send(new GetAliasCommand(live));
  await lambda.send(new UpdateAliasCommand({ ...live, FunctionVersion: "2" }));
  const verified = await world.fleet("verify");
  expect(verified.exitCode).toBe(1);
  expect(verified.output).toContain(`The newest version is ${String(newest)}, and it is the same as $LATEST`);
  expect(verified.output).toContain('(docs/runbook.md, "Roll back")');
  const found = await drift();
  expect(found.exitCode).toBe(2);
  expect(found.output).toMatch(/The alias that the module calls was changed\.[^]*function_version: \d+ → 2/);
  expect(await plan()).toMatchObject({ exitCode: 2 });
  expect(await deploy()).toMatchObject({ exitCode: 0 });
  expect((await lambda.send(new GetAliasCommand(live))).FunctionVersion).toBe(newest);
});
