/** Permissions for the settings of security teams: reserved concurrency, KMS keys of log groups, and VPCs. */
import type { InstanceConfig } from "../../../config/types";
import { FUNCTION, LOG_GROUP, resourceType, ROLE } from "../../../stacks/resource-types";
import { monitoringResources, resourcesOf } from "./resources";
import { allowIfAny } from "./statement";
import type { Statement } from "./statement";

/** Empty if the environment files have no such setting. The permissions boundary is a condition of the policy for roles. */
export function settingStatements(instances: readonly InstanceConfig[]): Statement[] {
  const reserving = instances.filter(({ function: own }) => own.reservedConcurrency !== undefined);
  const encrypting = instances.filter(({ function: own }) => own.logKmsKeyArn !== undefined);
  const isInVpc = instances.some(({ function: own }) => own.vpc !== undefined);
  return [
    ...allowIfAny("ReserveConcurrency", settingActions(FUNCTION, "setActions"), resourcesOf(reserving).functions),
    ...allowIfAny("EncryptLogGroup", settingActions(LOG_GROUP, "setActions"), [
      ...resourcesOf(encrypting).logGroups,
      ...monitoringResources(encrypting).logGroups,
    ]),
    // Lambda verifies subnets and security groups with the permissions of the caller. These actions have no resource ARN.
    ...allowIfAny(
      "VerifyVpc",
      ["ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"],
      isInVpc ? ["*"] : [],
    ),
    ...removalStatements("", "blocked_calls", instances, resourcesOf),
    ...removalStatements("Canary", "canary", instances, monitoringResources),
  ];
}

/** Actions of the provider to set or to remove the security settings of a resource. */
export const settingActions = (type: string, kind: "setActions" | "removeActions"): readonly string[] =>
  Object.values(resourceType(type)?.securitySettings ?? {}).flatMap((setting) => setting[kind] ?? []);

/** Allows the removal of a security setting only if an allowance in the environment file accepts it. */
function removalStatements(
  prefix: string,
  logicalId: string,
  instances: readonly InstanceConfig[],
  arnsOf: (
    instances: readonly InstanceConfig[],
  ) => Readonly<Record<"functions" | "roles" | "logGroups", readonly string[]>>,
): Statement[] {
  const kinds = [
    [FUNCTION, "functions", "Function"],
    [ROLE, "roles", "Role"],
    [LOG_GROUP, "logGroups", "LogGroup"],
  ] as const;
  return kinds.flatMap(([type, kind, noun]) => {
    const accepting = instances.filter(({ allowances }) =>
      allowances.some(({ rule, resource }) => rule === "security-settings" && resource === `${type}.${logicalId}`),
    );
    return allowIfAny(`Unprotect${prefix}${noun}`, settingActions(type, "removeActions"), arnsOf(accepting)[kind]);
  });
}
