/** Rules about the resources that a call needs: the module or flow, and the function with its alias, permission and association. */
import { aliasName } from "../../config/aws-names";
import type { InstanceConfig } from "../../config/types";
import {
  ALIAS,
  ASSOCIATION,
  FLOW,
  FUNCTION,
  isOnCallPath,
  MODULE,
  PERMISSION,
  resourceType,
} from "../../stacks/resource-types";
import { isMarked, itemsOf, joinWords, textAt, valueAt } from "../terraform/json-values";
import type { PlanJson, ResourceChange } from "../terraform/plan-json";
import {
  hasNameOfReplacement,
  isRemoved,
  isReplacedInTime,
  managedChanges,
  remainingResources,
  sameNameFix,
  sameNameText,
} from "./planned-changes";
import type { Rule, Violation } from "./rule";

const failOpen = "Until this is repaired, calls go through: the module's error branch sets nomatch.";

/** Refuses a plan that removes a resource of a call before the replacement exists, or after which a flow or module invokes a function that Connect cannot invoke. */
export const callPath: Rule = (plan, instance) => [
  ...managedChanges(plan).flatMap((resource) => gap(resource, plan, instance)),
  ...[MODULE, FLOW].flatMap((type) =>
    remainingResources(plan, type).flatMap((resource) => brokenInvocations(resource, plan, instance)),
  ),
];

const violation = (address: string, what: string, fix: string): Violation => ({
  rule: "call-path",
  address,
  what,
  fix,
});

/** The violation of a resource that is removed before its replacement exists. */
function gap(resource: ResourceChange, plan: PlanJson, instance: InstanceConfig): Violation[] {
  const { address, type, deposed, change } = resource;
  if (!isOnCallPath(resource) || !isRemoved(resource) || isReplacedInTime(resource, plan)) return [];
  if (instance.release !== undefined && change.actions.length === 1) return [];
  if (type === MODULE || type === FLOW) return [flowGap(resource, instance)];
  const label = labelAtStart(type);
  const effect =
    `${type === ASSOCIATION ? "Connect would refuse to invoke the function" : "Connect could not invoke the function"}, ` +
    `and no caller of instance ${instance.name} would be blocked. ${failOpen}`;
  if (hasNameOfReplacement(resource)) {
    return [violation(address, `${sameNameText(resource)} Then ${effect}`, sameNameFix(resource))];
  }
  if (deposed !== undefined || !change.actions.includes("create")) {
    const removal = change.actions.includes("forget")
      ? `Terraform would stop managing ${resourceType(type)?.label ?? type}, and nothing replaces it.`
      : `${label} would be deleted, and nothing replaces it.`;
    return [
      violation(
        address,
        `${removal} ${effect}`,
        "Restore the resource in the stack. To remove call blocking from this instance, set release in its environment file.",
      ),
    ];
  }
  return [
    violation(
      address,
      `${label} would be deleted before its replacement is created. In between, ${effect}`,
      "Restore create_before_destroy in its lifecycle, so that the new function, alias, permission, association and module exist " +
        "before Terraform deletes the old ones.",
    ),
  ];
}

/** The violation of a module or flow that is deleted or gets another id. */
function flowGap({ address, type, change }: ResourceChange, { name }: InstanceConfig): Violation {
  const label = `${labelAtStart(type)} ${textAt(change.before, "name") ?? ""}`;
  const effect =
    type === MODULE
      ? "Flows invoke the module by its id. Their blocks would take the error branch, and no caller would be blocked."
      : "Phone numbers and other flows refer to the flow by its id. Their calls would end.";
  return change.actions.includes("create")
    ? violation(
        address,
        `${label} of instance ${name} would get another id. ${effect}`,
        "Change the resource in place. If the Connect instance was replaced, no call depends on the new module or flow yet: add an allowance to the environment file.",
      )
    : violation(
        address,
        `${label} of instance ${name} would be removed. ${effect}`,
        "Restore the resource in the stack. To remove it, first change all flows that refer to it, then add an allowance to the environment file. " +
          "To remove call blocking from this instance, set release in its environment file.",
      );
}

/** Violations of a module or flow that would invoke a function that does not exist or that Connect may not invoke. */
function brokenInvocations(resource: ResourceChange, plan: PlanJson, instance: InstanceConfig): Violation[] {
  const { address, type, change } = resource;
  const content = textAt(change.after, "content");
  // The content of the inbound flow contains the id of the module, which is unknown before the first apply. The inbound flow never invokes a function.
  if (content === undefined && type === FLOW && isMarked(valueAt(change.after_unknown, "content"))) return [];
  const arns = content === undefined ? undefined : invokedFunctions(content);
  if (arns === undefined) {
    return [
      violation(
        address,
        `The content of ${resourceType(type)?.label ?? type} of instance ${instance.name} is not known before the apply, so the guard cannot check the content.`,
        "Use the synthesized content in the stack, and plan again.",
      ),
    ];
  }
  const instanceId = textAt(change.after, "instance_id");
  return [...new Set(arns)].flatMap((arn) => {
    const missing = missingForInvocation(plan, arn, instanceId);
    if (missing.length === 0) return [];
    return [
      violation(
        address,
        `${labelAtStart(type)} would invoke ${arn}, but after the apply this function has ${joinWords(missing)}: every lookup fails, and no ` +
          `caller of instance ${instance.name} is blocked.`,
        "Use the same alias in the module, the association and the permission, and create the new association before the old one is deleted.",
      ),
    ];
  });
}

/** ARNs that the blocks of a flow invoke; undefined if the content cannot be read. */
function invokedFunctions(content: string): readonly string[] | undefined {
  let flow: unknown;
  try {
    flow = JSON.parse(content);
  } catch {
    return undefined;
  }
  if (!Array.isArray(valueAt(flow, "Actions"))) return undefined;
  return itemsOf(valueAt(flow, "Actions")).flatMap((action) => {
    const arn = textAt(valueAt(action, "Parameters"), "LambdaFunctionARN");
    return arn === undefined ? [] : [arn];
  });
}

/** The missing resources without which Connect cannot invoke the function. */
function missingForInvocation(plan: PlanJson, arn: string, instanceId: string | undefined): string[] {
  const [, , , , account = "", , name = "", qualifier] = arn.split(":");
  const has = (type: string, expected: Readonly<Record<string, string | undefined>>): boolean =>
    remainingResources(plan, type).some(({ change }) =>
      Object.entries(expected).every(([key, value]) => textAt(change.after, key) === value),
    );
  const isPermitted = remainingResources(plan, PERMISSION).some(
    ({ change: { after } }) =>
      textAt(after, "function_name") === name &&
      textAt(after, "qualifier") === qualifier &&
      textAt(after, "principal") === "connect.amazonaws.com" &&
      textAt(after, "source_arn")?.endsWith(`:${account}:instance/${instanceId ?? ""}`) === true,
  );
  return [
    ...(has(ASSOCIATION, { function_arn: arn, instance_id: instanceId })
      ? []
      : ["no association with the Connect instance"]),
    ...(has(FUNCTION, { function_name: name }) ? [] : ["no function"]),
    ...(has(ALIAS, { function_name: name, name: qualifier ?? aliasName }) ? [] : ["no alias"]),
    ...(isPermitted ? [] : ["no permission for Connect"]),
  ];
}

function labelAtStart(type: string): string {
  const label = resourceType(type)?.label ?? type;
  return label.charAt(0).toUpperCase() + label.slice(1);
}
