/** Decides whether a resource that exists before the apply belongs to this stack, and not to another team. */
import { monitoringName } from "../../config/aws-names";
import { isFromStackOf, managingStack } from "../../config/descriptions";
import type { InstanceConfig } from "../../config/types";
import {
  ALARM,
  DASHBOARD,
  FLOW,
  FUNCTION,
  isAdopted,
  isCanaryResource,
  MODULE,
  resourceType,
  ROLE,
  terraformId,
  TOPIC,
} from "../../stacks/resource-types";
import { fieldsOf, shortJson, textAt } from "../terraform/json-values";
import type { PlanJson, ResourceChange } from "../terraform/plan-json";
import { valuesBefore } from "./planned-changes";

/** Logical ids of the resources that this or an earlier version of the stack contains, except alarms. */
const logicalIds: readonly string[] = [
  "blocked_calls",
  "blocked_status",
  "inbound",
  "live",
  "connect",
  "lookup",
  "decrypt",
  "vpc",
  "canary",
  "canary_decrypt",
  "alarms",
  "environment",
];

/** Resources with `count`. */
const counted: readonly string[] = ["aws_iam_role_policy.decrypt", "aws_iam_role_policy.canary_decrypt"];

/** Whether a stack can contain a resource with this address. */
export function isOwnAddress({ address, type, name }: ResourceChange): boolean {
  if (type !== ALARM && !logicalIds.includes(name)) return false;
  const id = `${type}.${name}`;
  return address === (counted.includes(id) ? `${id}[0]` : id);
}

/**
 * Whether a resource in the state was created by this stack, possibly under an earlier name. The state alone is no evidence: after a wrong
 * import or an edit, it can name any resource.
 */
export function isOwnResource(resource: ResourceChange, plan: PlanJson, instance: InstanceConfig): boolean {
  const { type } = resource;
  const before = valuesBefore(resource);
  if (identityProblems(type, before, instance).length > 0) return false;
  // After an interrupted adoption, the resource is in the state, but still as its creator made it.
  if (isAdopted(resource, textAt(before, "id"), instance)) return true;
  const monitored = monitoredStack(resource, plan, instance);
  if (monitored !== undefined) return true;
  const entry = resourceType(type);
  if (entry?.hasOwnerInDescription === true) return isOwnDescribed(resource, plan, instance);
  if (entry?.belongsTo === undefined) return false;
  const { attribute, value = (text: string) => text } = entry.belongsTo;
  const owners = ownerNames(entry.belongsTo.type, isCanaryResource(resource), plan, instance);
  return owners.some((owner) => textAt(before, attribute) === value(owner, instance));
}

/** Whether an alarm, topic or dashboard gets another name because the stack was renamed and its state was moved. */
export function isRenamedWithStack(resource: ResourceChange, plan: PlanJson, instance: InstanceConfig): boolean {
  const stack = monitoredStack(resource, plan, instance);
  return stack !== undefined && stack !== instance.stackName && resource.change.actions.includes("create");
}

/** The name of our stack that the name of an alarm, topic or dashboard contains; undefined for every other resource. */
function monitoredStack(
  { type, name, change: { before } }: ResourceChange,
  plan: PlanJson,
  instance: InstanceConfig,
): string | undefined {
  const suffix = type === ALARM ? `-${name.replaceAll("_", "-")}` : "";
  if (![ALARM, TOPIC, DASHBOARD].includes(type)) return undefined;
  const actual = textAt(before, resourceType(type)?.identity.at(-1) ?? "name");
  return stackNames(plan, instance).find((stack) => actual === `${monitoringName(stack)}${suffix}`);
}

/** The name of the stack, and its former name if the description of our module has another name: then the state was moved. */
function stackNames(plan: PlanJson, { stackName, instanceId }: InstanceConfig): readonly string[] {
  const module = plan.resource_changes.find(
    ({ address, deposed }) => address === `${MODULE}.blocked_status` && deposed === undefined,
  )?.change;
  const isOwn = module?.importing === undefined && textAt(module?.before, "instance_id") === instanceId;
  const former = isOwn ? managingStack(textAt(module?.before, "description")) : undefined;
  return [stackName, ...(former === undefined ? [] : [former])];
}

/** Whether the last deployment gave the resource a description of this stack. Drift shows a description that was changed since. */
function isOwnDescribed({ address, change }: ResourceChange, plan: PlanJson, instance: InstanceConfig): boolean {
  const drift = plan.resource_drift.find((other) => other.address === address)?.change.before;
  return stackNames(plan, instance).some((stackName) =>
    [change.before, drift].some((values) =>
      isFromStackOf({ stackName, name: instance.name }, textAt(values, "description")),
    ),
  );
}

/** The name of the stack's function or role, and the name before the apply. */
function ownerNames(
  type: typeof FUNCTION | typeof ROLE,
  isCanary: boolean,
  plan: PlanJson,
  instance: InstanceConfig,
): readonly string[] {
  const own = isCanary ? instance.canary : instance.function;
  const resource = plan.resource_changes.find(
    ({ address, deposed }) => deposed === undefined && address === `${type}.${isCanary ? "canary" : "blocked_calls"}`,
  );
  const before =
    resource !== undefined && isOwnDescribed(resource, plan, instance)
      ? textAt(resource.change.before, type === ROLE ? "name" : "function_name")
      : undefined;
  return [type === ROLE ? own.roleName : own.name, ...(before === undefined ? [] : [before])];
}

/** One text for each wrong id or ARN: they contain the account, the region and the name of the resource. */
export function identityProblems(
  type: string,
  values: unknown,
  { partition, region, account }: InstanceConfig,
): readonly string[] {
  const [id, arn] = [textAt(values, "id"), textAt(values, "arn")];
  const expectedId = terraformId(type, fieldsOf(values));
  const problems =
    id === undefined || expectedId === undefined || id === expectedId
      ? []
      : [`id is ${shortJson(id)} instead of ${shortJson(expectedId)}`];
  if (arn === undefined) return problems;
  const [, arnPartition, , arnRegion = "", arnAccount] = arn.split(":");
  const isHere = arnPartition === partition && ["", region].includes(arnRegion) && arnAccount === account;
  if (isHere && namesInArn(type, values).every((name) => arn.includes(name))) return problems;
  return [...problems, `arn is ${shortJson(arn)}, which is another resource, account or region`];
}

/** The parts of the identity that an ARN of this type contains. */
function namesInArn(type: string, values: unknown): readonly string[] {
  if (type === "aws_cloudwatch_event_target") return [];
  if (type === MODULE) return [textAt(values, "contact_flow_module_id") ?? ""];
  if (type === FLOW) return [textAt(values, "contact_flow_id") ?? ""];
  const identity = resourceType(type)?.identity ?? [];
  return identity.flatMap((key) => (key === "event_bus_name" ? [] : (textAt(values, key) ?? [])));
}
