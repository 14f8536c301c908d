/** Uploads a state that Terraform could not write, for example after credentials expired. */
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { oneLine } from "../output/foreign-text";
import type { PlanRejection } from "../plans/saved-plan";
import { differingKeys, isEqual } from "../terraform/json-values";
import { planFileName, readPlanFile, UnreadablePlanFile } from "../terraform/plan-file";
import type { PlanJson } from "../terraform/plan-json";
import { parseState } from "../terraform/state-json";
import type { State, StateObject } from "../terraform/state-json";
import { erroredStateName } from "../terraform/terraform-stack";
import type { TerraformStack } from "../terraform/terraform-stack";

/** Name of the plan of `deploy --resume`. The reviewed plan stays beside it. */
export const resumedPlanName = "fleet-resume.plan";

/**
 * Uploads the state that the interrupted apply could not write, and deletes its file. The state is uploaded only if the current state is
 * an earlier state of the same apply, or the state before the apply: it has the same lineage and a smaller serial, it has no object that
 * the uploaded state lacks unless the reviewed plan removes the object, and each of its objects has the attributes of the uploaded state or
 * those of the plan. Otherwise another command wrote the state after the plan, and the upload would overwrite these changes.
 *
 * @param reviewed the reviewed plan of the stack
 * @param print prints one line about the upload
 * @returns why the state is not uploaded, and what to do
 * @throws TerraformError
 */
export async function uploadErroredState(
  stack: TerraformStack,
  reviewed: PlanJson,
  print: (text: string) => void,
): Promise<PlanRejection | undefined> {
  const file = path.join(stack.directory, erroredStateName);
  if (!existsSync(file)) return undefined;
  const shownDirectory = path.relative(".", stack.directory);
  const shownFile = path.join(shownDirectory, erroredStateName);
  const errored = parseState(readFileSync(file, "utf8"));
  if (errored === undefined) {
    return {
      reason: `The interrupted apply left ${shownFile}, but the file is not a complete state.`,
      fix: `Move the file away. Then rebuild the state from the existing resources: npm run fleet -- recover stack=${path.basename(shownDirectory)}`,
    };
  }
  const currentText = await stack.stateText();
  const pulled = parseState(currentText);
  // For a state that does not exist, Terraform prints nothing, or an empty state without a lineage.
  const current = pulled?.lineage === "" && pulled.objects.length === 0 ? undefined : pulled;
  if (current?.content === errored.content) {
    rmSync(file);
    return undefined;
  }
  const problem =
    current === undefined
      ? undefined
      : (whyNotEarlier(current, errored, reviewed) ?? changedByOthers(current, errored, planned(stack.directory)));
  if (problem !== undefined) {
    return {
      reason: `The interrupted apply left ${shownFile}, but another command has written the state since then: ${problem}.`,
      fix:
        "Compare both states:\n" +
        `    terraform -chdir=${shownDirectory} state pull\n` +
        "  If the file is correct, upload and delete the file:\n" +
        `    terraform -chdir=${shownDirectory} state push -force ${erroredStateName}\n` +
        `  If the current state is correct, delete ${shownFile}. Then resume again.`,
    };
  }
  // Terraform could not read the state of a new stack, so the file has no lineage yet.
  if (errored.lineage === "") {
    const state = JSON.parse(readFileSync(file, "utf8")) as object;
    writeFileSync(`${file}.new`, JSON.stringify({ ...state, lineage: randomUUID(), serial: 1 }, null, 2), {
      mode: 0o600,
    });
    renameSync(`${file}.new`, file);
  }
  await stack.writeState(file);
  rmSync(file);
  const serials = current === undefined ? "the first state" : `serial ${current.serial} → ${errored.serial}`;
  print(`uploaded the state that the interrupted apply could not write (${serials}).`);
  return undefined;
}

/** Why the current state is not an earlier state of the apply that left the errored state; undefined if it is. */
function whyNotEarlier(current: State, errored: State, reviewed: PlanJson): string | undefined {
  if (current.lineage !== errored.lineage) return "its lineage differs";
  if (current.serial >= errored.serial)
    return `its serial is ${current.serial}, and the serial of the file is ${errored.serial}`;
  const removed = new Set(
    reviewed.resource_changes
      .filter(({ change }) => change.actions.some((action) => action === "delete" || action === "forget"))
      .map(({ address }) => address),
  );
  const kept = new Set(errored.objects.map(({ key }) => key));
  const lost = current.objects.filter(({ key, address }) => !kept.has(key) && !removed.has(address));
  if (lost.length === 0) return undefined;
  return `it contains ${oneLine(lost.map(({ address }) => address).join(", "))}, and the file does not`;
}

/** A state before an apply, as the plan file contains it. */
interface PlannedState {
  readonly serial: number;
  readonly states: readonly State[];
}

/** The states on which the reviewed plan and the plan of the last --resume are based. */
function planned(directory: string): readonly PlannedState[] {
  return [planFileName, resumedPlanName].flatMap((name) => {
    const file = path.join(directory, name);
    if (!existsSync(file)) return [];
    try {
      const { state, stateTexts } = readPlanFile(readFileSync(file));
      return [{ serial: state.serial, states: stateTexts.flatMap((text) => parseState(text) ?? []) }];
    } catch (error) {
      // Without the state before the apply, more differences count as changes of others.
      if (error instanceof UnreadablePlanFile) return [];
      throw error;
    }
  });
}

/** What another command changed in the state after the plan; undefined if the differences are those of the interrupted apply. */
function changedByOthers(current: State, errored: State, plans: readonly PlannedState[]): string | undefined {
  // Terraform increases the serial with every change.
  if (plans.some(({ serial }) => serial === current.serial)) return undefined;
  const byKey = ({ objects }: State) => new Map(objects.map((object) => [object.key, object]));
  const [after, now] = [byKey(errored), byKey(current)];
  const before = plans.flatMap(({ states }) => states.map(byKey));
  const changed = current.objects.flatMap((object) => {
    const uploaded = after.get(object.key);
    if (uploaded === undefined) return [];
    const known = [uploaded, ...before.flatMap((objects) => objects.get(object.key) ?? [])];
    if (known.some((one) => isSame(one, object))) return [];
    const keys = differingKeys(uploaded.attributes, object.attributes);
    return [`${object.address} (${keys.length === 0 ? "tainted" : keys.join(", ")})`];
  });
  const removed = errored.objects.filter(({ key }) => !now.has(key) && before.some((objects) => objects.has(key)));
  const problems = [
    ...(changed.length === 0 ? [] : [`it has other values of ${changed.join(", ")}`]),
    ...(removed.length === 0 ? [] : [`it no longer contains ${removed.map(({ address }) => address).join(", ")}`]),
  ];
  return problems.length === 0 ? undefined : oneLine(problems.join(", and "));
}

const isSame = (one: StateObject, other: StateObject): boolean =>
  one.isTainted === other.isTainted && isEqual(one.attributes, other.attributes);
