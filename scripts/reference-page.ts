/** Writes `docs/environments.md`: every key of an environment file, from the declarations in config/schema.ts. */
import { writeFileSync } from "node:fs";
import { z } from "zod";
import { defaultsSchema, environmentSchema, instanceSchema } from "../config/schema";

/** The part of JSON Schema that describes the keys. */
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

/** Maximum number of allowed values that a row lists. For a key with more values, such as regions, the row shows only the number. */
const maxListedValues = 8;

/** The page, in Markdown. */
export function referencePage(): string {
  const shared = describe(defaultsSchema).properties ?? {};
  const notShared = (schema: z.ZodType): Record<string, Described> =>
    Object.fromEntries(
      Object.entries(describe(schema).properties ?? {}).filter(([key]) => !Object.hasOwn(shared, key)),
    );
  return [
    "# Environment files",
    "",
    "<!-- Written by `npm run reference` from config/schema.ts. -->",
    "",
    "Each environment has one file, `environments/<environment>.yaml`. Shared values can be in `environments/defaults.yaml`.",
    "If several levels set a key, the innermost level takes precedence: instance, then environment, then defaults.yaml, then the",
    "default in the tables below. An inner value or list replaces an outer one. Maps are merged key by key. Unknown keys are refused.",
    "One run reports every mistake in every file, with file, line and fix.",
    "",
    "`npm run fleet -- config '*'` prints the resolved values of each instance and the source of each value. Suspended instances need",
    "the selection `status=*`. [examples/](../examples) contains complete environment files of made-up companies.",
    "",
    "In the tables, **required** means that the key must be set on one of the levels. Inside an optional map, the key is required only",
    "if the map is set.",
    "",
    "## Keys of every level",
    "",
    ...table(shared),
    "## Keys of an instance",
    "",
    ...table(notShared(instanceSchema)),
    "## Keys of an environment",
    "",
    ...table(notShared(environmentSchema)),
  ].join("\n");
}

function table(keys: Readonly<Record<string, Described>>): string[] {
  const rows = rowsOf(keys, "").map((row) => `| ${row.map(escapeCell).join(" | ")} |`);
  return ["| key | value | default | description |", "| --- | --- | --- | --- |", ...rows, ""];
}

function rowsOf(keys: Readonly<Record<string, Described>>, prefix: string): string[][] {
  return Object.entries(keys).flatMap(([key, schema]) => {
    const name = `${prefix}${key}`;
    const { description, byDefault } = descriptionAndDefault(schema);
    const row = [`\`${name}\``, valueOf(schema), byDefault, description];
    // The keys of an instance have their own table.
    const within = key === "instances" ? {} : (schema.properties ?? schema.items?.properties ?? {});
    return [row, ...rowsOf(within, schema.items === undefined ? `${name}.` : `${name}[].`)];
  });
}

function valueOf(schema: Described): string {
  const { type = "text", items, minimum, maximum } = schema;
  if (schema.anyOf !== undefined) return schema.anyOf.map(valueOf).join(", ");
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum !== undefined) {
    return schema.enum.length <= maxListedValues ? schema.enum.map(code).join(", ") : `one of ${schema.enum.length}`;
  }
  if (type === "array") return items?.type === "object" ? "list of maps" : "list of texts";
  if (type === "integer") return `${minimum ?? ""} to ${maximum ?? ""}`;
  return { string: "text", object: "map", boolean: "`true`, `false`" }[type] ?? type;
}

/** Description and default of a key. The default is a value of the schema, or the last sentence of the description. */
function descriptionAndDefault({ description = "", default: plain }: Described): {
  description: string;
  byDefault: string;
} {
  const [, text = description, byDefault] = /^(.*?) ?(?:Default: (.*)\.|Required\.)$/.exec(description) ?? [];
  if (plain !== undefined) return { description, byDefault: code(plain) };
  return { description: text, byDefault: byDefault ?? (text === description ? "" : "**required**") };
}

const code = (value: unknown): string => `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;

/** Escapes text for a table cell: `|` would end the cell, and `<name>` outside of code would be an HTML tag. */
const escapeCell = (text: string): string =>
  text.replaceAll("|", "\\|").replaceAll(/`[^`]*`|</g, (part) => (part === "<" ? "&lt;" : part));

// Run from the project's root: npm run reference
if (require.main === module) writeFileSync("docs/environments.md", referencePage());
