/** Outcomes of the checks of `preflight`. */
import { checkRunner } from "../finding";
import type * as finding from "../finding";

/** `warning`: the deployment can succeed, but a person must read the detail and decide first. */
export type Check = finding.Check<"warning">;
export type Finding = finding.Finding<"warning">;

export const warning = (detail: string, fix: string): Finding => ({ outcome: "warning", detail, fix });

export const runCheck = checkRunner<"warning">("preflight");
