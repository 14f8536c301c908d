/**
 * Adopts an instance that someone set up by hand after the vendor's guide: index, function, role, log group, module and association.
 * After every recorded call, the module calls a function that exists, is associated and may be invoked.
 */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import {
  AttachRolePolicyCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { AddPermissionCommand, CreateFunctionCommand, GetFunctionCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { unzipSync, zipSync } from "fflate";
import type { RecordedCall } from "../../emulators/aws/recording-proxy";
import { adoptable, createVendorTable, INDEX, readTable } from "./vendor-tables";
import { ACCOUNT, createWorld, type Finished, REGION, type World } from "./world";

jest.setTimeout(10 * 60_000);

/** In the first instance, every resource has the name that the stack uses. In the second instance, only the module has. */
const [inPlace, bySwitch] = ["made-by-hand", "hash-only"] as const;
const functionOf = { [inPlace]: `blockedCalls-${inPlace}`, [bySwitch]: "blockedCalls" } as const;
const roleOf = { [inPlace]: `blockedCalls-${inPlace}-${REGION}`, [bySwitch]: "blockedCalls-role-x1y2z3" } as const;
type Name = keyof typeof functionOf;

let world: World;
let iam: IAMClient;
let lambda: LambdaClient;
const moduleIds = new Map<Name, string>();
let calls: readonly RecordedCall[] = [];
let preflight: Finished;
let deployed: Finished;

const arnOf = (functionName: string): string => `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${functionName}`;
const alias = (name: Name): string => `${arnOf(`blockedCalls-${name}`)}:live`;

/** The function of the guide: CommonJS, x86_64, an old runtime. It blocks no caller. */
const codeByHand = Buffer.from(
  zipSync({ "index.js": Buffer.from("exports.handler = async () => ({ response: 'nomatch' });\n") }),
);

function connect(method: string, url: string, body: object): void {
  const { status } = world.connect.handle({
    method,
    url,
    body: Buffer.from(JSON.stringify(body)),
    region: REGION,
  });
  if (status !== 200) throw new Error(`${method} ${url}: ${status}`);
}

async function makeByHand(name: Name, rolePath: string): Promise<void> {
  const [FunctionName, RoleName] = [functionOf[name], roleOf[name]];
  const { Role } = await iam.send(
    new CreateRoleCommand({
      RoleName,
      Path: rolePath,
      AssumeRolePolicyDocument: JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
      }),
    }),
  );
  const statement = (Action: string[]) =>
    JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action, Resource: "*" }] });
  const { Policy } = await iam.send(
    new CreatePolicyCommand({
      PolicyName: `AWSLambdaMicroserviceExecutionRole-${name}`,
      PolicyDocument: statement(["dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:Scan"]),
    }),
  );
  await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn: Policy?.Arn }));
  await iam.send(
    new PutRolePolicyCommand({ RoleName, PolicyName: "query", PolicyDocument: statement(["dynamodb:Query"]) }),
  );
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName,
      Runtime: "nodejs18.x",
      Handler: "index.handler",
      Role: Role?.Arn,
      Code: { ZipFile: codeByHand },
    }),
  );
  await lambda.send(
    new AddPermissionCommand({
      FunctionName,
      StatementId: "connect",
      Action: "lambda:InvokeFunction",
      Principal: "connect.amazonaws.com",
    }),
  );
  const made = await fetch(world.proxy.url, {
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": "Logs_20140328.CreateLogGroup",
      authorization: `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20240101/${REGION}/logs/aws4_request, SignedHeaders=host, Signature=0`,
    },
    body: JSON.stringify({ logGroupName: `/aws/lambda/${FunctionName}` }),
  });
  if (!made.ok) throw new Error(await made.text());

  const id = world.instanceId(name);
  connect("PUT", `/instance/${id}/lambda-function`, { FunctionArn: arnOf(FunctionName) });
  connect("PUT", `/contact-flow-modules/${id}`, { Name: "blockedStatus", Content: moduleCalling(FunctionName) });
  moduleIds.set(name, world.connect.modules(id).get("blockedStatus")?.id ?? "");
}

/** A module imported by hand. It calls $LATEST of the function. */
function moduleCalling(functionName: string): string {
  const end = { NextAction: "end" };
  return JSON.stringify({
    Version: "2019-10-30",
    StartAction: "ask",
    Actions: [
      {
        Identifier: "ask",
        Type: "InvokeLambdaFunction",
        Parameters: { LambdaFunctionARN: arnOf(functionName), InvocationTimeLimitSeconds: "3" },
        Transitions: { ...end, Errors: [{ ErrorType: "NoMatchingError", ...end }] },
      },
      { Identifier: "end", Type: "EndFlowModuleExecution", Parameters: {}, Transitions: {} },
    ],
    Settings: { InputParameters: [], OutputParameters: [], Transitions: [] },
  });
}

function edit(from: string, to: string): void {
  const file = path.join(String(world.env["ENVIRONMENTS_DIR"]), "e2e.yaml");
  const yaml = readFileSync(file, "utf8");
  expect(yaml).toContain(from);
  writeFileSync(file, yaml.replace(from, to));
}

const deploy = (...names: readonly Name[]): Promise<Finished> =>
  world.cdktf("deploy", ...names.map(world.stackName), "--auto-approve", "--skip-provider-lock");

/** The output without line breaks and stack names: Terraform wraps its messages, and cdktf prefixes each line. */
const unwrapped = (output: string): string =>
  output.replaceAll(/\S*us-east-1 {2}|[\s│╷╵]+/g, " ").replaceAll(/ +/g, " ");

beforeAll(async () => {
  world = await createWorld([inPlace, bySwitch], { more: (name) => [`adoptExisting: {} # ${name}`] });
  iam = new IAMClient(world.clientSettings);
  lambda = new LambdaClient(world.clientSettings);
  for (const name of [inPlace, bySwitch]) {
    const vendor = adoptable.find((table) => table.name === name);
    if (vendor === undefined) throw new Error(`no table ${name}`);
    await createVendorTable(world.dynamodb, vendor);
  }
  await makeByHand(inPlace, "/");
  await makeByHand(bySwitch, "/service-role/");
  const modules = (name: Name) => `module: ${String(moduleIds.get(name))}`;
  edit(
    `adoptExisting: {} # ${inPlace}`,
    `adoptExisting: { ${modules(inPlace)}, function: true, role: true, logGroup: true }`,
  );
  edit(`adoptExisting: {} # ${bySwitch}`, `adoptExisting: { ${modules(bySwitch)} }`);
  preflight = await world.fleet("preflight");
  world.proxy.clear();
  deployed = await deploy(inPlace, bySwitch);
  calls = world.proxy.calls();
});

afterAll(() => world.stop());

/** The function that the module would call after one recorded call, and the state of this function. */
interface Moment {
  readonly after: string;
  /** ARN that the module calls. */
  readonly calls: string;
  readonly exists: boolean;
  readonly associated: boolean;
  readonly permitted: boolean;
  /** Whether the zip has the file that the handler names. */
  readonly runs: boolean;
}

/** Replays the recorded calls. Returns the function that the module would have called after each recorded call. */
function replayedMoments(name: Name): readonly Moment[] {
  const byHand = arnOf(functionOf[name]);
  const functions = new Set([byHand]);
  const permitted = new Set([byHand]);
  const associated = new Set([byHand]);
  const zips = new Map([[byHand, codeByHand.toString("base64")]]);
  const handlers = new Map([[byHand, "index.handler"]]);
  let target = byHand;
  const seen: Moment[] = [];
  for (const { operation, url, input, status } of calls) {
    const given = (input ?? {}) as Readonly<Record<string, unknown>>;
    const { pathname, searchParams } = new URL(url, "http://aws");
    const [, functionName = String(given["FunctionName"])] = /\/functions\/([^/]+)/.exec(pathname) ?? [];
    const arn = functionName.startsWith("arn:") ? functionName : arnOf(functionName);
    const qualifier = searchParams.get("Qualifier");
    const qualified = qualifier === null ? arn : `${arn}:${qualifier}`;
    const mine = url.includes(world.instanceId(name)) || arn === byHand || arn === arnOf(`blockedCalls-${name}`);
    if (!mine || status >= 300 || /^(Get|List|Describe)/.test(operation)) continue;
    if (operation === "CreateFunction") {
      functions.add(arn);
      handlers.set(arn, String(given["Handler"]));
      zips.set(arn, (given["Code"] as { ZipFile: string }).ZipFile);
    } else if (operation === "UpdateFunctionConfiguration") {
      // The provider sends only the changed settings.
      if (typeof given["Handler"] === "string") handlers.set(arn, given["Handler"]);
    } else if (operation === "UpdateFunctionCode") zips.set(arn, String(given["ZipFile"]));
    else if (operation === "DeleteFunction") functions.delete(arn);
    else if (operation === "CreateAlias") functions.add(`${arn}:${String(given["Name"])}`);
    else if (operation === "AddPermission") permitted.add(qualified);
    else if (operation === "RemovePermission") permitted.delete(qualified);
    else if (operation === "AssociateLambdaFunction") associated.add(String(given["FunctionArn"]));
    else if (operation === "DisassociateLambdaFunction") associated.delete(String(searchParams.get("functionArn")));
    else if (operation === "UpdateContactFlowModuleContent")
      target = /"LambdaFunctionARN":"([^"]+)"/.exec(String(given["Content"]))?.[1] ?? "";
    const code = target.split(":").slice(0, 7).join(":");
    const files = Object.keys(unzipSync(Buffer.from(zips.get(code) ?? "", "base64")));
    const [module = ""] = (handlers.get(code) ?? "").split(".");
    seen.push({
      after: operation,
      calls: target,
      exists: functions.has(target),
      associated: associated.has(target),
      permitted: permitted.has(target),
      runs: files.some((file) => file === `${module}.js` || file === `${module}.mjs`),
    });
  }
  return seen;
}

test("preflight accepts the resources that adoptExisting names", () => {
  expect(preflight.output).not.toContain("FAILED");
  expect(preflight.output).toContain("2 instances: 2 can be deployed");
  expect(unwrapped(preflight.output)).toContain(`${functionOf[inPlace]} (nodejs18.x) is adopted and changed in place`);
  for (const name of [inPlace, bySwitch])
    expect(unwrapped(preflight.output)).toContain(`${String(moduleIds.get(name))} was created by hand and is adopted`);
  expect(preflight.exitCode).toBe(0);
});

test("one deployment adopts the named resources and creates the others", () => {
  expect(deployed.output).not.toContain("Error:");
  expect(deployed.exitCode).toBe(0);
  const created = calls
    .filter(({ operation }) => /^Create(Function|Role|LogGroup|ContactFlowModule)$/.test(operation))
    // People who follow the guide do not create the monitoring.
    .filter(({ url, input }) => !`${url} ${JSON.stringify(input)}`.includes("blockedCalls-canary-"));
  expect(created.map(({ operation }) => operation).sort()).toEqual(["CreateFunction", "CreateLogGroup", "CreateRole"]);
  for (const { url, input } of created) expect(`${url} ${JSON.stringify(input)}`).toContain(bySwitch);
  expect(
    calls.filter(({ operation }) => /^Delete(Function|Role|LogGroup|ContactFlowModule|Table)$/.test(operation)),
  ).toEqual([]);
});

test.each([inPlace, bySwitch])(
  "%s: at every moment the module calls a function that exists, may be invoked and runs",
  (name) => {
    const all = replayedMoments(name);
    expect(
      all.filter(({ exists, associated, permitted, runs }) => !(exists && associated && permitted && runs)),
    ).toEqual([]);
    expect(all.map(({ calls: target }) => target)).toContain(arnOf(functionOf[name]));
    expect(all.at(-1)).toMatchObject({ calls: alias(name) });
    // One call switches the module to our function.
    const targets = all.map(({ calls: target }) => target);
    expect(targets.lastIndexOf(arnOf(functionOf[name]))).toBe(targets.indexOf(alias(name)) - 1);
  },
);

test.each([inPlace, bySwitch])("%s: the module keeps its id, so flows keep calling it", (name) => {
  const module = world.connect.modules(world.instanceId(name)).get("blockedStatus");
  expect(module?.id).toBe(moduleIds.get(name));
  expect(module?.content).toContain(alias(name));
});

test("an adopted function gets its configuration first, then its code as a published version", async () => {
  const order = calls
    .filter(
      ({ service, operation, url }) =>
        service === "lambda" && url.includes(functionOf[inPlace]) && !/^(Get|List)/.test(operation),
    )
    .map(({ operation }) => operation);
  expect(order.indexOf("UpdateFunctionConfiguration")).toBeGreaterThan(-1);
  expect(order.indexOf("UpdateFunctionCode")).toBeGreaterThan(order.indexOf("UpdateFunctionConfiguration"));
  expect(order.indexOf("PublishVersion")).toBeGreaterThan(order.indexOf("UpdateFunctionCode"));
  const { Configuration } = await lambda.send(new GetFunctionCommand({ FunctionName: functionOf[inPlace] }));
  expect(Configuration).toMatchObject({ Runtime: "nodejs22.x", Architectures: ["arm64"] });
});

test("an adopted role loses policies attached by hand, after the module calls our function", async () => {
  const RoleName = roleOf[inPlace];
  const { AttachedPolicies } = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
  expect(AttachedPolicies).toEqual([]);
  expect((await iam.send(new ListRolePoliciesCommand({ RoleName }))).PolicyNames).toEqual(["lookup"]);
  const switched = calls.findIndex(
    ({ operation, url }) => operation === "UpdateContactFlowModuleContent" && url.includes(world.instanceId(inPlace)),
  );
  for (const operation of ["DetachRolePolicy", "DeleteRolePolicy"])
    expect(calls.findIndex((call) => call.operation === operation)).toBeGreaterThan(switched);
});

test("replaced resources stay unchanged: function, role, association and log group", async () => {
  const { Configuration } = await lambda.send(new GetFunctionCommand({ FunctionName: functionOf[bySwitch] }));
  expect(Configuration).toMatchObject({ Runtime: "nodejs18.x" });
  const { AttachedPolicies } = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName: roleOf[bySwitch] }));
  expect(AttachedPolicies).toHaveLength(1);
  expect([...world.connect.associations(world.instanceId(bySwitch))].sort()).toEqual(
    [arnOf(functionOf[bySwitch]), alias(bySwitch)].sort(),
  );
});

test("an index created by hand is mirrored, and the table is not written to", async () => {
  const writes = calls.filter(
    ({ operation, input }) => operation === "UpdateTable" && JSON.stringify(input).includes(inPlace),
  );
  expect(writes).toEqual([]);
  expect([...(await readTable(world.dynamodb, inPlace)).indexes.keys()]).toContain(INDEX);
});

test.each([inPlace, bySwitch])("%s: the next plan is empty", async (name) => {
  const plan = await world.terraform(name, "plan", "-input=false", "-detailed-exitcode", "-no-color");
  expect(plan.output).toContain("No changes.");
  expect(plan.exitCode).toBe(0);
});

test("a function or role that cannot be changed in place stops the plan with a remediation", async () => {
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: "by-hand",
      Runtime: "python3.12",
      Handler: "lambda_function.lambda_handler",
      Role: `arn:aws:iam::${ACCOUNT}:role/service-role/${roleOf[bySwitch]}`,
      Code: { ZipFile: codeByHand },
    }),
  );
  edit(
    `adoptExisting: { module: ${String(moduleIds.get(bySwitch))} }`,
    `adoptExisting: { module: ${String(moduleIds.get(bySwitch))}, function: true, role: true }\n` +
      `    function: { name: by-hand, roleName: ${roleOf[bySwitch]} }`,
  );
  world.proxy.clear();
  const { exitCode, output } = await world.cdktf("diff", world.stackName(bySwitch), "--skip-provider-lock");
  expect(exitCode).not.toBe(0);
  expect(unwrapped(output)).toContain(
    "The function by-hand cannot be changed in place: it has the runtime python3.12 and the handler lambda_function.lambda_handler, " +
      "but its old code must run with nodejs and index.handler until its code is replaced. Nothing was changed. " +
      "Set another function.name for hash-only in environments/e2e.yaml and remove adoptExisting.function: the module then invokes a new function.",
  );
  expect(unwrapped(output)).toContain(
    `The role ${roleOf[bySwitch]} has the path /service-role/, which the Lambda console sets, and a path cannot be changed.`,
  );
});
