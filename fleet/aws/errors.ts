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
export function attachPolicyFix(policy: "contact-attributes" | "preflight" | "read-and-invoke" | "wire"): string {
  return `Attach the policy ${policy} (npm run fleet -- iam) to the role that this command uses: planRole, otherwise deployRole, otherwise the role of your credentials.`;
}

/**
 * Names of errors that say that the credentials are missing, expired or wrong. The names of AWS come from the common errors of its protocols,
 * such as https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/CommonErrors.html and
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html.
 */
const credentialErrors: readonly string[] = [
  // The SDK found no credentials, or the sign-in with IAM Identity Center has expired.
  "CredentialsProviderError",
  "InstanceMetadataV1FallbackError",
  "ProviderError",
  "TokenProviderError",
  // IAM Identity Center, and a sign-in with a token of another identity provider.
  "ExpiredTradeInTokenException",
  "IDPRejectedClaim",
  "IDPRejectedClaimException",
  "InvalidClientException",
  "InvalidGrantException",
  "InvalidIdentityToken",
  "InvalidIdentityTokenException",
  "UnauthorizedClientException",
  "UnauthorizedException",
  // Expired credentials.
  "ExpiredToken",
  "ExpiredTokenException",
  "RequestExpired",
  "TokenRefreshRequired",
  // Unknown, wrong or missing keys.
  "AuthFailure",
  "IncompleteSignature",
  "IncompleteSignatureException",
  "InvalidAccessKeyId",
  "InvalidClientTokenId",
  "InvalidSignatureException",
  "InvalidToken",
  "MissingAuthenticationToken",
  "MissingAuthenticationTokenException",
  "SignatureDoesNotMatch",
  "UnrecognizedClientException",
];

/** Whether no request can succeed: there are no valid credentials, or a role may not be assumed. STS calls report this as a CommandError. */
export function isAboutCredentials(error: unknown): boolean {
  return error instanceof CommandError || isNamed(error, ...credentialErrors) || isMissingTokenFile(error);
}

/** Whether the file with the token of a CI job or a container cannot be read. The SDK throws the error of the file system. */
function isMissingTokenFile(error: unknown): boolean {
  const { path } = (error ?? {}) as { readonly path?: unknown };
  const { AWS_WEB_IDENTITY_TOKEN_FILE, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE } = process.env;
  return (
    typeof path === "string" && [AWS_WEB_IDENTITY_TOKEN_FILE, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE].includes(path)
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
