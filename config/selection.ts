/** The expression that selects instances of the fleet, the same for every command: `env=prod region=eu-* instance!=acme-*`. */
import { didYouMean } from "./did-you-mean";
import { show } from "./problems";
import type { InstanceConfig } from "./types";

type Selectable = Pick<
  InstanceConfig,
  "environment" | "name" | "region" | "account" | "stackName" | "wave" | "suspended"
>;

/** What can be selected by, and the value that an instance has there. */
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

/** `region=eu-*,us-*`, or `stack` where only values are given. */
interface Term {
  readonly text: string;
  readonly field: Field;
  readonly negated: boolean;
  /** Globs, of which one must match; none, where negated. */
  readonly values: readonly string[];
}

/** A selection that cannot be read or finds nothing; the message is the whole text to print, every mistake in it. */
export class SelectionError extends Error {
  override readonly name = "SelectionError";
}

/** For the help of a command line. */
export const selectionSyntax = `A selection is one or more terms, all of which must hold:
  env=prod                 the environment
  region=eu-*,us-east-1    the region; * stands for any characters, a comma for "or"
  instance!=acme-*         not these Connect instances
  account=111122223333     the AWS account
  wave=canary              the wave of rollouts; "all" where the environment has none
  status=suspended         suspended instances; no other selection builds or deploys one (status=* takes all)
  prod-*                   the name of the stack (also: stack=prod-*)
Upper and lower case are the same. Each value must match something: a slip of the pen never selects more than was meant.
In a shell, quote it all: 'env=prod region=eu-*'. An unquoted * becomes the names of files.`;

/** Terms of which all must hold, at least one. */
export type Selection = readonly [Term, ...Term[]];

/**
 * Reads an expression: terms `FIELD=VALUE,VALUE`, `FIELD!=VALUE,VALUE` or `VALUE,VALUE` (names of stacks), with white space
 * between them.
 *
 * @throws SelectionError with every mistake; an empty expression is one, lest an unset variable select the whole fleet
 */
export function parseSelection(text: string): Selection {
  const mistakes: string[] = [];
  const [first, ...rest] = text
    .split(/\s+/)
    .filter(Boolean)
    .map((term) => parseTerm(term, mistakes));
  if (mistakes.length > 0) throw new SelectionError([...mistakes, selectionSyntax].join("\n"));
  if (first === undefined) {
    throw new SelectionError(`The selection is empty. Write * for everything.\n${selectionSyntax}`);
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
    if (value === "") mistakes.push(`${show(text)}: a value is missing. Write one on either side of a comma.`);
    else if (!/^[\w*-]+$/.test(value)) {
      mistakes.push(`${show(text)}: ${show(value)} is no name. Use letters, digits, hyphens and *.`);
    }
  }
  return { text, field: field ?? "stack", negated: operator === "!=", values };
}

/**
 * The instances of the fleet that an expression selects, in the fleet's order.
 *
 * @param fleet all instances there are
 * @throws SelectionError for an expression that cannot be read, for a value that matches no instance of the fleet, and for an
 *   expression that selects none; it lists what exists
 */
export function select<T extends Selectable>(fleet: readonly T[], expression: string): readonly T[] {
  const selection = parseSelection(expression);
  const strangers = selection.flatMap((term) => unmatched(fleet, term));
  if (strangers.length > 0) throw new SelectionError(strangers.join("\n"));

  const selected = fleet.filter((instance) => selection.every((term) => holds(term, instance)));
  if (selected.length === 0) {
    const each = selection.map((term) => `${term.text} alone: ${fleet.filter((one) => holds(term, one)).length}.`);
    throw new SelectionError(
      `No instance is selected by ${show(expression)}. All terms must hold; ${each.join(" ")}\n${existing("stack", fleet)}`,
    );
  }
  return selected;
}

/** Negated values too must match: a misspelt exception would let the instance through. */
function unmatched(fleet: readonly Selectable[], { text, field, values }: Term): string[] {
  return values
    .filter((value) => !fleet.some((instance) => matchesGlob(value, fields[field](instance))))
    .map((value) => {
      const near = didYouMean(value, fleet.map(fields[field]));
      const suggestion = near === undefined || value.includes("*") ? "" : ` Did you mean "${near}"?`;
      return `${show(text)}: no ${field} is ${show(value)}.${suggestion}\n${existing(field, fleet)}`;
    });
}

/** Names that fit on a screen. */
const listed = 40;

function existing(field: Field, fleet: readonly Selectable[]): string {
  const names = [...new Set(fleet.map(fields[field]))].sort();
  const more = names.length > listed ? `, and ${names.length - listed} more` : "";
  return `  There is: ${names.slice(0, listed).join(", ")}${more}.`;
}

function holds({ field, negated, values }: Term, instance: Selectable): boolean {
  return values.some((value) => matchesGlob(value, fields[field](instance))) !== negated;
}

/** Whether `text` is what `glob` describes. Not a regular expression: one with many stars takes exponential time. */
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
