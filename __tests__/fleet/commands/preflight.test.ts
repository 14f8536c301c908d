/** The command `preflight` on an emulated account: clean, with violations, with existing resources, and interrupted. */
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ConnectClient, CreateContactFlowModuleCommand } from "@aws-sdk/client-connect";
import type { ScanCommandInput } from "@aws-sdk/client-dynamodb";
import { Testing } from "cdktf";
import type { Check } from "../../../fleet/checks/preflight/check";
import { policiesFor } from "../../../fleet/aws/iam/policies";
import { blockedStatusModule } from "../../../flows/blocked-status";
import { CallBlockingStack } from "../../../stacks/call-blocking-stack";
import type { RecordedCall } from "../../../emulators/aws/recording-proxy";
import { loadOne, validYaml } from "../../config/environment-files";
import { decide } from "../policy-evaluation";
import type { AccessRequest } from "../policy-evaluation";
import { runFleet, scratch, startFleet } from "../run-fleet";
import { account, instanceId, region, startAccount } from "../checks/preflight/account";
import type { Account } from "../checks/preflight/account";
import { vendorKeys } from "../checks/preflight/large-table";
import type { WireItem } from "../checks/preflight/large-table";

jest.setTimeout(600_000);

const yaml = `${validYaml}    inboundFlow: { queue: 0f0e0d0c-1b1a-4918-8716-151413121119 }\n`;
const files = { "dev.yaml": yaml };
const instance = loadOne(yaml);
let world: Account;
const everyCall: RecordedCall[] = [];

/** Contacts 0 to 2 are blocked; contact 2 has no number. Each contact is in its own partition. */
const contact = (n: number, more: WireItem = {}): WireItem => ({
  hash: { S: `contact-${n}` },
  range: { S: "ctr" },
  CustomerEndpoint: { S: n === 2 ? "Anonymous" : `+155555501${String(n % 100).padStart(2, "0")}` },
  Disposition: { S: n < 3 ? "Blocked" : "Resolved" },
  ...more,
});

beforeAll(async () => {
  world = await startAccount("acme");
  await world.table.create({ TableName: "dextr-acme", ...vendorKeys });
  await world.table.put(
    "dextr-acme",
    Array.from({ length: 2000 }, (_, n) => contact(n)),
  );
});
afterAll(() => world.stop());
beforeEach(() => {
  world.proxy.clear();
});
afterEach(() => {
  everyCall.push(...world.proxy.calls());
});

const preflight = (...args: string[]) => runFleet(["preflight", ...args], files, world.env);

async function checks(...args: string[]): Promise<{ exitCode: number | null; of: ReadonlyMap<string, Check> }> {
  const { exitCode, stdout, stderr } = await preflight(...args, "--json");
  if (stdout === "") throw new Error(stderr);
  const [one] = JSON.parse(stdout) as { checks: Check[] }[];
  return { exitCode, of: new Map(one?.checks.map((check) => [check.name, check])) };
}

function hashes(): string[] {
  return world.proxy
    .calls()
    .filter(({ operation }) => operation === "Scan")
    .flatMap(({ output }) => (output as { Items: { hash: { S: string } }[] }).Items.map(({ hash }) => hash.S));
}

test("a clean table and a Connect instance below its quotas end with exit code 0", async () => {
  const { exitCode, stdout, stderr } = await preflight("--full", "--rate", "1000");
  expect(stdout).toContain("dev-acme-us-east-1\n");
  expect(stdout).not.toContain("FAILED");
  expect(stdout).toMatch(/ok +index keys +No item violates the index/);
  expect(stdout).toMatch(/ok +dispositions +"Resolved" 1,997, "Blocked" 3\./);
  expect(stdout.replaceAll(/\s+/g, " ")).toContain(
    "3 contacts have this Disposition. Contacts that block no caller, because their address is not looked up: 1 (with a withheld number: 1).",
  );
  expect(stdout).toContain("1 instance: 1 can be deployed");
  expect(exitCode).toBe(0);
  // Callers appear only as counts.
  expect(stdout + stderr).not.toMatch(/\+1555|555501/);
  expect(new Set(hashes()).size).toBe(2000);
  for (const service of ["dynamodb", "connect"]) expect(world.proxy.mutating(service)).toEqual([]);
});

test("--attributes names the attributes of blocked contacts, and shows no value", async () => {
  const named = { AgentName: { S: "Ann" }, EndTime: { N: "1793268000" }, "of +15555550142": { M: {} } };
  await world.table.put("dextr-acme", [contact(0, named)]);
  try {
    const { exitCode, of } = await checks("--full", "--rate", "1000", "--attributes");
    expect(exitCode).toBe(0);
    expect(of.get("contact attributes")).toEqual({
      name: "contact attributes",
      outcome: "ok",
      detail:
        "Attributes of 3 blocked contacts: AgentName (text), CustomerEndpoint (text), Disposition (text), EndTime (number), hash (text), " +
        "of +1••••••••42 (map), range (text). contactDetails can name text, numbers and true or false.",
    });
    const done = world.proxy.intercept(
      ({ operation }) => operation === "GetItem",
      () => ({
        status: 400,
        headers: { "content-type": "application/x-amz-json-1.0" },
        body: JSON.stringify({ __type: "AccessDeniedException", message: "not authorized" }),
      }),
    );
    const denied = await checks("--full", "--rate", "1000", "--attributes");
    done();
    expect(denied.exitCode).toBe(0);
    expect(denied.of.get("contact attributes")).toMatchObject({ outcome: "warning" });
    expect(denied.of.get("contact attributes")?.fix).toContain("Attach the policy contact-attributes");
  } finally {
    await world.table.put("dextr-acme", [contact(0)]);
  }
});

test("Ctrl-C stops after the current page, and --resume reads each remaining item once", async () => {
  let scans = 0;
  const running = startFleet(["preflight", "--full", "--rate", "20"], files, world.env);
  // The process has not started, so it has made no call yet.
  const done = world.proxy.intercept(
    ({ operation }) => {
      if (operation === "Scan" && ++scans === 4) running.child.kill("SIGINT");
      return false;
    },
    () => ({ status: 500, body: "" }),
  );
  const first = await running.finished;
  done();
  expect(first.exitCode).toBe(130);
  expect(first.stderr).toContain("Stopping after the current page.");
  expect(first.stdout.replaceAll(/\s+/g, " ")).toContain("Run the same command with --resume to continue.");
  const before = hashes().length;
  expect(before).toBeGreaterThan(0);
  expect(before).toBeLessThan(2000);

  const second = await preflight("--full", "--rate", "1000", "--resume");
  expect(second.exitCode).toBe(0);
  expect(second.stdout).toContain("2,000 items read");
  expect([hashes().length, new Set(hashes()).size]).toEqual([2000, 2000]);
});

test("only an unfinished preflight leaves keys of contacts on disk, private to the owner", async () => {
  const progress = path.join(scratch, ".fleet/preflight");
  const running = startFleet(["preflight", "--full", "--rate", "20"], files, world.env);
  const done = world.proxy.intercept(
    ({ operation }) => {
      if (operation === "Scan") running.child.kill("SIGINT");
      return false;
    },
    () => ({ status: 500, body: "" }),
  );
  expect((await running.finished).exitCode).toBe(130);
  done();
  const [file = ""] = readdirSync(progress);
  expect(readFileSync(path.join(progress, file), "utf8")).toContain("contact-");
  expect([progress, path.join(progress, file)].map((place) => statSync(place).mode & 0o777)).toEqual([0o700, 0o600]);

  // A killed process leaves a draft.
  writeFileSync(path.join(progress, `${file}.1.tmp`), "contact-1");
  expect((await preflight("--full", "--rate", "1000", "--resume")).exitCode).toBe(0);
  expect(readdirSync(progress)).toEqual([]);
});

test("items that violate the index are reported by type with redacted keys, and fail the check", async () => {
  await world.table.put("dextr-acme", [
    contact(5, { Disposition: { N: "4" } }),
    contact(6, { CustomerEndpoint: { M: { Address: { S: "+15555550106" }, Type: { S: "TELEPHONE_NUMBER" } } } }),
    { ...contact(7, { Disposition: { NULL: true } }), hash: { S: "+15555550107" } },
  ]);
  const { exitCode, of } = await checks("--full", "--rate", "1000");
  expect(exitCode).toBe(1);
  const { detail = "", outcome } = of.get("index keys") ?? {};
  expect(outcome).toBe("failed");
  expect(detail).toContain("3 of 2,001 items violate the index");
  expect(detail).toContain("Disposition is a number in 1 (hash=contact-5 range=ctr: a number)");
  expect(detail).toContain("CustomerEndpoint is a map in 1 (hash=contact-6 range=ctr: a map of Address, Type)");
  expect(detail).toContain("Disposition is null in 1 (hash=+1••••••••07 range=ctr: NULL)");
});

test("each of the four silent faults of the vendor's guide is reported", async () => {
  const role = "microservice";
  const functionArn = `arn:aws:lambda:${region}:${account}:function:blockedCalls`;
  world.byHand.functions.set("blockedCalls", {
    ...{ FunctionName: "blockedCalls", FunctionArn: functionArn, Runtime: "nodejs18.x", CodeSize: 1114 },
    Role: `arn:aws:iam::${account}:role/service-role/${role}`,
  });
  const actions = ["DeleteItem", "GetItem", "PutItem", "Scan", "UpdateItem"].map((name) => `dynamodb:${name}`);
  const document = (Action: string[]) => JSON.stringify({ Statement: [{ Effect: "Allow", Action, Resource: "*" }] });
  world.byHand.roles.set(role, { Description: "", documents: [document(actions)] });
  const content = blockedStatusModule({
    functionArn: "arn:aws:lambda:us-east-1:444455556666:function:blockedCalls",
    blockedDisposition: "demonstration",
    instanceName: "somebody",
    flowTimeLimitSeconds: 3,
  });
  const client = new ConnectClient({
    endpoint: world.proxy.url,
    region,
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "emulated" },
  });
  await client.send(
    new CreateContactFlowModuleCommand({
      InstanceId: instanceId,
      Name: "blockedStatus",
      Content: JSON.stringify(content),
    }),
  );
  client.destroy();
  world.proxy.clear();

  const { exitCode, of } = await checks("--sample", "10");
  expect(exitCode).toBe(1);
  expect(of.get("module blockedStatus")).toMatchObject({
    outcome: "failed",
    detail: expect.stringContaining("not managed by this stack: it was created or imported by hand") as string,
    fix: expect.stringContaining("adoptExisting") as string,
  });
  for (const [name, sentence] of [
    ["guide: function", "has no AWS SDK version 2"],
    [
      "guide: role",
      "The role microservice may not dynamodb:Query on the index: the guide's template \"Simple microservice",
    ],
    ["guide: association", `${functionArn} is not associated with the Connect instance`],
    ["guide: module", "444455556666:function:blockedCalls, which is not in account 111122223333"],
  ] as const) {
    const detail = expect.stringContaining(sentence) as string;
    expect([name, of.get(name)]).toEqual([name, expect.objectContaining({ outcome: "warning", detail })]);
    expect(of.get(name)?.detail).toContain("no caller is blocked");
  }

  // After a repair, the check passes.
  world.byHand.roles.set(role, { Description: "", documents: [document([...actions, "dynamodb:Query"])] });
  world.byHand.functions.set("blockedCalls", { ...world.byHand.functions.get("blockedCalls"), Runtime: "nodejs16.x" });
  const better = await checks("--sample", "10");
  expect(better.of.get("guide: role")?.outcome).toBe("ok");
  expect(better.of.get("guide: function")?.outcome).toBe("ok");
});

test("names that are in use fail, and a customer managed key is a warning", async () => {
  const { name, roleName, logGroupName } = instance.function;
  const Role = `arn:aws:iam::${account}:role/service-role/microservice`;
  const byHand = { FunctionName: name, Runtime: "nodejs20.x", Handler: "index.handler", Description: "mine", Role };
  world.byHand.functions.set(name, byHand);
  world.byHand.roles.set(roleName, { Description: "mine", documents: [] });
  world.byHand.logGroups.add(logGroupName);
  world.byHand.table = {
    SSEDescription: { SSEType: "KMS", KMSMasterKeyArn: `arn:aws:kms:${region}:${account}:key/1234abcd` },
  };
  const taken = await checks("--sample", "10");
  for (const [check, key] of [
    ["function name", "function"],
    ["role name", "role"],
    ["log group", "logGroup"],
  ] as const) {
    expect([check, taken.of.get(check)?.outcome]).toEqual([check, "failed"]);
    expect(taken.of.get(check)?.fix).toContain(`Set adoptExisting.${key}: true for this instance`);
  }
  expect(taken.of.get("encryption")?.outcome).toBe("warning");

  // A resource that cannot be changed in place cannot be adopted: the plan would refuse it.
  world.byHand.functions.set(name, { ...byHand, Runtime: "python3.12" });
  world.byHand.roles.set(roleName, { Description: "mine", Path: "/service-role/", documents: [] });
  const unfit = await checks("--sample", "10");
  for (const check of ["function name", "role name"])
    expect(unfit.of.get(check)?.fix).toContain("adoptExisting cannot adopt this resource");

  world.byHand.functions.set(name, { FunctionName: name, Description: "Answers Connect instance acme: is it?" });
  world.byHand.roles.set(roleName, { Description: `Runs ${name}: may query`, documents: [] });
  const ours = await checks("--sample", "10");
  for (const check of ["function name", "role name", "log group"]) {
    expect([check, ours.of.get(check)?.outcome]).toEqual([check, "ok"]);
  }
});

test("the names of the canary are checked, and adoptExisting does not apply to them", async () => {
  const { name, roleName, logGroupName } = instance.canary;
  world.byHand.functions.set(name, { FunctionName: name, Runtime: "nodejs20.x", Handler: "index.handler" });
  world.byHand.roles.set(roleName, { Description: "mine", documents: [] });
  world.byHand.logGroups.add(logGroupName);
  const taken = await checks("--sample", "10");
  for (const [check, setting] of [
    ["canary name", "alarms.canaryName"],
    ["canary role name", "alarms.canaryRoleName"],
    ["canary log group", "alarms.canaryName"],
  ] as const) {
    expect([check, taken.of.get(check)?.outcome]).toEqual([check, "failed"]);
    expect(taken.of.get(check)?.fix).toContain(`set ${setting} to another name`);
    expect(taken.of.get(check)?.fix).not.toContain("adoptExisting");
  }

  const { canary, role } = stackDescriptions();
  world.byHand.functions.set(name, { FunctionName: name, Description: canary });
  world.byHand.roles.set(roleName, { Description: role, documents: [] });
  const ours = await checks("--sample", "10");
  for (const check of ["canary name", "canary role name", "canary log group"])
    expect([check, ours.of.get(check)?.outcome]).toEqual([check, "ok"]);

  // Without a canary, these names are not used.
  world.byHand.functions.set(name, { FunctionName: name, Description: "mine" });
  const without = { "dev.yaml": yaml.replace("instances:", "alarms: { canaryMinutes: false }\ninstances:") };
  const { stdout } = await runFleet(["preflight", "--sample", "10", "--json"], without, world.env);
  expect(stdout).not.toContain("canary");
  world.byHand.functions.delete(name);
  world.byHand.roles.delete(roleName);
  world.byHand.logGroups.delete(logGroupName);
});

/** The descriptions of the canary and its role in the stack. */
function stackDescriptions(): { readonly canary: string; readonly role: string } {
  const functionPackage = { zipPath: __filename, sha256: "0", sourceCodeHash: "0", handler: "index.handler" };
  const stack = new CallBlockingStack(Testing.app(), {
    instance,
    functionPackages: { blockedCalls: functionPackage, canary: functionPackage },
  });
  const { resource } = JSON.parse(Testing.synth(stack)) as {
    resource: Readonly<Record<string, Readonly<Record<string, { readonly description: string }>>>>;
  };
  const of = (type: string) => resource[type]?.["canary"]?.description ?? "";
  return { canary: of("aws_lambda_function"), role: of("aws_iam_role") };
}

describe("with adoptExisting", () => {
  const { name, roleName, logGroupName } = instance.function;
  const moduleIdInConnect = () => world.connect.modules(instanceId).get("blockedStatus")?.id ?? "";
  const adopting = async (keys: string, sample = "10") => {
    const adopted = { "dev.yaml": `${yaml}    adoptExisting: { ${keys} }\n` };
    const { stdout } = await runFleet(["preflight", "--sample", sample, "--json"], adopted, world.env);
    const [one] = JSON.parse(stdout) as { checks: Check[] }[];
    return new Map(one?.checks.map((check) => [check.name, check]));
  };
  const all = () => adopting(`module: ${moduleIdInConnect()}, function: true, role: true, logGroup: true`);
  const adoptedChecks = ["function name", "role name", "log group"] as const;

  test("names of adopted resources are ok, and no removal is recommended", async () => {
    const Role = `arn:aws:iam::${account}:role/${roleName}`;
    const byHand = { FunctionName: name, Runtime: "nodejs18.x", Handler: "index.handler", CodeSize: 1114, Role };
    world.byHand.functions.set(name, byHand);
    world.byHand.roles.set(roleName, { Description: "mine", documents: [] });
    world.byHand.logGroups.add(logGroupName);
    const of = await all();
    for (const check of [...adoptedChecks, "module blockedStatus"])
      expect([check, of.get(check)?.outcome, of.get(check)?.detail]).toEqual([
        check,
        "ok",
        expect.stringMatching(/adopted|changed in place/),
      ]);
    expect(of.get("guide: function")?.fix).toContain("it adopts and corrects the resources in adoptExisting");
  });

  /** Resources as a person and a security team made them. */
  function makeByHand(): void {
    const Role = `arn:aws:iam::${account}:role/${roleName}`;
    world.byHand.functions.set(name, {
      FunctionName: name,
      FunctionArn: `arn:aws:lambda:${region}:${account}:function:${name}`,
      Description: "mine",
      Runtime: "nodejs18.x",
      Handler: "index.handler",
      MemorySize: 128,
      Timeout: 30,
      CodeSize: 1114,
      CodeSha256: "bWluZQ==",
      Role,
      Layers: [{ Arn: `arn:aws:lambda:${region}:${account}:layer:agent:1` }],
      Environment: { Variables: { API_KEY: "do not print", TABLE_NAME: "dextr-old" } },
    });
    world.byHand.functionDetails.set(name, {});
    const trust = (Service: string) =>
      encodeURIComponent(
        JSON.stringify({
          Version: "2012-10-17",
          Statement: [{ Effect: "Allow", Principal: { Service }, Action: "sts:AssumeRole" }],
        }),
      );
    world.byHand.roles.set(roleName, {
      Description: "mine",
      documents: [],
      more: `<AssumeRolePolicyDocument>${trust("lambda.amazonaws.com")}</AssumeRolePolicyDocument><MaxSessionDuration>7200</MaxSessionDuration>`,
      inline: ["query", "lookup"],
      attached: ["arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess"],
    });
    world.byHand.logGroups.add(logGroupName);
    world.byHand.logGroupDetails.set(logGroupName, { retentionInDays: 7 });
  }

  test("everything that the adoption changes is listed, with live and new values and without secrets", async () => {
    makeByHand();
    const of = await all();
    const changes = (check: string): string =>
      `${of.get(check)?.outcome ?? "no check"}: ${of.get(check)?.detail ?? ""}`;
    for (const line of [
      "~ runtime: nodejs18.x → nodejs22.x",
      "~ memory_size: 128 → 512",
      "~ timeout: 30 → 3",
      "- architectures: x86_64; + architectures: arm64",
      `- layers: arn:aws:lambda:${region}:${account}:layer:agent:1`,
      "- environment variables: API_KEY",
      "- environment variables: TABLE_NAME (another value)",
      "+ environment variables: TABLE_NAME (new value)",
      "~ source_code_hash: bWluZQ== → (the code of this project)",
      "~ description: mine → Answers Connect instance acme: …",
    ])
      expect(changes("adopted function")).toContain(line);
    expect(changes("adopted function")).toMatch(/^ok: /);
    expect(changes("adopted function")).not.toContain("do not print");
    for (const line of [
      "~ max_session_duration: 7200 → 3600",
      "- inline policy query",
      "~ inline policy lookup: ours",
      "- attached policy arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess",
    ])
      expect(changes("adopted role")).toContain(line);
    expect(changes("adopted log group")).toContain("~ retention_in_days: 7 → 30");
    expect(changes("adopted module")).toMatch(
      /^ok: .* content: a flow that calls .* → the flow of this project, which calls arn:/,
    );
    expect(of.has("adopted alias")).toBe(false);
  });

  const functionOf = (more: object): void => {
    world.byHand.functions.set(name, { ...world.byHand.functions.get(name), ...more });
  };
  const roleOf = (more: string): void => {
    const role = world.byHand.roles.get(roleName);
    if (role !== undefined) world.byHand.roles.set(roleName, { ...role, more: `${role.more ?? ""}${more}` });
  };

  test.each<[setting: string, check: string, key: string, add: () => void]>([
    [
      "permissions boundary",
      "adopted role",
      "permissionsBoundary",
      () => {
        roleOf(
          "<PermissionsBoundary><PermissionsBoundaryArn>arn:aws:iam::aws:policy/Limits</PermissionsBoundaryArn></PermissionsBoundary>",
        );
      },
    ],
    [
      "tag",
      "adopted role",
      "ignoreTags",
      () => {
        roleOf("<Tags><member><Key>costs</Key><Value>42</Value></member></Tags>");
      },
    ],
    [
      "KMS key",
      "adopted log group",
      "function.logKmsKeyArn",
      () => world.byHand.logGroupDetails.set(logGroupName, { kmsKeyId: "arn:aws:kms:key" }),
    ],
    [
      "tag",
      "adopted log group",
      "ignoreTags",
      () => world.byHand.logGroupDetails.set(logGroupName, { tags: { costs: "42" } }),
    ],
    [
      "reserved concurrency",
      "adopted function",
      "function.reservedConcurrency",
      () => world.byHand.functionDetails.set(name, { reservedConcurrency: 20 }),
    ],
    [
      "code signing configuration",
      "adopted function",
      "allowance",
      () => world.byHand.functionDetails.set(name, { codeSigningConfigArn: "arn:aws:lambda:csc" }),
    ],
    ["tag", "adopted function", "ignoreTags", () => world.byHand.functionDetails.set(name, { tags: { costs: "42" } })],
    [
      "VPC settings",
      "adopted function",
      "function.vpc",
      () => {
        functionOf({ VpcConfig: { SubnetIds: ["subnet-12345678"], SecurityGroupIds: ["sg-12345678"] } });
      },
    ],
  ])("an adoption that would remove a %s of the %s is refused, and names %s", async (setting, check, key, add) => {
    makeByHand();
    add();
    const of = await all();
    const adoptions = [...of.values()].filter(({ name }) => name.startsWith("adopted"));
    expect(adoptions.filter(({ outcome }) => outcome === "failed").map(({ name }) => name)).toEqual([check]);
    const finding = of.get(check);
    expect(finding?.detail).toContain(`The apply would remove the ${setting} (`.replace("tag (", 'tag "costs"'));
    expect(finding?.fix).toContain(key);
  });

  test("a setting that the environment file keeps, and an ignored tag, do not stop the adoption", async () => {
    makeByHand();
    roleOf(
      "<PermissionsBoundary><PermissionsBoundaryArn>arn:aws:iam::aws:policy/Limits</PermissionsBoundaryArn></PermissionsBoundary>",
    );
    functionOf({ VpcConfig: { SubnetIds: ["subnet-12345678"], SecurityGroupIds: ["sg-12345678"] } });
    world.byHand.functionDetails.set(name, { reservedConcurrency: 20, tags: { costs: "42", "org:unit": "one" } });
    const keeping = yaml.replace(
      "instances:",
      'permissionsBoundary: arn:aws:iam::aws:policy/Limits\nignoreTags: { keys: [costs], keyPrefixes: ["org:"] }\n' +
        "function: { reservedConcurrency: 20, vpc: { subnetIds: [subnet-12345678], securityGroupIds: [sg-12345678] } }\ninstances:",
    );
    const adopted = { "dev.yaml": `${keeping}    adoptExisting: { function: true, role: true }\n` };
    const { stdout } = await runFleet(["preflight", "--sample", "10", "--json"], adopted, world.env);
    const [one] = JSON.parse(stdout) as { checks: Check[] }[];
    for (const check of ["adopted function", "adopted role"]) {
      const found = one?.checks.find((other) => other.name === check);
      expect([check, found?.outcome]).toEqual([check, "ok"]);
      expect(found?.detail).not.toMatch(/boundary|vpc_config|reserved|costs|org:/);
    }
  });

  test("a role that others use is not adopted", async () => {
    makeByHand();
    world.byHand.functions.set("billing", {
      FunctionName: "billing",
      Role: `arn:aws:iam::${account}:role/${roleName}`,
    });
    expect((await all()).get("adopted role")).toMatchObject({
      outcome: "failed",
      detail: expect.stringContaining("is used by others too: the function billing.") as string,
      fix: expect.stringContaining("remove adoptExisting.role") as string,
    });
    world.byHand.functions.delete("billing");
    const statement = (Principal: object) => [{ Effect: "Allow", Principal, Action: "sts:AssumeRole" }];
    for (const [more, user] of [
      [
        `<AssumeRolePolicyDocument>${encodeURIComponent(JSON.stringify({ Statement: statement({ Service: "lambda.amazonaws.com", AWS: "arn:aws:iam::444455556666:root" }) }))}</AssumeRolePolicyDocument>`,
        "arn:aws:iam::444455556666:root (may assume the role)",
      ],
      ["<RoleLastUsed><Region>eu-west-1</Region></RoleLastUsed>", "something in eu-west-1"],
    ] as const) {
      world.byHand.roles.set(roleName, { Description: "mine", documents: [], more });
      expect((await all()).get("adopted role")).toMatchObject({
        outcome: "failed",
        detail: expect.stringContaining(`is used by others too: ${user}`) as string,
      });
    }
  });

  test("a function that has the alias already is adopted with the alias, or not at all", async () => {
    makeByHand();
    world.byHand.functionDetails.set(name, {
      live: { FunctionVersion: "7", RoutingConfig: { AdditionalVersionWeights: { "6": 0.25 } } },
    });
    expect((await all()).get("adopted alias")).toMatchObject({
      outcome: "failed",
      fix: expect.stringContaining("Set adoptExisting.alias: true") as string,
    });
    const adopted = await adopting("function: true, alias: true");
    expect(adopted.get("adopted alias")).toMatchObject({
      outcome: "ok",
      detail: expect.stringContaining(
        "~ version: 7 → the version that it publishes; - 25 % of its traffic to version 6",
      ) as string,
    });
    world.byHand.functionDetails.set(name, {});
    const missing = await adopting("function: true, alias: true");
    expect(missing.get("adopted alias")?.outcome).toBe("failed");
  });

  test("an existing association of the alias is adopted, and a missing one is reported", async () => {
    const association = async (keys: string) => (await adopting(keys)).get("association");
    const missing = await association("association: true");
    expect(missing).toMatchObject({
      outcome: "failed",
      detail: expect.stringContaining("adoptExisting.association is set") as string,
    });
    const associate = (method: string, query = "") =>
      world.connect.handle({
        method,
        url: `/instance/${instanceId}/lambda-function${query}`,
        body: Buffer.from(JSON.stringify({ FunctionArn: instance.function.aliasArn })),
        region,
      });
    associate("PUT");
    expect(await association("association: true")).toMatchObject({ outcome: "ok" });
    expect((await association("function: false"))?.fix).toContain("set adoptExisting.association: true");
    associate("DELETE", `?functionArn=${encodeURIComponent(instance.function.aliasArn)}`);
  });

  test("a resource that cannot be changed in place fails, with an alternative", async () => {
    const Role = `arn:aws:iam::${account}:role/service-role/${roleName}`;
    world.byHand.functions.set(name, { FunctionName: name, Runtime: "nodejs18.x", Handler: "app.main", Role });
    world.byHand.roles.set(roleName, { Description: "mine", Path: "/service-role/", documents: [] });
    const of = await all();
    expect(of.get("function name")).toMatchObject({
      outcome: "failed",
      detail: expect.stringContaining("the runtime nodejs18.x and the handler app.main") as string,
      fix: "Set function.name to another name and remove adoptExisting.function. The module then calls a new function.",
    });
    expect(of.get("role name")).toMatchObject({
      outcome: "failed",
      detail: expect.stringContaining("has the path /service-role/") as string,
      fix: "Set function.roleName to another name and remove adoptExisting.role. A new role is then created.",
    });
  });

  test("a missing resource to adopt fails, and so does another module named blockedStatus", async () => {
    world.byHand.functions.delete(name);
    world.byHand.roles.delete(roleName);
    world.byHand.logGroups.delete(logGroupName);
    const of = await all();
    for (const [check, key] of [
      ["function name", "function"],
      ["role name", "role"],
      ["log group", "logGroup"],
    ] as const) {
      expect(of.get(check)).toMatchObject({
        outcome: "failed",
        detail: expect.stringContaining(`adoptExisting.${key} is set, but `) as string,
        fix: expect.stringContaining(`or remove adoptExisting.${key} to create a new resource`) as string,
      });
    }
    const other = await adopting("module: 0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4e");
    expect(other.get("module blockedStatus")).toMatchObject({
      outcome: "failed",
      fix: expect.stringContaining(`set adoptExisting.module to this id`) as string,
    });
  });
});

describe("without permission to read", () => {
  const refused = async (what: (request: { readonly operation: string; readonly url: string }) => boolean) => {
    const allow = world.proxy.intercept(what, () => ({
      status: 403,
      headers: { "content-type": "application/json", "x-amzn-errortype": "AccessDeniedException" },
      body: JSON.stringify({ message: "no" }),
    }));
    const { of } = await checks("--sample", "10");
    allow();
    return of;
  };

  test("the function: the log group's creator is unknown, and no deletion is recommended", async () => {
    const { name, logGroupName } = instance.function;
    world.byHand.functions.set(name, { FunctionName: name, Description: "Answers Connect instance acme: is it?" });
    world.byHand.logGroups.add(logGroupName);
    const of = await refused(({ url }) => url.includes(`/functions/${name}/configuration`));
    expect(of.get("function name")?.outcome).toBe("failed");
    expect(of.get("log group")).toMatchObject({
      outcome: "failed",
      detail: expect.stringContaining("but the function could not be read") as string,
      fix: expect.stringContaining("Do not change the log group until then") as string,
    });
    // Without the log group, its name is free.
    world.byHand.logGroups.delete(logGroupName);
    const free = await refused(({ url }) => url.includes(`/functions/${name}/configuration`));
    expect(free.get("log group")?.outcome).toBe("ok");
    world.byHand.functions.clear();
  });

  test("the modules: nothing is reported about the vendor's guide", async () => {
    world.byHand.functions.clear();
    const of = await refused(({ url }) => url.includes("/contact-flow-modules-summary/"));
    expect(of.get("modules")?.outcome).toBe("failed");
    for (const check of ["module blockedStatus", "association", "guide"]) expect(of.has(check)).toBe(false);
  });
});

test("a wrong instance alias and a missing table are reported", async () => {
  const other = { "dev.yaml": yaml.replace("name: acme", "name: other") };
  const { exitCode, stdout } = await runFleet(["preflight"], other, world.env);
  const text = stdout.replaceAll(/\s+/g, " ");
  expect(exitCode).toBe(1);
  expect(text).toContain("There is no table dextr-other in us-east-1");
  expect(text).toContain('The Connect instance\'s alias is "acme", but its name in the environment file is "other"');
});

test("invalid options are reported together, before any request", async () => {
  const { exitCode, stderr } = await preflight("--sample", "0", "--rate", "fast", "--full");
  expect(exitCode).toBe(1);
  expect(stderr).toContain('--sample "0" is not allowed. Give a whole number from 1 to 999999999. Default: 2000.');
  expect(stderr).toContain('--rate "fast" is not allowed. Give a whole number from 1 to 999999999.');
  expect(world.proxy.calls()).toEqual([]);
});

/** The IAM request of a call. */
function question({ service, operation, url, input }: RecordedCall): AccessRequest {
  const given = (input ?? {}) as Readonly<Partial<Record<string, string>>>;
  const arn = (resource: string): string => `arn:aws:${service}:${region}:${account}:${resource}`;
  const segments = new URL(url, "http://aws").pathname.split("/").filter(Boolean);
  const lambdaArn = (name: string): string => (name.startsWith("arn:") ? name : arn(`function:${name}`));
  const ask = (resource: string, action = operation, context = {}): AccessRequest => ({
    action: `${service}:${action}`,
    resource,
    context,
  });
  switch (service) {
    case "dynamodb":
      return ask(given["ResourceArn"] ?? arn(`table/${String(given["TableName"])}`), operation, {
        ...(given["Select"] === undefined ? {} : { "dynamodb:Select": given["Select"] }),
        "dynamodb:Attributes": Object.values((input as ScanCommandInput).ExpressionAttributeNames ?? {}),
      });
    case "kms":
      return ask(given["KeyId"] ?? "");
    case "logs":
      return ask(given["resourceArn"] ?? arn("log-group:*"));
    case "iam":
      return ask(given["PolicySourceArn"] ?? `arn:aws:iam::${account}:role/${String(given["RoleName"])}`);
    case "lambda":
      return ask(operation === "ListFunctions" ? "*" : lambdaArn(decodeURIComponent(segments[2] ?? "")));
    default: {
      const of = arn(`instance/${segments[1] ?? ""}`);
      return ask(operation === "DescribeContactFlowModule" ? `${of}/flow-module/${segments[2] ?? ""}` : of);
    }
  }
}

test("the policies preflight and contact-attributes allow every call of these tests, and no other action", () => {
  const adopting = loadOne(`${yaml}    adoptExisting: { function: true, role: true, logGroup: true }\n`);
  const policies = policiesFor([instance, adopting])
    .filter(({ name }) => /^(preflight|contact-attributes)-/.test(name))
    .map(({ document }) => document);
  const asked = everyCall
    .map(question)
    // Excludes the instance that is not configured, and the module that the test creates.
    .filter(({ action, resource }) => !resource.includes("other") && action !== "connect:CreateContactFlowModule");
  expect(asked.filter((one) => decide(policies, one) !== "allowed")).toEqual([]);
  const called = new Set(asked.map(({ action }) => action));
  const allowed = policies.flatMap(({ Statement }) => Statement.flatMap(({ Action = [] }) => Action));
  expect(allowed.filter((action) => !called.has(action))).toEqual([]);
});
