/**
 * Every alarm, as it is deployed, on metrics out of log lines that the packaged functions wrote: silent while all is well, and each
 * going off, alone, for what it is there for.
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
import { playCall } from "../../sandbox/play-call";
import { ALARMS, alarmResources } from "../../stacks/alarms";
import { moduleContent } from "../../stacks/flow-contents";
import { functionSettings } from "../../stacks/function-settings";
import { GUIDE_BREAKS } from "../../scripts/runbook-page";
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
const LISTED = "+15555550150";

/** What the functions wrote to their logs, once for each kind of call and of canary run. */
const lines: Record<"listed" | "unlisted" | "denied" | "slow" | "canary" | "canaryWrong" | "canaryFailed", string> = {
  listed: "",
  unlisted: "",
  denied: "",
  slow: "",
  canary: "",
  canaryWrong: "",
  canaryFailed: "",
};
/** The error that Lambda reports of an invocation that ran out of time, and of the vendor's code on today's runtime. */
let timedOut: string | undefined;
let unloadable: string | undefined;
/** What the functions wrote when the module could not invoke them. */
let uncalled: readonly string[] = [];
let foreign: readonly string[] = [];

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

async function scripted(script: Script): Promise<FunctionInstance> {
  const server = await startScriptedServer(script);
  servers.push(server);
  return functionOn(server.url);
}

async function lineOf(from: FunctionInstance, event: unknown, timeoutMs = 3000): Promise<string> {
  const { logs, error } = await from.invoke(event, { timeoutMs });
  expect(error).toBeUndefined();
  expect(logs).toHaveLength(1);
  return logs[0] ?? "";
}

const from = (address: string): unknown => {
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
    });
    return await lineOf(canary, JSON.parse(input), 30_000);
  } finally {
    await canary.stop();
    api.closeAllConnections();
    api.close();
  }
}

/** Plays a call through the module; what the function logged of it. */
async function played(content: FlowContent, mayInvoke: (arn: string) => boolean): Promise<readonly string[]> {
  const { region, instanceArn } = instance;
  const { attributes, log } = await playCall({
    moduleContent: content,
    region,
    instanceArn,
    from: LISTED,
    function: lambda,
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
  lines.listed = await lineOf(lambda, from(LISTED));
  lines.unlisted = await lineOf(lambda, from("+15555550100"));
  lines.canary = await recordCanary(async (event) => (await lambda.invoke(event)).payload);

  const denied = await scripted((socket) => socket.write(dynamoDbError(400, "AccessDeniedException")));
  lines.denied = await lineOf(denied, from(LISTED));
  lines.canaryWrong = await recordCanary(async (event) => (await denied.invoke(event)).payload);
  lines.canaryFailed = await recordCanary(() => Promise.resolve({}), "dextr-gone");

  // The first attempt gets no answer and is given up after half the budget, the second one waits on.
  const slow = await scripted((socket, { index }) => {
    if (index > 0) setTimeout(() => socket.write(count(0)), 500);
  });
  lines.slow = await lineOf(slow, from("+15555550100"));
  const silent = await scripted(() => undefined);
  timedOut = (await silent.invoke(from(LISTED), { timeoutMs: 200 })).error?.errorType;

  const vendors = zipSync({ "index.js": strToU8(`require("aws-sdk"); exports.handler = async () => ({});`) });
  unloadable = await startFunction({ zip: vendors, handler: "index.handler", environment: {} }).then(
    () => undefined,
    (error: unknown) => String(error),
  );
  uncalled = await played(moduleContent(instance), () => false);
  const foreignArn = instance.function.aliasArn.replace(instance.account, "444455556666");
  const imported = moduleContent({ ...instance, function: { ...instance.function, aliasArn: foreignArn } });
  foreign = await played(imported, (arn) => arn === instance.function.aliasArn);
});

afterAll(async () => {
  await Promise.all([...running, ...servers].map((each) => each.stop()));
  await table.stop();
});

/** Eight days, the last hours of which are watched closely. */
const END = 8 * DAY;
const CLOSELY = 6 * HOUR;
/** When faults begin: on the hour, with a whole hour and more to go. */
const FAULT = END - 3 * HOUR;

/** What happens in a recording; without more, all is well. */
interface Recording {
  /** Whether somebody who is listed calls, three times a day. @default true */
  readonly listedCallers?: boolean;
  /** The line of a call at that time; undefined for one that the function does not hear of. */
  readonly call?: (at: number) => string | undefined;
  /** The line of a run at that time; undefined for none. */
  readonly canary?: (at: number) => string | undefined;
  /** Further metrics, which AWS itself has. */
  readonly more?: (cloudwatch: CloudWatch) => void;
}

const LAMBDA = { FunctionName: "blockedCalls-acme", Resource: "blockedCalls-acme:live" };
const INDEX = { TableName: "dextr-acme", GlobalSecondaryIndexName: "Disposition-CustomerEndpoint-index" };

/** A call every 150 seconds, and the canary every five minutes, one second after the minute. */
function record({
  listedCallers = true,
  call = () => lines.unlisted,
  canary = () => lines.canary,
  more,
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
    const isListed = listedCallers && at % (8 * HOUR) === 10;
    const line = isListed ? lines.listed : call(at);
    if (line !== undefined) cloudwatch.log(at, line);
  }
  for (let at = 1; at < END; at += 5 * MINUTE) {
    const line = canary(at);
    if (line !== undefined) cloudwatch.log(at, line);
  }
  more?.(cloudwatch);
  return cloudwatch;
}

const deployedAlarms = (of: InstanceConfig): Record<string, DeployedAlarm> =>
  (alarmResources(of)["aws_cloudwatch_metric_alarm"] ?? {}) as Record<string, DeployedAlarm>;

/** The alarms that go off at any time of a recording; the first day is not judged, before which nothing was recorded. */
function goneOff(cloudwatch: CloudWatch, of = instance): string[] {
  const times = [
    ...Array.from({ length: (END - CLOSELY - DAY) / HOUR }, (_, n) => DAY + n * HOUR),
    ...Array.from({ length: CLOSELY / (5 * MINUTE) + 1 }, (_, n) => END - CLOSELY + n * 5 * MINUTE),
  ];
  return Object.entries(deployedAlarms(of))
    .filter(([, alarm]) => times.some((now) => cloudwatch.alarms(alarm, now)))
    .map(([id]) => id)
    .sort();
}

const within = (at: number, from: number, seconds: number): boolean => at >= from && at < from + seconds;

const faults: Readonly<Record<string, () => Recording>> = {
  lookup_errors: () => ({ call: (at) => (within(at, FAULT, 10 * MINUTE) ? lines.denied : lines.unlisted) }),
  function_errors: () => ({
    more: (cloudwatch) => {
      expect(timedOut).toBe("Sandbox.Timedout");
      cloudwatch.put(FAULT + 2, "AWS/Lambda", "Errors", LAMBDA, 1);
    },
  }),
  throttles: () => ({
    call: (at) => (within(at, FAULT, 150) ? undefined : lines.unlisted),
    more: (cloudwatch) => {
      cloudwatch.put(FAULT + 10, "AWS/Lambda", "Throttles", LAMBDA, 1);
    },
  }),
  slow_answers: () => ({ call: (at) => (within(at, FAULT, 10 * MINUTE) ? lines.slow : lines.unlisted) }),
  silence: () => ({ call: (at) => (within(at, FAULT, HOUR) ? undefined : lines.unlisted), listedCallers: true }),
  never_matches: () => ({ listedCallers: false }),
  matches_too_much: () => ({ call: (at) => (within(at, FAULT, 40 * MINUTE) ? lines.listed : lines.unlisted) }),
  index_read_throttling: () => ({
    more: (cloudwatch) => {
      cloudwatch.put(FAULT + 3, "AWS/DynamoDB", "ReadThrottleEvents", INDEX, 1);
    },
  }),
  index_write_throttling: () => ({
    more: (cloudwatch) => {
      cloudwatch.put(FAULT + 3, "AWS/DynamoDB", "WriteThrottleEvents", INDEX, 1);
    },
  }),
  wrong_answer: () => ({ canary: (at) => (within(at, FAULT, 10 * MINUTE) ? lines.canaryWrong : lines.canary) }),
  canary_silent: () => ({ canary: (at) => (within(at, FAULT, 15 * MINUTE) ? undefined : lines.canary) }),
};

test("while all is well no alarm goes off", () => {
  expect(goneOff(record({}))).toEqual([]);
});

test("every alarm has a fault here", () => {
  expect(Object.keys(faults).sort()).toEqual(ALARMS.map(({ id }) => id).sort());
  expect(Object.keys(deployedAlarms(instance)).sort()).toEqual(Object.keys(faults).sort());
});

test.each(Object.keys(faults))("%s goes off for its fault, alone", (id) => {
  expect(goneOff(record(faults[id]?.() ?? {}))).toEqual([id]);
});

describe("what is not enough for an alarm", () => {
  test("errors in one period of five minutes, or fewer in each than the threshold", () => {
    const denied = (minutes: number) => (at: number) =>
      within(at, FAULT, minutes * MINUTE) ? lines.denied : lines.unlisted;
    expect(goneOff(record({ call: denied(5) }))).toEqual([]);
    const from = (lookupErrors: number) => ({ ...instance, alarms: { ...instance.alarms, lookupErrors } });
    expect(goneOff(record({ call: denied(10) }), from(2))).toEqual(["lookup_errors"]);
    expect(goneOff(record({ call: denied(10) }), from(3))).toEqual([]);
  });

  test("one wrong answer to the canary, or one run of it that is missing", () => {
    expect(
      goneOff(record({ canary: (at) => (within(at, FAULT, 5 * MINUTE) ? lines.canaryWrong : lines.canary) })),
    ).toEqual([]);
    expect(goneOff(record({ canary: (at) => (within(at, FAULT, 5 * MINUTE) ? undefined : lines.canary) }))).toEqual([]);
  });

  test("half of an hour without questions, or an hour with few calls", () => {
    expect(goneOff(record({ call: (at) => (within(at, FAULT, HOUR / 2) ? undefined : lines.unlisted) }))).toEqual([]);
    const busier = { ...instance, alarms: { ...instance.alarms, silentCalls: 25 } };
    expect(goneOff(record(faults["silence"]?.() ?? {}), busier)).toEqual([]);
  });

  test("no match while fewer contacts are listed than the threshold", () => {
    const fewer = { ...instance, alarms: { ...instance.alarms, neverMatchesContacts: 26 } };
    expect(goneOff(record({ listedCallers: false }), fewer)).toEqual([]);
  });

  test("a probe, however often, where no call is answered: it hides no silence", async () => {
    const event = { ...connectEvent(), Name: "CallBlockingProbe" };
    const probed = await lineOf(lambda, event);
    expect(goneOff(record({ call: (at) => (within(at, FAULT, HOUR) ? probed : lines.unlisted) }))).toEqual(["silence"]);
  });
});

test("a canary whose runs fail is as silent as one that does not run", () => {
  const canary = (at: number) => (within(at, FAULT, 15 * MINUTE) ? lines.canaryFailed : lines.canary);
  expect(goneOff(record({ canary }))).toEqual(["canary_silent"]);
});

test("an alarm that the environment file wants none of is not there, and without a canary none that needs it", () => {
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

test("every metric of our own that an alarm reads is one that the functions emit, in these dimensions", () => {
  const cloudwatch = record({});
  const metrics = Object.values(deployedAlarms(instance)).flatMap(({ metric_query }) =>
    metric_query.flatMap(({ metric = [] }) => metric),
  );
  const own = metrics.filter(({ namespace }) => !namespace.startsWith("AWS/"));
  expect(own.length).toBeGreaterThan(8);
  for (const { namespace, metric_name, dimensions } of own)
    expect([metric_name, cloudwatch.has(namespace, metric_name, dimensions)]).toEqual([metric_name, true]);
});

test("CloudWatch takes every alarm: what it looks back on is a week at most, and a day where a period is shorter than an hour", () => {
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

test("slow is what one answer in a hundred is, at a part of the budget that the environment file gives", () => {
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

  test("hears of every alarm when it goes off and when it is over, and of a canary of which nothing is heard", () => {
    const own = "${aws_sns_topic.alarms.arn}";
    for (const [id, alarm] of Object.entries(resources()["aws_cloudwatch_metric_alarm"] ?? {})) {
      expect(alarm).toMatchObject({ alarm_actions: [own], ok_actions: [own] });
      const withoutData = (alarm as Json)["insufficient_data_actions"];
      expect([id, withoutData]).toEqual([id, id === "canary_silent" ? [own] : undefined]);
    }
  });

  test("takes messages from this account's alarms, and from nobody else", () => {
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

  test("may be one that exists: then the stack has none", () => {
    const topicArn = "arn:aws:sns:eu-central-1:111122223333:on-call";
    const existing = resources({ topicArn });
    expect(Object.keys(existing)).toEqual(["aws_cloudwatch_metric_alarm"]);
    for (const alarm of Object.values(existing["aws_cloudwatch_metric_alarm"] ?? {}))
      expect(alarm).toMatchObject({ alarm_actions: [topicArn], ok_actions: [topicArn] });
  });

  test("is not there where no alarm is", () => {
    const off = Object.fromEntries(ALARMS.flatMap(({ keys }) => keys.slice(0, 1)).map((key) => [key, false]));
    expect(resources(off)).toEqual({});
  });
});

describe("what the vendor's guide leaves broken", () => {
  const recordings = [
    () => ({
      call: (at: number) => (within(at, FAULT, HOUR) ? undefined : lines.unlisted),
      more: (cloudwatch: CloudWatch) => {
        expect(unloadable).toContain("Cannot find module 'aws-sdk'");
        for (let at = FAULT + 10; at < FAULT + HOUR; at += 150) cloudwatch.put(at, "AWS/Lambda", "Errors", LAMBDA, 1);
      },
    }),
    () => {
      expect(lines.denied).toContain('"reason":"access_denied"');
      return { call: (at: number) => (within(at, FAULT, HOUR) ? lines.denied : lines.unlisted) };
    },
    () => ({ call: (at: number) => (within(at, FAULT, HOUR) ? uncalled[0] : lines.unlisted) }),
    () => ({ call: (at: number) => (within(at, FAULT, HOUR) ? foreign[0] : lines.unlisted) }),
  ];

  test.each(GUIDE_BREAKS.map((each, index) => ({ ...each, index })))(
    "$what It shows in $alarm.",
    ({ alarm, index }) => {
      const recording = recordings[index]?.();
      expect(goneOff(record(recording ?? {}))).toContain(alarm);
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
  ])("%s", (expression, expected) => {
    expect(evaluate(expression, series, 3)).toEqual(expected);
  });

  test.each(["a +", "FILL(a)", "c", "IF(a, 1, 0) b", "RATE(a)"])("%s is refused", (expression) => {
    expect(() => evaluate(expression, series, 3)).toThrow(expression);
  });
});
