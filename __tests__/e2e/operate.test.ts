/** verify, check, discover and the canary on an instance that Terraform deployed, intact and with every silent fault. */
import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient, ListRulesCommand, ListTargetsByRuleCommand } from "@aws-sdk/client-eventbridge";
import { DeleteRolePolicyCommand, GetRolePolicyCommand, IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import {
  AddPermissionCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  LambdaClient,
  PublishVersionCommand,
  RemovePermissionCommand,
  UpdateAliasCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { zipSync } from "fflate";
import type { Check } from "../../fleet/checks/verify/verify";
import { inboundFlow } from "../../flows/inbound";
import { packageBlockedCalls } from "../../lambda/packaging";
import { load } from "../config/environment-files";
import { adoptable, createVendorTable, INDEX, readTable, type TableState } from "./vendor-tables";
import { ACCOUNT, createWorld, REGION, type World } from "./world";

jest.setTimeout(10 * 60_000);

const name = "on-demand";
const functionName = `blockedCalls-${name}`;
const aliasArn = `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${functionName}:live`;
const role = { RoleName: `${functionName}-${REGION}`, PolicyName: "lookup" };
let world: World;
let lambda: LambdaClient;
let iam: IAMClient;
let events: EventBridgeClient;
let deployed: TableState;

beforeAll(async () => {
  // The others exist in Connect only, not in the environment file.
  world = await createWorld([name, "fresh", "lonely", "shouting"], {
    deployed: [name],
    more: () => ['blockedDispositions: [Blocked, "Nuisance:Confirmed"]'],
  });
  const vendor = adoptable.find((table) => table.name === name);
  if (vendor === undefined) throw new Error(`there is no table ${name}`);
  await createVendorTable(world.dynamodb, vendor);
  const { exitCode, output } = await world.cdktf(
    "deploy",
    world.stackName(name),
    "--auto-approve",
    "--skip-provider-lock",
  );
  if (exitCode !== 0) throw new Error(output);
  lambda = new LambdaClient(world.clientSettings);
  iam = new IAMClient(world.clientSettings);
  events = new EventBridgeClient(world.clientSettings);
  deployed = await readTable(world.dynamodb, name);
});

afterAll(async () => {
  lambda.destroy();
  iam.destroy();
  events.destroy();
  await world.stop();
});

interface Verified {
  readonly exitCode: number;
  /** Checks by name. */
  readonly checks: ReadonlyMap<string, Check>;
  /** Names of the failed checks. */
  readonly failed: readonly string[];
}

async function verify(): Promise<Verified> {
  const { exitCode, output } = await world.fleet("verify", world.stackName(name), "--json");
  const [instance] = JSON.parse(output.slice(output.indexOf("[\n"))) as { readonly checks: readonly Check[] }[];
  const checks = instance?.checks ?? [];
  return {
    exitCode,
    checks: new Map(checks.map((check) => [check.name, check])),
    failed: checks.filter(({ outcome }) => outcome === "failed").map((check) => check.name),
  };
}

/** Sends a request to Connect, as the console does. */
function atConnect(method: string, url: string, body?: object): void {
  const id = world.instanceId(name);
  const bytes = Buffer.from(body === undefined ? "" : JSON.stringify(body));
  const { status, body: answer } = world.connect.handle({
    method,
    url: url.replace("{id}", id),
    body: bytes,
    region: REGION,
  });
  if (status !== 200) throw new Error(answer);
}

const blockedStatus = () => {
  const module = world.connect.modules(world.instanceId(name)).get("blockedStatus");
  if (module === undefined) throw new Error("there is no module");
  return module;
};

describe("verify", () => {
  test("passes after a deployment, and reports a Disposition without numbers as unproven", async () => {
    world.proxy.clear();
    const { exitCode, output } = await world.fleet("verify", world.stackName(name));
    expect(output).toContain("1 instance: 0 proven, 1 unproven, 0 failed.");
    expect(output).toContain("For a number with this Disposition the answer is match.");
    expect(exitCode).toBe(0);
    expect(output).not.toContain("FAILED");
    expect(output).not.toMatch(/\+1\d{5}/);
  });

  test("only reads, and invokes the function through the alias", async () => {
    const calls = world.proxy.calls();
    const writes = [...new Set(["dynamodb", "iam", "lambda", "connect"].flatMap((s) => world.proxy.mutating(s)))];
    expect(writes.map(({ operation }) => operation).filter((o) => o !== "SimulatePrincipalPolicy")).toEqual([
      "Invoke",
      "Invoke",
    ]);
    const invoked = calls.filter(({ operation }) => operation === "Invoke");
    expect(invoked.map(({ url }) => decodeURIComponent(url))).toEqual(
      [aliasArn, aliasArn].map((arn) => `/2015-03-31/functions/${arn}/invocations`),
    );
    expect(invoked.map(({ input }) => (input as { Name: string }).Name)).toEqual(Array(2).fill("CallBlockingProbe"));
    expect(await readTable(world.dynamodb, name)).toEqual(deployed);
  });

  test("lists each check once, in the order in which a call depends on them", async () => {
    const { checks, exitCode } = await verify();
    expect(exitCode).toBe(0);
    expect([...checks].map(([check, { outcome }]) => `${outcome} ${check}`)).toEqual([
      "ok table",
      "ok index",
      "ok function",
      "ok alias",
      "ok published",
      "ok configuration",
      "ok environment",
      "ok permission",
      "ok role",
      "ok association",
      "ok module",
      "ok content",
      "ok flows",
      "ok unlisted number",
      "ok listed: Blocked",
      "unproven listed: Nuisance:Confirmed",
      "ok time",
    ]);
    expect(checks.get("time")?.detail).toMatch(
      /^The slowest of 2 answers took [\d.]+ ms \(measured by the function\); the budget is 7000 ms\.$/,
    );
  });

  test("is fully proven as soon as a number is listed", async () => {
    const Item = {
      hash: { S: "contact-5" },
      range: { S: "ctr" },
      CustomerEndpoint: { S: "+15555550105" },
      Disposition: { S: "Nuisance:Confirmed" },
    };
    await world.dynamodb.send(new PutItemCommand({ TableName: `dextr-${name}`, Item }));
    const { exitCode, output } = await world.fleet("verify");
    expect(output).toContain("1 instance: 1 proven, 0 unproven, 0 failed.");
    expect(exitCode).toBe(0);
  });
});

describe("phone numbers", () => {
  const call = (moduleId: string) =>
    JSON.stringify(inboundFlow({ moduleId, queueId: "queue-1", whenBlocked: { action: "disconnect" } }));

  test("a number is protected, until its flow calls a module that was deleted and deployed again", async () => {
    const old = blockedStatus().id;
    atConnect("PUT", "/contact-flows/{id}", { Name: "Main inbound", Type: "CONTACT_FLOW", Content: call(old) });
    const flowId = world.connect.flows(world.instanceId(name)).get("Main inbound")?.id ?? "";
    world.connect.claimNumber(world.instanceId(name), { number: "+15555550199", flowId });
    const covered = await world.fleet("verify", "--coverage", world.stackName(name));
    expect(covered.output).toContain("+1••••••••99, Main inbound: protected.");
    expect(covered.output).toContain("Every module that a flow or module calls exists.");
    expect(covered.exitCode).toBe(0);

    atConnect("DELETE", `/contact-flow-modules/{id}/${old}`);
    const deployment = await world.cdktf("deploy", world.stackName(name), "--auto-approve", "--skip-provider-lock");
    expect(deployment.exitCode).toBe(0);
    expect(blockedStatus().id).not.toBe(old);
    const sentence = `The flow Main inbound calls the module ${old} in the block "Check the caller"`;

    const { exitCode, failed, checks } = await verify();
    expect([exitCode, failed]).toEqual([1, ["flows"]]);
    expect(checks.get("flows")?.detail).toContain(sentence);
    const planned = await world.fleet("plan", world.stackName(name));
    expect([planned.exitCode, planned.output.includes(`warning: ${sentence}`)]).toEqual([0, true]);
    const drift = await world.fleet("drift", world.stackName(name));
    expect(drift.output).toContain(sentence);
    const uncovered = await world.fleet("coverage", world.stackName(name));
    expect(uncovered.output).toContain("not checked: a blocked caller reaches a queue.");
    expect(uncovered.exitCode).toBe(1);

    atConnect("POST", `/contact-flows/{id}/${flowId}/content`, { Content: call(blockedStatus().id) });
    expect((await verify()).failed).toEqual([]);
  });
});

describe("each silent fault of the vendor's guide is found", () => {
  test("a runtime without the SDK that the function loads", async () => {
    const source =
      'const AWS = require("aws-sdk"); exports.handler = (e, c, done) => done(null, { response: "nomatch" });';
    const ZipFile = zipSync({ "index.js": Buffer.from(source) });
    await lambda.send(new UpdateFunctionCodeCommand({ FunctionName: functionName, ZipFile }));
    const { Version } = await lambda.send(new PublishVersionCommand({ FunctionName: functionName }));
    const alias = { FunctionName: functionName, Name: "live" };
    await lambda.send(new UpdateAliasCommand({ ...alias, FunctionVersion: Version }));
    const { exitCode, failed, checks } = await verify();
    await lambda.send(new UpdateAliasCommand({ ...alias, FunctionVersion: "1" }));
    const unpublished = await verify();
    const { zip } = packageBlockedCalls();
    await lambda.send(new UpdateFunctionCodeCommand({ FunctionName: functionName, ZipFile: zip }));
    expect(unpublished.failed).toEqual(["published"]);
    expect(unpublished.checks.get("published")?.detail).toContain("differs from $LATEST in: code.");
    expect(exitCode).toBe(1);
    expect(failed).toEqual(["configuration", "answers"]);
    expect(checks.get("answers")?.detail).toContain("Cannot find module 'aws-sdk'");
    expect(checks.get("answers")?.detail).toContain(
      "Its code loads version 2 of the AWS SDK, which the runtimes of Node.js 18 and later do not include",
    );
  });

  test.each(["IAM's simulator", "its policies if the simulator is not allowed"])(
    "a role that may not query, detected by %s",
    async (by) => {
      const { PolicyDocument = "" } = await iam.send(new GetRolePolicyCommand(role));
      // The console's template "Simple microservice permissions".
      const template = {
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Action: ["DeleteItem", "GetItem", "PutItem", "Scan", "UpdateItem"].map((action) => `dynamodb:${action}`),
            Resource: `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/*`,
          },
        ],
      };
      await iam.send(new PutRolePolicyCommand({ ...role, PolicyDocument: JSON.stringify(template) }));
      const withdraw = by.startsWith("IAM") ? () => undefined : refuseSimulation();
      const { exitCode, failed, checks } = await verify();
      withdraw();
      await iam.send(new PutRolePolicyCommand({ ...role, PolicyDocument: decodeURIComponent(PolicyDocument) }));
      expect(exitCode).toBe(1);
      expect(failed).toEqual(["role", "unlisted number", "listed: Blocked", "listed: Nuisance:Confirmed"]);
      expect(checks.get("role")?.detail).toContain(
        `The role ${role.RoleName} may not dynamodb:Query on the index. Every lookup ends with access_denied, and no caller is blocked.`,
      );
      expect(checks.get("listed: Blocked")?.detail).toContain("the answer is nomatch (access_denied) instead of match");
      expect(checks.get("unlisted number")?.detail).toContain("calls go through because of a fault");
    },
  );

  test("a function that is not associated with the instance", async () => {
    atConnect("DELETE", `/instance/{id}/lambda-function?functionArn=${encodeURIComponent(aliasArn)}`);
    // A user tries to repair the fault: the ARN without an alias is associated.
    const unqualified = aliasArn.replace(":live", "");
    atConnect("PUT", "/instance/{id}/lambda-function", { FunctionArn: unqualified });
    const { exitCode, failed, checks } = await verify();
    atConnect("DELETE", `/instance/{id}/lambda-function?functionArn=${encodeURIComponent(unqualified)}`);
    atConnect("PUT", "/instance/{id}/lambda-function", { FunctionArn: aliasArn });
    expect(exitCode).toBe(1);
    expect(failed).toEqual(["association"]);
    expect(checks.get("association")?.detail).toBe(
      `${aliasArn} is not associated with the Connect instance; associated instead: ${unqualified}. The flow's Lambda block takes its ` +
        "error branch without an invocation, a log line or a metric, and no caller is blocked.",
    );
  });

  test("a module that calls the function of another account", async () => {
    const { id, content } = blockedStatus();
    const foreign = "arn:aws:lambda:us-east-1:999999999999:function:blockedCalls";
    const put = (Content: string) => {
      atConnect("POST", `/contact-flow-modules/{id}/${id}/content`, { Content });
    };
    put(content.replaceAll(aliasArn, foreign));
    const { exitCode, failed, checks } = await verify();
    put(content);
    expect(exitCode).toBe(1);
    expect(failed).toEqual(["content"]);
    expect(checks.get("content")?.detail).toContain(
      `The module calls ${foreign}, of account 999999999999, instead of ${aliasArn}`,
    );
  });
});

/** IAM refuses to simulate policies until the returned function is called. */
function refuseSimulation(): () => void {
  return world.proxy.intercept(
    ({ operation }) => operation === "SimulatePrincipalPolicy",
    () => ({
      status: 403,
      headers: { "content-type": "text/xml" },
      body: "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized to perform: iam:SimulatePrincipalPolicy</Message></Error></ErrorResponse>",
    }),
  );
}

describe("other faults of a deployed instance are found", () => {
  test("a module that was edited, redrawn, archived or deleted", async () => {
    const { id, content } = blockedStatus();
    const module = `/contact-flow-modules/{id}/${id}`;
    atConnect("POST", `${module}/content`, {
      Content: content.replace('"InvocationTimeLimitSeconds":"8"', '"InvocationTimeLimitSeconds":"3"'),
    });
    const edited = await verify();
    expect(edited.failed).toEqual(["content"]);
    expect(edited.checks.get("content")?.detail).toBe(
      "The module differs from the deployed content: Actions[1].Parameters.InvocationTimeLimitSeconds.",
    );
    atConnect("POST", `${module}/content`, { Content: content.replace(/"x":\d+/, '"x":1234') });
    const redrawn = await verify();
    expect(redrawn.failed).toEqual([]);
    expect(redrawn.checks.get("content")?.detail).toContain("except for the positions of its blocks");
    atConnect("POST", `${module}/content`, { Content: content });

    atConnect("POST", `${module}/metadata`, { State: "ARCHIVED" });
    const archived = await verify();
    atConnect("POST", `${module}/metadata`, { State: "ACTIVE" });
    expect(archived.failed).toEqual(["module"]);

    atConnect("POST", `${module}/metadata`, { Name: "blockedStatus of yesterday" });
    const renamed = await verify();
    atConnect("POST", `${module}/metadata`, { Name: "blockedStatus" });
    expect(renamed.failed).toEqual(["module"]);
    expect(renamed.checks.get("module")?.detail).toContain("The instance has no module blockedStatus");
  });

  test("other settings behind the alias, and a missing permission to invoke the alias", async () => {
    const live = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: functionName, Qualifier: "1" }));
    const { Variables = {} } = live.Environment ?? {};
    const Environment = { Variables: { ...Variables, EXEMPT_NUMBERS: "+15555550101", DEBUG: "1" } };
    await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: functionName, Environment }));
    const { Version } = await lambda.send(new PublishVersionCommand({ FunctionName: functionName }));
    const alias = { FunctionName: functionName, Name: "live" };
    await lambda.send(new UpdateAliasCommand({ ...alias, FunctionVersion: Version }));
    const StatementId = `connectpath-call-blocking-${world.instanceId(name)}`;
    const statement = { FunctionName: functionName, Qualifier: "live", StatementId };
    await lambda.send(new RemovePermissionCommand(statement));
    const { failed, checks } = await verify();
    await lambda.send(new UpdateAliasCommand({ ...alias, FunctionVersion: "1" }));
    await lambda.send(
      new UpdateFunctionConfigurationCommand({ FunctionName: functionName, Environment: { Variables } }),
    );
    const instanceArn = `arn:aws:connect:${REGION}:${ACCOUNT}:instance/${world.instanceId(name)}`;
    const connect = { Action: "lambda:InvokeFunction", Principal: "connect.amazonaws.com" };
    await lambda.send(
      new AddPermissionCommand({ ...statement, ...connect, SourceAccount: ACCOUNT, SourceArn: `${instanceArn}0` }),
    );
    const ofAnother = await verify();
    await lambda.send(new RemovePermissionCommand(statement));
    await lambda.send(
      new AddPermissionCommand({ ...statement, ...connect, SourceAccount: ACCOUNT, SourceArn: instanceArn }),
    );
    expect(failed).toContain("environment");
    expect(failed).toContain("permission");
    expect(checks.get("environment")?.detail).toBe(
      "The function's environment differs from the environment file: DEBUG is set but not configured, EXEMPT_NUMBERS differs.",
    );
    expect(ofAnother.failed).toEqual(["permission"]);
  });

  test("an index that is still being built, without a query to it", async () => {
    const withdraw = world.proxy.intercept(
      ({ operation }) => operation === "DescribeTable",
      () => ({
        status: 200,
        body: JSON.stringify({
          Table: {
            TableStatus: "UPDATING",
            AttributeDefinitions: ["Disposition", "CustomerEndpoint"].map((AttributeName) => ({
              AttributeName,
              AttributeType: "S",
            })),
            GlobalSecondaryIndexes: [
              {
                IndexName: INDEX,
                IndexStatus: "CREATING",
                Backfilling: true,
                KeySchema: [
                  { AttributeName: "Disposition", KeyType: "HASH" },
                  { AttributeName: "CustomerEndpoint", KeyType: "RANGE" },
                ],
              },
            ],
          },
        }),
      }),
    );
    world.proxy.clear();
    const { exitCode, failed, checks } = await verify();
    withdraw();
    expect(exitCode).toBe(1);
    expect(failed).toEqual(["index"]);
    expect(checks.get("answers")?.outcome).toBe("unproven");
    expect(world.proxy.calls().filter(({ operation }) => operation === "Invoke")).toEqual([]);
  });

  test("the instance passes again after all faults are repaired", async () => {
    const { failed, exitCode } = await verify();
    expect(failed).toEqual([]);
    expect(exitCode).toBe(0);
  });

  test("a role without any policy", async () => {
    const { PolicyDocument = "" } = await iam.send(new GetRolePolicyCommand(role));
    await iam.send(new DeleteRolePolicyCommand(role));
    const { failed } = await verify();
    await iam.send(new PutRolePolicyCommand({ ...role, PolicyDocument: decodeURIComponent(PolicyDocument) }));
    expect(failed).toContain("role");
  });
});

describe("the canary", () => {
  interface Line {
    readonly CanaryRun: number;
    readonly CanaryWrongAnswer?: number;
    readonly ListedContacts?: number;
  }

  /** Invokes the target of the schedule with the event of the schedule. */
  async function onSchedule(): Promise<Line> {
    const { Targets: [target] = [] } = await events.send(
      new ListTargetsByRuleCommand({ Rule: `blockedCalls-canary-${name}` }),
    );
    const { LogResult = "", FunctionError } = await lambda.send(
      new InvokeCommand({ FunctionName: target?.Arn, Payload: Buffer.from(target?.Input ?? ""), LogType: "Tail" }),
    );
    expect(FunctionError).toBeUndefined();
    const log = Buffer.from(LogResult, "base64").toString();
    expect(log).not.toMatch(/\+1\d{5}/);
    return JSON.parse(log) as Line;
  }

  test("passes with its own role and the event of its schedule", async () => {
    const { Rules: [rule] = [] } = await events.send(new ListRulesCommand({ NamePrefix: "blockedCalls-canary" }));
    expect(rule).toMatchObject({ ScheduleExpression: "rate(5 minutes)", State: "ENABLED" });
    world.proxy.clear();
    const line = await onSchedule();
    expect(line).toMatchObject({ Environment: "e2e", Instance: name, CanaryRun: 1, CanaryFailed: 0 });
    expect(line.CanaryWrongAnswer).toBe(0);
    expect(line.ListedContacts).toBeGreaterThan(0);
    expect(world.proxy.mutating("dynamodb")).toEqual([]);
  });

  test("counts a wrong answer when the function may no longer query the index", async () => {
    const { PolicyDocument = "" } = await iam.send(new GetRolePolicyCommand(role));
    await iam.send(new DeleteRolePolicyCommand(role));
    const line = await onSchedule();
    await iam.send(new PutRolePolicyCommand({ ...role, PolicyDocument: decodeURIComponent(PolicyDocument) }));
    expect(line.CanaryRun).toBe(1);
    expect(line.CanaryWrongAnswer).toBeGreaterThan(0);
  });

  test("reports the cause when its own role lacks a permission", async () => {
    const own = { RoleName: `blockedCalls-canary-${name}-${REGION}`, PolicyName: "canary" };
    const { PolicyDocument = "" } = await iam.send(new GetRolePolicyCommand(own));
    await iam.send(new DeleteRolePolicyCommand(own));
    const line = await onSchedule();
    await iam.send(new PutRolePolicyCommand({ ...own, PolicyDocument: decodeURIComponent(PolicyDocument) }));
    expect(line).toMatchObject({ CanaryRun: 0, CanaryFailed: 1, detail: "dynamodb answered AccessDeniedException" });
  });
});

describe("check", () => {
  test("lists the contacts of a blocked number until the last one is overridden", async () => {
    const contact = (hash: string, Disposition: string) => ({
      TableName: `dextr-${name}`,
      Item: {
        hash: { S: hash },
        range: { S: "ctr" },
        ContactId: { S: `id-of-${hash}` },
        Notes: { S: "nobody's business" },
        CustomerEndpoint: { S: "+15555550106" },
        Disposition: { S: Disposition },
      },
    });
    for (const hash of ["contact-6", "contact-7"])
      await world.dynamodb.send(new PutItemCommand(contact(hash, "Blocked")));
    world.proxy.clear();
    const blocked = await world.fleet("check", "+1 (555) 555-0106", world.stackName(name));
    expect(blocked.exitCode).toBe(0);
    expect(blocked.output).toContain("BLOCKED (blocked)");
    for (const hash of ["contact-6", "contact-7"])
      expect(blocked.output).toMatch(new RegExp(`${hash} +ctr +id-of-${hash}`));
    expect(blocked.output).not.toContain("nobody's business");
    expect(blocked.output).not.toContain("5555550106");
    expect(world.proxy.mutating("dynamodb")).toEqual([]);

    await world.dynamodb.send(new PutItemCommand(contact("contact-6", "Resolved")));
    expect((await world.fleet("check", "+15555550106")).output).toContain("BLOCKED (blocked)");
    await world.dynamodb.send(new PutItemCommand(contact("contact-7", "Resolved")));
    expect((await world.fleet("check", "+15555550106")).output).toContain("not blocked (not_blocked)");
  });
});

describe("discover", () => {
  test("prints new instances as a valid file, and lists tables and instances without a partner", async () => {
    const byHand = adoptable.find((table) => table.name === "made-by-hand");
    const plain = adoptable.find((table) => table.name === "hash-only");
    if (byHand === undefined || plain === undefined) throw new Error("there are no such tables");
    await createVendorTable(world.dynamodb, { ...byHand, name: "fresh" });
    for (const other of ["Shouting", "orphan"]) await createVendorTable(world.dynamodb, { ...plain, name: other });
    const { content } = blockedStatus();
    const body = Buffer.from(JSON.stringify({ Name: "blockedStatus", Content: content }));
    const url = `/contact-flow-modules/${world.instanceId("fresh")}`;
    expect(world.connect.handle({ method: "PUT", url, body, region: REGION }).status).toBe(200);
    const withdraw = world.proxy.intercept(
      ({ service, region }) => service === "connect" && region === "eu-central-1",
      () => ({
        status: 403,
        headers: { "x-amzn-errortype": "AccessDeniedException" },
        body: JSON.stringify({ message: "not authorized to perform: connect:ListInstances" }),
      }),
    );
    world.proxy.clear();
    const { exitCode, output } = await world.fleet(
      "discover",
      "--region",
      `${REGION},eu-central-1`,
      "--account",
      ACCOUNT,
    );
    withdraw();
    expect(exitCode).toBe(1);
    for (const service of ["connect", "dynamodb", "lambda"]) expect(world.proxy.mutating(service)).toEqual([]);
    for (const note of [
      `${REGION}: instance ${name} is already in the environment e2e, as ${name}.`,
      `${REGION}: instance lonely has no table dextr-lonely`,
      `${REGION}: table dextr-orphan has no instance with the alias orphan`,
      "Not read: eu-central-1: Connect instances: AccessDeniedException: not authorized to perform: connect:ListInstances",
    ])
      expect(output).toContain(`# ${note}`);
    expect(output).toContain(`index ${INDEX} (ACTIVE), module blockedStatus (`);

    expect(load({ "found.yaml": output })).toMatchObject([
      {
        name: "fresh",
        instanceId: world.instanceId("fresh"),
        account: ACCOUNT,
        region: REGION,
        table: { name: "dextr-fresh" },
      },
      { name: "shouting", instanceId: world.instanceId("shouting"), table: { name: "dextr-Shouting" } },
    ]);
  });

  test("refuses credentials of another account and unknown regions", async () => {
    const other = await world.fleet("discover", "--region", REGION, "--account", "444455556666");
    expect(other.exitCode).toBe(1);
    expect(other.output).toContain(`The credentials belong to account ${ACCOUNT} (`);
    const nowhere = await world.fleet("discover", "--region", "us-esat-1");
    expect(nowhere.exitCode).toBe(1);
    expect(nowhere.output).toContain('"us-esat-1" is not an AWS region. Did you mean "us-east-1"?');
  });
});
