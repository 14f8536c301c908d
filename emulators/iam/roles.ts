/**
 * Adds to moto's IAM the policy simulator, and denies a request of a function if the role of the function does not allow the request.
 */
import {
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRolePolicyCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
} from "@aws-sdk/client-iam";
import { simulatePolicy, type SimulatedAccess } from "../../fleet/aws/iam/policy-simulation";
import type { AwsResponse, Responder } from "../aws/aws-endpoint";
import type { AwsRequest } from "../aws/aws-request";

export interface Roles {
  /** Access key id of a role. {@link enforcePolicies} identifies the role by this id. */
  accessKeyOf(roleArn: string): string;
  /** Forwards calls. Denies a call of a role if the policies of the role do not allow the call. */
  enforcePolicies(responder: Responder): Responder;
  /** Answers `SimulatePrincipalPolicy` and forwards other calls to IAM. */
  answerSimulations(responder: Responder): Responder;
  close(): void;
}

/** @param motoUrl URL of the moto server with the roles */
export function rolesIn(motoUrl: string): Roles {
  const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "emulated" };
  const iam = new IAMClient({ endpoint: motoUrl, region: "us-east-1", credentials });
  const roles = new Map<string, string>();

  async function documentsOf(roleArn: string): Promise<string[]> {
    const RoleName = roleArn.slice(roleArn.lastIndexOf("/") + 1);
    const { PolicyNames = [] } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
    const inline = PolicyNames.map(async (PolicyName) => {
      const { PolicyDocument = "" } = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
      return decodeURIComponent(PolicyDocument);
    });
    const { AttachedPolicies = [] } = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
    const attached = AttachedPolicies.map(async ({ PolicyArn }) => {
      const { Policy } = await iam.send(new GetPolicyCommand({ PolicyArn }));
      const version = { PolicyArn, VersionId: Policy?.DefaultVersionId };
      const { PolicyVersion } = await iam.send(new GetPolicyVersionCommand(version));
      return decodeURIComponent(PolicyVersion?.Document ?? "");
    });
    return Promise.all([...inline, ...attached]);
  }

  async function simulate(
    roleArn: string,
    action: string,
    resource: string,
  ): Promise<Exclude<SimulatedAccess, "unclear">> {
    const access = simulatePolicy(await documentsOf(roleArn), { action, resource });
    if (access === "unclear")
      throw new Error(`The emulator does not evaluate the condition on ${action} of ${roleArn}.`);
    return access;
  }

  return {
    accessKeyOf: (roleArn) => {
      const known = [...roles].find(([, arn]) => arn === roleArn)?.[0];
      const key = known ?? `ASIAFUNCTIONROLE${String(roles.size + 1).padStart(4, "0")}`;
      roles.set(key, roleArn);
      return key;
    },
    enforcePolicies: (responder) => async (request) => {
      const roleArn = roles.get(/Credential=([^/,\s]+)/.exec(request.headers.authorization ?? "")?.[1] ?? "");
      if (roleArn === undefined) return responder(request);
      const { action, resource } = requiredAccess(request, roleArn.split(":")[4] ?? "");
      return (await simulate(roleArn, action, resource)) === "allowed"
        ? responder(request)
        : accessDenied(roleArn, action, resource);
    },
    answerSimulations: (responder) => async (request) => {
      if (request.operation !== "SimulatePrincipalPolicy") return responder(request);
      const input = request.input as Readonly<Record<string, string>>;
      const action = input["ActionNames.member.1"] ?? "";
      const resource = input["ResourceArns.member.1"] ?? "*";
      const found = await simulate(input["PolicySourceArn"] ?? "", action, resource);
      const decision = { allowed: "allowed", denied: "explicitDeny", "not allowed": "implicitDeny" }[found];
      return {
        status: 200,
        headers: { "content-type": "text/xml" },
        body:
          "<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated><EvaluationResults>" +
          `<member><EvalActionName>${action}</EvalActionName><EvalResourceName>${resource}</EvalResourceName>` +
          `<EvalDecision>${decision}</EvalDecision></member></EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>`,
      };
    },
    close: () => {
      iam.destroy();
    },
  };
}

/** Action and resource that a call of a function needs. https://docs.aws.amazon.com/service-authorization/latest/reference/ */
function requiredAccess(
  { service, operation, region, input, url }: AwsRequest,
  account: string,
): { readonly action: string; readonly resource: string } {
  const arn = (resource: string): string => `arn:aws:${service}:${region}:${account}:${resource}`;
  if (service === "dynamodb") {
    const { TableName = "", IndexName } = input as { readonly TableName?: string; readonly IndexName?: string };
    const index = IndexName === undefined ? "" : `/index/${IndexName}`;
    return { action: `dynamodb:${operation}`, resource: arn(`table/${TableName}${index}`) };
  }
  if (service === "lambda" && operation === "Invoke") {
    const { pathname, searchParams } = new URL(url, "http://lambda");
    const named = decodeURIComponent(pathname.split("/")[3] ?? "");
    const qualifier = searchParams.get("Qualifier");
    const name = `${named.startsWith("arn:") ? named : arn(`function:${named}`)}${qualifier === null ? "" : `:${qualifier}`}`;
    return { action: "lambda:InvokeFunction", resource: name };
  }
  throw new Error(`The emulator does not know the permission for ${service}:${operation}.`);
}

function accessDenied(roleArn: string, action: string, resource: string): AwsResponse {
  const message = `${roleArn} is not authorized to perform: ${action} on resource: ${resource}`;
  return {
    status: 400,
    headers: { "content-type": "application/x-amz-json-1.0", "x-amzn-errortype": "AccessDeniedException" },
    body: JSON.stringify({ __type: "com.amazon.coral.service#AccessDeniedException", message, Message: message }),
  };
}
