/** Reads the phone numbers, flows, modules and associated functions of a Connect instance, page by page. */
import {
  DescribeContactFlowCommand,
  DescribeContactFlowModuleAliasCommand,
  DescribeContactFlowModuleCommand,
  paginateListContactFlowModules,
  paginateListContactFlows,
  paginateListFlowAssociations,
  paginateListLambdaFunctions,
  paginateListPhoneNumbersV2,
  paginateListTrafficDistributionGroups,
} from "@aws-sdk/client-connect";
import type {
  ConnectClient,
  ContactFlow,
  ContactFlowModule,
  ContactFlowModuleSummary,
  ContactFlowSummary,
  ListPhoneNumbersSummary,
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

/** Undefined if the flow does not exist or was never published. */
export async function describeFlow(
  client: ConnectClient,
  InstanceId: string,
  ContactFlowId: string,
): Promise<ContactFlow | undefined> {
  const request = new DescribeContactFlowCommand({ InstanceId, ContactFlowId });
  return (await undefinedIfAbsent(client.send(request)))?.ContactFlow;
}

/** The version of a module that an alias points to; undefined if the alias does not exist. */
export async function moduleAliasVersion(
  client: ConnectClient,
  InstanceId: string,
  ContactFlowModuleId: string,
  AliasId: string,
): Promise<number | undefined> {
  const request = new DescribeContactFlowModuleAliasCommand({ InstanceId, ContactFlowModuleId, AliasId });
  return (await undefinedIfAbsent(client.send(request)))?.ContactFlowModuleAlias?.Version;
}

/** The phone numbers that are claimed to the instance, or to a traffic distribution group of the instance. */
export async function phoneNumbersOf(client: ConnectClient, InstanceId: string): Promise<ListPhoneNumbersSummary[]> {
  const all: ListPhoneNumbersSummary[] = [];
  const addPages = async (target: { InstanceId: string } | { TargetArn: string }): Promise<void> => {
    for await (const page of paginateListPhoneNumbersV2({ client }, target))
      all.push(...(page.ListPhoneNumbersSummaryList ?? []));
  };
  await addPages({ InstanceId });
  for await (const page of paginateListTrafficDistributionGroups({ client }, { InstanceId }))
    for (const { Arn } of page.TrafficDistributionGroupSummaryList ?? [])
      if (Arn !== undefined) await addPages({ TargetArn: Arn });
  const byId = new Map(all.map((number) => [number.PhoneNumberId ?? number.PhoneNumberArn, number]));
  return [...byId.values()];
}

/** The last part of an ARN, or the id itself. */
const idIn = (idOrArn: string): string => idOrArn.slice(idOrArn.lastIndexOf("/") + 1);

/** The id of the flow with which the calls of each phone number start, by the id of the number. */
export async function flowsOfNumbers(client: ConnectClient, InstanceId: string): Promise<ReadonlyMap<string, string>> {
  const flows = new Map<string, string>();
  const request = { InstanceId, ResourceType: "VOICE_PHONE_NUMBER" } as const;
  for await (const page of paginateListFlowAssociations({ client }, request))
    for (const { ResourceId, FlowId } of page.FlowAssociationSummaryList ?? [])
      if (ResourceId !== undefined && FlowId !== undefined) flows.set(idIn(ResourceId), idIn(FlowId));
  return flows;
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
