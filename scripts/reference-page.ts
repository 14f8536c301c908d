/** Writes `docs/environments.md`: every key of an environment file, from the one schema, for whoever writes one. */
import { writeFileSync } from "node:fs";
import { z } from "zod";
import { defaultsSchema, environmentSchema, instanceSchema } from "../config/schema";

/** The part of JSON Schema in which the keys are described. */
interface Described {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Described[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Described>>;
  readonly items?: Described;
}

const describe = (schema: z.ZodType): Described => z.toJSONSchema(schema, { target: "draft-7" }) as Described;

/** A choice of more than this many values is described, not listed: regions, retention times. */
const listedValues = 8;

/** The page, in Markdown. */
export function referencePage(): string {
  const shared = describe(defaultsSchema).properties ?? {};
  const only = (schema: z.ZodType): Record<string, Described> =>
    Object.fromEntries(
      Object.entries(describe(schema).properties ?? {}).filter(([key]) => !Object.hasOwn(shared, key)),
    );
  return [
    "# Environment files",
    "",
    "<!-- Written by `npm run reference` from config/schema.ts. -->",
    "",
    "One file for each environment, `environments/<environment>.yaml`; what all of them share may stand in",
    "`environments/defaults.yaml`. The innermost value counts: instance, then environment, then defaults.yaml, then the default",
    "below. Values and lists replace the outer ones, maps merge key by key. A key that is not below is refused, and every",
    "mistake of every file is told in one run. `npm run fleet -- config '*'` prints what an instance ends up with, and where",
    "each value comes from.",
    "",
    "## Keys that may stand anywhere",
    "",
    ...table(shared),
    "## Keys of one instance",
    "",
    ...table(only(instanceSchema)),
    "## Keys of the environment alone",
    "",
    ...table(only(environmentSchema)),
  ].join("\n");
}

function table(keys: Readonly<Record<string, Described>>): string[] {
  const rows = rowsOf(keys, "").map((row) => `| ${row.map(cell).join(" | ")} |`);
  return ["| key | value | default | what it is |", "| --- | --- | --- | --- |", ...rows, ""];
}

function rowsOf(keys: Readonly<Record<string, Described>>, prefix: string): string[][] {
  return Object.entries(keys).flatMap(([key, schema]) => {
    const name = `${prefix}${key}`;
    const { description, byDefault } = split(schema);
    const row = [`\`${name}\``, valueOf(schema), byDefault, description];
    // Instances have tables of their own.
    const within = key === "instances" ? {} : (schema.properties ?? schema.items?.properties ?? {});
    return [row, ...rowsOf(within, schema.items === undefined ? `${name}.` : `${name}[].`)];
  });
}

function valueOf(schema: Described): string {
  const { type = "text", items, minimum, maximum } = schema;
  if (schema.anyOf !== undefined) return schema.anyOf.map(valueOf).join(", ");
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum !== undefined) {
    return schema.enum.length <= listedValues ? schema.enum.map(code).join(", ") : `one of ${schema.enum.length}`;
  }
  if (type === "array") return items?.type === "object" ? "list of maps" : "list of texts";
  if (type === "integer") return `${minimum ?? ""} to ${maximum ?? ""}`;
  return { string: "text", object: "map", boolean: "`true`, `false`" }[type] ?? type;
}

/** What a key is, and its default: a plain value of the schema, or the last sentence of the description. */
function split({ description = "", default: plain }: Described): { description: string; byDefault: string } {
  const [, what = description, said] =
    /^(.*?) ?(?:Default: (.*)\.|(?:Required(?: in \w+)?)\.)$/.exec(description) ?? [];
  if (plain !== undefined) return { description, byDefault: code(plain) };
  return { description: what, byDefault: said ?? (what === description ? "" : "**required**") };
}

const code = (value: unknown): string => `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;

/** A bar would end the cell, and outside of code `<name>` would be a tag. */
const cell = (text: string): string =>
  text.replaceAll("|", "\\|").replaceAll(/`[^`]*`|</g, (part) => (part === "<" ? "&lt;" : part));

// Run from the project's root: npm run reference
if (require.main === module) writeFileSync("docs/environments.md", referencePage());
