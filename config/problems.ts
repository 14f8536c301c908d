/** Problems with environment files, and how they are shown to the person who fixes them. */
import { oneLine } from "./printable";

/** Keys and list indices from the top of a file: `["instances", 2, "region"]`. */
export type Path = readonly (string | number)[];

/** One problem at one place. */
export interface Problem {
  /** File with its directory: `environments/prod.yaml`. */
  readonly file: string;
  /** Place in the file, counted from 1; absent for a problem with the directory. */
  readonly position?: { readonly line: number; readonly column: number };
  /** Place in the configuration, `instances[2].region`; empty for a whole file. */
  readonly path: string;
  /** The given value and why it is refused; one line. */
  readonly message: string;
  /** The allowed values and what to do; one line. */
  readonly fix: string;
}

/** Every problem of every file. `message` is the text to print, with one problem after the other. */
export class EnvironmentErrors extends Error {
  override readonly name = "EnvironmentErrors";
  readonly problems: readonly Problem[];

  /** @param found problems in any order. Duplicates are removed: each instance also reports the problems of its outer levels. */
  constructor(found: readonly Problem[]) {
    const unique = new Map(found.map((problem) => [formatProblem(problem), problem]));
    const sorted = [...unique].sort(([, a], [, b]) => byPlace(a, b));
    super(sorted.map(([text]) => text).join("\n"));
    this.problems = sorted.map(([, problem]) => problem);
  }
}

/** Maximum characters of a file name or a path, and of a message or a fix. */
const maxPath = 300;
const maxText = 4000;

/** `environments/prod.yaml:14:7  instances[2].region: "us-east1" is not an AWS region.` The fix follows on its own line, indented. */
export function formatProblem({ file, position, path, message, fix }: Problem): string {
  const place = position === undefined ? file : `${file}:${position.line}:${position.column}`;
  const key = path === "" ? "" : `${oneLine(path, maxPath)}: `;
  return `${oneLine(place, maxPath)}  ${key}${oneLine(message, maxText)}\n  ${oneLine(fix, maxText)}`;
}

/** `["instances", 2, "tags", "cost centre"]` as `instances[2].tags["cost centre"]`. */
export function formatPath(path: Path): string {
  return path
    .map((step) => (typeof step === "string" && /^[\w-]+$/.test(step) ? `.${step}` : `[${show(step)}]`))
    .join("")
    .replace(/^\./, "");
}

/** A value as messages show it: on one line, and shortened if it is long. */
export function show(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "a map";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length <= 120 ? text : `${text.slice(0, 100)}… (${text.length} characters)`;
}

function byPlace(a: Problem, b: Problem): number {
  return (
    compare(a.file, b.file) ||
    (a.position?.line ?? 0) - (b.position?.line ?? 0) ||
    (a.position?.column ?? 0) - (b.position?.column ?? 0) ||
    compare(a.message, b.message)
  );
}

/** Compares by code unit, so that the order does not depend on the locale. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
