/** ARNs of the resources of stacks. */
import { guideFunctionName, monitoringName } from "../../../config/aws-names";
import type { InstanceConfig } from "../../../config/types";
import { unique } from "./statement";

/** An ARN in the account and region of the instance. */
const regionalArn = ({ partition, region, account }: InstanceConfig, service: string, resource: string): string =>
  `arn:${partition}:${service}:${region}:${account}:${resource}`;

const roleArn = ({ partition, account }: InstanceConfig, name: string): string =>
  `arn:${partition}:iam::${account}:role/${name}`;

/** Some log group actions are authorized on the ARN of the group, others on the ARN followed by `:*`. */
const withLogStreams = (groups: readonly string[]): string[] => groups.flatMap((arn) => [arn, `${arn}:*`]);

/** ARNs of the function, its role and log group, the table, and the Connect resources. */
export function resourcesOf(instances: readonly InstanceConfig[]) {
  const functions = unique(instances, ({ function: { aliasArn } }) => aliasArn.slice(0, aliasArn.lastIndexOf(":")));
  const connectInstances = unique(instances, ({ instanceArn }) => instanceArn);
  return {
    tables: unique(instances, ({ table }) => table.arn),
    indexes: unique(instances, ({ table }) => table.indexArn),
    roles: unique(instances, (instance) => roleArn(instance, instance.function.roleName)),
    functions,
    /** The functions with their versions and aliases. */
    functionsAndVersions: functions.flatMap((arn) => [arn, `${arn}:*`]),
    aliases: unique(instances, ({ function: { aliasArn } }) => aliasArn),
    logGroups: withLogStreams(unique(instances, ({ function: { logGroupArn } }) => logGroupArn)),
    /** DescribeLogGroups searches a whole region. */
    allLogGroups: unique(instances, (instance) => regionalArn(instance, "logs", "log-group:*")),
    /** The owner of a table may encrypt it with any key of the account. */
    allKeys: unique(instances, (instance) => regionalArn(instance, "kms", "key/*")),
    connectInstances,
    modules: connectInstances.map((arn) => `${arn}/flow-module/*`),
    /** All flows of the instances, also those of the team. */
    allFlows: connectInstances.map((arn) => `${arn}/contact-flow/*`),
    /** What a phone number can be claimed to, and the numbers themselves. The ids of groups are not in the configuration. */
    phoneNumberTargets: [
      ...connectInstances,
      ...unique(instances, (instance) => regionalArn(instance, "connect", "phone-number/*")),
      ...unique(instances, (instance) => regionalArn(instance, "connect", "traffic-distribution-group/*")),
    ],
    /** The id of a flow is unknown before it exists. Empty if no instance has an inbound flow. */
    flows: unique(
      instances.filter(({ inboundFlow }) => inboundFlow !== undefined),
      ({ instanceArn }) => `${instanceArn}/contact-flow/*`,
    ),
  };
}

/** Roles, functions and log groups that the stacks adopt under their existing names. */
export function adoptedResources(instances: readonly InstanceConfig[]) {
  const adopting = (key: "role" | "function" | "logGroup") =>
    resourcesOf(instances.filter(({ adoptExisting }) => adoptExisting?.[key] === true));
  return {
    roles: adopting("role").roles,
    functions: adopting("function").functions,
    logGroups: adopting("logGroup").logGroups,
  };
}

/** The function of the vendor's guide, and the path of the roles that the console creates for functions. */
export function guideResources(instances: readonly InstanceConfig[]) {
  return {
    functions: unique(instances, (instance) => regionalArn(instance, "lambda", `function:${guideFunctionName}`)),
    roles: unique(instances, (instance) => roleArn(instance, "service-role/*")),
  };
}

/**
 * ARNs of the canary, alarms, topic and dashboard. The ARNs are included even if the environment file turns these resources off, because
 * a deployment then deletes them.
 */
export function monitoringResources(instances: readonly InstanceConfig[]) {
  return {
    roles: unique(instances, (instance) => roleArn(instance, instance.canary.roleName)),
    functions: unique(instances, ({ canary }) => canary.functionArn),
    logGroups: withLogStreams(unique(instances, ({ canary }) => canary.logGroupArn)),
    rules: unique(instances, (instance) => regionalArn(instance, "events", `rule/${instance.canary.name}`)),
    topics: unique(instances, (instance) => regionalArn(instance, "sns", monitoringName(instance.stackName))),
    alarms: unique(instances, (instance) =>
      regionalArn(instance, "cloudwatch", `alarm:${monitoringName(instance.stackName)}-*`),
    ),
    /** Dashboards have no region. */
    dashboards: unique(
      instances,
      ({ partition, account, stackName }) =>
        `arn:${partition}:cloudwatch::${account}:dashboard/${monitoringName(stackName)}`,
    ),
  };
}
