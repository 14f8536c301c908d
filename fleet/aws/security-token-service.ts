/** The calls to AWS STS: the identity of the current credentials, and credentials of a role. */
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { CommandError } from "../output/command-error";
import { errorMessage } from "../output/error-message";
import { isAboutCredentials, isNamed, isThrottled } from "./errors";

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration?: Date;
}

/**
 * Account (12 digits) and ARN of the credentials that the SDK finds.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
 *
 * @throws CommandError if there are no credentials, or STS does not accept them
 */
export async function callerIdentity(region: string): Promise<{ readonly account: string; readonly arn: string }> {
  const { Account, Arn } = await callSts(region, "GetCallerIdentity", (sts) =>
    sts.send(new GetCallerIdentityCommand()),
  );
  return { account: Account ?? "", arn: Arn ?? "" };
}

/**
 * Credentials of a role, valid for an hour. https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 *
 * @throws CommandError if the credentials that the SDK finds may not assume the role
 */
export async function assumeRole(region: string, roleArn: string, externalId?: string): Promise<Credentials> {
  const input = {
    RoleArn: roleArn,
    RoleSessionName: "connectpath-call-blocking",
    ...(externalId === undefined ? {} : { ExternalId: externalId }),
  };
  const { Credentials: found } = await callSts(region, `AssumeRole of ${roleArn}`, (sts) =>
    sts.send(new AssumeRoleCommand(input)),
  );
  return {
    accessKeyId: found?.AccessKeyId ?? "",
    secretAccessKey: found?.SecretAccessKey ?? "",
    sessionToken: found?.SessionToken ?? "",
    ...(found?.Expiration === undefined ? {} : { expiration: found.Expiration }),
  };
}

/** Credentials are renewed this long before they expire. The SDK has the same limit. */
const renewBeforeMs = 5 * 60_000;

/**
 * A credentials provider that several SDK clients share. It assumes the role once for all clients, and again shortly before the
 * credentials expire. After a failure, the next request assumes the role again.
 */
export function sharedRoleCredentials(
  region: string,
  roleArn: string,
  externalId?: string,
): () => Promise<Credentials> {
  let current: Credentials | undefined;
  let pending: Promise<Credentials> | undefined;
  return async () => {
    const remainingMs = (current?.expiration?.getTime() ?? Infinity) - Date.now();
    if (current !== undefined && remainingMs > renewBeforeMs) return current;
    pending ??= assumeRole(region, roleArn, externalId).finally(() => {
      pending = undefined;
    });
    current = await pending;
    return current;
  };
}

/**
 * A client setting. The SDK reads its configuration and credentials files once per process. With this setting, a new client reads them
 * again, so a command that runs for hours uses the credentials of a new sign-in.
 */
export const readFilesAgain: object = { ignoreCache: true };

/** STS throttled a call, had a fault or could not be reached. The credentials may be valid. */
export class TemporaryStsFailure extends CommandError {}

const networkErrors = [
  "EAI_AGAIN",
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EPIPE",
  "ETIMEDOUT",
];

/** An error without a status may come from the source of the credentials, so only errors of the network are temporary. */
function isTemporary(error: unknown): boolean {
  const { code = "", $metadata } = error as {
    readonly code?: string;
    readonly $metadata?: { readonly httpStatusCode?: number };
  };
  if (isAboutCredentials(error)) return false;
  return (
    isThrottled(error) ||
    isNamed(error, "TimeoutError") ||
    networkErrors.includes(code) ||
    ($metadata?.httpStatusCode ?? 0) >= 500
  );
}

/** Milliseconds to connect to STS. Without a limit, a call to an unreachable region would wait for minutes. */
const connectionTimeout = 5_000;

async function callSts<T>(region: string, call: string, send: (sts: STSClient) => Promise<T>): Promise<T> {
  const sts = new STSClient({ region, requestHandler: { connectionTimeout }, ...readFilesAgain });
  try {
    return await send(sts);
  } catch (error) {
    const message = `${call} failed. ${errorMessage(error)}`;
    throw isTemporary(error) ? new TemporaryStsFailure(message) : new CommandError(message);
  } finally {
    sts.destroy();
  }
}
