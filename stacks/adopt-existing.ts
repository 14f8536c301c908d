/** What was clicked together by hand after the vendor's guide: taken over in an order that never leaves a flow without a function. */
import { DataAwsIamRole } from "@cdktf/provider-aws/lib/data-aws-iam-role";
import { DataAwsLambdaFunction } from "@cdktf/provider-aws/lib/data-aws-lambda-function";
import { IamRolePoliciesExclusive } from "@cdktf/provider-aws/lib/iam-role-policies-exclusive";
import { IamRolePolicyAttachmentsExclusive } from "@cdktf/provider-aws/lib/iam-role-policy-attachments-exclusive";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import type { InstanceConfig } from "../config/types";
import type { ImportBlock } from "./state-blocks";

/** The import blocks of what exists; they may stay, since what is in the state is not imported again. */
export function existingImports({ adoptExisting, instanceId, function: own }: InstanceConfig): readonly ImportBlock[] {
  if (adoptExisting === undefined) return [];
  const { moduleId } = adoptExisting;
  return [
    ...(adoptExisting.logGroup ? [{ to: "aws_cloudwatch_log_group.blocked_calls", id: own.logGroupName }] : []),
    ...(adoptExisting.role ? [{ to: "aws_iam_role.blocked_calls", id: own.roleName }] : []),
    ...(adoptExisting.function ? [{ to: "aws_lambda_function.blocked_calls", id: own.name }] : []),
    ...(moduleId === undefined
      ? []
      : [{ to: "aws_connect_contact_flow_module.blocked_status", id: `${instanceId}:${moduleId}` }]),
  ];
}

export interface HandMadeProps {
  readonly instance: InstanceConfig;
  /** Handler of the code that is put into the function. */
  readonly handler: string;
  /** Names of the inline policies that the role has from us, as a Terraform expression. */
  readonly policyNames: string;
  /** What calls the function in the end: until then the role loses nothing. */
  readonly module: ITerraformDependable;
}

/**
 * The conditions under which function and role can be changed in place, and the end of the role's other permissions.
 *
 * A module that was imported by hand calls the function's unqualified ARN, its latest code. The provider changes a
 * function's configuration first and its code after that (5.100.0): in between, the old code runs with the new runtime, handler,
 * role and variables. So the old code must be of the same kind. The module itself is changed last, to the alias.
 */
export class ExistingResources extends Construct {
  constructor(scope: Construct, id: string, { instance, handler, policyNames, module }: HandMadeProps) {
    super(scope, id);
    const { adoptExisting, function: own, name, environment } = instance;
    const here = `for ${name} in environments/${environment}.yaml`;

    if (adoptExisting?.function === true) {
      const existing = new DataAwsLambdaFunction(this, "function", {
        functionName: own.name,
        lifecycle: {
          postcondition: [
            {
              condition: `\${startswith(self.runtime, "nodejs") && self.handler == "${handler}"}`,
              errorMessage:
                `The function ${own.name} cannot be changed in place: it has the runtime \${self.runtime} and the handler \${self.handler}, ` +
                `and while its configuration is new and its code still old, calls need nodejs and ${handler}. Nothing was changed. ` +
                `Set another function.name ${here} and remove adoptExisting.function: a new function then takes its place in the module.`,
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
              `The role ${own.roleName} has the path \${self.path}, as the Lambda console gives it, and a path cannot be changed. Nothing was changed. ` +
              `Set another function.roleName ${here} and remove adoptExisting.role: a new role then takes its place.`,
          },
        ],
      },
    });
    existing.overrideLogicalId("by_hand");

    // The guide's "Simple microservice permissions" may write and delete in every table.
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
