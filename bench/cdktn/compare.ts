/** What differs between two directories of synthesized stacks, value by value. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

export interface Difference {
  /** File, relative to both directories. */
  readonly file: string;
  /** Where in its JSON, as `//.metadata.version`; empty where a file as a whole differs or is on one side only. */
  readonly path: string;
  /** The value as JSON; undefined where there is none. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** What another library may change, in a stack and in the manifest: its own version, and where the provider comes from. */
const EXPECTED = [
  "//.metadata.version",
  "terraform.required_providers.aws.source",
  "terraform.required_providers.aws.version",
];

/** Whether it is one of the differences that come with the library. */
export function isExpected({ file, path, before, after }: Difference): boolean {
  if (before === undefined || after === undefined) return false;
  return file === "manifest.json" ? path === "version" : EXPECTED.includes(path);
}

/** Every difference, in the order of files and keys. Files that are not JSON are compared as bytes. */
export function compareDirectories(before: string, after: string): readonly Difference[] {
  const [there, here] = [filesBelow(before), filesBelow(after)];
  return [...new Set([...there, ...here])].sort().flatMap((file) => {
    if (!there.includes(file) || !here.includes(file)) {
      const told = (files: readonly string[]) => (files.includes(file) ? "the file" : undefined);
      return [{ file, path: "", before: told(there), after: told(here) }];
    }
    const [one, other] = [readFileSync(join(before, file)), readFileSync(join(after, file))];
    if (one.equals(other)) return [];
    if (!file.endsWith(".json"))
      return [{ file, path: "", before: `${one.length} bytes`, after: `${other.length} bytes` }];
    const found = compareJson(JSON.parse(one.toString()), JSON.parse(other.toString())).map((each) => ({
      file,
      ...each,
    }));
    return found.length > 0 ? found : [{ file, path: "", before: "the same values", after: "in other bytes" }];
  });
}

/** Every value that is on one side only or not the same on both, by its path from the root. */
export function compareJson(before: unknown, after: unknown, path = ""): readonly Omit<Difference, "file">[] {
  if (isTree(before) && isTree(after) && Array.isArray(before) === Array.isArray(after)) {
    return [...new Set([...Object.keys(before), ...Object.keys(after)])]
      .sort()
      .flatMap((key) => compareJson(own(before, key), own(after, key), path === "" ? key : `${path}.${key}`));
  }
  const [one, other] = [JSON.stringify(before), JSON.stringify(after)] as (string | undefined)[];
  return one === other ? [] : [{ path, before: one, after: other }];
}

type Tree = Readonly<Record<string, unknown>>;

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null;
}

function own(tree: Tree, key: string): unknown {
  return Object.hasOwn(tree, key) ? tree[key] : undefined;
}

function filesBelow(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)));
}
