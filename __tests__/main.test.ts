/** Tests the app as `cdktf` runs it: deterministic output, no network, and clear messages for wrong input. */
import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { buildSync } from "esbuild";
import { projectRoot } from "../lambda/packaging";

jest.setTimeout(600_000);

const scratch = mkdtempSync(path.join(tmpdir(), "call-blocking-synth-"));
afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

/** Copies the sources to a directory. */
function copyOfTheProject(name: string): string {
  const copy = path.join(scratch, name);
  mkdirSync(copy);
  const files = ["main.ts", "package.json", "package-lock.json", "tsconfig.json", "tsconfig.app.json"];
  const folders = ["examples", "config", "stacks", "lambda", "flows", "fleet", "sandbox", "emulators", "scripts"];
  const sources = [...files, ...folders];
  for (const source of sources) cpSync(path.join(projectRoot(), source), path.join(copy, source), { recursive: true });
  cpSync(path.join(copy, "examples"), path.join(copy, "environments"), { recursive: true });
  symlinkSync(path.join(projectRoot(), "node_modules"), path.join(copy, "node_modules"));
  return copy;
}

function run(cwd: string, command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    env: { PATH: process.env["PATH"] ?? "", HOME: scratch, ...env },
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

/** Returns all files below the directory with their content. */
function files(directory: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
      .sort()
      .map((file) => [path.relative(directory, file), readFileSync(file).toString("base64")]),
  );
}

function touchEverything(directory: string): void {
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true }))
    if (entry.isFile() && !entry.parentPath.includes("node_modules"))
      utimesSync(path.join(entry.parentPath, entry.name), 1_000_000_000, 1_000_000_000);
}

const first = copyOfTheProject("first");

/** Runs a synth, reports its connections, name lookups and child processes, and counts its stack traces. */
function observedSynth(env: Readonly<Record<string, string>>) {
  const report = path.join(scratch, "report.txt");
  rmSync(report, { force: true });
  const observer = path.join(scratch, "observer.cjs");
  writeFileSync(
    observer,
    `const { appendFileSync } = require("node:fs");
     const report = (event) => appendFileSync(${JSON.stringify(report)}, event + "\\n");
     const watch = (object, name, describe) => {
       const original = object[name];
       object[name] = function (...args) { report(describe(...args)); return original.apply(this, args); };
     };
     watch(require("node:net").Socket.prototype, "connect", () => "connect");
     watch(require("node:dns"), "lookup", (name) => "lookup " + name);
     for (const name of ["spawn", "spawnSync", "exec", "execSync", "execFile", "execFileSync"])
       watch(require("node:child_process"), name, (command) => "run " + command);
     const original = Error.captureStackTrace;
     let full = 0; // CDKTF removes the limit for its own captures
     Error.captureStackTrace = (...args) => {
       if (Error.stackTraceLimit === Number.MAX_SAFE_INTEGER) full++;
       original(...args);
     };
     process.on("exit", () => report(full));`,
  );
  const result = run(first, "node", ["build/main.js"], { NODE_OPTIONS: `--require ${observer}`, ...env });
  expect(result).toMatchObject({ status: 0, stderr: "" });
  const events = readFileSync(report, "utf8").trim().split("\n");
  return { events: events.slice(0, -1), captures: Number(events.at(-1)) };
}

let observed: ReturnType<typeof observedSynth>;
/** The files that the observed synth wrote. */
let synthesized: ReturnType<typeof files>;

beforeAll(() => {
  expect(run(first, "npm", ["run", "--silent", "compile"])).toMatchObject({ status: 0, stdout: "" });
  observed = observedSynth({ TZ: "UTC" });
  synthesized = files(path.join(first, "cdktf.out"));
});

test("a synth with another path, other file times and another time zone gives the same bytes", () => {
  const second = copyOfTheProject("second and elsewhere");
  touchEverything(second);
  expect(run(second, "node", ["scripts/bundle.js"]).status).toBe(0);
  expect(run(second, "node", ["build/main.js"], { TZ: "Pacific/Auckland" })).toMatchObject({ status: 0, stderr: "" });

  expect(Object.keys(synthesized)).toEqual(
    expect.arrayContaining([expect.stringMatching(/cdk\.tf\.json$/), expect.stringMatching(/blockedCalls\.zip$/)]),
  );
  expect(files(path.join(second, "cdktf.out"))).toEqual(synthesized);
});

test("a synth opens no connection, resolves no name, and does not run terraform", () => {
  // esbuild packages the function and runs as its own process.
  expect(observed.events.filter((event) => !/^run .*esbuild$/.test(event))).toEqual([]);
  expect(observed.events).not.toEqual([]);
});

test("the sandbox prints the output that the README shows", () => {
  const sandbox = run(first, "node", ["build/sandbox/main.js"]);
  expect(sandbox).toMatchObject({ status: 0, stderr: "" });
  const withoutTimes = (text: string): string => text.replaceAll(/ *\d+\.\d ms/g, " …");
  const readme = readFileSync(path.join(projectRoot(), "README.md"), "utf8");
  const documented = /```\n( {2}call [^]*?)```/.exec(readme)?.[1] ?? "no block";
  expect(withoutTimes(sandbox.stdout)).toContain(withoutTimes(documented));
});

test("without environment files, the error of the app says how to begin", () => {
  const empty = path.join(scratch, "empty");
  mkdirSync(empty);
  const synth = run(first, "node", ["build/main.js"], { ENVIRONMENTS_DIR: empty });
  expect(synth).toMatchObject({ status: 1, stdout: "" });
  expect(synth.stderr).toBe(
    "empty  The directory has no environment file.\n" +
      "  To begin, let fleet write an environment file (npm run --silent fleet -- discover --region us-east-1 > empty/dev.yaml) " +
      "or copy an example (cp examples/dev.yaml empty/) and replace its values.\n",
  );
});

describe("the app that cdktf runs", () => {
  const { app } = JSON.parse(readFileSync(path.join(projectRoot(), "cdktf.json"), "utf8")) as { app: string };
  const edited = copyOfTheProject("edited");
  const source = path.join(edited, "stacks/remote-state.ts");
  const synth = () => run(edited, "sh", ["-c", app]);
  const result = () => files(path.join(edited, "cdktf.out"));
  let original: ReturnType<typeof result>;

  beforeAll(() => {
    // One environment is enough to see an edit.
    for (const file of ["prod.yaml", "staging.yaml"]) rmSync(path.join(edited, "environments", file));
    expect(synth()).toMatchObject({ status: 0 });
    original = result();
  });

  test("uses an edited file, and also a file that is restored with an older time", () => {
    const text = readFileSync(source, "utf8");
    writeFileSync(source, text.replace("use_lockfile", "use_lockfile_no_more"));
    expect(synth()).toMatchObject({ status: 0 });
    expect(result()).not.toEqual(original);
    writeFileSync(source, text);
    utimesSync(source, 1_000_000_000, 1_000_000_000);
    expect(synth()).toMatchObject({ status: 0 });
    expect(result()).toEqual(original);
  });
});

test("cdktf watch watches every source of the app and the environment files, and keeps cdktf.json", () => {
  const { watchPattern = [] } = JSON.parse(readFileSync(path.join(projectRoot(), "cdktf.json"), "utf8")) as {
    watchPattern?: readonly string[];
  };
  const patterns = watchPattern.map((glob) => {
    const [first = "", last] = glob.replaceAll(".", "\\.").split("**/");
    const names = (last ?? first).replaceAll("*", "[^/]*");
    return new RegExp(`^${last === undefined ? names : `${first}(.+/)?${names}`}$`);
  });
  const { metafile } = buildSync({
    absWorkingDir: projectRoot(),
    entryPoints: ["main.ts"],
    bundle: true,
    packages: "external",
    platform: "node",
    metafile: true,
    write: false,
    outdir: "build",
  });
  const sources = [...Object.keys(metafile.inputs), "lambda/blocked-calls/handler.ts", "environments/prod.yaml"];
  expect(sources.length).toBeGreaterThan(50);
  expect(sources.filter((file) => !patterns.some((pattern) => pattern.test(file)))).toEqual([]);
  // Otherwise each synth would start the next one.
  expect(patterns.some((pattern) => pattern.test("build/main.js") || pattern.test("cdktf.out/manifest.json"))).toBe(
    false,
  );
});

test("CREATION_STACKS=1 records stack traces of tokens, and the output stays the same", () => {
  const outdir = path.join(scratch, "with-traces");
  const withTraces = observedSynth({ CREATION_STACKS: "1", CDKTF_OUTDIR: outdir });
  // CDKTF creates a few tokens while it loads.
  expect(observed.captures).toBeLessThan(10);
  expect(withTraces.captures).toBeGreaterThan(100);
  expect(files(outdir)).toEqual(synthesized);
});

test("the manifest makes cdktf wait for the previous wave", () => {
  const outdir = path.join(scratch, "waves");
  const environments = path.join(scratch, "in waves");
  mkdirSync(environments);
  writeFileSync(
    path.join(environments, "prod.yaml"),
    `account: "111122223333"
region: us-east-1
state: { bucket: acme-state, region: us-east-1 }
blockedDispositions: [Blocked]
waves: [canary, rest]
instances:
  - { name: acme-b, id: 0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4b, wave: rest }
  - { name: acme-a, id: 0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4a, wave: canary }
`,
  );
  const synth = run(first, "node", ["build/main.js"], { ENVIRONMENTS_DIR: environments, CDKTF_OUTDIR: outdir });
  expect(synth).toMatchObject({ status: 0, stderr: "" });
  const manifest = JSON.parse(readFileSync(path.join(outdir, "manifest.json"), "utf8")) as {
    readonly stacks: Readonly<Record<string, { readonly dependencies: readonly string[] }>>;
  };
  expect(manifest.stacks).toMatchObject({
    "prod-acme-a-us-east-1": { dependencies: [] },
    "prod-acme-b-us-east-1": { dependencies: ["prod-acme-a-us-east-1"] },
  });
});

test("SELECT limits the stacks, and a selection without a match lists the environments", () => {
  const outdir = path.join(scratch, "selected");
  const selected = run(first, "node", ["build/main.js"], { SELECT: "env=dev", CDKTF_OUTDIR: outdir });
  expect(selected).toMatchObject({ status: 0, stderr: "" });
  expect(readdirSync(path.join(outdir, "stacks"))).toEqual([expect.stringMatching(/^dev-/)]);

  const nothing = run(first, "node", ["build/main.js"], { SELECT: "env=nowhere" });
  expect(nothing).toMatchObject({ status: 1, stdout: "" });
  expect(nothing.stderr).toContain("dev");
  expect(nothing.stderr).not.toMatch(/^\s+at /m);
});

test("settings that exceed Lambda's environment are refused with the key to shorten and no stack trace", () => {
  const environments = path.join(scratch, "too large");
  mkdirSync(environments);
  const numbers = Array.from({ length: 600 }, (_, n) => `"+1555555${String(n).padStart(4, "0")}*"`).join(", ");
  writeFileSync(
    path.join(environments, "one.yaml"),
    `account: "111122223333"
region: us-east-1
state: { bucket: acme-state, region: us-east-1 }
blockedDispositions: [Blocked]
exemptNumbers: [${numbers}]
instances:
  - name: acme
    id: 0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d
`,
  );
  const { status, stdout, stderr } = run(first, "node", ["build/main.js"], { ENVIRONMENTS_DIR: environments });
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toContain('instance "acme" of environment "one"');
  expect(stderr).toContain("Shorten exemptNumbers (600 entries");
  expect(stderr).not.toMatch(/^\s+at /m);
});

test("all errors of all environment files are reported in one run, with exit code 1 and no stack trace", () => {
  const environments = path.join(scratch, "environments");
  mkdirSync(environments);
  const state = "state:\n  bucket: acme-state\n  region: us-east-1\nblockedDispositions: [Blocked]\n";
  writeFileSync(
    path.join(environments, "one.yaml"),
    `account: "111122223333"
region: us-east1
colour: red
${state}instances:
  - name: acme
    id: arn:aws:connect:us-east-1:111122223333:instances/nonsense
`,
  );
  writeFileSync(
    path.join(environments, "two.yaml"),
    `account: "111122223333"
region: us-east-1
${state}instances:
  - name: twin
    id: 0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d
  - name: twin
    id: 0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d
`,
  );
  const { status, stdout, stderr } = run(first, "node", ["build/main.js"], { ENVIRONMENTS_DIR: environments });
  expect(status).toBe(1);
  expect(stdout).toBe("");
  expect(stderr).toContain('one.yaml:2:9  region: "us-east1" is not an AWS region.\n  Did you mean "us-east-1"?');
  expect(stderr).toMatch(/one\.yaml:3:1 {2}colour: /);
  expect(stderr).toMatch(/one\.yaml:10:9 {2}instances\[0\]\.id: /);
  expect(stderr).toMatch(/two\.yaml:10:\d+ {2}instances\[1\]/);
  expect(stderr).not.toMatch(/^\s+at /m);
});
