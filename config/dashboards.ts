/** Which instance's stack holds the dashboard of its environment: one in each account, since a dashboard shows one account. */
import { watchName } from "./aws-names";
import type { InstanceConfig } from "./types";

/**
 * Gives the dashboard of each environment and account to the first of its instances, in the order of the file, that is there to stay and
 * rolled out. It is named for that instance, so that a change of hands makes a new one and deletes the old one, in whatever order the
 * stacks are deployed; and what it shows depends on the regions alone, so that another instance in one of them changes nothing.
 */
export function withDashboards(instances: readonly InstanceConfig[]): readonly InstanceConfig[] {
  const home = ({ environment, account }: InstanceConfig): string => `${environment} ${account}`;
  const shown = instances.filter(({ release }) => release === undefined);
  const holders = new Map<string, InstanceConfig>();
  for (const instance of shown) {
    if (instance.alarms.dashboard && !instance.suspended && !holders.has(home(instance))) {
      holders.set(home(instance), instance);
    }
  }
  return instances.map((instance) => {
    if (holders.get(home(instance)) !== instance) return instance;
    const neighbours = shown.filter((other) => home(other) === home(instance));
    const regions = [...new Set(neighbours.map(({ region }) => region))].sort();
    return { ...instance, dashboard: { name: watchName(instance.stackName), regions } };
  });
}
