/** The changes of a plan with a digest in place of each value, so that a later plan can be compared with them. */
import { createHmac } from "node:crypto";
import { z } from "zod";
import { canonicalJson, differingKeys, fieldsOf, isMarked, valueAt } from "../terraform/json-values";
import { isTouched } from "../terraform/plan-json";
import type { Action, Change, PlanJson, ResourceChange } from "../terraform/plan-json";

/** A change of one resource. Of an update, `before` and `after` have only the attributes that change. */
export type OutlinedChange = Pick<
  ResourceChange,
  "address" | "mode" | "deposed" | "previous_address" | "action_reason" | "change"
>;

const actions: readonly Action[] = ["no-op", "create", "read", "update", "delete", "forget"];

export const outlineSchema: z.ZodType<readonly OutlinedChange[]> = z.array(
  z.strictObject({
    address: z.string(),
    mode: z.literal("managed"),
    deposed: z.string().exactOptional(),
    previous_address: z.string().exactOptional(),
    action_reason: z.string().exactOptional(),
    change: z.strictObject({
      actions: z.array(z.enum(actions)),
      before: z.unknown(),
      after: z.unknown(),
      after_unknown: z.unknown().optional(),
      importing: z.strictObject({ id: z.string() }).exactOptional(),
    }),
  }),
);

/**
 * @param key secret of the digests. The key prevents that a short value, such as a phone number, is found by trying all values
 */
export function outlineOf(
  { resource_changes }: Pick<PlanJson, "resource_changes">,
  key: string,
): readonly OutlinedChange[] {
  return resource_changes.filter(isTouched).map((resource) => {
    const { address, deposed, previous_address, action_reason } = resource;
    return {
      address,
      mode: "managed" as const,
      ...(deposed === undefined ? {} : { deposed }),
      ...(previous_address === undefined ? {} : { previous_address }),
      ...(action_reason === undefined ? {} : { action_reason }),
      change: outlineOfChange(resource.change, key),
    };
  });
}

function outlineOfChange({ actions, before, after, after_unknown, importing }: Change, key: string): Change {
  const isCreated = actions.includes("create");
  const unknown = Object.entries(fieldsOf(after_unknown)).filter(([, mask]) => isMarked(mask));
  const changed = new Set([...differingKeys(before, after), ...unknown.map(([name]) => name)]);
  const part = (values: unknown): object =>
    Object.fromEntries(
      Object.entries(fieldsOf(values)).flatMap(([name, value]) =>
        isCreated || changed.has(name) ? [[name, withDigests(value, key)]] : [],
      ),
    );
  return {
    actions,
    before: before === null || isCreated ? null : part(before),
    after: after === null ? null : part(after),
    ...(unknown.length === 0 ? {} : { after_unknown: Object.fromEntries(unknown) }),
    ...(importing === undefined ? {} : { importing: { id: digest(importing, key) } }),
  };
}

/** The same structure with a digest in place of each value. Values that mean "not set" stay. */
function withDigests(value: unknown, key: string): unknown {
  if (value === null || value === undefined || value === "") return value;
  if (Array.isArray(value)) return value.map((item) => withDigests(item, key));
  if (typeof value !== "object") return digest(value, key);
  return Object.fromEntries(Object.keys(value).map((name) => [name, withDigests(valueAt(value, name), key)]));
}

const digest = (value: unknown, key: string): string =>
  createHmac("sha256", key).update(canonicalJson(value)).digest("base64url").slice(0, 22);
