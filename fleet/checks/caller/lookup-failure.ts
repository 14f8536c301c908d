/** The message for a request to the contact table that AWS refused or did not answer. */
import { attachPolicyFix, isAccessDenied } from "../../aws/errors";
import { errorMessage } from "../../output/error-message";

/** The reason and the fix; undefined if the error is not from the SDK. */
export function lookupFailure(error: unknown, stackName: string): string | undefined {
  if (!(error instanceof Error) || !("$metadata" in error)) return undefined;
  const fix = isAccessDenied(error)
    ? attachPolicyFix("read-and-invoke")
    : `Find the cause with: npm run fleet -- verify ${stackName}`;
  return `${errorMessage(error)} ${fix}`;
}
