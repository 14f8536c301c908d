/** The command line: output, exit codes, help and messages about mistakes. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { findCommand, parseArguments } from "../../fleet/commands/command-line";
import { CommandError } from "../../fleet/output/command-error";
import type { Command } from "../../fleet/commands/command-line";
import { commandGroups } from "../../fleet/commands/registry";
import { projectRoot } from "../../lambda/packaging";
import { validYaml } from "../config/environment-files";
import { environmentOf, runFleet, scratch, startFleet } from "./run-fleet";
import type { Finished } from "./run-fleet";
import { runHere } from "./run-here";

jest.setTimeout(600_000);

const files = {
  "dev.yaml": validYaml,
  "prod.yaml": `account: "444455556666"
region: eu-west-1
state: { bucket: acme-prod-state, region: eu-west-1 }
blockedDispositions: [Blocked, "Nuisance:Confirmed"]
exemptNumbers: ["+15555550123"]
instances:
  - { name: one, id: 1f0e0d0c-1b1a-4918-8716-151413121110 }
  - { name: two, id: 2f0e0d0c-1b1a-4918-8716-151413121110, function: { memoryMb: 1024 } }
`,
};
const fleet = (...args: string[]) => runFleet(args, files);

/** Like {@link fleet}, in this process. */
const fleetHere = (...args: readonly string[]): Promise<Finished> => runHere(args, environmentOf(files), scratch);
const names = commandGroups.flatMap(({ commands }) => commands.map(({ name }) => name));

test("the README names every command", () => {
  const readme = readFileSync(path.join(projectRoot(), "README.md"), "utf8");
  const named = new Set([...readme.matchAll(/`(?:npm run fleet --|…) ([a-z-]+)/g)].map(([, name]) => name));
  // The command `flows` has its own script.
  if (readme.includes("`npm run flows`")) named.add("flows");
  expect(names.filter((name) => !named.has(name))).toEqual([]);
});

describe("list", () => {
  test("shows one row per stack, or per selected stack", async () => {
    expect(await fleet("list")).toEqual({
      exitCode: 0,
      stdout: [
        "stack               environment  instance  region     account       table       wave  status  release",
        "------------------  -----------  --------  ---------  ------------  ----------  ----  ------  -------",
        "dev-acme-us-east-1  dev          acme      us-east-1  111122223333  dextr-acme  all   active  -",
        "prod-one-eu-west-1  prod         one       eu-west-1  444455556666  dextr-one   all   active  -",
        "prod-two-eu-west-1  prod         two       eu-west-1  444455556666  dextr-two   all   active  -",
        "",
      ].join("\n"),
      stderr: "",
    });
    const selected = await fleet("list", "env=prod", "instance!=one", "--json");
    expect(JSON.parse(selected.stdout)).toEqual([
      {
        stack: "prod-two-eu-west-1",
        environment: "prod",
        instance: "two",
        region: "eu-west-1",
        account: "444455556666",
        table: "dextr-two",
        wave: "all",
        status: "active",
        release: null,
      },
    ]);
  });

  test.each([
    ["release: remove-index", "remove-index"],
    ["release: forget", "forget"],
    ["release: keep-index", "keep-index"],
  ])("shows an instance with %s", async (line, shown) => {
    const { stdout } = await runFleet(["list"], { "dev.yaml": `${validYaml}    ${line}\n` });
    expect(stdout).toMatch(new RegExp(`^dev-acme-us-east-1 .* active +${shown}$`, "m"));
  });

  test("shows a suspended instance, which other commands skip unless it is selected by status", async () => {
    const suspended = { "dev.yaml": `${validYaml}    wave: canary\n    suspended: true\nwaves: [canary]\n` };
    const { stdout } = await runFleet(["list"], suspended);
    expect(stdout).toMatch(/^dev-acme-us-east-1 .* canary +suspended +-$/m);
    const config = await runFleet(["config", "dev-*"], suspended);
    expect(config).toMatchObject({ exitCode: 1, stdout: "" });
    expect(config.stderr).toMatch(/^The selection "dev-\*" matches only suspended instances: dev-acme-us-east-1\.\n/);
    expect((await runFleet(["config", "dev-* status=suspended"], suspended)).exitCode).toBe(0);
  });
});

describe("config", () => {
  test("shows every value with its source, and no phone number", async () => {
    const { exitCode, stdout } = await fleet("config", "instance=two");
    expect(exitCode).toBe(0);
    const lines = stdout.replaceAll(/ {2,}/g, "  ").split("\n");
    expect(lines.slice(0, 3)).toEqual(["prod-two-eu-west-1", "", "key  value  source"]);
    expect(lines).toContain('blockedDispositions  ["Blocked","Nuisance:Confirmed"]  environments/prod.yaml:4:1');
    expect(lines).toContain("function.memoryMb  1024  environments/prod.yaml:8:72");
    expect(lines).toContain("function.runtime  nodejs22.x  default");
    expect(lines).toContain("table.name  dextr-two  derived from name");
    expect(lines).toContain('exemptNumbers  ["+1••••••••23"]  environments/prod.yaml:5:1');
    expect(stdout).not.toContain("prod-one");
  });

  test("prints the same as JSON", async () => {
    const { stdout } = await fleet("config", "env=prod", "--json");
    const [one, two] = JSON.parse(stdout) as { stack: string; settings: { key: string }[] }[];
    expect([one?.stack, two?.stack]).toEqual(["prod-one-eu-west-1", "prod-two-eu-west-1"]);
    expect(one?.settings.find(({ key }) => key === "exemptNumbers")).toEqual({
      key: "exemptNumbers",
      value: ["+1••••••••23"],
      origin: { kind: "file", file: "environments/prod.yaml", line: 5, column: 1 },
    });
  });
});

test("iam prints the policies, or writes them to a directory", async () => {
  const { stdout } = await fleet("iam", "env=prod");
  const policies = [
    "deploy",
    "deploy-watch",
    "plan",
    "preflight",
    "contact-attributes",
    "read-and-invoke",
    "index",
    "wire",
    "discover",
    "state",
    "state-read",
  ].map((name) => `${name}-444455556666`);
  expect(Object.keys(JSON.parse(stdout) as object)).toEqual(policies);
  const directory = mkdtempSync(path.join(tmpdir(), "call-blocking-iam-"));
  try {
    const written = await fleet("iam", "env=prod", "--out", path.join(directory, "new"));
    expect(written.exitCode).toBe(0);
    expect(readdirSync(path.join(directory, "new"))).toEqual(policies.map((name) => `${name}.json`).sort());
    const refused = await fleet("iam", "--out", path.join(directory, "new", "deploy-444455556666.json"));
    expect(refused).toMatchObject({ exitCode: 1, stdout: "" });
    expect(refused.stderr).toMatch(/^The policies cannot be written\. .*EEXIST/);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

describe("help", () => {
  test("lists the commands", async () => {
    const { exitCode, stdout } = await fleet("--help");
    expect(exitCode).toBe(0);
    for (const command of names) expect(stdout).toMatch(new RegExp(`^  ${command} +\\w`, "m"));
  });

  test.each(names)("explains %s", async (command) => {
    const { exitCode, stdout } = await fleetHere(command, "--help");
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(new RegExp(`^[A-Z].*\\.\n\nUsage: npm run fleet -- ${command} .*\n\nOptions:\n`));
    expect(stdout).toContain("--help");
  });

  test("is an error message if no command is given", async () => {
    expect(await fleet()).toMatchObject({
      exitCode: 1,
      stdout: "",
      stderr: expect.stringMatching(/^Usage: /) as string,
    });
  });
});

test.each([
  ["an unknown command", ["lst"], '"lst" is not a command. Did you mean "list"?'],
  ["an unknown option", ["list", "--jsn"], "--jsn is not an option of list. Did you mean --json?"],
  ["a value for a switch", ["list", "--json=no"], "--json takes no value."],
  ["a property name of every object", ["list", "--constructor"], "--constructor is not an option of list."],
  ["a short option", ["list", "-j"], "-j is not an option of list. Allowed: --json, --help."],
  ["an unknown field", ["list", "regon=eu-*"], '"regon" is not a field. Did you mean "region"?'],
  ["a selection without a match", ["config", "env=test"], 'no env matches "test".'],
  ["no selection", ["config"], "The selection of instances is missing. Give '*', in quotes, to select all instances."],
  [
    "the former name of a command",
    ["lock"],
    'The command "lock" is now "provider-lock". Run: npm run fleet -- provider-lock',
  ],
  ["the former name of an option", ["plan", "--out", "plans"], "--out is now --plans."],
  [
    "a number below the range",
    ["plan", "--parallel", "0"],
    '--parallel "0" is not allowed. Give a whole number from 1 to 32. Default: ',
  ],
  [
    "a number above the range",
    ["deploy", "--parallel=33"],
    '--parallel "33" is not allowed. Give a whole number from 1 to 32. Default: ',
  ],
  [
    "a fraction",
    ["drift", "--parallel=2.5"],
    '--parallel "2.5" is not allowed. Give a whole number from 1 to 32. Default: ',
  ],
  [
    "two options that cannot be used together",
    ["deploy", "--resume", "--reviewed=x"],
    "--resume and --reviewed cannot be used together. Use one of them.",
  ],
  [
    "a platform without an architecture",
    ["provider-lock", "--platforms=linux"],
    '--platforms: "linux" is not a platform.',
  ],
  [
    "an unknown region",
    ["discover", "--region=us-esat-1"],
    '--region: "us-esat-1" is not an AWS region. Did you mean "us-east-1"?',
  ],
  ["no region", ["discover"], "Give the regions to search: --region us-east-1,eu-central-1, or --all-regions."],
  ["an unknown environment", ["bootstrap", "--env", "prd"], 'There is no environment "prd". Did you mean "prod"?'],
  [
    "an owner that is not an account id",
    ["bootstrap", "--env=dev", "--owner", "acme"],
    '--owner: "acme" is not an AWS account id. Give 12 digits',
  ],
])("%s ends with exit code 1, a remediation and no stack trace", async (_, args, message) => {
  const { exitCode, stdout, stderr } = await fleetHere(...args);
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
  expect(stderr).toContain(message);
  expect(stderr).not.toContain("    at ");
});

test("every mistake of a command line is reported in one run", async () => {
  const { stderr } = await fleetHere("bootstrap", "dev", "--adopt", "--adopt", "--owner", "--dry-run");
  expect(stderr.split("\n").slice(0, 6)).toEqual([
    "--adopt is given twice. Give it once.",
    "--owner needs a value: --owner ACCOUNT.",
    "--env NAME is missing.",
    'bootstrap takes only options, not "dev".',
    "",
    "Usage: npm run fleet -- bootstrap --env NAME [OPTIONS]",
  ]);
});

test("all problems of the environment files are reported, and the command does nothing else", async () => {
  const broken = { "dev.yaml": validYaml.replace("us-east-1", "us-east1"), "prod.yaml": "region: nowhere\n" };
  const { exitCode, stdout, stderr } = await runFleet(["bootstrap", "--env", "dev"], broken);
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
  expect(stderr).toContain('environments/dev.yaml:2:9  region: "us-east1" is not an AWS region.');
  expect(stderr).toContain('environments/prod.yaml:1:9  region: "nowhere" is not an AWS region.');
  expect(stderr).not.toContain("    at ");
});

test.each([
  ["http://127.0.0.1:3", "GetCallerIdentity failed. connect ECONNREFUSED 127.0.0.1:3"],
  ["not an address", "GetCallerIdentity failed. Invalid URL"],
])("an unreachable endpoint (%s) is reported in one sentence", async (AWS_ENDPOINT_URL, message) => {
  const env = { AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: "none" };
  const { exitCode, stderr } = await runFleet(["bootstrap", "--env", "dev"], files, env);
  expect(exitCode).toBe(1);
  expect(stderr).toContain(message);
  expect(stderr).not.toContain("    at ");
});

test("two instances that configure one bucket differently are refused", async () => {
  const twice = validYaml.replace(
    "instances:",
    `instances:
  - name: other
    id: 1f0e0d0c-1b1a-4918-8716-151413121110
    state: { region: eu-west-1 }
    account: "444455556666"`,
  );
  const { exitCode, stderr } = await runFleet(["bootstrap", "--env", "dev"], { "dev.yaml": twice });
  expect(exitCode).toBe(1);
  expect(stderr).toContain(
    "The bucket acme-state has two values of state.region: eu-west-1 (dev-other-us-east-1) and us-east-1 (dev-acme-us-east-1).",
  );
  expect(stderr).toContain("The bucket acme-state has two values of account: 444455556666");
});

test("all mistakes in numbers, exclusions and values are reported in one run", async () => {
  const { stderr } = await fleetHere("preflight", "--sample", "0", "--rate", "fast", "--full", "--jsn");
  expect(stderr.split("\n").slice(0, 5)).toEqual([
    '--sample "0" is not allowed. Give a whole number from 1 to 999999999. Default: 2000.',
    '--rate "fast" is not allowed. Give a whole number from 1 to 999999999.',
    "--jsn is not an option of preflight. Did you mean --json?",
    "--sample and --full cannot be used together. Use one of them.",
    "",
  ]);
});

test("a number within its range is parsed, and a missing number gets the default", () => {
  const plan = findCommand(commandGroups, "plan");
  expect(parseArguments(plan, ["--parallel", "7"]).numbers.get("parallel")).toBe(7);
  expect(parseArguments(plan, []).numbers.get("parallel")).toBeGreaterThanOrEqual(2);
});

describe("a closed pipe", () => {
  // The reader closes the pipe before the command writes: `npm run fleet -- list | true`.
  test.each([["plan", "--help"], ["list"], ["list", "--json"], ["config", "*"], ["matrix"]])(
    "ends `%s %s` without an error",
    async (...args) => {
      const { child, finished } = startFleet(args.filter(Boolean), files);
      child.stdout?.destroy();
      child.stderr?.destroy();
      expect((await finished).exitCode).toBe(0);
    },
  );
});

test("arbitrary arguments are parsed or refused with a message", () => {
  const command: Command = {
    name: "try",
    summary: "Tries.",
    selection: "optional",
    options: { env: { value: "NAME", description: "An environment." }, json: { description: "JSON." } },
    run: () => undefined,
  };
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom(
      "--env",
      "--env=",
      "--env=x",
      "--json",
      "--json=1",
      "--no-json",
      "--",
      "-",
      "-e",
      "--__proto__",
      "--env=-",
    ),
  );
  fc.assert(
    fc.property(fc.array(word), (args) => {
      try {
        const { values, switches } = parseArguments(command, args);
        expect([...values.keys()].filter((name) => name !== "env")).toEqual([]);
        expect([...switches].filter((name) => name !== "json")).toEqual([]);
      } catch (error) {
        expect(error).toBeInstanceOf(CommandError);
      }
    }),
  );
});
