/** The policies in docs/iam allow every call that Terraform makes to create, plan, change and remove a stack, and no others. */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { DeleteRolePermissionsBoundaryCommand, IAMClient } from "@aws-sdk/client-iam";
import { loadEnvironments } from "../../config/load";
import { inboundFlow } from "../../flows/inbound";
import { policiesFor } from "../../fleet/aws/iam/policies";
import type { PolicyDocument } from "../../fleet/aws/iam/statement";
import type { RecordedCall } from "../../emulators/aws/recording-proxy";
import { decide } from "../fleet/policy-evaluation";
import type { AccessRequest } from "../fleet/policy-evaluation";
import { adoptable, createVendorTable, INDEX } from "./vendor-tables";
import { ACCOUNT, createWorld, REGION, type World } from "./world";

jest.setTimeout(15 * 60_000);

const name = "rich";
const permissionsBoundary = `arn:aws:iam::${ACCOUNT}:policy/boundary`;
const roleArn = (role: string): string => `arn:aws:iam::${ACCOUNT}:role/${role}`;
let world: World;
const calls = new Map<string, readonly RecordedCall[]>();
/** ARNs of the roles that the read-only plan assumed. */
const assumed: (string | null)[] = [];
let policies: ReadonlyMap<string, PolicyDocument>;

beforeAll(async () => {
  world = await createWorld([name], {
    more: () => [
      "inboundFlow: { queue: 11111111-2222-4333-8444-555555555555 }",
      `permissionsBoundary: ${permissionsBoundary}`,
      "function: { reservedConcurrency: 20, vpc: { subnetIds: [subnet-12345678], securityGroupIds: [sg-12345678] } }",
    ],
  });
  const vendor = adoptable.find((table) => table.name === name);
  if (vendor === undefined) throw new Error(`there is no table ${name}`);
  await createVendorTable(world.dynamodb, vendor);

  const deploy = () => world.cdktf("deploy", world.stackName(name), "--auto-approve", "--skip-provider-lock");
  const apply = (...args: string[]) => world.terraform(name, "apply", "-auto-approve", "-no-color", ...args);
  const plans = path.join(String(world.env["ENVIRONMENTS_DIR"]), "../plans");
  await recordPhase("first plan", async () => {
    const planned = await world.fleet("plan", "--plans", plans);
    return { ...planned, exitCode: planned.exitCode === 2 ? 0 : planned.exitCode };
  });
  await recordPhase("create", deploy);
  await recordPhase("plan", () => world.terraform(name, "plan", "-input=false", "-no-color"));

  const file = path.join(String(world.env["ENVIRONMENTS_DIR"]), "e2e.yaml");
  const deployed = readFileSync(file, "utf8");
  edit(file, (yaml) =>
    yaml.replace(
      "state:\n",
      `planRole: { arn: "${roleArn("plan")}" }\nstate:\n  roleArn: ${roleArn("state")}\n  planRoleArn: ${roleArn("state-read")}\n`,
    ),
  );
  // The proxy does not record the form data of STS.
  const overhear = world.proxy.intercept(
    ({ operation, body }) => {
      if (operation === "AssumeRole") assumed.push(new URLSearchParams(body.toString()).get("RoleArn"));
      return false;
    },
    () => ({ status: 500, body: "" }),
  );
  await recordPhase("plan that only reads", () => world.fleet("plan", "--read-only", "--plans", plans));
  overhear();
  writeFileSync(file, deployed);

  edit(file, (yaml) =>
    yaml
      .replace("managed-by: terraform", "cost-centre: one")
      .replace("[Blocked]", "[Spam, Blocked]\nalarms: { lookupErrors: 5, canaryMinutes: 10 }")
      .replace("inboundFlow: {", "$& name: Front door, whenBlocked: { action: message, text: Goodbye. },")
      .replace("function: {", "$& memoryMb: 256, logRetentionDays: 7,"),
  );
  // The deployment restores a boundary that someone removed.
  const iam = new IAMClient(world.clientSettings);
  for (const role of [`blockedCalls-${name}-${REGION}`, `blockedCalls-canary-${name}-${REGION}`])
    await iam.send(new DeleteRolePermissionsBoundaryCommand({ RoleName: role }));
  await recordPhase("change of the configuration", deploy);

  claimNumbers();
  await recordPhase("verify and check", async () => {
    const verified = await world.fleet("verify", "--coverage", world.stackName(name));
    expect(verified.output.match(/\+1••••••••0\d, .*: protected\./g)).toHaveLength(2);
    const whileBuilding = world.proxy.intercept(
      ({ operation }) => operation === "DescribeTable",
      tableWithBuildingIndex,
    );
    const unfinished = await world.fleet("verify", world.stackName(name));
    whileBuilding();
    expect(unfinished.output).toContain("is CREATING");
    // An operator rolled the alias back: verify looks for the newest version.
    const whileRolledBack = world.proxy.intercept(
      ({ operation }) => operation === "GetAlias",
      () => ({ status: 200, body: JSON.stringify({ Name: "live", FunctionVersion: "1" }) }),
    );
    const rolledBack = await world.fleet("verify", world.stackName(name));
    whileRolledBack();
    expect(rolledBack.output).toContain("The newest version is 2");
    const report = path.join(String(world.env["ENVIRONMENTS_DIR"]), "../report.html");
    const reported = await world.fleet("report", "--html", report, world.stackName(name));
    expect(reported.output).not.toContain("could not be read completely");
    expect(readFileSync(report, "utf8")).not.toContain("is unknown.");
    const checked = await world.fleet("check", "+15555550101", world.stackName(name));
    expect(checked.output).toContain("BLOCKED");
    return verified.exitCode === 0 ? checked : verified;
  });
  await recordPhase("discover", () => world.fleet("discover", "--region", REGION));

  // Simulate a new version of this project: another zip and other descriptions.
  edit(path.join(world.stackDirectory(name), "cdk.tf.json"), (json) =>
    json
      .replace(/("source_code_hash": ")[^"]*/g, `$1${Buffer.alloc(32).toString("base64")}`)
      .replaceAll(/("description": ")(Runs|Sets|What|Answers|Asks|Starts)/g, "$1Newly: $2"),
  );
  await recordPhase("change of the code", apply);
  const removed = [
    "aws_iam_role.blocked_calls",
    "aws_cloudwatch_log_group.blocked_calls",
    "aws_iam_role.canary",
    "aws_cloudwatch_log_group.canary",
    "aws_cloudwatch_event_rule.canary",
    "aws_sns_topic.alarms",
    "aws_cloudwatch_dashboard.environment",
  ];
  await recordPhase("removal", () => apply("-destroy", ...removed.map((address) => `-target=${address}`)));

  const { instances } = loadEnvironments(String(world.env["ENVIRONMENTS_DIR"]));
  // The bucket of the emulator counts as a bucket in S3.
  const onAws = instances.map((instance) => {
    const { bucket, region, key } = instance.state;
    return { ...instance, state: { bucket, region, key } };
  });
  policies = new Map(policiesFor(onAws).map((policy) => [policy.name, policy.document]));
});

afterAll(() => world.stop());

/** Claims a number for the deployed flow, and a number of a traffic distribution group for a flow that calls the module by an alias. */
function claimNumbers(): void {
  const instanceId = world.instanceId(name);
  const put = (url: string, body: object): Readonly<Record<string, string>> => {
    const request = { method: "PUT", url, body: Buffer.from(JSON.stringify(body)), region: REGION };
    const { status, body: answer } = world.connect.handle(request);
    if (status !== 200) throw new Error(answer);
    return JSON.parse(answer) as Readonly<Record<string, string>>;
  };
  const module = world.connect.modules(instanceId).get("blockedStatus");
  const at = `/contact-flow-modules/${instanceId}/${module?.id ?? ""}`;
  put(`${at}/version`, {});
  const alias = put(`${at}/alias`, { AliasName: "live", ContactFlowModuleVersion: 1 });
  const moduleId = `${module?.arn ?? ""}/alias/${alias["Id"] ?? ""}`;
  const content = inboundFlow({ moduleId, queueId: "queue-1", whenBlocked: { action: "disconnect" } });
  const flow = { Name: "By alias", Type: "CONTACT_FLOW", Content: JSON.stringify(content) };
  const byAlias = put(`/contact-flows/${instanceId}`, flow)["ContactFlowId"] ?? "";
  const deployed = world.connect.flows(instanceId).get("Front door")?.id ?? "";
  const group = world.connect.addTrafficDistributionGroup(instanceId, "two regions");
  world.connect.claimNumber(instanceId, { number: "+15555550101", flowId: deployed });
  world.connect.claimNumber(instanceId, { number: "+15555550102", flowId: byAlias, group });
}

function tableWithBuildingIndex() {
  const key = (AttributeName: string, KeyType: string) => ({ AttributeName, KeyType });
  const KeySchema = [key("Disposition", "HASH"), key("CustomerEndpoint", "RANGE")];
  const AttributeDefinitions = KeySchema.map(({ AttributeName }) => ({ AttributeName, AttributeType: "S" }));
  const GlobalSecondaryIndexes = [{ IndexName: INDEX, IndexStatus: "CREATING", Backfilling: true, KeySchema }];
  const Table = { TableStatus: "UPDATING", AttributeDefinitions, GlobalSecondaryIndexes };
  return { status: 200, body: JSON.stringify({ Table }) };
}

async function recordPhase(phase: string, run: () => Promise<{ exitCode: number; output: string }>): Promise<void> {
  world.proxy.clear();
  const { exitCode, output } = await run();
  if (exitCode !== 0) throw new Error(`${phase} failed:\n${output}`);
  calls.set(phase, world.proxy.calls());
}

function edit(file: string, change: (text: string) => string): void {
  const before = readFileSync(file, "utf8");
  const after = change(before);
  if (after === before) throw new Error(`nothing to change in ${file}`);
  writeFileSync(file, after);
}

/** Returns the IAM actions that a call needs: the action of the operation, and actions that the operation implies. */
function requiredAccess({ service, operation, url, input }: RecordedCall): AccessRequest[] {
  const given = (input ?? {}) as Readonly<Partial<Record<string, string>>>;
  const { pathname } = new URL(url, "http://aws");
  const segments = pathname.split("/").filter(Boolean).map(decodeURIComponent);
  const arn = (resource: string, of = service): string => `arn:aws:${of}:${REGION}:${ACCOUNT}:${resource}`;
  const requestFor = (resource: string, action = `${service}:${operation}`, context = {}) => [
    { action, resource, context },
  ];

  switch (service) {
    // Unsigned: the function opens its connection before the first call.
    case "":
      return [];
    // Needs no permission: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    case "sts":
      return [];
    case "dynamodb": {
      if (operation === "ListTables") return requestFor("*");
      const table = given["ResourceArn"] ?? arn(`table/${String(given["TableName"])}`);
      if (!["Query", "GetItem"].includes(operation)) return requestFor(table);
      const { Key = {}, ProjectionExpression = "" } = input as {
        readonly Key?: object;
        readonly ProjectionExpression?: string;
      };
      const attributes = [...Object.keys(Key), ...ProjectionExpression.split(/, */).filter(Boolean)];
      const index = given["IndexName"];
      return [
        ...requestFor(index === undefined ? table : `${table}/index/${index}`, undefined, {
          "dynamodb:Attributes": attributes,
          ...(operation === "GetItem"
            ? { "dynamodb:Select": ProjectionExpression === "" ? "ALL_ATTRIBUTES" : "SPECIFIC_ATTRIBUTES" }
            : {}),
        }),
        // DynamoDB uses the customer managed key of the table on behalf of the caller.
        ...requestFor(arn("key/1234abcd", "kms"), "kms:Decrypt", {
          "kms:ViaService": `dynamodb.${REGION}.amazonaws.com`,
        }),
      ];
    }
    case "kms":
      return requestFor(arn("key/1234abcd"), undefined, { "kms:RequestAlias": String(given["KeyId"]) });
    case "logs": {
      const group = arn(`log-group:${String(given["logGroupName"])}`);
      if (operation === "DescribeLogGroups") return requestFor(arn("log-group:*"));
      const implied =
        operation === "CreateLogGroup" && given["tags"] !== undefined ? requestFor(group, "logs:TagResource") : [];
      return [...requestFor(given["resourceArn"] ?? group), ...implied];
    }
    case "iam": {
      if (operation === "SimulatePrincipalPolicy") return requestFor(String(given["PolicySourceArn"]));
      const role = `arn:aws:iam::${ACCOUNT}:role/${String(given["RoleName"])}`;
      // The boundary of the request, or of the existing role.
      const boundary =
        given["PermissionsBoundary"] ?? (operation === "PutRolePolicy" ? permissionsBoundary : undefined);
      return [
        ...requestFor(role, undefined, boundary === undefined ? {} : { "iam:PermissionsBoundary": boundary }),
        ...(given["Tags.member.1.Key"] === undefined ? [] : requestFor(role, "iam:TagRole")),
      ];
    }
    case "lambda": {
      const named = segments.find((segment) => segment.includes("blockedCalls")) ?? String(given["FunctionName"]);
      const called = named.startsWith("arn:") ? named : arn(`function:${named}`);
      if (operation === "Invoke") return requestFor(called, "lambda:InvokeFunction");
      const role = given["Role"];
      const principal = given["Principal"];
      return [
        ...requestFor(called, undefined, principal === undefined ? {} : { "lambda:Principal": principal }),
        ...(role !== undefined
          ? requestFor(role, "iam:PassRole", { "iam:PassedToService": "lambda.amazonaws.com" })
          : []),
        ...(given["Tags"] === undefined ? [] : requestFor(called, "lambda:TagResource")),
        // Lambda verifies the VPC with the permissions of the caller.
        ...(given["VpcConfig"] === undefined
          ? []
          : ["SecurityGroups", "Subnets", "Vpcs"].flatMap((kind) => requestFor("*", `ec2:Describe${kind}`))),
      ];
    }
    case "connect": {
      if (segments[0] === "tags") return requestFor(String(segments[1]));
      if (operation === "ListInstances") return requestFor("*");
      const instance = arn(`instance/${String(segments[1])}`);
      // This operation has no resource.
      if (operation === "ListTrafficDistributionGroups") return requestFor("*");
      if (operation === "ListPhoneNumbersV2")
        return requestFor(given["TargetArn"] ?? arn(`instance/${String(given["InstanceId"])}`));
      const lists = ["ListContactFlowModules", "ListContactFlows", "ListFlowAssociations"];
      if (segments[0] === "instance" || lists.includes(operation)) return requestFor(instance);
      const kind = segments[0] === "contact-flows" ? "contact-flow" : "flow-module";
      const flow = `${instance}/${kind}/${segments[2] ?? "of-an-unknown-id"}`;
      return [
        ...requestFor(flow),
        ...(operation === "CreateContactFlowModule" ? requestFor(instance) : []),
        ...(given["Tags"] === undefined ? [] : requestFor(flow, "connect:TagResource")),
      ];
    }
    case "monitoring": {
      const of = (name: unknown, resource: string): AccessRequest[] =>
        requestFor(resource + String(name), `cloudwatch:${operation}`);
      const alarms = `arn:aws:cloudwatch:${REGION}:${ACCOUNT}:alarm:`;
      if (operation.includes("Dashboard")) {
        const name = given["DashboardName"] ?? given["DashboardNames.member.1"];
        return of(name, `arn:aws:cloudwatch::${ACCOUNT}:dashboard/`);
      }
      if (given["ResourceARN"] !== undefined) return of(given["ResourceARN"], "");
      const [listed] = (input as { readonly AlarmNames?: readonly string[] }).AlarmNames ?? [];
      const name = given["AlarmName"] ?? given["AlarmNames.member.1"] ?? listed;
      if (name === undefined) return of("*", "");
      const tagged =
        given["Tags.member.1.Key"] === undefined ? [] : requestFor(alarms + name, "cloudwatch:TagResource");
      return [...of(name, alarms), ...tagged];
    }
    case "sns": {
      const topic = given["TopicArn"] ?? given["ResourceArn"] ?? arn(String(given["Name"]));
      const tagged = given["Tags.member.1.Key"] === undefined ? [] : requestFor(topic, "sns:TagResource");
      return [...requestFor(topic), ...tagged];
    }
    case "events": {
      const rule = given["ResourceARN"] ?? arn(`rule/${given["Rule"] ?? String(given["Name"])}`);
      return [...requestFor(rule), ...(given["Tags"] === undefined ? [] : requestFor(rule, "events:TagResource"))];
    }
    case "s3": {
      const [bucket = "", ...key] = segments;
      const object = `arn:aws:s3:::${[bucket, ...key].join("/")}`;
      if (operation === "ListObjectsV2") return requestFor(`arn:aws:s3:::${bucket}`, "s3:ListBucket");
      return requestFor(object, operation === "HeadObject" ? "s3:GetObject" : undefined);
    }
    default:
      return requestFor("*");
  }
}

/** The IAM requests of all calls of a phase, without repetition. */
function accessOfPhase(phase: string): AccessRequest[] {
  const all = (calls.get(phase) ?? []).flatMap(requiredAccess);
  return [...new Map(all.map((question) => [JSON.stringify(question), question])).values()];
}

const documents = (...names: string[]): PolicyDocument[] =>
  names.map((one) => {
    const document = policies.get(`${one}-${ACCOUNT}`);
    if (document === undefined) throw new Error(`there is no policy ${one}`);
    return document;
  });

const deployPolicies = ["deploy", "deploy-watch", "deploy-settings", "state"];

test.each(["create", "plan", "change of the configuration", "change of the code", "removal"])(
  "the policies deploy and state allow every call of the phase %s",
  (phase) => {
    const refused = accessOfPhase(phase).filter(
      (question) => decide(documents(...deployPolicies), question) !== "allowed",
    );
    expect(refused).toEqual([]);
    expect(accessOfPhase(phase).length).toBeGreaterThan(15);
  },
);

test("the policies deploy and state allow every call of a first plan, which looks up existing resources", () => {
  const questions = accessOfPhase("first plan");
  const all = documents(...deployPolicies);
  expect(questions.filter((question) => decide(all, question) !== "allowed")).toEqual([]);
  expect(questions.map(({ action }) => action)).toEqual(
    expect.arrayContaining(["connect:ListContactFlows", "lambda:GetFunctionConfiguration"]),
  );
});

test("the policies plan and state-read allow every call of a read-only plan, and no write", () => {
  const all = documents("plan", "state-read");
  const questions = accessOfPhase("plan that only reads");
  expect(questions.filter((question) => decide(all, question) !== "allowed")).toEqual([]);
  expect(questions.map(({ action }) => action)).toEqual(expect.arrayContaining(["s3:GetObject", "iam:GetRole"]));
  const writes = [...calls.keys()].flatMap(accessOfPhase).filter(({ action }) => !/:(Describe|Get|List)/.test(action));
  expect(writes.filter((question) => decide(all, question) === "allowed")).toEqual([]);
});

test("a read-only plan assumes planRole for the resources and state.planRoleArn for the state", () => {
  expect(new Set(assumed)).toEqual(new Set([roleArn("plan"), roleArn("state-read")]));
});

test("the policies deploy and state allow only actions that are called", () => {
  const called = new Set([...calls.keys()].flatMap(accessOfPhase).map(({ action }) => action));
  const allowed = documents(...deployPolicies).flatMap(({ Statement }) =>
    Statement.flatMap(({ Effect, Action = [] }) => (Effect === "Allow" ? Action : [])),
  );
  expect([...new Set(allowed)].filter((action) => !called.has(action))).toEqual([]);
});

test.each([
  ["read-and-invoke", "verify and check"],
  ["discover", "discover"],
])("the policy %s allows every call of %s, and no action that is never called", (policy, phase) => {
  const questions = accessOfPhase(phase);
  expect(questions.filter((question) => decide(documents(policy), question) !== "allowed")).toEqual([]);
  const called = new Set(questions.map(({ action }) => action));
  const allowed = documents(policy).flatMap(({ Statement }) => Statement.flatMap(({ Action = [] }) => Action));
  expect(allowed.filter((action) => !called.has(action))).toEqual([]);
});
