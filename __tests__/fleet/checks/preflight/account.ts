/** An emulated account before a deployment: a table, a Connect instance, and resources that were created by hand. */
import { simulatePolicy } from "../../../../fleet/aws/iam/policy-simulation";
import type { FlowContent } from "../../../../flows/language/types";
import { validateContent } from "../../../../flows/language/validate";
import { forwardTo } from "../../../../emulators/aws/aws-endpoint";
import type { AwsResponse, Responder } from "../../../../emulators/aws/aws-endpoint";
import { parseJson } from "../../../../emulators/aws/aws-request";
import { startRecordingProxy } from "../../../../emulators/aws/recording-proxy";
import type { RecordingProxy } from "../../../../emulators/aws/recording-proxy";
import { ConnectEmulator } from "../../../../emulators/connect/server";
import { startLargeTable } from "./large-table";
import type { LargeTable } from "./large-table";

export const account = "111122223333";
export const region = "us-east-1";
export const instanceId = "0f0e0d0c-1b1a-4918-8716-151413121110";

/** Resources besides the table and Connect. Tests add to them. */
export interface HandmadeResources {
  /** Function configurations by function name. */
  readonly functions: Map<string, Readonly<Record<string, unknown>>>;
  /** Roles and their policy documents by role name. */
  readonly roles: Map<
    string,
    { readonly Description: string; readonly Path?: string; readonly documents: readonly string[] }
  >;
  readonly logGroups: Set<string>;
  /** Members of the table description that the emulator does not support. */
  table: Readonly<Record<string, unknown>>;
}

export interface Account {
  readonly table: LargeTable;
  readonly connect: ConnectEmulator;
  readonly byHand: HandmadeResources;
  readonly proxy: RecordingProxy;
  /** Environment variables for a process that uses this account. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export async function startAccount(alias: string): Promise<Account> {
  // dynalite uses this account in its ARNs.
  process.env["AWS_ACCOUNT_ID"] = account;
  const table = await startLargeTable();
  const connect = new ConnectEmulator([{ account, region, id: instanceId, alias }], (content, kind) =>
    validateContent(JSON.parse(content) as FlowContent, kind).map(({ message }) => message),
  );
  const byHand: HandmadeResources = { functions: new Map(), roles: new Map(), logGroups: new Set(), table: {} };
  const proxy = await startRecordingProxy(table.url, {
    dynamodb: withTableMembers(forwardTo(table.url), byHand),
    connect: (request) => connect.handle(request),
    lambda: ({ url }) => {
      const name = /\/functions\/([^/]+)\/configuration/.exec(url)?.[1] ?? "";
      const found = byHand.functions.get(decodeURIComponent(name));
      return found === undefined ? failure(404, "ResourceNotFoundException") : json(found);
    },
    iam: ({ operation, input }) => answerIam(operation, input as Readonly<Record<string, string>>, byHand),
    logs: ({ input }) => {
      const { logGroupNamePrefix: prefix = "" } = input as { logGroupNamePrefix?: string };
      const found = [...byHand.logGroups].filter((name) => name.startsWith(prefix));
      return json({ logGroups: found.map((logGroupName) => ({ logGroupName })) });
    },
    kms: () => json({ KeyMetadata: { KeyId: "1234abcd", KeyManager: "CUSTOMER", KeyState: "Enabled" } }),
  });
  return {
    table,
    connect,
    byHand,
    proxy,
    env: {
      AWS_ENDPOINT_URL: proxy.url,
      AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
      AWS_SECRET_ACCESS_KEY: "emulated",
      AWS_REGION: region,
    },
    stop: async () => {
      await proxy.close();
      await table.stop();
    },
  };
}

function withTableMembers(dynamodb: Responder, byHand: HandmadeResources): Responder {
  return async (request) => {
    const response = await dynamodb(request);
    if (request.operation !== "DescribeTable" || response.status !== 200) return response;
    const { Table } = parseJson(Buffer.from(response.body)) as { Table: object };
    return json({ Table: { ...Table, ...byHand.table } });
  };
}

function answerIam(
  operation: string,
  input: Readonly<Record<string, string>>,
  { roles }: HandmadeResources,
): AwsResponse {
  if (operation === "GetRole") {
    const role = roles.get(input["RoleName"] ?? "");
    if (role === undefined) {
      return xml(
        404,
        "<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>no such role</Message></Error></ErrorResponse>",
      );
    }
    const { Description, Path = "/" } = role;
    const member = `<Role><Path>${Path}</Path><RoleName>${input["RoleName"] ?? ""}</RoleName><Description>${Description}</Description></Role>`;
    return xml(200, `<GetRoleResponse><GetRoleResult>${member}</GetRoleResult></GetRoleResponse>`);
  }
  const arn = input["PolicySourceArn"] ?? "";
  const documents = roles.get(arn.slice(arn.lastIndexOf("/") + 1))?.documents ?? [];
  const action = input["ActionNames.member.1"] ?? "";
  const access = simulatePolicy(documents, { action, resource: input["ResourceArns.member.1"] ?? "" });
  const decision = access === "allowed" ? "allowed" : "implicitDeny";
  return xml(
    200,
    "<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated><EvaluationResults><member>" +
      `<EvalActionName>dynamodb:Query</EvalActionName><EvalDecision>${decision}</EvalDecision>` +
      "</member></EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>",
  );
}

const json = (body: object): AwsResponse => ({
  status: 200,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});
const xml = (status: number, body: string): AwsResponse => ({ status, headers: { "content-type": "text/xml" }, body });
const failure = (status: number, name: string): AwsResponse => ({
  status,
  headers: { "content-type": "application/json", "x-amzn-errortype": name },
  body: JSON.stringify({ message: name }),
});
