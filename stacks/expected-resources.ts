/** Derives the expected resources of an instance from its environment file: names, ARNs, content and permissions. */
import { aliasName, monitoringName } from "../config/aws-names";
import { isFromStackOf } from "../config/descriptions";
import type { InstanceConfig, VpcConfig } from "../config/types";
import { BLOCKED_STATUS_MODULE_NAME } from "../flows/blocked-status";
import { canaryInput } from "../lambda/canary/settings";
import { functionEnvironment, HANDLER } from "../lambda/settings";
import { inboundContent, moduleContent } from "./flow-contents";
import { functionSettings } from "./function-settings";
import { plannedAlarms } from "./alarms";
import { dashboardResources } from "./dashboard";
import {
  ALIAS,
  ASSOCIATION,
  EVENT_RULE,
  FLOW,
  FUNCTION,
  LOG_GROUP,
  MODULE,
  PERMISSION,
  ROLE,
  ROLE_POLICY,
  TOPIC,
} from "./resource-types";
import type { AttributeValues } from "./resource-types";
import { decryptPolicy, lambdaTrustPolicy, networkPolicy } from "./role-policies";

/** A condition for an expected value that only the plan knows, such as the ARN of the table's KMS key. */
export class Pattern {
  constructor(
    readonly description: string,
    readonly matches: (value: unknown) => boolean,
    /** Whether the value may be unknown before the apply. The catalogue must allow this for the attribute too. */
    readonly mayBeUnknown = true,
    /** Attributes of a block that AWS derives from its other attributes. They may be known only after the apply. */
    readonly derived: readonly string[] = [],
  ) {}
}

/** Values from the plan that expected resources refer to. */
export interface PlanContext {
  /** Id of the module that the plan deploys; undefined if it is not known before the apply. */
  readonly moduleId: string | undefined;
  /** Published version of the function that the plan deploys; undefined if it is not known before the apply. */
  readonly functionVersion: string | undefined;
  /** ARN of the key that encrypts the table; empty if the table has no such key, undefined if the plan does not contain the table. */
  readonly tableKeyArn: string | undefined;
}

type ExpectedResources = Readonly<Record<string, AttributeValues>>;

/** The guard needs the same resources for several rules, and `plan` and `deploy` check several plans of an instance. */
const derived = new WeakMap<InstanceConfig, Map<string, ExpectedResources>>();

/**
 * Expected attributes of each resource, by address. JSON text is compared by its content. An attribute that is not listed must be
 * empty, or have the provider's default. The table has its own rules.
 */
export function expectedResources(instance: InstanceConfig, context: PlanContext): ExpectedResources {
  const { moduleId, functionVersion, tableKeyArn } = context;
  const byContext = derived.get(instance) ?? new Map<string, ExpectedResources>();
  derived.set(instance, byContext);
  const key = JSON.stringify([moduleId, functionVersion, tableKeyArn]);
  const expected = byContext.get(key) ?? deriveResources(instance, context);
  byContext.set(key, expected);
  return expected;
}

function deriveResources(
  instance: InstanceConfig,
  { moduleId, functionVersion, tableKeyArn }: PlanContext,
): ExpectedResources {
  const { account, region, partition, instanceId, table, canary, stackName, alarms } = instance;
  const own = instance.function;
  const tags = { tags_all: tagsOf(instance) };
  const described = {
    description: new Pattern("a description that names this stack", (value) =>
      isFromStackOf(instance, typeof value === "string" ? value : undefined),
    ),
    ...tags,
  };
  const roleArn = (name: string): string => `arn:${partition}:iam::${account}:role/${name}`;
  const ruleArn = `arn:${partition}:events:${region}:${account}:rule/${canary.name}`;
  const topicArn = `arn:${partition}:sns:${region}:${account}:${monitoringName(stackName)}`;
  const query = {
    Sid: "QueryTheIndex",
    Effect: "Allow",
    Action: "dynamodb:Query",
    Resource: table.indexArn,
  };
  const writeLog = (logGroupArn: string) => ({
    Sid: "WriteTheLog",
    Effect: "Allow",
    Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
    Resource: `${logGroupArn}:*`,
  });
  const decryptTable = decryptPattern(instance, tableKeyArn);
  const boundary = givenOnly({ permissions_boundary: instance.permissionsBoundary });
  const logs = { ...tags, retention_in_days: own.logRetentionDays, ...givenOnly({ kms_key_id: own.logKmsKeyArn }) };
  return {
    [`${FUNCTION}.blocked_calls`]: {
      ...described,
      ...code("blockedCalls"),
      function_name: own.name,
      role: roleArn(own.roleName),
      runtime: own.runtime,
      architectures: ["arm64"],
      handler: HANDLER,
      memory_size: own.memoryMb,
      timeout: instance.lookup.flowTimeLimitSeconds,
      publish: true,
      environment: [{ variables: functionEnvironment(functionSettings(instance)) }],
      ...givenOnly({
        reserved_concurrent_executions: own.reservedConcurrency,
        vpc_config: own.vpc === undefined ? undefined : vpcPattern(own.vpc),
      }),
      logging_config: logsTo(own.logGroupName),
    },
    [`${ALIAS}.live`]: {
      description: anyText,
      function_name: own.name,
      name: aliasName,
      function_version: functionVersion ?? new Pattern("the version that the apply publishes", () => false),
    },
    [`${PERMISSION}.connect`]: {
      statement_id: `connectpath-call-blocking-${instanceId}`,
      action: "lambda:InvokeFunction",
      function_name: own.name,
      qualifier: aliasName,
      principal: "connect.amazonaws.com",
      source_account: account,
      source_arn: instance.instanceArn,
    },
    [`${ASSOCIATION}.blocked_calls`]: { instance_id: instanceId, function_arn: own.aliasArn },
    [`${MODULE}.blocked_status`]: {
      ...described,
      instance_id: instanceId,
      name: BLOCKED_STATUS_MODULE_NAME,
      content: json(moduleContent(instance)),
    },
    ...(instance.inboundFlow === undefined
      ? {}
      : {
          [`${FLOW}.inbound`]: {
            ...described,
            instance_id: instanceId,
            name: instance.inboundFlow.name,
            type: "CONTACT_FLOW",
            content: json(inboundContent(instance.inboundFlow, moduleId)),
          },
        }),
    [`${ROLE}.blocked_calls`]: {
      ...described,
      ...boundary,
      name: own.roleName,
      assume_role_policy: lambdaTrustPolicy(),
    },
    [`${ROLE_POLICY}.lookup`]: {
      name: "lookup",
      role: own.roleName,
      policy: policy([query, writeLog(own.logGroupArn)]),
    },
    [`${ROLE_POLICY}.decrypt`]: { name: "decrypt", role: own.roleName, policy: decryptTable },
    ...(own.vpc === undefined
      ? {}
      : { [`${ROLE_POLICY}.vpc`]: { name: "vpc", role: own.roleName, policy: networkPolicy(instance) } }),
    ["aws_iam_role_policies_exclusive.blocked_calls"]: {
      role_name: own.roleName,
      policy_names: policyNames(own.vpc === undefined ? ["lookup"] : ["lookup", "vpc"], tableKeyArn),
    },
    ["aws_iam_role_policy_attachments_exclusive.blocked_calls"]: { role_name: own.roleName },
    [`${LOG_GROUP}.blocked_calls`]: { ...logs, name: own.logGroupName },
    ...(alarms.canaryMinutes === false
      ? {}
      : {
          [`${FUNCTION}.canary`]: {
            ...described,
            ...code("canary"),
            function_name: canary.name,
            role: roleArn(canary.roleName),
            runtime: own.runtime,
            architectures: ["arm64"],
            handler: HANDLER,
            memory_size: 256,
            timeout: 120,
            logging_config: logsTo(canary.logGroupName),
          },
          [`${ROLE}.canary`]: {
            ...described,
            ...boundary,
            name: canary.roleName,
            assume_role_policy: lambdaTrustPolicy(),
          },
          [`${ROLE_POLICY}.canary`]: {
            name: "canary",
            role: canary.roleName,
            policy: policy([
              query,
              {
                Sid: "AskTheFunction",
                Effect: "Allow",
                Action: "lambda:InvokeFunction",
                Resource: own.aliasArn,
              },
              writeLog(canary.logGroupArn),
            ]),
          },
          [`${ROLE_POLICY}.canary_decrypt`]: { name: "decrypt", role: canary.roleName, policy: decryptTable },
          [`${LOG_GROUP}.canary`]: { ...logs, name: canary.logGroupName },
          [`${EVENT_RULE}.canary`]: {
            ...tags,
            description: anyText,
            name: canary.name,
            schedule_expression: `rate(${alarms.canaryMinutes} ${alarms.canaryMinutes === 1 ? "minute" : "minutes"})`,
            state: "ENABLED",
          },
          [`${PERMISSION}.canary`]: {
            statement_id: "schedule",
            action: "lambda:InvokeFunction",
            function_name: canary.name,
            principal: "events.amazonaws.com",
            source_arn: ruleArn,
          },
          ["aws_cloudwatch_event_target.canary"]: {
            rule: canary.name,
            target_id: "canary",
            arn: canary.functionArn,
            input: canaryInput({
              environment: instance.environment,
              instanceName: instance.name,
              instanceArn: instance.instanceArn,
              tableName: table.name,
              functionArn: own.aliasArn,
              blockedDispositions: instance.blockedDispositions,
              exemptNumbers: instance.exemptNumbers,
              otherNumbers: instance.lookup.otherNumbers,
            }),
          },
        }),
    ...alarmsAndDashboard(instance, alarms.topicArn ?? topicArn),
    ...(alarms.topicArn === undefined && Object.keys(plannedAlarms(instance, topicArn)).length > 0
      ? {
          [`${TOPIC}.alarms`]: {
            ...tags,
            display_name: anyText,
            name: monitoringName(stackName),
            policy: policy([
              {
                Sid: "AlarmsOfThisAccount",
                Effect: "Allow",
                Principal: { Service: "cloudwatch.amazonaws.com" },
                Action: "sns:Publish",
                Resource: topicArn,
                Condition: {
                  StringEquals: { "aws:SourceAccount": account },
                  ArnLike: { "aws:SourceArn": `arn:${partition}:cloudwatch:${region}:${account}:alarm:*` },
                },
              },
            ]),
          },
        }
      : {}),
  };
}

/** The attributes that have a value. */
const givenOnly = (attributes: AttributeValues): AttributeValues =>
  Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));

/** The names of the role's inline policies. */
const policyNames = (always: readonly string[], tableKeyArn: string | undefined): Pattern =>
  new Pattern(`${always.map(json).join(" and ")}, and "decrypt" if the table has its own key`, (value) => {
    const names = canonical(Array.isArray(value) ? [...(value as unknown[])].sort() : value);
    const withKey = canonical([...always, "decrypt"].sort());
    const without = canonical([...always].sort());
    if (tableKeyArn === undefined) return [withKey, without].includes(names);
    return names === (tableKeyArn === "" ? without : withKey);
  });

/** The VPC settings. AWS derives the id of the VPC from the subnets. */
function vpcPattern({ subnetIds, securityGroupIds }: VpcConfig): Pattern {
  const wanted = { subnet_ids: [...subnetIds].sort(), security_group_ids: [...securityGroupIds].sort() };
  const sorted = (value: unknown): unknown => (Array.isArray(value) ? [...(value as unknown[])].sort() : value);
  const matches = (value: unknown): boolean => {
    const [block, ...others] = Array.isArray(value) ? (value as AttributeValues[]) : [];
    if (block === undefined || others.length > 0) return false;
    const { subnet_ids, security_group_ids, ...more } = block;
    const given = {
      ...more,
      subnet_ids: sorted(subnet_ids),
      security_group_ids: sorted(security_group_ids),
      vpc_id: undefined,
    };
    return canonical(given, true) === canonical(wanted, true);
  };
  return new Pattern(`the VPC settings ${json(wanted)}`, matches, false, ["vpc_id"]);
}

const nothing = new Pattern("none", (value) => canonical(value ?? []) === "[]", false);

const anyText = new Pattern("a text", (value) => typeof value === "string" && value !== "");

/** The tags of a resource: exactly those of the environment file, which Terraform adds to each resource. */
function tagsOf({ tags }: InstanceConfig): Pattern {
  const wanted = canonical(tags);
  return new Pattern(`the tags ${json(tags)}`, (value) => canonical(value ?? {}) === wanted);
}

/** The code of a function: the zip that the synth packaged. The guard does not know the hash of the zip, so a review shows the hash. */
const code = (asset: string): AttributeValues => ({
  filename: new Pattern(`the packaged zip in assets/${asset}`, (value) =>
    new RegExp(`^assets/${asset}/[^/]+/[^/]+$`).test(String(value)),
  ),
  source_code_hash: anyText,
});

/** Text lines in the log group of the function. The provider adds empty log levels. */
const logsTo = (log_group: string): Pattern =>
  new Pattern(
    `text in the log group ${log_group}`,
    (value) => canonical(value, true) === canonical([{ log_format: "Text", log_group }]),
    false,
  );

function alarmsAndDashboard(instance: InstanceConfig, topicArn: string): Record<string, AttributeValues> {
  const tags = { tags_all: tagsOf(instance) };
  const alarms = Object.entries(plannedAlarms(instance, topicArn)).map(([id, alarm]) => [
    `aws_cloudwatch_metric_alarm.${id}`,
    { ...tags, insufficient_data_actions: nothing, ...alarm, metric_query: sameQueries(alarm["metric_query"]) },
  ]);
  const dashboards = Object.entries(dashboardResources(instance)["aws_cloudwatch_dashboard"] ?? {}).map(
    ([id, dashboard]) => [
      `aws_cloudwatch_dashboard.${id}`,
      Object.fromEntries(
        Object.entries(dashboard).map(([key, value]) => [key, String(value).replaceAll("$${", () => "${")]),
      ),
    ],
  );
  return Object.fromEntries([...alarms, ...dashboards]) as Record<string, AttributeValues>;
}

/** The queries of an alarm, in any order and without what the provider adds. */
function sameQueries(queries: unknown): Pattern {
  const wanted = queriesText(queries);
  return new Pattern("the metrics of this alarm", (value) => queriesText(value) === wanted);
}

const queriesText = (queries: unknown): string =>
  Array.isArray(queries)
    ? queries
        .map((query) => canonical(query, true))
        .sort()
        .join()
    : "";

const json = (value: unknown): string => JSON.stringify(value);

const policy = (statements: readonly object[]): string => json({ Version: "2012-10-17", Statement: statements });

/** The policy to decrypt the table. The environment file does not name the key of the table's owner: the plan contains it. */
function decryptPattern(instance: InstanceConfig, tableKeyArn: string | undefined): Pattern {
  const anyKey = new RegExp(`"arn:${instance.partition}:kms:${instance.region}:\\d{12}:key/[\\w-]+"`);
  const expected = decryptPolicy(instance, "key");
  return new Pattern("permission to decrypt the table, through DynamoDB only", (value) => {
    if (typeof value !== "string") return false;
    const key = tableKeyArn === undefined ? anyKey.exec(value)?.[0] : json(tableKeyArn);
    return (
      key !== undefined &&
      isSameJson(
        value.replace(key, () => json("${key}")),
        expected,
      )
    );
  });
}

/** Whether a value is the expected one. JSON texts are compared by content. */
export function isExpected(value: unknown, expected: unknown): boolean {
  if (expected instanceof Pattern) return expected.matches(value);
  if (typeof expected === "string" && /^[{[]/.test(expected))
    return typeof value === "string" && isSameJson(value, expected);
  if (typeof expected !== "object" || expected === null) return (value ?? null) === (expected ?? null);
  return canonical(value) === canonical(expected);
}

/** @param b the expected text, which this program wrote */
function isSameJson(a: string, b: string): boolean {
  try {
    return a === b || (!hasRepeatedKey(a) && canonical(JSON.parse(a)) === canonical(JSON.parse(b)));
  } catch {
    return false;
  }
}

/** Whether an object in a JSON text has a key twice. AWS may use another one of the two values than `JSON.parse`. */
function hasRepeatedKey(text: string): boolean {
  const written = [...text.matchAll(/"(?:[^"\\]|\\.)*"\s*(:?)/gs)].filter(([, colon]) => colon === ":").length;
  let read = 0;
  JSON.parse(text, (_, value: unknown) => {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) read += Object.keys(value).length;
    return value;
  });
  return written !== read;
}

/** JSON with sorted keys, optionally without empty values. */
const canonical = (value: unknown, withoutEmpty = false): string =>
  JSON.stringify(value ?? null, (_, child: unknown) =>
    typeof child === "object" && child !== null && !Array.isArray(child)
      ? Object.fromEntries(
          Object.entries(child)
            .filter(
              ([, item]) => !withoutEmpty || !["null", '""', "0", "false", "[]", "{}"].includes(JSON.stringify(item)),
            )
            .sort(([a], [b]) => (a < b ? -1 : 1)),
        )
      : child,
  );
