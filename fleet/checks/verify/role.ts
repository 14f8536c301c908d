/** Checks that the function's role may query the index. */
import {
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRolePolicyCommand,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
  type IAMClient,
} from "@aws-sdk/client-iam";
import type { InstanceConfig } from "../../../config/types";
import { isAbsent, isAccessDenied } from "../../aws/errors";
import { failed, ok } from "../finding";
import type { InstanceClients } from "../../aws/instance-clients";
import type { Check, Finding } from "./check";
import { runCheck, unproven } from "./check";
import { simulatePolicy } from "../../aws/iam/policy-simulation";
import { simulateRole } from "../../aws/iam/simulate-role";

const action = "dynamodb:Query";

/**
 * The check `role`.
 *
 * @param roleArn the role of the deployed function, which may differ from the environment file
 * @throws CredentialsError
 */
export async function roleCheck(instance: InstanceConfig, roleArn: string, { iam }: InstanceClients): Promise<Check> {
  return runCheck("role", async () => {
    try {
      return await fromSimulator(instance, roleArn, iam);
    } catch (error) {
      if (isAbsent(error)) return noRole(instance, roleArn);
      if (!isAccessDenied(error)) throw error;
      return await fromPolicies(instance, roleArn, iam);
    }
  });
}

async function fromSimulator({ table, stackName }: InstanceConfig, roleArn: string, iam: IAMClient): Promise<Finding> {
  const access = await simulateRole(iam, roleArn, action, table.indexArn);
  return access === "allowed" ? allowedFinding(roleArn) : deniedFinding(roleArn, stackName, access === "denied");
}

/** Evaluates the policies of the role without IAM's simulator, for credentials that may not use the simulator. */
async function fromPolicies({ table, stackName }: InstanceConfig, roleArn: string, iam: IAMClient): Promise<Finding> {
  const RoleName = nameOf(roleArn);
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
  // IAM returns URL-encoded documents (RFC 3986).
  const access = simulatePolicy(documents.map(decodeURIComponent), { action, resource: table.indexArn });
  if (access === "allowed") return allowedFinding(roleArn);
  if (access !== "unclear") return deniedFinding(roleArn, stackName, access === "denied");
  return unproven(
    `Whether ${roleArn} may ${action} on the index depends on a condition in its policies, and iam:SimulatePrincipalPolicy is not allowed.`,
  );
}

const allowedFinding = (roleArn: string): Finding => ok(`${nameOf(roleArn)} may ${action} on the index.`);

function deniedFinding(roleArn: string, stackName: string, isDenied: boolean): Finding {
  return failed(
    `The role ${nameOf(roleArn)} may not ${action} on the index${isDenied ? " because of an explicit deny" : ""}. Every lookup ends with access_denied, and no caller is blocked. ` +
      "The console's template \"Simple microservice permissions\", which the vendor's guide uses, does not allow it either.",
    isDenied
      ? "Find the policy that denies it: a policy of the role, its permissions boundary, or a policy of the organization."
      : `Deploy ${stackName}. If it was deployed before, the role was changed outside Terraform: find out who changed it.`,
  );
}

function noRole({ stackName }: InstanceConfig, roleArn: string): Finding {
  return failed(
    `The function runs with the role ${nameOf(roleArn)}, which does not exist. It cannot be invoked, and no caller is blocked.`,
    `Deploy ${stackName}.`,
  );
}

const nameOf = (roleArn: string): string => roleArn.slice(roleArn.lastIndexOf("/") + 1);
