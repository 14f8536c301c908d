/** Asks IAM's own simulator whether a role may perform an action. */
import { SimulatePrincipalPolicyCommand } from "@aws-sdk/client-iam";
import type { IAMClient } from "@aws-sdk/client-iam";

/**
 * The simulator also evaluates the permissions boundary and the policies of the organization.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
 *
 * @throws an error of IAM if the role does not exist or the simulator may not be used
 */
export async function simulateRole(
  iam: IAMClient,
  roleArn: string,
  action: string,
  resource: string,
): Promise<"allowed" | "denied" | "not allowed"> {
  const request = { PolicySourceArn: roleArn, ActionNames: [action], ResourceArns: [resource] };
  const { EvaluationResults = [] } = await iam.send(new SimulatePrincipalPolicyCommand(request));
  const decision = EvaluationResults[0]?.EvalDecision;
  if (decision === "allowed") return "allowed";
  return decision === "explicitDeny" ? "denied" : "not allowed";
}
