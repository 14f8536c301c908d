/** Defines a command, parses its arguments and prints its help; one run reports every mistake of a command line. */
import { parseArgs } from "node:util";
import { didYouMean } from "../../config/did-you-mean";
import { CommandError } from "../output/command-error";
import type { Print } from "../output/terminal";

export interface Option {
  /** Placeholder of the value in the help, such as `NAME`. An option without a value is a switch. */
  readonly value?: string;
  /** @default false */
  readonly required?: boolean;
  /** One sentence for the help. */
  readonly description: string;
  /** The value is a whole number within this range. */
  readonly wholeNumber?: WholeNumber;
  /** Checks a value that is not a whole number. @returns the problem and the allowed values; undefined if the value is valid */
  readonly problemWith?: (value: string) => string | undefined;
  /** Name of an option that must not be given together with this one. */
  readonly excludes?: string;
}

export interface WholeNumber {
  readonly min: number;
  readonly max: number;
  /** @default the command chooses the number */
  readonly default?: number;
}

/** The parsed arguments of one run. */
export interface Arguments {
  /** Values by option name. */
  readonly values: ReadonlyMap<string, string>;
  /** Values of `wholeNumber` options by option name, defaults included. */
  readonly numbers: ReadonlyMap<string, number>;
  /** Names of the switches that are given. */
  readonly switches: ReadonlySet<string>;
  /** The selection as one expression; undefined if none is given. */
  readonly selection: string | undefined;
  /** The value of the command's `argument`; empty for a command without one. */
  readonly argument: string;
}

export interface Command {
  readonly name: string;
  /** A former name of the command. The command line refuses the former name and shows the new name. */
  readonly formerName?: string;
  /** One sentence in the third person: what the command does. */
  readonly summary: string;
  /** Placeholder of the required first word, such as `NUMBER`. @default the command has no such word */
  readonly argument?: string;
  /** Name of an option that replaces the first word. */
  readonly argumentOption?: string;
  /** Whether the command takes a selection of instances. */
  readonly selection: "required" | "optional" | "none";
  readonly options: Readonly<Record<string, Option>>;
  /** New option names by former option name. The command line refuses a former name and shows the new name. */
  readonly formerOptions?: Readonly<Record<string, string>>;
  /** Text below the options on the command's help page. */
  readonly details?: string;
  /**
   * @param print writes one or more lines to standard output
   * @returns the exit code; 0 by default
   * @throws CommandError, EnvironmentErrors or SelectionError if the command cannot run
   */
  // eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- most commands succeed or throw
  run(given: Arguments, print: Print): Promise<number | void> | number | void;
}

export interface CommandGroup {
  /** What the user wants to do, such as `Plan and deploy`. */
  readonly title: string;
  readonly commands: readonly Command[];
}

/**
 * Parses the arguments after the command's name.
 *
 * @throws CommandError that lists every mistake
 */
export function parseArguments(command: Command, args: readonly string[]): Arguments {
  const options = Object.fromEntries(
    Object.entries(command.options).map(([name, { value }]) => [
      name,
      { type: value === undefined ? ("boolean" as const) : ("string" as const) },
    ]),
  );
  // In strict mode Node stops at the first mistake and prints a stack trace.
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true, allowPositionals: true });
  const mistakes: string[] = [];
  const values = new Map<string, string>();
  const numbers = new Map<string, number>();
  const switches = new Set<string>();
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    const option = Object.hasOwn(command.options, token.name) ? command.options[token.name] : undefined;
    if (option === undefined) {
      mistakes.push(unknownOption(token.name, token.rawName, command));
    } else if (values.has(token.name) || switches.has(token.name)) {
      mistakes.push(`${token.rawName} is given twice. Give it once.`);
    } else if (option.value === undefined) {
      if (token.value !== undefined) mistakes.push(`${token.rawName} takes no value. Write only ${token.rawName}.`);
      switches.add(token.name);
    } else {
      const isMissing = !token.value || (!token.inlineValue && token.value.startsWith("-") && token.value !== "-");
      if (isMissing) mistakes.push(`${token.rawName} needs a value: ${token.rawName} ${option.value}.`);
      else mistakes.push(...problemsWith(token.rawName, token.value, option));
      values.set(token.name, token.value ?? "");
    }
  }
  for (const [name, { value = "", required, wholeNumber, excludes = "" }] of Object.entries(command.options)) {
    const isGiven = (option: string): boolean => values.has(option) || switches.has(option);
    if (required === true && !isGiven(name)) mistakes.push(`--${name} ${value} is missing.`);
    if (isGiven(name) && isGiven(excludes))
      mistakes.push(`--${name} and --${excludes} cannot be used together. Use one of them.`);
    const number = Number(values.get(name) ?? wholeNumber?.default);
    if (wholeNumber !== undefined && !Number.isNaN(number)) numbers.set(name, number);
  }
  const isReplaced = values.has(command.argumentOption ?? "");
  const argument = command.argument === undefined || isReplaced ? "" : words.shift();
  if (argument === undefined) mistakes.push(`${command.argument ?? ""} is missing.`);
  if (command.selection === "none" && words.length > 0) {
    mistakes.push(`${command.name} takes only options, not ${JSON.stringify(words.join(" "))}.`);
  }
  if (command.selection === "required" && words.length === 0) {
    mistakes.push("The selection of instances is missing. Give '*', in quotes, to select all instances.");
  }
  if (mistakes.length > 0) throw new CommandError([...mistakes, "", usage(command)].join("\n"));
  const selection = words.length === 0 ? undefined : words.join(" ");
  return { values, numbers, switches, selection, argument: argument ?? "" };
}

function problemsWith(option: string, value: string, { wholeNumber, problemWith }: Option): readonly string[] {
  if (wholeNumber === undefined) {
    const problem = problemWith?.(value);
    return problem === undefined ? [] : [`${option}: ${problem}`];
  }
  const { min, max } = wholeNumber;
  const isAllowed = /^\d{1,15}$/.test(value) && Number(value) >= min && Number(value) <= max;
  if (isAllowed) return [];
  const defaultText = wholeNumber.default === undefined ? "" : ` Default: ${wholeNumber.default}.`;
  return [
    `${option} ${JSON.stringify(value)} is not allowed. Give a whole number from ${min} to ${max}.${defaultText}`,
  ];
}

function unknownOption(name: string, given: string, command: Command): string {
  const newName = command.formerOptions?.[name];
  if (newName !== undefined) return `${given} is now --${newName}.`;
  const known = [...Object.keys(command.options), "help"];
  const near = didYouMean(name, known);
  const allowed = `Allowed: ${known.map((option) => `--${option}`).join(", ")}.`;
  return `${given} is not an option of ${command.name}. ${near === undefined ? allowed : `Did you mean --${near}?`}`;
}

const program = "npm run fleet --";

function usage({ name, argument, selection, options }: Command): string {
  const required = Object.entries(options)
    .filter(([, option]) => option.required === true)
    .map(([option, { value = "" }]) => ` --${option} ${value}`);
  const selected = { required: " SELECTION", optional: " [SELECTION]", none: "" }[selection];
  return `Usage: ${program} ${name}${argument === undefined ? "" : ` ${argument}`}${required.join("")}${selected} [OPTIONS]`;
}

/** The help page of one command. */
export function commandHelp(command: Command): string {
  const known: Readonly<Record<string, Option>> = { ...command.options, help: { description: "Shows this page." } };
  const options = Object.entries(known).map(
    ([name, option]) => [`--${name}${option.value === undefined ? "" : ` ${option.value}`}`, describe(option)] as const,
  );
  const width = widthOf(options);
  const details = command.details === undefined ? [] : ["", command.details];
  return [command.summary, "", usage(command), "", "Options:", aligned(options, width), ...details].join("\n");
}

function describe({ description, wholeNumber }: Option): string {
  if (wholeNumber === undefined) return description;
  const defaultText = wholeNumber.default === undefined ? "" : `; default: ${wholeNumber.default}`;
  return `${description} From ${wholeNumber.min} to ${wholeNumber.max}${defaultText}.`;
}

/** The help page of all commands. */
export function overview(groups: readonly CommandGroup[]): string {
  const rows = (commands: readonly Command[]) => commands.map(({ name, summary }) => [name, summary] as const);
  const width = widthOf(groups.flatMap(({ commands }) => rows(commands)));
  return [
    `Usage: ${program} COMMAND [SELECTION] [OPTIONS]`,
    "",
    ...groups.flatMap(({ title, commands }) => [`${title}:`, aligned(rows(commands), width), ""]),
    `Help for one command: ${program} COMMAND --help`,
  ].join("\n");
}

type Row = readonly [name: string, text: string];

const widthOf = (rows: readonly Row[]): number => Math.max(...rows.map(([name]) => name.length));

const aligned = (rows: readonly Row[], width: number): string =>
  rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`).join("\n");

/** The command with this name. @throws CommandError if there is none */
export function findCommand(groups: readonly CommandGroup[], name: string): Command {
  const commands = groups.flatMap((group) => group.commands);
  const found = commands.find((command) => command.name === name);
  if (found !== undefined) return found;
  const renamed = commands.find(({ formerName }) => formerName === name)?.name;
  if (renamed !== undefined) {
    throw new CommandError(`The command "${name}" is now "${renamed}". Run: ${program} ${renamed}`);
  }
  const near = didYouMean(
    name,
    commands.map((command) => command.name),
  );
  const fix = near === undefined ? "" : ` Did you mean "${near}"?`;
  throw new CommandError(`${JSON.stringify(name)} is not a command.${fix}\n\n${overview(groups)}`);
}
