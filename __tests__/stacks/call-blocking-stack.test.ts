/** Tests the synthesized stack: the adopted table, least privilege, one alias ARN, and the order of resources. */
import path from "node:path";
import { Testing } from "cdktf";
import type { InstanceConfig } from "../../config/types";
import { functionEnvironment } from "../../lambda/settings";
import { CallBlockingStack } from "../../stacks/call-blocking-stack";
import { sampleInstance } from "./sample-instance";

type Json = Record<string, unknown>;

/** The part of a synthesized stack that these tests read. */
interface Synthesized {
  readonly data: Record<string, Record<string, Json>>;
  readonly resource: Record<string, Record<string, Json>>;
  readonly locals: Record<string, string>;
  readonly import: readonly Json[];
  readonly provider: { readonly aws: readonly Json[] };
  readonly terraform: Json;
  readonly output: Record<string, Json>;
}

const functionPackage = {
  zipPath: __filename,
  sha256: "ab".repeat(32),
  sourceCodeHash: "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=",
  handler: "index.handler",
};

function synthesize(changes: Partial<InstanceConfig> = {}): Synthesized {
  const stack = new CallBlockingStack(Testing.app(), {
    instance: { ...sampleInstance, ...changes },
    functionPackages: { blockedCalls: functionPackage, canary: functionPackage },
  });
  return JSON.parse(Testing.synth(stack)) as Synthesized;
}

function resource(synthesized: Synthesized, address: string): Json {
  const [type = "", id = ""] = address.split(".");
  const found = synthesized.resource[type]?.[id];
  if (found === undefined) throw new Error(`${address} is not in the stack`);
  return found;
}

const stack = synthesize();

/** Returns the arguments of a dynamic block that mirrors the live block of the same name. */
const mirrored = (block: string, names: readonly string[]): Json =>
  Object.fromEntries(names.map((name) => [name, `\${${block}.value.${name}}`]));

describe("ids", () => {
  // Terraform deletes a renamed resource under its old name, even with prevent_destroy. Change this list only with a `moved` block.
  test("addresses do not change", () => {
    const addresses = [
      ...Object.entries(stack.data).flatMap(([type, all]) => Object.keys(all).map((id) => `data.${type}.${id}`)),
      ...Object.entries(stack.resource).flatMap(([type, all]) => Object.keys(all).map((id) => `${type}.${id}`)),
      ...Object.keys(stack.output).map((id) => `output.${id}`),
    ].sort();
    expect(addresses).toEqual([
      "aws_cloudwatch_event_rule.canary",
      "aws_cloudwatch_event_target.canary",
      "aws_cloudwatch_log_group.blocked_calls",
      "aws_cloudwatch_log_group.canary",
      "aws_cloudwatch_metric_alarm.canary_silent",
      "aws_cloudwatch_metric_alarm.function_errors",
      "aws_cloudwatch_metric_alarm.index_read_throttling",
      "aws_cloudwatch_metric_alarm.index_write_throttling",
      "aws_cloudwatch_metric_alarm.lookup_errors",
      "aws_cloudwatch_metric_alarm.matches_too_much",
      "aws_cloudwatch_metric_alarm.never_matches",
      "aws_cloudwatch_metric_alarm.silence",
      "aws_cloudwatch_metric_alarm.slow_answers",
      "aws_cloudwatch_metric_alarm.throttles",
      "aws_cloudwatch_metric_alarm.wrong_answer",
      "aws_connect_contact_flow_module.blocked_status",
      "aws_connect_lambda_function_association.blocked_calls",
      "aws_dynamodb_table.contacts",
      "aws_iam_role.blocked_calls",
      "aws_iam_role.canary",
      "aws_iam_role_policy.canary",
      "aws_iam_role_policy.canary_decrypt",
      "aws_iam_role_policy.decrypt",
      "aws_iam_role_policy.lookup",
      "aws_lambda_alias.live",
      "aws_lambda_function.blocked_calls",
      "aws_lambda_function.canary",
      "aws_lambda_permission.canary",
      "aws_lambda_permission.connect",
      "aws_sns_topic.alarms",
      "data.aws_dynamodb_table.live",
      "output.function_alias_arn",
      "output.function_version",
      "output.index_name",
      "output.letting_go",
      "output.module_id",
      "output.table_name",
    ]);
  });
});

describe("the adopted table", () => {
  const table = resource(stack, "aws_dynamodb_table.contacts");

  test("is imported under the name of the live table", () => {
    expect(stack.import).toEqual([{ to: "aws_dynamodb_table.contacts", id: "dextr-acme" }]);
    expect(stack.data["aws_dynamodb_table"]?.["live"]?.["name"]).toBe("dextr-acme");
  });

  test("cannot be destroyed, and only its indexes and attribute definitions are compared", () => {
    const lifecycle = table["lifecycle"] as { prevent_destroy: boolean; ignore_changes: string[] };
    expect(lifecycle.prevent_destroy).toBe(true);
    // The end-to-end tests compare the list with the provider's schema.
    expect(lifecycle.ignore_changes).toEqual(expect.arrayContaining(["billing_mode", "tags", "tags_all", "ttl"]));
    expect(lifecycle.ignore_changes).not.toEqual(expect.arrayContaining(["attribute"]));
    expect(lifecycle.ignore_changes).not.toEqual(expect.arrayContaining(["global_secondary_index"]));
  });

  test("mirrors keys, attributes and indexes of the live table, and adds our index", () => {
    const live = "data.aws_dynamodb_table.live";
    expect(table).toMatchObject({
      name: "dextr-acme",
      hash_key: `\${${live}.hash_key}`,
      range_key: `\${${live}.range_key}`,
      billing_mode: `\${${live}.billing_mode}`,
    });
    for (const argument of ["attribute", "global_secondary_index", "local_secondary_index", "tags", "ttl"])
      expect(table).not.toHaveProperty(argument);
    const { attribute, global_secondary_index, local_secondary_index } = table["dynamic"] as Record<string, Json>;
    expect(attribute).toEqual({
      for_each: `\${merge({ Disposition = "S", CustomerEndpoint = "S" }, { for a in ${live}.attribute : a.name => a.type })}`,
      content: { name: "${attribute.key}", type: "${attribute.value}" },
    });
    expect(global_secondary_index).toEqual({
      for_each:
        '${merge({ "Disposition-CustomerEndpoint-index" = { name = "Disposition-CustomerEndpoint-index", ' +
        'hash_key = "Disposition", range_key = "CustomerEndpoint", projection_type = "KEYS_ONLY", non_key_attributes = [], ' +
        `read_capacity = coalesce(${live}.read_capacity, 0), write_capacity = coalesce(${live}.write_capacity, 0), ` +
        `on_demand_throughput = [] } }, { for i in ${live}.global_secondary_index : i.name => i })}`,
      content: {
        ...mirrored("global_secondary_index", [
          "name",
          "hash_key",
          "range_key",
          "projection_type",
          "non_key_attributes",
          "read_capacity",
          "write_capacity",
        ]),
        dynamic: {
          on_demand_throughput: {
            for_each: "${global_secondary_index.value.on_demand_throughput}",
            content: mirrored("on_demand_throughput", ["max_read_request_units", "max_write_request_units"]),
          },
        },
      },
    });
    expect(local_secondary_index).toEqual({
      for_each: `\${${live}.local_secondary_index}`,
      content: mirrored("local_secondary_index", ["name", "range_key", "projection_type", "non_key_attributes"]),
    });
  });

  test("waits for the index as long as the environment file allows", () => {
    expect(table["timeouts"]).toEqual({ update: "1440m" });
  });

  test("is refused if it has replicas, unless the instance accepts them", () => {
    const conditions = (synthesized: Synthesized): string => JSON.stringify(synthesized.data["aws_dynamodb_table"]);
    const others = JSON.stringify(`r.region_name != "${sampleInstance.region}"`).slice(1, -1);
    expect(conditions(stack)).toContain(`length([for r in self.replica : r.region_name if ${others}]) == 0`);
    const accepting = synthesize({ table: { ...sampleInstance.table, acceptReplicas: true } });
    expect(conditions(accepting)).not.toContain("self.replica");
  });

  test("with provider 6.x, ignores its new attributes and omits an absent sort key", () => {
    const six = resource(synthesize({ awsProvider: ">= 6.44, < 7" }), "aws_dynamodb_table.contacts");
    expect((six["lifecycle"] as { ignore_changes: string[] }).ignore_changes).toEqual(
      expect.arrayContaining(["warm_throughput", "global_table_witness", "restore_backup_arn", "tags_all"]),
    );
    expect(six["range_key"]).toContain("? null :");
  });
});

describe("the function", () => {
  const lambda = resource(stack, "aws_lambda_function.blocked_calls");

  test("runs on arm64, is published, and receives the settings of its instance", () => {
    expect(lambda).toMatchObject({
      function_name: "blockedCalls-acme",
      architectures: ["arm64"],
      runtime: "nodejs22.x",
      publish: true,
      memory_size: 512,
      timeout: 3,
      filename: `assets/blockedCalls/${functionPackage.sha256}/${path.basename(__filename)}`,
      source_code_hash: functionPackage.sourceCodeHash,
    });
    expect(lambda["environment"]).toEqual({
      variables: functionEnvironment({
        environment: "test",
        instanceName: "acme",
        tableName: "dextr-acme",
        blockedDispositions: ["Blocked"],
        anonymousCallers: "allow",
        exemptNumbers: [],
        otherNumbers: false,
        budgetMs: 1500,
      }),
    });
  });

  test("is created after its role policies, and invoked after its log group exists", () => {
    for (const invoker of ["aws_connect_contact_flow_module.blocked_status", "aws_cloudwatch_event_target.canary"])
      expect(resource(stack, invoker)["depends_on"]).toContain("aws_cloudwatch_log_group.blocked_calls");
    expect(lambda["depends_on"]).toEqual(["aws_iam_role_policy.lookup", "aws_iam_role_policy.decrypt"]);
    expect(resource(stack, "aws_cloudwatch_log_group.blocked_calls")).toMatchObject({
      name: "/aws/lambda/blockedCalls-acme",
      retention_in_days: 30,
    });
  });

  test("is only permitted to query the index and write its log group", () => {
    const policy = JSON.parse(resource(stack, "aws_iam_role_policy.lookup")["policy"] as string) as Json;
    expect(policy).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "QueryTheIndex",
          Effect: "Allow",
          Action: "dynamodb:Query",
          Resource: sampleInstance.table.indexArn,
        },
        {
          Sid: "WriteTheLog",
          Effect: "Allow",
          Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
          Resource: "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/blockedCalls-acme:*",
        },
      ],
    });
  });

  test("is permitted to decrypt with the table's key, only through DynamoDB and for this table", () => {
    const decrypt = resource(stack, "aws_iam_role_policy.decrypt");
    expect(decrypt["count"]).toBe('${coalesce(local.table_key_arn, "none") == "none" ? 0 : 1}');
    expect(stack.locals["table_key_arn"]).toBe(
      "${one(data.aws_dynamodb_table.live.server_side_encryption[*].kms_key_arn)}",
    );
    const policy = JSON.parse(decrypt["policy"] as string) as { Statement: Json[] };
    expect(policy.Statement).toHaveLength(1);
    expect(policy.Statement[0]).toMatchObject({
      Action: "kms:Decrypt",
      Resource: "${local.table_key_arn}",
      Condition: {
        StringEquals: {
          "kms:ViaService": "dynamodb.eu-central-1.amazonaws.com",
          "kms:EncryptionContext:aws:dynamodb:tableName": "dextr-acme",
        },
      },
    });
  });

  test("can be invoked only by Connect, for this instance and account, through the alias", () => {
    expect(resource(stack, "aws_lambda_permission.connect")).toMatchObject({
      // AssociateLambdaFunction adds a statement with the id connect-<instance id>, and fails if this id exists.
      statement_id: `connectpath-call-blocking-${sampleInstance.instanceId}`,
      action: "lambda:InvokeFunction",
      principal: "connect.amazonaws.com",
      source_account: "111122223333",
      source_arn: sampleInstance.instanceArn,
      qualifier: "${aws_lambda_alias.live.name}",
    });
  });
});

describe("settings of security teams", () => {
  const logKmsKeyArn = "arn:aws:kms:eu-central-1:111122223333:key/0f0e0d0c-1b1a-4918-8716-151413121110";
  const vpc = { subnetIds: ["subnet-0123456789abcdef0"], securityGroupIds: ["sg-0123456789abcdef0"] };
  const permissionsBoundary = "arn:aws:iam::111122223333:policy/boundary";
  const secured = synthesize({
    permissionsBoundary,
    ignoreTags: { keys: ["costs"], keyPrefixes: ["org:"] },
    function: { ...sampleInstance.function, logKmsKeyArn, reservedConcurrency: 20, vpc },
  });

  test("both roles have the permissions boundary, and both log groups the KMS key", () => {
    for (const id of ["blocked_calls", "canary"]) {
      expect(resource(secured, `aws_iam_role.${id}`)["permissions_boundary"]).toBe(permissionsBoundary);
      expect(resource(secured, `aws_cloudwatch_log_group.${id}`)["kms_key_id"]).toBe(logKmsKeyArn);
    }
  });

  test("the function has reserved concurrency and a VPC, and its role gets the network permissions first", () => {
    expect(resource(secured, "aws_lambda_function.blocked_calls")).toMatchObject({
      reserved_concurrent_executions: 20,
      vpc_config: { subnet_ids: vpc.subnetIds, security_group_ids: vpc.securityGroupIds },
      depends_on: expect.arrayContaining(["aws_iam_role_policy.vpc"]) as unknown,
    });
    expect(resource(secured, "aws_lambda_function.canary")).not.toHaveProperty("vpc_config");
  });

  test("the code of the function may not use the network permissions of Lambda", () => {
    const policy = resource(secured, "aws_iam_role_policy.vpc");
    expect(policy["role"]).toBe("${aws_iam_role.blocked_calls.name}");
    const [allow, deny] = (JSON.parse(String(policy["policy"])) as { readonly Statement: readonly Json[] }).Statement;
    expect(allow?.["Action"]).toContain("ec2:CreateNetworkInterface");
    expect(deny).toMatchObject({
      Effect: "Deny",
      Action: allow?.["Action"],
      Condition: {
        ArnEquals: { "lambda:SourceFunctionArn": sampleInstance.function.aliasArn.replace(/:live$/, "") },
      },
    });
  });

  test("the provider ignores the tags of others", () => {
    expect(secured.provider.aws[0]?.["ignore_tags"]).toEqual([{ keys: ["costs"], key_prefixes: ["org:"] }]);
  });

  test("without these keys, no resource has these settings", () => {
    expect(JSON.stringify(stack)).not.toMatch(/permissions_boundary|kms_key_id|reserved_concurrent|vpc|ignore_tags/);
  });
});

describe("the module", () => {
  const association = resource(stack, "aws_connect_lambda_function_association.blocked_calls");
  const flowModule = resource(stack, "aws_connect_contact_flow_module.blocked_status");

  test("invokes the alias ARN that is associated with the instance", () => {
    expect(association["function_arn"]).toBe(sampleInstance.function.aliasArn);
    const content = JSON.parse(flowModule["content"] as string) as { Actions: { Parameters: Json }[] };
    const arns = content.Actions.flatMap(({ Parameters }) => Parameters["LambdaFunctionARN"] ?? []);
    expect(arns).toEqual([sampleInstance.function.aliasArn]);
  });

  test("is created after the association, which is created after index, alias and permission", () => {
    expect(flowModule["depends_on"]).toContain("aws_connect_lambda_function_association.blocked_calls");
    expect(association["depends_on"]).toEqual([
      "aws_dynamodb_table.contacts",
      "aws_lambda_alias.live",
      "aws_lambda_permission.connect",
    ]);
  });

  test("uses the instance id, not the ARN", () => {
    expect(flowModule).toMatchObject({ name: "blockedStatus", instance_id: sampleInstance.instanceId });
    expect(association["instance_id"]).toBe(sampleInstance.instanceId);
  });
});

/** The addresses that a resource refers to, directly and through other resources. */
function dependenciesOf(address: string, { resource: resources }: Synthesized, seen = new Set<string>()): Set<string> {
  const [type = "", id = ""] = address.split(".");
  const text = JSON.stringify(resources[type]?.[id] ?? {});
  for (const [reference] of text.matchAll(/\baws_\w+\.[a-z]\w*/g)) {
    if (seen.has(reference)) continue;
    seen.add(reference);
    dependenciesOf(reference, { ...stack, resource: resources }, seen);
  }
  return seen;
}

test("every resource is created after the index, so a killed wait leaves nothing that is in no state", () => {
  const rich = synthesize({
    adoptExisting: { function: true, role: true, logGroup: true, alias: false, association: false },
    function: { ...sampleInstance.function, vpc: { subnetIds: ["subnet-1"], securityGroupIds: ["sg-1"] } },
  });
  for (const synthesized of [stack, rich]) {
    const addresses = Object.entries(synthesized.resource).flatMap(([type, all]) =>
      Object.keys(all).map((id) => `${type}.${id}`),
    );
    const early = addresses.filter(
      (address) =>
        address !== "aws_dynamodb_table.contacts" &&
        !dependenciesOf(address, synthesized).has("aws_dynamodb_table.contacts"),
    );
    expect(early).toEqual([]);
  }
});

describe("the inbound flow", () => {
  const queueId = "11111111-2222-4333-8444-555555555555";
  const inboundFlow = { name: "Front door", queueId, whenBlocked: { action: "disconnect" } } as const;

  test("is absent by default", () => {
    expect(stack.resource).not.toHaveProperty("aws_connect_contact_flow");
  });

  test("calls the module of the same stack", () => {
    const flow = resource(synthesize({ inboundFlow }), "aws_connect_contact_flow.inbound");
    expect(flow).toMatchObject({
      name: "Front door",
      type: "CONTACT_FLOW",
      instance_id: sampleInstance.instanceId,
    });
    const content = JSON.parse(flow["content"] as string) as { Actions: { Type: string; Parameters: Json }[] };
    expect(content.Actions.find(({ Type }) => Type === "InvokeFlowModule")?.Parameters["FlowModuleId"]).toBe(
      "${aws_connect_contact_flow_module.blocked_status.contact_flow_module_id}",
    );
  });

  test("does not change another resource of the stack", () => {
    const { aws_connect_contact_flow, ...others } = synthesize({ inboundFlow }).resource;
    expect(others).toEqual(stack.resource);
    expect(Object.keys(aws_connect_contact_flow ?? {})).toEqual(["inbound"]);
  });
});

describe("provider and state", () => {
  test("the stack sets account, region, default tags, provider version, Terraform version and native lock", () => {
    expect(stack.provider.aws).toEqual([
      {
        region: "eu-central-1",
        allowed_account_ids: ["111122223333"],
        default_tags: [{ tags: { "cost-centre": "4711" } }],
      },
    ]);
    expect(stack.terraform).toEqual({
      required_version: ">= 1.11",
      required_providers: { aws: { source: "hashicorp/aws", version: "~> 5.100.0" } },
      backend: {
        s3: {
          bucket: "acme-terraform-state",
          key: sampleInstance.state.key,
          region: "eu-west-1",
          encrypt: true,
          use_lockfile: true,
        },
      },
    });
  });

  test("the provider assumes the deploy role if one is set", () => {
    const { provider } = synthesize({ deployRole: { arn: "arn:aws:iam::111122223333:role/deploy", externalId: "x" } });
    expect(provider.aws[0]?.["assume_role"]).toEqual([
      {
        role_arn: "arn:aws:iam::111122223333:role/deploy",
        external_id: "x",
        session_name: "connectpath-call-blocking",
      },
    ]);
  });

  test("the state can be in another account, encrypted with a key, or in an S3-compatible store", () => {
    const { terraform } = synthesize({
      state: {
        ...sampleInstance.state,
        kmsKeyArn: "arn:aws:kms:eu-west-1:111122223333:key/k",
        roleArn: "arn:aws:iam::111122223333:role/state",
        endpoint: "https://store.example",
        usePathStyle: true,
      },
    });
    expect(terraform["backend"]).toEqual({
      s3: {
        bucket: "acme-terraform-state",
        key: sampleInstance.state.key,
        region: "eu-west-1",
        encrypt: true,
        use_lockfile: true,
        skip_credentials_validation: true,
        skip_region_validation: true,
        skip_requesting_account_id: true,
        skip_s3_checksum: true,
        kms_key_id: "arn:aws:kms:eu-west-1:111122223333:key/k",
        assume_role: { role_arn: "arn:aws:iam::111122223333:role/state" },
        endpoints: { s3: "https://store.example" },
        use_path_style: true,
      },
    });
  });
});
