/** Environment files for tests: writes them to a temporary directory, loads them, and returns the errors as a person sees them. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { EnvironmentErrors, loadEnvironments } from "../../config/load";
import type { Problem } from "../../config/load";
import type { InstanceConfig } from "../../config/types";

/** File names and their contents. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

/** An environment file with one instance and no optional key. It has 7 lines, so an appended line is line 8. */
export const validYaml = `account: "111122223333"
region: us-east-1
state: { bucket: acme-state, region: us-east-1 }
blockedDispositions: [Blocked]
instances:
  - name: acme
    id: 0f0e0d0c-1b1a-4918-8716-151413121110
`;

/** Returns `validYaml` with one text replaced. */
export function edited(from: string, to: string): string {
  if (!validYaml.includes(from)) throw new Error(`${from} is not in the valid file`);
  return validYaml.replace(from, to);
}

/** Empty directories. A property test loads hundreds of files, and the creation of directories takes much of its time. */
const empty: string[] = [];

/** The result of `use` for a directory `environments` with these files. */
export function inDirectory<T>(files: Files, use: (directory: string) => T): T {
  // jest.config.js deletes this directory at the end of the run.
  const directory =
    empty.pop() ?? join(mkdtempSync(join(String(process.env["TEST_RUN_DIRECTORY"]), "files-")), "environments");
  mkdirSync(directory, { recursive: true });
  try {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), content);
    }
    return use(directory);
  } finally {
    for (const name of Object.keys(files)) rmSync(join(directory, name), { recursive: true, force: true });
    const isEmpty = readdirSync(dirname(directory)).length === 1 && readdirSync(directory).length === 0;
    if (isEmpty) empty.push(directory);
    else rmSync(dirname(directory), { recursive: true });
  }
}

export function load(files: Files): readonly InstanceConfig[] {
  return inDirectory(files, (directory) => loadEnvironments(directory).instances);
}

/** The only instance of one environment, `dev`. */
export function loadOne(yaml: string, others: Files = {}): InstanceConfig {
  const [only, ...more] = load({ ...others, "dev.yaml": yaml });
  if (only === undefined || more.length > 0) throw new Error("not one instance");
  return only;
}

/** The error of files that must not load. */
export function refusal(files: Files): EnvironmentErrors {
  try {
    load(files);
  } catch (error) {
    if (error instanceof EnvironmentErrors) return error;
    throw error;
  }
  throw new Error("the files were accepted");
}

export function problemsOf(files: Files): readonly Problem[] {
  return refusal(files).problems;
}
