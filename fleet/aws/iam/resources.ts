/** ARNs of what the stacks consist of, and of what watches them. */
import { watchName } from "../../../config/aws-names";
import type { InstanceConfig } from "../../../config/types";
import { unique } from "./statement";

/** ARNs of what the stacks consist of. */
export function resourcesOf(instances: readonly InstanceConfig[]) {
  const of = (arn: (instance: InstanceConfig) => string): string[] => unique(instances, arn);
  const functions = of(({ function: { aliasArn } }) => aliasArn.slice(0, aliasArn.lastIndexOf(":")));
  const groups = of(({ function: { logGroupArn } }) => logGroupArn);
  const connectInstances = of(({ instanceArn }) => instanceArn);
  return {
    tables: of(({ table }) => table.arn),
    roles: of((one) => `arn:${one.partition}:iam::${one.account}:role/${one.function.roleName}`),
    // With `:*`, its versions and aliases.
    functions: functions.flatMap((arn) => [arn, `${arn}:*`]),
    logs: {
      // Some actions are asked of the group with `:*` at its end, some without.
      groups: groups.flatMap((arn) => [arn, `${arn}:*`]),
      // Finding a group is a search among all of the region.
      regions: of(({ partition, region, account }) => `arn:${partition}:logs:${region}:${account}:log-group:*`),
    },
    connect: {
      instances: connectInstances,
      modules: connectInstances.map((arn) => `${arn}/flow-module/*`),
      // A flow's id is not known before, so that these are all flows of the instance: none where it gets no inbound flow.
      flows: unique(
        instances.filter(({ inboundFlow }) => inboundFlow !== undefined),
        ({ instanceArn }) => `${instanceArn}/contact-flow/*`,
      ),
    },
  };
}

/** ARNs of roles that were made by hand and are taken over under their names. */
export function rolesByHand(instances: readonly InstanceConfig[]): readonly string[] {
  const made = instances.filter(({ adoptExisting }) => adoptExisting?.role === true);
  return made.length === 0 ? [] : resourcesOf(made).roles;
}

/** ARNs of what watches the stacks; also of what their environment files want none of any more, since that is deleted. */
export function watchersOf(instances: readonly InstanceConfig[]) {
  const arn = ({ partition, region, account }: InstanceConfig, service: string, resource: string): string =>
    `arn:${partition}:${service}:${region}:${account}:${resource}`;
  return {
    roles: unique(instances, (one) => `arn:${one.partition}:iam::${one.account}:role/${one.canary.roleName}`),
    functions: unique(instances, ({ canary }) => canary.functionArn),
    logGroups: unique(instances, ({ canary }) => canary.logGroupArn).flatMap((group) => [group, `${group}:*`]),
    rules: unique(instances, (one) => arn(one, "events", `rule/${one.canary.name}`)),
    topics: unique(instances, (one) => arn(one, "sns", watchName(one.stackName))),
    alarms: unique(instances, (one) => arn(one, "cloudwatch", `alarm:${watchName(one.stackName)}-*`)),
    // A dashboard is of the account, and of no region.
    dashboards: unique(
      instances,
      (one) => `arn:${one.partition}:cloudwatch::${one.account}:dashboard/${watchName(one.stackName)}`,
    ),
  };
}
