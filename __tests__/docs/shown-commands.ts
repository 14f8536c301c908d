/** The commands that the pages show, each with its place, and the commands that the end-to-end tests run, as their sources say. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";
import { projectRoot } from "../../lambda/packaging";

/** One simple command of a page. */
export interface Shown {
  /** From the project's root. */
  readonly page: string;
  readonly line: number;
  /** As it is written, without a comment after it. */
  readonly text: string;
  /** Whether it stands in a block, to be run as it is; in the text a bare `npm run fleet -- guard` only names the command. */
  readonly isBlock: boolean;
  /** Its words, quotes taken off and what stands for a value filled in; without variables before it and a redirection after it. */
  readonly words: readonly string[];
  /** `SELECT` of `SELECT=… npx cdktf …`. */
  readonly variables: Readonly<Record<string, string>>;
}

/** What the pages write where a person puts something of theirs. */
const standIns: Readonly<Record<string, string>> = {
  "<selection>": "env=prod",
  "<name>": "dev",
  "<instance>": "acme-support",
  "<number>": "+15555550101",
};

/** README.md and every page below docs/. */
export function pages(): readonly string[] {
  const docs = readdirSync(path.join(projectRoot(), "docs"), { recursive: true, encoding: "utf8" });
  return ["README.md", ...docs.filter((file) => file.endsWith(".md")).map((file) => path.join("docs", file))].sort();
}

/**
 * Every command of a page: each line of its `sh` blocks, and of the code in its text whatever begins as one of ours does. In a table
 * `… verify` after a command of ours is one too.
 */
export function commandsOf(page: string, markdown: string): readonly Shown[] {
  const found: Pick<Shown, "line" | "text" | "isBlock">[] = [];
  let fence: string | undefined;
  const prose: string[] = [];
  for (const [index, line] of markdown.split("\n").entries()) {
    const [, opening] = /^\s*```(\w*)/.exec(line) ?? [];
    if (opening !== undefined) fence = fence === undefined ? opening : undefined;
    else if (fence === "sh") found.push({ line: index + 1, text: line, isBlock: true });
    prose.push(fence === undefined && opening === undefined ? line : "");
  }
  const text = prose.join("\n");
  for (const { 1: code = "", index } of text.matchAll(/`([^`]+)`/g)) {
    const line = text.slice(0, index).split("\n").length;
    const whole = code.replaceAll(/\s+/g, " ").replace(/^… /, "npm run fleet -- ");
    if (/^(\w+=\S* )*(npm|npx) /.test(whole)) found.push({ line, text: whole, isBlock: false });
  }
  return found
    .flatMap(({ text: given, ...place }) => parts(given).map((part) => ({ ...place, part })))
    .map(({ part, ...place }) => ({ page, ...place, text: part, ...read(part) }))
    .sort((one, other) => one.line - other.line);
}

/** `a && b # why` is a and b. */
function parts(line: string): readonly string[] {
  return line
    .replace(/(^|\s)#.*$/, "")
    .split(" && ")
    .map((part) => part.trim())
    .filter(Boolean);
}

function read(command: string): Pick<Shown, "words" | "variables"> {
  const filled = command.replaceAll(/<\w+>/g, (word) => standIns[word] ?? word);
  const words = [...filled.replace(/ > \S+$/, "").matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) =>
    word.replaceAll(/["']/g, ""),
  );
  const first = words.findIndex((word) => !/^[A-Z_]+\d*=/.test(word));
  const variables = words.slice(0, Math.max(first, 0)).map((word) => {
    const at = word.indexOf("=");
    return [word.slice(0, at), word.slice(at + 1)] as const;
  });
  return { words: words.slice(Math.max(first, 0)), variables: Object.fromEntries(variables) };
}

/** A command that a test runs. */
export interface Run {
  /** The test's file, from the project's root. */
  readonly test: string;
  readonly program: "fleet" | "cdktf";
  readonly command: string;
  /** Names of its options, `--` included. */
  readonly options: ReadonlySet<string>;
}

const programs: Readonly<Record<string, Run["program"]>> = {
  fleet: "fleet",
  startFleet: "fleet",
  fleetIn: "fleet",
  cdktf: "cdktf",
};

/**
 * What a test runs, from its source: calls of `world.fleet` and its like with the words that are literals, and calls of functions of
 * the file that hand their own arguments on to one (`const plan = (...more) => world.fleet("plan", ...more)`).
 */
export function runsIn(test: string, source: string): readonly Run[] {
  const file = ts.createSourceFile(test, source, ts.ScriptTarget.ES2022, true);
  const wrappers = new Map<string, { readonly program: Run["program"]; readonly words: readonly string[] }>();
  const runs: Run[] = [];
  const directly = (node: ts.CallExpression) => {
    const { expression } = node;
    if (!ts.isPropertyAccessExpression(expression)) return undefined;
    const program = programs[expression.name.text];
    return program === undefined ? undefined : { program, words: literals(node.arguments) };
  };
  const visit = (node: ts.Node, see: (call: ts.CallExpression) => void): void => {
    if (ts.isCallExpression(node)) see(node);
    node.forEachChild((child) => {
      visit(child, see);
    });
  };
  file.forEachChild(function find(node): void {
    const named =
      ts.isVariableDeclaration(node) && node.initializer !== undefined && ts.isArrowFunction(node.initializer)
        ? { name: node.name, body: node.initializer }
        : ts.isFunctionDeclaration(node)
          ? { name: node.name, body: node }
          : undefined;
    if (named?.name !== undefined && ts.isIdentifier(named.name)) {
      const { text } = named.name;
      visit(named.body, (call) => {
        const run = directly(call);
        if (run !== undefined && call.arguments.some(ts.isSpreadElement)) wrappers.set(text, run);
      });
    }
    node.forEachChild(find);
  });
  visit(file, (call) => {
    const wrapper = ts.isIdentifier(call.expression) ? wrappers.get(call.expression.text) : undefined;
    const run =
      wrapper === undefined ? directly(call) : { ...wrapper, words: [...wrapper.words, ...literals(call.arguments)] };
    const command = run?.words.find((word) => !word.startsWith("-"));
    if (run === undefined || command === undefined) return;
    runs.push({ test, program: run.program, command, options: optionsIn(run.words) });
  });
  return runs;
}

const literals = (given: ts.NodeArray<ts.Expression>): readonly string[] =>
  given.flatMap((one) => (ts.isStringLiteralLike(one) ? [one.text] : []));

/** Names of the options among the words. */
export const optionsIn = (words: readonly string[]): ReadonlySet<string> =>
  new Set(words.filter((word) => word.startsWith("--") && word.length > 2).map((word) => word.replace(/=.*$/, "")));

/** What all end-to-end tests run; the walkthrough runs what is on its page. */
export function endToEndRuns(): readonly Run[] {
  const directory = path.join(projectRoot(), "__tests__/e2e");
  const tests = readdirSync(directory).filter((name) => name.endsWith(".test.ts"));
  const written = tests.flatMap((name) => {
    const test = path.join("__tests__/e2e", name);
    return runsIn(test, readFileSync(path.join(directory, name), "utf8"));
  });
  const test = "__tests__/e2e/walkthrough.test.ts";
  const page = "docs/quick-start.md";
  if (!readFileSync(path.join(projectRoot(), test), "utf8").includes(page)) return written;
  const walked = commandsOf(page, readFileSync(path.join(projectRoot(), page), "utf8")).flatMap(({ words }): Run[] => {
    const args = fleetArguments(words);
    return args === undefined ? [] : [{ test, program: "fleet", command: args[0] ?? "", options: optionsIn(args) }];
  });
  return [...written, ...walked];
}

/** The arguments of `npm run fleet -- …`; undefined where it is another command. */
export function fleetArguments(words: readonly string[]): readonly string[] | undefined {
  const rest = words.filter((word) => word !== "--silent");
  return rest.slice(0, 4).join(" ") === "npm run fleet --" || rest.join(" ") === "npm run fleet"
    ? rest.slice(4)
    : undefined;
}
