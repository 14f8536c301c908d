/** Lost or moved states, shared indexes and changed table names, through the command line: refused before anything is written. */
import { readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { recordedInstance, recordedJson, recordedYaml } from "../guard/recorded-plan";
import { AwsError, startAwsStub } from "../aws-answers";
import type { Answers, AwsStub } from "../aws-answers";
import { absent, denied, deployed, empty, moduleId, moduleOf, modules, ownDescription, role } from "./account-answers";
import { createFakeProject, stackName } from "./fake-project";
import type { FakeProject } from "./fake-project";

jest.setTimeout(600_000);

const instance = recordedInstance();
let aws: AwsStub;
let project: FakeProject;
beforeAll(async () => {
  aws = await startAwsStub();
  project = createFakeProject({ AWS_ENDPOINT_URL: process.env["AWS_ENDPOINT_URL"] ?? "" });
});
afterAll(async () => {
  project.remove();
  await aws.close();
});
beforeEach(() => {
  aws.answers = empty;
  aws.calls.length = 0;
  for (const name of ["build/plans", "calls.log", "plan-fails"]) {
    rmSync(path.join(project.directory, name), { recursive: true, force: true });
  }
  project.write("plan.json", recordedJson("adoption"));
  project.write("environments/dev.yaml", recordedYaml());
  project.write("remote.tfstate", JSON.stringify({ version: 4, serial: 3, lineage: "line" }));
});

describe("a plan that would create existing resources", () => {
  test("is refused if the state was lost or moved, with the resources, the cause and the remedy", async () => {
    aws.answers = deployed(stackName);
    const { exitCode, output } = await project.runHere("plan", "--review-md", "review.md");
    expect(output).toContain(
      `${stackName}: refused by "existing-resources"\n  The plan would create 29 resources, but 6 of them exist`,
    );
    expect(output).toContain("the Lambda function blockedCalls-recorded");
    expect(output).toContain("the flow module blockedStatus");
    expect(output).toContain(`They belong to this stack (${stackName}), but its state does not contain them.`);
    expect(output).toContain(`Either the state s3://acme-terraform-state/${instance.state.key} was lost`);
    expect(output).toContain(`npm run fleet -- recover stack=${stackName}`);
    expect(output).toContain("See docs/disaster-recovery.md");
    expect(output).not.toContain("warning:");
    expect(exitCode).toBe(3);
    const review = readFileSync(path.join(project.directory, "review.md"), "utf8");
    expect(review).toContain("**existing-resources** · the whole plan");
    expect(readFileSync(path.join(project.directory, "build/plans/review.json"), "utf8")).toContain('"refused"');
  });

  test("is refused if another stack manages the module, with the old file name", async () => {
    aws.answers = deployed("old-recorded-us-east-1");
    const { exitCode, output } = await project.runHere("plan");
    expect(output).toContain("The stack old-recorded-us-east-1 manages them.");
    expect(output).toContain("use the old file name again (environments/old.yaml, now environments/dev.yaml)");
    expect(output).toContain("Or another deployment, for example from another repository");
    expect(exitCode).toBe(3);
  });

  test("is refused for a function of the same instance without its module, with both causes", async () => {
    aws.answers = { ...deployed(""), "connect:ListContactFlowModules": { ContactFlowModulesSummaryList: [] } };
    const { exitCode, output } = await project.runHere("plan");
    expect(output).toContain("Their descriptions name this instance");
    expect(output).toContain("another deployment manages the same Connect instance");
    expect(exitCode).toBe(3);
  });

  test("is refused for a schedule that another team has under the canary's name", async () => {
    aws.answers = { ...empty, "events:DescribeRule": { Name: instance.canary.name } };
    const { exitCode, output } = await project.runHere("plan");
    expect(output).toContain('refused by "existing-resources", aws_cloudwatch_event_rule.canary');
    expect(output).toContain("An apply would change it");
    expect(output).toContain("Set alarms.canaryName to another name");
    expect(exitCode).toBe(3);
  });

  test("is refused for resources created by hand, with the setting that adopts each resource", async () => {
    aws.answers = {
      ...deployed(""),
      "lambda:GetFunctionConfiguration": (_, url) => (url.includes("canary") ? absent : { Description: "by hand" }),
      "iam:GetRole": ({ RoleName }) =>
        role(
          String(RoleName).includes("canary") ? "Runs blockedCalls-canary-recorded: may query one index" : "by hand",
        ),
      "connect:DescribeContactFlowModule": { ContactFlowModule: { Id: moduleId, Description: "by hand" } },
    };
    const { exitCode, output } = await project.runHere("plan");
    expect(output).toContain('This stack did not create it: its description is "by hand".');
    expect(output).toContain("Set adoptExisting.function: true for recorded");
    expect(output).toContain("Set adoptExisting.role: true for recorded");
    expect(output).toContain(`Set adoptExisting.module: ${moduleId} for recorded`);
    expect(output).toContain("but 4 of them exist already: ");
    expect(exitCode).toBe(3);
  });

  test("is refused for only a log group, because its creation would fail", async () => {
    aws.answers = { ...empty, "logs:DescribeLogGroups": deployed("")["logs:DescribeLogGroups"] ?? {} };
    const { exitCode, output } = await project.runHere("plan");
    expect(output).toContain("no other resource of this stack exists");
    expect(output).toContain("Set adoptExisting.logGroup: true for recorded");
    expect(exitCode).toBe(3);
  });

  test("is allowed if nothing exists", async () => {
    const { exitCode, output } = await project.runHere("plan");
    expect(output).not.toContain("warning:");
    expect(exitCode).toBe(2);
  });

  test("is allowed with a warning in the summary and the review if the lookups are denied", async () => {
    aws.answers = { ...empty, "lambda:GetFunctionConfiguration": denied, "connect:ListContactFlowModules": denied };
    const { exitCode, output } = await project.runHere(
      "plan",
      "--review-md",
      "review.md",
      "--review-html",
      "review.html",
    );
    const warning =
      "It is unknown whether these resources exist already: the Lambda function blockedCalls-canary-recorded, " +
      "the Lambda function blockedCalls-recorded, the flow module blockedStatus. AccessDeniedException: not authorized.";
    expect(output).toContain(`${stackName}: warning: ${warning}`);
    expect(exitCode).toBe(2);
    for (const file of ["review.md", "review.html"]) {
      expect(readFileSync(path.join(project.directory, file), "utf8")).toContain("It is unknown whether");
    }
  });

  test("is also refused by deploy, before anything is applied", async () => {
    expect((await project.runHere("plan")).exitCode).toBe(2);
    aws.answers = deployed("other-recorded-us-east-1");
    const { exitCode, output } = await project.runHere("deploy");
    expect(output).toContain('The guard rule "existing-resources" refuses the plan.');
    expect(output).toContain("The stack other-recorded-us-east-1 manages them.");
    expect(output).toContain("Refused: nothing was applied.");
    expect(exitCode).toBe(3);
    expect(project.calls()).not.toContain("apply");
  });
});

test("a plan that creates no function, role or module is not compared with the existing resources", async () => {
  project.write("plan.json", recordedJson("module-edit"));
  await project.runHere("plan");
  // Every plan looks for flows that call a missing module.
  expect(new Set(aws.calls)).toEqual(new Set(["connect:ListContactFlows", "dynamodb:DescribeTable"]));
});

test("a plan and its review list the flows that call a module that no longer exists", async () => {
  const call = { Identifier: "check", Type: "InvokeFlowModule", Parameters: { FlowModuleId: "deleted" } };
  aws.answers = {
    ...deployed(""),
    "connect:ListContactFlowModules": modules,
    "connect:ListContactFlows": { ContactFlowSummaryList: [{ Id: "f", Name: "Main inbound" }] },
    "connect:DescribeContactFlow": {
      ContactFlow: { Content: JSON.stringify({ StartAction: "check", Actions: [call] }) },
    },
  };
  project.write("plan.json", recordedJson("module-edit"));
  const { output } = await project.runHere("plan", "--review-md", "review.md", "--review-html", "review.html");
  const sentence = "The flow Main inbound calls the module deleted in the block";
  expect(output).toContain(`warning: ${sentence} "check"`);
  for (const file of ["review.md", "review.html"])
    expect(readFileSync(path.join(project.directory, file), "utf8")).toContain(sentence);

  aws.answers = { ...aws.answers, "connect:ListContactFlows": new AwsError("AccessDeniedException", "no", 403) };
  expect((await project.runHere("plan")).output).toContain(
    "warning: It could not be checked whether flows and modules call a module that no longer exists. AccessDeniedException: no",
  );
});

describe("a plan that deletes the index", () => {
  const own = {
    ...empty,
    "connect:ListContactFlowModules": modules,
    "connect:DescribeContactFlowModule": moduleOf(stackName),
  };
  const functions = (...Functions: readonly object[]): Answers => ({ ...own, "lambda:ListFunctions": { Functions } });
  const usesTable = { FunctionName: "lookup", Environment: { Variables: { TABLE_NAME: "dextr-recorded" } } };

  beforeEach(() => {
    aws.answers = own;
    project.write("plan.json", recordedJson("release-remove-index"));
    project.write("environments/dev.yaml", recordedYaml("release: remove-index"));
  });

  test("is allowed if only the stack itself uses the index", async () => {
    aws.answers = functions(
      { FunctionName: "blockedCalls-recorded", Description: ownDescription },
      {
        FunctionName: "blockedCalls-canary-recorded",
        Description: "Asks blockedCalls-recorded about numbers that are listed",
      },
      { FunctionName: "someone-elses", Environment: { Variables: { TABLE: "orders" } } },
    );
    const { exitCode, output } = await project.runHere("plan");
    expect({ exitCode, output }).toMatchObject({ exitCode: 2 });
  });

  const answers: readonly (readonly [string, Answers, string])[] = [
    [
      "the module of another stack",
      { ...own, "connect:DescribeContactFlowModule": moduleOf("other-recorded-us-east-1") },
      `the flow module blockedStatus (${moduleId}) of the stack other-recorded-us-east-1`,
    ],
    [
      "a module that the plan does not delete",
      {
        ...own,
        "connect:ListContactFlowModules": { ContactFlowModulesSummaryList: [{ Name: "blockedStatus", Id: "another" }] },
        "connect:DescribeContactFlowModule": { ContactFlowModule: { Description: "by hand" } },
      },
      'the flow module blockedStatus (another), which this stack does not delete (description "by hand")',
    ],
    [
      "a function whose environment names the table",
      functions(usesTable),
      "the function lookup (its environment names dextr-recorded)",
    ],
    [
      "a function for the same instance",
      functions({ FunctionName: "lookup", Description: ownDescription }),
      "the function lookup (its description names this instance)",
    ],
    [
      "a canary of another deployment",
      functions(usesTable, { FunctionName: "probe", Description: "Asks lookup about numbers that are listed and one" }),
      "the function probe (it is a canary of lookup)",
    ],
    [
      "a function of the vendor's guide",
      {
        ...functions({ FunctionName: "blockedCalls" }),
        "connect:ListLambdaFunctions": {
          LambdaFunctions: ["arn:aws:lambda:us-east-1:111122223333:function:blockedCalls"],
        },
      },
      "the function blockedCalls (it has the name from the vendor's guide",
    ],
    [
      "an associated function with an unreadable environment",
      {
        ...functions({ FunctionName: "secret", Environment: { Error: { ErrorCode: "AccessDenied", Message: "kms" } } }),
        "connect:ListLambdaFunctions": {
          LambdaFunctions: ["arn:aws:lambda:us-east-1:111122223333:function:secret:v1"],
        },
      },
      "the function secret (this Connect instance may call it, and its environment cannot be read)",
    ],
  ];
  test.each(answers)("is refused if the index is used by %s, and keep-index is recommended", async (_, given, user) => {
    aws.answers = given;
    const { exitCode, output } = await project.runHere("plan");
    expect(output).toContain(`${stackName}: refused by "shared-index", aws_dynamodb_table.contacts`);
    expect(output).toContain(user);
    expect(output).toContain("Set release: keep-index for recorded in environments/dev.yaml");
    expect(exitCode).toBe(3);
  });

  test("is allowed if it only stops managing the table, whatever uses the index", async () => {
    aws.answers = functions(usesTable);
    project.write("plan.json", recordedJson("release-keep-index"));
    project.write("environments/dev.yaml", recordedYaml("release: keep-index"));
    const { exitCode, output } = await project.runHere("plan");
    expect({ exitCode, output }).toMatchObject({ exitCode: 2 });
  });

  test("is refused if the users cannot be looked up", async () => {
    aws.answers = { ...own, "lambda:ListFunctions": denied };
    const { exitCode, output } = await project.runHere("plan");
    expect(output).toContain(
      "it is unknown whether anything else uses the index. AccessDeniedException: not authorized.",
    );
    expect(output).toContain("release: keep-index");
    expect(exitCode).toBe(3);
  });

  test("is refused by deploy if a second deployment appeared after the plan", async () => {
    expect((await project.runHere("plan")).exitCode).toBe(2);
    aws.answers = functions(usesTable);
    const { exitCode, output } = await project.runHere("deploy");
    expect(output).toContain('The guard rule "shared-index" refuses aws_dynamodb_table.contacts.');
    expect(exitCode).toBe(3);
    expect(project.calls()).not.toContain("apply");
  });
});

describe("a plan that would replace the table", () => {
  const detail =
    "Resource aws_dynamodb_table.contacts has lifecycle.prevent_destroy set, but the plan calls for this resource to be destroyed. " +
    "To avoid this error and continue with the plan, either disable lifecycle.prevent_destroy or reduce the scope of the plan.";
  const diagnostic = { severity: "error", summary: "Instance cannot be destroyed", detail };
  const failure = JSON.stringify({ "@level": "error", type: "diagnostic", diagnostic });
  const stateWith = (name: string): string =>
    JSON.stringify({
      version: 4,
      serial: 3,
      lineage: "line",
      resources: [
        { mode: "managed", type: "aws_dynamodb_table", name: "contacts", instances: [{ attributes: { name } }] },
      ],
    });

  const noCapacity = JSON.stringify({
    "@level": "error",
    type: "diagnostic",
    diagnostic: {
      severity: "error",
      summary: "read_capacity must be at least 1 when billing_mode is PROVISIONED",
      address: "aws_dynamodb_table.contacts",
    },
  });

  test.each([
    ["prevent_destroy", failure],
    ["the missing capacity of a new provisioned table", noCapacity],
  ])("fails with both table names and the procedure if tableName changed (%s)", async (_, planFailure) => {
    project.write("plan-fails", planFailure);
    project.write("remote.tfstate", stateWith("dextr-old"));
    const { exitCode, output } = await project.runHere("plan");
    expect(output).toContain(
      "The state contains the table dextr-old, but the environment file names the table dextr-recorded " +
        "(tableName of recorded in environments/dev.yaml).",
    );
    expect(output).toContain(
      "Do not disable prevent_destroy. If tableName was changed by mistake, restore the name dextr-old.",
    );
    expect(output).toContain(
      `    terraform -chdir=cdktf.out/stacks/${stackName} state rm aws_dynamodb_table.contacts\n`,
    );
    expect(output).toContain('docs/disaster-recovery.md, "A restored or recreated table"');
    expect(output).not.toContain("either disable");
    expect(exitCode).toBe(1);
  });

  test("fails with the same procedure if the table has the same name", async () => {
    project.write("plan-fails", failure);
    project.write("remote.tfstate", stateWith("dextr-recorded"));
    const { output } = await project.runHere("plan");
    expect(output).toContain("differs from the table in the state so much that Terraform would replace the table");
    expect(output).toContain("state rm aws_dynamodb_table.contacts");
  });

  test("is not the explanation of another error", async () => {
    const other = { severity: "error", summary: "Invalid provider", detail: "no credentials" };
    project.write("plan-fails", JSON.stringify({ "@level": "error", type: "diagnostic", diagnostic: other }));
    const { output } = await project.runHere("plan");
    expect(output).toContain("terraform plan failed. Invalid provider\n  no credentials");
  });
});
