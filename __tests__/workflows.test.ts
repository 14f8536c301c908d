/** The GitHub workflows: valid, pinned, least-privilege, failing with their commands, and calling existing commands. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { buildSync } from "esbuild";
import { parse } from "yaml";
import { commandGroups } from "../fleet/commands/registry";
import { maxStage } from "../config/schema";
import { findCommand, parseArguments } from "../fleet/commands/command-line";
import { projectRoot } from "../lambda/packaging";

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
}
interface Workflow {
  readonly on: unknown;
  readonly permissions: unknown;
  readonly defaults: unknown;
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly permissions?: Readonly<Record<string, string>>;
        /** Undefined if the job calls another workflow. */
        readonly steps?: readonly Step[];
        readonly "timeout-minutes"?: number;
      }
    >
  >;
}

const directory = path.join(projectRoot(), ".github/workflows");
const files = readdirSync(directory);
const text = (file: string): string => readFileSync(path.join(directory, file), "utf8");
const workflow = (file: string): Workflow => parse(text(file)) as Workflow;
const jobsOf = (file: string) => Object.entries(workflow(file).jobs);
const stepsOf = (file: string): readonly Step[] => jobsOf(file).flatMap(([, { steps = [] }]) => steps);

/** GitHub's own workflow parser. It is an ES module that imports JSON, so Node can only run it bundled. */
const parser = `
import { readFileSync } from "node:fs";
import { NoOperationTraceWriter, convertWorkflowTemplate, parseWorkflow } from "@actions/workflow-parser";
void (async () => {
  const file = { name: "workflow.yml", content: readFileSync(0, "utf8") };
  const { context, value } = parseWorkflow(file, new NoOperationTraceWriter());
  if (value !== undefined) await convertWorkflowTemplate(context, value);
  console.log(JSON.stringify(context.errors.getErrors().map(({ message }) => message)));
})();
`;

const scratch = mkdtempSync(path.join(tmpdir(), "call-blocking-workflows-"));
const program = path.join(scratch, "parser.cjs");
beforeAll(() => {
  buildSync({
    stdin: { contents: parser, resolveDir: projectRoot() },
    bundle: true,
    platform: "node",
    format: "cjs",
    outfile: program,
  });
});
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

function parserErrors(content: string): readonly string[] {
  const { stdout, stderr } = spawnSync(process.execPath, [program], { input: content, encoding: "utf8" });
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout) as string[];
}

test("there are workflows for tests, pull requests, deployments and drift", () => {
  expect(files.sort()).toEqual(["deploy-stage.yml", "deploy.yml", "drift.yml", "pull-request.yml", "test.yml"]);
});

test.each(files)("GitHub's parser accepts %s", (file) => {
  expect(parserErrors(text(file))).toEqual([]);
});

test.each([
  ["an unknown key", "timeout-minutes: 15", "timeout: 15"],
  ["an invalid expression", "fromJSON(needs.matrix.outputs.jobs)", "fromJSON(needs.matrix.outputs.jobs"],
  ["an unknown context", "vars.PLAN_ROLE_ARN != ''", "variables.PLAN_ROLE_ARN != ''"],
  ["an unknown job in needs", "needs: matrix", "needs: matrices"],
  ["an unknown permission", "id-token: write", "id-tokens: write"],
])("GitHub's parser reports %s", (_, right, wrong) => {
  expect(text("drift.yml")).toContain(right);
  expect(parserErrors(text("drift.yml").replace(right, wrong))).not.toEqual([]);
});

test.each(files)("%s pins every action to a commit, with the version of the action in a comment", (file) => {
  const uses = [...text(file).matchAll(/uses: (?!\.\/)(.*)/g)].map(([, what]) => what ?? "");
  expect(uses.length).toBe(stepsOf(file).filter((step) => step.uses !== undefined).length);
  for (const what of uses) expect(what).toMatch(/^[\w.-]+\/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
});

test.each(files)(
  "%s has no default permissions, and each job may write only comments and its identity token",
  (file) => {
    expect(workflow(file).permissions).toEqual({});
    for (const [name, { permissions = {}, steps, "timeout-minutes": limit }] of jobsOf(file)) {
      const written = Object.entries(permissions).filter(([, access]) => access === "write");
      const allowed =
        name === "comment"
          ? ["pull-requests"]
          : ["plan", "deploy", "drift", "report"].includes(name) || steps === undefined
            ? ["id-token"]
            : [];
      expect(written.map(([what]) => what)).toEqual(allowed);
      if (steps !== undefined) expect(limit).toBeGreaterThan(0);
    }
  },
);

test.each(files)("no script of %s has an expression, because an expression could run untrusted text", (file) => {
  for (const { run = "" } of stepsOf(file)) expect(run).not.toContain("${{");
});

test("a deployment is never cancelled, merges wait for each environment alone, and a manual run uses main", () => {
  const deploy = parse(text("deploy.yml")) as { concurrency?: unknown; jobs: { plan: { if: string } } };
  const { jobs } = parse(text("deploy-stage.yml")) as { jobs: { deploy: Record<string, unknown> } };
  // A queue for the whole workflow would let one approval block all environments.
  expect(deploy.concurrency).toBeUndefined();
  expect(deploy.jobs.plan.if).toContain("github.ref == 'refs/heads/main'");
  expect(jobs.deploy).toMatchObject({
    environment: "${{ matrix.environment }}",
    concurrency: { group: "deploy-${{ matrix.environment }}", "cancel-in-progress": false, queue: "max" },
    strategy: { "fail-fast": false },
  });
});

test("deploy.yml has one job for each stage, which waits for all earlier stages and stops after a failure", () => {
  interface Caller {
    readonly needs: string | readonly string[];
    readonly if: string;
    readonly uses: string;
    readonly with: { readonly jobs: string };
  }
  const { jobs } = parse(text("deploy.yml")) as { jobs: Readonly<Record<string, Caller>> };
  const stages = Object.keys(jobs).filter((name) => name.startsWith("stage-"));
  expect(stages).toEqual(Array.from({ length: maxStage }, (_, index) => `stage-${index + 1}`));
  for (const [index, name] of stages.entries()) {
    const job = jobs[name];
    expect([job?.needs].flat()).toEqual(["review", ...stages.slice(0, index)]);
    expect(job?.if).toContain("!contains(needs.*.result, 'failure')");
    expect(job?.uses).toBe("./.github/workflows/deploy-stage.yml");
    expect(job?.with.jobs).toBe(`\${{ needs.review.outputs.${name} }}`);
  }
  const script = workflow("deploy.yml").jobs["review"]?.steps?.find(({ run = "" }) => run.includes("for stage in"));
  expect(script?.run).toContain(`for stage in ${stages.map((_, index) => index + 1).join(" ")}; do`);
});

test("a job that deploys installs no package and uses no cache that other jobs can write", () => {
  const uses = stepsOf("deploy-stage.yml").map((step) => JSON.stringify(step));
  for (const step of uses) expect(step).not.toMatch(/npm (ci|install)|npx|actions\/cache|"cache"/);
  for (const file of ["deploy.yml", "deploy-stage.yml"]) expect(text(file)).not.toMatch(/cache:/);
});

test.each(["deploy.yml", "drift.yml", "pull-request.yml"])(
  "%s installs production packages without scripts",
  (file) => {
    const installs = stepsOf(file).filter(({ run = "" }) => run.includes("npm ci"));
    expect(installs.length).toBeGreaterThan(0);
    for (const { run } of installs) expect(run).toContain("npm ci --omit=dev --ignore-scripts");
  },
);

test.each([
  ["exists and is protected", "1", 0],
  ["is missing or not protected", "0", 1],
])("a deployment starts only if its GitHub environment %s (%s rules)", (_, rules, exitCode) => {
  const script = workflow("deploy.yml").jobs["review"]?.steps?.find(({ run = "" }) => run.includes("for stage in"));
  const cwd = mkdtempSync(path.join(scratch, "review-"));
  mkdirSync(path.join(cwd, "stubs"));
  const stub = (name: string, body: string): void => {
    writeFileSync(path.join(cwd, "stubs", name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  };
  stub("gh", `case "$*" in *environments/prod*) echo ${rules};; *pulls*) echo abc;; *) echo 42;; esac`);
  stub("npm", `echo '{"include":[{"environment":"prod","stage":2}]}'`);
  stub("jq", 'case "$*" in *environment*) echo prod;; *stacks*) echo prod-acme-us-east-1;; *) echo {};; esac');
  const { status, stdout } = spawnSync("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", script?.run ?? ""], {
    cwd,
    encoding: "utf8",
    env: {
      ...{
        GH_REPO: "acme/blocking",
        COMMIT: "0a1b2c",
        EVENT: "push",
        RUN: "1",
        GITHUB_OUTPUT: path.join(cwd, "output"),
      },
      PATH: `${path.join(cwd, "stubs")}:${process.env["PATH"] ?? ""}`,
    },
  });
  expect(status).toBe(exitCode);
  if (exitCode === 1) expect(stdout).toContain("::error::The GitHub environment prod does not exist, or has neither");
});

test("a pull request never runs with the permissions of its base branch", () => {
  for (const file of files) expect(text(file)).not.toContain("pull_request_target");
});

test.each(files.filter((file) => file !== "test.yml"))("%s calls existing commands and options", (file) => {
  const calls = stepsOf(file).flatMap(({ run = "" }) =>
    [
      ...run
        .replaceAll(/\\\n\s*/g, "")
        .matchAll(/(?:npm run --silent fleet --|node build\/fleet\/main\.js) (.*?)(?: \|\||\)\n| > |\n|$)/g),
    ].map(([, call]) => call ?? ""),
  );
  expect(calls.length).toBeGreaterThan(0);
  for (const call of calls) {
    const [name = "", ...args] = call.split(/\s+/).map((word) => word.replaceAll(/["')]/g, ""));
    expect(() => parseArguments(findCommand(commandGroups, name), args)).not.toThrow();
  }
});

test.each(files)("%s runs its scripts in a shell that stops at the first failing command", (file) => {
  expect(workflow(file).defaults).toEqual({ run: { shell: "bash" } });
});

/** Programs that the scripts call. A stub replaces each of them. */
const programs = ["npm", "node", "timeout", "gh", "jq", "git", "cp", "cat", "tar", "pipx", "rm"];

const scripts = files.flatMap((file) =>
  jobsOf(file).flatMap(([job, { steps = [] }]) =>
    steps.flatMap(({ run, env = {} }, index) => (run === undefined ? [] : [{ file, job, index, run, env }])),
  ),
);
const failures = scripts.flatMap((script) =>
  programs
    .filter((program) => new RegExp(`(^|[\\s(|])${program} `, "m").test(script.run))
    // `exec timeout` starts node itself, which the stub does not.
    .filter((program) => program !== "node" || !script.run.includes("timeout "))
    .map((program) => ({ ...script, program })),
);

/** Runs a script as GitHub does, with stubs of all programs. @param failing the program that ends with exit code 1 */
function runScript(run: string, env: Readonly<Record<string, string>>, failing: string | undefined): number | null {
  const cwd = mkdtempSync(path.join(scratch, "step-"));
  const stubs = path.join(cwd, "stubs");
  for (const folder of ["stubs", "plans", "reviews.in"]) mkdirSync(path.join(cwd, folder));
  writeFileSync(path.join(cwd, "plans/review.json"), "{}");
  for (const program of programs) {
    // The scripts expect files from these programs.
    const writesReviews = 'for a; do if [ "$a" = --review-md ]; then echo x > review/review.md; fi; done\n';
    const downloads = 'if [ "$2" = download ]; then mkdir -p review; echo x > review/review.md; exit 0; fi\n';
    const passes = program === "npm" ? writesReviews : program === "gh" ? downloads : "";
    const body = program === failing ? "exit 1" : `${passes}echo 1`;
    writeFileSync(path.join(stubs, program), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  }
  const file = path.join(cwd, "script.sh");
  writeFileSync(file, run);
  const values = Object.fromEntries(Object.keys(env).map((name) => [name, name === "EVENT" ? "push" : "1"]));
  const { status } = spawnSync("bash", ["--noprofile", "--norc", "-eo", "pipefail", file], {
    cwd,
    env: {
      ...values,
      PATH: `${stubs}:${process.env["PATH"] ?? ""}`,
      GITHUB_OUTPUT: path.join(cwd, "output"),
      GITHUB_STEP_SUMMARY: path.join(cwd, "summary"),
    },
  });
  return status;
}

test.each(scripts)("step $index of $job in $file succeeds if its commands succeed", ({ run, env }) => {
  expect(runScript(run, env, undefined)).toBe(0);
});

test.each(failures)("step $index of $job in $file fails if $program fails", ({ run, env, program }) => {
  expect(runScript(run, env, program)).not.toBe(0);
});

test("every step is tested with a failing command", () => {
  expect(new Set(failures.map(({ run }) => run))).toEqual(new Set(scripts.map(({ run }) => run)));
});

test("a cancelled deployment signals fleet, which has time to stop before the job ends", () => {
  const { jobs } = workflow("deploy-stage.yml");
  const script = jobs["deploy"]?.steps?.at(-1)?.run ?? "";
  const [, minutes = ""] = /^exec timeout --foreground --signal=INT (\d+)m /.exec(script) ?? [];
  expect(Number(minutes)).toBeLessThan(jobs["deploy"]?.["timeout-minutes"] ?? 0);
  expect(jobs["deploy"]?.["timeout-minutes"]).toBeLessThan(360);
});

test("a pull request is compared with the branch that the checkout merges it into", () => {
  const plan = workflow("pull-request.yml").jobs["plan"]?.steps?.find(({ run = "" }) =>
    run.includes("--changed-since"),
  );
  expect(plan?.run).toContain("base=$(git rev-parse --verify HEAD^1)");
  expect(text("pull-request.yml")).not.toContain("base.sha }}");
});

test.each([
  ["success", /^\*\*Plan of commit 0a1b2c\*\*$/m],
  ["failure", /^\*\*❌ The plan of commit 0a1b2c failed or was refused: see \[the run\]/m],
])("the comment names the commit and the result (%s)", (result, title) => {
  const script = workflow("pull-request.yml").jobs["comment"]?.steps?.[0]?.run ?? "";
  const cwd = mkdtempSync(path.join(scratch, "comment-"));
  mkdirSync(path.join(cwd, "stubs"));
  // Without a review, and with an older comment that must be replaced.
  const gh = 'if [ "$2" = download ]; then exit 1; fi; echo "$@" >> calls; echo 42';
  writeFileSync(path.join(cwd, "stubs/gh"), `#!/bin/sh\n${gh}\n`, { mode: 0o755 });
  const { status, stderr } = spawnSync("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", script], {
    cwd,
    encoding: "utf8",
    env: {
      ...{
        GH_REPO: "acme/blocking",
        PULL_REQUEST: "7",
        COMMIT: "0a1b2c",
        RESULT: result,
        RUN: "1",
        RUN_URL: "https://run",
      },
      PATH: `${path.join(cwd, "stubs")}:${process.env["PATH"] ?? ""}`,
    },
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(readFileSync(path.join(cwd, "comment.md"), "utf8")).toMatch(title);
  expect(readFileSync(path.join(cwd, "calls"), "utf8")).toContain("PATCH repos/acme/blocking/issues/comments/42");
});
