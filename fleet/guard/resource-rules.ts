/** Rules about everything besides the table: a plan may change the stack's own resources, and no others. */
import type { InstanceConfig } from "../../config/types";
import { expectedResources } from "../../stacks/expected-resources";
import { identityOf, isManagedType, isAdopted, isOnCallPath, resourceType, TABLE } from "../../stacks/resource-types";
import { fieldsOf, joinWords, shortJson, textAt } from "../terraform/json-values";
import { isTouched } from "../terraform/plan-json";
import type { PlanJson, ResourceChange } from "../terraform/plan-json";
import { isRenamedWithStack } from "./ownership";
import {
  hasNameOfReplacement,
  isRemoved,
  isReplacedInTime,
  managedChanges,
  sameNameFix,
  sameNameText,
  tableKey,
  valuesBefore,
} from "./planned-changes";
import type { Rule, Violation } from "./rule";

const verbs: Readonly<Record<string, string>> = {
  create: "create",
  read: "read",
  update: "change",
  delete: "delete",
  forget: "stop managing",
};

/** The change as verbs. Terraform plans an import or a move without a change as `no-op`. */
function verbsOf({ change: { actions, importing } }: ResourceChange): string {
  if (actions.join() !== "no-op") return joinWords(actions.map((action) => verbs[action] ?? action));
  return importing === undefined ? "move" : "import";
}

/** Refuses a plan that failed, that was made with `-target`, or that contains something unknown to the guard. */
export const wholePlan: Rule = (plan) => {
  const refuse = (what: string, fix: string): Violation => ({ rule: "whole-plan", address: "", what, fix });
  const version = plan.terraform_version ?? "(unknown version)";
  return [
    ...(plan.errored
      ? [
          refuse(
            "Planning failed, so the plan is incomplete.",
            "Fix the error that Terraform reported, and plan again.",
          ),
        ]
      : []),
    ...(plan.complete
      ? []
      : [
          refuse(
            "The plan is incomplete, for example because of -target: an apply would change only a part of the stack, and the guard cannot check the other part.",
            "Plan the whole stack, without -target.",
          ),
        ]),
    ...(plan.deferred_changes.length > 0
      ? [
          refuse(
            "The plan defers changes, and deferred changes are not known yet.",
            "Plan again, without -allow-deferral.",
          ),
        ]
      : []),
    ...plan.unknownKeys.map((key) =>
      refuse(
        `The plan of Terraform ${version} has the key ${shortJson(key)}. The guard does not know this key and cannot check it.`,
        "Plan again with the Terraform version in .terraform-version. This program may not support newer Terraform versions.",
      ),
    ),
    ...plan.resource_changes
      .filter(({ mode, change }) => mode === "data" && !["no-op", "read"].includes(change.actions.join()))
      .map((resource) =>
        refuse(
          `The plan would ${verbsOf(resource)} ${resource.address}, which is a data source and must only be read.`,
          "Synthesize the stack and plan again.",
        ),
      ),
    ...plan.resource_changes
      .filter(({ mode, change }) => mode === "managed" && change.actions.includes("read"))
      .map(({ address }) =>
        refuse(`The plan would read ${address}, which is no data source.`, "Synthesize the stack and plan again."),
      ),
  ];
};

const isOtherDynamodb = (type: string): boolean =>
  type !== TABLE && /(^|_)(dynamodb|appautoscaling|dax)(_|$)/.test(type);

/** Refuses every DynamoDB resource except the adopted table, such as items, scaling, exports and replicas. */
export const otherDynamodb: Rule = (plan, { table }) =>
  managedChanges(plan)
    .filter((resource) => isTouched(resource) && isOtherDynamodb(resource.type))
    .map((resource) => ({
      rule: "other-dynamodb",
      address: resource.address,
      what: `The plan would ${verbsOf(resource)} the resource type ${resource.type}. It can change the content, the cost or the capacity of ConnectPath's table ${table.name}.`,
      fix: "Remove the resource from the stack. Only the table's owner configures the table.",
    }));

export const managedTypesOnly: Rule = (plan) =>
  managedChanges(plan)
    .filter((resource) => isTouched(resource) && !isManagedType(resource.type) && !isOtherDynamodb(resource.type))
    .map((resource) => ({
      rule: "own-types",
      address: resource.address,
      what: `The plan would ${verbsOf(resource)} the resource type ${resource.type}. No call blocking stack contains this type, so the resource may belong to another team.`,
      fix: "Move the resource to another stack. If the resource must be in this stack, add an allowance to the environment file.",
    }));

export const imports: Rule = (plan, instance) =>
  managedChanges(plan).flatMap((resource): Violation[] => {
    const { address, type, change } = resource;
    if (change.importing === undefined || type === TABLE) return [];
    const { id } = change.importing;
    if (isAdopted(resource, id, instance)) {
      if (!isRemoved(resource)) return [];
      const what = `The plan would import ${shortJson(id)} and then ${verbsOf(resource)} it: everything that uses it would fail.`;
      const fix =
        "Do not apply this plan. Remove adoptExisting for this resource and set another name, so that the stack creates its own resource.";
      return [{ rule: "imports", address, what, fix }];
    }
    const imported = id === undefined ? "a resource whose id is known only during the apply" : shortJson(id);
    const what =
      `The plan would import ${imported}, but the environment file does not name it for instance ${instance.name}. ` +
      "After an import, this stack could change and delete the resource.";
    const fix =
      "Remove the import from the stack. If the resource was created by hand for call blocking, set adoptExisting in the environment file.";
    return [{ rule: "imports", address, what, fix }];
  });

/** Refuses to delete a resource that is created or imported under another address. */
export const renames: Rule = (plan) => {
  const resources = managedChanges(plan);
  const addedOrKept = resources.filter(
    ({ change, deposed }) =>
      deposed === undefined &&
      (change.actions.includes("create") ||
        change.importing !== undefined ||
        change.actions.join() === "no-op" ||
        change.actions.join() === "update"),
  );
  return resources.filter(isRemoved).flatMap((from): Violation[] => {
    if (from.deposed !== undefined) return [];
    const to = addedOrKept.find(
      (candidate) =>
        candidate.address !== from.address && candidate.type === from.type && isSameResource(from, candidate),
    );
    if (to === undefined) return [];
    const label = resourceType(from.type)?.label.replace(/^(a|an|the) /, "") ?? "resource";
    const what =
      `${from.address} and ${to.address} are the same ${label} (${shortJson(nameOf(from))}). Its address changed, so Terraform would ` +
      `${verbsOf(from)} the resource under the old address${from.type === TABLE ? ", with every contact in it" : ""}.`;
    const fix = `Restore the old address, or add moved { from = ${from.address}, to = ${to.address} } to the stack (in CDKTF: moveFromId).`;
    return [{ rule: "rename", address: from.address, what, fix }];
  });
};

function isSameResource(from: ResourceChange, to: ResourceChange): boolean {
  const id = textAt(from.change.before, "id");
  if (
    id !== undefined &&
    (to.change.importing?.id === id || (to.change.before !== null && textAt(to.change.before, "id") === id))
  ) {
    return true;
  }
  const identity = identityOf(from.type, valuesBefore(from));
  return identity !== undefined && identity === identityOf(to.type, fieldsOf(to.change.after ?? to.change.before));
}

function nameOf({ type, change }: ResourceChange): string {
  const key = resourceType(type)?.identity.at(-1) ?? "id";
  return textAt(change.before, key) ?? textAt(change.before, "id") ?? "";
}

/** Refuses to delete or to stop managing a resource, unless the environment file asks for it with `release` or no longer configures the resource. */
export const deletions: Rule = (plan, instance) =>
  managedChanges(plan).flatMap((resource): Violation[] => {
    const { address, type, change } = resource;
    if (!isRemoved(resource) || type === TABLE) return [];
    // The rule "call-path" checks these removals by their effect on calls.
    if (isOnCallPath(resource) && instance.release === undefined) return [];
    if (isManagedType(type) && instance.release !== undefined && change.actions.length === 1) return [];
    if (isReplacedInTime(resource, plan) || isUnneededDecryption(resource, plan)) return [];
    if (resourceType(type)?.isStateOnly === true) return [];
    if (isSwitchedOff(resource, instance) || isRenamedWithStack(resource, plan, instance)) return [];
    if (hasNameOfReplacement(resource) && resourceType(type)?.isStateless === true) {
      return [{ rule: "deletion", address, what: sameNameText(resource), fix: sameNameFix(resource) }];
    }
    return [{ rule: "deletion", address, what: effectOfRemoval(resource), fix: howToDelete }];
  });

const howToDelete =
  "To delete the resource, add an allowance to the environment file. To remove call blocking from this instance, set release in its environment file. " +
  "Otherwise restore the resource in the stack.";

function effectOfRemoval(resource: ResourceChange): string {
  const { type, change } = resource;
  const name = nameOf(resource);
  if (change.actions.includes("forget")) {
    return `Terraform would stop managing ${name}: it would stay in AWS, and no deployment would update it.`;
  }
  const replaced = change.actions.includes("create") ? " and created again" : "";
  const lost =
    resourceType(type)?.role === "logs" ? ", with all log lines in it: blocked calls and failed lookups" : "";
  return `${name} would be deleted${replaced}${lost}.`;
}

/**
 * Whether the resource is deleted because the environment file no longer configures it, for example an alarm or the canary. Only the
 * resources that no call needs can be switched off. The function's role and log group are always configured.
 */
function isSwitchedOff({ type, name, deposed, change }: ResourceChange, instance: InstanceConfig): boolean {
  if (change.actions.join() !== "delete" || deposed !== undefined || !isManagedType(type)) return false;
  const expected = expectedResources(instance, {
    moduleId: undefined,
    functionVersion: undefined,
    tableKeyArn: undefined,
  });
  return !Object.hasOwn(expected, `${type}.${name}`);
}

/** Whether the permission to decrypt is removed because the table is no longer encrypted with a KMS key. */
function isUnneededDecryption({ type, name, action_reason, change }: ResourceChange, plan: PlanJson): boolean {
  if (
    type !== "aws_iam_role_policy" ||
    !["decrypt", "canary_decrypt"].includes(name) ||
    change.actions.join() !== "delete"
  )
    return false;
  if (action_reason !== "delete_because_count_index") return false;
  return tableKey(plan) === "";
}
