/** What verify says where AWS answers as no deployment leaves it: function, alias, permission, role, and wrong or late answers. */
import { indexName } from "../../../../config/aws-names";
import type { InstanceConfig } from "../../../../config/types";
import { verifyInstance } from "../../../../fleet/checks/verify/verify";
import { functionEnvironment } from "../../../../lambda/settings";
import { moduleContent } from "../../../../stacks/flow-contents";
import { functionSettings } from "../../../../stacks/function-settings";
import { sampleInstance } from "../../../stacks/sample-instance";
import { answeringAws, AwsError, WithHeaders, type AnsweringAws, type Answers, type Decider } from "../../aws-answers";

let aws: AnsweringAws;
beforeAll(async () => {
  aws = await answeringAws();
});
afterAll(() => aws.close());

const key = (AttributeName: string, KeyType: string) => ({ AttributeName, KeyType });
const listedNumber = "+15555550101";
const simulated = (decision: string): string =>
  `<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult><EvaluationResults><member><EvalActionName>dynamodb:Query</EvalActionName><EvalDecision>${decision}</EvalDecision></member></EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>`;
const configuration = {
  FunctionName: "blockedCalls-acme",
  Runtime: "nodejs22.x",
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

/** The function's answer, and what its log line says of the time it took. */
const answered = (answer: object, LatencyMs?: number): WithHeaders =>
  new WithHeaders(
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

const well: Answers = {
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
  "lambda:GetPolicy": policy(statement()),
  "lambda:Invoke": right,
  "iam:SimulatePrincipalPolicy": simulated("allowed"),
  "connect:ListLambdaFunctions": { LambdaFunctions: [sampleInstance.function.aliasArn] },
  "connect:ListContactFlowModules": { ContactFlowModulesSummaryList: [{ Id: "m", Name: "blockedStatus" }] },
  "connect:DescribeContactFlowModule": {
    ContactFlowModule: {
      Id: "m",
      State: "ACTIVE",
      // In lower case, as the service has been seen to answer.
      Status: "published",
      Content: JSON.stringify(moduleContent(sampleInstance)),
    },
  },
};

/** `outcome name: detail` of every check that is not ok. */
async function troubles(more: Answers = {}, instance: InstanceConfig = sampleInstance): Promise<string[]> {
  aws.answers = { ...well, ...more };
  const checks = await verifyInstance(instance, aws.clients);
  return checks.filter(({ outcome }) => outcome !== "ok").map((one) => `${one.outcome} ${one.name}: ${one.detail}`);
}

test("nothing is said of an instance that is well", async () => {
  expect(await troubles()).toEqual([]);
});

test("of an instance that is let go of nothing is asked", async () => {
  aws.calls.length = 0;
  expect(await troubles({}, { ...sampleInstance, release: "remove-index" })).toEqual([]);
  expect(aws.calls).toEqual([]);
});

describe("function", () => {
  const missing = new AwsError("ResourceNotFoundException", "not found", 404);

  test("one that is not there is asked nothing", async () => {
    aws.calls.length = 0;
    expect(await troubles({ "lambda:GetFunctionConfiguration": missing })).toEqual([
      expect.stringMatching(/^failed function: There is no function blockedCalls-acme in eu-central-1 of account/),
      "unproven answers: Nothing was asked: see the failed checks.",
    ]);
    expect(aws.calls).not.toContain("lambda:Invoke");
  });

  test("one without the alias, or whose alias points at nothing", async () => {
    expect((await troubles({ "lambda:GetAlias": missing }))[0]).toMatch(/^failed alias: .* has no alias live, which/);
    const versionless: Decider = (_, url) => (url.includes("Qualifier=3") ? missing : configuration);
    expect((await troubles({ "lambda:GetFunctionConfiguration": versionless }))[0]).toMatch(
      /^failed alias: The alias live points at version 3 of blockedCalls-acme, which does not exist/,
    );
  });

  test.each(["Pending", "Failed"])("one that is %s cannot be called", async (State) => {
    expect((await troubles({ "lambda:GetFunctionConfiguration": { ...configuration, State } }))[0]).toContain(
      `behind live, is ${State}: it cannot be called`,
    );
  });

  test("one that is Inactive wakes up with a call", async () => {
    expect(await troubles({ "lambda:GetFunctionConfiguration": { ...configuration, State: "Inactive" } })).toEqual([]);
  });
});

describe("permission", () => {
  const { Condition } = statement();
  test.each([
    ["of the association, by account and ARN", statement({ Sid: "connect-x" })],
    ["by the ARN alone", statement({ Condition: { ArnLike: Condition.ArnLike } })],
    ["of several actions", statement({ Action: ["lambda:GetFunction", "lambda:InvokeFunction"] })],
  ])("a statement %s is enough", async (_, enough) => {
    expect(await troubles({ "lambda:GetPolicy": policy(statement({ Effect: "Deny", Action: "x" }), enough) })).toEqual(
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
    ["has a condition more", statement({ Condition: { ...Condition, Bool: { "aws:SecureTransport": "true" } } })],
  ])("a statement that %s is not", async (_, other) => {
    expect(await troubles({ "lambda:GetPolicy": policy(other) })).toEqual([
      expect.stringMatching(
        /^failed permission: The resource policy of the alias live does not let this Connect instance/,
      ),
    ]);
  });
});

describe("role", () => {
  const denied = { "iam:SimulatePrincipalPolicy": new AwsError("AccessDenied", "not authorized", 403) };
  const listOf = (operation: string, members: string): string =>
    `<${operation}Response><${operation}Result>${members}<IsTruncated>false</IsTruncated></${operation}Result></${operation}Response>`;

  test("an explicit deny is told as such", async () => {
    expect(await troubles({ "iam:SimulatePrincipalPolicy": simulated("explicitDeny") })).toEqual([
      expect.stringContaining(
        "may not dynamodb:Query on the index, by an explicit deny: every lookup ends as access_denied",
      ),
    ]);
  });

  test("one that does not exist", async () => {
    const answer = { "iam:SimulatePrincipalPolicy": new AwsError("NoSuchEntity", "none", 404) };
    expect(await troubles(answer)).toEqual([expect.stringContaining("which does not exist: it cannot be called")]);
  });

  test("a condition that cannot be decided here leaves it unproven", async () => {
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
    expect(await troubles(read)).toEqual([expect.stringMatching(/^unproven role: .* hangs on a condition/)]);
  });
});

describe("answers", () => {
  const always = (answer: object, latency?: number): Answers => ({ "lambda:Invoke": answered(answer, latency) });

  test("a function that always matches blocks who should not be", async () => {
    expect(await troubles(always({ response: "match", reason: "blocked" }, 3))).toEqual([
      expect.stringContaining(
        "failed unlisted number: A number that is not listed is answered with match (blocked) instead of nomatch: callers are blocked who should not be.",
      ),
    ]);
  });

  test("a fault is named with what it means", async () => {
    const told = await troubles(always({ response: "nomatch", reason: "throttled" }, 3));
    expect(told).toEqual([
      expect.stringMatching(
        /^failed unlisted number: .* calls go through because of a fault\. DynamoDB refused for lack of capacity/,
      ),
      expect.stringMatching(
        /^failed listed: Blocked: A listed number is answered with nomatch \(throttled\) instead of match: it is not blocked\./,
      ),
    ]);
  });

  test("answers without our reasons are not of our function", async () => {
    aws.answers = { ...well, ...always({ response: "nomatch" }) };
    const checks = await verifyInstance(sampleInstance, aws.clients);
    expect(checks.find(({ name }) => name === "unlisted number")?.fix).toContain(
      "This is not an answer of our function",
    );
  });

  test("one that is late by the function's own clock is a failure; one that is late only from here is not proved", async () => {
    const late: Decider = (event, url) => {
      const inTime = right(event, url) as WithHeaders;
      return answered(inTime.answer, 1600);
    };
    expect(await troubles({ "lambda:Invoke": late })).toEqual([
      "failed time: The slowest of 2 answers took 1600.0 ms by its own clock, of a budget of 1500 ms.",
    ]);
    const silent: Decider = (event, url) => answered((right(event, url) as WithHeaders).answer);
    const hurried = { ...sampleInstance, lookup: { ...sampleInstance.lookup, budgetMs: 0 } };
    const told = await troubles({ "lambda:Invoke": silent }, hurried);
    expect(told.find((one) => one.includes(" time: "))).toMatch(
      /^unproven time: .* there and back from here, of a budget/,
    );
  });

  test("without a listed number nothing is wrong and blocking is not shown", async () => {
    expect(await troubles({ "dynamodb:Query": { Items: [], Count: 0 } })).toEqual([
      "unproven listed: Blocked: No contact with a number that can be blocked carries it: whether one would be blocked is not shown.",
    ]);
  });

  test("a function that throws what holds a number does not have it repeated", async () => {
    const failing = new WithHeaders(
      { errorType: "Error", errorMessage: `no ${listedNumber} here` },
      { "x-amz-function-error": "Unhandled" },
    );
    const [told = ""] = await troubles({ "lambda:Invoke": failing });
    expect(told).toMatch(/^failed answers: The function fails instead of answering \(Error: no \+1•+\d\d here\)/);
    expect(told).not.toContain(listedNumber);
  });
});

test("a module without JSON, and one that is not active", async () => {
  const module = (more: object) => ({
    "connect:DescribeContactFlowModule": {
      ContactFlowModule: {
        ...(well["connect:DescribeContactFlowModule"] as { ContactFlowModule: object }).ContactFlowModule,
        ...more,
      },
    },
  });
  expect(await troubles(module({ Content: "[" }))).toEqual([
    expect.stringContaining("failed content: The module's content is not JSON"),
  ]);
  expect(await troubles(module({ Status: "SAVED" }))).toEqual([
    expect.stringContaining("(m) is ACTIVE and SAVED: flows cannot call it"),
  ]);
});

test("an association on a later page is found", async () => {
  const pages: Decider = (_, url) =>
    url.includes("nextToken")
      ? { LambdaFunctions: [sampleInstance.function.aliasArn] }
      : { LambdaFunctions: ["arn:aws:lambda:eu-central-1:111122223333:function:other"], NextToken: "more" };
  expect(await troubles({ "connect:ListLambdaFunctions": pages })).toEqual([]);
});
