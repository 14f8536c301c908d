/** One thing that was looked at on an instance, and what was found. */
import { grant, isAboutCredentials, isAccessDenied } from "../aws/errors";
import { errorMessage } from "../output/error-message";

/** @typeParam Own what a check of this kind can come to beside being in order or not */
export interface Check<Own extends string> {
  /** A word or two: what was looked at. The same in every run. */
  readonly name: string;
  readonly outcome: "ok" | "failed" | Own;
  /** What is so; of a failed check also what that does to calls. No telephone number is in it. */
  readonly detail: string;
  /** What to do about it; present when the check failed. */
  readonly fix?: string;
}

/** What looking found. */
export type Finding<Own extends string> = Omit<Check<Own>, "name">;

export const ok = (detail: string): Finding<never> => ({ outcome: "ok", detail });
export const failed = (detail: string, fix: string): Finding<never> => ({ outcome: "failed", detail, fix });

/** Nobody could be asked anything: no credentials, or a role that may not be assumed. */
class CannotAsk extends Error {
  override readonly name = "CannotAsk";
}

/**
 * The check of this name. Whatever AWS answers instead fails it: what could not be looked at is not known to be in order.
 *
 * @throws CannotAsk where nothing can be asked at all, which is the same for every check
 */
export type Look<Own extends string> = (
  name: string,
  find: () => Promise<Finding<Own>> | Finding<Own>,
) => Promise<Check<Own>>;

/** @param policy the one of `fleet iam` that allows what is looked at */
export function checkRunner<Own extends string>(policy: Parameters<typeof grant>[0]): Look<Own> {
  return async (name, find) => {
    try {
      return { name, ...(await find()) };
    } catch (error) {
      if (isAboutCredentials(error)) throw new CannotAsk(errorMessage(error), { cause: error });
      const fix = isAccessDenied(error)
        ? grant(policy)
        : "Run the command again; if it stays so, the cause is in what AWS says here.";
      return { name, ...failed(`This could not be looked at. ${errorMessage(error)}`, fix) };
    }
  };
}

/** All checks of an instance; one alone, failed, where nothing can be asked of its account. */
export async function unlessNobodyAnswers<Own extends string>(
  account: string,
  checks: () => Promise<readonly Check<Own>[]>,
): Promise<readonly Check<Own>[]> {
  try {
    return await checks();
  } catch (error) {
    if (!(error instanceof CannotAsk)) throw error;
    const sentence = `Nothing can be asked of account ${account}. ${error.message}`;
    const fix = "Sign in, or set planRole to a role that these credentials may assume.";
    return [{ name: "credentials", ...failed(sentence, fix) }];
  }
}

/** What was looked at on one stack. */
export interface Looked<Own extends string> {
  readonly stack: string;
  /** The worst of its checks. */
  readonly outcome: Check<Own>["outcome"];
  readonly checks: readonly Check<Own>[];
}

export function lookedAt<Own extends string>(stack: string, checks: readonly Check<Own>[]): Looked<Own> {
  const worst = checks.find(({ outcome }) => outcome === "failed") ?? checks.find(({ outcome }) => outcome !== "ok");
  return { stack, outcome: worst?.outcome ?? "ok", checks };
}

/** Stacks whose checks came to this. */
export function stacksThatAre<Own extends string>(
  wanted: Check<Own>["outcome"],
  all: readonly Looked<Own>[],
): readonly string[] {
  return all.filter(({ outcome }) => outcome === wanted).map(({ stack }) => stack);
}
