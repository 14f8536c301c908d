/** The two calls to AWS STS that commands need: whose credentials these are, and credentials of another role. */
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { CommandError } from "../output/command-error";
import { errorMessage } from "../output/error-message";

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** When they end. */
  readonly expiration?: Date;
}

/**
 * The account of the credentials that the SDK finds, 12 digits, and the ARN of who they are.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
 *
 * @throws CommandError when there are no credentials, or STS does not accept them
 */
export async function callerIdentity(region: string): Promise<{ readonly account: string; readonly arn: string }> {
  const { Account, Arn } = await ask(region, "GetCallerIdentity", (sts) => sts.send(new GetCallerIdentityCommand()));
  return { account: Account ?? "", arn: Arn ?? "" };
}

/**
 * Credentials of a role, for an hour. https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 *
 * @throws CommandError when the credentials that the SDK finds may not assume it
 */
export async function assumeRole(region: string, roleArn: string, externalId?: string): Promise<Credentials> {
  const input = {
    RoleArn: roleArn,
    RoleSessionName: "connectpath-call-blocking",
    ...(externalId === undefined ? {} : { ExternalId: externalId }),
  };
  const { Credentials: given } = await ask(region, `AssumeRole of ${roleArn}`, (sts) =>
    sts.send(new AssumeRoleCommand(input)),
  );
  return {
    accessKeyId: given?.AccessKeyId ?? "",
    secretAccessKey: given?.SecretAccessKey ?? "",
    sessionToken: given?.SessionToken ?? "",
    ...(given?.Expiration === undefined ? {} : { expiration: given.Expiration }),
  };
}

async function ask<T>(region: string, what: string, call: (sts: STSClient) => Promise<T>): Promise<T> {
  const sts = new STSClient({ region });
  try {
    return await call(sts);
  } catch (error) {
    throw new CommandError(`${what} failed. ${errorMessage(error)}`);
  } finally {
    sts.destroy();
  }
}
