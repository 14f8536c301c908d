/** What an error that AWS answers means, whichever service it is of. */
import { CommandError } from "../output/command-error";

/** Whether the error is of this name, as the errors of AWS are told apart. */
export function isNamed(error: unknown, ...names: readonly string[]): boolean {
  return error instanceof Error && names.includes(error.name);
}

/** Services name it differently, DynamoDB and Lambda with `Exception` at its end, IAM and Connect without. */
export function isAccessDenied(error: unknown): boolean {
  return isNamed(error, "AccessDenied", "AccessDeniedException", "UnauthorizedOperation");
}

/** What allows a command that reads what it was denied. @param policy one of those that `fleet iam` makes */
export function grant(policy: "preflight" | "operate"): string {
  return `Give the role that looks (planRole, else deployRole, else your own) the policy ${policy} of: npm run fleet -- iam`;
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

/** Whether what was asked for does not exist; of a bucket's settings, whether that one was never made. */
export function isAbsent(error: unknown): boolean {
  return isNamed(
    error,
    "ResourceNotFoundException",
    "NoSuchEntity",
    "NoSuchEntityException",
    "NotFoundException",
    // S3 has one for each setting.
    "NoSuchBucketPolicy",
    "NoSuchLifecycleConfiguration",
    "NoSuchPublicAccessBlockConfiguration",
    "NoSuchTagSet",
    "OwnershipControlsNotFoundError",
    "ServerSideEncryptionConfigurationNotFoundError",
  );
}

/** What AWS answers, or undefined where it answers that there is no such thing. */
export async function absent<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
