/** Looks at what the function's role may do: whether it may query the index. */
import {
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRolePolicyCommand,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
  SimulatePrincipalPolicyCommand,
  type IAMClient,
} from "@aws-sdk/client-iam";
import type { InstanceConfig } from "../../../config/types";
import { isAbsent, isAccessDenied } from "../../aws/errors";
import { failed, ok } from "../finding";
import type { InstanceClients } from "../../aws/instance-clients";
import type { Check, Finding } from "./check";
import { runCheck, unproven } from "./check";
import { simulatePolicy } from "../../aws/iam/policy-simulation";

const action = "dynamodb:Query";

/**
 * The check `role`.
 *
 * @param roleArn the role with which the function runs, whatever the environment file says
 * @throws CannotAsk
 */
export async function roleCheck(instance: InstanceConfig, roleArn: string, { iam }: InstanceClients): Promise<Check> {
  return runCheck("role", async () => {
    try {
      return await simulated(instance, roleArn, iam);
    } catch (error) {
      if (isAbsent(error)) return noRole(instance, roleArn);
      if (!isAccessDenied(error)) throw error;
      return await read(instance, roleArn, iam);
    }
  });
}

/** IAM's own simulator also knows the role's boundary and the policies of the organization. */
async function simulated({ table, stackName }: InstanceConfig, roleArn: string, iam: IAMClient): Promise<Finding> {
  const { EvaluationResults = [] } = await iam.send(
    new SimulatePrincipalPolicyCommand({
      PolicySourceArn: roleArn,
      ActionNames: [action],
      ResourceArns: [table.indexArn],
    }),
  );
  const decision = EvaluationResults[0]?.EvalDecision;
  return decision === "allowed" ? may(roleArn) : mayNot(roleArn, stackName, decision === "explicitDeny");
}

async function read({ table, stackName }: InstanceConfig, roleArn: string, iam: IAMClient): Promise<Finding> {
  const RoleName = roleArn.slice(roleArn.lastIndexOf("/") + 1);
  const { PolicyNames = [] } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
  const documents: string[] = [];
  for (const PolicyName of PolicyNames) {
    documents.push((await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }))).PolicyDocument ?? "");
  }
  const { AttachedPolicies = [] } = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
  for (const { PolicyArn } of AttachedPolicies) {
    const { Policy } = await iam.send(new GetPolicyCommand({ PolicyArn }));
    const version = { PolicyArn, VersionId: Policy?.DefaultVersionId };
    documents.push((await iam.send(new GetPolicyVersionCommand(version))).PolicyVersion?.Document ?? "");
  }
  // IAM answers with documents encoded for URLs (RFC 3986).
  const access = simulatePolicy(documents.map(decodeURIComponent), { action, resource: table.indexArn });
  if (access === "allowed") return may(roleArn);
  if (access !== "unclear") return mayNot(roleArn, stackName, access === "denied");
  return unproven(
    `Whether ${roleArn} may ${action} on the index hangs on a condition in its policies, and iam:SimulatePrincipalPolicy is not allowed.`,
  );
}

const may = (roleArn: string): Finding => ok(`${nameOf(roleArn)} may ${action} on the index.`);

function mayNot(roleArn: string, stackName: string, isDenied: boolean): Finding {
  return failed(
    `The role ${nameOf(roleArn)} may not ${action} on the index${isDenied ? ", by an explicit deny" : ""}: every lookup ends as access_denied, and nobody is blocked. ` +
      "The console's template \"Simple microservice permissions\", which the vendor's guide chooses, lacks it too.",
    isDenied
      ? "Find the policy that denies it: of the role, its boundary, or the organization."
      : `Deploy ${stackName}. If it was deployed before, somebody changed the role: find out who.`,
  );
}

function noRole({ stackName }: InstanceConfig, roleArn: string): Finding {
  return failed(
    `The function runs with the role ${nameOf(roleArn)}, which does not exist: it cannot be called, and nobody is blocked.`,
    `Deploy ${stackName}.`,
  );
}

const nameOf = (roleArn: string): string => roleArn.slice(roleArn.lastIndexOf("/") + 1);
