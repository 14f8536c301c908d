/** Finds the commands that the documentation shows, and the commands in the source code of the end-to-end tests. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";
import { projectRoot } from "../../lambda/packaging";

/** One command on a page. */
export interface ShownCommand {
  /** Path relative to the project's root. */
  readonly page: string;
  readonly line: number;
  /** The text on the page, without a comment at the end. */
  readonly text: string;
  /** Whether the command is in a code block. A command in running text may be only a name, such as `npm run fleet -- guard`. */
  readonly isBlock: boolean;
  /** The words without quotes, variables and redirection. Placeholders are replaced by values. */
  readonly words: readonly string[];
  /** Variables before the command, such as `SELECT` in `SELECT=… npx cdktf …`. */
  readonly variables: Readonly<Record<string, string>>;
}

/** Placeholders on the pages, and the values that replace them in this test. */
const placeholders: Readonly<Record<string, string>> = {
  "<selection>": "env=prod",
  "<name>": "dev",
  "<instance>": "acme-support",
  "<number>": "+15555550101",
};

/** README.md and every page in docs/. */
export function pages(): readonly string[] {
  const docs = readdirSync(path.join(projectRoot(), "docs"), { recursive: true, encoding: "utf8" });
  return ["README.md", ...docs.filter((file) => file.endsWith(".md")).map((file) => path.join("docs", file))].sort();
}

/**
 * Every command of a page: each line of an `sh` block, and code in running text that begins with `npm`, `npx` or `…`. The `…` is short for
 * `npm run fleet --`.
 */
export function commandsOf(page: string, markdown: string): readonly ShownCommand[] {
  const found: Pick<ShownCommand, "line" | "text" | "isBlock">[] = [];
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
    .flatMap(({ text: given, ...place }) => commandsIn(given).map((part) => ({ ...place, part })))
    .map(({ part, ...place }) => ({ page, ...place, text: part, ...parseCommand(part) }))
    .sort((a, b) => a.line - b.line);
}

/** The commands of a line: `a` and `b` for `a && b # comment`. */
function commandsIn(line: string): readonly string[] {
  return line
    .replace(/(^|\s)#.*$/, "")
    .split(" && ")
    .map((part) => part.trim())
    .filter(Boolean);
}

function parseCommand(command: string): Pick<ShownCommand, "words" | "variables"> {
  const filled = command.replaceAll(/<\w+>/g, (word) => placeholders[word] ?? word);
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
export interface TestedCommand {
  /** Path of the test, relative to the project's root. */
  readonly test: string;
  readonly program: "fleet" | "cdktf";
  readonly command: string;
  /** Names of the options, including `--`. */
  readonly options: ReadonlySet<string>;
}

const programs: Readonly<Record<string, TestedCommand["program"]>> = {
  fleet: "fleet",
  startFleet: "fleet",
  fleetIn: "fleet",
  cdktf: "cdktf",
};

/**
 * The commands in the source code of a test: calls of `world.fleet` and the other functions in `programs`, with the arguments that are
 * string literals. Also calls of wrappers such as `const plan = (...more) => world.fleet("plan", ...more)`.
 */
export function commandsRunBy(test: string, source: string): readonly TestedCommand[] {
  const file = ts.createSourceFile(test, source, ts.ScriptTarget.ES2022, true);
  const wrappers = new Map<string, { readonly program: TestedCommand["program"]; readonly words: readonly string[] }>();
  const runs: TestedCommand[] = [];
  const directRun = (node: ts.CallExpression) => {
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
        const run = directRun(call);
        if (run !== undefined && call.arguments.some(ts.isSpreadElement)) wrappers.set(text, run);
      });
    }
    node.forEachChild(find);
  });
  visit(file, (call) => {
    const wrapper = ts.isIdentifier(call.expression) ? wrappers.get(call.expression.text) : undefined;
    const run =
      wrapper === undefined ? directRun(call) : { ...wrapper, words: [...wrapper.words, ...literals(call.arguments)] };
    const command = run?.words.find((word) => !word.startsWith("-"));
    if (run === undefined || command === undefined) return;
    runs.push({ test, program: run.program, command, options: optionsIn(run.words) });
  });
  return runs;
}

const literals = (given: ts.NodeArray<ts.Expression>): readonly string[] =>
  given.flatMap((argument) => (ts.isStringLiteralLike(argument) ? [argument.text] : []));

/** Names of the options among the words. */
export const optionsIn = (words: readonly string[]): ReadonlySet<string> =>
  new Set(words.filter((word) => word.startsWith("--") && word.length > 2).map((word) => word.replace(/=.*$/, "")));

/** The commands of all end-to-end tests. The walkthrough test runs the commands of the quick start page. */
export function endToEndRuns(): readonly TestedCommand[] {
  const directory = path.join(projectRoot(), "__tests__/e2e");
  const tests = readdirSync(directory).filter((name) => name.endsWith(".test.ts"));
  const written = tests.flatMap((name) => {
    const test = path.join("__tests__/e2e", name);
    return commandsRunBy(test, readFileSync(path.join(directory, name), "utf8"));
  });
  const test = "__tests__/e2e/walkthrough.test.ts";
  const page = "docs/quick-start.md";
  if (!readFileSync(path.join(projectRoot(), test), "utf8").includes(page)) return written;
  const walkthrough = commandsOf(page, readFileSync(path.join(projectRoot(), page), "utf8")).flatMap(
    ({ words }): TestedCommand[] => {
      const args = fleetArguments(words);
      return args === undefined ? [] : [{ test, program: "fleet", command: args[0] ?? "", options: optionsIn(args) }];
    },
  );
  return [...written, ...walkthrough];
}

/** The arguments of `npm run fleet -- …`; undefined for another command. */
export function fleetArguments(words: readonly string[]): readonly string[] | undefined {
  const rest = words.filter((word) => word !== "--silent");
  return rest.slice(0, 4).join(" ") === "npm run fleet --" || rest.join(" ") === "npm run fleet"
    ? rest.slice(4)
    : undefined;
}
