/** Compares two directories of synthesized stacks, value by value. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

export interface Difference {
  /** The file, relative to both directories. */
  readonly file: string;
  /** The path in the JSON, for example `//.metadata.version`. Empty if the whole file differs or exists on one side only. */
  readonly path: string;
  /** The value in the first directory, as JSON; undefined if the value does not exist. `after` is the value in the second directory. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Values that may differ between the libraries: the version of the library, and the source and version of the provider. */
const EXPECTED = [
  "//.metadata.version",
  "terraform.required_providers.aws.source",
  "terraform.required_providers.aws.version",
];

/** Returns whether the other library causes this difference. */
export function isExpected({ file, path, before, after }: Difference): boolean {
  if (before === undefined || after === undefined) return false;
  return file === "manifest.json" ? path === "version" : EXPECTED.includes(path);
}

/** Returns all differences, in the order of files and keys. Files that are not JSON are compared as bytes. */
export function compareDirectories(before: string, after: string): readonly Difference[] {
  const [filesBefore, filesAfter] = [filesBelow(before), filesBelow(after)];
  return [...new Set([...filesBefore, ...filesAfter])].sort().flatMap((file) => {
    if (!filesBefore.includes(file) || !filesAfter.includes(file)) {
      const describe = (files: readonly string[]) => (files.includes(file) ? "the file" : undefined);
      return [{ file, path: "", before: describe(filesBefore), after: describe(filesAfter) }];
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

/** Returns all values that differ or exist on one side only, with their paths from the root. */
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
