/** `status` of 50 instances in three regions of an emulated account: the requests it needs, and an unreachable region. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { CloudWatchClient, PutMetricAlarmCommand, PutMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { CreateRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { CreateAliasCommand, CreateFunctionCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { clientEnvironment, credentials, type EmulatedAccount, startAccount } from "../../emulators/account";
import { loadEnvironments } from "../../config/load";
import type { InstanceConfig } from "../../config/types";
import type { InstanceStatus } from "../../fleet/checks/status/instance-status";
import { packageBlockedCalls, projectRoot } from "../../lambda/packaging";
import { functionEnvironment, METRICS_NAMESPACE } from "../../lambda/settings";
import { alarmName, alarmsOf } from "../../stacks/alarms";
import { functionSettings } from "../../stacks/function-settings";
import { ACCOUNT, BUCKET, start } from "./world";

jest.setTimeout(5 * 60_000);

const regions = ["us-east-1", "eu-central-1", "ap-southeast-2"] as const;
const unreachable = regions[2];
const instanceId = (n: number): string => `00000000-0000-4000-8000-${String(n + 1).padStart(12, "0")}`;
const directory = mkdtempSync(path.join(tmpdir(), "call-blocking-status-"));
const environments = path.join(directory, "files");
const names = Array.from({ length: 50 }, (_, n) => `shop-${n}`);
const regionOf = (n: number): string => regions[n % regions.length] ?? "";

let account: EmulatedAccount;
let instances: readonly InstanceConfig[];

beforeAll(async () => {
  mkdirSync(environments);
  writeFileSync(
    path.join(environments, "prod.yaml"),
    `account: "${ACCOUNT}"
region: ${regions[0]}
state: { bucket: ${BUCKET}, region: ${regions[0]} }
blockedDispositions: [Blocked]
instances:
${names.map((name, n) => `  - { name: ${name}, id: ${instanceId(n)}, region: ${regionOf(n)} }`).join("\n")}
`,
  );
  ({ instances } = loadEnvironments(environments));
  account = await startAccount({
    account: ACCOUNT,
    bucket: BUCKET,
    instances: names.map((alias, n) => ({ region: regionOf(n), id: instanceId(n), alias })),
  });
  const settings = (region: string) => ({ endpoint: account.motoUrl, region, credentials });
  const iam = new IAMClient(settings(regions[0]));
  const trust = {
    Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
  };
  await iam.send(new CreateRoleCommand({ RoleName: "function", AssumeRolePolicyDocument: JSON.stringify(trust) }));
  iam.destroy();
  for (const region of regions) {
    const clients = {
      cloudwatch: new CloudWatchClient(settings(region)),
      dynamodb: new DynamoDBClient(settings(region)),
      lambda: new LambdaClient({ ...settings(region), endpoint: account.proxy.url }),
    };
    for (const instance of instances.filter((one) => one.region === region)) await createInstance(instance, clients);
    for (const client of Object.values(clients)) client.destroy();
  }
});

afterAll(async () => {
  await account.stop();
  rmSync(directory, { recursive: true });
});

interface Clients {
  readonly cloudwatch: CloudWatchClient;
  readonly dynamodb: DynamoDBClient;
  readonly lambda: LambdaClient;
}

/** The resources that a deployment creates, as far as `status` reads them. */
async function createInstance(instance: InstanceConfig, { cloudwatch, dynamodb, lambda }: Clients): Promise<void> {
  const key = (AttributeName: string, KeyType: "HASH" | "RANGE") => ({ AttributeName, KeyType });
  await dynamodb.send(
    new CreateTableCommand({
      TableName: instance.table.name,
      BillingMode: "PAY_PER_REQUEST",
      KeySchema: [key("hash", "HASH"), key("range", "RANGE")],
      AttributeDefinitions: ["hash", "range", "Disposition", "CustomerEndpoint"].map((AttributeName) => ({
        AttributeName,
        AttributeType: "S",
      })),
      GlobalSecondaryIndexes: [
        {
          IndexName: "Disposition-CustomerEndpoint-index",
          KeySchema: [key("Disposition", "HASH"), key("CustomerEndpoint", "RANGE")],
          Projection: { ProjectionType: "KEYS_ONLY" },
        },
      ],
    }),
  );
  const { zip, handler } = packageBlockedCalls();
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: instance.function.name,
      Role: `arn:aws:iam::${ACCOUNT}:role/function`,
      Runtime: "nodejs22.x",
      Handler: handler,
      Code: { ZipFile: zip },
      MemorySize: instance.function.memoryMb,
      Timeout: instance.lookup.flowTimeLimitSeconds,
      Environment: { Variables: functionEnvironment(functionSettings(instance)) },
      LoggingConfig: { LogFormat: "Text", LogGroup: instance.function.logGroupName },
      Publish: true,
    }),
  );
  await lambda.send(
    new CreateAliasCommand({ FunctionName: instance.function.name, Name: "live", FunctionVersion: "1" }),
  );
  const now = Date.now();
  const metric = (MetricName: string, Value: number, minutesAgo: number) => ({
    MetricName,
    Value,
    Timestamp: new Date(now - minutesAgo * 60_000),
    Dimensions: [
      { Name: "Environment", Value: instance.environment },
      { Name: "Instance", Value: instance.name },
    ],
  });
  await cloudwatch.send(
    new PutMetricDataCommand({
      Namespace: METRICS_NAMESPACE,
      MetricData: [
        metric("Match", 2, 90),
        metric("Match", 5, 4 * 24 * 60),
        metric("NoMatch", 30, 90),
        metric("Lookups", 31, 90),
        metric("LookupError", 1, 4 * 24 * 60),
        metric("CanaryRun", 1, 3),
        metric("CanaryWrongAnswer", 0, 3),
        metric("ListedContacts", 9, 3),
      ],
    }),
  );
  const { metrics } = alarmsOf(instance)[0]?.rule ?? {};
  for (const { alarm } of alarmsOf(instance)) {
    const AlarmName = alarmName(instance, alarm);
    await cloudwatch.send(
      new PutMetricAlarmCommand({
        AlarmName,
        Namespace: Object.values(metrics ?? {})[0]?.namespace,
        MetricName: alarm.id,
        Statistic: "Sum",
        Period: 300,
        EvaluationPeriods: 1,
        Threshold: 1,
        ComparisonOperator: "GreaterThanOrEqualToThreshold",
        ActionsEnabled: true,
      }),
    );
  }
}

const startFleet = (...args: readonly string[]) =>
  start(process.execPath, [path.join(projectRoot(), "build/fleet/main.js"), ...args], directory, {
    PATH: process.env["PATH"] ?? "",
    HOME: directory,
    ...clientEnvironment(account.proxy.url, regions[0]),
    ENVIRONMENTS_DIR: environments,
  });

async function fleet(...args: readonly string[]) {
  account.proxy.clear();
  const begun = performance.now();
  const { exitCode, output } = await startFleet(...args).finished;
  const seconds = (performance.now() - begun) / 1000;
  const requests: Record<string, number> = {};
  for (const { service, operation } of account.proxy.calls()) {
    const name = `${service}:${operation}`;
    requests[name] = (requests[name] ?? 0) + 1;
  }
  return { exitCode, output, seconds, requests };
}

test("50 instances need three requests each, and a few requests to CloudWatch per region", async () => {
  const { exitCode, output, seconds, requests } = await fleet("status", "--json", "--timeout", "200");
  // The figures of this machine, for the person who reads the log.
  console.info(`status of ${names.length} instances: ${seconds.toFixed(1)} s, ${JSON.stringify(requests)}`);
  const statuses = JSON.parse(output) as readonly InstanceStatus[];
  expect(statuses.map(({ stack, outcome, problems }) => [stack, outcome, problems])).toEqual(
    statuses.map(({ stack }) => [stack, "ok", []]),
  );
  expect(statuses).toHaveLength(50);
  expect(statuses[0]).toMatchObject({
    live: { value: { state: "deployed", version: "1" } },
    index: { value: { state: "ACTIVE" } },
    canary: { value: { answer: "right", listedContacts: 9 } },
    calls: {
      value: {
        day: { calls: 32, blocked: 2, lookups: 31, lookupErrors: 0 },
        week: { calls: 37, blocked: 7, lookups: 31, lookupErrors: 1 },
      },
    },
    differences: { value: [] },
  });
  expect(exitCode).toBe(0);
  expect(requests).toEqual({
    "lambda:GetFunctionConfiguration": 50,
    "lambda:GetAlias": 50,
    "dynamodb:DescribeTable": 50,
    // Two for each region: the calls of a week by the hour, and the runs of the canary by the minute.
    "monitoring:GetMetricData": 6,
    // 11 alarms for each instance, 100 in a request: two for each region.
    "monitoring:DescribeAlarms": 6,
  });
});

test("if one region is unreachable, its instances are unknown and the others are shown", async () => {
  const closesConnections = account.proxy.intercept(
    ({ region }) => region === unreachable,
    // The server cannot send this status, and closes the connection.
    () => ({ status: 0, body: "" }),
  );
  const { exitCode, output } = await fleet("status", "--timeout", "200");
  closesConnections();
  const inRegion = instances.filter(({ region }) => region === unreachable);
  expect(output).toContain(`50 instances: ${50 - inRegion.length} ok, 0 failed, ${inRegion.length} unknown.`);
  for (const { stackName } of inRegion) {
    expect(output).toMatch(new RegExp(`^unknown +${stackName} +unknown +unknown `, "m"));
    expect(output).toContain(
      `${stackName}: live, index, canary, alarms, calls, differences unknown: unreachable: AWS did not`,
    );
  }
  for (const { stackName } of instances.filter(({ region }) => region !== unreachable))
    expect(output).toMatch(new RegExp(`^ok +${stackName} +1, `, "m"));
  expect(exitCode).toBe(1);
});

test("the report is written although a region is unreachable, and says so", async () => {
  const closesConnections = account.proxy.intercept(
    ({ region }) => region === unreachable,
    () => ({ status: 0, body: "" }),
  );
  const file = path.join(directory, "report.html");
  const { exitCode, output } = await fleet("report", "--html", file, "--timeout", "200", "instance=shop-0,shop-2");
  closesConnections();
  expect(exitCode).toBe(0);
  expect(output).toContain("1 instance could not be read completely.");
  const page = readFileSync(file, "utf8");
  expect(page).toContain("AWS did not answer in ap-southeast-2");
  // The other instance has its list and its calls.
  expect(page).toMatch(/0 blocked numbers, 0 contacts/);
  expect(page).toMatch(/Blocked calls per day from .* \(UTC\): 7 in total/);
});

test("--watch shows the status until Ctrl-C, and keeps the exit code of the signal", async () => {
  const running = startFleet("status", "--watch", "--json", "--interval", "10", "instance=shop-0");
  await running.says("]\n");
  running.kill("SIGINT");
  const { exitCode, output } = await running.finished;
  expect(exitCode).toBe(130);
  expect(JSON.parse(output.split("\n")[0] ?? "")).toHaveLength(1);
});
