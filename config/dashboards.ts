/** Chooses the instance whose stack creates the dashboard. Each environment has one dashboard per account. */
import { monitoringName } from "./aws-names";
import type { InstanceConfig } from "./types";

/**
 * Gives the dashboard of each environment and account to its first instance, in the order of the file, that is neither suspended nor
 * released. The dashboard is named after that instance: if the first instance changes, one stack creates the new dashboard and another
 * stack deletes the old one, in any order. The content depends only on the regions, so a second instance in a region changes nothing.
 */
export function withDashboards(instances: readonly InstanceConfig[]): readonly InstanceConfig[] {
  const groupOf = ({ environment, account }: InstanceConfig): string => `${environment} ${account}`;
  const managed = instances.filter(({ release }) => release === undefined);
  const owners = new Map<string, InstanceConfig>();
  for (const instance of managed) {
    if (instance.alarms.dashboard && !instance.suspended && !owners.has(groupOf(instance))) {
      owners.set(groupOf(instance), instance);
    }
  }
  const regionsOf = new Map<string, Set<string>>();
  for (const instance of managed) {
    const regions = regionsOf.get(groupOf(instance)) ?? new Set();
    regionsOf.set(groupOf(instance), regions.add(instance.region));
  }
  return instances.map((instance) => {
    if (owners.get(groupOf(instance)) !== instance) return instance;
    const regions = [...(regionsOf.get(groupOf(instance)) ?? [])].sort();
    return { ...instance, dashboard: { name: monitoringName(instance.stackName), regions } };
  });
}
