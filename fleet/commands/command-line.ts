/** What a command is, and how its arguments are read: every mistake at once, each with what was probably meant. */
import { parseArgs } from "node:util";
import { didYouMean } from "../../config/did-you-mean";
import { CommandError } from "../output/command-error";

export interface Option {
  /** What stands for the value in the help, such as `NAME`; an option without it is a switch. */
  readonly value?: string;
  readonly required?: boolean;
  /** One line for the help. */
  readonly description: string;
}

/** What the arguments of one run say. */
export interface Arguments {
  /** Values by the option's name. */
  readonly values: ReadonlyMap<string, string>;
  /** Switches that are given. */
  readonly switches: ReadonlySet<string>;
  /** The selection as one expression; undefined when none is given. */
  readonly selection: string | undefined;
  /** The word that the command's `argument` names; empty for a command without one. */
  readonly argument: string;
}

export interface Command {
  readonly name: string;
  /** One line: what it does. */
  readonly summary: string;
  /** What stands for the first word after the name in the help, such as `NUMBER`; absent where there is none but a selection. */
  readonly argument?: string;
  /** Whether a selection of instances follows. */
  readonly selection: "required" | "optional" | "none";
  readonly options: Readonly<Record<string, Option>>;
  /** More for its own help page; whole lines. */
  readonly details?: string;
  /**
   * @param print writes one line, or several, to standard output
   * @returns the exit code, where it says more than that all went well (0)
   * @throws CommandError, or what reading environment files and selections throws, when it cannot do what it is asked
   */
  // eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- most commands succeed or throw
  run(given: Arguments, print: (text: string) => void): Promise<number | void> | number | void;
}

/**
 * Reads the arguments after a command's name.
 *
 * @throws CommandError with every mistake
 */
export function parseArguments(command: Command, args: readonly string[]): Arguments {
  const options = Object.fromEntries(
    Object.entries(command.options).map(([name, { value }]) => [
      name,
      { type: value === undefined ? ("boolean" as const) : ("string" as const) },
    ]),
  );
  // Not strict: Node would stop at the first mistake, and with a stack trace.
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true, allowPositionals: true });
  const mistakes: string[] = [];
  const values = new Map<string, string>();
  const switches = new Set<string>();
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    const option = Object.hasOwn(command.options, token.name) ? command.options[token.name] : undefined;
    if (option === undefined) {
      mistakes.push(`${token.rawName} is not an option of ${command.name}. ${meantOption(token.name, command)}`);
    } else if (values.has(token.name) || switches.has(token.name)) {
      mistakes.push(`${token.rawName} is given twice.`);
    } else if (option.value === undefined) {
      if (token.value !== undefined) mistakes.push(`${token.rawName} takes no value.`);
      switches.add(token.name);
    } else {
      const isMissing = !token.value || (!token.inlineValue && token.value.startsWith("-"));
      if (isMissing) mistakes.push(`${token.rawName} needs a value: ${token.rawName} ${option.value}.`);
      values.set(token.name, token.value ?? "");
    }
  }
  for (const [name, { value = "", required }] of Object.entries(command.options)) {
    if (required === true && !values.has(name)) mistakes.push(`--${name} ${value} is missing.`);
  }
  const argument = command.argument === undefined ? "" : words.shift();
  if (argument === undefined) mistakes.push(`${command.argument ?? ""} is missing.`);
  if (command.selection === "none" && words.length > 0) {
    mistakes.push(`${command.name} takes no ${JSON.stringify(words.join(" "))}, only options.`);
  }
  if (command.selection === "required" && words.length === 0) {
    mistakes.push("A selection of instances is missing; '*', in quotes, is all of them.");
  }
  if (mistakes.length > 0) throw new CommandError([...mistakes, "", usage(command)].join("\n"));
  return { values, switches, selection: words.length === 0 ? undefined : words.join(" "), argument: argument ?? "" };
}

function meantOption(name: string, command: Command): string {
  const known = [...Object.keys(command.options), "help"];
  const near = didYouMean(name, known);
  return near === undefined ? `Allowed: ${known.map((one) => `--${one}`).join(", ")}.` : `Did you mean --${near}?`;
}

const program = "npm run fleet --";

function usage({ name, argument, selection, options }: Command): string {
  const needed = Object.entries(options)
    .filter(([, { required }]) => required === true)
    .map(([option, { value = "" }]) => ` --${option} ${value}`);
  const selected = { required: " SELECTION", optional: " [SELECTION]", none: "" }[selection];
  return `Usage: ${program} ${name}${argument === undefined ? "" : ` ${argument}`}${needed.join("")}${selected} [OPTIONS]`;
}

/** The help page of one command. */
export function commandHelp(command: Command): string {
  const known: Readonly<Record<string, Option>> = { ...command.options, help: { description: "Shows this page." } };
  const options = Object.entries(known).map(
    ([name, { value, description }]) => [`--${name}${value === undefined ? "" : ` ${value}`}`, description] as const,
  );
  const details = command.details === undefined ? [] : ["", command.details];
  return [command.summary, "", usage(command), "", "Options:", aligned(options), ...details].join("\n");
}

/** The help page of them all. */
export function overview(commands: readonly Command[]): string {
  return [
    `Usage: ${program} COMMAND [SELECTION] [OPTIONS]`,
    "",
    "Commands:",
    aligned(commands.map(({ name, summary }) => [name, summary])),
    "",
    `Each has a page of its own: ${program} COMMAND --help`,
  ].join("\n");
}

function aligned(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`).join("\n");
}

/** The command that the first argument names. @throws CommandError when it names none */
export function findCommand(commands: readonly Command[], name: string): Command {
  const names = commands.map((command) => command.name);
  const found = commands.find((command) => command.name === name);
  if (found !== undefined) return found;
  const near = didYouMean(name, names);
  const fix = near === undefined ? "" : ` Did you mean "${near}"?`;
  throw new CommandError(`${JSON.stringify(name)} is not a command.${fix}\n\n${overview(commands)}`);
}
