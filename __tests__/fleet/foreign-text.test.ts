/** Text from AWS, Terraform, plans and files cannot control a terminal, a CI log or a review, and cannot fill them. */
import { chmodSync, readFileSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { boundedLines, oneLine } from "../../config/printable";
import { guard } from "../../fleet/guard/guard";
import { errorMessage } from "../../fleet/output/error-message";
import {
  htmlText,
  JsonDocument,
  markdownBlock,
  markdownCode,
  markdownInline,
  terminalText,
} from "../../fleet/output/foreign-text";
import { textTable } from "../../fleet/output/text-table";
import { reviewHtml } from "../../fleet/review/html";
import { reviewMarkdown } from "../../fleet/review/markdown";
import { summary } from "../../fleet/review/summary";
import { failureText } from "../../fleet/terraform/diagnostics";
import { parsePlan } from "../../fleet/terraform/plan-json";
import { projectRoot } from "../../lambda/packaging";
import { AwsError, startAwsStub } from "./aws-answers";
import type { Answers } from "./aws-answers";
import { recordedInstance, recordedJson } from "./guard/recorded-plan";
import { today } from "./review/planned-stacks";
import { createFakeProject } from "./rollout/fake-project";
import { runFleet } from "./run-fleet";
import { unicodeString } from "../unicode-string";

jest.setTimeout(600_000);

const controls = "\u001b[2J\u0007\u0085\u009b31m\u202e\u2066\u2069\u200b\u200d\u200e\u200f\u061c\ufeff\u2028";
const hostile = `a${controls}\n::error::forged\r\n  ::stop-commands::x\n##[error]forged ##vso[task.complete]\n\`\`\`\n<script>|@team`;
const long = `${hostile}${"n".repeat(100_000)}`;

/** Fails if a terminal, a CI system or a reader could be misled by the text. */
function expectHarmless(text: string, maxLength: number): void {
  expect(text.match(/(?!\n)[\p{Cc}\p{Zl}\p{Zp}]/gu) ?? []).toEqual([]);
  expect(text.match(/[\p{Bidi_Control}\u200b-\u200f\u2060-\u2064\ufeff]/gu) ?? []).toEqual([]);
  expect(text.match(/^\s*::.*|##\w*\[/gm) ?? []).toEqual([]);
  expect(text.length).toBeLessThan(maxLength);
}

test.each([
  ["a terminal", terminalText],
  ["a line", oneLine],
  ["a table", (text: string) => textTable([text], [[text]])],
  ["an error", (text: string) => errorMessage(new Error(text))],
  ["Terraform's output", failureText],
  ["a diagnostic", (text: string) => failureText(diagnostic(text))],
  ["Markdown", markdownInline],
  ["Markdown code", markdownCode],
  ["a Markdown block", (text: string) => markdownBlock("text", boundedLines(text))],
  ["HTML", (text: string) => htmlText(boundedLines(text))],
])("hostile text is harmless in %s", (_, print) => {
  expectHarmless(print(hostile), 10_000);
  expectHarmless(print(long), 50_000);
  const text = fc.oneof(
    unicodeString(),
    fc
      .array(fc.constantFrom("\n", "\r", "\t", " ", "::", "##[", "##vso[", "\u202e", "\u001b", "x", "`"))
      .map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(text, (some) => {
      expectHarmless(print(some), 10_000);
    }),
  );
});

test("a JSON document keeps the meaning of every string", () => {
  const value = { [hostile]: [hostile, long, "\u{e0001}"] };
  for (const indent of [0, 2]) {
    const { text } = new JsonDocument(value, indent);
    expectHarmless(text, 110_000);
    expect(JSON.parse(text)).toEqual(value);
  }
});

test("a text without harmful characters is printed unchanged, with its line breaks", () => {
  const text = "dev-acme: refused ⚠️\n  “Nuisance:Confirmed” → a::b # c\n";
  expect(terminalText(text)).toBe(text);
});

const diagnostic = (text: string): string =>
  JSON.stringify({ type: "diagnostic", diagnostic: { severity: "error", address: text, summary: text, detail: text } });

/** The changes of a recorded plan, with the text after every name and every value. */
function hostilePlan(name: string, text: string): string {
  const plan = JSON.parse(recordedJson(name)) as {
    resource_changes: { address: string; provider_name?: string; change: { actions: string[] } }[];
    output_changes: unknown;
    checks: unknown;
    configuration: { provider_config: Record<string, { full_name: string }> };
  };
  const changed = (value: unknown): unknown => {
    if (typeof value === "string") return value + text;
    if (Array.isArray(value)) return value.map(changed);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key + text, changed(item)]));
  };
  // Small enough for the pipe of the fake Terraform.
  plan.resource_changes = plan.resource_changes.filter(({ change }) => !change.actions.includes("no-op")).slice(0, 8);
  for (const resource of plan.resource_changes) {
    const change: { actions: string[]; before?: unknown; after?: unknown } = resource.change;
    resource.address += text;
    change.before = changed(change.before);
    change.after = { ...(change.after as object), more: changed(change.after) };
    resource.provider_name = `example.com/${text}`;
  }
  plan.output_changes = { [`module_id${text}`]: { actions: ["update"], before: text, after: `${text}2` } };
  plan.checks = [{ address: { to_display: text }, status: "fail" }];
  for (const provider of Object.values(plan.configuration.provider_config)) provider.full_name += text;
  return JSON.stringify(plan);
}

test.each(["adoption", "module-edit", "role-by-hand", "foreign-index-deleted"])(
  "a review of %s with hostile names and values is harmless",
  (name) => {
    const instance = recordedInstance();
    const plan = parsePlan(hostilePlan(name, hostile));
    const stacks = [{ instance, plan, guard: guard(plan, instance, today) }];
    expectHarmless(summary(stacks), 400_000);
    expectHarmless(reviewMarkdown(stacks), 60_001);
    expectHarmless(reviewHtml(stacks).replaceAll(/data:image[^"]+/g, ""), 2_000_000);
  },
);

test("an oversized name is cut, and the verdict and every change stay in the Markdown review", () => {
  const instance = recordedInstance();
  const json = JSON.parse(recordedJson("module-edit")) as {
    resource_changes: { address: string; change: { actions: string[] } }[];
  };
  const touched = json.resource_changes.filter(({ change }) => change.actions.join() !== "no-op");
  for (const resource of touched) resource.address += "n".repeat(100_000);
  const plan = parsePlan(JSON.stringify(json));
  const review = reviewMarkdown([{ instance, plan, guard: guard(plan, instance, today) }]);
  expect(review).toContain("## ⛔ Refused");
  expect(review).not.toContain("Omitted parts");
  expect(touched.length).toBeGreaterThan(0);
  expect(review.match(/n… \(\d+ characters\) …n/g)?.length).toBeGreaterThanOrEqual(touched.length);
});

test("plan and drift print hostile plans and errors of Terraform and AWS harmlessly", async () => {
  const aws = await startAwsStub();
  const project = createFakeProject({ AWS_ENDPOINT_URL: process.env["AWS_ENDPOINT_URL"] ?? "" });
  const reviews = ["--review-md", "review.md", "--review-html", "review.html"];
  try {
    const plan = async (): Promise<string> => {
      const { output } = await project.runHere("plan", ...reviews);
      expectHarmless(output, 400_000);
      for (const file of ["review.md", "review.html"]) {
        const review = readFileSync(path.join(project.directory, file), "utf8");
        expectHarmless(review.replaceAll(/data:image[^"]+/g, ""), 2_000_000);
      }
      return output;
    };
    aws.answers = { "dynamodb:DescribeTable": new AwsError("AccessDeniedException", long) };
    expect(await plan()).toContain("dynamodb:DescribeTable failed. AccessDeniedException");
    project.write("plan.json", hostilePlan("module-edit", hostile));
    expect(await plan()).toContain("Refused");
    project.write("plan.json", hostilePlan("module-edited-in-console", hostile));
    // A process of its own: the whole output passes through a pipe.
    const drift = await project.run("drift");
    expectHarmless(drift.output, 400_000);
    project.write("plan.json", `${long}{`);
    expectHarmless((await project.runHere("drift")).output, 50_000);
    project.write("plan-fails", `${diagnostic(long)}\n`);
    expect(await plan()).toContain("terraform plan failed.");
    project.write("plan-fails", long);
    expect(await plan()).toContain("terraform plan failed.");
  } finally {
    project.remove();
    await aws.close();
  }
});

describe("commands that ask AWS", () => {
  const commands: readonly (readonly string[])[] = [
    ["preflight"],
    ["verify"],
    ["check", "+15555550100"],
    ["discover", "--region", "us-east-1"],
    ["plan"],
    ["recover", "instance=recorded"],
  ];
  const anyAnswer = (answer: object): Answers => new Proxy({}, { get: () => answer });
  const key = (AttributeName: string) => [{ AttributeName, KeyType: "HASH" }];
  const names: Answers = {
    "dynamodb:ListTables": { TableNames: [`dextr-${hostile}`] },
    "dynamodb:DescribeTable": {
      Table: {
        TableName: hostile,
        TableId: hostile,
        KeySchema: key(hostile),
        AttributeDefinitions: [{ AttributeName: hostile, AttributeType: "S" }],
        GlobalSecondaryIndexes: [{ IndexName: long, IndexStatus: hostile, KeySchema: key(long), Projection: {} }],
      },
    },
    "connect:ListInstances": { InstanceSummaryList: [{ Id: hostile, Arn: hostile, InstanceAlias: long }] },
    "connect:DescribeInstance": { Instance: { Id: hostile, InstanceAlias: long, InstanceStatus: hostile } },
    "connect:ListContactFlowModules": { ContactFlowModulesSummaryList: [{ Name: "blockedStatus", Id: hostile }] },
    "connect:ListContactFlows": { ContactFlowSummaryList: [{ Name: long, Id: hostile }] },
    "connect:DescribeContactFlowModule": {
      ContactFlowModule: { Id: hostile, Name: hostile, Description: long, Content: hostile },
    },
    "connect:ListLambdaFunctions": { LambdaFunctions: [hostile] },
    "lambda:ListFunctions": { Functions: [{ FunctionName: hostile, Description: long }] },
    "lambda:GetFunctionConfiguration": { FunctionName: hostile, Description: long, Handler: hostile, Runtime: hostile },
    "lambda:GetAlias": { FunctionVersion: hostile },
    "logs:DescribeLogGroups": { logGroups: [{ logGroupName: hostile }] },
    "monitoring:DescribeAlarms": { MetricAlarms: [{ AlarmName: long }] },
  };

  test.each<[what: string, answers: Answers]>([
    ["errors", anyAnswer(new AwsError("AccessDeniedException", long, 403))],
    ["unknown errors", anyAnswer(new AwsError("SomethingElse", hostile, 400))],
    ["names", names],
  ])("print hostile %s harmlessly", async (_, answers) => {
    const aws = await startAwsStub();
    const project = createFakeProject({
      AWS_ENDPOINT_URL: process.env["AWS_ENDPOINT_URL"] ?? "",
      AWS_MAX_ATTEMPTS: "1",
    });
    aws.answers = answers;
    try {
      for (const command of commands) {
        const { output, exitCode } = await project.runHere(...command);
        expectHarmless(output, 200_000);
        expect(output).not.toMatch(/^ +at .*\.[jt]s:/m);
        expect([0, 1, 2, 3]).toContain(exitCode);
      }
      expect(aws.calls.length).toBeGreaterThan(5);
    } finally {
      project.remove();
      await aws.close();
    }
  });
});

test("a file name with a workflow command is printed on one line", async () => {
  const { stderr, exitCode } = await runFleet(["list"], {
    "x\n::error::forged\u001b[2J\u202e.yaml": `a${"b".repeat(100_000)}: 1\n`,
  });
  expect(exitCode).toBe(1);
  expectHarmless(stderr, 50_000);
});

test("a plans directory that existed before is private after the command, with all files", async () => {
  const aws = await startAwsStub();
  const project = createFakeProject({ AWS_ENDPOINT_URL: process.env["AWS_ENDPOINT_URL"] ?? "" });
  try {
    aws.answers = { "dynamodb:DescribeTable": { Table: { TableName: "dextr-recorded", TableId: "1" } } };
    project.write("elsewhere/review.json", "{}");
    const { output } = await project.run("plan", "--plans", "elsewhere");
    expect(output).toContain("1 of 1 instance would change");
    const directory = path.join(project.directory, "elsewhere");
    const open = [
      directory,
      ...readdirSync(directory, { recursive: true, encoding: "utf8" }).map((name) => path.join(directory, name)),
    ];
    expect(open.length).toBeGreaterThan(5);
    expect(open.filter((file) => (statSync(file).mode & 0o77) !== 0)).toEqual([]);

    chmodSync(project.directory, 0o755);
    const refused = await project.run("plan", "--plans", ".");
    expect(refused).toEqual({
      exitCode: 1,
      output: expect.stringMatching(/contains the project, so it cannot be made private/) as string,
    });
  } finally {
    project.remove();
    await aws.close();
  }
});

test("only one file of the command line writes to standard output and standard error", () => {
  const root = path.join(projectRoot(), "fleet");
  const writers = readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .filter((name) =>
      /process\s*\.\s*(stdout|stderr)|process\[|\bconsole\s*\.\s*\w+\(|from "(node:)?(process|console)"|stdio: "inherit"/.test(
        readFileSync(path.join(root, name), "utf8"),
      ),
    );
  expect(writers).toEqual([path.join("output", "terminal.ts")]);
});
