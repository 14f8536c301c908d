/** The GitHub workflows: valid to the linter, pinned, with no more rights than they need, and calling commands that exist. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { buildSync } from "esbuild";
import { parse } from "yaml";
import { commandGroups } from "../fleet/commands/registry";
import { findCommand, parseArguments } from "../fleet/commands/command-line";
import { projectRoot } from "../lambda/packaging";

interface Step {
  readonly uses?: string;
  readonly run?: string;
}
interface Workflow {
  readonly on: unknown;
  readonly permissions: unknown;
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly permissions?: Readonly<Record<string, string>>;
        readonly steps: readonly Step[];
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
const stepsOf = (file: string): readonly Step[] => jobsOf(file).flatMap(([, { steps }]) => steps);

/** GitHub's own parser of workflows, which knows every key and expression. An ES module that imports JSON, which Node takes only bundled. */
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

function complaints(content: string): readonly string[] {
  const { stdout, stderr } = spawnSync(process.execPath, [program], { input: content, encoding: "utf8" });
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout) as string[];
}

test("there are workflows for pull requests, deployments and drift", () => {
  expect(files.sort()).toEqual(["deploy.yml", "drift.yml", "pull-request.yml"]);
});

test.each(files)("GitHub's parser finds nothing wrong with %s", (file) => {
  expect(complaints(text(file))).toEqual([]);
});

test.each([
  ["a key that there is not", "timeout-minutes: 15", "timeout: 15"],
  ["an expression that cannot be read", "fromJSON(needs.matrix.outputs.jobs)", "fromJSON(needs.matrix.outputs.jobs"],
  ["a context that there is not", "vars.PLAN_ROLE_ARN != ''", "variables.PLAN_ROLE_ARN != ''"],
  ["a job that needs one that there is not", "needs: matrix", "needs: matrices"],
  ["a right that there is not", "id-token: write", "id-tokens: write"],
])("and would find %s", (_, right, wrong) => {
  expect(text("drift.yml")).toContain(right);
  expect(complaints(text("drift.yml").replace(right, wrong))).not.toEqual([]);
});

test.each(files)("%s pins every action by the full id of a commit, with its version beside it", (file) => {
  const uses = [...text(file).matchAll(/uses: (.*)/g)].map(([, what]) => what ?? "");
  expect(uses.length).toBe(stepsOf(file).filter((step) => step.uses !== undefined).length);
  for (const what of uses) expect(what).toMatch(/^[\w.-]+\/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
});

test.each(files)(
  "%s gives nothing by default, and each job no right to write but a comment and its own identity",
  (file) => {
    expect(workflow(file).permissions).toEqual({});
    for (const [name, { permissions = {}, "timeout-minutes": limit }] of jobsOf(file)) {
      const written = Object.entries(permissions).filter(([, access]) => access === "write");
      const allowed =
        name === "comment"
          ? ["pull-requests"]
          : name === "plan" || name === "deploy" || name === "drift"
            ? ["id-token"]
            : [];
      expect(written.map(([what]) => what)).toEqual(allowed);
      expect(limit).toBeGreaterThan(0);
    }
  },
);

test.each(files)("no script of %s holds an expression: what others write would be run", (file) => {
  for (const { run = "" } of stepsOf(file)) expect(run).not.toContain("${{");
});

test("a deployment at work is never cancelled, and one by hand is of main alone", () => {
  const { concurrency, jobs } = parse(text("deploy.yml")) as {
    concurrency: unknown;
    jobs: { plan: { if: string }; deploy: { environment: string; strategy: object } };
  };
  expect(concurrency).toEqual({ group: "deploy", "cancel-in-progress": false });
  expect(jobs.plan.if).toContain("github.ref == 'refs/heads/main'");
  expect(jobs.deploy.environment).toBe("${{ matrix.environment }}");
  expect(jobs.deploy.strategy).toMatchObject({ "max-parallel": 1 });
});

test("a pull request never runs with the rights of the branch that it goes to", () => {
  for (const file of files) expect(text(file)).not.toContain("pull_request_target");
});

test.each(files)("%s calls commands and options that exist", (file) => {
  const calls = stepsOf(file).flatMap(({ run = "" }) =>
    [...run.replaceAll(/\\\n\s*/g, "").matchAll(/npm run --silent fleet -- (.*?)(?: \|\||\)?" >>| > |\n|$)/g)].map(
      ([, call]) => call ?? "",
    ),
  );
  expect(calls.length).toBeGreaterThan(0);
  for (const call of calls) {
    const [name = "", ...args] = call.split(/\s+/).map((word) => word.replaceAll(/["')]/g, ""));
    expect(() => parseArguments(findCommand(commandGroups, name), args)).not.toThrow();
  }
});
