/** What preflight makes of a thing that it looks at: in order, in the way of a deployment, or to be known before one. */
import { checkRunner } from "../finding";
import type * as finding from "../finding";

/** `warning`: a deployment goes through, and there is something that a person should know or decide before. */
export type Check = finding.Check<"warning">;
export type Finding = finding.Finding<"warning">;

export const warning = (detail: string, fix: string): Finding => ({ outcome: "warning", detail, fix });

export const runCheck = checkRunner<"warning">("preflight");
