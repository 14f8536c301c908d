/** Classifies errors of all AWS services. */
import { CommandError } from "../output/command-error";

/** Whether the error has one of these names. AWS errors are identified by name. */
export function isNamed(error: unknown, ...names: readonly string[]): boolean {
  return error instanceof Error && names.includes(error.name);
}

/** DynamoDB and Lambda use a name with `Exception` at the end; IAM and Connect use a name without `Exception`. */
export function isAccessDenied(error: unknown): boolean {
  return isNamed(error, "AccessDenied", "AccessDeniedException", "UnauthorizedOperation");
}

/**
 * Whether AWS refused the request because there were too many requests. Before this error, the SDK has repeated the request for about 30
 * seconds.
 */
export function isThrottled(error: unknown): boolean {
  return isNamed(
    error,
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestLimitExceeded",
    "TooManyRequestsException",
  );
}

/** The fix for a denied request. @param policy the policy of `fleet iam` that allows the request */
export function attachPolicyFix(policy: "preflight" | "read-and-invoke" | "wire"): string {
  return `Attach the policy ${policy} (npm run fleet -- iam) to the role that this command uses: planRole, otherwise deployRole, otherwise the role of your credentials.`;
}

/** Whether no request can succeed: there are no valid credentials, or a role may not be assumed. STS calls report this as a CommandError. */
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

/** Whether a request to AWS failed: refused, unanswered, or not sent for lack of credentials. The SDK adds `$metadata` to errors of the network too. */
export function isFailedRequest(error: unknown): error is Error {
  return isAboutCredentials(error) || (error instanceof Error && "$metadata" in error);
}

/** Whether the requested resource or bucket setting does not exist. */
export function isAbsent(error: unknown): boolean {
  return isNamed(
    error,
    "ResourceNotFoundException",
    "ContactFlowNotPublishedException",
    "NoSuchEntity",
    "NoSuchEntityException",
    "NotFoundException",
    // S3 has one name per setting.
    "NoSuchBucketPolicy",
    "NoSuchLifecycleConfiguration",
    "NoSuchPublicAccessBlockConfiguration",
    "NoSuchTagSet",
    "OwnershipControlsNotFoundError",
    "ServerSideEncryptionConfigurationNotFoundError",
  );
}

/** The answer of AWS; undefined if the resource does not exist. */
export async function undefinedIfAbsent<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
