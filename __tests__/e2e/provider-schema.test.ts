/** Compares the arguments that the stacks set with the schema of the provider: every other argument is listed here, with the reason. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { Testing } from "cdktf";
import { findTerraformProvider } from "../../emulators/aws/terraform-cli";
import { loadEnvironments } from "../../config/load";
import { packageBlockedCalls, projectRoot } from "../../lambda/packaging";
import { CallBlockingStack } from "../../stacks/call-blocking-stack";
import { resourceTypes, TABLE } from "../../stacks/resource-types";
import { recordedInstance } from "../fleet/guard/recorded-plan";
import { attachProvider } from "./attached-provider";

jest.setTimeout(5 * 60_000);

/** Reasons why a stack does not set an argument. */
const reset = "A plan resets a value that someone sets.";
const owner = "A security team may set it; the guard refuses a plan that would reset it.";
const other = "It belongs to another kind of this resource, or to another way to create it.";
const local = "It changes what Terraform does, not the resource.";
const derived = "It repeats another argument, or Terraform derives it.";

/** The arguments that the provider decides, by resource type and reason. `id` and `timeouts` are not arguments of the resource in AWS. */
const leftToProvider: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  aws_connect_contact_flow_module: {
    [other]: ["filename", "content_hash"],
    [derived]: ["tags", "tags_all"],
  },
  aws_connect_contact_flow: {
    [other]: ["filename", "content_hash"],
    [derived]: ["tags", "tags_all"],
  },
  aws_lambda_function: {
    [owner]: ["code_signing_config_arn", "kms_key_arn", "reserved_concurrent_executions", "vpc_config"],
    [reset]: ["dead_letter_config", "file_system_config", "layers", "snap_start"],
    [other]: ["image_config", "image_uri", "package_type", "s3_bucket", "s3_key", "s3_object_version"],
    [local]: ["replace_security_groups_on_destroy", "replacement_security_group_ids", "skip_destroy"],
    [derived]: ["tags", "tags_all"],
    "The function writes no temporary files, so its size has no effect.": ["ephemeral_storage"],
    "X-Ray only observes. A team may switch it on for all functions.": ["tracing_config"],
  },
  aws_lambda_alias: { [reset]: ["routing_config"] },
  aws_lambda_permission: {
    [other]: ["event_source_token", "function_url_auth_type", "principal_org_id", "statement_id_prefix"],
  },
  aws_iam_role: {
    [reset]: ["max_session_duration", "path"],
    [other]: ["name_prefix"],
    [local]: ["force_detach_policies"],
    [derived]: ["tags", "tags_all"],
    "Policies are separate resources. `verify` tests the permissions of the role, also those that someone denies.": [
      "inline_policy",
      "managed_policy_arns",
    ],
  },
  aws_iam_role_policy: { [other]: ["name_prefix"] },
  aws_cloudwatch_log_group: {
    [owner]: ["kms_key_id"],
    [other]: ["name_prefix"],
    [local]: ["skip_destroy"],
    [derived]: ["tags", "tags_all"],
    "AWS cannot change the class of an existing group.": ["log_group_class"],
  },
  aws_cloudwatch_metric_alarm: {
    [reset]: ["actions_enabled"],
    [other]: [
      "dimensions",
      "extended_statistic",
      "metric_name",
      "namespace",
      "period",
      "statistic",
      "threshold_metric_id",
      "unit",
    ],
    [derived]: ["tags", "tags_all"],
    "It only affects alarms with a percentile and one metric; ours have metric queries.": [
      "evaluate_low_sample_count_percentiles",
    ],
  },
  aws_cloudwatch_event_rule: {
    [reset]: ["event_bus_name"],
    [other]: ["event_pattern", "is_enabled", "name_prefix", "role_arn"],
    [local]: ["force_destroy"],
    [derived]: ["tags", "tags_all"],
  },
  aws_cloudwatch_event_target: {
    [reset]: ["dead_letter_config", "event_bus_name", "input_path", "input_transformer", "retry_policy", "role_arn"],
    [other]: [
      "appsync_target",
      "batch_target",
      "ecs_target",
      "http_target",
      "kinesis_target",
      "redshift_target",
      "run_command_targets",
      "sagemaker_pipeline_target",
      "sqs_target",
    ],
    [local]: ["force_destroy"],
  },
  aws_sns_topic: {
    [owner]: ["kms_master_key_id"],
    [reset]: ["delivery_policy"],
    [other]: ["archive_policy", "content_based_deduplication", "fifo_throughput_scope", "fifo_topic", "name_prefix"],
    [derived]: ["tags", "tags_all"],
    "It only observes the delivery.": [
      ...["application", "firehose", "http", "lambda", "sqs"].flatMap((protocol) => [
        `${protocol}_failure_feedback_role_arn`,
        `${protocol}_success_feedback_role_arn`,
        `${protocol}_success_feedback_sample_rate`,
      ]),
      "tracing_config",
    ],
    "Subscribers of e-mail do not check signatures; other subscribers accept both versions.": ["signature_version"],
  },
};

interface Block {
  readonly attributes?: Readonly<Record<string, { readonly optional?: boolean }>>;
  readonly block_types?: Readonly<Record<string, unknown>>;
}

interface ProviderSchemas {
  readonly provider: unknown;
  readonly resource_schemas: Readonly<Record<string, { readonly block: Block }>>;
  readonly data_source_schemas: Readonly<Record<string, unknown>>;
}

/** The schemas that Terraform gets from the provider, and from the provider to which the other end-to-end tests attach Terraform. */
let installed: ProviderSchemas;
let attached: ProviderSchemas;

beforeAll(async () => {
  const directory = mkdtempSync(path.join(tmpdir(), "provider-schema-"));
  try {
    const { env } = await findTerraformProvider(directory);
    const aws = { source: "hashicorp/aws", version: "5.100.0" };
    writeFileSync(path.join(directory, "main.tf.json"), JSON.stringify({ terraform: { required_providers: { aws } } }));
    const terraform = async (more: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<string> => {
      const options = { cwd: directory, env: { ...process.env, ...env, ...more }, maxBuffer: 256 * 1024 * 1024 };
      return (await promisify(execFile)("terraform", args, options)).stdout;
    };
    const schemas = async (more: Readonly<Record<string, string>>): Promise<ProviderSchemas> => {
      const { provider_schemas } = JSON.parse(await terraform(more, "providers", "schema", "-json")) as {
        readonly provider_schemas: Readonly<Record<string, ProviderSchemas>>;
      };
      const found = provider_schemas["registry.terraform.io/hashicorp/aws"];
      if (found === undefined) throw new Error("Terraform shows no schemas of the provider");
      return found;
    };
    await terraform({}, "init", "-input=false");
    installed = await schemas({});
    const attachment = await attachProvider(env);
    attached = await schemas(attachment.env);
    await attachment.stop();
  } finally {
    rmSync(directory, { recursive: true });
  }
});

/** The optional arguments of each type, from the provider itself. */
const providerArguments = (): ReadonlyMap<string, readonly string[]> =>
  new Map(
    Object.keys(resourceTypes).map((type) => {
      const { attributes = {}, block_types = {} } = installed.resource_schemas[type]?.block ?? {};
      const optional = Object.keys(attributes).filter((key) => attributes[key]?.optional === true);
      return [type, [...optional, ...Object.keys(block_types)].filter((key) => !["id", "timeouts"].includes(key))];
    }),
  );

/** The arguments that every resource of a type sets, in all example stacks. */
function setArguments(): ReadonlyMap<string, ReadonlySet<string>> {
  const built = { ...packageBlockedCalls(), zipPath: __filename };
  const { instances } = loadEnvironments(path.join(projectRoot(), "examples"));
  const set = new Map<string, Set<string>>();
  for (const instance of [...instances, recordedInstance()]) {
    const stack = new CallBlockingStack(Testing.app(), {
      instance,
      functionPackages: { blockedCalls: built, canary: built },
    });
    const { resource } = JSON.parse(Testing.synth(stack)) as { resource: Record<string, Record<string, object>> };
    for (const [type, resources] of Object.entries(resource))
      for (const values of Object.values(resources))
        set.set(type, new Set([...(set.get(type) ?? []), ...Object.keys(values)]));
  }
  return set;
}

test("every argument of the provider is set, or listed with the reason why the provider decides it", () => {
  const known = providerArguments();
  const set = setArguments();
  const problems = [...known].flatMap(([type, names]) => {
    // All arguments of the table come from the live table. A test compares its list with the provider's bindings.
    if (type === TABLE) return [];
    const listed = Object.values(leftToProvider[type] ?? {}).flat();
    const ours = set.get(type) ?? new Set<string>();
    return [
      ...names.filter((key) => !ours.has(key) && !listed.includes(key)).map((key) => `${type}.${key} is not listed`),
      ...listed.filter((key) => ours.has(key)).map((key) => `${type}.${key} is listed, but a stack sets it`),
      ...listed.filter((key) => !names.includes(key)).map((key) => `${type}.${key} is not in the schema`),
    ];
  });
  expect(problems).toEqual([]);
});

test("an attached Terraform gets the same schemas, of fewer types", () => {
  expect(attached.provider).toEqual(installed.provider);
  for (const kind of ["resource_schemas", "data_source_schemas"] as const) {
    expect(Object.keys(attached[kind]).length).toBeGreaterThan(0);
    expect(Object.keys(attached[kind]).length).toBeLessThan(Object.keys(installed[kind]).length / 4);
    for (const [type, schema] of Object.entries(attached[kind])) expect(schema).toEqual(installed[kind][type]);
  }
  for (const type of Object.keys(resourceTypes)) expect(attached.resource_schemas).toHaveProperty(type);
});
