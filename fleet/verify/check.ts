/** One thing that was looked at on a deployed instance, and what was found. */
import { CommandError } from "../command-line";
import { reason } from "../reason";

export interface Check {
  /** A word or two: what was looked at. The same in every run. */
  readonly name: string;
  /** `unproven`: nothing is wrong as far as anybody can see, but it could not be shown that it is right. */
  readonly outcome: "ok" | "failed" | "unproven";
  /** What is so; of a failed check also what that does to calls. No phone number is in it. */
  readonly detail: string;
  /** What to do about it; present when the check failed. */
  readonly fix?: string;
}

/** What looking found. */
export type Finding = Omit<Check, "name">;

export const ok = (detail: string): Finding => ({ outcome: "ok", detail });
export const failed = (detail: string, fix: string): Finding => ({ outcome: "failed", detail, fix });
export const unproven = (detail: string, fix?: string): Finding => ({
  outcome: "unproven",
  detail,
  ...(fix === undefined ? {} : { fix }),
});

/** Nobody could be asked anything: no credentials, or a role that may not be assumed. */
export class CannotAsk extends Error {
  override readonly name = "CannotAsk";
}

/**
 * The check of this name. What AWS answers instead is a failed check; that it cannot be asked at all is an error, the same for every check.
 *
 * @throws CannotAsk
 */
export async function look(name: string, find: () => Promise<Finding> | Finding): Promise<Check> {
  try {
    return { name, ...(await find()) };
  } catch (error) {
    if (isAboutCredentials(error)) throw new CannotAsk(reason(error), { cause: error });
    return { name, ...failed(`This could not be looked at. ${reason(error)}`, remedy(error)) };
  }
}

/** Whether the error is of this name, as the errors of AWS are told apart. */
export function isNamed(error: unknown, ...names: readonly string[]): boolean {
  return error instanceof Error && names.includes(error.name);
}

/** Services name it differently, DynamoDB and Lambda with `Exception` at its end, IAM and Connect without. */
export function isAccessDenied(error: unknown): boolean {
  return isNamed(error, "AccessDenied", "AccessDeniedException", "UnauthorizedOperation");
}

/** Whether nobody can be asked anything: no credentials, or a role that may not be assumed. */
export function isAboutCredentials(error: unknown): boolean {
  return (
    error instanceof CommandError ||
    isNamed(
      error,
      "CredentialsProviderError",
      "ExpiredToken",
      "ExpiredTokenException",
      "InvalidClientTokenId",
      "UnrecognizedClientException",
    )
  );
}

function remedy(error: unknown): string {
  return isAccessDenied(error)
    ? "Give the role that looks (planRole, else deployRole) the policy operate of: npm run fleet -- iam"
    : "Run the command again; if it stays so, the cause is in what AWS says here.";
}
