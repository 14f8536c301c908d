/** The content of a flow or module before and after a change, to draw both. */
import { FLOW, MODULE } from "../../stacks/resource-types";
import { redactNumbers } from "../output/redact";
import { textAt } from "../terraform/json-values";
import type { ResourceChange } from "../terraform/plan-json";

/** Contents are JSON text with phone numbers redacted. */
export interface FlowChange {
  readonly kind: "module" | "flow";
  readonly title: string;
  readonly before?: string;
  readonly after?: string;
}

/** @returns undefined for other resource types, and if the content does not change */
export function flowChangeOf({ type, name, change }: ResourceChange): FlowChange | undefined {
  if (type !== MODULE && type !== FLOW) return undefined;
  const before = textAt(change.before, "content");
  const after = textAt(change.after, "content");
  if (before === after) return undefined;
  return {
    kind: type === MODULE ? "module" : "flow",
    title: textAt(change.after, "name") ?? textAt(change.before, "name") ?? name,
    ...(before === undefined ? {} : { before: redactNumbers(before) }),
    ...(after === undefined ? {} : { after: redactNumbers(after) }),
  };
}
