/** Reads ids, ARNs, versions and aliases of flows and modules in flow content. */
import { constant } from "../../flows/coverage/analyze";
import type { Action } from "../../flows/language/types";

/** A flow or module, and its version or alias. */
export interface FlowReference {
  readonly id: string;
  /** Such as `2` or `$LATEST`. */
  readonly version?: string;
  readonly alias?: string;
}

/** @returns undefined for an ARN of another instance, and for text of another form */
export function referenceIn(
  text: string,
  instanceArn: string,
  kind: "contact-flow" | "flow-module",
): FlowReference | undefined {
  const prefix = `${instanceArn}/${kind}/`;
  const rest = text.startsWith(prefix) ? text.slice(prefix.length) : text;
  const [, id, version, alias] = /^([\w-]{1,100})(?::([\w$-]{1,100})|\/alias\/([\w-]{1,100}))?$/.exec(rest) ?? [];
  if (id === undefined) return undefined;
  return { id, ...(version === undefined ? {} : { version }), ...(alias === undefined ? {} : { alias }) };
}

/** The id of the module that a block invokes; undefined for another block, and for a module that is known only during a call. */
export function invokedModule({ Type, Parameters }: Action, instanceArn: string): string | undefined {
  if (Type !== "InvokeFlowModule") return undefined;
  const name = constant(Parameters?.["FlowModuleId"]);
  return typeof name === "string" ? referenceIn(name, instanceArn, "flow-module")?.id : undefined;
}
