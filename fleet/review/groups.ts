/** Instances with the same change, found by leaving out what is each instance's own. */
import type { InstanceConfig } from "../../config/types";
import { canonicalJson } from "../terraform/json-values";

/** What some stacks have in common. */
export interface Shared<T> {
  readonly stacks: readonly string[];
  readonly value: T;
}

/**
 * Groups equal values, the most common first. Where several stacks share one, what differs from one to the next in it is
 * shown as `‹table›`, `‹account›` and so on; a value that only one has is shown as it is.
 */
export function inGroups<T>(values: readonly { readonly instance: InstanceConfig; readonly value: T }[]): Shared<T>[] {
  const groups = new Map<string, { stacks: string[]; own: T; abstract: T }>();
  for (const { instance, value } of values) {
    const text = withoutOwnNames(canonicalJson(value), instance);
    const group = groups.get(text);
    if (group === undefined)
      groups.set(text, { stacks: [instance.stackName], own: value, abstract: JSON.parse(text) as T });
    else if (!group.stacks.includes(instance.stackName)) group.stacks.push(instance.stackName);
  }
  return [...groups.values()]
    .map(({ stacks, own, abstract }) => ({ stacks, value: stacks.length > 1 ? abstract : own }))
    .sort((a, b) => b.stacks.length - a.stacks.length);
}

/** Names of one instance, the longest first, so that none is part of one that is replaced later. */
function ownNames(instance: InstanceConfig): readonly (readonly [name: string, placeholder: string])[] {
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

function withoutOwnNames(json: string, instance: InstanceConfig): string {
  const names = [...ownNames(instance)].sort(([a], [b]) => b.length - a.length);
  const placeholders = new Map(names);
  const pattern = names.map(([name]) => name.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&")).join("|");
  return (
    json
      // Whole words: an instance `a` is not in every word with an a.
      .replace(
        new RegExp(`(?<![A-Za-z0-9_-])(?:${pattern})(?![A-Za-z0-9_-])`, "g"),
        (name) => placeholders.get(name) ?? name,
      )
      // Ids that AWS gave: the module's in the inbound flow.
      .replace(/(?<![\w-])[a-f0-9]{8}(-[a-f0-9]{4}){3}-[a-f0-9]{12}(?![\w-])/g, "‹id›")
  );
}
