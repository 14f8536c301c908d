/** Repairs the state after an apply that could not write the state or release the lock, for example because its credentials expired. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import type { PlanRejection, SavedPlan } from "../plans/saved-plan";
import { unreleasedLockIn } from "../terraform/diagnostics";
import { stateVersion } from "../terraform/plan-file";
import { erroredStateName } from "../terraform/terraform-stack";
import type { TerraformStack } from "../terraform/terraform-stack";

/**
 * Releases the lock that the last apply could not release, and uploads the state that the last apply could not write.
 *
 * The state is uploaded only if no other command has written the state since then: the state still has the serial of the saved plan, or
 * the lock of the last apply was still held. Terraform releases a lock only if the id matches, so another lock is never released.
 *
 * @param print prints one line about each repair
 * @returns why the state is not uploaded, and what to do
 * @throws TerraformError
 */
export async function repairState(
  stack: TerraformStack,
  { stackName, state: planned }: SavedPlan,
  print: (text: string) => void,
): Promise<PlanRejection | undefined> {
  const lock = unreleasedLockIn(stack.lastApply());
  const wasLocked = lock !== undefined && (await stack.unlock(lock.id));
  if (wasLocked)
    print(`${stackName}: released the state lock ${lock.id}, which the interrupted apply could not release.`);

  const file = path.join(stack.directory, erroredStateName);
  if (!existsSync(file)) return undefined;
  const errored = stateVersion(readFileSync(file, "utf8"));
  const currentText = await stack.stateText();
  const current = stateVersion(currentText);
  if (isSameState(currentText, readFileSync(file, "utf8"))) {
    rmSync(file);
    return undefined;
  }
  const isSuccessor = current.serial === 0 || (current.lineage === errored.lineage && current.serial < errored.serial);
  const isUnchanged = wasLocked || current.serial === planned.serial;
  if (!isSuccessor || !isUnchanged) {
    const shownDirectory = path.relative(".", stack.directory);
    return {
      reason:
        `The interrupted apply left ${path.join(shownDirectory, erroredStateName)} (serial ${errored.serial}), but another command has written the ` +
        `state since then: serial ${planned.serial} → ${current.serial}.`,
      fix:
        "Compare both states:\n" +
        `    terraform -chdir=${shownDirectory} state pull\n` +
        "  If the file is correct, upload and delete the file:\n" +
        `    terraform -chdir=${shownDirectory} state push -force ${erroredStateName}\n` +
        `  If the current state is correct, delete ${path.join(shownDirectory, erroredStateName)}. Then plan again.`,
    };
  }
  await stack.writeState(file);
  rmSync(file);
  print(
    `${stackName}: uploaded the state that the interrupted apply could not write ` +
      `(serial ${current.serial} → ${errored.serial}).`,
  );
  return undefined;
}

function isSameState(a: string, b: string): boolean {
  return a.trim() !== "" && JSON.stringify(JSON.parse(a)) === JSON.stringify(JSON.parse(b));
}
