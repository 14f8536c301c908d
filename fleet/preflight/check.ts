/** One thing that was looked at before a deployment, and what was found. */
import { reason } from "../reason";
import { CannotAsk, isAboutCredentials, isAccessDenied, isNamed } from "../verify/check";

export interface Check {
  /** A word or two: what was looked at. The same in every run. */
  readonly name: string;
  /** `warning`: a deployment goes through, and there is something that a person should know or decide before. */
  readonly outcome: "ok" | "warning" | "failed";
  /** What is so. No telephone number is in it. */
  readonly detail: string;
  /** What to do about it. */
  readonly fix?: string;
}

/** What looking found. */
export type Finding = Omit<Check, "name">;

export const ok = (detail: string): Finding => ({ outcome: "ok", detail });
export const warning = (detail: string, fix: string): Finding => ({ outcome: "warning", detail, fix });
export const failed = (detail: string, fix: string): Finding => ({ outcome: "failed", detail, fix });

/**
 * The check of this name. Whatever AWS answers instead fails it: what could not be looked at is not known to be in order.
 *
 * @throws CannotAsk where nothing can be asked at all, which is the same for every check
 */
export async function look(name: string, find: () => Promise<Finding> | Finding): Promise<Check> {
  try {
    return { name, ...(await find()) };
  } catch (error) {
    if (isAboutCredentials(error)) throw new CannotAsk(reason(error), { cause: error });
    return { name, ...failed(`This could not be looked at. ${reason(error)}`, remedy(error)) };
  }
}

/** What to do about an answer of AWS that is an error. */
export function remedy(error: unknown): string {
  return isAccessDenied(error)
    ? "Give the role that looks (planRole, else deployRole, else your own) the policy preflight of: npm run fleet -- iam"
    : "Run the command again; if it stays so, the cause is in what AWS says here.";
}

/** What AWS answers, or undefined where it answers that there is no such thing. */
export async function absent<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isNamed(error, "ResourceNotFoundException", "NoSuchEntity", "NoSuchEntityException", "NotFoundException")) {
      return undefined;
    }
    throw error;
  }
}
