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
  /** Settings of functions that are not in their configuration, by function name. */
  readonly functionDetails: Map<string, FunctionDetails>;
  /** Roles and their policy documents by role name. */
  readonly roles: Map<string, HandmadeRole>;
  readonly logGroups: Set<string>;
  /** Members of the description of a log group, and its tags, by name. */
  readonly logGroupDetails: Map<string, { readonly tags?: object } & Readonly<Record<string, unknown>>>;
  /** Members of the table description that the emulator does not support. */
  table: Readonly<Record<string, unknown>>;
}

interface FunctionDetails {
  readonly reservedConcurrency?: number;
  readonly codeSigningConfigArn?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly live?: Readonly<Record<string, unknown>>;
}

interface HandmadeRole {
  readonly Description: string;
  readonly Path?: string;
  readonly documents: readonly string[];
  /** Further elements of the role in XML. */
  readonly more?: string;
  readonly inline?: readonly string[];
  readonly attached?: readonly string[];
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
  const byHand: HandmadeResources = {
    functions: new Map(),
    functionDetails: new Map(),
    roles: new Map(),
    logGroups: new Set(),
    logGroupDetails: new Map(),
    table: {},
  };
  const proxy = await startRecordingProxy(forwardTo(table.url), {
    dynamodb: withTableMembers(forwardTo(table.url), byHand),
    connect: (request) => connect.handle(request),
    lambda: ({ operation, url }) => answerLambda(operation, decodeURIComponent(url), byHand),
    iam: ({ operation, input }) => answerIam(operation, input as Readonly<Record<string, string>>, byHand),
    logs: ({ input }) => {
      const given = input as { logGroupNamePrefix?: string; resourceArn?: string };
      const { logGroupNamePrefix: prefix = "", resourceArn } = given;
      const found = [...byHand.logGroups].filter((name) => name.startsWith(prefix));
      const details = (name: string) => byHand.logGroupDetails.get(name) ?? {};
      if (resourceArn !== undefined)
        return json({ tags: details(resourceArn.split(":log-group:")[1] ?? "").tags ?? {} });
      return json({ logGroups: found.map((logGroupName) => ({ logGroupName, ...details(logGroupName) })) });
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

function answerLambda(operation: string, url: string, { functions, functionDetails }: HandmadeResources): AwsResponse {
  if (operation === "ListFunctions") return json({ Functions: [...functions.values()] });
  const named = /\/(?:functions|tags)\/([^/?]+)/.exec(url)?.[1] ?? "";
  const name = named.slice(named.lastIndexOf(":") + 1);
  const found = functions.get(name);
  const { reservedConcurrency, codeSigningConfigArn, tags = {}, live } = functionDetails.get(name) ?? {};
  switch (found === undefined ? "" : operation) {
    case "GetFunctionConfiguration":
      return json(found ?? {});
    case "GetFunctionConcurrency":
      return json({ ReservedConcurrentExecutions: reservedConcurrency });
    case "GetFunctionCodeSigningConfig":
      return json({ CodeSigningConfigArn: codeSigningConfigArn, FunctionName: name });
    case "ListTags":
      return json({ Tags: tags });
    case "GetAlias":
      return live === undefined ? failure(404, "ResourceNotFoundException") : json(live);
    default:
      return failure(404, "ResourceNotFoundException");
  }
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
    const { Description, Path = "/", more = "" } = role;
    const name = input["RoleName"] ?? "";
    const arn = `<Arn>arn:aws:iam::${account}:role${Path}${name}</Arn>`;
    const member = `<Role><Path>${Path}</Path><RoleName>${name}</RoleName>${arn}<Description>${Description}</Description>${more}</Role>`;
    return xml(200, `<GetRoleResponse><GetRoleResult>${member}</GetRoleResult></GetRoleResponse>`);
  }
  if (operation === "ListRolePolicies" || operation === "ListAttachedRolePolicies") {
    const { inline = [], attached = [] } = roles.get(input["RoleName"] ?? "") ?? {};
    const list =
      operation === "ListRolePolicies"
        ? `<PolicyNames>${inline.map((name) => `<member>${name}</member>`).join("")}</PolicyNames>`
        : `<AttachedPolicies>${attached.map((arn) => `<member><PolicyArn>${arn}</PolicyArn></member>`).join("")}</AttachedPolicies>`;
    return xml(
      200,
      `<${operation}Response><${operation}Result>${list}<IsTruncated>false</IsTruncated></${operation}Result></${operation}Response>`,
    );
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
