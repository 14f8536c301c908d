/** Warnings of commands before the end of support of a version in use. */
import { endOfSupportWarnings } from "../../config/end-dates";
import type { InstanceConfig } from "../../config/types";
import { today } from "../guard/guard";
import { printToStderr } from "../output/terminal";

/**
 * The warnings for these instances and the Node.js version of this process. Empty if `END_OF_SUPPORT_WARNINGS` is `off`: the output of a
 * command then does not depend on the date.
 */
export function supportWarnings(instances: readonly InstanceConfig[]): readonly string[] {
  if (process.env["END_OF_SUPPORT_WARNINGS"] === "off") return [];
  return endOfSupportWarnings({ nodeVersion: process.versions.node, instances }, today());
}

/** Prints the warnings to standard error, because another program may read standard output. */
export function warnOfEndOfSupport(instances: readonly InstanceConfig[]): void {
  for (const warning of supportWarnings(instances)) printToStderr(`Warning: ${warning}`);
}
