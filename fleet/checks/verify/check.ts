/** Outcomes of the checks of `verify`. */
import { checkRunner } from "../finding";
import type * as finding from "../finding";

/** `unproven`: no error was found, but the check could not prove that blocking works. */
export type Check = finding.Check<"unproven">;
export type Finding = finding.Finding<"unproven">;

export const unproven = (detail: string, fix?: string): Finding => ({
  outcome: "unproven",
  detail,
  ...(fix === undefined ? {} : { fix }),
});

export const runCheck = checkRunner<"unproven">("read-and-invoke");
