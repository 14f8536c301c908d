/** No page shows a command that is not run: each is taken by the program that it calls, and run here or by a test that is named. */
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
import { runFleet } from "../fleet/run-fleet";
import { commandsOf, endToEndRuns, fleetArguments, optionsIn, pages, runsIn } from "./shown-commands";
import type { Shown } from "./shown-commands";

jest.setTimeout(240_000);

const root = projectRoot();
const { scripts } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as {
  scripts: Readonly<Record<string, string>>;
};
const read = (file: string): string => readFileSync(path.join(root, file), "utf8");
const fleet = loadEnvironments(path.join(root, "examples"));
const shown = pages().flatMap((page) => commandsOf(page, read(page)));
const placeOf = ({ page, line, text }: Shown): string => `${page}:${line}  ${text}`;

/** Commands of ours that ask nothing of AWS or Terraform: they are run below. */
const offline: ReadonlySet<string> = new Set(["list", "config", "flows", "iam", "guard", "matrix", "atlantis"]);
/** Scripts that are run below, in a copy of the project. */
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

/** What is run neither here nor end to end: the file that runs it or that it runs, and what it says there. */
const elsewhere: Readonly<Record<string, readonly [file: string, text: string]>> = {
  "npm ci": [".ci/run", "npm ci "],
  "npm test": [".ci/run", "npm test\n"],
  "npm --prefix bench/cdktn ci": [".ci/run", "npm --prefix bench/cdktn ci "],
  "npm run rehearse:cdktn": [".ci/run", "npm run rehearse:cdktn\n"],
  // It asks the provider's registry; the files that it wrote are held there.
  "npm run fleet -- provider-lock": ["__tests__/fleet/terraform/provider-lock.test.ts", "readLock(readFileSync("],
  // A part of npm test.
  "npm run lint": ["package.json", "npm run --silent lint && "],
  "npm run e2e": ["package.json", "node __tests__/e2e/run.js --required"],
  // Measurements take minutes and packages of their own; each writes its own command beside its figures.
  "npm run bench:lambda": ["bench/lambda/main.ts", "npm run bench:lambda -- "],
  "npm run bench:synth": ["bench/synth/main.ts", "npm run bench:synth -- "],
  "npm run bench:fleet": ["bench/fleet/main.ts", "npm run bench:fleet -- "],
  "npm --prefix bench/lambda ci": ["bench/lambda/main.ts", "npm --prefix bench/lambda ci "],
  "npm --prefix bench/synth ci": ["bench/synth/main.ts", "npm --prefix bench/synth ci "],
  // Of AWS's own command line, which is no part of the project.
  "aws sns subscribe": ["scripts/runbook-page.ts", "aws sns subscribe --topic-arn"],
};

/** Why the program would not take a command; undefined where it would. */
function refusal({ words, variables, page, isBlock }: Shown): string | undefined {
  const args = fleetArguments(words);
  try {
    if (variables["SELECT"] !== undefined) parseSelection(variables["SELECT"]);
    if (args !== undefined) {
      const [name = "", ...rest] = args;
      if (name === "--help") return undefined;
      const command = findCommand(commandGroups, name);
      if (rest.includes("--help") || (!isBlock && rest.length === 0)) return undefined;
      const { selection } = parseArguments(command, rest);
      // The quick start makes a file of its own.
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
  if (program === "npm") return ["test", "ci"].includes(words.at(-1) ?? "") ? undefined : "npm has no such command.";
  if (program === "npx") {
    if (!existsSync(path.join(root, "node_modules/.bin", first))) return `There is no program ${first}.`;
    const pattern = words[words.indexOf("--testPathPatterns") + 1] ?? "";
    const tests = readdirSync(path.join(root, "__tests__"), { recursive: true, encoding: "utf8" });
    const isMatched = tests.some((file) => file.endsWith(".test.ts") && file.includes(pattern));
    return first === "jest" && !isMatched ? `No test is of ${pattern}.` : undefined;
  }
  return elsewhereOf(words) === undefined ? "It is no command of this project." : undefined;
}

function elsewhereOf(words: readonly string[]): string | undefined {
  const text = words.join(" ");
  return Object.entries(elsewhere).find(([command]) => text === command || text.startsWith(`${command} `))?.[1][0];
}

const runs = endToEndRuns();

/** What runs a command: a test, or `here`; undefined where nothing does. */
function runBy({ words }: Shown): string | undefined {
  const args = fleetArguments(words);
  const [program, first = "", second = ""] = words;
  if (args !== undefined) {
    const [name = ""] = args;
    if (args.includes("--help") || offline.has(name)) return "here";
    return endToEnd("fleet", name, optionsIn(args)) ?? elsewhereOf(words);
  }
  if (program === "npx" && first === "cdktf") {
    return second === "…" ? "here" : endToEnd("cdktf", second, optionsIn(words));
  }
  // The tests themselves, and what a copy is run with below.
  if (program === "npx" && ["jest", "prettier"].includes(first)) return "here";
  if (program === "npm" && first === "run" && offlineScripts.has(second)) return "here";
  return elsewhereOf(words);
}

function endToEnd(program: string, command: string, options: ReadonlySet<string>): string | undefined {
  return runs.find(
    (run) =>
      run.program === program && run.command === command && [...options].every((option) => run.options.has(option)),
  )?.test;
}

test("the pages show commands, and all of them are seen", () => {
  expect(shown.length).toBeGreaterThan(60);
  expect(new Set(shown.map(({ page }) => page)).size).toBeGreaterThan(8);
});

test("every command is one that its program takes, options and selection included", () => {
  const refused = shown.flatMap((one) => {
    const why = refusal(one);
    return why === undefined ? [] : [`${placeOf(one)}\n  ${why}`];
  });
  expect(refused).toEqual([]);
});

test("every command is run: here, or by a test or script that is named", () => {
  const fix = "No test runs it with these options: add a step to a test in __tests__/e2e, or take it off the page.";
  expect(shown.filter((one) => runBy(one) === undefined).map((one) => `${placeOf(one)}\n  ${fix}`)).toEqual([]);
  for (const [file, text] of Object.values(elsewhere)) expect(read(file)).toContain(text);
});

test("what is said to be run elsewhere is shown on a page", () => {
  const said = Object.keys(elsewhere).filter(
    (command) => !shown.some(({ words }) => `${words.join(" ")} `.startsWith(`${command} `)),
  );
  expect(said).toEqual([]);
});

test("the figures' commands are those that the measurements themselves write", () => {
  const measured = shown.filter(({ page, words }) => page === "docs/performance.md" && words[2]?.startsWith("bench:"));
  expect(measured.length).toBeGreaterThan(2);
  for (const { words, text } of measured) {
    const template = read(elsewhereOf(words) ?? "").replaceAll("\\`", "`");
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
const here = shown.filter((one) => runBy(one) === "here");
const byText = (all: readonly Shown[]) => [...new Map(all.map((one) => [one.words.join(" "), one])).values()];

test("what asks nothing of AWS runs on the example environments", async () => {
  const ours = byText(here).filter(({ words }) => fleetArguments(words) !== undefined);
  expect(ours.length).toBeGreaterThan(4);
  for (const one of ours) {
    const args = fleetArguments(one.words) ?? [];
    const isGuard = args.join() === "guard";
    const { exitCode, stdout, stderr } = isGuard ? await guardARecordedPlan() : await runFleet(args, files);
    expect([placeOf(one), exitCode, stderr]).toEqual([placeOf(one), isGuard ? 2 : 0, ""]);
    expect(stdout).not.toBe("");
  }
});

/** It judges a file, which no page names. */
async function guardARecordedPlan() {
  const directory = mkdtempSync(path.join(tmpdir(), "call-blocking-docs-"));
  try {
    const file = path.join(directory, "plan.json");
    writeFileSync(file, recordedJson("adoption"));
    return await runFleet(["guard", file, "dev-recorded-us-east-1"], { "dev.yaml": recordedYaml() });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe("in a copy of the project", () => {
  const scratch = mkdtempSync(path.join(tmpdir(), "call-blocking-docs-"));
  afterAll(() => {
    rmSync(scratch, { recursive: true, force: true });
  });
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

  const scriptsShown = byText(here).filter(
    ({ words: [program, , script = ""] }) => program !== "npx" && offlineScripts.has(script),
  );
  const formatted = byText(here).filter(({ words: [program, first] }) => program === "npx" && first === "prettier");

  test.each([...scriptsShown, ...formatted].map((one) => [one.text, one] as const))("%s ends well", (_, one) => {
    const [program = "", ...args] = one.words;
    const { status, stdout, stderr } = spawnSync(program, args, {
      cwd: copy,
      env: { PATH: process.env["PATH"] ?? "", HOME: scratch, CI: "true", CHECKPOINT_DISABLE: "1" },
      encoding: "utf8",
    });
    expect([placeOf(one), status, status === 0 ? "" : stdout + stderr]).toEqual([placeOf(one), 0, ""]);
  });

  test("what they write is what is committed", () => {
    const written = [...pages().filter((page) => page.startsWith("docs")), "environments/schema.json"];
    for (const file of written) expect([file, readFileSync(path.join(copy, file), "utf8")]).toEqual([file, read(file)]);
  });
});

describe("what is seen of a page", () => {
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

  test("commands of blocks and of the text, with their lines", () => {
    expect(commandsOf("a.md", page.join("\n")).map(({ line, words }) => [line, words.join(" ")])).toEqual([
      [1, "npm run fleet -- list"],
      [1, "npm run fleet -- verify"],
      [4, "npx jest x"],
      [4, "npm test"],
    ]);
  });

  test("a command that is wrong, or that no test runs, is not let through", () => {
    const [wrong, option, unrun, whole] = commandsOf(
      "a.md",
      "`npm run fleet -- vreify` `npm run fleet -- verify --fast` `npm run fleet -- discover --region x --account 1 --json` `npm run nothing`",
    );
    if (wrong === undefined || option === undefined || unrun === undefined || whole === undefined)
      throw new Error("not seen");
    expect(refusal(wrong)).toContain('Did you mean "verify"?');
    expect(refusal(option)).toContain("--fast is not an option of verify.");
    expect(runBy(unrun)).toBeUndefined();
    expect(refusal(whole)).toContain('no script "nothing"');
  });
});

test("what a test runs is read from its source, through functions that hand their arguments on", () => {
  const source = `
    const plan = (...more: string[]) => world.fleet("plan", ...more, "--plans", plans);
    test("x", async () => { await plan("env=prod", "--read-only"); await world.cdktf("diff", stack, "--skip-provider-lock"); });`;
  const seen = runsIn("a.test.ts", source).map(({ program, command, options }) => [program, command, ...options]);
  expect(seen).toContainEqual(["fleet", "plan", "--plans", "--read-only"]);
  expect(seen).toContainEqual(["cdktf", "diff", "--skip-provider-lock"]);
});
