/** The alarms of a stack: what each watches, when it goes off, and what it means to the person whom it wakes. */
import { aliasName, indexName, watchName } from "../config/aws-names";
import type { InstanceConfig } from "../config/types";
import { METRICS_NAMESPACE } from "../lambda/settings";
import type { RawResources } from "./raw-resources";
import { policyDocument } from "./role-policies";

/** One metric as an alarm reads it. */
export interface Metric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  /** `Sum`, `Maximum` or a percentile such as `p99`. */
  readonly stat: string;
}

/** When an alarm goes off. */
export interface Rule {
  /** By the ids that the expression uses. Without an expression there is one, and it is compared itself. */
  readonly metrics: Readonly<Record<string, Metric>>;
  /** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html; 1 where something is wrong, else 0. */
  readonly expression?: string;
  readonly comparison: "GreaterThanOrEqualToThreshold" | "LessThanThreshold";
  readonly threshold: number;
  /** Of `periods` periods of so many seconds, `datapoints` must be on the wrong side. */
  readonly periodSeconds: number;
  readonly periods: number;
  readonly datapoints: number;
  /** What a period without data means: that nothing happened, or that nobody watches, which is told as an alarm is. */
  readonly withoutData: "nothing happened" | "nobody watches";
}

export interface Alarm {
  /** Logical id, last part of the alarm's name, and with hyphens the anchor of its entry in the runbook. */
  readonly id: string;
  readonly title: string;
  /** One or two sentences: what has been seen, and what it means. */
  readonly means: string;
  /** What people who call, or who work with their calls, notice. */
  readonly callers: string;
  readonly findOut: readonly string[];
  readonly mend: readonly string[];
  /** Keys of `alarms` in the environment file. */
  readonly keys: readonly (keyof InstanceConfig["alarms"])[];
  /** Undefined where the environment file wants no such alarm. */
  readonly rule: (instance: InstanceConfig) => Rule | undefined;
}

const FIVE_MINUTES = 300;
const HOUR = 3600;
const DAY = 86_400;

const own = ({ environment, name }: InstanceConfig, metric: string, stat = "Sum"): Metric => ({
  namespace: METRICS_NAMESPACE,
  name: metric,
  dimensions: { Environment: environment, Instance: name },
  stat,
});

/** Of the alias, so that somebody's test of another version is no alarm. */
const lambda = (instance: InstanceConfig, metric: string): Metric => ({
  namespace: "AWS/Lambda",
  name: metric,
  dimensions: { FunctionName: instance.function.name, Resource: `${instance.function.name}:${aliasName}` },
  stat: "Sum",
});

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html */
const index = ({ table }: InstanceConfig, metric: string): Metric => ({
  namespace: "AWS/DynamoDB",
  name: metric,
  dimensions: { TableName: table.name, GlobalSecondaryIndexName: indexName },
  stat: "Sum",
});

/** Voice calls of the whole instance, in and out (https://docs.aws.amazon.com/connect/latest/adminguide/monitoring-cloudwatch.html). */
const calls = ({ instanceId }: InstanceConfig): Metric => ({
  namespace: "AWS/Connect",
  name: "CallsPerInterval",
  dimensions: { InstanceId: instanceId, MetricGroup: "VoiceCalls" },
  stat: "Sum",
});

/** So many within five minutes. */
const count = (metric: Metric, threshold: number | false): Rule | undefined =>
  threshold === false
    ? undefined
    : {
        metrics: { count: metric },
        comparison: "GreaterThanOrEqualToThreshold",
        threshold,
        periodSeconds: FIVE_MINUTES,
        periods: 1,
        datapoints: 1,
        withoutData: "nothing happened",
      };

/** An expression that is 1 where something is wrong. What it fills has a 0 from every run of the canary, so it is never a series without any data. */
const wrong = (metrics: Rule["metrics"], condition: string, periodSeconds: number, periods = 1): Rule => ({
  metrics,
  expression: `IF(${condition}, 1, 0)`,
  comparison: "GreaterThanOrEqualToThreshold",
  threshold: 1,
  periodSeconds,
  periods,
  datapoints: periods,
  withoutData: "nothing happened",
});

const LOG =
  "Log of the function (`/aws/lambda/<function>`), in CloudWatch Logs Insights: `filter ispresent(reason) | stats count() by reason`.";
const VERIFY = "`npm run fleet -- verify instance=<instance>` says which link of the chain is broken.";
const ON_DEMAND =
  "On demand: did traffic more than double within half an hour, or is the account's quota reached? It passes by itself.";
const SCALING = ["For good: give the index autoscaling as the other indexes have it."];
const DEPLOY_AGAIN = "Deploy the stack again: whatever somebody changed by hand is put back.";

export const ALARMS: readonly Alarm[] = [
  {
    id: "lookup_errors",
    title: "Lookups fail",
    means:
      "The function was asked about callers and could not look them up. Each of these calls went through unchecked.",
    callers: "Blocked callers get through. Nobody else notices anything.",
    findOut: [LOG, "What each reason means and what to do about it: [reasons.md](reasons.md).", VERIFY],
    mend: ["Do what the reason's entry says.", DEPLOY_AGAIN],
    keys: ["lookupErrors"],
    rule: (instance) => {
      const rule = count(own(instance, "LookupError"), instance.alarms.lookupErrors);
      // A single lost connection is none; and where few call, errors that last are few too.
      return rule && { ...rule, periods: 3, datapoints: 2 };
    },
  },
  {
    id: "function_errors",
    title: "The function ends with errors",
    means:
      "Invocations of the function ended with an error or ran out of time, which its code never does: it cannot be loaded, was replaced, or is killed.",
    callers:
      "Blocked callers get through, every caller after up to eight seconds of silence: Connect tries such a function again.",
    findOut: [
      "Log of the function: lines with `errorType`. `Runtime.ImportModuleError` is a function that needs what its runtime does not have, such as `aws-sdk` since Node.js 18.",
      "Compare the published version behind the alias `live` with the output `function_version` of the stack.",
    ],
    mend: [DEPLOY_AGAIN, "Until then, point the alias `live` at the version before."],
    keys: ["functionErrors"],
    rule: (instance) => count(lambda(instance, "Errors"), instance.alarms.functionErrors),
  },
  {
    id: "throttles",
    title: "Lambda refuses invocations",
    means:
      "Lambda had no room to run the function: the account's concurrency is used up, or the function has a reserved concurrency that is too small.",
    callers: "Blocked callers get through while it lasts.",
    findOut: ["Metric `ConcurrentExecutions` of the account beside its quota; then which function uses it up."],
    mend: ["Reserve concurrency for this function, or raise the quota of the account."],
    keys: ["throttles"],
    rule: (instance) => count(lambda(instance, "Throttles"), instance.alarms.throttles),
  },
  {
    id: "slow_answers",
    title: "Answers are slow",
    means:
      "One answer in a hundred takes nearly all of the time that the function may take. Beyond it the lookup is given up.",
    callers: "Silence before the call goes on, and blocked callers who get through when the time is up.",
    findOut: [
      "Metric `LatencyMs` beside DynamoDB's `SuccessfulRequestLatency` of the index, and beside `ColdStart`.",
      "In the log: `attempts` above the number of Dispositions means that requests were repeated.",
    ],
    mend: [
      "Raise `function.memoryMb` where cold starts are the slow ones.",
      "On a provisioned table, raise the read capacity of the index.",
      "Raise `lookup.budgetMs` last.",
    ],
    keys: ["slowAnswersPercent"],
    rule: (instance) => {
      const { slowAnswersPercent } = instance.alarms;
      if (slowAnswersPercent === false) return undefined;
      return {
        metrics: { p99: own(instance, "LatencyMs", "p99") },
        comparison: "GreaterThanOrEqualToThreshold",
        threshold: (instance.lookup.budgetMs * slowAnswersPercent) / 100,
        periodSeconds: FIVE_MINUTES,
        periods: 3,
        datapoints: 2,
        withoutData: "nothing happened",
      };
    },
  },
  {
    id: "silence",
    title: "Calls come, and nobody asks",
    means:
      "The Connect instance had calls for an hour, and the function was not asked about a single one: no flow calls the module, or the module calls another function.",
    callers: "Blocked callers get through. Nothing else shows it: a function that is never asked writes no log.",
    findOut: [
      "Does the inbound flow call the module `blockedStatus`, and is that version of the flow published?",
      "Which ARN does the module's Lambda block have, and is it listed under **Flows → AWS Lambda** of the instance? Without that, Connect takes the error branch without a word.",
      "Calls count in both directions: an instance that only calls out has none to ask about.",
      VERIFY,
    ],
    mend: [
      "Put the module into the inbound flow, and publish it.",
      DEPLOY_AGAIN,
      "For an instance that only calls out, set `alarms.silentCalls: false`.",
    ],
    keys: ["silentCalls"],
    rule: (instance) =>
      instance.alarms.silentCalls === false
        ? undefined
        : wrong(
            { calls: calls(instance), match: own(instance, "Match"), nomatch: own(instance, "NoMatch") },
            `FILL(calls, 0) >= ${instance.alarms.silentCalls} AND FILL(match, 0) + FILL(nomatch, 0) == 0`,
            HOUR,
          ),
  },
  {
    id: "never_matches",
    title: "Numbers are listed, and none ever matches",
    means:
      "For days contacts carried a blocked Disposition, and no call matched: perhaps nobody of them called, perhaps their numbers are stored in another form than they call with.",
    callers: "Perhaps nothing, perhaps blocked callers get through.",
    findOut: [
      "Take a contact with the blocked Disposition in ConnectPath, and compare its number with that of the same caller in Connect's contact search: both must be `+` and digits alone.",
      "`npm run fleet -- check <number>` says what the function would answer, and why.",
      "Few calls in these days, or few listed numbers, explain it too.",
    ],
    mend: [
      "Tell ConnectPath's support where numbers are stored in another form.",
      "Raise `alarms.neverMatchesDays` or `alarms.neverMatchesContacts` where it is mere chance.",
    ],
    keys: ["neverMatchesDays", "neverMatchesContacts", "canaryMinutes"],
    rule: (instance) => {
      const { neverMatchesDays, neverMatchesContacts, canaryMinutes } = instance.alarms;
      if (neverMatchesDays === false || canaryMinutes === false) return undefined;
      // CloudWatch looks back a week at most: seven periods of a day.
      return wrong(
        { listed: own(instance, "ListedContacts", "Maximum"), match: own(instance, "Match") },
        `FILL(listed, 0) >= ${neverMatchesContacts} AND FILL(match, 0) == 0`,
        DAY,
        neverMatchesDays,
      );
    },
  },
  {
    id: "matches_too_much",
    title: "Too many calls are blocked",
    means:
      "A large part of an hour's calls was blocked: a number that many callers share was listed, or withheld callers are blocked and many call.",
    callers: "People who did nothing wrong are turned away.",
    findOut: [
      "Metrics `Reason_blocked` and `Reason_anonymous_blocked`: listed numbers, or withheld ones.",
      "In ConnectPath's Activity Search, `disposition: Blocked`: which number was listed lately? A company's switchboard sends one number for everybody.",
    ],
    mend: [
      "At once: list the number in `exemptNumbers` and deploy. For good: override the Disposition of its contacts.",
      "For withheld callers, set `anonymousCallers: allow`.",
    ],
    keys: ["matchesPercent", "matchesOfCalls"],
    rule: (instance) => {
      const { matchesPercent, matchesOfCalls } = instance.alarms;
      if (matchesPercent === false) return undefined;
      const metrics = { match: own(instance, "Match"), nomatch: own(instance, "NoMatch") };
      // Multiplied, not divided: an hour without calls is none to divide by.
      const enough = `FILL(match, 0) + FILL(nomatch, 0) >= ${matchesOfCalls}`;
      const tooMany = `100 * FILL(match, 0) >= ${matchesPercent} * (FILL(match, 0) + FILL(nomatch, 0))`;
      return wrong(metrics, `${enough} AND ${tooMany}`, HOUR);
    },
  },
  {
    id: "index_read_throttling",
    title: "DynamoDB throttles reads of the index",
    means: "The index has too little read capacity: lookups are refused, tried again, and then given up.",
    callers: "Blocked callers get through while it lasts.",
    findOut: [
      "Metric `ReadThrottleEvents` of the index, beside its consumed and its provisioned read capacity.",
      ON_DEMAND,
    ],
    mend: ["On a provisioned table, raise the read capacity of the index. Plans follow it.", ...SCALING],
    keys: ["indexThrottles"],
    rule: (instance) => count(index(instance, "ReadThrottleEvents"), instance.alarms.indexThrottles),
  },
  {
    id: "index_write_throttling",
    title: "DynamoDB throttles writes to the index",
    means:
      "The index has too little write capacity, and DynamoDB therefore throttles writes to the table itself: ConnectPath's.",
    callers:
      "Agents see contacts late, or their Dispositions are not saved; a number that was listed just now gets through.",
    findOut: [
      "Metric `WriteThrottleEvents` of the index, beside its consumed and its provisioned write capacity, and those of the table.",
      ON_DEMAND,
    ],
    mend: [
      "At once: on a provisioned table, raise the write capacity of the index to that of the table. Plans follow it.",
      ...SCALING,
    ],
    keys: ["indexThrottles"],
    rule: (instance) => count(index(instance, "WriteThrottleEvents"), instance.alarms.indexThrottles),
  },
  {
    id: "wrong_answer",
    title: "The canary gets wrong answers",
    means:
      "The canary asked the deployed function about a number that is listed, or about one that is not, and the answer was wrong, twice in three runs.",
    callers: "Blocked callers get through, or others are turned away; `answers` in the canary's log says which.",
    findOut: [
      "Log of the canary (`/aws/lambda/<canary>`): `answers` with what was expected, what was answered and its `reason` ([reasons.md](reasons.md)).",
      VERIFY,
    ],
    mend: ["Do what the reason's entry says.", DEPLOY_AGAIN],
    keys: ["canaryMinutes"],
    rule: (instance) => {
      const { canaryMinutes } = instance.alarms;
      if (canaryMinutes === false) return undefined;
      return {
        metrics: { wrong: own(instance, "CanaryWrongAnswer") },
        comparison: "GreaterThanOrEqualToThreshold",
        threshold: 1,
        periodSeconds: canaryMinutes * 60,
        periods: 3,
        datapoints: 2,
        withoutData: "nothing happened",
      };
    },
  },
  {
    id: "canary_silent",
    title: "The canary is silent",
    means:
      "The canary has not come to the end of a run for three times as long as it should take: it does not start, or it cannot reach the index or the function.",
    callers: "Nothing. But nobody would notice if blocking stopped working.",
    findOut: [
      "Log of the canary: `error` and `detail` of failed runs. Without lines, it does not start: is its EventBridge rule enabled?",
      "`AccessDeniedException`: the canary's role may query the index and invoke the alias, unless a policy of the organization forbids it.",
    ],
    mend: [DEPLOY_AGAIN],
    keys: ["canaryMinutes"],
    rule: (instance) => {
      const { canaryMinutes } = instance.alarms;
      if (canaryMinutes === false) return undefined;
      return {
        metrics: { runs: own(instance, "CanaryRun") },
        comparison: "LessThanThreshold",
        threshold: 1,
        periodSeconds: canaryMinutes * 60,
        periods: 3,
        datapoints: 3,
        withoutData: "nobody watches",
      };
    },
  },
];

/** The alarms of one instance, with their rules. */
export function alarmsOf(instance: InstanceConfig): readonly { readonly alarm: Alarm; readonly rule: Rule }[] {
  return ALARMS.flatMap((alarm) => {
    const rule = alarm.rule(instance);
    return rule === undefined ? [] : [{ alarm, rule }];
  });
}

/** Anchor of the alarm's entry in the runbook, as GitHub makes it of the heading. */
export function anchorOf({ id }: Pick<Alarm, "id">): string {
  return id.replaceAll("_", "-");
}

/**
 * The alarms of one instance, and the topic that hears of them unless the instance names one.
 *
 * The topic is not encrypted: with SNS's own key CloudWatch could not publish, and a key of one's own costs a dollar a month for
 * messages that hold names of metrics and nothing of a caller. Who wants one names a topic of theirs. People subscribe to the topic
 * themselves: Terraform cannot confirm an e-mail's subscription, nor delete one that nobody confirmed.
 */
export function alarmResources(instance: InstanceConfig): RawResources {
  const alarms = alarmsOf(instance);
  if (alarms.length === 0) return {};
  const { account, region, partition, stackName, alarms: settings } = instance;
  const name = watchName(stackName);
  const topic = settings.topicArn ?? "${aws_sns_topic.alarms.arn}";
  const watched = Object.fromEntries(
    alarms.map(({ alarm, rule }) => [alarm.id, alarmResource(instance, alarm, rule, topic)]),
  );
  if (settings.topicArn !== undefined) return { aws_cloudwatch_metric_alarm: watched };
  return {
    aws_cloudwatch_metric_alarm: watched,
    aws_sns_topic: {
      alarms: {
        name,
        display_name: `Call blocking ${instance.name}`.slice(0, 100),
        policy: policyDocument([
          {
            Sid: "AlarmsOfThisAccount",
            Effect: "Allow",
            Principal: { Service: "cloudwatch.amazonaws.com" },
            Action: "sns:Publish",
            Resource: `arn:${partition}:sns:${region}:${account}:${name}`,
            Condition: {
              StringEquals: { "aws:SourceAccount": account },
              ArnLike: { "aws:SourceArn": `arn:${partition}:cloudwatch:${region}:${account}:alarm:*` },
            },
          },
        ]),
      },
    },
  };
}

function alarmResource(instance: InstanceConfig, alarm: Alarm, rule: Rule, topic: string): object {
  const { metrics, expression, withoutData } = rule;
  const single = expression === undefined;
  const entry = `${instance.alarms.runbookUrl}#${anchorOf(alarm)}`;
  return {
    alarm_name: `${watchName(instance.stackName)}-${anchorOf(alarm)}`,
    alarm_description: `${alarm.title} (${instance.name}, ${instance.environment}). ${alarm.means} What to do: ${entry}`,
    comparison_operator: rule.comparison,
    threshold: rule.threshold,
    evaluation_periods: rule.periods,
    datapoints_to_alarm: rule.datapoints,
    treat_missing_data: withoutData === "nothing happened" ? "notBreaching" : "missing",
    alarm_actions: [topic],
    ok_actions: [topic],
    ...(withoutData === "nobody watches" ? { insufficient_data_actions: [topic] } : {}),
    metric_query: [
      ...(single ? [] : [{ id: "alarm", expression, label: alarm.title, return_data: true }]),
      ...Object.entries(metrics).map(([id, { namespace, name, dimensions, stat }]) => ({
        id,
        ...(single ? { return_data: true } : {}),
        metric: [{ namespace, metric_name: name, dimensions, period: rule.periodSeconds, stat }],
      })),
    ],
  };
}
