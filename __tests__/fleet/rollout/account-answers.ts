/** Answers of AWS for the recorded instance: an account without its resources, and an account with them. */
import { AwsError } from "../aws-answers";
import type { Answers } from "../aws-answers";
import { recordedInstance } from "../guard/recorded-plan";

const instance = recordedInstance();
export const absent = new AwsError("ResourceNotFoundException", "no such function", 404);
export const denied = new AwsError("AccessDeniedException", "not authorized", 403);
export const role = (description: string): string =>
  `<GetRoleResponse><GetRoleResult><Role><RoleName>r</RoleName><Description>${description}</Description></Role></GetRoleResult></GetRoleResponse>`;
export const moduleId = "00000000-0000-4000-9000-000000000002";
export const modules = { ContactFlowModulesSummaryList: [{ Name: "blockedStatus", Id: moduleId }] };
export const moduleOf = (stack: string) => ({
  ContactFlowModule: { Id: moduleId, Name: "blockedStatus", Description: `Sets. Managed by Terraform (${stack}).` },
});
export const ownDescription = "Answers Connect instance recorded: is this caller's number blocked?";

const table = {
  Table: {
    TableName: "dextr-recorded",
    TableId: "0f0e0d0c-1b1a-4918-8716-151413121110",
    ProvisionedThroughput: { ReadCapacityUnits: 17, WriteCapacityUnits: 9 },
  },
};

/** An account in which no resource of the stack exists. */
export const empty: Answers = {
  "dynamodb:DescribeTable": table,
  "lambda:GetFunctionConfiguration": absent,
  "lambda:GetAlias": absent,
  "lambda:ListFunctions": { Functions: [] },
  "iam:GetRole": new AwsError("NoSuchEntity", "no such role", 404),
  "logs:DescribeLogGroups": { logGroups: [] },
  "connect:ListContactFlowModules": { ContactFlowModulesSummaryList: [] },
  "connect:ListContactFlows": { ContactFlowSummaryList: [] },
  "connect:ListLambdaFunctions": { LambdaFunctions: [] },
  "events:DescribeRule": new AwsError("ResourceNotFoundException", "no such rule"),
  "monitoring:DescribeAlarms": { MetricAlarms: [] },
  "monitoring:GetDashboard": new AwsError("DashboardNotFoundError", "no such dashboard", 404),
};

/** An account with the resources of a deployment of the instance. */
export const deployed = (stack: string): Answers => ({
  ...empty,
  "lambda:GetFunctionConfiguration": (_, url) =>
    url.includes("canary") ? absent : { FunctionName: "blockedCalls-recorded", Description: ownDescription },
  "lambda:GetAlias": { FunctionVersion: "1" },
  "iam:GetRole": ({ RoleName }) =>
    String(RoleName).includes("canary")
      ? new AwsError("NoSuchEntity", "no such role", 404)
      : role("Runs blockedCalls-recorded: may query"),
  "logs:DescribeLogGroups": ({ logGroupNamePrefix }) => ({
    logGroups: String(logGroupNamePrefix).includes("canary") ? [] : [{ logGroupName: logGroupNamePrefix }],
  }),
  "connect:ListContactFlowModules": modules,
  "connect:DescribeContactFlowModule": moduleOf(stack),
  "connect:ListLambdaFunctions": { LambdaFunctions: [instance.function.aliasArn] },
});
