/**
 * Tests the deployed alarms with metrics from log lines of the packaged functions: no alarm fires without a fault, and for each fault
 * only its alarm fires.
 */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { strToU8, zipSync } from "fflate";
import type { InstanceConfig } from "../../config/types";
import type { FlowContent } from "../../flows/language/types";
import { canaryInput } from "../../lambda/canary/settings";
import { packageBlockedCalls, packageCanary } from "../../lambda/packaging";
import { functionEnvironment } from "../../lambda/settings";
import { type ContactTable, startContactTable } from "../../emulators/contact-table";
import { type FunctionInstance, startFunction } from "../../emulators/lambda-runtime/function-instance";
import { playCall } from "../../emulators/play-call";
import { ALARMS, alarmResources } from "../../stacks/alarms";
import { moduleContent } from "../../stacks/flow-contents";
import { functionSettings } from "../../stacks/function-settings";
import { GUIDE_FAULTS } from "../../scripts/runbook-page";
import { callFrom, connectEvent } from "../lambda/blocked-calls/connect-event";
import {
  count,
  dynamoDbError,
  startScriptedServer,
  type Script,
  type ScriptedServer,
} from "../lambda/blocked-calls/scripted-server";
import { CloudWatch, evaluate, type DeployedAlarm } from "./cloudwatch";
import { sampleInstance } from "./sample-instance";

jest.setTimeout(60_000);

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const instance: InstanceConfig = sampleInstance;
const BLOCKED_NUMBER = "+15555550150";

/** One recorded log line for each kind of call and canary run. */
const lines: Record<"blocked" | "notBlocked" | "denied" | "slow" | "canary" | "canaryWrong" | "canaryFailed", string> =
  {
    blocked: "",
    notBlocked: "",
    denied: "",
    slow: "",
    canary: "",
    canaryWrong: "",
    canaryFailed: "",
  };
/** The errors that Lambda reports for a timeout, and for the vendor's code on a current runtime. */
let timedOut: string | undefined;
let unloadable: string | undefined;
/** The log lines of calls whose module could not invoke the function: without an association, and with an ARN of another account. */
let notAssociated: readonly string[] = [];
let otherAccount: readonly string[] = [];

let table: ContactTable;
let lambda: FunctionInstance;
let api: Server;
const running: FunctionInstance[] = [];
const servers: ScriptedServer[] = [];

async function functionOn(endpoint: string): Promise<FunctionInstance> {
  const started = await startFunction({
    ...packageBlockedCalls(),
    environment: {
      ...functionEnvironment(functionSettings(instance)),
      AWS_REGION: instance.region,
      AWS_ENDPOINT_URL_DYNAMODB: endpoint,
    },
  });
  running.push(started);
  return started;
}

async function functionOnScriptedServer(script: Script): Promise<FunctionInstance> {
  const server = await startScriptedServer(script);
  servers.push(server);
  return functionOn(server.url);
}

async function lineOf(target: FunctionInstance, event: unknown, timeoutMs = 3000): Promise<string> {
  const { logs, error } = await target.invoke(event, { timeoutMs });
  expect(error).toBeUndefined();
  expect(logs).toHaveLength(1);
  return logs[0] ?? "";
}

const eventFrom = (address: string): unknown => {
  const event = callFrom(address);
  return {
    ...event,
    Details: { ...event.Details, Parameters: { BlockedDisposition: "Blocked", InstanceName: "acme" } },
  };
};

async function recordCanary(
  ask: (event: unknown) => Promise<unknown>,
  tableName = instance.table.name,
): Promise<string> {
  api = createServer((request, response) => {
    void text(request)
      .then((body) => ask(JSON.parse(body)))
      .then((payload) => response.end(JSON.stringify(payload)));
  });
  api.listen(0, "127.0.0.1");
  await once(api, "listening");
  const canary = await startFunction({
    ...packageCanary(),
    environment: {
      AWS_REGION: instance.region,
      AWS_ENDPOINT_URL_DYNAMODB: table.endpoint,
      AWS_ENDPOINT_URL_LAMBDA: `http://127.0.0.1:${(api.address() as AddressInfo).port}`,
    },
  });
  try {
    const input = canaryInput({
      environment: instance.environment,
      instanceName: instance.name,
      instanceArn: instance.instanceArn,
      tableName,
      functionArn: instance.function.aliasArn,
      blockedDispositions: instance.blockedDispositions,
      exemptNumbers: instance.exemptNumbers,
      otherNumbers: instance.lookup.otherNumbers,
    });
    return await lineOf(canary, JSON.parse(input), 30_000);
  } finally {
    await canary.stop();
    api.closeAllConnections();
    api.close();
  }
}

/** Plays a call through the module, and returns the function's log lines. */
async function playModule(content: FlowContent, mayInvoke: (arn: string) => boolean): Promise<readonly string[]> {
  const { region, instanceArn } = instance;
  const { attributes, log } = await playCall({
    content,
    kind: "module",
    region,
    instanceArn,
    from: BLOCKED_NUMBER,
    invoke: (_, event, timeoutMs) => lambda.invoke(event, { timeoutMs }),
    mayInvoke,
  });
  expect(attributes).toEqual({ blockedStatus: "nomatch" });
  return log;
}

beforeAll(async () => {
  table = await startContactTable(instance.table.name, instance.region);
  for (let n = 0; n < 25; n++)
    await table.put({ contactId: String(n), customerEndpoint: `+155555501${50 + n}`, disposition: "Blocked" });
  lambda = await functionOn(table.endpoint);
  lines.blocked = await lineOf(lambda, eventFrom(BLOCKED_NUMBER));
  lines.notBlocked = await lineOf(lambda, eventFrom("+15555550100"));
  lines.canary = await recordCanary(async (event) => (await lambda.invoke(event)).payload);

  const denied = await functionOnScriptedServer((socket) => socket.write(dynamoDbError(400, "AccessDeniedException")));
  lines.denied = await lineOf(denied, eventFrom(BLOCKED_NUMBER));
  lines.canaryWrong = await recordCanary(async (event) => (await denied.invoke(event)).payload);
  lines.canaryFailed = await recordCanary(() => Promise.resolve({}), "dextr-gone");

  // The first attempt gets no answer and ends after half the budget. The second attempt gets a late answer.
  const slow = await functionOnScriptedServer((socket, { index }) => {
    if (index > 0) setTimeout(() => socket.write(count(0)), 500);
  });
  lines.slow = await lineOf(slow, eventFrom("+15555550100"));
  const silent = await functionOnScriptedServer(() => undefined);
  timedOut = (await silent.invoke(eventFrom(BLOCKED_NUMBER), { timeoutMs: 200 })).error?.errorType;

  const vendorPackage = zipSync({ "index.js": strToU8(`require("aws-sdk"); exports.handler = async () => ({});`) });
  unloadable = await startFunction({ zip: vendorPackage, handler: "index.handler", environment: {} }).then(
    () => undefined,
    (error: unknown) => String(error),
  );
  notAssociated = await playModule(moduleContent(instance), () => false);
  const otherAccountArn = instance.function.aliasArn.replace(instance.account, "444455556666");
  const imported = moduleContent({ ...instance, function: { ...instance.function, aliasArn: otherAccountArn } });
  otherAccount = await playModule(imported, (arn) => arn === instance.function.aliasArn);
});

afterAll(async () => {
  await Promise.all([...running, ...servers].map((each) => each.stop()));
  await table.stop();
});

/** A recording has eight days. Alarms are evaluated every five minutes in the last six hours, and every hour before. */
const END = 8 * DAY;
const FREQUENT = 6 * HOUR;
/** The start of each fault: on the hour, more than one hour before the end. */
const FAULT = END - 3 * HOUR;

/** The events of a recording. The defaults contain no fault. */
interface Recording {
  /** Whether blocked callers call three times a day. @default true */
  readonly blockedCallers?: boolean;
  /** Returns the log line of a call at this time, or undefined if the call does not invoke the function. */
  readonly call?: (at: number) => string | undefined;
  /** Returns the log line of a canary run at this time, or undefined if the canary does not run. */
  readonly canary?: (at: number) => string | undefined;
  /** Adds metrics of AWS services to the recording. */
  readonly awsMetrics?: (cloudwatch: CloudWatch) => void;
}

const LAMBDA = { FunctionName: "blockedCalls-acme", Resource: "blockedCalls-acme:live" };
const INDEX = { TableName: "dextr-acme", GlobalSecondaryIndexName: "Disposition-CustomerEndpoint-index" };

/** Records a call every 150 seconds, and a canary run every five minutes, one second after the minute. */
function record({
  blockedCallers = true,
  call = () => lines.notBlocked,
  canary = () => lines.canary,
  awsMetrics,
}: Recording): CloudWatch {
  const cloudwatch = new CloudWatch();
  for (let at = 10; at < END; at += 150) {
    cloudwatch.put(
      at,
      "AWS/Connect",
      "CallsPerInterval",
      { InstanceId: instance.instanceId, MetricGroup: "VoiceCalls" },
      1,
    );
    const isBlocked = blockedCallers && at % (8 * HOUR) === 10;
    const line = isBlocked ? lines.blocked : call(at);
    if (line !== undefined) cloudwatch.log(at, line);
  }
  for (let at = 1; at < END; at += 5 * MINUTE) {
    const line = canary(at);
    if (line !== undefined) cloudwatch.log(at, line);
  }
  awsMetrics?.(cloudwatch);
  return cloudwatch;
}

const deployedAlarms = (of: InstanceConfig): Record<string, DeployedAlarm> =>
  (alarmResources(of)["aws_cloudwatch_metric_alarm"] ?? {}) as Record<string, DeployedAlarm>;

/** Returns the alarms that fire at any time of a recording. The first day does not count, because it has no data before it. */
function firedAlarms(cloudwatch: CloudWatch, of = instance): string[] {
  const times = [
    ...Array.from({ length: (END - FREQUENT - DAY) / HOUR }, (_, n) => DAY + n * HOUR),
    ...Array.from({ length: FREQUENT / (5 * MINUTE) + 1 }, (_, n) => END - FREQUENT + n * 5 * MINUTE),
  ];
  return Object.entries(deployedAlarms(of))
    .filter(([, alarm]) => times.some((now) => cloudwatch.fires(alarm, now)))
    .map(([id]) => id)
    .sort();
}

const within = (at: number, from: number, seconds: number): boolean => at >= from && at < from + seconds;

const faults: Readonly<Record<string, () => Recording>> = {
  lookup_errors: () => ({ call: (at) => (within(at, FAULT, 10 * MINUTE) ? lines.denied : lines.notBlocked) }),
  function_errors: () => ({
    awsMetrics: (cloudwatch) => {
      expect(timedOut).toBe("Sandbox.Timedout");
      cloudwatch.put(FAULT + 2, "AWS/Lambda", "Errors", LAMBDA, 1);
    },
  }),
  throttles: () => ({
    call: (at) => (within(at, FAULT, 150) ? undefined : lines.notBlocked),
    awsMetrics: (cloudwatch) => {
      cloudwatch.put(FAULT + 10, "AWS/Lambda", "Throttles", LAMBDA, 1);
    },
  }),
  slow_answers: () => ({ call: (at) => (within(at, FAULT, 10 * MINUTE) ? lines.slow : lines.notBlocked) }),
  silence: () => ({ call: (at) => (within(at, FAULT, HOUR) ? undefined : lines.notBlocked), blockedCallers: true }),
  never_matches: () => ({ blockedCallers: false }),
  matches_too_much: () => ({ call: (at) => (within(at, FAULT, 40 * MINUTE) ? lines.blocked : lines.notBlocked) }),
  index_read_throttling: () => ({
    awsMetrics: (cloudwatch) => {
      cloudwatch.put(FAULT + 3, "AWS/DynamoDB", "ReadThrottleEvents", INDEX, 1);
    },
  }),
  index_write_throttling: () => ({
    awsMetrics: (cloudwatch) => {
      cloudwatch.put(FAULT + 3, "AWS/DynamoDB", "WriteThrottleEvents", INDEX, 1);
    },
  }),
  wrong_answer: () => ({ canary: (at) => (within(at, FAULT, 10 * MINUTE) ? lines.canaryWrong : lines.canary) }),
  canary_silent: () => ({ canary: (at) => (within(at, FAULT, 15 * MINUTE) ? undefined : lines.canary) }),
};

test("without a fault no alarm fires", () => {
  expect(firedAlarms(record({}))).toEqual([]);
});

test("this file has a fault for every alarm", () => {
  expect(Object.keys(faults).sort()).toEqual(ALARMS.map(({ id }) => id).sort());
  expect(Object.keys(deployedAlarms(instance)).sort()).toEqual(Object.keys(faults).sort());
});

test.each(Object.keys(faults))("only %s fires for its fault", (id) => {
  expect(firedAlarms(record(faults[id]?.() ?? {}))).toEqual([id]);
});

describe("no alarm fires", () => {
  test("for errors in one period of five minutes, or for fewer errors than the threshold", () => {
    const denied = (minutes: number) => (at: number) =>
      within(at, FAULT, minutes * MINUTE) ? lines.denied : lines.notBlocked;
    expect(firedAlarms(record({ call: denied(5) }))).toEqual([]);
    const from = (lookupErrors: number) => ({ ...instance, alarms: { ...instance.alarms, lookupErrors } });
    expect(firedAlarms(record({ call: denied(10) }), from(2))).toEqual(["lookup_errors"]);
    expect(firedAlarms(record({ call: denied(10) }), from(3))).toEqual([]);
  });

  test("for one wrong answer to the canary, or one missing run", () => {
    expect(
      firedAlarms(record({ canary: (at) => (within(at, FAULT, 5 * MINUTE) ? lines.canaryWrong : lines.canary) })),
    ).toEqual([]);
    expect(firedAlarms(record({ canary: (at) => (within(at, FAULT, 5 * MINUTE) ? undefined : lines.canary) }))).toEqual(
      [],
    );
  });

  test("for half an hour without invocations, or for an hour with few calls", () => {
    expect(firedAlarms(record({ call: (at) => (within(at, FAULT, HOUR / 2) ? undefined : lines.notBlocked) }))).toEqual(
      [],
    );
    const busier = { ...instance, alarms: { ...instance.alarms, silentCalls: 25 } };
    expect(firedAlarms(record(faults["silence"]?.() ?? {}), busier)).toEqual([]);
  });

  test("without matches, if fewer contacts are blocked than the threshold", () => {
    const fewer = { ...instance, alarms: { ...instance.alarms, neverMatchesContacts: 26 } };
    expect(firedAlarms(record({ blockedCallers: false }), fewer)).toEqual([]);
  });

  test("because of probes, and probes do not hide missing invocations", async () => {
    const event = { ...connectEvent(), Name: "CallBlockingProbe" };
    const probed = await lineOf(lambda, event);
    expect(firedAlarms(record({ call: (at) => (within(at, FAULT, HOUR) ? probed : lines.notBlocked) }))).toEqual([
      "silence",
    ]);
  });
});

test("failing canary runs fire the same alarm as missing runs", () => {
  const canary = (at: number) => (within(at, FAULT, 15 * MINUTE) ? lines.canaryFailed : lines.canary);
  expect(firedAlarms(record({ canary }))).toEqual(["canary_silent"]);
});

test("an alarm that is switched off does not exist, and without the canary its alarms do not exist", () => {
  const { alarms } = instance;
  const off = { ...alarms, lookupErrors: false, silentCalls: false, canaryMinutes: false } as const;
  expect(Object.keys(deployedAlarms({ ...instance, alarms: off })).sort()).toEqual(
    [
      "function_errors",
      "index_read_throttling",
      "index_write_throttling",
      "matches_too_much",
      "slow_answers",
      "throttles",
    ].sort(),
  );
});

test("the functions emit every metric of ours that an alarm reads, with the same dimensions", () => {
  const cloudwatch = record({});
  const metrics = Object.values(deployedAlarms(instance)).flatMap(({ metric_query }) =>
    metric_query.flatMap(({ metric = [] }) => metric),
  );
  const own = metrics.filter(({ namespace }) => !namespace.startsWith("AWS/"));
  expect(own.length).toBeGreaterThan(8);
  for (const { namespace, metric_name, dimensions } of own)
    expect([metric_name, cloudwatch.has(namespace, metric_name, dimensions)]).toEqual([metric_name, true]);
});

test("every alarm evaluates at most one week, or one day if a period is shorter than an hour", () => {
  for (const canaryMinutes of [1, 5, 60]) {
    for (const { evaluation_periods, metric_query } of Object.values(
      deployedAlarms({ ...instance, alarms: { ...instance.alarms, canaryMinutes } }),
    )) {
      const [period = 0, ...others] = new Set(
        metric_query.flatMap(({ metric = [] }) => metric.map((one) => one.period)),
      );
      expect(others).toEqual([]);
      expect(period % MINUTE).toBe(0);
      expect(period * evaluation_periods).toBeLessThanOrEqual(period < HOUR ? DAY : 7 * DAY);
    }
  }
});

test("the alarm for slow answers compares p99 with the configured part of the budget", () => {
  const lookup = { ...instance.lookup, budgetMs: 1000 };
  const alarms = { ...instance.alarms, slowAnswersPercent: 60 };
  expect(deployedAlarms({ ...instance, lookup, alarms })["slow_answers"]).toMatchObject({
    threshold: 600,
    metric_query: [{ metric: [{ metric_name: "LatencyMs", stat: "p99" }] }],
  });
});

describe("the topic", () => {
  type Json = Readonly<Record<string, unknown>>;
  const resources = (changes: Partial<InstanceConfig["alarms"]> = {}) =>
    alarmResources({ ...instance, alarms: { ...instance.alarms, ...changes } });

  test("receives every alarm when it fires and when it ends, and also missing data of the canary", () => {
    const own = "${aws_sns_topic.alarms.arn}";
    for (const [id, alarm] of Object.entries(resources()["aws_cloudwatch_metric_alarm"] ?? {})) {
      expect(alarm).toMatchObject({ alarm_actions: [own], ok_actions: [own] });
      const insufficientData = (alarm as Json)["insufficient_data_actions"];
      expect([id, insufficientData]).toEqual([id, id === "canary_silent" ? [own] : undefined]);
    }
  });

  test("accepts messages only from alarms of this account", () => {
    const { policy } = resources()["aws_sns_topic"]?.["alarms"] as { policy: string };
    expect((JSON.parse(policy) as { Statement: unknown }).Statement).toEqual([
      {
        Sid: "AlarmsOfThisAccount",
        Effect: "Allow",
        Principal: { Service: "cloudwatch.amazonaws.com" },
        Action: "sns:Publish",
        Resource: "arn:aws:sns:eu-central-1:111122223333:callBlocking-test-acme-eu-central-1",
        Condition: {
          StringEquals: { "aws:SourceAccount": "111122223333" },
          ArnLike: { "aws:SourceArn": "arn:aws:cloudwatch:eu-central-1:111122223333:alarm:*" },
        },
      },
    ]);
  });

  test("is not created if the instance names an existing topic", () => {
    const topicArn = "arn:aws:sns:eu-central-1:111122223333:on-call";
    const existing = resources({ topicArn });
    expect(Object.keys(existing)).toEqual(["aws_cloudwatch_metric_alarm"]);
    for (const alarm of Object.values(existing["aws_cloudwatch_metric_alarm"] ?? {}))
      expect(alarm).toMatchObject({ alarm_actions: [topicArn], ok_actions: [topicArn] });
  });

  test("is not created without alarms", () => {
    const off = Object.fromEntries(ALARMS.flatMap(({ keys }) => keys.slice(0, 1)).map((key) => [key, false]));
    expect(resources(off)).toEqual({});
  });
});

describe("for a deployment that follows the vendor's guide", () => {
  const recordings = [
    () => ({
      call: (at: number) => (within(at, FAULT, HOUR) ? undefined : lines.notBlocked),
      awsMetrics: (cloudwatch: CloudWatch) => {
        expect(unloadable).toContain("Cannot find module 'aws-sdk'");
        for (let at = FAULT + 10; at < FAULT + HOUR; at += 150) cloudwatch.put(at, "AWS/Lambda", "Errors", LAMBDA, 1);
      },
    }),
    () => {
      expect(lines.denied).toContain('"reason":"access_denied"');
      return { call: (at: number) => (within(at, FAULT, HOUR) ? lines.denied : lines.notBlocked) };
    },
    () => ({ call: (at: number) => (within(at, FAULT, HOUR) ? notAssociated[0] : lines.notBlocked) }),
    () => ({ call: (at: number) => (within(at, FAULT, HOUR) ? otherAccount[0] : lines.notBlocked) }),
  ];

  test.each(GUIDE_FAULTS.map((each, index) => ({ ...each, index })))(
    "the alarm $alarm fires: $fault",
    ({ alarm, index }) => {
      const recording = recordings[index]?.();
      expect(firedAlarms(record(recording ?? {}))).toContain(alarm);
    },
  );
});

describe("metric math", () => {
  const series = new Map([
    ["a", [1, undefined, 3]],
    ["b", [2, 2, 0]],
  ]);
  test.each([
    ["a + b * 2", [5, undefined, 3]],
    ["FILL(a, 0) - (b - 1)", [0, -1, 4]],
    ["IF(FILL(a, 0) >= 1 AND b == 2, 1, 0)", [1, 0, 0]],
    ["IF(a > 2 OR b > 0, 10, 20)", [10, undefined, 10]],
  ])("%s has the values of CloudWatch", (expression, expected) => {
    expect(evaluate(expression, series, 3)).toEqual(expected);
  });

  test.each(["a +", "FILL(a)", "c", "IF(a, 1, 0) b", "RATE(a)"])("%s is not valid", (expression) => {
    expect(() => evaluate(expression, series, 3)).toThrow(expression);
  });
});
