/** The files about AWS provider 6.x: the schema of our types, and the generated part of docs/provider-6.md. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { projectRoot } from "../../lambda/packaging";
import { checkStack, type StackConfiguration } from "./check-arguments";
import { acceptedDeprecations, allowedValues } from "./documented-values";
import type { ProviderSchema } from "./provider-schema";

/** Where `npm --prefix bench/cdktn ci` installs the bindings. */
export const bindingsDirectory = path.join(projectRoot(), "bench/cdktn/node_modules/@cdktf/provider-aws");
/** The part of the bindings' schema that the stacks use, so that tests run without the bindings. */
export const schemaFile = path.join(projectRoot(), "bench/provider-6/schema.json");
export const pageFile = path.join(projectRoot(), "docs/provider-6.md");

export const readSchema = (): ProviderSchema => JSON.parse(readFileSync(schemaFile, "utf8")) as ProviderSchema;

const [begin, end] = ["<!-- npm run provider-6: begin -->", "<!-- npm run provider-6: end -->"];

/** The page with a new generated part. */
export function withPage(page: string, schema: ProviderSchema, stacks: readonly StackConfiguration[]): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/provider-6.md lacks the lines ${begin} and ${end}.`);
  return `${page.slice(0, from + begin.length)}\n\n${tables(schema, stacks)}\n${page.slice(to)}`;
}

/** Counts of the arguments and blocks of one type. */
interface Counts {
  readonly names: Set<string>;
  /** Arguments that have a literal value in at least one stack. */
  readonly typed: Set<string>;
}

function tables(schema: ProviderSchema, stacks: readonly StackConfiguration[]): string {
  const counts = new Map<string, Counts>();
  for (const { argument, isTypeKnown } of stacks.flatMap((stack) => checkStack(stack, schema).arguments)) {
    const type = /^(?:data\.)?\w+/.exec(argument)?.[0] ?? argument;
    const ofType = counts.get(type) ?? { names: new Set(), typed: new Set() };
    counts.set(type, ofType);
    ofType.names.add(argument);
    if (isTypeKnown) ofType.typed.add(argument);
  }
  const rows = [...counts]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([type, { names, typed }]) => {
      const expressions = [...names]
        .filter((name) => !typed.has(name))
        .map((name) => `\`${name.slice(type.length + 1)}\``);
      return [`\`${type === "aws" ? "provider aws" : type}\``, names.size, typed.size, expressions.join(", ") || "–"];
    });
  const deprecations = Object.entries(acceptedDeprecations).map(([name, reason]) => [`\`${name}\``, reason]);
  const values = Object.entries(allowedValues).map(([name, allowed]) => [
    `\`${name}\``,
    allowed.map((value) => `\`${value}\``).join(", "),
  ]);
  return [
    `Arguments and blocks that the stacks set, compared with provider ${schema.version}:`,
    "",
    table(["type", "arguments and blocks", "type compared", "only an expression: the type is not compared"], rows),
    "",
    "Deprecated arguments that the stacks set:",
    "",
    table(["argument", "reason"], deprecations),
    "",
    "Arguments with documented values. Every literal value in a stack is one of them:",
    "",
    table(["argument", "documented values"], values),
    "",
  ].join("\n");
}

/** A Markdown table with aligned columns, as prettier writes it. */
function table(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const widths = header.map((title, n) => Math.max(title.length, ...rows.map((row) => String(row[n]).length)));
  const line = (cells: readonly (string | number)[]): string =>
    `| ${cells.map((cell, n) => String(cell).padEnd(widths[n] ?? 0)).join(" | ")} |`;
  return [line(header), `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...rows.map(line)].join("\n");
}
