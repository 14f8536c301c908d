/** Groups instances with the same change. Names of one instance, such as the table, are replaced by placeholders before the comparison. */
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
 */
export function groupEqual<T>(
  values: readonly { readonly instance: InstanceConfig; readonly value: T }[],
): Shared<T>[] {
  const groups = new Map<string, { stacks: string[]; first: T; generic: T }>();
  for (const { instance, value } of values) {
    const text = withPlaceholders(canonicalJson(value), instance);
    const group = groups.get(text);
    if (group === undefined)
      groups.set(text, { stacks: [instance.stackName], first: value, generic: JSON.parse(text) as T });
    else if (!group.stacks.includes(instance.stackName)) group.stacks.push(instance.stackName);
  }
  return [...groups.values()]
    .map(({ stacks, first, generic }) => ({ stacks, value: stacks.length > 1 ? generic : first }))
    .sort((a, b) => b.stacks.length - a.stacks.length);
}

/** Names that are specific to one instance, and their placeholders. */
function instanceNames(instance: InstanceConfig): readonly (readonly [name: string, placeholder: string])[] {
  const { table, function: own, inboundFlow } = instance;
  return [
    [own.logGroupName, "‹log group›"],
    [own.roleName, "‹role›"],
    [own.name, "‹function›"],
    [table.name, "‹table›"],
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
  const pattern = names.map(([name]) => name.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&")).join("|");
  return (
    json
      // Only whole words: an instance named `a` must not replace every letter a.
      .replace(
        new RegExp(`(?<![A-Za-z0-9_-])(?:${pattern})(?![A-Za-z0-9_-])`, "g"),
        (name) => placeholders.get(name) ?? name,
      )
      // Ids that AWS assigned, such as the id of the module in the inbound flow.
      .replace(/(?<![\w-])[a-f0-9]{8}(-[a-f0-9]{4}){3}-[a-f0-9]{12}(?![\w-])/g, "‹id›")
  );
}
