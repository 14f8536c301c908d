/** The checks of verify for faults that occur outside a deployment: function, alias, permission, role, wrong or late answers. */
import { indexName } from "../../../../config/aws-names";
import type { InstanceConfig } from "../../../../config/types";
import { verifyInstance } from "../../../../fleet/checks/verify/verify";
import { packageBlockedCalls } from "../../../../lambda/packaging";
import { functionEnvironment } from "../../../../lambda/settings";
import { moduleContent } from "../../../../stacks/flow-contents";
import { functionSettings } from "../../../../stacks/function-settings";
import { sampleInstance } from "../../../stacks/sample-instance";
import { recordedInstance } from "../../guard/recorded-plan";
import { startAwsStub, AwsError, AnswerWithHeaders, type AwsStub, type Answers, type Decider } from "../../aws-answers";

let aws: AwsStub;
beforeAll(async () => {
  aws = await startAwsStub();
});
afterAll(() => aws.close());

const key = (AttributeName: string, KeyType: string) => ({ AttributeName, KeyType });
const listedNumber = "+15555550101";
const simulated = (decision: string): string =>
  `<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult><EvaluationResults><member><EvalActionName>dynamodb:Query</EvalActionName><EvalDecision>${decision}</EvalDecision></member></EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>`;
const configuration = {
  FunctionName: "blockedCalls-acme",
  Runtime: sampleInstance.function.runtime,
  Handler: "index.handler",
  MemorySize: sampleInstance.function.memoryMb,
  Timeout: sampleInstance.lookup.flowTimeLimitSeconds,
  CodeSha256: packageBlockedCalls().sourceCodeHash,
  LoggingConfig: { LogFormat: "Text", LogGroup: sampleInstance.function.logGroupName },
  Version: "3",
  State: "Active",
  Role: "arn:aws:iam::111122223333:role/blockedCalls-acme-eu-central-1",
  Environment: { Variables: functionEnvironment(functionSettings(sampleInstance)) },
};
const statement = (more: object = {}) => ({
  Effect: "Allow",
  Principal: { Service: "connect.amazonaws.com" },
  Action: "lambda:InvokeFunction",
  Resource: sampleInstance.function.aliasArn,
  Condition: {
    StringEquals: { "AWS:SourceAccount": "111122223333" },
    ArnLike: { "AWS:SourceArn": sampleInstance.instanceArn },
  },
  ...more,
});
const policy = (...Statement: readonly object[]) => ({ Policy: JSON.stringify({ Version: "2012-10-17", Statement }) });

/** An answer of the function, with the latency in its log line. */
const answered = (answer: object, LatencyMs?: number): AnswerWithHeaders =>
  new AnswerWithHeaders(
    answer,
    LatencyMs === undefined
      ? {}
      : { "x-amz-log-result": Buffer.from(`START\n${JSON.stringify({ LatencyMs })}\nEND\n`).toString("base64") },
  );
const right: Decider = (event) => {
  const number = JSON.stringify(event).includes(listedNumber);
  return answered(
    number ? { response: "match", reason: "blocked" } : { response: "nomatch", reason: "not_blocked" },
    4,
  );
};
const query: Decider = ({ ExpressionAttributeValues }) => {
  const asked = (ExpressionAttributeValues as Record<string, { S: string } | undefined>)[":number"]?.S;
  const Items = asked === undefined || asked === listedNumber ? [{ CustomerEndpoint: { S: listedNumber } }] : [];
  return { Items, Count: Items.length };
};

const healthy: Answers = {
  "dynamodb:DescribeTable": {
    Table: {
      TableStatus: "ACTIVE",
      AttributeDefinitions: ["Disposition", "CustomerEndpoint"].map((name) => ({
        AttributeName: name,
        AttributeType: "S",
      })),
      GlobalSecondaryIndexes: [
        {
          IndexName: indexName,
          IndexStatus: "ACTIVE",
          KeySchema: [key("Disposition", "HASH"), key("CustomerEndpoint", "RANGE")],
        },
      ],
    },
  },
  "dynamodb:Query": query,
  "lambda:GetFunctionConfiguration": configuration,
  "lambda:GetAlias": { FunctionVersion: "3" },
  "lambda:ListVersionsByFunction": { Versions: [{ ...configuration, Version: "$LATEST" }, { Version: "3" }] },
  "lambda:GetPolicy": policy(statement()),
  "lambda:Invoke": right,
  "iam:SimulatePrincipalPolicy": simulated("allowed"),
  "connect:ListLambdaFunctions": { LambdaFunctions: [sampleInstance.function.aliasArn] },
  "connect:ListContactFlowModules": { ContactFlowModulesSummaryList: [{ Id: "m", Name: "blockedStatus" }] },
  "connect:ListContactFlows": { ContactFlowSummaryList: [] },
  "connect:DescribeContactFlowModule": {
    ContactFlowModule: {
      Id: "m",
      State: "ACTIVE",
      // The service returns it in lower case.
      Status: "published",
      Content: JSON.stringify(moduleContent(sampleInstance)),
    },
  },
};

/** `outcome name: detail` of every check that is not ok. */
async function problems(more: Answers = {}, instance: InstanceConfig = sampleInstance): Promise<string[]> {
  aws.answers = { ...healthy, ...more };
  const checks = await verifyInstance(instance, aws.clients);
  return checks.filter(({ outcome }) => outcome !== "ok").map((one) => `${one.outcome} ${one.name}: ${one.detail}`);
}

test("a healthy instance passes every check", async () => {
  expect(await problems()).toEqual([]);
});

test("a decommissioned instance is not checked", async () => {
  aws.calls.length = 0;
  expect(await problems({}, { ...sampleInstance, release: "remove-index" })).toEqual([]);
  expect(aws.calls).toEqual([]);
});

describe("function", () => {
  const missing = new AwsError("ResourceNotFoundException", "not found", 404);

  test("a missing function is not invoked", async () => {
    aws.calls.length = 0;
    expect(await problems({ "lambda:GetFunctionConfiguration": missing })).toEqual([
      expect.stringMatching(/^failed function: There is no function blockedCalls-acme in eu-central-1 of account/),
      "unproven answers: The function was not invoked: see the failed checks.",
    ]);
    expect(aws.calls).not.toContain("lambda:Invoke");
  });

  test("a missing alias and an alias without a version fail", async () => {
    expect((await problems({ "lambda:GetAlias": missing }))[0]).toMatch(/^failed alias: .* has no alias live, which/);
    const versionless: Decider = (_, url) => (url.includes("Qualifier=3") ? missing : configuration);
    expect((await problems({ "lambda:GetFunctionConfiguration": versionless }))[0]).toMatch(
      /^failed alias: The alias live points to version 3 of blockedCalls-acme, which does not exist/,
    );
  });

  test.each(["Pending", "Failed"])("a version that is %s fails", async (State) => {
    expect((await problems({ "lambda:GetFunctionConfiguration": { ...configuration, State } }))[0]).toContain(
      `which is ${State}. It cannot be invoked`,
    );
  });

  test("a version that is Inactive is ok", async () => {
    expect(await problems({ "lambda:GetFunctionConfiguration": { ...configuration, State: "Inactive" } })).toEqual([]);
  });
});

describe("the version that the alias points to", () => {
  /** `$LATEST` is healthy; the alias's version has these differences. */
  const live =
    (difference: object): Decider =>
    (_, url) =>
      url.includes("Qualifier=3") ? { ...configuration, ...difference } : configuration;

  test("fails if $LATEST has another role, and names the command that publishes $LATEST", async () => {
    const old = { Role: "arn:aws:iam::111122223333:role/old" };
    aws.answers = { ...healthy, "lambda:GetFunctionConfiguration": live(old) };
    const checks = await verifyInstance(sampleInstance, aws.clients);
    const published = checks.find(({ name }) => name === "published");
    expect(published).toEqual({
      name: "published",
      outcome: "failed",
      detail:
        "The alias live points to version 3 of blockedCalls-acme, which differs from $LATEST in: role. " +
        "The last change of the function is not live: calls are answered by the old version.",
      fix:
        "To publish $LATEST and move the alias, plan and deploy: npm run fleet -- plan stack=test-acme-eu-central-1, " +
        "then npm run fleet -- deploy stack=test-acme-eu-central-1.",
    });
  });

  test("fails if the alias points to an older version than the newest, and explains how a rollback ends", async () => {
    aws.answers = {
      ...healthy,
      "lambda:GetFunctionConfiguration": live({ CodeSha256: "old" }),
      // AWS lists the versions in no useful order, and on several pages.
      "lambda:ListVersionsByFunction": (_, url) =>
        url.includes("Marker")
          ? { Versions: [{ Version: "3" }, { Version: "9" }] }
          : { Versions: [{ ...configuration, Version: "10" }], NextMarker: "more" },
    };
    const checks = await verifyInstance(sampleInstance, aws.clients);
    const published = checks.find(({ name }) => name === "published");
    expect(published?.detail).toContain("differs from $LATEST in: code. The newest version is 10, and it is the same");
    expect(published?.detail).toContain("someone moved the alias, for example to roll back");
    expect(published?.fix).toContain("After a rollback, revert the change in the repository first");
    expect(checks.find(({ name }) => name === "configuration")?.detail).toMatch(
      /SHA-256 of the code is old instead of \S{44}\.$/,
    );
  });

  test("fails if $LATEST has another environment, and names no value", async () => {
    const { Variables } = configuration.Environment;
    const old = { Environment: { Variables: { ...Variables, EXEMPT_NUMBERS: listedNumber } } };
    const found = await problems({ "lambda:GetFunctionConfiguration": live(old) });
    expect(found).toEqual([
      expect.stringMatching(/^failed published: .* differs from \$LATEST in: environment\./),
      expect.stringMatching(/^failed environment: .*EXEMPT_NUMBERS/),
    ]);
    expect(found.join()).not.toContain(listedNumber);
  });

  test.each([
    ["memory in MB", { MemorySize: 1 }, "memory in MB is 1 instead of"],
    ["timeout in seconds", { Timeout: 900 }, "timeout in seconds is 900 instead of"],
    ["handler", { Handler: "app.main" }, "handler is app.main instead of index.handler"],
    ["runtime", { Runtime: "nodejs18.x" }, "runtime is nodejs18.x instead of"],
    ["log group", { LoggingConfig: { LogFormat: "Text", LogGroup: "/other" } }, "log lines and metrics are lost"],
    ["log format", { LoggingConfig: { ...configuration.LoggingConfig, LogFormat: "JSON" } }, "log format is JSON"],
    ["code", { CodeSha256: "other" }, "SHA-256 of the code is other instead of"],
  ])("fails if the %s differs from the stack", async (_, difference, detail) => {
    const changed = { ...configuration, ...difference };
    const found = await problems({ "lambda:GetFunctionConfiguration": changed });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^failed configuration: The function's configuration differs from the stack: /);
    expect(found[0]).toContain(detail);
  });

  test("fails if the alias sends part of the calls to another version", async () => {
    const RoutingConfig = { AdditionalVersionWeights: { "2": 0.1 } };
    expect(await problems({ "lambda:GetAlias": { FunctionVersion: "3", RoutingConfig } })).toEqual([
      expect.stringContaining("sends part of the calls to another version: 10 % to version 2."),
    ]);
    expect(await problems({ "lambda:GetAlias": { FunctionVersion: "3", RoutingConfig: {} } })).toEqual([]);
  });
});

describe("permission", () => {
  const { Condition } = statement();
  test.each([
    ["of the association, by account and ARN", statement({ Sid: "connect-x" })],
    ["by the ARN alone", statement({ Condition: { ArnLike: Condition.ArnLike } })],
    ["of several actions", statement({ Action: ["lambda:GetFunction", "lambda:InvokeFunction"] })],
  ])("a statement %s is ok", async (_, enough) => {
    expect(await problems({ "lambda:GetPolicy": policy(statement({ Effect: "Deny", Action: "x" }), enough) })).toEqual(
      [],
    );
  });

  test.each([
    [
      "is for another instance",
      statement({ Condition: { ArnLike: { "AWS:SourceArn": `${sampleInstance.instanceArn}0` } } }),
    ],
    ["is for another account", statement({ Condition: { StringEquals: { "AWS:SourceAccount": "444455556666" } } })],
    ["is for another service", statement({ Principal: { Service: "lex.amazonaws.com" } })],
    ["denies", statement({ Effect: "Deny" })],
    ["is for another action", statement({ Action: "lambda:GetFunction" })],
    ["has one more condition", statement({ Condition: { ...Condition, Bool: { "aws:SecureTransport": "true" } } })],
  ])("a statement that %s fails", async (_, other) => {
    expect(await problems({ "lambda:GetPolicy": policy(other) })).toEqual([
      expect.stringMatching(
        /^failed permission: The resource policy of the alias live does not allow this Connect instance/,
      ),
    ]);
  });
});

describe("role", () => {
  const denied = { "iam:SimulatePrincipalPolicy": new AwsError("AccessDenied", "not authorized", 403) };
  const listOf = (operation: string, members: string): string =>
    `<${operation}Response><${operation}Result>${members}<IsTruncated>false</IsTruncated></${operation}Result></${operation}Response>`;

  test("an explicit deny is reported", async () => {
    expect(await problems({ "iam:SimulatePrincipalPolicy": simulated("explicitDeny") })).toEqual([
      expect.stringContaining(
        "may not dynamodb:Query on the index because of an explicit deny. Every lookup ends with access_denied",
      ),
    ]);
  });

  test("a role that does not exist fails", async () => {
    const answer = { "iam:SimulatePrincipalPolicy": new AwsError("NoSuchEntity", "none", 404) };
    expect(await problems(answer)).toEqual([expect.stringContaining("which does not exist. It cannot be invoked")]);
  });

  test("a condition that cannot be evaluated makes the check unproven", async () => {
    const Statement = [
      { Effect: "Allow", Action: "*", Resource: "*", Condition: { IpAddress: { "aws:SourceIp": "192.0.2.1" } } },
    ];
    const document = encodeURIComponent(JSON.stringify({ Version: "2012-10-17", Statement }));
    const read = {
      ...denied,
      "iam:ListRolePolicies": listOf("ListRolePolicies", "<PolicyNames><member>lookup</member></PolicyNames>"),
      "iam:GetRolePolicy": `<GetRolePolicyResponse><GetRolePolicyResult><PolicyDocument>${document}</PolicyDocument></GetRolePolicyResult></GetRolePolicyResponse>`,
      "iam:ListAttachedRolePolicies": listOf("ListAttachedRolePolicies", "<AttachedPolicies></AttachedPolicies>"),
    };
    expect(await problems(read)).toEqual([expect.stringMatching(/^unproven role: .* depends on a condition/)]);
  });
});

describe("answers", () => {
  const always = (answer: object, latency?: number): Answers => ({ "lambda:Invoke": answered(answer, latency) });

  test("a function that always answers match fails for an unlisted number", async () => {
    expect(await problems(always({ response: "match", reason: "blocked" }, 3))).toEqual([
      expect.stringContaining(
        "failed unlisted number: For an unlisted number the answer is match (blocked) instead of nomatch: callers are blocked by mistake.",
      ),
    ]);
  });

  test("a fault is reported with its cause", async () => {
    const found = await problems(always({ response: "nomatch", reason: "throttled" }, 3));
    expect(found).toEqual([
      expect.stringMatching(
        /^failed unlisted number: .* calls go through because of a fault\. DynamoDB throttled the request/,
      ),
      expect.stringMatching(
        /^failed listed: Blocked: For a listed number the answer is nomatch \(throttled\) instead of match: the caller is not blocked\./,
      ),
    ]);
  });

  test("an answer without a known reason is not from our function", async () => {
    aws.answers = { ...healthy, ...always({ response: "nomatch" }) };
    const checks = await verifyInstance(sampleInstance, aws.clients);
    expect(checks.find(({ name }) => name === "unlisted number")?.fix).toContain(
      "This answer is not from our function",
    );
  });

  test("a late answer fails if the function measured the time; otherwise the check is unproven", async () => {
    const late: Decider = (event, url) => {
      const inTime = right(event, url) as AnswerWithHeaders;
      return answered(inTime.answer, 1600);
    };
    expect(await problems({ "lambda:Invoke": late })).toEqual([
      "failed time: The slowest of 2 answers took 1600.0 ms (measured by the function); the budget is 1500 ms.",
    ]);
    const silent: Decider = (event, url) => {
      for (const end = performance.now() + 110; performance.now() < end;); // longer than the budget
      return answered((right(event, url) as AnswerWithHeaders).answer);
    };
    const hurried = { ...sampleInstance, lookup: { ...sampleInstance.lookup, budgetMs: 100 } };
    const found = await problems({ "lambda:Invoke": silent }, hurried);
    expect(found.find((one) => one.includes(" time: "))).toMatch(
      /^unproven time: .* \(measured by this command, with the network\); the budget/,
    );
  });

  test("without a listed number, blocking is unproven", async () => {
    expect(await problems({ "dynamodb:Query": { Items: [], Count: 0 } })).toEqual([
      "unproven listed: Blocked: No contact with this Disposition has a phone number that can be blocked, so blocking cannot be tested.",
    ]);
  });

  test("a phone number in the function's error message is redacted", async () => {
    const failing = new AnswerWithHeaders(
      { errorType: "Error", errorMessage: `no ${listedNumber} here` },
      { "x-amz-function-error": "Unhandled" },
    );
    const [found = ""] = await problems({ "lambda:Invoke": failing });
    expect(found).toMatch(/^failed answers: The function ends with an error \(Error: no \+1•+\d\d here\)/);
    expect(found).not.toContain(listedNumber);
  });
});

test("a module with invalid content fails, and so does a module that is not published", async () => {
  const module = (more: object) => ({
    "connect:DescribeContactFlowModule": {
      ContactFlowModule: {
        ...(healthy["connect:DescribeContactFlowModule"] as { ContactFlowModule: object }).ContactFlowModule,
        ...more,
      },
    },
  });
  expect(await problems(module({ Content: "[" }))).toEqual([
    expect.stringContaining("failed content: The module's content is not JSON"),
  ]);
  expect(await problems(module({ State: "ARCHIVED" }))).toEqual([
    expect.stringContaining("(m) is ARCHIVED and published. Flows cannot call it"),
  ]);
  expect(await problems(module({ Status: "SAVED" }))).toEqual([
    expect.stringContaining("(m) is ACTIVE and SAVED. Flows cannot call it"),
  ]);
});

describe("the inbound flow", () => {
  const instance = recordedInstance();
  const flows = (...summaries: readonly object[]): Answers => ({
    "connect:ListLambdaFunctions": { LambdaFunctions: [instance.function.aliasArn] },
    "connect:ListContactFlows": { ContactFlowSummaryList: summaries },
  });
  const name = instance.inboundFlow?.name;

  async function found(answers: Answers): Promise<unknown> {
    aws.answers = { ...healthy, ...answers };
    const checks = await verifyInstance(instance, aws.clients);
    return checks.find((check) => check.name === "inbound flow");
  }

  test("is ok if it is active, and a flow with another name is not considered", async () => {
    const others = { Id: "other", Name: "other", ContactFlowState: "ARCHIVED" };
    expect(await found(flows(others, { Id: "f", Name: name, ContactFlowState: "ACTIVE" }))).toMatchObject({
      outcome: "ok",
    });
  });

  test("fails if it is archived, with the command that activates it, or missing", async () => {
    expect(await found(flows({ Id: "f", Name: name, ContactFlowState: "ARCHIVED" }))).toEqual({
      name: "inbound flow",
      outcome: "failed",
      detail: `The inbound flow ${String(name)} (f) is ARCHIVED. Calls to its phone numbers fail.`,
      fix:
        "A deployment does not change this. Activate it: aws connect update-contact-flow-metadata --region us-east-1 " +
        `--instance-id ${instance.instanceId} --contact-flow-id f --contact-flow-state ACTIVE`,
    });
    expect(await found(flows())).toMatchObject({ outcome: "failed", fix: `Deploy ${instance.stackName}.` });
  });

  test("is not checked if the stack has none", async () => {
    aws.answers = healthy;
    const names = (await verifyInstance(sampleInstance, aws.clients)).map((check) => check.name);
    expect(names).toContain("flows");
    expect(names).not.toContain("inbound flow");
  });
});

describe("flows that call a module that no longer exists", () => {
  const compare = {
    Identifier: "compare",
    Type: "Compare",
    Parameters: { ComparisonValue: "$.Attributes.blockedStatus" },
  };
  const calling = (FlowModuleId: string, ...more: readonly object[]): Answers => ({
    "connect:ListContactFlows": { ContactFlowSummaryList: [{ Id: "f", Name: "Main +15555550101" }] },
    "connect:DescribeContactFlow": {
      ContactFlow: {
        Content: JSON.stringify({
          StartAction: "check",
          Actions: [{ Identifier: "check", Type: "InvokeFlowModule", Parameters: { FlowModuleId } }, ...more],
        }),
      },
    },
  });

  test("fail if the flow compares the attribute of the module", async () => {
    expect(await problems(calling("gone", compare))).toEqual([
      'failed flows: The flow Main +1••••••••01 calls the module gone in the block "check", but the instance has no such module. ' +
        "The call takes its error branch, and no caller of this flow is blocked. Select the module blockedStatus in the block, and publish the flow.",
    ]);
    expect(await problems(calling("m", compare))).toEqual([]);
    expect(await problems(calling("$.Attributes.module", compare))).toEqual([]);
  });

  test("are unproven if the flow does not concern call blocking", async () => {
    expect(await problems(calling("gone"))).toEqual([
      expect.stringMatching(/^unproven flows: .* takes its error branch\. /),
    ]);
  });
});

test("an association on the second page is found", async () => {
  const pages: Decider = (_, url) =>
    url.includes("nextToken")
      ? { LambdaFunctions: [sampleInstance.function.aliasArn] }
      : { LambdaFunctions: ["arn:aws:lambda:eu-central-1:111122223333:function:other"], NextToken: "more" };
  expect(await problems({ "connect:ListLambdaFunctions": pages })).toEqual([]);
});
