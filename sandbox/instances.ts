/** Selects the instances that the sandbox plays, and synthesizes them. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { loadEnvironments } from "../config/load";
import { environmentsDirectory, hasEnvironmentFiles, selectFrom } from "../config/project";
import { SelectionError } from "../config/selection";
import type { InstanceConfig } from "../config/types";
import { projectRoot } from "../lambda/packaging";
import { readSandboxStacks, type SandboxStack } from "./sandbox-stack";

export interface ActiveInstances {
  /** The directory of environment files: the user's, or `examples`. */
  readonly directory: string;
  /** At least one. */
  readonly instances: readonly InstanceConfig[];
}

/**
 * The instances of the selection that are neither suspended nor released; without a selection, all of them.
 *
 * @throws EnvironmentErrors for mistakes in the files; SelectionError if no instance is left
 */
export function activeInstances(selection: string | undefined): ActiveInstances {
  const own = environmentsDirectory();
  const directory = hasEnvironmentFiles(own) ? own : path.join(projectRoot(), "examples");
  const selected = selectFrom(loadEnvironments(directory), selection);
  const active = selected.filter(({ release }) => release === undefined);
  if (active.length === 0) {
    throw new SelectionError(
      `${path.basename(directory)}  ${selection === undefined ? "Every" : "Every selected"} instance is suspended or released.\n` +
        "  The sandbox plays calls on active instances. Select another instance, or remove suspended or release from one of them.",
    );
  }
  return { directory, instances: active };
}

/** The synthesized stacks by name. If the synth fails, it has printed the reason, and this process exits. */
export function synthesize(directory: string, instances: readonly InstanceConfig[]): ReadonlyMap<string, SandboxStack> {
  const outdir = mkdtempSync(path.join(tmpdir(), "call-blocking-sandbox-"));
  try {
    const app = path.join(projectRoot(), "build/main.js");
    const synth = spawnSync(process.execPath, [app], {
      cwd: projectRoot(),
      env: {
        ...process.env,
        CDKTF_OUTDIR: path.join(outdir, "cdktf.out"),
        ENVIRONMENTS_DIR: directory,
        // With the status term, the app also selects suspended instances that the user selected.
        SELECT: `stack=${instances.map(({ stackName }) => stackName).join(",")} status=*`,
      },
      stdio: ["ignore", "ignore", "inherit"],
    });
    if (synth.status !== 0) process.exit(1);
    return readSandboxStacks(path.join(outdir, "cdktf.out"));
  } finally {
    rmSync(outdir, { recursive: true });
  }
}
