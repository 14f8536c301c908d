/** The plans directory: the synthesized stacks with one saved plan each, and the journal of their deployment. */
import { existsSync, readdirSync, renameSync } from "node:fs";
import path from "node:path";
import type { InstanceConfig } from "../../config/types";
import { CommandError } from "../output/command-error";
import { oneLine } from "../output/foreign-text";
import { printToStderr } from "../output/terminal";
import { erroredStateName } from "../terraform/terraform-stack";
import { withDirectoryLock } from "./directory-lock";
import { makeContentsPrivate, makePrivateDirectory, withPrivateFiles } from "./private-directory";
import { readSynthesis, selectionOf, synthesize } from "./synthesis";
import type { SynthesizedStack } from "./synthesis";

export const defaultPlans = path.join("build", "plans");

const synthesisIn = (plans: string): string => path.join(plans, "cdktf.out");

/** What a plans directory contains: the synthesized stacks with their plans, the digests of the review, and the journal. */
const contents = ["cdktf.out", "review.json", "deploy.journal"];

/**
 * Runs work on a plans directory that no other command uses. Plans contain plaintext values, so only the owner may read the directory
 * and its contents, even if the directory already existed with other permissions.
 *
 * @param command the command that runs, for the messages
 * @throws CommandError if another process uses the directory, or the directory cannot be made private
 */
export function withPlansDirectory<T>(plans: string, command: string, work: () => Promise<T>): Promise<T> {
  const places = contents.map((name) => path.join(plans, name));
  return withDirectoryLock(plans, command, printToStderr, () =>
    withPrivateFiles(async () => {
      makeContentsPrivate(places);
      try {
        return await work();
      } finally {
        // Copied files keep the permissions of their source.
        makeContentsPrivate(places);
      }
    }),
  );
}

/** Synthesizes exactly these instances into `<plans>/cdktf.out`. Deletes the earlier stacks and plans first. */
export async function synthesizeInto(
  plans: string,
  instances: readonly InstanceConfig[],
): Promise<ReadonlyMap<string, SynthesizedStack>> {
  makePrivateDirectory(plans);
  const select = selectionOf(instances.map(({ stackName }) => stackName));
  const { stacks } = await synthesize({ select, outdir: synthesisIn(plans) });
  return stacks;
}

/**
 * Refuses to delete a state that Terraform could not write to the backend.
 *
 * @throws CommandError with the steps for each stack
 */
export function refuseUnsavedStates(plans: string): void {
  const stacks = path.join(synthesisIn(plans), "stacks");
  if (!existsSync(stacks)) return;
  const directories = readdirSync(stacks)
    .map((name) => path.join(path.relative(".", stacks), name))
    .filter((directory) => existsSync(path.join(directory, erroredStateName)))
    .map((directory) => oneLine(directory));
  if (directories.length === 0) return;
  const files = directories.map((directory) => `    ${path.join(directory, erroredStateName)}\n`);
  const pushes = directories.map((directory) => `    terraform -chdir=${directory} state push ${erroredStateName}\n`);
  throw new CommandError(
    "Terraform could not write the state of an earlier deployment. Only these files contain the resources that it created, and new\n" +
      `  plans would delete these files:\n${files.join("")}` +
      "  Continue the deployment, which uploads the state: npm run fleet -- deploy --resume\n" +
      `  Or upload the state yourself, then delete the file and plan again:\n${pushes.join("").trimEnd()}`,
  );
}

/**
 * Renames the state that Terraform could not write, because another state replaces it. The file stays until the next plan.
 *
 * @returns the new path; undefined if there is no such state
 */
export function setAsideUnsavedState(plans: string, stackName: string): string | undefined {
  const file = path.join(synthesisIn(plans), "stacks", stackName, erroredStateName);
  if (!existsSync(file)) return undefined;
  renameSync(file, `${file}.replaced`);
  return `${path.relative(".", file)}.replaced`;
}

/** The stacks in a plans directory, by name. @throws CommandError if the directory has no stacks */
export function plannedStacks(plans: string): ReadonlyMap<string, SynthesizedStack> {
  if (!existsSync(path.join(synthesisIn(plans), "manifest.json"))) {
    throw new CommandError(`There are no plans in ${path.relative(".", plans)}. Run: npm run fleet -- plan`);
  }
  return readSynthesis(synthesisIn(plans)).stacks;
}
