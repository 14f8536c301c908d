/** What verify makes of a thing that it looks at: in order, in the way of calls being blocked, or not to be shown. */
import { checkRunner } from "../finding";
import type * as finding from "../finding";

/** `unproven`: nothing is wrong as far as anybody can see, but it could not be shown that it is right. */
export type Check = finding.Check<"unproven">;
export type Finding = finding.Finding<"unproven">;

export const unproven = (detail: string, fix?: string): Finding => ({
  outcome: "unproven",
  detail,
  ...(fix === undefined ? {} : { fix }),
});

export const runCheck = checkRunner<"unproven">("operate");
