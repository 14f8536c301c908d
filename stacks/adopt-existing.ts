/**
 * Adopts resources that were created by hand with the vendor's guide. The order of changes never leaves a flow without a working function.
 */
import { DataAwsIamRole } from "@cdktf/provider-aws/lib/data-aws-iam-role";
import { DataAwsLambdaFunction } from "@cdktf/provider-aws/lib/data-aws-lambda-function";
import { IamRolePoliciesExclusive } from "@cdktf/provider-aws/lib/iam-role-policies-exclusive";
import { IamRolePolicyAttachmentsExclusive } from "@cdktf/provider-aws/lib/iam-role-policy-attachments-exclusive";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import type { InstanceConfig } from "../config/types";

export interface ExistingResourcesProps {
  readonly instance: InstanceConfig;
  /** Handler of the deployed code. */
  readonly handler: string;
  /** Names of the role's inline policies that the stack manages, as a Terraform expression. */
  readonly policyNames: string;
  /** The module that invokes the function. The role keeps its other permissions until the module is deployed. */
  readonly module: ITerraformDependable;
}

/**
 * Checks that an existing function and role can be changed in place, and removes the role's other permissions.
 *
 * A module that was imported by hand invokes the function's unqualified ARN, which is its latest code. The provider (5.100.0) changes a
 * function's configuration before its code. Between these two changes, the old code runs with the new runtime, handler, role and variables.
 * So the old code must work with the new runtime and handler. The module is changed last, to the alias.
 */
export class ExistingResources extends Construct {
  constructor(scope: Construct, id: string, { instance, handler, policyNames, module }: ExistingResourcesProps) {
    super(scope, id);
    const { adoptExisting, function: own, name, environment } = instance;
    const place = `for ${name} in environments/${environment}.yaml`;

    if (adoptExisting?.function === true) {
      const existing = new DataAwsLambdaFunction(this, "function", {
        functionName: own.name,
        lifecycle: {
          postcondition: [
            {
              condition: `\${startswith(self.runtime, "nodejs") && self.handler == "${handler}"}`,
              errorMessage:
                `The function ${own.name} cannot be changed in place: it has the runtime \${self.runtime} and the handler \${self.handler}, ` +
                `but its old code must run with nodejs and ${handler} until its code is replaced. Nothing was changed. ` +
                `Set another function.name ${place} and remove adoptExisting.function: the module then invokes a new function.`,
            },
          ],
        },
      });
      existing.overrideLogicalId("by_hand");
    }

    if (adoptExisting?.role !== true) return;
    const existing = new DataAwsIamRole(this, "role", {
      name: own.roleName,
      lifecycle: {
        postcondition: [
          {
            condition: '${self.path == "/"}',
            errorMessage:
              `The role ${own.roleName} has the path \${self.path}, which the Lambda console sets, and a path cannot be changed. Nothing was changed. ` +
              `Set another function.roleName ${place} and remove adoptExisting.role: the function then gets a new role.`,
          },
        ],
      },
    });
    existing.overrideLogicalId("by_hand");

    // The guide's "Simple microservice permissions" allow writes and deletes in every table.
    const attached = new IamRolePolicyAttachmentsExclusive(this, "attached", {
      roleName: own.roleName,
      policyArns: [],
      dependsOn: [module],
    });
    attached.overrideLogicalId("blocked_calls");
    const inline = new IamRolePoliciesExclusive(this, "inline", {
      roleName: own.roleName,
      policyNames: [],
      dependsOn: [module],
    });
    inline.addOverride("policy_names", policyNames);
    inline.overrideLogicalId("blocked_calls");
  }
}
