/** Groups instances with the same change. Names of one instance, such as the table, are replaced by placeholders before the comparison. */
import { monitoringName } from "../../config/aws-names";
import type { InstanceConfig } from "../../config/types";
import { canonicalJson } from "../terraform/json-values";

/** A value, and the stacks that have it. */
export interface Shared<T> {
  readonly stacks: readonly string[];
  readonly value: T;
}

/**
 * Groups equal values, the most common first. A value of several stacks contains placeholders such as `‹table›` and `‹account›` where
 * the stacks differ. A value of one stack is returned unchanged.
 *
 * @param values `generic` is the same value, made from data with placeholders instead of names. Required for a value that contains
 * shortened text or a length, because both depend on the names.
 */
export function groupEqual<T>(
  values: readonly { readonly instance: InstanceConfig; readonly value: T; readonly generic?: T }[],
): Shared<T>[] {
  const groups = new Map<string, { stacks: string[]; first: T; generic: T }>();
  for (const { instance, value, generic } of values) {
    const text = withPlaceholders(canonicalJson(generic ?? value), instance);
    const group = groups.get(text);
    if (group === undefined)
      groups.set(text, { stacks: [instance.stackName], first: value, generic: JSON.parse(text) as T });
    else if (!group.stacks.includes(instance.stackName)) group.stacks.push(instance.stackName);
  }
  return [...groups.values()]
    .map(({ stacks, first, generic }) => ({ stacks, value: stacks.length > 1 ? generic : first }))
    .sort((a, b) => b.stacks.length - a.stacks.length);
}

/** The data with placeholders instead of the names that are specific to the instance. */
export const withoutInstanceNames = <T>(data: T, instance: InstanceConfig): T =>
  JSON.parse(withPlaceholders(JSON.stringify(data), instance)) as T;

/** Names that are specific to one instance, and their placeholders. */
function instanceNames(instance: InstanceConfig): readonly (readonly [name: string, placeholder: string])[] {
  const { table, function: own, canary, inboundFlow } = instance;
  return [
    [own.logGroupName, "‹log group›"],
    [own.roleName, "‹role›"],
    [own.name, "‹function›"],
    [canary.logGroupName, "‹canary log group›"],
    [canary.roleName, "‹canary role›"],
    [canary.name, "‹canary›"],
    [table.name, "‹table›"],
    [monitoringName(instance.stackName), "‹monitoring name›"],
    [instance.stackName, "‹stack›"],
    [instance.instanceId, "‹instance id›"],
    [instance.environment, "‹environment›"],
    [instance.account, "‹account›"],
    [instance.region, "‹region›"],
    [instance.name, "‹instance›"],
    ...(inboundFlow === undefined ? [] : [[inboundFlow.queueId, "‹queue›"] as const]),
  ];
}

function withPlaceholders(json: string, instance: InstanceConfig): string {
  // The longest name is replaced first, because a name can be a part of another name.
  const names = [...instanceNames(instance)].sort(([a], [b]) => b.length - a.length);
  const placeholders = new Map(names);
  // Only whole words: an instance named `a` must not replace every letter a. The names of alarms begin with the monitoring name.
  const prefix = monitoringName(instance.stackName);
  const pattern = names
    .map(([name]) => `${name.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&")}(?![A-Za-z0-9_${name === prefix ? "" : "-"}])`)
    .join("|");
  return (
    json
      .replace(new RegExp(`(?<![A-Za-z0-9_-])(?:${pattern})`, "g"), (name) => placeholders.get(name) ?? name)
      // Ids that AWS assigned, such as the id of the module in the inbound flow. An id can be a part of a name.
      .replace(/(?<!\w)[a-f0-9]{8}(-[a-f0-9]{4}){3}-[a-f0-9]{12}(?!\w)/g, "‹id›")
  );
}
