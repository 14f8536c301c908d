/** The two calls to AWS STS that commands need: whose credentials these are, and credentials of another role. */
import type { S3Client } from "@aws-sdk/client-s3";
import { CommandError } from "./command-line";
import { reason } from "./reason";

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** Where STS is asked. */
export interface StsEndpoint {
  readonly region: string;
  /** `amazonaws.com`, or `amazonaws.com.cn` in China. */
  readonly dnsSuffix: string;
}

/**
 * The account of the client's credentials, 12 digits, and the ARN of who they are.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
 *
 * @throws CommandError when there are no credentials, or STS does not accept them
 */
export async function callerIdentity(
  client: S3Client,
  endpoint: StsEndpoint,
): Promise<{ readonly account: string; readonly arn: string }> {
  const answer = await callSts(client, endpoint, { Action: "GetCallerIdentity" });
  return { account: element(answer, "Account"), arn: element(answer, "Arn") };
}

/**
 * Credentials of a role, for an hour. https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 *
 * @throws CommandError when the client's credentials may not assume it
 */
export async function assumeRole(client: S3Client, endpoint: StsEndpoint, roleArn: string): Promise<Credentials> {
  const answer = await callSts(client, endpoint, {
    Action: "AssumeRole",
    RoleArn: roleArn,
    RoleSessionName: "connectpath-call-blocking",
  });
  return {
    accessKeyId: element(answer, "AccessKeyId"),
    secretAccessKey: element(answer, "SecretAccessKey"),
    sessionToken: element(answer, "SessionToken"),
  };
}

async function callSts(
  client: S3Client,
  { region, dnsSuffix }: StsEndpoint,
  input: { readonly Action: string } & Readonly<Record<string, string>>,
): Promise<string> {
  const body = new URLSearchParams({ ...input, Version: "2011-06-15" }).toString();
  try {
    // The order in which SDKs look: https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
    const given = process.env["AWS_ENDPOINT_URL_STS"] ?? process.env["AWS_ENDPOINT_URL"];
    const url = new URL("/", given ?? `https://sts.${region}.${dnsSuffix}`);
    const request = {
      method: "POST",
      protocol: url.protocol,
      hostname: url.hostname,
      path: "/",
      headers: { host: url.host, "content-type": "application/x-www-form-urlencoded" },
      body,
    };
    const signer = await client.config.signer();
    const { headers } = await signer.sign(request, { signingRegion: region, signingService: "sts" });
    const answer = await fetch(url, { method: "POST", headers, body });
    const text = await answer.text();
    if (answer.ok) return text;
    throw new Error(`${element(text, "Code")}: ${element(text, "Message")}`);
  } catch (error) {
    const target = input["RoleArn"] === undefined ? "" : ` of ${input["RoleArn"]}`;
    throw new CommandError(`${input.Action}${target} failed. ${reason(error)}`);
  }
}

/** Text of the only element of this name in an answer; empty when there is none. */
function element(xml: string, name: string): string {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? "";
}
