/** The status of an instance: each problem has its code, and what AWS does not tell is unknown and never zero. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { alarmName, ALARMS, anchorOf } from "../../../../stacks/alarms";
import { indexName } from "../../../../config/aws-names";
import type { InstanceConfig } from "../../../../config/types";
import { packageBlockedCalls } from "../../../../lambda/packaging";
import { functionEnvironment } from "../../../../lambda/settings";
import { functionSettings } from "../../../../stacks/function-settings";
import { savedCoverage } from "../../../../fleet/checks/coverage/saved-coverage";
import { FleetReader } from "../../../../fleet/checks/status/read-fleet";
import { statusCells, statusReport, worstFirst } from "../../../../fleet/checks/status/report";
import { read } from "../../../../fleet/checks/status/reading";
import type { InstanceStatus } from "../../../../fleet/checks/status/instance-status";
import { sampleInstance } from "../../../stacks/sample-instance";
import { AwsError, startAwsStub, type Answers, type AwsStub, type Decider } from "../../aws-answers";

let aws: AwsStub;
beforeAll(async () => {
  aws = await startAwsStub();
});
afterAll(() => aws.close());

/** 14:30, in the middle of an hour and of a day. */
const now = Date.UTC(2026, 10, 26, 14, 30);
const minute = 60_000;
const hour = 60 * minute;

const key = (AttributeName: string, KeyType: string) => ({ AttributeName, KeyType });
const index = {
  IndexName: indexName,
  IndexStatus: "ACTIVE",
  ItemCount: 7,
  KeySchema: [key("Disposition", "HASH"), key("CustomerEndpoint", "RANGE")],
};
const table = (change: object = {}) => ({
  Table: {
    TableStatus: "ACTIVE",
    AttributeDefinitions: ["Disposition", "CustomerEndpoint"].map((name) => ({
      AttributeName: name,
      AttributeType: "S",
    })),
    GlobalSecondaryIndexes: [index],
    ...change,
  },
});
const configuration = {
  Version: "12",
  LastModified: "2026-11-20T08:15:30.000+0000",
  Runtime: sampleInstance.function.runtime,
  Handler: "index.handler",
  MemorySize: sampleInstance.function.memoryMb,
  Timeout: sampleInstance.lookup.flowTimeLimitSeconds,
  CodeSha256: packageBlockedCalls().sourceCodeHash,
  LoggingConfig: { LogFormat: "Text", LogGroup: sampleInstance.function.logGroupName },
  Environment: { Variables: functionEnvironment(functionSettings(sampleInstance)) },
};

/** Milliseconds and values by the name of the metric. */
type Points = Readonly<Record<string, readonly (readonly [at: number, value: number])[]>>;

const points: Points = {
  Match: [
    [now - 6 * 24 * hour, 5],
    [now - 2 * hour, 3],
  ],
  NoMatch: [[now - 2 * hour, 40]],
  Lookups: [[now - 2 * hour, 42]],
  LookupError: [[now - 3 * 24 * hour, 2]],
  CanaryRun: [
    [now - 8 * minute, 1],
    [now - 3 * minute, 1],
  ],
  CanaryWrongAnswer: [[now - 3 * minute, 0]],
  ListedContacts: [[now - 3 * minute, 6]],
};

interface Query {
  readonly Id: string;
  readonly MetricStat: {
    readonly Period: number;
    readonly Metric: { readonly MetricName: string; readonly Namespace: string };
  };
}

const metrics =
  (of: Points, StatusCode = "Complete"): Decider =>
  ({ MetricDataQueries, StartTime, EndTime }) => ({
    MetricDataResults: (MetricDataQueries as readonly Query[]).map(({ Id, MetricStat: { Metric, Period } }) => {
      // The points of a period that is not a multiple of the start have other times than the caller expects.
      if (![60, 3600, 86_400].includes(Period) || Number(StartTime) % Period !== 0)
        throw new Error(`the period is ${Period} s and the start ${String(StartTime)}`);
      const found = (of[Metric.MetricName] ?? []).filter(
        ([at]) => at >= Number(StartTime) * 1000 && at < Number(EndTime) * 1000,
      );
      return {
        Id,
        StatusCode,
        Timestamps: found.map(([at]) => at / 1000),
        Values: found.map(([, value]) => value),
      };
    }),
  });

const alarms =
  (change: Readonly<Record<string, object | undefined>> = {}): Decider =>
  ({ AlarmNames }) => ({
    MetricAlarms: (AlarmNames as readonly string[]).flatMap((AlarmName) => {
      const [, id = ""] = AlarmName.split(`${sampleInstance.stackName}-`);
      if (id in change && change[id] === undefined) return [];
      return [{ AlarmName, StateValue: "OK", ActionsEnabled: true, ...change[id] }];
    }),
  });

const healthy: Answers = {
  "dynamodb:DescribeTable": table(),
  "lambda:GetFunctionConfiguration": configuration,
  "lambda:GetAlias": { FunctionVersion: "12" },
  "monitoring:GetMetricData": metrics(points),
  "monitoring:DescribeAlarms": alarms(),
};

async function statusOf(more: Answers = {}, instance: InstanceConfig = sampleInstance): Promise<InstanceStatus> {
  aws.answers = { ...healthy, ...more };
  const reader = new FleetReader([instance], 5_000);
  try {
    const [status] = await reader.read(now);
    if (status === undefined) throw new Error("there is no status");
    return status;
  } finally {
    reader.destroy();
  }
}

const codesOf = async (more: Answers, instance?: InstanceConfig): Promise<readonly string[]> =>
  (await statusOf(more, instance)).problems.map(({ code }) => code);

test("a healthy instance is one line, and the counts are those of the last day and week", async () => {
  const status = await statusOf();
  expect(status).toMatchObject({ outcome: "ok", problems: [] });
  expect(statusReport([status], now))
    .toBe(`status  instance                live version    index   numbers      canary            alarms  blocked 24 h / 7 d  lookups 24 h / 7 d  errors 24 h / 7 d  configuration
------  ----------------------  --------------  ------  -----------  ----------------  ------  ------------------  ------------------  -----------------  ---------------
ok      test-acme-eu-central-1  12, 2026-11-20  ACTIVE  not checked  right, 3 min ago  none    3 / 8               42 / 42             0 / 2              as in the files

1 instance: 1 ok, 0 failed, 0 unknown.`);
});

test("the JSON has stable names", async () => {
  expect(await statusOf()).toEqual({
    stack: "test-acme-eu-central-1",
    environment: "test",
    instance: "acme",
    account: "111122223333",
    region: "eu-central-1",
    outcome: "ok",
    problems: [],
    live: { value: { state: "deployed", version: "12", modified: "2026-11-20T08:15:30.000Z" } },
    index: { value: { state: "ACTIVE", contacts: 7 } },
    numbers: {
      unknown: {
        code: "not-checked",
        detail: "The flows of the phone numbers were not read on this machine.",
        fix: "Run: npm run fleet -- coverage test-acme-eu-central-1",
      },
    },
    canary: { value: { answer: "right", at: "2026-11-26T14:27:00.000Z", listedContacts: 6 } },
    alarms: { value: { active: [], insufficientData: [], missing: [], silenced: [] } },
    calls: {
      value: {
        day: { calls: 43, blocked: 3, lookups: 42, lookupErrors: 0, functionErrors: 0 },
        week: { calls: 48, blocked: 8, lookups: 42, lookupErrors: 2, functionErrors: 0 },
      },
    },
    differences: { value: [] },
  });
});

const missing = new AwsError("ResourceNotFoundException", "not found", 404);
const withIndex = (change: object) => ({
  "dynamodb:DescribeTable": table({ GlobalSecondaryIndexes: [{ ...index, ...change }] }),
});

test.each<readonly [code: string, answers: Answers]>([
  ["function-missing", { "lambda:GetFunctionConfiguration": missing, "lambda:GetAlias": missing }],
  ["table-missing", { "dynamodb:DescribeTable": missing }],
  ["table-unavailable", { "dynamodb:DescribeTable": table({ TableStatus: "ARCHIVED" }) }],
  ["index-missing", { "dynamodb:DescribeTable": table({ GlobalSecondaryIndexes: [] }) }],
  ["index-wrong-keys", withIndex({ KeySchema: [key("Disposition", "HASH"), key("CustomEndpoint", "RANGE")] })],
  ["index-wrong-keys", { "dynamodb:DescribeTable": table({ AttributeDefinitions: [] }) }],
  ["index-not-ready", withIndex({ IndexStatus: "CREATING" })],
  ["index-not-ready", withIndex({ IndexStatus: "DELETING" })],
  [
    "canary-wrong-answer",
    { "monitoring:GetMetricData": metrics({ ...points, CanaryWrongAnswer: [[now - 3 * minute, 1]] }) },
  ],
  ["canary-failed", { "monitoring:GetMetricData": metrics({ ...points, CanaryRun: [[now - 3 * minute, 0]] }) }],
  ["canary-silent", { "monitoring:GetMetricData": metrics({ ...points, CanaryRun: [] }) }],
  ["canary-silent", { "monitoring:GetMetricData": metrics({ ...points, CanaryRun: [[now - 25 * minute, 1]] }) }],
  ["alarm-active", { "monitoring:DescribeAlarms": alarms({ silence: { StateValue: "ALARM" } }) }],
  ["alarm-missing", { "monitoring:DescribeAlarms": alarms({ silence: undefined }) }],
  ["alarm-silenced", { "monitoring:DescribeAlarms": alarms({ silence: { ActionsEnabled: false } }) }],
  ["configuration-differs", { "lambda:GetFunctionConfiguration": { ...configuration, CodeSha256: "other" } }],
  ["configuration-differs", { "lambda:GetAlias": { RoutingConfig: { AdditionalVersionWeights: { "11": 0.5 } } } }],
])("%s is the only problem of an instance that has it", async (code, answers) => {
  const status = await statusOf(answers);
  expect(status.problems.map((problem) => problem.code)).toEqual([code]);
  expect(status.outcome).toBe("failed");
  expect(statusReport([status], now)).toContain(`\ntest-acme-eu-central-1: ${code}: `);
});

test("an answer that was wrong in an earlier run only is no problem", async () => {
  const recovered = metrics({ ...points, CanaryWrongAnswer: [[now - 8 * minute, 1]] });
  expect(await codesOf({ "monitoring:GetMetricData": recovered })).toEqual([]);
});

test("a canary that the environment file switches off is not asked", async () => {
  const off = { ...sampleInstance, alarms: { ...sampleInstance.alarms, canaryMinutes: false as const } };
  const status = await statusOf({}, off);
  expect([status.outcome, status.canary]).toEqual(["ok", { value: { answer: "off" } }]);
});

test("a difference names the setting and the variable, and never a value of a variable", async () => {
  const Variables = { ...configuration.Environment.Variables, EXEMPT_NUMBERS: "+15555550101" };
  const changed = { ...configuration, MemorySize: 128, Environment: { Variables } };
  const status = await statusOf({ "lambda:GetFunctionConfiguration": changed });
  expect(status.differences).toEqual({
    value: [
      { code: "memory", detail: "memory in MB is 128 instead of 512" },
      { code: "environment", detail: "EXEMPT_NUMBERS differs" },
    ],
  });
  expect(JSON.stringify(status)).not.toContain("55555501");
});

test("without data about calls the counts are not shown as zero", async () => {
  const { Match, NoMatch, Lookups, LookupError, ...canaryOnly } = points;
  const status = await statusOf({ "monitoring:GetMetricData": metrics(canaryOnly) });
  expect([Match, NoMatch, Lookups, LookupError]).not.toContain(undefined);
  expect(status).toMatchObject({ outcome: "ok", calls: { unknown: { code: "no-data" } } });
  expect(statusCells(status, now)).toMatchObject({ blocked: "no data", lookups: "no data", errors: "no data" });
});

test("a metric that CloudWatch returns in part is unknown", async () => {
  const status = await statusOf({ "monitoring:GetMetricData": metrics(points, "InternalError") });
  expect(status).toMatchObject({ outcome: "unknown", problems: [], calls: { unknown: { code: "failed" } } });
  expect(statusCells(status, now)).toMatchObject({ canary: "unknown", blocked: "unknown" });
});

describe("what cannot be read is unknown, with the reason, and the rest is shown", () => {
  const denied = new AwsError("AccessDeniedException", "not authorized", 403);

  test.each<readonly [call: string, names: string]>([
    ["lambda:GetFunctionConfiguration", "live, differences"],
    ["lambda:GetAlias", "live, differences"],
    ["dynamodb:DescribeTable", "index"],
    ["monitoring:GetMetricData", "canary, calls"],
    ["monitoring:DescribeAlarms", "alarms"],
  ])("if %s is denied", async (call, names) => {
    const status = await statusOf({ [call]: denied });
    expect(status).toMatchObject({ outcome: "unknown", problems: [] });
    const text = statusReport([status], now);
    expect(text).toContain(`test-acme-eu-central-1: ${names} unknown: denied: `);
    expect(text).toContain("Attach the policy read-and-invoke");
    const cells = Object.values(statusCells(status, now));
    expect(cells).toContain("unknown");
    expect(cells.filter((cell) => cell !== "unknown").length).toBeGreaterThan(2);
  });

  test("a problem counts more than an unknown value", async () => {
    const both = { "lambda:GetAlias": denied, ...withIndex({ IndexStatus: "DELETING" }) };
    expect((await statusOf(both)).outcome).toBe("failed");
  });
});

test("the last coverage is shown with its age, and a number that was not protected is a problem", async () => {
  const before = process.cwd();
  const directory = mkdtempSync(path.join(tmpdir(), "call-blocking-status-"));
  process.chdir(directory);
  try {
    savedCoverage.save(sampleInstance, { protected: 3, notProtected: 0, unknown: 1 });
    const fine = await statusOf();
    expect([fine.outcome, statusCells(fine, Date.now() + 3 * 24 * hour).numbers]).toEqual([
      "ok",
      "3 of 4 protected, 1 unknown, 3 d ago",
    ]);
    savedCoverage.save(sampleInstance, { protected: 3, notProtected: 1, unknown: 0 });
    expect(await codesOf({})).toEqual(["numbers-not-protected"]);
  } finally {
    process.chdir(before);
    rmSync(directory, { recursive: true });
  }
});

test("a value that does not arrive in time is unknown, and its requests are stopped", async () => {
  let stopped: AbortSignal | undefined;
  const never = (signal: AbortSignal): Promise<never> => {
    stopped = signal;
    return new Promise(() => undefined);
  };
  const reading = await read(never, { timeoutMs: 10, region: "eu-central-1" });
  expect(reading).toMatchObject({ unknown: { code: "unreachable" } });
  expect(reading).toHaveProperty("unknown.detail", "AWS did not answer in eu-central-1: no answer within 0.01 s.");
  expect(stopped?.aborted).toBe(true);
});

test("a decommissioned instance is not read", async () => {
  aws.calls.length = 0;
  const status = await statusOf({}, { ...sampleInstance, release: "remove-index" });
  expect([status.outcome, aws.calls]).toEqual(["skipped", []]);
});

test("CloudWatch is asked once for the metrics of many instances, and for 100 alarms at a time", async () => {
  aws.answers = healthy;
  aws.calls.length = 0;
  const many = Array.from({ length: 20 }, (_, n) => ({ ...sampleInstance, stackName: `test-i${n}-eu-central-1` }));
  const reader = new FleetReader(many, 10_000);
  const statuses = await reader.read(now);
  reader.destroy();
  expect(statuses.map(({ outcome }) => outcome)).toEqual(many.map(() => "ok"));
  const count = (call: string): number => aws.calls.filter((one) => one === call).length;
  expect({
    metrics: count("monitoring:GetMetricData"),
    alarms: count("monitoring:DescribeAlarms"),
    functions: count("lambda:GetFunctionConfiguration"),
    tables: count("dynamodb:DescribeTable"),
  }).toEqual({ metrics: 2, alarms: Math.ceil((20 * ALARMS.length) / 100), functions: 20, tables: 20 });
  expect(alarmName(many[0] ?? sampleInstance, ALARMS[0] ?? { id: "" })).toBe(
    `callBlocking-test-i0-eu-central-1-${anchorOf(ALARMS[0] ?? { id: "" })}`,
  );
});

test("the worst instances are first, and no instance is lost", async () => {
  const sample = await statusOf();
  const drawn = fc.record({
    outcome: fc.constantFrom("failed", "unknown", "ok", "skipped"),
    problems: fc.nat({ max: 5 }),
  });
  fc.assert(
    fc.property(fc.array(drawn), (all) => {
      const statuses = all.map(({ outcome, problems }, n): InstanceStatus => ({
        ...sample,
        stack: `s${n}`,
        outcome,
        problems: Array.from({ length: problems }, () => ({ code: "alarm-active", detail: "", fix: "" })),
      }));
      const sorted = worstFirst(statuses);
      expect(new Set(sorted)).toEqual(new Set(statuses));
      const ranks = sorted.map(({ outcome }) => ["failed", "unknown", "ok", "skipped"].indexOf(outcome));
      expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
      const failed = sorted.filter(({ outcome }) => outcome === "failed").map(({ problems }) => problems.length);
      expect(failed).toEqual([...failed].sort((a, b) => b - a));
    }),
  );
});
