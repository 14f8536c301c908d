/** Compares the rest of an interrupted deployment with its reviewed plan, and finds the changes that the review does not contain. */
import { differingKeys, isEqual, isMarked, itemsOf, fieldsOf, valueAt } from "../terraform/json-values";
import { isTouched } from "../terraform/plan-json";
import type { Change } from "../terraform/plan-json";
import type { OutlinedChange } from "./change-outline";

/** A plan, or the outline of its changes. */
interface Changes {
  readonly resource_changes: readonly OutlinedChange[];
}

/**
 * A change was reviewed if the reviewed plan makes the same change to the same resource, with the same values. A value that the
 * reviewed plan did not know yet may have any value now. Of an interrupted change, a part may remain: an update of a resource whose
 * creation was interrupted, or the deletion of the old object of a replacement.
 *
 * @param rest the plan of the same stack after the interruption
 * @returns one text per change that was not reviewed, with the names of the attributes and without their values
 */
export function unreviewedChanges(reviewed: Changes, rest: Changes): readonly string[] {
  const reviewedAt = new Map(
    reviewed.resource_changes
      .filter((resource) => isTouched(resource) && resource.deposed === undefined)
      .map((resource) => [resource.address, resource]),
  );
  return rest.resource_changes.filter(isTouched).flatMap((resource) => {
    const problem = problemOf(reviewedAt.get(resource.address), resource);
    if (problem === undefined) return [];
    const verbs = resource.change.actions.filter((action) => action !== "no-op").join(" and ") || "import";
    return [`${verbs} ${resource.address}${problem === "" ? "" : ` (${problem})`}`];
  });
}

/** @returns undefined if the change was reviewed; otherwise the attributes that differ, or an empty text if the whole change differs */
function problemOf(reviewed: OutlinedChange | undefined, rest: OutlinedChange): string | undefined {
  if (reviewed === undefined || !isPartOf(reviewed, rest)) return "";
  const keys = changedKeys(rest.change).filter((key) => !isReviewed(key, reviewed.change, rest.change));
  return keys.length === 0 ? undefined : keys.join(", ");
}

/** Whether the kind of change, without its values, is the reviewed kind or a part of it. */
function isPartOf({ change: reviewed, ...from }: OutlinedChange, { change: rest, ...to }: OutlinedChange): boolean {
  const was = (action: Change["actions"][number]): boolean => reviewed.actions.includes(action);
  // A replacement with create_before_destroy leaves the old object.
  if (to.deposed !== undefined) return was("create") && was("delete");
  if (rest.importing !== undefined && !isEqual(rest.importing, reviewed.importing)) return false;
  if (to.previous_address !== from.previous_address && to.previous_address !== undefined) return false;
  switch (rest.actions.join()) {
    case "no-op":
      return true;
    case "create":
      return was("create");
    case "update":
      return was("create") || was("update");
    case "delete":
    case "forget":
      return reviewed.actions.join() === rest.actions.join();
    default:
      // Terraform replaces a resource whose creation was interrupted.
      return was("create") && (was("delete") || was("forget") || to.action_reason === "replace_because_tainted");
  }
}

/** The attributes that the change sets. */
function changedKeys({ actions, before, after, after_unknown }: Change): readonly string[] {
  if (after === null) return [];
  const unknown = Object.entries(fieldsOf(after_unknown)).flatMap(([key, mask]) => (isMarked(mask) ? [key] : []));
  const known = actions.includes("create") ? Object.keys(fieldsOf(after)) : differingKeys(before, after);
  return [...new Set([...known, ...unknown])].sort();
}

function isReviewed(key: string, reviewed: Change, rest: Change): boolean {
  const [maskThen, maskNow] = [valueAt(reviewed.after_unknown, key), valueAt(rest.after_unknown, key)];
  const [then, now] = [valueAt(reviewed.after, key), valueAt(rest.after, key)];
  if (!matches({ value: then, mask: maskThen }, { value: now, mask: maskNow })) return false;
  const isUpdate = rest.actions.join() === "update" && reviewed.actions.join() === "update";
  if (!isUpdate || isMarked(maskNow)) return true;
  // The review shows the value before the change too: the update of a value that someone else changed since was not reviewed.
  const [before, current] = [valueAt(reviewed.before, key), valueAt(rest.before, key)];
  return isEqual(before, current);
}

interface Planned {
  readonly value: unknown;
  /** `true` in each place whose value is known only after the apply. */
  readonly mask: unknown;
}

/** Whether the value of the reviewed plan can be the value now. */
function matches(then: Planned, now: Planned): boolean {
  if (then.mask === true) return true;
  if (now.mask === true) return false;
  if (!isMarked(then.mask)) return !isMarked(now.mask) && isSame(then.value, now.value);
  if (Array.isArray(then.mask)) {
    // The order of a set can change when its values become known.
    const left = itemsOf(then.mask).map((mask, index) => ({ mask, value: itemsOf(then.value)[index] }));
    const [values, masks] = [itemsOf(now.value), itemsOf(now.mask)];
    return (
      Math.max(values.length, masks.length) === Math.max(left.length, itemsOf(then.value).length) &&
      values.every((value, index) => {
        const found = left.findIndex((one) => matches(one, { value, mask: masks[index] }));
        if (found < 0) return false;
        left.splice(found, 1);
        return true;
      })
    );
  }
  const keys = new Set([then.value, then.mask, now.value, now.mask].flatMap((part) => Object.keys(fieldsOf(part))));
  return [...keys].every((key) =>
    matches(
      { value: valueAt(then.value, key), mask: valueAt(then.mask, key) },
      { value: valueAt(now.value, key), mask: valueAt(now.mask, key) },
    ),
  );
}

/** An argument that is not set is null in one plan and empty in another. */
const isSame = (then: unknown, now: unknown): boolean => (isEmpty(then) && isEmpty(now)) || isEqual(then, now);

const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === "" ||
  (typeof value === "object" && Object.keys(value).length === 0);
