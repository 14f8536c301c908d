/** Reads ids, ARNs, versions and aliases of flows and modules in flow content. */

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
