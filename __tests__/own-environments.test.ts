/**
 * The project works with the environment files of any team, and without files. CI repeats all unit tests with the files of another company
 * and without files (.github/workflows/test.yml). The tests in this file run in every `npm test`: the programs with both kinds of files,
 * every command without files, and a check that no test reads `environments/`.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { EnvironmentErrors } from "../config/problems";
import { parseArguments } from "../fleet/commands/command-line";
import { commandGroups } from "../fleet/commands/registry";
import { projectRoot } from "../lambda/packaging";

jest.setTimeout(300_000);

const scratch = mkdtempSync(path.join(tmpdir(), "call-blocking-own-environments-"));
const project = path.join(scratch, "project");
const environments = path.join(project, "environments");
const anotherCompany = path.join(projectRoot(), "__tests__/another-company");

beforeAll(() => {
  mkdirSync(environments, { recursive: true });
  const folders = ["config", "emulators", "examples", "fleet", "flows", "lambda", "sandbox", "scripts", "stacks"];
  for (const source of ["main.ts", "package.json", "tsconfig.json", ...folders])
    cpSync(path.join(projectRoot(), source), path.join(project, source), { recursive: true });
  symlinkSync(path.join(projectRoot(), "node_modules"), path.join(project, "node_modules"));
  expect(node("scripts/bundle.js")).toMatchObject({ status: 0, stderr: "" });
});

afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

/** Runs a program in the copy of the project, without `ENVIRONMENTS_DIR`. */
function node(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: project,
    env: {
      PATH: process.env["PATH"],
      HOME: scratch,
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
      END_OF_SUPPORT_WARNINGS: "off",
    },
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

/** The rows of the sandbox: title, blockedStatus, reason, and what the caller experiences. */
function rowsOf(output: string): readonly (readonly string[])[] {
  const rows = output.matchAll(/^ {2}(\S.*?) {2,}\S+ +(match|nomatch) +(\S+) +\S+ ms\n.*\n(?: {2}└ (The .*)\n)?/gm);
  return [...rows].map(([, ...columns]) => columns.filter(Boolean));
}

describe("with the files of another company", () => {
  beforeAll(() => {
    cpSync(anotherCompany, environments, { recursive: true });
  });
  afterAll(() => {
    rmSync(environments, { recursive: true });
    mkdirSync(environments);
  });

  test("list and the synth contain only the instances of the company", () => {
    const { status, stdout } = node("build/fleet/main.js", "list", "--json");
    expect(status).toBe(0);
    const stacks = (JSON.parse(stdout) as { stack: string; status: string }[]).sort((a, b) =>
      a.stack < b.stack ? -1 : 1,
    );
    expect(stacks.map(({ stack }) => stack)).toEqual([
      "china-initech-cn-cn-north-1",
      "china-initech-old-cn-north-1",
      "gov-initech-legacy-us-gov-west-1",
      "gov-initech-message-us-gov-west-1",
      "gov-initech-us-gov-west-1",
    ]);
    expect(node("build/main.js")).toMatchObject({ status: 0, stderr: "" });
    const active = stacks.filter((stack) => stack.status === "active").map(({ stack }) => stack);
    expect(readdirSync(path.join(project, "cdktf.out/stacks")).sort()).toEqual(active);
  });

  test("the sandbox plays every Disposition, exempt numbers, withheld callers and both ends of the flow", () => {
    const { status, stdout, stderr } = node("build/sandbox/main.js", "stack=gov-*");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const [queue, message, ...others] = stdout.split("  stack  ").slice(1).map(rowsOf);
    const normal = "The caller waits in the queue 30000000-aaaa-4918-8716-151413121110.";
    const blocked = "The caller waits in the queue 30000000-bbbb-4918-8716-151413121110.";
    expect(queue).toEqual([
      ["no contact has a blocked Disposition", "nomatch", "not_blocked", normal],
      ['1-step: an agent chose the Disposition "Spam:Robocall"', "match", "blocked", blocked],
      ['1-step: an agent chose the Disposition "Under review"', "match", "blocked", blocked],
      ['1-step: an agent chose the Disposition "\\"Quoted\\" ${not a template}"', "match", "blocked", blocked],
      ['2-step: an agent chose "Under review again"', "nomatch", "not_blocked", normal],
      ['2-step: a reviewer then chose "Spam:Robocall"', "match", "blocked", blocked],
      ["exempt by +1•••••••••*: never blocked", "nomatch", "exempt", normal],
      ["exempt by +4•••••••••99: never blocked", "nomatch", "exempt", normal],
      ["exempt by +49*: never blocked", "nomatch", "exempt", normal],
      ["withheld number: blocked by anonymousCallers", "match", "anonymous_blocked", blocked],
      ["table unreachable: the call goes through", "nomatch", "connection_failed", normal],
    ]);
    expect(message?.[1]?.at(-1)).toBe(
      'The caller hears: "<speak>Good<break time=\\"1s\\"/>bye.</speak>" The call ends.',
    );
    // The released instance is not played.
    expect(others).toEqual([]);
    expect(stdout).toContain("partition aws-us-gov");
    expect(stdout).toContain("of 4 entries in exemptNumbers, the first 3 are played");
    expect(stdout).not.toMatch(/\+\d{7,}/);
  });

  test("without a selection the sandbox plays the first instance, also if every number is exempt", () => {
    const { status, stdout, stderr } = node("build/sandbox/main.js");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain("china-initech-cn-cn-north-1, account 777788889999, partition aws-cn");
    expect(new Set(rowsOf(stdout).map(([, blockedStatus]) => blockedStatus))).toEqual(new Set(["nomatch"]));
    expect(stdout).toContain("another 2 active instances");
  });

  test.each([
    ["instance=nobody", 'no instance matches "nobody"'],
    ["instance=initech-legacy", "Every selected instance is suspended or released."],
    ["instance=initech-old", "matches only suspended instances"],
    ["--fast", '"--fast" is not an option.'],
  ])("the sandbox refuses %s with the reason", (selection, reason) => {
    const { status, stdout, stderr } = node("build/sandbox/main.js", selection);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toContain(reason);
    expect(stderr).not.toMatch(/^ {4}at /m);
  });
});

describe("without a file", () => {
  test("the sandbox uses the examples", () => {
    const { status, stdout, stderr } = node("build/sandbox/main.js");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain("dev-acme-dev-us-east-1");
  });

  test("the synth says how to begin and ends with 1", () => {
    const { status, stdout, stderr } = node("build/main.js");
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toContain("To begin, let fleet write an environment file");
  });

  /** Arguments that each command accepts. `discover` writes the first file, so it needs none. */
  const argumentsOf: Readonly<Record<string, readonly string[] | "needs no file">> = {
    discover: "needs no file",
    bootstrap: ["--env", "dev"],
    iam: [],
    preflight: [],
    "provider-lock": [],
    list: [],
    config: ["*"],
    flows: [],
    plan: [],
    deploy: [],
    index: ["*"],
    wire: ["Main inbound", "env=dev"],
    verify: [],
    status: [],
    coverage: [],
    blocked: ["*"],
    check: ["+15555550101"],
    drift: [],
    report: ["--html", "report.html"],
    recover: ["env=dev"],
    matrix: [],
    atlantis: [],
    guard: ["plan.json", "env=dev"],
  };
  const commands = commandGroups.flatMap(({ commands }) => commands);

  test("the table below has every command", () => {
    expect(Object.keys(argumentsOf).sort()).toEqual(commands.map(({ name }) => name).sort());
  });

  describe.each([
    ["an empty directory", () => environments],
    ["no directory", () => path.join(scratch, "missing")],
  ])("in %s", (_, directory) => {
    let before: string | undefined;
    beforeAll(() => {
      before = process.env["ENVIRONMENTS_DIR"];
      process.env["ENVIRONMENTS_DIR"] = directory();
    });
    afterAll(() => {
      if (before === undefined) delete process.env["ENVIRONMENTS_DIR"];
      else process.env["ENVIRONMENTS_DIR"] = before;
    });

    // fleet/main.ts prints this error and exits with 1, as the next test shows.
    test.each(commands.filter(({ name }) => argumentsOf[name] !== "needs no file"))(
      "$name says how to begin and prints nothing else",
      async (command) => {
        const printed: unknown[] = [];
        const run = async () =>
          command.run(parseArguments(command, argumentsOf[command.name] as readonly string[]), (text) =>
            printed.push(text),
          );
        const error: unknown = await run().catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(EnvironmentErrors);
        expect((error as Error).message).toMatch(/fleet -- discover --region .*cp examples\/dev\.yaml/);
        expect(printed).toEqual([]);
      },
    );
  });

  test("the command line ends with 1", () => {
    const { status, stdout, stderr } = node("build/fleet/main.js", "plan");
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toContain("To begin, let fleet write an environment file");
  });
});

test("no test reads environments/ of the project, except its schema and the files that git lists", () => {
  /** The files that name a path in `environments/` of the project, and the reason why each may do so. */
  const allowed: Readonly<Record<string, string>> = {
    "config/environment-files.ts": "writes environments/ in a temporary directory",
    "config/one-file.test.ts": "expects messages about files in a temporary directory",
    "docs/shown-commands.test.ts":
      "compares environments/schema.json, which is generated; the copy has the examples as environments/",
    "docs/upgrading.test.ts": "copies the files in git except environments/*.yaml",
    "e2e/changed-since.test.ts": "edits environments/ in a copy of the project",
    "e2e/emulators.test.ts": "edits the environment file of the emulated account in a temporary directory",
    "e2e/world.ts": "writes environments/ in a temporary directory and in copies of the project",
    "fleet/plans/base-ref.test.ts": "writes environments/ in a temporary repository",
    "fleet/run-fleet.ts": "writes environments/ in a temporary directory",
    "main.test.ts": "copies the examples to environments/ of a copy",
    "own-environments.test.ts": "this test",
    "scripts/environment-schema.test.ts": "reads environments/schema.json, which is generated",
  };
  const directory = path.join(projectRoot(), "__tests__");
  const sources = readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((file) => /\.[jt]s$/.test(file));
  // A path that is joined to another one. The text of a message, such as "environments/dev.yaml:8:1  …", is not a path.
  const joined =
    /(?:\b(?:join|resolve|cpSync|readFileSync|readdirSync)\([^;]*?["'`]|\$\{[^}]*\}\/|\.\.\/)environments\b/;
  const reading = sources.filter((file) => joined.test(readFileSync(path.join(directory, file), "utf8")));
  expect(reading.sort()).toEqual(Object.keys(allowed).sort());
});
