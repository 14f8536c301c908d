/** The configuration of valid environment files: levels merged, defaults added, names and ARNs derived. */
import path from "node:path";
import { loadEnvironments } from "../../config/load";
import { projectRoot } from "../../lambda/packaging";
import { edited, inDirectory, load, loadOne, validYaml } from "./environment-files";

test("the smallest environment file is completed with defaults and derived names", () => {
  expect(loadOne(validYaml)).toEqual({
    environment: "dev",
    name: "acme",
    stackName: "dev-acme-us-east-1",
    stage: 1,
    wave: { name: "all", index: 0 },
    suspended: false,
    account: "111122223333",
    region: "us-east-1",
    partition: "aws",
    dnsSuffix: "amazonaws.com",
    instanceId: "0f0e0d0c-1b1a-4918-8716-151413121110",
    instanceArn: "arn:aws:connect:us-east-1:111122223333:instance/0f0e0d0c-1b1a-4918-8716-151413121110",
    allowances: [],
    awsProvider: "~> 5.100.0",
    state: {
      bucket: "acme-state",
      region: "us-east-1",
      key: "connectpath-call-blocking/dev/us-east-1/acme/terraform.tfstate",
    },
    tags: {},
    blockedDispositions: ["Blocked"],
    anonymousCallers: "allow",
    exemptNumbers: [],
    lookup: { budgetMs: 1500, flowTimeLimitSeconds: 3, otherNumbers: false },
    flows: { unprotectedNumbers: [] },
    table: {
      name: "dextr-acme",
      arn: "arn:aws:dynamodb:us-east-1:111122223333:table/dextr-acme",
      indexArn: "arn:aws:dynamodb:us-east-1:111122223333:table/dextr-acme/index/Disposition-CustomerEndpoint-index",
      indexTimeoutMinutes: 1440,
      acceptReplicas: false,
      adopt: true,
    },
    alarms: {
      runbookUrl: "docs/runbook.md",
      dashboard: true,
      canaryMinutes: 5,
      lookupErrors: 1,
      functionErrors: 1,
      throttles: 1,
      slowAnswersPercent: 80,
      silentCalls: 20,
      neverMatchesDays: 7,
      neverMatchesContacts: 20,
      matchesPercent: 50,
      matchesOfCalls: 20,
      indexThrottles: 1,
    },
    canary: {
      name: "blockedCalls-canary-acme",
      roleName: "blockedCalls-canary-acme-us-east-1",
      functionArn: "arn:aws:lambda:us-east-1:111122223333:function:blockedCalls-canary-acme",
      logGroupName: "/aws/lambda/blockedCalls-canary-acme",
      logGroupArn: "arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/blockedCalls-canary-acme",
    },
    dashboard: { name: "callBlocking-dev-acme-us-east-1", regions: ["us-east-1"] },
    function: {
      name: "blockedCalls-acme",
      roleName: "blockedCalls-acme-us-east-1",
      aliasArn: "arn:aws:lambda:us-east-1:111122223333:function:blockedCalls-acme:live",
      logGroupName: "/aws/lambda/blockedCalls-acme",
      logGroupArn: "arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/blockedCalls-acme",
      runtime: "nodejs22.x",
      memoryMb: 512,
      logRetentionDays: 30,
    },
  });
});

test("every given value is used as it is", () => {
  const given = loadOne(`account: "444455556666"
region: us-gov-west-1
awsProvider: ">= 6.44, < 7"
deployRole: { arn: "arn:aws-us-gov:iam::444455556666:role/ci/deploy", externalId: "acme:42" }
state:
  bucket: acme.state
  region: us-gov-east-1
  kmsKeyArn: arn:aws-us-gov:kms:us-gov-east-1:777788889999:key/mrk-0123456789abcdef0123456789abcdef
  roleArn: arn:aws-us-gov:iam::777788889999:role/state
  planRoleArn: arn:aws-us-gov:iam::777788889999:role/state-read
  endpoint: http://127.0.0.1:9000
  usePathStyle: true
permissionsBoundary: arn:aws-us-gov:iam::444455556666:policy/org/boundary
tags: { owner: telephony, "Cost Centre": "0042" }
ignoreTags: { keyPrefixes: ["org:"] }
blockedDispositions: [Nuisance:Confirmed, Blocked]
anonymousCallers: block
exemptNumbers: ["+15555550100", "+1555*", "+4*"]
lookup: { budgetMs: 7500, flowTimeLimitSeconds: 8, otherNumbers: true }
flows:
  whenBlocked: { action: flow, flow: 66666666-2222-4333-8444-555555555555 }
  unprotectedNumbers: ["+15555550199"]
contactDetails: { agent: AgentName, time: Contact End, queue: queue.name }
function:
  name: blocked_calls
  roleName: role@acme
  runtime: nodejs24.x
  memoryMb: 128
  logRetentionDays: 3653
  logKmsKeyArn: arn:aws-us-gov:kms:us-gov-west-1:777788889999:key/mrk-0123456789abcdef0123456789abcdef
  reservedConcurrency: 1
  vpc: { subnetIds: [subnet-0123456789abcdef0, subnet-12345678], securityGroupIds: [sg-0123456789abcdef0] }
table: { indexTimeoutMinutes: 20, acceptReplicas: true }
instances:
  - name: Acme-Voice
    id: arn:aws-us-gov:connect:us-gov-west-1:444455556666:instance/0f0e0d0c-1b1a-4918-8716-151413121110
    tableName: Dextr.acme_voice
`);
  expect(given).toMatchObject({
    partition: "aws-us-gov",
    awsProvider: ">= 6.44, < 7",
    deployRole: { arn: "arn:aws-us-gov:iam::444455556666:role/ci/deploy", externalId: "acme:42" },
    state: {
      bucket: "acme.state",
      region: "us-gov-east-1",
      kmsKeyArn: "arn:aws-us-gov:kms:us-gov-east-1:777788889999:key/mrk-0123456789abcdef0123456789abcdef",
      roleArn: "arn:aws-us-gov:iam::777788889999:role/state",
      planRoleArn: "arn:aws-us-gov:iam::777788889999:role/state-read",
      endpoint: "http://127.0.0.1:9000",
      usePathStyle: true,
    },
    permissionsBoundary: "arn:aws-us-gov:iam::444455556666:policy/org/boundary",
    tags: { owner: "telephony", "Cost Centre": "0042" },
    ignoreTags: { keys: [], keyPrefixes: ["org:"] },
    blockedDispositions: ["Nuisance:Confirmed", "Blocked"],
    anonymousCallers: "block",
    exemptNumbers: ["+15555550100", "+1555*", "+4*"],
    lookup: { budgetMs: 7500, flowTimeLimitSeconds: 8, otherNumbers: true },
    flows: {
      whenBlocked: { action: "flow", flowId: "66666666-2222-4333-8444-555555555555" },
      unprotectedNumbers: ["+15555550199"],
    },
    contactDetails: { agent: "AgentName", time: "Contact End", queue: "queue.name" },
    table: { name: "Dextr.acme_voice", indexTimeoutMinutes: 20, acceptReplicas: true },
    function: {
      name: "blocked_calls",
      roleName: "role@acme",
      aliasArn: "arn:aws-us-gov:lambda:us-gov-west-1:444455556666:function:blocked_calls:live",
      runtime: "nodejs24.x",
      memoryMb: 128,
      logRetentionDays: 3653,
      logKmsKeyArn: "arn:aws-us-gov:kms:us-gov-west-1:777788889999:key/mrk-0123456789abcdef0123456789abcdef",
      reservedConcurrency: 1,
      vpc: {
        subnetIds: ["subnet-0123456789abcdef0", "subnet-12345678"],
        securityGroupIds: ["sg-0123456789abcdef0"],
      },
    },
  });
});

test("ignoreTags without keys and prefixes is the same as no ignoreTags", () => {
  expect(loadOne(`${validYaml}ignoreTags: { keys: [] }\n`)).not.toHaveProperty("ignoreTags");
});

test("the VPC settings of an instance replace those of the environment as a whole", () => {
  const outer = "function: { memoryMb: 256, vpc: { subnetIds: [subnet-11111111], securityGroupIds: [sg-11111111] } }\n";
  const inner = "    function: { vpc: { subnetIds: [subnet-22222222], securityGroupIds: [sg-22222222] } }\n";
  expect(loadOne(`${validYaml}${inner}${outer}`).function).toMatchObject({
    memoryMb: 256,
    vpc: { subnetIds: ["subnet-22222222"], securityGroupIds: ["sg-22222222"] },
  });
});

test("an instance given by its ARN is resolved to its bare id", () => {
  const arn = "arn:aws:connect:us-east-1:111122223333:instance/0f0e0d0c-1b1a-4918-8716-151413121110";
  expect(loadOne(edited("id: ", "id: arn:aws:connect:us-east-1:111122223333:instance/"))).toMatchObject({
    instanceId: "0f0e0d0c-1b1a-4918-8716-151413121110",
    instanceArn: arn,
  });
});

test.each([
  ["us-gov-west-1", "aws-us-gov", "amazonaws.com"],
  ["cn-northwest-1", "aws-cn", "amazonaws.com.cn"],
])("in %s every ARN has the partition %s, and the domain is %s", (region, partition, dnsSuffix) => {
  const table = `arn:${partition}:dynamodb:${region}:111122223333:table/dextr-acme`;
  const resolved = loadOne(validYaml.replaceAll("us-east-1", region));
  expect(resolved).toMatchObject({
    partition,
    dnsSuffix,
    instanceArn: `arn:${partition}:connect:${region}:111122223333:instance/0f0e0d0c-1b1a-4918-8716-151413121110`,
    table: { arn: table, indexArn: `${table}/index/Disposition-CustomerEndpoint-index` },
    function: {
      aliasArn: `arn:${partition}:lambda:${region}:111122223333:function:blockedCalls-acme:live`,
      logGroupArn: `arn:${partition}:logs:${region}:111122223333:log-group:/aws/lambda/blockedCalls-acme`,
    },
  });
  expect(JSON.stringify(resolved)).not.toContain("arn:aws:");
});

describe("inheritance", () => {
  const defaults = `awsProvider: ">= 6.44, < 7"
tags: { owner: defaults, layer: defaults, set: defaults }
blockedDispositions: [FromDefaults, Another]
function: { memoryMb: 1024, logRetentionDays: 90 }
`;
  const environment = edited("blockedDispositions: [Blocked]\n", "tags: { owner: environment, layer: environment }\n");

  test("the innermost level wins, and maps are merged key by key", () => {
    const instance = `${environment}    tags: { owner: instance }\n    function: { memoryMb: 2048 }\n`;
    expect(loadOne(instance, { "defaults.yaml": defaults })).toMatchObject({
      awsProvider: ">= 6.44, < 7",
      tags: { owner: "instance", layer: "environment", set: "defaults" },
      function: { memoryMb: 2048, logRetentionDays: 90, runtime: "nodejs22.x" },
    });
  });

  test("a list replaces the list of an outer level", () => {
    expect(loadOne(environment, { "defaults.yaml": defaults }).blockedDispositions).toEqual([
      "FromDefaults",
      "Another",
    ]);
    expect(
      loadOne(`${environment}    blockedDispositions: [Own]\n`, { "defaults.yaml": defaults }).blockedDispositions,
    ).toEqual(["Own"]);
  });

  test("an instance can be in another region and account than its environment", () => {
    const [first, second] = load({
      "prod.yaml": `${validYaml}  - name: acme
    id: 0f0e0d0c-1b1a-4918-8716-151413121110
    region: us-west-2
    account: "444455556666"
`,
    });
    expect(first).toMatchObject({ stackName: "prod-acme-us-east-1", account: "111122223333" });
    expect(second).toMatchObject({
      stackName: "prod-acme-us-west-2",
      account: "444455556666",
      state: { key: "connectpath-call-blocking/prod/us-west-2/acme/terraform.tfstate" },
      function: { roleName: "blockedCalls-acme-us-west-2" },
    });
  });

  test("a value of one instance does not affect the next", () => {
    const [first, second] = load({
      "prod.yaml": `${validYaml}    tags: { only: first }
  - name: other
    id: 1f0e0d0c-1b1a-4918-8716-151413121110
`,
    });
    expect([first?.tags, second?.tags]).toEqual([{ only: "first" }, {}]);
  });
});

test("environments are sorted by name, instances keep the order of the file, and every load is equal", () => {
  const file = (names: readonly string[], digit: number) =>
    validYaml.slice(0, validYaml.indexOf("  - name")) +
    names.map((name, i) => `  - { name: ${name}, id: ${digit}${i}0e0d0c-1b1a-4918-8716-151413121110 }\n`).join("");
  const files = { "b.yaml": file(["z", "a"], 1), "a.yaml": file(["y"], 2), "a-1.yaml": file(["x"], 3) };
  inDirectory(files, (directory) => {
    const { instances } = loadEnvironments(directory);
    expect(instances.map(({ environment, name }) => `${environment}/${name}`)).toEqual(["a-1/x", "a/y", "b/z", "b/a"]);
    expect(JSON.stringify(loadEnvironments(directory).instances)).toBe(JSON.stringify(instances));
  });
});

test("a tag key is text even if YAML reads it as a number", () => {
  expect(loadOne(`${validYaml}tags: { 007: bond, true: x }\n`).tags).toEqual({ "007": "bond", true: "x" });
});

test("Windows line ends and comments change nothing", () => {
  expect(loadOne(`# a comment\r\n${validYaml.replaceAll("\n", " # here too\r\n")}`)).toEqual(loadOne(validYaml));
});

describe("the example environments", () => {
  const { instances } = loadEnvironments(path.join(projectRoot(), "examples"));
  const of = (name: string) => instances.filter(({ environment }) => environment === name);

  test("dev is one instance", () => {
    expect(of("dev")).toMatchObject([{ name: "acme-dev", account: "111122223333", region: "us-east-1" }]);
  });

  test("staging is one instance in two regions (Global Resiliency) that share no names", () => {
    const [source, replica, ...others] = of("staging");
    expect(others).toEqual([]);
    expect([replica?.name, replica?.instanceId]).toEqual([source?.name, source?.instanceId]);
    const own = [source, replica].flatMap((one) => [
      one?.stackName,
      one?.state.key,
      one?.table.arn,
      one?.function.aliasArn,
      one?.function.roleName,
    ]);
    expect(new Set(own).size).toBe(10);
  });

  test("prod has four active instances in three regions, two accounts and two waves, and a suspended one", () => {
    const active = of("prod").filter(({ suspended }) => !suspended);
    const count = (values: readonly unknown[]) => new Set(values).size;
    expect(active).toHaveLength(4);
    expect(of("prod")).toHaveLength(5);
    expect(count(active.map(({ region }) => region))).toBe(3);
    expect(count(active.map(({ account }) => account))).toBe(2);
    expect(active.map(({ wave }) => wave.name)).toEqual(["canary", "rest", "rest", "rest"]);
    expect(active.filter(({ inboundFlow }) => inboundFlow !== undefined)).toHaveLength(1);
    expect(count(active.map(({ state }) => state.bucket))).toBe(2);
    for (const { account, deployRole } of active) expect(deployRole?.arn).toContain(`:${account}:`);
  });
});
