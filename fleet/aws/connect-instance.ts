/** Reads the flows, modules and associated functions of a Connect instance, page by page. */
import {
  DescribeContactFlowModuleCommand,
  paginateListContactFlowModules,
  paginateListContactFlows,
  paginateListLambdaFunctions,
} from "@aws-sdk/client-connect";
import type {
  ConnectClient,
  ContactFlowModule,
  ContactFlowModuleSummary,
  ContactFlowSummary,
} from "@aws-sdk/client-connect";
import { BLOCKED_STATUS_MODULE_NAME } from "../../flows/blocked-status";
import { undefinedIfAbsent } from "./errors";

export async function modulesOf(client: ConnectClient, InstanceId: string): Promise<ContactFlowModuleSummary[]> {
  const all: ContactFlowModuleSummary[] = [];
  for await (const page of paginateListContactFlowModules({ client }, { InstanceId }))
    all.push(...(page.ContactFlowModulesSummaryList ?? []));
  return all;
}

export async function flowsOf(client: ConnectClient, InstanceId: string): Promise<ContactFlowSummary[]> {
  const all: ContactFlowSummary[] = [];
  for await (const page of paginateListContactFlows({ client }, { InstanceId }))
    all.push(...(page.ContactFlowSummaryList ?? []));
  return all;
}

/** The module named `blockedStatus`, managed by this project or created by hand. */
export function blockedStatusAmong(modules: readonly ContactFlowModuleSummary[]): ContactFlowModuleSummary | undefined {
  return modules.find(({ Name }) => Name === BLOCKED_STATUS_MODULE_NAME);
}

/** Undefined if the module does not exist. */
export async function describeModule(
  client: ConnectClient,
  InstanceId: string,
  ContactFlowModuleId: string | undefined,
): Promise<ContactFlowModule | undefined> {
  const request = new DescribeContactFlowModuleCommand({ InstanceId, ContactFlowModuleId });
  return (await undefinedIfAbsent(client.send(request)))?.ContactFlowModule;
}

/** ARNs of the functions that flows of the instance may invoke. */
export async function associatedFunctions(client: ConnectClient, InstanceId: string): Promise<string[]> {
  const all: string[] = [];
  for await (const page of paginateListLambdaFunctions({ client }, { InstanceId }))
    all.push(...(page.LambdaFunctions ?? []));
  return all;
}

type Json = Readonly<Record<string, unknown>>;

/** A Lambda block of a flow: the function and the parameters. */
export interface LambdaBlock {
  readonly arn: string;
  readonly parameters: Json;
}

/** @param content JSON of a flow or a module; content that is not JSON has no blocks */
export function lambdaBlocks(content: string): LambdaBlock[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(content);
  } catch {
    return [];
  }
  const actions = (parsed as Json | null)?.["Actions"];
  if (!Array.isArray(actions)) return [];
  return (actions as readonly (Json | null)[])
    .filter((block) => block?.["Type"] === "InvokeLambdaFunction")
    .map((block) => {
      const parameters = (block?.["Parameters"] ?? {}) as Json;
      return {
        arn: String(parameters["LambdaFunctionARN"]),
        parameters: (parameters["LambdaInvocationAttributes"] ?? {}) as Json,
      };
    });
}
