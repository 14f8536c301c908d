/** Every command in the documentation is valid, and is run by this test, an end-to-end test or a script. */
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { loadEnvironments } from "../../config/load";
import { selectFrom } from "../../config/project";
import { parseSelection } from "../../config/selection";
import { findCommand, parseArguments } from "../../fleet/commands/command-line";
import { commandGroups } from "../../fleet/commands/registry";
import { projectRoot } from "../../lambda/packaging";
import { recordedJson, recordedYaml } from "../fleet/guard/recorded-plan";
import { environmentOf } from "../fleet/run-fleet";
import { runHere } from "../fleet/run-here";
import { commandsOf, endToEndRuns, fleetArguments, optionsIn, pages, commandsRunBy } from "./shown-commands";
import type { ShownCommand } from "./shown-commands";

jest.setTimeout(600_000);

const root = projectRoot();
const scratch = mkdtempSync(path.join(tmpdir(), "call-blocking-docs-"));
afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});
const { scripts } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as {
  scripts: Readonly<Record<string, string>>;
};
const read = (file: string): string => readFileSync(path.join(root, file), "utf8");
const fleet = loadEnvironments(path.join(root, "examples"));
const shown = pages().flatMap((page) => commandsOf(page, read(page)));
const placeOf = ({ page, line, text }: ShownCommand): string => `${page}:${line}  ${text}`;

/** Commands without AWS and Terraform. They are run below. */
const offline: ReadonlySet<string> = new Set(["list", "config", "flows", "iam", "guard", "matrix", "atlantis"]);
/** Scripts that are run below in a copy of the project. */
const offlineScripts: ReadonlySet<string> = new Set([
  "compile",
  "schema",
  "reference",
  "runbook",
  "flows",
  "iam-examples",
  "sandbox",
  "synth",
]);

/** Whether the command is a script that ends by itself. The page of the sandbox runs until Ctrl-C. */
const isOffline = ([program, first, script = "", ...others]: readonly string[]): boolean =>
  program === "npm" && first === "run" && offlineScripts.has(script) && !others.includes("--web");

/** Commands that neither this test nor an end-to-end test runs: a file that runs the command or is run by it, and a text in that file. */
const runElsewhere: Readonly<Record<string, readonly [file: string, text: string]>> = {
  "npm ci": [".ci/run", "npm ci "],
  "npx fleet": ["__tests__/scripts/fleet.test.ts", "npx fleet runs the command line"],
  "npm test": [".ci/run", "npm test\n"],
  "npm --prefix bench/cdktn ci": [".ci/run", "npm --prefix bench/cdktn ci "],
  "npm run rehearse:cdktn": [".ci/run", "npm run rehearse:cdktn\n"],
  // The rehearsal checks the files that the script writes.
  "npm run provider-6": ["bench/cdktn/main.ts", "npm run provider-6\\n"],
  // The test runs the commands of the page. Instead of an installation, it links the packages that bench/cdktn installs for the same names.
  ...Object.fromEntries(
    ["npm pkg set", "npm install", "npx cdktn"].map((command) => [
      command,
      ["__tests__/e2e/cdk-terrain.test.ts", '"docs/moving-to-cdk-terrain.md"'] as const,
    ]),
  ),
  // This command needs the provider's registry. The named test checks the files that the command wrote.
  "npm run fleet -- provider-lock": ["__tests__/fleet/terraform/provider-lock.test.ts", "readLock(readFileSync("],
  // The test runs the command with its options on a Connect emulator.
  "npm run fleet -- coverage": ["__tests__/fleet/commands/coverage.test.ts", '["coverage", ...args]'],
  "npm run fleet -- blocked": ["__tests__/fleet/commands/blocked.test.ts", 'runFleet(["blocked", ...args]'],
  // The test runs the command with its options on an emulated account.
  "npm run fleet -- status": ["__tests__/e2e/status.test.ts", 'fleet("status", "--json"'],
  "npm run --silent fleet -- status": ["__tests__/e2e/status.test.ts", 'fleet("status", "--json"'],
  "npm run fleet -- wire": ["__tests__/fleet/commands/wire.test.ts", 'runFleet(["wire", ...args]'],
  // npm test includes this script.
  "npm run lint": ["scripts/test.js", 'script("lint")'],
  "npm run sandbox -- --web": ["__tests__/e2e/phone.test.ts", '"--web", "--port"'],
  "npm run e2e": ["package.json", "node __tests__/e2e/run.js --required"],
  // Benchmarks take minutes and need additional packages. Each benchmark prints its command with its figures.
  "npm run bench:lambda": ["bench/lambda/main.ts", "npm run bench:lambda -- "],
  "npm run bench:synth": ["bench/synth/main.ts", "npm run bench:synth -- "],
  "npm run bench:start": ["bench/start/main.ts", "npm run bench:start -- "],
  "npm run bench:fleet": ["bench/fleet/main.ts", "npm run bench:fleet -- "],
  "npm --prefix bench/lambda ci": ["bench/lambda/main.ts", "npm --prefix bench/lambda ci "],
  "npm --prefix bench/synth ci": ["bench/synth/main.ts", "npm --prefix bench/synth ci "],
  // The test runs the commands of docs/emulators.md.
  ...Object.fromEntries(
    ["npm run emulators", "npm run call", ". build/emulators/env.sh"].map((command) => [
      command,
      ["__tests__/e2e/emulators.test.ts", '"docs/emulators.md"'] as const,
    ]),
  ),
  // The test runs the commands of the page.
  git: ["__tests__/docs/upgrading.test.ts", 'commandsAfter("git merge")'],
  // Terraform moves the state of a renamed stack.
  ...Object.fromEntries(
    (
      [
        ["production", "init", 'terraform(before, "init"'],
        ["production", "state pull", 'terraform(before, "state", "pull")'],
        ["prod", "init", 'terraform(after, "init"'],
        ["prod", "state push", 'terraform(after, "state", "push", "../../../moved.tfstate")'],
      ] as const
    ).map(([environment, command, text]) => [
      `terraform -chdir=cdktf.out/stacks/${environment}-acme-support-us-east-1 ${command}`,
      ["__tests__/e2e/state-accidents.test.ts", text] as const,
    ]),
  ),
  // Commands of the AWS CLI, which does not belong to the project.
  "aws lambda list-versions-by-function": ["scripts/runbook-page.ts", "aws lambda list-versions-by-function --region"],
  "aws lambda update-alias": ["scripts/runbook-page.ts", "aws lambda update-alias --region"],
  "aws sns subscribe": ["scripts/runbook-page.ts", "aws sns subscribe --topic-arn"],
};

/** Why the program refuses the command; undefined if the command is valid. */
function refusal({ words, variables, page, isBlock }: ShownCommand): string | undefined {
  const args = fleetArguments(words);
  try {
    if (variables["SELECT"] !== undefined) parseSelection(variables["SELECT"]);
    if (args !== undefined) {
      const [name = "", ...rest] = args;
      if (name === "--help") return undefined;
      const command = findCommand(commandGroups, name);
      if (rest.includes("--help") || (!isBlock && rest.length === 0)) return undefined;
      const { selection } = parseArguments(command, rest);
      // The quick start creates its own environment file.
      if (selection !== undefined && page !== "docs/quick-start.md") selectFrom(fleet, selection);
      return undefined;
    }
  } catch (error) {
    return (error as Error).message.split("\n")[0];
  }
  const [program, first = "", second = ""] = words;
  if (program === "npm" && first === "run") {
    const script = second === "--silent" ? (words[3] ?? "") : second;
    return script in scripts ? undefined : `package.json has no script ${JSON.stringify(script)}.`;
  }
  if (program === "npm" && words.join(" ").startsWith("npm pkg set ")) return undefined;
  if (program === "npm")
    return ["test", "ci", "install"].includes(words.at(-1) ?? "") ? undefined : "npm has no such command.";
  if (program === "npx" && first === "fleet") return undefined;
  if (program === "npx" && first === "cdktn") return undefined;
  if (program === "npx") {
    if (!existsSync(path.join(root, "node_modules/.bin", first))) return `There is no program ${first}.`;
    const at = words.indexOf("--testPathPatterns");
    const pattern = at < 0 ? "" : (words[at + 1] ?? "");
    const tests = readdirSync(path.join(root, "__tests__"), { recursive: true, encoding: "utf8" });
    const isMatched = tests.some((file) => file.endsWith(".test.ts") && file.includes(pattern));
    return first === "jest" && !isMatched ? `No test file matches ${pattern}.` : undefined;
  }
  return fileThatRuns(words) === undefined ? "The command does not belong to this project." : undefined;
}

function fileThatRuns(words: readonly string[]): string | undefined {
  const text = words.join(" ");
  return Object.entries(runElsewhere).find(([command]) => text === command || text.startsWith(`${command} `))?.[1][0];
}

const runs = endToEndRuns();

/** The file that runs the command, or `here` for this test; undefined if no file runs it. */
function runBy({ words }: ShownCommand): string | undefined {
  const args = fleetArguments(words);
  const [program, first = "", second = ""] = words;
  if (args !== undefined) {
    const [name = ""] = args;
    if (args.includes("--help") || offline.has(name)) return "here";
    return endToEnd("fleet", name, optionsIn(args)) ?? fileThatRuns(words);
  }
  if (program === "npx" && first === "cdktf") {
    return second === "…" ? "here" : endToEnd("cdktf", second, optionsIn(words));
  }
  // CI runs the tests; prettier runs below in a copy of the project.
  if (program === "npx" && ["jest", "prettier"].includes(first)) return "here";
  if (isOffline(words)) return "here";
  return fileThatRuns(words);
}

function endToEnd(program: string, command: string, options: ReadonlySet<string>): string | undefined {
  return runs.find(
    (run) =>
      run.program === program && run.command === command && [...options].every((option) => run.options.has(option)),
  )?.test;
}

test("the commands of the pages are found", () => {
  expect(shown.length).toBeGreaterThan(60);
  expect(new Set(shown.map(({ page }) => page)).size).toBeGreaterThan(8);
});

test("every command is valid, including its options and its selection", () => {
  const refused = shown.flatMap((command) => {
    const reason = refusal(command);
    return reason === undefined ? [] : [`${placeOf(command)}\n  ${reason}`];
  });
  expect(refused).toEqual([]);
});

test("every command is run by this test, another test or a script", () => {
  const fix =
    "No test runs the command with these options. Add a step to a test in __tests__/e2e, or remove the command from the page.";
  expect(
    shown.filter((command) => runBy(command) === undefined).map((command) => `${placeOf(command)}\n  ${fix}`),
  ).toEqual([]);
  for (const [file, text] of Object.values(runElsewhere)) expect(read(file)).toContain(text);
});

test("every command in the list `runElsewhere` is shown on a page", () => {
  const notShown = Object.keys(runElsewhere).filter(
    (command) => !shown.some(({ words }) => `${words.join(" ")} `.startsWith(`${command} `)),
  );
  expect(notShown).toEqual([]);
});

test("the commands on the performance page are the commands that the benchmarks print", () => {
  const measured = shown.filter(({ page, words }) => page === "docs/performance.md" && words[2]?.startsWith("bench:"));
  expect(measured.length).toBeGreaterThan(2);
  for (const { words, text } of measured) {
    const template = read(fileThatRuns(words) ?? "").replaceAll("\\`", "`");
    const [written = ""] = /npm run bench:\w+ -- [^`[]*--write/.exec(template.slice(template.indexOf("`npm"))) ?? [];
    const pattern = written.replaceAll(/[.*+?^()[\]\\|]/g, "\\$&").replaceAll(/\$\{\w+\}/g, "\\d+");
    expect([text, new RegExp(`^${pattern}$`).test(text)]).toEqual([text, true]);
  }
});

const files = Object.fromEntries(
  readdirSync(path.join(root, "examples"))
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => [name, read(path.join("examples", name))]),
);
const runByThisTest = shown.filter((command) => runBy(command) === "here");
/** The commands without duplicates. */
const unique = (commands: readonly ShownCommand[]) => [
  ...new Map(commands.map((command) => [command.words.join(" "), command])).values(),
];

test("every command without AWS runs on the example environments", async () => {
  const fleetCommands = unique(runByThisTest).filter(({ words }) => fleetArguments(words) !== undefined);
  expect(fleetCommands.length).toBeGreaterThan(4);
  for (const command of fleetCommands) {
    const args = fleetArguments(command.words) ?? [];
    const isGuard = args.join() === "guard";
    const { exitCode, stdout, stderr } = isGuard ? await guardARecordedPlan() : await runWith(files, ...args);
    expect([placeOf(command), exitCode, stderr]).toEqual([placeOf(command), isGuard ? 2 : 0, ""]);
    expect(stdout).not.toBe("");
  }
});

/** Runs the command line with environment files. */
const runWith = (environmentFiles: Readonly<Record<string, string>>, ...args: readonly string[]) =>
  runHere(args, environmentOf(environmentFiles), scratch);

/** Runs `guard` on a recorded plan, because the pages show `guard` without a file. */
function guardARecordedPlan() {
  const file = path.join(scratch, "plan.json");
  writeFileSync(file, recordedJson("adoption"));
  return runWith({ "dev.yaml": recordedYaml() }, "guard", file, "dev-recorded-us-east-1");
}

describe("in a copy of the project", () => {
  const sources = ["main.ts", "package.json", "package-lock.json", "tsconfig.json", "tsconfig.app.json"];
  const settings = [".prettierrc.json", ".prettierignore", "cdktf.json", "README.md"];
  const folders = [
    "config",
    "docs",
    "emulators",
    "examples",
    "fleet",
    "flows",
    "lambda",
    "sandbox",
    "scripts",
    "stacks",
  ];
  const copy = path.join(scratch, "project");
  mkdirSync(copy);
  for (const name of [...sources, ...settings, ...folders])
    cpSync(path.join(root, name), path.join(copy, name), { recursive: true });
  cpSync(path.join(copy, "examples"), path.join(copy, "environments"), { recursive: true });
  symlinkSync(path.join(root, "node_modules"), path.join(copy, "node_modules"));

  const scriptsShown = unique(runByThisTest).filter(({ words }) => isOffline(words));
  const formatted = unique(runByThisTest).filter(
    ({ words: [program, first] }) => program === "npx" && first === "prettier",
  );

  test.each([...scriptsShown, ...formatted].map((command) => [command.text, command] as const))(
    "%s succeeds",
    (_, shownCommand) => {
      const [program = "", ...args] = shownCommand.words;
      const { status, stdout, stderr } = spawnSync(program, args, {
        cwd: copy,
        env: { PATH: process.env["PATH"] ?? "", HOME: scratch, CI: "true", CHECKPOINT_DISABLE: "1" },
        encoding: "utf8",
      });
      expect([placeOf(shownCommand), status, status === 0 ? "" : stdout + stderr]).toEqual([
        placeOf(shownCommand),
        0,
        "",
      ]);
    },
  );

  test("the files that the scripts write equal the committed files", () => {
    const written = [...pages().filter((page) => page.startsWith("docs")), "environments/schema.json"];
    for (const file of written) expect([file, readFileSync(path.join(copy, file), "utf8")]).toEqual([file, read(file)]);
  });
});

describe("finding the commands of a page", () => {
  const page = [
    "Text `npm run fleet -- list` and `… verify`.",
    "",
    "```sh",
    "A=1 npx jest x && npm test # why",
    "```",
    "",
    "```",
    "npm none",
    "```",
  ];

  test("commands in code blocks and in running text are found, with their lines", () => {
    expect(commandsOf("a.md", page.join("\n")).map(({ line, words }) => [line, words.join(" ")])).toEqual([
      [1, "npm run fleet -- list"],
      [1, "npm run fleet -- verify"],
      [4, "npx jest x"],
      [4, "npm test"],
    ]);
  });

  test("an invalid command and a command without a test are reported", () => {
    const [wrong, option, unrun, whole] = commandsOf(
      "a.md",
      "`npm run fleet -- vreify` `npm run fleet -- verify --fast` `npm run fleet -- discover --region x --account 1 --json` `npm run nothing`",
    );
    if (wrong === undefined || option === undefined || unrun === undefined || whole === undefined)
      throw new Error("a command was not found");
    expect(refusal(wrong)).toContain('Did you mean "verify"?');
    expect(refusal(option)).toContain("--fast is not an option of verify.");
    expect(runBy(unrun)).toBeUndefined();
    expect(refusal(whole)).toContain('no script "nothing"');
  });
});

test("the commands of a test are found in its source code, also behind wrapper functions", () => {
  const source = `
    const plan = (...more: string[]) => world.fleet("plan", ...more, "--plans", plans);
    test("x", async () => { await plan("env=prod", "--read-only"); await world.cdktf("diff", stack, "--skip-provider-lock"); });`;
  const seen = commandsRunBy("a.test.ts", source).map(({ program, command, options }) => [
    program,
    command,
    ...options,
  ]);
  expect(seen).toContainEqual(["fleet", "plan", "--plans", "--read-only"]);
  expect(seen).toContainEqual(["cdktf", "diff", "--skip-provider-lock"]);
});
