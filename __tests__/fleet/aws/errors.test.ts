/** Errors about credentials: those of the SDK's credential sources, and those of AWS, by their names. */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DescribeTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { type AwsEndpoint, serveAws } from "../../../emulators/aws/aws-endpoint";
import { failure } from "../../../emulators/aws/index-builds";
import { isAboutCredentials, isFailedRequest } from "../../../fleet/aws/errors";

const keys = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "emulated" };
let answer = "";
let aws: AwsEndpoint;
let home: string;

beforeAll(async () => {
  aws = await serveAws(() => failure(answer, "the request was refused"));
});
afterAll(() => aws.close());

beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), "credential-errors-"));
});
afterEach(() => {
  rmSync(home, { recursive: true });
});

/** The error of a request. */
async function errorOf(credentials?: typeof keys): Promise<unknown> {
  const dynamodb = new DynamoDBClient({
    region: "us-east-1",
    endpoint: aws.url,
    maxAttempts: 1,
    ...(credentials === undefined ? {} : { credentials }),
  });
  try {
    await dynamodb.send(new DescribeTableCommand({ TableName: "dextr-acme" }));
  } catch (error) {
    return error;
  } finally {
    dynamodb.destroy();
  }
  throw new Error("the request did not fail");
}

test.each([
  "AuthFailure",
  "ExpiredToken",
  "ExpiredTokenException",
  "IDPRejectedClaim",
  "IncompleteSignature",
  "IncompleteSignatureException",
  "InvalidAccessKeyId",
  "InvalidClientTokenId",
  "InvalidGrantException",
  "InvalidIdentityToken",
  "InvalidSignatureException",
  "InvalidToken",
  "MissingAuthenticationToken",
  "MissingAuthenticationTokenException",
  "RequestExpired",
  "SignatureDoesNotMatch",
  "TokenRefreshRequired",
  "UnauthorizedException",
  "UnrecognizedClientException",
])("the answer %s is about the credentials", async (name) => {
  answer = name;
  expect(isAboutCredentials(await errorOf(keys))).toBe(true);
});

test.each([
  "AccessDeniedException",
  "InternalServerError",
  "LimitExceededException",
  "ResourceInUseException",
  "ResourceNotFoundException",
  "ThrottlingException",
  "ValidationException",
])("the answer %s is not about the credentials", async (name) => {
  answer = name;
  const error = await errorOf(keys);
  expect([isAboutCredentials(error), isFailedRequest(error)]).toEqual([false, true]);
});

const session = "[sso-session company]\nsso_start_url = https://company.awsapps.com/start\nsso_region = us-east-1\n";
const account = "sso_account_id = 111122223333\nsso_role_name = operator\n";
const profiles: Readonly<Record<string, string>> = {
  "a sign-in with IAM Identity Center that was never made": `[profile test]\nsso_session = company\n${account}${session}`,
  "a sign-in of the older kind that was never made": `[profile test]\nsso_start_url = https://company.awsapps.com/start\nsso_region = us-east-1\n${account}`,
  "a program that ends with an error": "[profile test]\ncredential_process = false\n",
  "a profile that does not exist": "[profile other]\nregion = us-east-1\n",
};

test.each(Object.keys(profiles))("a request with %s fails because of the credentials", async (kind) => {
  writeConfiguration(profiles[kind] ?? "");
  expect(isAboutCredentials(await errorOf())).toBe(true);
});

test("an expired sign-in with IAM Identity Center is about the credentials", async () => {
  writeConfiguration(profiles["a sign-in with IAM Identity Center that was never made"] ?? "");
  const cache = path.join(home, ".aws", "sso", "cache");
  mkdirSync(cache, { recursive: true });
  const token = { accessToken: "expired", expiresAt: "2026-01-01T00:00:00Z", region: "us-east-1" };
  writeFileSync(path.join(cache, `${createHash("sha1").update("company").digest("hex")}.json`), JSON.stringify(token));
  expect(isAboutCredentials(await errorOf())).toBe(true);
});

test("a missing file with the token of a CI job is about the credentials, another missing file is not", async () => {
  writeConfiguration("");
  const missing = path.join(home, "token");
  Reflect.deleteProperty(process.env, "AWS_PROFILE");
  Object.assign(process.env, {
    AWS_ROLE_ARN: "arn:aws:iam::111122223333:role/operator",
    AWS_WEB_IDENTITY_TOKEN_FILE: missing,
  });
  const error = await errorOf();
  expect(String(error)).toContain(missing);
  expect([isAboutCredentials(error), isFailedRequest(error)]).toEqual([true, true]);
  process.env["AWS_WEB_IDENTITY_TOKEN_FILE"] = path.join(home, "other");
  expect(isAboutCredentials(error)).toBe(false);
});

/** Writes a configuration file, and removes all other sources of credentials from the environment. */
function writeConfiguration(text: string): void {
  const config = path.join(home, "config");
  writeFileSync(config, text);
  for (const name of Object.keys(process.env).filter((key) => key.startsWith("AWS_")))
    Reflect.deleteProperty(process.env, name);
  Object.assign(process.env, {
    HOME: home,
    AWS_CONFIG_FILE: config,
    AWS_SHARED_CREDENTIALS_FILE: path.join(home, "credentials"),
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_PROFILE: "test",
  });
}
