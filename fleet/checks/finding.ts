/** The result of one check of an instance, and how a check runs. */
import { attachPolicyFix, isAboutCredentials, isAccessDenied, isThrottled } from "../aws/errors";
import { errorMessage } from "../output/error-message";
import { maxName, oneLine } from "../output/foreign-text";

/** @typeParam Own the third outcome of a check of this command, besides `ok` and `failed`: `warning` or `unproven` */
export interface Check<Own extends string> {
  /** One or two words for the subject. A name does not change between runs. */
  readonly name: string;
  readonly outcome: "ok" | "failed" | Own;
  /** The state that was found; for a failed check also its effect on calls. Never contains a phone number. */
  readonly detail: string;
  /** What to do. Present if the check failed. */
  readonly fix?: string;
}

/** The result of a check, without its name. */
export type Finding<Own extends string> = Omit<Check<Own>, "name">;

export const ok = (detail: string): Finding<never> => ({ outcome: "ok", detail });
export const failed = (detail: string, fix: string): Finding<never> => ({ outcome: "failed", detail, fix });

/** There are no credentials, or a role may not be assumed: every check would fail for this reason. */
class CredentialsError extends Error {
  override readonly name = "CredentialsError";
}

/**
 * Runs `find` as the check `name`, again while AWS throttles it. Any other error from AWS fails the check.
 *
 * @throws CredentialsError if there are no valid credentials
 */
export type CheckRunner<Own extends string> = (
  name: string,
  find: () => Promise<Finding<Own>> | Finding<Own>,
) => Promise<Check<Own>>;

/** Milliseconds for which a throttled check is repeated. Other programs, such as a large export, throttle an account for minutes. */
const throttlingLimit = 5 * 60_000;

/**
 * @param policy the policy of `fleet iam` that allows the calls of these checks
 * @param now current time in milliseconds
 */
export function checkRunner<Own extends string>(
  policy: Parameters<typeof attachPolicyFix>[0],
  now: () => number = Date.now,
): CheckRunner<Own> {
  return async (name, find) => {
    const begun = now();
    const findUnlessThrottled = async (): Promise<Finding<Own>> => {
      for (;;) {
        try {
          return await find();
        } catch (error) {
          if (!isThrottled(error) || now() - begun > throttlingLimit) throw error;
        }
      }
    };
    try {
      return { name, ...(await findUnlessThrottled()) };
    } catch (error) {
      if (isAboutCredentials(error)) throw new CredentialsError(errorMessage(error), { cause: error });
      const fix = isAccessDenied(error)
        ? attachPolicyFix(policy)
        : isThrottled(error)
          ? "AWS throttled the request for five minutes: find the program that sends most requests in this account and region, and run the command later."
          : "Run the command again. If the error persists, its message names the cause.";
      return { name, ...failed(`The check could not run. ${errorMessage(error)}`, fix) };
    }
  };
}

/** Runs all checks of an instance. Without valid credentials, the result is one failed check. */
export async function checksUnlessSignedOut<Own extends string>(
  account: string,
  checks: () => Promise<readonly Check<Own>[]>,
): Promise<readonly Check<Own>[]> {
  try {
    return (await checks()).map(onOneLine);
  } catch (error) {
    if (!(error instanceof CredentialsError)) throw error;
    const detail = `There are no valid credentials for account ${account}. ${error.message}`;
    const fix = "Sign in, or set planRole to a role that these credentials may assume.";
    return [{ name: "credentials", ...failed(detail, fix) }];
  }
}

/** Details contain names, values and errors from AWS. */
function onOneLine<Own extends string>({ name, outcome, detail, fix }: Check<Own>): Check<Own> {
  return {
    name: oneLine(name, maxName),
    outcome,
    detail: oneLine(detail),
    ...(fix === undefined ? {} : { fix: oneLine(fix) }),
  };
}

/** The checks of one instance. */
export interface InstanceReport<Own extends string> {
  readonly stack: string;
  /** The worst outcome of the checks. */
  readonly outcome: Check<Own>["outcome"];
  readonly checks: readonly Check<Own>[];
}

export function instanceReport<Own extends string>(stack: string, checks: readonly Check<Own>[]): InstanceReport<Own> {
  const worst = checks.find(({ outcome }) => outcome === "failed") ?? checks.find(({ outcome }) => outcome !== "ok");
  return { stack, outcome: worst?.outcome ?? "ok", checks };
}

/** Names of the stacks with this outcome. */
export function stacksWithOutcome<Own extends string>(
  wanted: Check<Own>["outcome"],
  reports: readonly InstanceReport<Own>[],
): readonly string[] {
  return reports.filter(({ outcome }) => outcome === wanted).map(({ stack }) => stack);
}
