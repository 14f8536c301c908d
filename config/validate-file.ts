/** Validates a file against the schema. Returns its problems, and its valid part for the checks that follow. */
import { z } from "zod";
import { didYouMean } from "./did-you-mean";
import { show } from "./problems";
import type { Path, Problem } from "./problems";
import { environmentSchema, instanceSchema } from "./schema";
import type { YamlFile } from "./yaml-file";

export interface ValidatedFile<T> {
  readonly yaml: YamlFile;
  /**
   * The valid values. A refused value, and a list with a refused item, is undefined. The result is undefined if the file cannot be read.
   */
  readonly value: T | undefined;
  readonly problems: readonly Problem[];
  /** Whether the file has a value at `path`, valid or not. A refused value must not be reported as missing too. */
  mentions(path: Path): boolean;
}

export function validateFile<T extends z.ZodType>(yaml: YamlFile, schema: T): ValidatedFile<z.output<T>> {
  if (yaml.value === undefined) {
    return { yaml, value: undefined, problems: yaml.problems, mentions: () => true };
  }
  const problems = [...yaml.problems];
  const refused = new Set<string>();
  const misspelled = new Set<string>();
  // zod uses this empty message only for issues for which the schema has no message: values of the wrong type.
  const parsed = schema.safeParse(yaml.value, { error: () => "" });
  for (const issue of parsed.error?.issues ?? []) {
    const path = issue.path.filter((step) => typeof step !== "symbol");
    const given = valueAt(yaml.value, path);
    if (issue.code === "unrecognized_keys") {
      for (const key of issue.keys) {
        const near = didYouMean(key, keysAt(schema, path));
        if (near !== undefined) misspelled.add(id([...path, near]));
        refused.add(id([...path, key]));
        problems.push(
          yaml.problem([...path, key], `${show(key)} is not a key.`, unknownKeyFix(key, near, schema, path), "key"),
        );
      }
      continue;
    }
    refused.add(id(path));
    // A value is undefined if it was refused when the file was read.
    if (given === undefined) continue;
    if (given === null) {
      problems.push(yaml.problem(path, "The key has no value.", "Add a value, or remove the line."));
    } else if (issue.code === "invalid_key") {
      problems.push(yaml.problem(path, ...explained(issue.issues[0]?.message), "key"));
    } else if (issue.code === "invalid_type" && issue.message === "") {
      problems.push(yaml.problem(path, ...wrongType(given, yaml.source(path), issue.expected)));
    } else {
      problems.push(yaml.problem(path, ...explained(issue.message)));
    }
  }
  return {
    yaml,
    // A valid file has no refused part, so it is not parsed again.
    value:
      parsed.success && problems.length === 0 ? parsed.data : schema.parse(without(refused, schema, yaml.value, [])),
    problems,
    mentions: (path) => misspelled.has(id(path)) || isMentioned(yaml.value, path),
  };
}

/** The message of the schema: the problem, then the fix. */
function explained(message = ""): [string, string] {
  const [problem = "", fix = ""] = message.split("\n");
  return [problem, fix];
}

function wrongType(given: unknown, source: string | undefined, expected: string): [string, string] {
  const isWord = typeof given === "number" || typeof given === "boolean";
  const shown = isWord ? (source ?? String(given)) : show(given);
  switch (expected) {
    case "string":
      return isWord
        ? [`YAML reads ${shown} without quotes as a ${typeof given}, not as text.`, "Put the value in quotes."]
        : [`${shown} is not text.`, "Write one value in quotes."];
    case "boolean":
      return [`${shown} is neither true nor false.`, "Write true or false, without quotes."];
    case "array":
      return [`${shown} is not a list.`, 'Write one item per line, each after "- ", even if there is only one.'];
    default:
      return [`${shown} is not a map.`, 'Write its keys as "key: value" lines, indented.'];
  }
}

function unknownKeyFix(key: string, near: string | undefined, schema: z.ZodType, path: Path): string {
  const isInInstance = path[0] === "instances" && path.length === 2;
  if (Object.hasOwn(environmentSchema.shape, key)) {
    if (path.length === 0) return "Move the key to the file of an environment.";
    if (isInInstance) return "The key belongs to the environment. Move the key to the top level of the file.";
  }
  if (path.length === 0 && Object.hasOwn(instanceSchema.shape, key))
    return "The key belongs to one instance. Put the key below instances.";
  if (near !== undefined) return `Did you mean "${near}"?`;
  return `Allowed here: ${keysAt(schema, path).join(", ")}.`;
}

/** The keys of the map at `path` in the schema. */
function keysAt(schema: z.core.$ZodType, path: Path): string[] {
  const [step, ...rest] = path;
  if (schema instanceof z.ZodOptional) return keysAt(schema.unwrap(), path);
  if (schema instanceof z.ZodArray) return keysAt(schema.element, rest);
  if (!(schema instanceof z.ZodObject)) return [];
  if (step === undefined) return Object.keys(schema.shape);
  const child = (schema.shape as Record<string, z.core.$ZodType | undefined>)[step];
  return child === undefined ? [] : keysAt(child, rest);
}

/**
 * The value without its refused parts. A list with a refused item is removed as a whole, because a shorter list has another meaning. Only
 * `instances` stays.
 */
function without(refused: ReadonlySet<string>, schema: z.ZodType, value: unknown, path: Path): unknown {
  const isInstance = path.length === 2 && path[0] === "instances";
  if (refused.has(id(path))) return isInstance ? {} : undefined;
  if (Array.isArray(value)) {
    const items = value.map((item, index) => without(refused, schema, item, [...path, index]));
    return items.includes(undefined) ? undefined : items;
  }
  if (typeof value !== "object" || value === null) return value;
  const known = keysAt(schema, path);
  const entries = Object.entries(value).map(
    ([key, child]) => [key, without(refused, schema, child, [...path, key])] as const,
  );
  return Object.fromEntries(entries.filter(([key, child]) => child !== undefined || known.includes(key)));
}

function isMentioned(value: unknown, path: Path): boolean {
  const [step, ...rest] = path;
  if (step === undefined || typeof value !== "object" || value === null) return true;
  return step in value && isMentioned((value as Record<string, unknown>)[step], rest);
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((parent, step) => (parent as Record<string, unknown>)[step], value);
}

function id(path: Path): string {
  return JSON.stringify(path);
}
