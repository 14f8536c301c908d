/** Defines the alarms of a stack: metrics, thresholds, and the runbook text for the person on call. */
import { aliasName, indexName, monitoringName } from "../config/aws-names";
import type { InstanceConfig } from "../config/types";
import { METRICS_NAMESPACE } from "../lambda/settings";
import type { RawResources } from "./raw-resources";
import type { AttributeValues } from "./resource-types";
import { policyDocument } from "./role-policies";

/** A CloudWatch metric with one statistic. */
export interface Metric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  /** `Sum`, `Maximum` or a percentile such as `p99`. */
  readonly stat: string;
}

/** The condition under which an alarm fires. */
export interface Rule {
  /** Metrics by the ids that `expression` uses. Without an expression there is one metric, and its value is compared. */
  readonly metrics: Readonly<Record<string, Metric>>;
  /**
   * A metric math expression that is 1 for a fault and 0 otherwise.
   * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
   */
  readonly expression?: string;
  readonly comparison: "GreaterThanOrEqualToThreshold" | "LessThanThreshold";
  readonly threshold: number;
  /** The alarm fires when `datapoints` of the last `periods` periods breach the threshold. */
  readonly periodSeconds: number;
  readonly periods: number;
  readonly datapoints: number;
  /** How to treat a period without data: as no fault, or as a fault that notifies the topic. */
  readonly missingData: "no fault" | "notify";
}

export interface Alarm {
  /** The logical id. With hyphens, the last part of the alarm's name and the anchor of its entry in the runbook. */
  readonly id: string;
  readonly title: string;
  /** One or two sentences: what the metrics showed, and the likely cause. Part of `alarm_description`. */
  readonly cause: string;
  /** What callers and agents notice. */
  readonly impact: string;
  /** Steps that find the cause. */
  readonly diagnosis: readonly string[];
  /** Steps that remove the cause. */
  readonly remediation: readonly string[];
  /** The keys of `alarms` in the environment file that configure this alarm. */
  readonly keys: readonly (keyof InstanceConfig["alarms"])[];
  /** Returns undefined if the environment file switches the alarm off. */
  readonly rule: (instance: InstanceConfig) => Rule | undefined;
}

const FIVE_MINUTES = 300;
const HOUR = 3600;
const DAY = 86_400;

/** A metric of the function or the canary. See `logLine` in lambda/blocked-calls and `runCanary` in lambda/canary. */
export const ourMetric = ({ environment, name }: InstanceConfig, metric: string, stat = "Sum"): Metric => ({
  namespace: METRICS_NAMESPACE,
  name: metric,
  dimensions: { Environment: environment, Instance: name },
  stat,
});

/** Metrics of the alias: an invocation of another version, for example a test in the console, does not count. */
export const aliasMetric = (instance: InstanceConfig, metric: string): Metric => ({
  namespace: "AWS/Lambda",
  name: metric,
  dimensions: { FunctionName: instance.function.name, Resource: `${instance.function.name}:${aliasName}` },
  stat: "Sum",
});

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html */
const indexMetric = ({ table }: InstanceConfig, metric: string): Metric => ({
  namespace: "AWS/DynamoDB",
  name: metric,
  dimensions: { TableName: table.name, GlobalSecondaryIndexName: indexName },
  stat: "Sum",
});

/** Inbound and outbound voice calls of the whole instance (https://docs.aws.amazon.com/connect/latest/adminguide/monitoring-cloudwatch.html). */
const callsMetric = ({ instanceId }: InstanceConfig): Metric => ({
  namespace: "AWS/Connect",
  name: "CallsPerInterval",
  dimensions: { InstanceId: instanceId, MetricGroup: "VoiceCalls" },
  stat: "Sum",
});

/** Fires when the sum of a metric reaches the threshold within five minutes. */
const reaches = (metric: Metric, threshold: number | false): Rule | undefined =>
  threshold === false
    ? undefined
    : {
        metrics: { count: metric },
        comparison: "GreaterThanOrEqualToThreshold",
        threshold,
        periodSeconds: FIVE_MINUTES,
        periods: 1,
        datapoints: 1,
        missingData: "no fault",
      };

/**
 * Fires when `condition` is true. `FILL` does not work on a series without any data. The canary writes a 0 to each filled metric in
 * every run, so no such series exists.
 */
const isTrue = (metrics: Rule["metrics"], condition: string, periodSeconds: number, periods = 1): Rule => ({
  metrics,
  expression: `IF(${condition}, 1, 0)`,
  comparison: "GreaterThanOrEqualToThreshold",
  threshold: 1,
  periodSeconds,
  periods,
  datapoints: periods,
  missingData: "no fault",
});

const LOG =
  "Query the function's log group (`/aws/lambda/<function>`) in CloudWatch Logs Insights: `filter ispresent(reason) | stats count() by reason`.";
const VERIFY =
  "Run `npm run fleet -- verify instance=<instance>`. The command shows which part of the deployment is broken.";
const ON_DEMAND =
  "On an on-demand table, check whether traffic more than doubled within 30 minutes, or whether the account reached its DynamoDB quota. After a sudden increase, the throttling ends without a change.";
const AUTOSCALING = "To prevent a recurrence, configure autoscaling for the index, as for the other indexes.";
const DEPLOY_AGAIN = "Deploy the stack again. The deployment reverts changes that someone made by hand.";

export const ALARMS: readonly Alarm[] = [
  {
    id: "lookup_errors",
    title: "Lookups fail",
    cause: "The function could not look up callers. Each of these calls went through without a check.",
    impact: "Blocked callers get through. Other callers notice nothing.",
    diagnosis: [LOG, "Find each reason in [reasons.md](reasons.md).", VERIFY],
    remediation: ["Follow the remediation of the reason in [reasons.md](reasons.md).", DEPLOY_AGAIN],
    keys: ["lookupErrors"],
    rule: (instance) => {
      const rule = reaches(ourMetric(instance, "LookupError"), instance.alarms.lookupErrors);
      // One lost connection must not fire the alarm. An instance with few calls has few errors even when the fault lasts.
      return rule && { ...rule, periods: 3, datapoints: 2 };
    },
  },
  {
    id: "function_errors",
    title: "Invocations of the function fail",
    cause:
      "Invocations of the function ended with an error or timed out. The deployed code handles every error itself, so the code was replaced, Lambda cannot load the code, or Lambda stopped the process.",
    impact:
      "Blocked callers get through. Every caller hears up to eight seconds of silence, because Connect invokes the function again after an error.",
    diagnosis: [
      "Search the function's log for lines with `errorType`. `Runtime.ImportModuleError` means that the code imports a module that the runtime does not contain, for example `aws-sdk` since Node.js 18.",
      VERIFY,
    ],
    remediation: [
      DEPLOY_AGAIN,
      "Until the deployment, point the alias `live` at the previous version ([Roll back](#roll-back)).",
    ],
    keys: ["functionErrors"],
    rule: (instance) => reaches(aliasMetric(instance, "Errors"), instance.alarms.functionErrors),
  },
  {
    id: "throttles",
    title: "Lambda throttles the function",
    cause:
      "Lambda rejected invocations. Either the account has reached its concurrency quota, or the reserved concurrency of the function is too low.",
    impact: "Blocked callers get through while Lambda throttles.",
    diagnosis: [
      "Compare the metric `ConcurrentExecutions` of the account with its quota. Then find the function that uses the most concurrency.",
    ],
    remediation: [
      "Reserve concurrency for this function (`function.reservedConcurrency`), or request a higher quota for the account.",
    ],
    keys: ["throttles"],
    rule: (instance) => reaches(aliasMetric(instance, "Throttles"), instance.alarms.throttles),
  },
  {
    id: "slow_answers",
    title: "Lookups are slow",
    cause:
      "The slowest 1 percent of lookups take nearly as long as the time limit of a lookup. At the time limit, the function cancels the lookup and the call goes through.",
    impact:
      "Callers hear silence before the call continues. A blocked caller gets through if the lookup reaches the time limit.",
    diagnosis: [
      "Compare the metric `LatencyMs` with DynamoDB's `SuccessfulRequestLatency` of the index, and with `ColdStart`.",
      "Search the log for `attempts` above the number of blocked Dispositions. A higher number means retries.",
    ],
    remediation: [
      "If only cold starts are slow, raise `function.memoryMb`.",
      "On a provisioned table, raise the read capacity of the index.",
      "If neither helps, raise `lookup.budgetMs`.",
    ],
    keys: ["slowAnswersPercent"],
    rule: (instance) => {
      const { slowAnswersPercent } = instance.alarms;
      if (slowAnswersPercent === false) return undefined;
      return {
        metrics: { p99: ourMetric(instance, "LatencyMs", "p99") },
        comparison: "GreaterThanOrEqualToThreshold",
        threshold: (instance.lookup.budgetMs * slowAnswersPercent) / 100,
        periodSeconds: FIVE_MINUTES,
        periods: 3,
        datapoints: 2,
        missingData: "no fault",
      };
    },
  },
  {
    id: "silence",
    title: "Calls arrive, and none is checked",
    cause:
      "The Connect instance had calls during one hour, and none of them invoked the function. Either no flow invokes the module, or the module invokes another function.",
    impact: "Blocked callers get through. No log shows the fault, because nothing invokes the function.",
    diagnosis: [
      "Check that the inbound flow invokes the module `blockedStatus`, and that this version of the flow is published.",
      "Check that the ARN in the module's Lambda block is listed under **Flows → AWS Lambda** of the instance. If the ARN is not listed, Connect takes the error branch and logs nothing.",
      "Check whether the instance only makes outbound calls. The metric counts calls in both directions, but no flow checks outbound calls.",
      VERIFY,
    ],
    remediation: [
      "Add the module to the inbound flow, and publish the flow.",
      DEPLOY_AGAIN,
      "For an instance with outbound calls only, set `alarms.silentCalls: false`.",
    ],
    keys: ["silentCalls"],
    rule: (instance) =>
      instance.alarms.silentCalls === false
        ? undefined
        : isTrue(
            {
              calls: callsMetric(instance),
              match: ourMetric(instance, "Match"),
              nomatch: ourMetric(instance, "NoMatch"),
            },
            `FILL(calls, 0) >= ${instance.alarms.silentCalls} AND FILL(match, 0) + FILL(nomatch, 0) == 0`,
            HOUR,
          ),
  },
  {
    id: "never_matches",
    title: "Numbers are listed, and no call matches",
    cause:
      "For several days, contacts had a blocked Disposition, and no call matched. Either no listed number called, or ConnectPath stores numbers in a different format from the one that Connect sends.",
    impact: "If numbers are stored in another format, blocked callers get through. Otherwise, callers notice nothing.",
    diagnosis: [
      "Find a contact with a blocked Disposition in ConnectPath. Compare its number with the number of the same caller in Connect's contact search. Both must consist of `+` and digits.",
      "Run `npm run fleet -- check <number>`. The command shows the expected answer and its reason.",
      "Check whether the instance had few calls or has few blocked numbers. In these cases the alarm fires without a fault.",
    ],
    remediation: [
      "If numbers are stored in another format, contact ConnectPath's support.",
      "If there is no fault, raise `alarms.neverMatchesDays` or `alarms.neverMatchesContacts`.",
    ],
    keys: ["neverMatchesDays", "neverMatchesContacts", "canaryMinutes"],
    rule: (instance) => {
      const { neverMatchesDays, neverMatchesContacts, canaryMinutes } = instance.alarms;
      if (neverMatchesDays === false || canaryMinutes === false) return undefined;
      // CloudWatch evaluates at most one week: seven periods of one day.
      return isTrue(
        { listed: ourMetric(instance, "ListedContacts", "Maximum"), match: ourMetric(instance, "Match") },
        `FILL(listed, 0) >= ${neverMatchesContacts} AND FILL(match, 0) == 0`,
        DAY,
        neverMatchesDays,
      );
    },
  },
  {
    id: "matches_too_much",
    title: "Too many calls are blocked",
    cause:
      "A large part of the calls in one hour was blocked. Either a number that many callers share is listed, or withheld callers are blocked and many of them called.",
    impact: "Legitimate callers are blocked.",
    diagnosis: [
      "Compare the metrics `Reason_blocked` (blocked numbers) and `Reason_anonymous_blocked` (withheld callers).",
      "Search for `disposition: Blocked` in ConnectPath's Activity Search, and find the number that was blocked last. A company's switchboard can send the same number for all callers of the company.",
    ],
    remediation: [
      "To unblock the number now, add it to `exemptNumbers` and deploy. To unblock it permanently, override the Disposition of its contacts.",
      "To unblock withheld callers, set `anonymousCallers: allow`.",
    ],
    keys: ["matchesPercent", "matchesOfCalls"],
    rule: (instance) => {
      const { matchesPercent, matchesOfCalls } = instance.alarms;
      if (matchesPercent === false) return undefined;
      const metrics = { match: ourMetric(instance, "Match"), nomatch: ourMetric(instance, "NoMatch") };
      // A multiplication instead of a division: an hour without calls would divide by zero.
      const enough = `FILL(match, 0) + FILL(nomatch, 0) >= ${matchesOfCalls}`;
      const tooMany = `100 * FILL(match, 0) >= ${matchesPercent} * (FILL(match, 0) + FILL(nomatch, 0))`;
      return isTrue(metrics, `${enough} AND ${tooMany}`, HOUR);
    },
  },
  {
    id: "index_read_throttling",
    title: "DynamoDB throttles reads of the index",
    cause:
      "The read capacity of the index is too low. DynamoDB throttled reads of the index, so lookups were slow or failed.",
    impact: "Blocked callers get through while DynamoDB throttles.",
    diagnosis: [
      "Compare the metric `ReadThrottleEvents` of the index with its consumed and provisioned read capacity.",
      ON_DEMAND,
    ],
    remediation: [
      "On a provisioned table, raise the read capacity of the index. The next plan keeps the new capacity.",
      AUTOSCALING,
    ],
    keys: ["indexThrottles"],
    rule: (instance) => reaches(indexMetric(instance, "ReadThrottleEvents"), instance.alarms.indexThrottles),
  },
  {
    id: "index_write_throttling",
    title: "DynamoDB throttles writes to the index",
    cause:
      "The write capacity of the index is too low. DynamoDB therefore also throttles ConnectPath's writes to the table.",
    impact:
      "Agents see contacts late, or ConnectPath does not save a Disposition. A number that an agent just blocked gets through.",
    diagnosis: [
      "Compare the metric `WriteThrottleEvents` of the index with the consumed and provisioned write capacity of the index and of the table.",
      ON_DEMAND,
    ],
    remediation: [
      "On a provisioned table, immediately raise the write capacity of the index to the capacity of the table. The next plan keeps the new capacity.",
      AUTOSCALING,
    ],
    keys: ["indexThrottles"],
    rule: (instance) => reaches(indexMetric(instance, "WriteThrottleEvents"), instance.alarms.indexThrottles),
  },
  {
    id: "wrong_answer",
    title: "The canary gets wrong answers",
    cause:
      "The canary invokes the deployed function with a listed number and an unlisted number. An answer was wrong in two of three runs.",
    impact:
      "Blocked callers get through, or legitimate callers are blocked. The field `answers` in the canary's log shows which.",
    diagnosis: [
      "Read `answers` in the canary's log (`/aws/lambda/<canary>`): the expected answer, the received answer, and its `reason` ([reasons.md](reasons.md)).",
      VERIFY,
    ],
    remediation: ["Follow the remediation of the reason in [reasons.md](reasons.md).", DEPLOY_AGAIN],
    keys: ["canaryMinutes"],
    rule: (instance) => {
      const { canaryMinutes } = instance.alarms;
      if (canaryMinutes === false) return undefined;
      return {
        metrics: { wrong: ourMetric(instance, "CanaryWrongAnswer") },
        comparison: "GreaterThanOrEqualToThreshold",
        threshold: 1,
        periodSeconds: canaryMinutes * 60,
        periods: 3,
        datapoints: 2,
        missingData: "no fault",
      };
    },
  },
  {
    id: "canary_silent",
    title: "The canary completes no runs",
    cause:
      "The canary completed no run in the time of three runs. Either the canary does not start, or the canary cannot reach the index or the function.",
    impact:
      "Callers notice nothing. While the canary completes no runs, a failure of call blocking can stay undetected.",
    diagnosis: [
      "Read `error` and `detail` of failed runs in the canary's log. If the log has no lines, run `npm run fleet -- drift instance=<instance>`: the command shows whether someone disabled the canary's EventBridge rule, or changed its function or role.",
      "If the error is `AccessDeniedException`, check the policies of the organization. The canary's role allows the query and the invocation.",
    ],
    remediation: [DEPLOY_AGAIN],
    keys: ["canaryMinutes"],
    rule: (instance) => {
      const { canaryMinutes } = instance.alarms;
      if (canaryMinutes === false) return undefined;
      return {
        metrics: { runs: ourMetric(instance, "CanaryRun") },
        comparison: "LessThanThreshold",
        threshold: 1,
        periodSeconds: canaryMinutes * 60,
        periods: 3,
        datapoints: 3,
        missingData: "notify",
      };
    },
  },
];

/** Returns the alarms of one instance that are switched on, with their rules. */
export function alarmsOf(instance: InstanceConfig): readonly { readonly alarm: Alarm; readonly rule: Rule }[] {
  return ALARMS.flatMap((alarm) => {
    const rule = alarm.rule(instance);
    return rule === undefined ? [] : [{ alarm, rule }];
  });
}

/** Returns the anchor of the alarm's entry in the runbook. GitHub derives the same anchor from the heading. */
export function anchorOf({ id }: Pick<Alarm, "id">): string {
  return id.replaceAll("_", "-");
}

/** Returns the name of an alarm in CloudWatch. */
export function alarmName({ stackName }: Pick<InstanceConfig, "stackName">, alarm: Pick<Alarm, "id">): string {
  return `${monitoringName(stackName)}-${anchorOf(alarm)}`;
}

/**
 * Returns the alarms of one instance, and the SNS topic that they notify. If the instance names a topic, no topic is created.
 *
 * The topic is not encrypted. CloudWatch cannot publish to a topic that uses the AWS managed key of SNS. A customer managed key costs a
 * dollar a month, and the messages contain names of metrics but no data of a caller. A team that wants encryption names its own topic.
 *
 * People subscribe to the topic themselves. Terraform cannot confirm an e-mail subscription, and cannot delete an unconfirmed one.
 */
export function alarmResources(instance: InstanceConfig): RawResources {
  const { account, region, partition, stackName, alarms: settings } = instance;
  const name = monitoringName(stackName);
  const watched = plannedAlarms(instance, settings.topicArn ?? "${aws_sns_topic.alarms.arn}");
  if (Object.keys(watched).length === 0) return {};
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

/** Returns the attributes of each alarm of the instance, by logical id. */
export function plannedAlarms(instance: InstanceConfig, topic: string): Readonly<Record<string, AttributeValues>> {
  return Object.fromEntries(
    alarmsOf(instance).map(({ alarm, rule }) => [alarm.id, alarmResource(instance, alarm, rule, topic)]),
  );
}

function alarmResource(instance: InstanceConfig, alarm: Alarm, rule: Rule, topic: string): AttributeValues {
  const { metrics, expression, missingData } = rule;
  const single = expression === undefined;
  const entry = `${instance.alarms.runbookUrl}#${anchorOf(alarm)}`;
  return {
    alarm_name: alarmName(instance, alarm),
    alarm_description: `${alarm.title} (${instance.name}, ${instance.environment}). ${alarm.cause} What to do: ${entry}`,
    comparison_operator: rule.comparison,
    threshold: rule.threshold,
    evaluation_periods: rule.periods,
    datapoints_to_alarm: rule.datapoints,
    treat_missing_data: missingData === "no fault" ? "notBreaching" : "missing",
    alarm_actions: [topic],
    ok_actions: [topic],
    ...(missingData === "notify" ? { insufficient_data_actions: [topic] } : {}),
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
