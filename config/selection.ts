/** The expression that selects instances. Every command uses the same syntax: `env=prod region=eu-* instance!=acme-*`. */
import { didYouMean } from "./did-you-mean";
import { show } from "./problems";
import type { InstanceConfig } from "./types";

type Selectable = Pick<
  InstanceConfig,
  "environment" | "name" | "region" | "account" | "stackName" | "wave" | "suspended"
>;

/** The fields of a selection, and their value for an instance. */
const fields = {
  env: ({ environment }: Selectable) => environment,
  instance: ({ name }: Selectable) => name,
  region: ({ region }: Selectable) => region,
  account: ({ account }: Selectable) => account,
  stack: ({ stackName }: Selectable) => stackName,
  wave: ({ wave }: Selectable) => wave.name,
  status: ({ suspended }: Selectable) => (suspended ? "suspended" : "active"),
} as const;

type Field = keyof typeof fields;
const fieldNames = Object.keys(fields) as Field[];

/** One term: `region=eu-*,us-*`. A term without a field selects by `stack`. */
interface Term {
  readonly text: string;
  readonly field: Field;
  readonly negated: boolean;
  /** Globs. At least one must match; if negated, none may match. */
  readonly values: readonly string[];
}

/** A selection that is invalid or matches nothing. The message is the text to print and lists every mistake. */
export class SelectionError extends Error {
  override readonly name = "SelectionError";
}

/** Help text of the syntax. */
export const selectionSyntax = `A selection has one or more terms. It selects the instances that match all terms:
  env=prod                 instances of the environment prod
  region=eu-*,us-east-1    instances in these regions; * matches any characters, a comma means "or"
  instance!=acme-*         all Connect instances except these
  account=111122223333     instances in this AWS account
  wave=canary              instances of this wave; without waves in the environment, the wave is "all"
  status=suspended         suspended instances; without a status term, a selection excludes them (status=*: all instances)
  prod-*                   instances whose stack has this name; the same as stack=prod-*
A selection is not case-sensitive. A value that matches no instance is an error, so a typing error never selects other instances.
In a shell, quote the whole selection: 'env=prod region=eu-*'. The shell replaces an unquoted * with file names.`;

/** At least one term. An instance must match all of them. */
export type Selection = readonly [Term, ...Term[]];

/**
 * Parses an expression: terms `FIELD=VALUE,VALUE`, `FIELD!=VALUE,VALUE` or `VALUE,VALUE` (stack names), separated by white space.
 *
 * @throws SelectionError with every mistake. An empty expression is a mistake: an unset variable must not select all instances.
 */
export function parseSelection(text: string): Selection {
  const mistakes: string[] = [];
  const [first, ...rest] = text
    .split(/\s+/)
    .filter(Boolean)
    .map((term) => parseTerm(term, mistakes));
  if (mistakes.length > 0) throw new SelectionError([...mistakes, selectionSyntax].join("\n"));
  if (first === undefined) {
    throw new SelectionError(`The selection is empty. To select everything, write *.\n${selectionSyntax}`);
  }
  return [first, ...rest];
}

function parseTerm(text: string, mistakes: string[]): Term {
  const [, name, operator = "=", list = text] = /^([^=!]*)(!?=)(.*)$/s.exec(text) ?? [];
  const field = name === undefined ? "stack" : fieldNames.find((known) => known === name.toLowerCase());
  const values = list.split(",");
  if (field === undefined) {
    const near = didYouMean(name ?? "", fieldNames);
    const fix = near === undefined ? `Allowed: ${fieldNames.join(", ")}.` : `Did you mean "${near}"?`;
    mistakes.push(`${show(text)}: ${show(name)} is not a field. ${fix}`);
  }
  for (const value of new Set(values)) {
    if (value === "") mistakes.push(`${show(text)}: a value is missing. Write a value on both sides of each comma.`);
    else if (!/^[\w*-]+$/.test(value)) {
      mistakes.push(`${show(text)}: ${show(value)} is not a valid value. Use letters, digits, hyphens and *.`);
    }
  }
  return { text, field: field ?? "stack", negated: operator === "!=", values };
}

/**
 * The instances that an expression selects, in the order of `fleet`.
 *
 * @param fleet all instances
 * @throws SelectionError for an invalid expression, for a value that matches no instance, and for an expression that matches no
 *   instance; the message lists the existing values
 */
export function select<T extends Selectable>(fleet: readonly T[], expression: string): readonly T[] {
  const selection = parseSelection(expression);
  const mistakes = selection.flatMap((term) => unmatched(fleet, term));
  if (mistakes.length > 0) throw new SelectionError(mistakes.join("\n"));

  const selected = fleet.filter((instance) => selection.every((term) => matches(term, instance)));
  if (selected.length === 0) {
    const each = selection.map(
      (term) => `${term.text} alone matches ${fleet.filter((one) => matches(term, one)).length}.`,
    );
    throw new SelectionError(
      `No instance matches all terms of ${show(expression)}. ${each.join(" ")}\n${existing("stack", fleet)}`,
    );
  }
  return selected;
}

/** Values of negated terms must match too: a misspelled exclusion would include the instance. */
function unmatched(fleet: readonly Selectable[], { text, field, values }: Term): string[] {
  return values
    .filter((value) => !fleet.some((instance) => matchesGlob(value, fields[field](instance))))
    .map((value) => {
      const near = didYouMean(value, fleet.map(fields[field]));
      const suggestion = near === undefined || value.includes("*") ? "" : ` Did you mean "${near}"?`;
      return `${show(text)}: no ${field} matches ${show(value)}.${suggestion}\n${existing(field, fleet)}`;
    });
}

/** Maximum number of names in a message. */
const maxNames = 40;

function existing(field: Field, fleet: readonly Selectable[]): string {
  const names = [...new Set(fleet.map(fields[field]))].sort();
  const more = names.length > maxNames ? `, and ${names.length - maxNames} more` : "";
  return `  Existing: ${names.slice(0, maxNames).join(", ")}${more}.`;
}

function matches({ field, negated, values }: Term, instance: Selectable): boolean {
  return values.some((value) => matchesGlob(value, fields[field](instance))) !== negated;
}

/** Whether `text` matches `glob`. A regular expression with many stars would take exponential time. */
export function matchesGlob(glob: string, text: string): boolean {
  const name = text.toLowerCase();
  const [start = "", ...middle] = glob.toLowerCase().split("*");
  const end = middle.pop();
  if (end === undefined) return name === start;
  if (!name.startsWith(start)) return false;
  let position = start.length;
  for (const part of middle) {
    const found = name.indexOf(part, position);
    if (found < 0) return false;
    position = found + part.length;
  }
  return name.endsWith(end) && name.length - end.length >= position;
}
