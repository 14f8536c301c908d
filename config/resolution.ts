/** The complete configuration of one instance: defaults added, names and ARNs derived. */
import * as names from "./aws-names";
import { fill } from "./declaration";
import { namesOf } from "./levels";
import type { Candidate } from "./levels";
import { instanceSchema } from "./schema";
import type { ResolvedInstance } from "./schema";
import type { Allowance, InstanceConfig, RoleConfig, VpcConfig, WhenBlocked } from "./types";
import { waveOf } from "./waves";

/** @returns undefined while a required key is missing or refused */
export function resolve(candidate: Candidate): InstanceConfig | undefined {
  const { environment } = candidate;
  const {
    name,
    id,
    wave,
    suspended,
    release,
    adoptExisting,
    account,
    region,
    deployRole,
    planRole,
    inboundFlow,
    ignoreTags,
    ...settings
  } = omit(fill(instanceSchema.shape, candidate.settings), "tableName");
  const { bucket, region: stateRegion, ...state } = settings.state;
  const { stack, table, function: functionName, role, canary, canaryRole } = namesOf(candidate);
  if (name === undefined || id === undefined || account === undefined || region === undefined) return undefined;
  const [firstDisposition, ...otherDispositions] = settings.blockedDispositions ?? [];
  if (bucket === undefined || stateRegion === undefined || firstDisposition === undefined) return undefined;
  if (stack === undefined || table === undefined || functionName === undefined || role === undefined) return undefined;
  if (canary === undefined || canaryRole === undefined) return undefined;

  const target = { account, region };
  const partition = names.partitionOf(region);
  const instanceId = bareId(id);
  return {
    environment,
    name,
    stackName: stack,
    stage: candidate.stage ?? 1,
    wave: waveOf(candidate.waves, wave),
    suspended,
    ...(release === false ? {} : { release }),
    ...adopted(adoptExisting),
    ...target,
    partition,
    dnsSuffix: names.dnsSuffix(partition),
    instanceId,
    instanceArn: names.instanceArn(target, instanceId),
    ...roleOf("deployRole", deployRole),
    ...roleOf("planRole", planRole),
    ...settings,
    state: { ...state, bucket, region: stateRegion, key: names.stateKey(environment, name, region) },
    allowances: settings.allowances.filter(isComplete),
    blockedDispositions: [firstDisposition, ...otherDispositions],
    ...inboundFlowOf(inboundFlow),
    flows: flowsOf(settings.flows),
    ...ignoredTags(ignoreTags),
    table: {
      ...settings.table,
      name: table,
      arn: names.tableArn(target, table),
      indexArn: names.indexArn(target, table),
    },
    alarms: omit(settings.alarms, "canaryName", "canaryRoleName"),
    canary: {
      name: canary,
      roleName: canaryRole,
      functionArn: names.functionArn(target, canary),
      logGroupName: names.logGroupName(canary),
      logGroupArn: names.logGroupArn(target, canary),
    },
    function: {
      ...omit(settings.function, "vpc"),
      name: functionName,
      roleName: role,
      aliasArn: names.aliasArn(target, functionName),
      logGroupName: names.logGroupName(functionName),
      logGroupArn: names.logGroupArn(target, functionName),
      ...vpcOf(settings.function.vpc),
    },
  };
}

function omit<T extends object, K extends keyof T & string>(map: T, ...keys: readonly K[]): Omit<T, K> {
  const omitted: ReadonlySet<string> = new Set(keys);
  return Object.fromEntries(Object.entries(map).filter(([key]) => !omitted.has(key))) as Omit<T, K>;
}

/** The id at the end of an ARN, or the id itself. */
const bareId = (idOrArn: string): string => idOrArn.slice(idOrArn.lastIndexOf("/") + 1);

function roleOf<K extends "deployRole" | "planRole">(
  key: K,
  role: ResolvedInstance["deployRole"],
): Partial<Record<K, RoleConfig>> {
  const { arn, externalId } = role ?? {};
  if (arn === undefined) return {};
  return { [key]: { arn, ...(externalId === undefined ? {} : { externalId }) } } as Record<K, RoleConfig>;
}

/** Narrows the type. Every allowance is complete here, because contradictions.ts reports missing keys. */
function isComplete(allowance: ResolvedInstance["allowances"][number]): allowance is Allowance {
  const { resource, rule, reason, until } = allowance;
  return resource !== undefined && rule !== undefined && reason !== undefined && until !== undefined;
}

function adopted(adoptExisting: ResolvedInstance["adoptExisting"]): Pick<InstanceConfig, "adoptExisting"> {
  if (adoptExisting === undefined) return {};
  const { module: moduleArn, ...others } = adoptExisting;
  return { adoptExisting: { ...(moduleArn === undefined ? {} : { moduleId: bareId(moduleArn) }), ...others } };
}

/** A map without keys and prefixes is the same as no map. */
function ignoredTags(ignoreTags: ResolvedInstance["ignoreTags"]): Pick<InstanceConfig, "ignoreTags"> {
  return ignoreTags === undefined || ignoreTags.keys.length + ignoreTags.keyPrefixes.length === 0 ? {} : { ignoreTags };
}

/** Both lists are given: contradictions.ts reports a missing one. */
function vpcOf(vpc: ResolvedInstance["function"]["vpc"]): { readonly vpc?: VpcConfig } {
  const { subnetIds, securityGroupIds } = vpc ?? {};
  return subnetIds === undefined || securityGroupIds === undefined ? {} : { vpc: { subnetIds, securityGroupIds } };
}

function inboundFlowOf(inboundFlow: ResolvedInstance["inboundFlow"]): Pick<InstanceConfig, "inboundFlow"> {
  if (inboundFlow?.queue === undefined) return {};
  const { name, queue: queueId, whenBlocked = { action: "disconnect" } } = inboundFlow;
  return { inboundFlow: { name, queueId, whenBlocked: whenBlockedOf(whenBlocked) } };
}

function flowsOf({ whenBlocked, unprotectedNumbers }: ResolvedInstance["flows"]): InstanceConfig["flows"] {
  return { ...(whenBlocked === undefined ? {} : { whenBlocked: whenBlockedOf(whenBlocked) }), unprotectedNumbers };
}

/** Narrows the type. Every action has its key here, because contradictions.ts reports a missing key. */
function whenBlockedOf({
  action,
  text,
  ssml,
  queue,
  flow,
}: NonNullable<NonNullable<ResolvedInstance["inboundFlow"]>["whenBlocked"]>): WhenBlocked {
  if (action === "message" && text !== undefined) return { action, message: { Text: text } };
  if (action === "message" && ssml !== undefined) return { action, message: { SSML: ssml } };
  if (action === "queue" && queue !== undefined) return { action, queueId: queue };
  if (action === "flow" && flow !== undefined) return { action, flowId: flow };
  return { action: "disconnect" };
}
