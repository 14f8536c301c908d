/** The IAM policies: allowed and denied actions, size, and the committed examples. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import type { InstanceConfig } from "../../../../config/types";
import { policiesFor } from "../../../../fleet/aws/iam/policies";
import type { PolicyDocument } from "../../../../fleet/aws/iam/statement";
import { projectRoot } from "../../../../lambda/packaging";
import { iamExamples } from "../../../../scripts/iam-examples";
import { load, validYaml } from "../../../config/environment-files";
import { decide } from "../../policy-evaluation";

const everything: PolicyDocument = {
  Version: "2012-10-17",
  Statement: [{ Sid: "Everything", Effect: "Allow", Action: ["*"], Resource: ["*"] }],
};

const [acme] = load({ "dev.yaml": validYaml }) as [InstanceConfig];
const named = (prefix: string, instances: readonly InstanceConfig[] = [acme]): PolicyDocument[] =>
  policiesFor(instances)
    .filter(({ name }) => new RegExp(`^${prefix}-\\d`).test(name))
    .map(({ document }) => document);

test("the committed examples are current (npm run iam-examples)", () => {
  const directory = path.join(projectRoot(), "docs/iam/dev");
  const committed = Object.fromEntries(
    readdirSync(directory).map((file) => [
      file,
      JSON.parse(readFileSync(path.join(directory, file), "utf8")) as unknown,
    ]),
  );
  const current = Object.entries(iamExamples(projectRoot())).map(([file, text]) => [file, JSON.parse(text) as unknown]);
  expect(committed).toEqual(Object.fromEntries(current));
});

test("the policy deploy allows detaching policies only from an adopted role", () => {
  const [adopting] = load({ "dev.yaml": `${validYaml}    adoptExisting: { role: true }\n` }) as [InstanceConfig];
  const question = {
    action: "iam:DetachRolePolicy",
    resource: "arn:aws:iam::111122223333:role/blockedCalls-acme-us-east-1",
    context: {},
  };
  expect(decide(named("deploy", [adopting]), question)).toBe("allowed");
  expect(decide(named("deploy"), question)).not.toBe("allowed");
  const other = { ...question, resource: "arn:aws:iam::111122223333:role/another" };
  expect(decide(named("deploy", [adopting]), other)).not.toBe("allowed");
});

describe("with a permissions boundary", () => {
  const boundary = "arn:aws:iam::111122223333:policy/boundary";
  const other = "arn:aws:iam::111122223333:policy/other";
  const twin = "    permissionsBoundary: arn:aws:iam::111122223333:policy/other";
  const bounded = load({
    "dev.yaml": `${validYaml}    permissionsBoundary: ${boundary}
  - { name: free, id: 1f0e0d0c-1b1a-4918-8716-151413121110 }
  - name: twin\n    id: 2f0e0d0c-1b1a-4918-8716-151413121110\n${twin}\n`,
  });
  const roles = ["deploy", "deploy-watch"].flatMap((policy) =>
    bounded.map((instance): [string, string, InstanceConfig] => [
      policy,
      policy === "deploy" ? instance.function.roleName : instance.canary.roleName,
      instance,
    ]),
  );

  test.each(roles)(
    "%s creates the role %s and gives it permissions only within its boundary",
    (policy, role, instance) => {
      const may = (action: string, value?: string) =>
        decide(named(policy, bounded), {
          action: `iam:${action}`,
          resource: `arn:aws:iam::111122223333:role/${role}`,
          context: value === undefined ? {} : { "iam:PermissionsBoundary": value },
        }) === "allowed";
      const own = instance.permissionsBoundary;
      for (const action of ["CreateRole", "PutRolePolicy", "PutRolePermissionsBoundary"])
        expect([action, may(action), may(action, boundary), may(action, other)]).toEqual([
          action,
          own === undefined && action !== "PutRolePermissionsBoundary",
          own === boundary || (own === undefined && action !== "PutRolePermissionsBoundary"),
          own === other || (own === undefined && action !== "PutRolePermissionsBoundary"),
        ]);
      for (const action of ["DeleteRole", "DeleteRolePolicy", "GetRole", "TagRole"]) expect(may(action)).toBe(true);
      expect(may("DeleteRolePermissionsBoundary", own)).toBe(false);
    },
  );
});

test.each([
  ["lambda:PutFunctionConcurrency", "function: { reservedConcurrency: 20 }", "function:blockedCalls-acme"],
  [
    "logs:AssociateKmsKey",
    "function: { logKmsKeyArn: arn:aws:kms:us-east-1:111122223333:key/0f0e0d0c-1b1a-4918-8716-151413121110 }",
    "log-group:/aws/lambda/blockedCalls-acme",
  ],
  [
    "ec2:DescribeSubnets",
    "function: { vpc: { subnetIds: [subnet-12345678], securityGroupIds: [sg-12345678] } }",
    "subnet/subnet-12345678",
  ],
])("deploy allows %s only if the environment file needs it", (action, line, name) => {
  const [needing] = load({ "dev.yaml": `${validYaml}    ${line}\n` }) as [InstanceConfig];
  const resource = `arn:aws:${action.split(":")[0] ?? ""}:us-east-1:111122223333:${name}`;
  expect(decide(named("deploy-settings", [needing]), { action, resource })).toBe("allowed");
  for (const policy of ["deploy", "deploy-settings"])
    expect(decide(named(policy), { action, resource })).not.toBe("allowed");
});

test.each([
  [
    "aws_iam_role.blocked_calls",
    "iam:DeleteRolePermissionsBoundary",
    "iam::111122223333:role/blockedCalls-acme-us-east-1",
  ],
  [
    "aws_lambda_function.blocked_calls",
    "lambda:DeleteFunctionConcurrency",
    "lambda:us-east-1:111122223333:function:blockedCalls-acme",
  ],
  [
    "aws_cloudwatch_log_group.canary",
    "logs:DisassociateKmsKey",
    "logs:us-east-1:111122223333:log-group:/aws/lambda/blockedCalls-canary-acme",
  ],
])("a protection of %s may be removed only with an allowance", (address, action, name) => {
  const allowance = `allowances: [{ resource: ${address}, rule: security-settings, reason: Agreed., until: 2099-12-31 }]`;
  const [accepting] = load({ "dev.yaml": `${validYaml}    ${allowance}\n` }) as [InstanceConfig];
  const request = { action, resource: `arn:aws:${name}` };
  const all = ["deploy", "deploy-watch", "deploy-settings"];
  expect(
    decide(
      all.flatMap((policy) => named(policy, [accepting])),
      request,
    ),
  ).toBe("allowed");
  expect(
    decide(
      all.flatMap((policy) => named(policy)),
      request,
    ),
  ).not.toBe("allowed");
});

test("the policy deploy changes flows only for instances with an inbound flow; plan and deploy read all", () => {
  const own = `inboundFlow: { queue: 11111111-2222-4333-8444-555555555555 }`;
  const instances = load({
    "dev.yaml": `${validYaml}    ${own}\n  - { name: other, id: 1f0e0d0c-1b1a-4918-8716-151413121110 }\n`,
  });
  const flowOf = (at: number) => `${instances[at]?.instanceArn ?? ""}/contact-flow/0a1b2c3d`;
  const may = (policy: string, operation: string, resource: string) =>
    decide(named(policy, instances), { action: `connect:${operation}`, resource }) === "allowed";
  for (const operation of ["CreateContactFlow", "UpdateContactFlowContent", "DeleteContactFlow"]) {
    expect(may("deploy", operation, flowOf(0))).toBe(true);
    expect(may("deploy", operation, flowOf(1))).toBe(false);
    expect(may("plan", operation, flowOf(0))).toBe(false);
  }
  for (const policy of ["plan", "deploy"]) {
    expect([0, 1].map((at) => may(policy, "DescribeContactFlow", flowOf(at)))).toEqual([true, true]);
  }
});

test.each([
  ["deploy", acme.function.aliasArn, "connect.amazonaws.com"],
  ["deploy-watch", acme.canary.functionArn, "events.amazonaws.com"],
])(
  "the policy %s allows only our service to be added to the function's resource policy",
  (policy, resource, service) => {
    const add = (principal?: string) =>
      decide(named(policy), {
        action: "lambda:AddPermission",
        resource,
        context: principal === undefined ? {} : { "lambda:Principal": principal },
      });
    expect(add(service)).toBe("allowed");
    for (const other of ["*", "444455556666", "s3.amazonaws.com", undefined]) expect(add(other)).toBe("not allowed");
  },
);

describe("the policy deploy denies every other action on the table, even if another policy allows the action", () => {
  // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
  test.each([
    "CreateTable",
    "DeleteTable",
    "UpdateTimeToLive",
    "UpdateContinuousBackups",
    "UpdateContributorInsights",
    "UpdateTableReplicaAutoScaling",
    "UpdateGlobalTable",
    "UpdateGlobalTableSettings",
    "UpdateGlobalTableVersion",
    "CreateTableReplica",
    "DeleteTableReplica",
    "EnableKinesisStreamingDestination",
    "DisableKinesisStreamingDestination",
    "UpdateKinesisStreamingDestination",
    "PutResourcePolicy",
    "DeleteResourcePolicy",
    "TagResource",
    "UntagResource",
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "BatchWriteItem",
    "PartiQLInsert",
    "PartiQLUpdate",
    "PartiQLDelete",
    "CreateBackup",
    "DeleteBackup",
    "StartAwsBackupJob",
    "RestoreTableFromAwsBackup",
    "RestoreTableFromBackup",
    "RestoreTableToPointInTime",
    "ExportTableToPointInTime",
    "ImportTable",
    "GetItem",
    "Query",
    "Scan",
  ])("%s is denied", (operation) => {
    const policies = [...named("deploy"), everything];
    for (const below of ["", "/index/vendor-1", "/backup/01489173575360-b308cd7d", "/stream/2026-01-01T00:00:00.000"]) {
      const question = { action: `dynamodb:${operation}`, resource: `${acme.table.arn}${below}` };
      expect(decide(policies, question)).toBe("denied");
    }
  });

  test.each(["UpdateTable", "DescribeTable"])("%s is allowed only on this table", (operation) => {
    const action = `dynamodb:${operation}`;
    expect(decide(named("deploy"), { action, resource: acme.table.arn })).toBe("allowed");
    expect(decide(named("deploy"), { action, resource: `${acme.table.arn}2` })).toBe("not allowed");
  });
});

describe("with table.adopt: false, the policy deploy", () => {
  const reading: InstanceConfig = { ...acme, table: { ...acme.table, adopt: false } };
  const other: InstanceConfig = { ...acme, table: { ...acme.table, arn: `${acme.table.arn}2` } };

  test.each(["UpdateTable", "DeleteTable", "TagResource", "PutItem", "Query", "Scan"])(
    "denies %s, even if another policy allows it",
    (operation) => {
      const question = { action: `dynamodb:${operation}`, resource: reading.table.arn };
      expect(decide([...named("deploy", [reading]), everything], question)).toBe("denied");
    },
  );

  test.each(["DescribeTable", "DescribeContinuousBackups", "DescribeTimeToLive", "ListTagsOfResource"])(
    "allows %s",
    (operation) => {
      const question = { action: `dynamodb:${operation}`, resource: reading.table.arn };
      expect(decide(named("deploy", [reading]), question)).toBe("allowed");
    },
  );

  test("names no action that changes a table, and keeps the other mode's permissions apart", () => {
    expect(JSON.stringify(named("deploy", [reading]))).not.toContain("UpdateTable");
    const both = named("deploy", [reading, other]);
    expect(decide(both, { action: "dynamodb:UpdateTable", resource: other.table.arn })).toBe("allowed");
    expect(decide(both, { action: "dynamodb:UpdateTable", resource: reading.table.arn })).toBe("denied");
  });
});

test("an instance with the longest names and every option fits in one document per policy", () => {
  const name = "a".repeat(45);
  const [longest] = load({
    "dev.yaml": `account: "111122223333"
region: us-gov-west-1
state: { bucket: ${"b".repeat(63)}, region: us-gov-west-1 }
blockedDispositions: [Blocked]
alarms: { canaryName: ${"c".repeat(64)}, canaryRoleName: ${"d".repeat(64)} }
instances:
  - name: ${name}
    id: 0f0e0d0c-1b1a-4918-8716-151413121110
    tableName: ${"t".repeat(255)}
    inboundFlow: { queue: 11111111-2222-4333-8444-555555555555 }
    adoptExisting: { function: true, role: true, logGroup: true }
    permissionsBoundary: arn:aws-us-gov:iam::111122223333:policy/${"p".repeat(128)}
    function:
      name: ${"f".repeat(64)}
      roleName: ${"r".repeat(64)}
      reservedConcurrency: 20
      logKmsKeyArn: arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/mrk-0123456789abcdef0123456789abcdef
      vpc: { subnetIds: [subnet-12345678], securityGroupIds: [sg-12345678] }
    allowances:
${["aws_lambda_function", "aws_iam_role", "aws_cloudwatch_log_group"]
  .map(
    (type) =>
      `      - { resource: ${type}.blocked_calls, rule: security-settings, reason: Agreed., until: 2099-12-31 }`,
  )
  .join("\n")}
`,
  }) as [InstanceConfig];
  for (const policy of policiesFor([longest])) {
    expect(JSON.stringify(policy.document).length).toBeLessThanOrEqual(6144);
  }
});

test("the policy state allows writing a state and deleting its lock, but not deleting the state", () => {
  const object = `arn:aws:s3:::${acme.state.bucket}/${acme.state.key}`;
  const state = named("state");
  expect(decide(state, { action: "s3:PutObject", resource: object })).toBe("allowed");
  expect(decide(state, { action: "s3:DeleteObject", resource: object })).toBe("not allowed");
  expect(decide(state, { action: "s3:DeleteObject", resource: `${object}.tflock` })).toBe("allowed");
});

test("the policy state-read allows reading states and locks but neither writing nor locking states", () => {
  const kmsKeyArn = "arn:aws:kms:us-east-1:111122223333:key/0f0e0d0c-1b1a-4918-8716-151413121110";
  const statements = named("state-read", [{ ...acme, state: { ...acme.state, kmsKeyArn } }]).flatMap(
    ({ Statement }) => Statement,
  );
  expect(statements.map(({ Action, Resource }) => [Action, Resource])).toEqual([
    [["s3:ListBucket"], [`arn:aws:s3:::${acme.state.bucket}`]],
    [["s3:GetObject"], ["", ".tflock"].map((suffix) => `arn:aws:s3:::${acme.state.bucket}/${acme.state.key}${suffix}`)],
    [["kms:Decrypt"], [kmsKeyArn]],
  ]);
});

test("the policy plan has only actions that read", () => {
  const actions = named("plan").flatMap(({ Statement }) => Statement.flatMap(({ Action = [] }) => Action));
  expect(actions.filter((action) => !/^\w+:(Describe|Get|List)/.test(action))).toEqual([]);
});

test("the policy preflight allows reading the keys of contacts, and otherwise only listing and describing", () => {
  const scan = (context: Readonly<Record<string, string | readonly string[]>>) =>
    decide(named("preflight"), { action: "dynamodb:Scan", resource: acme.table.arn, context });
  const asked = ["hash", "range", "Disposition", "CustomerEndpoint"];
  expect(scan({ "dynamodb:Select": "SPECIFIC_ATTRIBUTES", "dynamodb:Attributes": asked })).toBe("allowed");
  expect(scan({ "dynamodb:Select": "SPECIFIC_ATTRIBUTES", "dynamodb:Attributes": [...asked, "Notes"] })).toBe(
    "not allowed",
  );
  expect(scan({ "dynamodb:Select": "ALL_ATTRIBUTES" })).toBe("not allowed");
  const actions = named("preflight").flatMap(({ Statement }) => Statement.flatMap(({ Action = [] }) => Action));
  const more = ["dynamodb:Scan", "iam:SimulatePrincipalPolicy"];
  expect(actions.filter((action) => !/^\w+:(Describe|Get|List)/.test(action)).sort()).toEqual(more);
});

test("the policy read-and-invoke allows queries of the index, contact ids and the alias, and no change", () => {
  const may = (action: string, resource: string, context = {}) =>
    decide(named("read-and-invoke"), { action, resource, context });
  expect(may("dynamodb:Query", acme.table.indexArn)).toBe("allowed");
  expect(may("dynamodb:Query", acme.table.arn)).toBe("not allowed");
  const read = (select: string, ...names: string[]) =>
    may("dynamodb:GetItem", acme.table.arn, { "dynamodb:Select": select, "dynamodb:Attributes": names });
  expect(read("SPECIFIC_ATTRIBUTES", "hash", "range", "ContactId")).toBe("allowed");
  expect(read("SPECIFIC_ATTRIBUTES", "hash", "range", "Notes")).toBe("not allowed");
  // A request without a projection reads every attribute but names only the keys.
  expect(read("ALL_ATTRIBUTES", "hash", "range")).toBe("not allowed");
  const alias = acme.function.aliasArn;
  expect(may("lambda:InvokeFunction", alias)).toBe("allowed");
  expect(may("lambda:InvokeFunction", alias.replace(":live", ""))).toBe("not allowed");
  const actions = named("read-and-invoke").flatMap(({ Statement }) => Statement.flatMap(({ Action = [] }) => Action));
  expect(actions.filter((action) => !/^\w+:(Describe|Get|List)/.test(action)).sort()).toEqual([
    "dynamodb:Query",
    "iam:SimulatePrincipalPolicy",
    "kms:Decrypt",
    "lambda:InvokeFunction",
  ]);
});

test("the policy read-and-invoke allows every request of coverage on this instance only", () => {
  const other = acme.instanceArn.replace(acme.instanceId, "1f0e0d0c-1b1a-4918-8716-151413121110");
  const may = (operation: string, resource: string) =>
    decide(named("read-and-invoke"), { action: `connect:${operation}`, resource });
  for (const [operation, resource] of [
    ["ListContactFlows", ""],
    ["ListContactFlowModules", ""],
    ["ListFlowAssociations", ""],
    ["DescribeContactFlow", "/contact-flow/0a1b2c3d"],
    ["DescribeContactFlowModule", "/flow-module/0a1b2c3d"],
    ["DescribeContactFlowModuleAlias", "/flow-module/0a1b2c3d"],
    ["ListPhoneNumbersV2", ""],
  ] as const) {
    expect([operation, may(operation, `${acme.instanceArn}${resource}`)]).toEqual([operation, "allowed"]);
    expect([operation, may(operation, `${other}${resource}`)]).toEqual([operation, "not allowed"]);
  }
  const group = "arn:aws:connect:us-east-1:111122223333:traffic-distribution-group/0a1b2c3d";
  expect(may("ListPhoneNumbersV2", group)).toBe("allowed");
  expect(may("ListTrafficDistributionGroups", "*")).toBe("allowed");
});

test("the policy discover has only actions that list and describe", () => {
  const actions = named("discover").flatMap(({ Statement }) => Statement.flatMap(({ Action = [] }) => Action));
  expect(actions.filter((action) => !/^\w+:(Describe|Get|List)/.test(action))).toEqual([]);
});

test("only actions on a whole region, account or instance have a wildcard resource", () => {
  const wide = policiesFor([acme]).flatMap(({ document }) =>
    document.Statement.filter(
      ({ Effect, Resource }) => Effect === "Allow" && Resource.some((arn) => /(^|[:/])\*$/.test(arn)),
    ).flatMap(({ Sid, Resource }) => Resource.filter((arn) => /(^|[:/])\*$/.test(arn)).map((arn) => `${Sid} ${arn}`)),
  );
  const home = "us-east-1:111122223333";
  expect([...new Set(wide)].sort()).toEqual(
    [
      `DecryptTable arn:aws:kms:${home}:key/*`,
      "ListTablesAndInstances *",
      `FindLogGroups arn:aws:logs:${home}:log-group:*`,
      "ListModules arn:aws:connect:*:111122223333:instance/*",
      "ReadMetrics *",
      ...["DescribeFlow", "ReadCallers"].map((sid) => `${sid} ${acme.instanceArn}/contact-flow/*`),
      "ListTrafficDistributionGroups *",
      ...["phone-number", "traffic-distribution-group"].map(
        (kind) => `ListPhoneNumbers arn:aws:connect:${home}:${kind}/*`,
      ),
      `LetConnectInvoke arn:aws:lambda:${home}:function:blockedCalls-acme:*`,
      `DescribeTableKey arn:aws:kms:${home}:key/*`,
      "SimulateRoles arn:aws:iam::111122223333:role/service-role/*",
      ...["ManageFunction", "ReadFunction"].map((sid) => `${sid} arn:aws:lambda:${home}:function:blockedCalls-acme:*`),
      ...["ManageLogGroup", "ReadLogGroupTags"].map((sid) => `${sid} ${acme.function.logGroupArn}:*`),
      ...["ManageCanaryLogGroup", "ReadCanaryLogGroupTags"].map((sid) => `${sid} ${acme.canary.logGroupArn}:*`),
      `UpdateFlow ${acme.instanceArn}/contact-flow/*`,
      ...["DescribeModule", "ManageModule", "ReadModule"].map((sid) => `${sid} ${acme.instanceArn}/flow-module/*`),
    ].sort(),
  );
});

test("each account has its own policies, and the account of the bucket has the policies for states", () => {
  const instances = load({
    "prod.yaml": `account: "444455556666"
region: us-gov-west-1
state:
  bucket: gov-state
  region: us-gov-west-1
  kmsKeyArn: arn:aws-us-gov:kms:us-gov-west-1:777788889999:key/0f0e0d0c-1b1a-4918-8716-151413121110
  roleArn: arn:aws-us-gov:iam::777788889999:role/state
  planRoleArn: arn:aws-us-gov:iam::777788889998:role/state-read
blockedDispositions: [Blocked]
instances:
  - { name: one, id: 0f0e0d0c-1b1a-4918-8716-151413121110 }
  - { name: two, id: 1f0e0d0c-1b1a-4918-8716-151413121110, state: { endpoint: "https://s3.example.com" } }
`,
  });
  const policies = policiesFor(instances);
  expect(policies.map(({ name }) => name)).toEqual([
    "deploy-444455556666",
    "deploy-watch-444455556666",
    "plan-444455556666",
    "preflight-444455556666",
    "contact-attributes-444455556666",
    "read-and-invoke-444455556666",
    "index-444455556666",
    "wire-444455556666",
    "discover-444455556666",
    "state-777788889999",
    "state-read-777788889998",
  ]);
  const state = policies.find(({ name }) => name.startsWith("state-7"))?.document.Statement;
  expect(state?.map(({ Sid, Resource }) => [Sid, Resource])).toEqual([
    ["ListBucket", ["arn:aws-us-gov:s3:::gov-state"]],
    ["ReadAndWriteState", [`arn:aws-us-gov:s3:::gov-state/${instances[0]?.state.key ?? ""}`]],
    ["LockState", [`arn:aws-us-gov:s3:::gov-state/${instances[0]?.state.key ?? ""}.tflock`]],
    ["UseStateKey", ["arn:aws-us-gov:kms:us-gov-west-1:777788889999:key/0f0e0d0c-1b1a-4918-8716-151413121110"]],
  ]);
});

test("many instances are split into documents within the size limit, and each has its permissions", () => {
  const disconnect = { action: "disconnect" } as const;
  const instanceNames = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9]{0,30}$/), { minLength: 30, maxLength: 60 });
  fc.assert(
    fc.property(instanceNames, (names) => {
      const instances = names.map((name, at) => ({
        ...acme,
        name,
        ...(at % 2 === 0 ? {} : { inboundFlow: { name: "Inbound", queueId: "q", whenBlocked: disconnect } }),
        table: { ...acme.table, arn: `arn:aws:dynamodb:us-east-1:111122223333:table/dextr-${name}` },
        state: { ...acme.state, key: `connectpath-call-blocking/dev/us-east-1/${name}/terraform.tfstate` },
      }));
      const policies = policiesFor(instances);
      expect(new Set(policies.map(({ name }) => name)).size).toBe(policies.length);
      for (const { document } of policies) expect(JSON.stringify(document).length).toBeLessThanOrEqual(6144);
      const [deploy, state] = [named("deploy", instances), named("state", instances)];
      for (const {
        table,
        state: { key },
      } of instances) {
        expect(decide(deploy, { action: "dynamodb:UpdateTable", resource: table.arn })).toBe("allowed");
        const object = { action: "s3:PutObject", resource: `arn:aws:s3:::acme-state/${key}` };
        expect(decide(state, object)).toBe("allowed");
      }
    }),
    { numRuns: 20 },
  );
});

test("the policy wire allows reading and updating flows of the selected instances, and nothing else", () => {
  const statements = named("wire").flatMap(({ Statement }) => Statement);
  expect(statements.flatMap(({ Action = [] }) => Action)).toEqual([
    "connect:ListContactFlowModules",
    "connect:ListContactFlows",
    "connect:DescribeContactFlowModule",
    "connect:DescribeContactFlow",
    "connect:UpdateContactFlowContent",
  ]);
  const may = (action: string, resource: string) => decide(named("wire"), { action, resource, context: {} });
  expect(may("connect:UpdateContactFlowContent", `${acme.instanceArn}/contact-flow/1`)).toBe("allowed");
  expect(may("connect:UpdateContactFlowContent", `${acme.instanceArn}0/contact-flow/1`)).not.toBe("allowed");
  expect(may("connect:DeleteContactFlow", `${acme.instanceArn}/contact-flow/1`)).not.toBe("allowed");
});

test("only the policy contact-attributes allows reading whole contacts, and nothing else", () => {
  const whole = {
    action: "dynamodb:GetItem",
    resource: acme.table.arn,
    context: { "dynamodb:Select": "ALL_ATTRIBUTES", "dynamodb:Attributes": ["hash", "range"] },
  };
  const allowing = policiesFor([acme]).filter(({ document }) => decide([document], whole) === "allowed");
  expect(allowing.map(({ name }) => name)).toEqual(["contact-attributes-111122223333"]);
  const statements = named("contact-attributes").flatMap(({ Statement }) => Statement);
  expect(statements.flatMap(({ Action = [] }) => Action)).toEqual(["dynamodb:GetItem"]);
});

test("read-and-invoke reads the attributes of contactDetails from the tables that have them, and no others", () => {
  const instances = load({
    "dev.yaml": `${validYaml}    contactDetails: { agent: AgentName, queue: queue.name }
  - { name: beta, id: 1f0e0d0c-1b1a-4918-8716-151413121110, contactDetails: { time: EndTime } }
  - { name: gamma, id: 2f0e0d0c-1b1a-4918-8716-151413121110 }
`,
  });
  const may = (table: string, names: readonly string[], select = "SPECIFIC_ATTRIBUTES") =>
    decide(named("read-and-invoke", instances), {
      action: "dynamodb:GetItem",
      resource: `arn:aws:dynamodb:us-east-1:111122223333:table/dextr-${table}`,
      context: { "dynamodb:Select": select, "dynamodb:Attributes": names },
    }) === "allowed";
  expect(may("acme", ["AgentName", "queue.name", "hash", "range"])).toBe(true);
  expect(may("beta", ["EndTime", "hash", "range"])).toBe(true);
  expect(may("acme", ["EndTime"])).toBe(false);
  expect(may("gamma", ["AgentName"])).toBe(false);
  expect(may("acme", ["AgentName", "Transcript"])).toBe(false);
  expect(may("acme", ["AgentName"], "ALL_ATTRIBUTES")).toBe(false);
});

test("the policy index allows only describing and updating the selected tables", () => {
  const statements = named("index").flatMap(({ Statement }) => Statement);
  expect(statements.flatMap(({ Action = [] }) => Action)).toEqual(["dynamodb:DescribeTable", "dynamodb:UpdateTable"]);
  expect(decide(named("index"), { action: "dynamodb:UpdateTable", resource: acme.table.arn, context: {} })).toBe(
    "allowed",
  );
  expect(
    decide(named("index"), { action: "dynamodb:UpdateTable", resource: `${acme.table.arn}-other`, context: {} }),
  ).not.toBe("allowed");
});
