/** What may become of everything beside the table: our own resources, and nobody else's. */
import { managedTypes, callPathTypes, identityOf, isOnCallPath, mayImport, TABLE } from "./managed-types";
import { isTouched } from "../terraform/plan-json";
import type { PlanJson, ResourceChange } from "../terraform/plan-json";
import type { Rule, Violation } from "./rule";
import { isEqual, itemsOf, listed, shown, textAt, valueAt } from "../terraform/json-values";

const isOwn = (type: string): boolean => Object.hasOwn(managedTypes, type);

const managed = (plan: PlanJson): readonly ResourceChange[] =>
  plan.resource_changes.filter(({ mode }) => mode === "managed");

export const goes = ({ change }: ResourceChange): boolean =>
  change.actions.includes("delete") || change.actions.includes("forget");

/** As a verb; what is imported or moved as it is has an action that says nothing. */
function actionsOf({ change: { actions, importing } }: ResourceChange): string {
  if (actions.join() !== "no-op") return listed(actions);
  return importing === undefined ? "move" : "import";
}

/** A plan that failed half-way, was narrowed with `-target`, or holds what the guard has never heard of. */
export const wholePlan: Rule = (plan) => {
  const refuse = (what: string, fix: string): Violation => ({ rule: "whole-plan", address: "", what, fix });
  const version = plan.terraform_version ?? "of an unknown version";
  return [
    ...(plan.errored
      ? [
          refuse(
            "Planning failed half-way: the plan is not all that would happen.",
            "Mend what failed, and plan again.",
          ),
        ]
      : []),
    ...(plan.complete
      ? []
      : [
          refuse(
            "The plan leaves something out, as with -target: an apply would leave the stack half-way, and what it leaves out is not judged.",
            "Plan the whole stack, without -target.",
          ),
        ]),
    ...(plan.deferred_changes.length > 0
      ? [
          refuse(
            "The plan puts off changes until later, and what they will be is not known.",
            "Plan again without deferral.",
          ),
        ]
      : []),
    ...plan.unknownKeys.map((key) =>
      refuse(
        `Terraform ${version} says ${shown(key)} of this plan, which the guard does not know and so cannot judge.`,
        "Plan with the version in .terraform-version; a newer one needs a newer guard.",
      ),
    ),
    ...plan.resource_changes
      .filter(({ mode, change }) => mode === "data" && !["no-op", "read"].includes(change.actions.join()))
      .map(({ address, change }) =>
        refuse(`The plan would ${listed(change.actions)} ${address}, which only reads.`, "Plan again."),
      ),
  ];
};

const isOtherDynamodb = (type: string): boolean =>
  type !== TABLE && /(^|_)(dynamodb|appautoscaling|dax)(_|$)/.test(type);

/** Items, scaling, exports, replicas: anything of DynamoDB but the adopted table. */
export const otherDynamodb: Rule = (plan, { table }) =>
  managed(plan)
    .filter((resource) => isTouched(resource) && isOtherDynamodb(resource.type))
    .map((resource) => ({
      rule: "other-dynamodb",
      address: resource.address,
      what: `The plan would ${actionsOf(resource)} an ${resource.type}, which can change what is in ConnectPath's table ${table.name}, or what it costs and bears.`,
      fix: "Take it out of the stack. What ConnectPath's table needs is for its owner to configure.",
    }));

export const managedTypesOnly: Rule = (plan) =>
  managed(plan)
    .filter((resource) => isTouched(resource) && !isOwn(resource.type) && !isOtherDynamodb(resource.type))
    .map((resource) => ({
      rule: "own-types",
      address: resource.address,
      what: `The plan would ${actionsOf(resource)} an ${resource.type}. Call blocking is not made of these, so it may be somebody else's.`,
      fix: "Take it out of the stack into one of its own. If it must be here, allow it by an allowance in the environment file.",
    }));

export const imports: Rule = (plan, instance) =>
  managed(plan).flatMap(({ address, type, change }): Violation[] => {
    if (change.importing === undefined || type === TABLE) return [];
    const { id } = change.importing;
    if (id !== undefined && mayImport(type, id, instance)) return [];
    const what =
      `The plan would take over ${id === undefined ? "something that is known only during the apply" : shown(id)}, which the environment file of instance ` +
      `${instance.name} does not name: from then on this stack would change it and could delete it.`;
    const fix =
      "Take the import out of the stack, or say in the environment file, with adoptExisting, what was made by hand.";
    return [{ rule: "imports", address, what, fix }];
  });

/** One real thing that leaves one address and is made or imported at another. */
export const renames: Rule = (plan) => {
  const resources = managed(plan);
  const arriving = resources.filter(
    ({ change, deposed }) =>
      deposed === undefined &&
      (change.actions.includes("create") ||
        change.importing !== undefined ||
        change.actions.join() === "no-op" ||
        change.actions.join() === "update"),
  );
  return resources.filter(goes).flatMap((from): Violation[] => {
    if (from.deposed !== undefined) return [];
    const to = arriving.find(
      (candidate) => candidate.address !== from.address && candidate.type === from.type && isSameThing(from, candidate),
    );
    if (to === undefined) return [];
    const what =
      `${from.address} and ${to.address} are one and the same ${managedTypes[from.type]?.what.replace(/^(a|an|the) /, "") ?? "thing"} ` +
      `(${shown(nameOf(from))}): it got another address, so Terraform would ${listed(from.change.actions)} it under the old one` +
      `${from.type === TABLE ? ", with every contact in it" : ""}.`;
    const fix = `Restore the old address, or add moved { from = ${from.address}, to = ${to.address} } to the stack (in CDKTF: moveFromId).`;
    return [{ rule: "rename", address: from.address, what, fix }];
  });
};

function isSameThing(from: ResourceChange, to: ResourceChange): boolean {
  const { before } = from.change;
  const id = textAt(before, "id");
  if (
    id !== undefined &&
    (to.change.importing?.id === id || (to.change.before !== null && textAt(to.change.before, "id") === id))
  ) {
    return true;
  }
  const identity = identityOf(from.type, before);
  return identity !== undefined && identity === identityOf(to.type, to.change.after ?? to.change.before);
}

function nameOf({ type, change }: ResourceChange): string {
  const [key = "id"] = [...(managedTypes[type]?.identity ?? [])].reverse();
  return textAt(change.before, key) ?? textAt(change.before, "id") ?? "";
}

/** Our own resources too: each deletion is allowed by name, or asked for by `release`. */
export const deletions: Rule = (plan, instance) =>
  managed(plan).flatMap((resource): Violation[] => {
    const { address, type, change } = resource;
    if (!goes(resource) || type === TABLE) return [];
    // These are judged by what becomes of the calls.
    if (isOnCallPath(resource) && instance.release === undefined) return [];
    if (isOwn(type) && instance.release !== undefined && change.actions.length === 1) return [];
    if (isReplacedInTime(resource, plan) || isNeededNoMore(resource, plan) || onlyInTheState.includes(type)) return [];
    const isGoneForGood = !change.actions.includes("create");
    const name = nameOf(resource);
    const what = change.actions.includes("forget")
      ? `${name} would be let go of: it would stay in AWS, and nobody would look after it.`
      : `${name} would be deleted${isGoneForGood ? "" : " and made anew"}${type === "aws_cloudwatch_log_group" ? ", with every line that is logged there: what was blocked, and which lookups failed" : ""}.`;
    const fix =
      "If that is meant, write an allowance for it into the environment file; to take call blocking off this instance, set release there. " +
      "If not, restore it in the stack.";
    return [{ rule: "deletion", address, what, fix }];
  });

/** Types that say what a role may have beside ours, and whose deletion deletes nothing: nobody then says it any more. */
const onlyInTheState: readonly string[] = [
  "aws_iam_role_policies_exclusive",
  "aws_iam_role_policy_attachments_exclusive",
];

/** Types that hold nothing of their own, so that a replacement that is there first leaves nothing missing. */
const heldElsewhere: readonly string[] = ["aws_iam_role", "aws_iam_role_policy", ...callPathTypes.slice(0, 4)];

/**
 * Whether a new one is there before the old one goes, or, after an apply was interrupted, is there already while the old one is
 * still to go.
 */
export function isReplacedInTime({ address, type, deposed, change }: ResourceChange, plan: PlanJson): boolean {
  if (!heldElsewhere.includes(type)) return false;
  if (deposed === undefined) return change.actions.join() === "create,delete";
  return plan.resource_changes.some(
    (other) =>
      other.address === address &&
      other.deposed === undefined &&
      ["no-op", "update"].includes(other.change.actions.join()),
  );
}

/** The permission to decrypt goes where the table has no key of its owner's any more. */
function isNeededNoMore({ type, name, action_reason, change }: ResourceChange, plan: PlanJson): boolean {
  if (
    type !== "aws_iam_role_policy" ||
    !["decrypt", "canary_decrypt"].includes(name) ||
    change.actions.join() !== "delete"
  )
    return false;
  if (action_reason !== "delete_because_count_index") return false;
  const tables = plan.resource_changes.filter((other) => other.mode === "managed" && other.type === TABLE);
  return (
    tables.length > 0 &&
    tables.every(({ change: { after } }) =>
      itemsOf(valueAt(after, "server_side_encryption")).every((key) => isEqual(valueAt(key, "kms_key_arn") ?? "", "")),
    )
  );
}
