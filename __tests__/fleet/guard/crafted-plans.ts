/** Recorded plans with one change of their meaning that a careful reviewer would refuse. */
import { decryptPolicy } from "../../../stacks/role-policies";
import { recordedInstance, recordedJson } from "./recorded-plan";

export type Values = Record<string, unknown>;

export interface PlannedResource {
  address: string;
  previous_address?: string;
  module_address?: string;
  provider_name?: string;
  mode: string;
  type: string;
  name: string;
  index?: string | number;
  deposed?: string;
  action_reason?: string;
  change: {
    actions: string[];
    before: Values | null;
    after: Values | null;
    after_unknown?: unknown;
    importing?: Values;
    replace_paths?: unknown;
  };
}

export interface RawPlan {
  [key: string]: unknown;
  resource_changes: PlannedResource[];
  resource_drift?: PlannedResource[];
  output_changes?: Values;
  configuration: {
    provider_config: Record<string, { expressions: Values; [key: string]: unknown }>;
    root_module: { resources: Values[]; module_calls?: Values; [key: string]: unknown };
  };
}

export interface CraftedPlan {
  readonly what: string;
  /** Name of the recorded plan. */
  readonly plan: string;
  readonly edit: (plan: RawPlan) => void;
  /** The rule that refuses the plan, optionally with the address of the violation. */
  readonly rule: string;
  /** Additional lines of the environment file. */
  readonly settings?: string;
}

/** The output of `terraform show -json` of the crafted plan. */
export function craftedJson({ plan: name, edit }: CraftedPlan): string {
  const plan = JSON.parse(recordedJson(name)) as RawPlan;
  edit(plan);
  return JSON.stringify({ ...plan, applyable: true });
}

type Edit = CraftedPlan["edit"];

function resourceAt(plan: RawPlan, address: string): PlannedResource {
  const found = plan.resource_changes.find((resource) => resource.address === address);
  if (found === undefined) throw new Error(`the recorded plan has no ${address}`);
  return found;
}

/** The resource with other planned values. An unchanged resource is then updated. */
export const planned =
  (address: string, values: Values): Edit =>
  (plan) => {
    const { change } = resourceAt(plan, address);
    if (change.actions.join() === "no-op") Object.assign(change, { actions: ["update"], before: change.after });
    change.after = { ...change.after, ...values };
  };

/** The resource with values that the apply decides. */
const unknown =
  (address: string, mask: Values): Edit =>
  (plan) => {
    const { change } = resourceAt(plan, address);
    if (change.actions.join() === "no-op") Object.assign(change, { actions: ["update"], before: change.after });
    change.after_unknown = { ...(change.after_unknown as Values), ...mask };
    const isWhole = ([, value]: [string, unknown]): boolean => value === true;
    const configured = plan.configuration.root_module.resources.find((resource) => resource["address"] === address);
    for (const [key] of Object.entries(mask).filter(isWhole)) {
      Reflect.deleteProperty(change.after ?? {}, key);
      Object.assign(configured?.["expressions"] ?? {}, { [key]: {} });
    }
  };

/** The resource with these actions. */
const acted =
  (address: string, actions: string[], before: Values = {}, more: Partial<PlannedResource> = {}): Edit =>
  (plan) => {
    const resource = resourceAt(plan, address);
    const { after } = resource.change;
    Object.assign(resource, more);
    Object.assign(resource.change, { actions, before: { ...after, ...before } });
    if (!actions.some((action) => ["create", "update", "no-op"].includes(action))) resource.change.after = null;
  };

const without =
  (address: string): Edit =>
  (plan) => {
    resourceAt(plan, address);
    plan.resource_changes = plan.resource_changes.filter((resource) => resource.address !== address);
  };

/** One more resource, as a copy of another one. */
const copied =
  (address: string, more: Partial<PlannedResource>): Edit =>
  (plan) => {
    plan.resource_changes.push({ ...structuredClone(resourceAt(plan, address)), ...more });
  };

const provider =
  (more: Values): Edit =>
  ({ configuration }) => {
    Object.assign(configuration.provider_config["aws"] ?? {}, more);
  };

const expressions =
  (more: Values): Edit =>
  ({ configuration }) => {
    Object.assign(configuration.provider_config["aws"]?.expressions ?? {}, more);
  };

const configured =
  (more: Values): Edit =>
  ({ configuration }) => {
    configuration.root_module.resources.push(more);
  };

const change =
  (address: string, edit: (change: PlannedResource["change"]) => void): Edit =>
  (plan) => {
    edit(resourceAt(plan, address).change);
  };

/** The planned JSON text of a resource, with another text. */
const text =
  (address: string, key: string, edit: (value: string) => string): Edit =>
  (plan) => {
    const { after } = resourceAt(plan, address).change;
    const before = String(after?.[key]);
    const edited = edit(before);
    if (edited === before) throw new Error(`${address}.${key} did not change`);
    planned(address, { [key]: edited })(plan);
  };

const TABLE = "aws_dynamodb_table.contacts";
const FUNCTION = "aws_lambda_function.blocked_calls";
const CANARY = "aws_lambda_function.canary";
const ALIAS = "aws_lambda_alias.live";
const PERMISSION = "aws_lambda_permission.connect";
const ASSOCIATION = "aws_connect_lambda_function_association.blocked_calls";
const MODULE = "aws_connect_contact_flow_module.blocked_status";
const FLOW = "aws_connect_contact_flow.inbound";
const ROLE = "aws_iam_role.blocked_calls";
const LOOKUP = "aws_iam_role_policy.lookup";
const LOGS = "aws_cloudwatch_log_group.blocked_calls";
const ALARM = "aws_cloudwatch_metric_alarm.lookup_errors";
const RULE = "aws_cloudwatch_event_rule.canary";
const TARGET = "aws_cloudwatch_event_target.canary";
const TOPIC = "aws_sns_topic.alarms";
const DASHBOARD = "aws_cloudwatch_dashboard.environment";

const foreign = "444455556666";
const here = "arn:aws:lambda:us-east-1:111122223333:function";
const indexesOf = (values: Values | null): Values[] => (values?.["global_secondary_index"] ?? []) as Values[];
const ourIndex = (values: Values | null): Values =>
  indexesOf(values).find(({ name }) => String(name).startsWith("Disposition-")) ?? {};

const plan =
  (name: string) =>
  (what: string, rule: string, edit: Edit, settings?: string): CraftedPlan => ({
    what,
    plan: name,
    edit,
    rule,
    ...(settings === undefined ? {} : { settings }),
  });
const adoption = plan("adoption");
const unchanged = plan("no-change");
const renamed = plan("function-renamed");
const released = plan("release-keep-index");
const byHand = plan("role-by-hand");
const updated = plan("lambda-edit");
const newExemptNumber = 'exemptNumbers: ["+15555550100"]';
const keepIndex = "release: keep-index";
const adoptedRole = "function: { roleName: vendor-role }\n    adoptExisting: { role: true }";
const newFunction = "function: { name: lookup, roleName: lookup }";

const DECRYPT = "aws_iam_role_policy.decrypt";
const TABLE_KEY = "arn:aws:kms:us-east-1:111122223333:key/0f0e0d0c-1b1a-4918-8716-151413121110";

/** A table that its owner's key encrypts. */
const encrypted: Edit = change(TABLE, ({ before, after }) => {
  for (const values of [before, after]) {
    Object.assign(values ?? {}, { server_side_encryption: [{ enabled: true, kms_key_arn: TABLE_KEY }] });
  }
});

/** Adds the permission to decrypt with this key. */
function decrypting(plan: RawPlan, key: string): void {
  copied(LOOKUP, { address: `${DECRYPT}[0]`, name: "decrypt", index: 0 })(plan);
  const policy = decryptPolicy(recordedInstance(), "key").replace("${key}", key);
  Object.assign(plan.resource_changes.at(-1)?.change.after ?? {}, { name: "decrypt", policy });
}

const theirTopic = "arn:aws:sns:us-east-1:111122223333:billing";

/** Names and descriptions of resources of another team, with consistent ids. */
const foreignResources: readonly (readonly [address: string, before: Values])[] = [
  [LOGS, { name: "/aws/lambda/billing", id: "/aws/lambda/billing" }],
  [LOOKUP, { role: "Admin", id: "Admin:lookup" }],
  [PERMISSION, { function_name: "billing" }],
  [FUNCTION, { function_name: "billing", id: "billing", description: "Runs the payroll" }],
  [ROLE, { name: "Admin", id: "Admin", description: "Runs everything" }],
  [RULE, { name: "billing", id: "billing" }],
  [TARGET, { rule: "billing", id: "billing-canary" }],
  [TOPIC, { name: "billing", id: theirTopic, arn: theirTopic }],
  [DASHBOARD, { dashboard_name: "billing", id: "billing" }],
  [ALARM, { alarm_name: "billing", id: "billing" }],
  [MODULE, { description: "Sales" }],
  [FLOW, { description: "Sales" }],
];

export const craftedPlans: readonly CraftedPlan[] = [
  // The configuration.
  adoption("no configuration", "whole-plan", (all) => {
    Reflect.deleteProperty(all, "configuration");
  }),
  adoption("no provider in the configuration", "whole-plan", ({ configuration }) => {
    configuration.provider_config = {};
  }),
  adoption(
    "a provider with the same name from another source",
    "whole-plan",
    provider({ full_name: "example.com/x/aws" }),
  ),
  adoption("a second provider of AWS in another region", "whole-plan", ({ configuration }) => {
    const { aws } = configuration.provider_config;
    if (aws === undefined) throw new Error("there is no provider");
    const region = { constant_value: "eu-west-1" };
    configuration.provider_config["aws.other"] = {
      ...aws,
      alias: "other",
      expressions: { ...aws.expressions, region },
    };
  }),
  adoption("a region from a variable", "whole-plan", expressions({ region: { references: ["var.region"] } })),
  adoption("no allowed account", "whole-plan", expressions({ allowed_account_ids: undefined })),
  adoption(
    "another allowed account",
    "whole-plan",
    expressions({ allowed_account_ids: { constant_value: [foreign] } }),
  ),
  adoption("credentials in the provider", "whole-plan", expressions({ access_key: { constant_value: "AKIDEXAMPLE" } })),
  adoption("a profile in the provider", "whole-plan", expressions({ profile: { constant_value: "admin" } })),
  adoption(
    "an endpoint of DynamoDB",
    "whole-plan",
    expressions({ endpoints: [{ dynamodb: { constant_value: "http://x" } }] }),
  ),
  adoption("a proxy", "whole-plan", expressions({ http_proxy: { constant_value: "http://x" } })),
  adoption(
    "another role",
    "whole-plan",
    expressions({ assume_role: [{ role_arn: { constant_value: `arn:aws:iam::${foreign}:role/Admin` } }] }),
  ),
  adoption(
    "no role, although the environment file has deployRole",
    "whole-plan",
    () => undefined,
    'deployRole: { arn: "arn:aws:iam::111122223333:role/deploy" }',
  ),
  adoption("a provisioner", "whole-plan", ({ configuration }) => {
    Object.assign(configuration.root_module.resources[0] ?? {}, { provisioners: [{ type: "local-exec" }] });
  }),
  adoption(
    "a data source that runs a program",
    "whole-plan",
    configured({ address: "data.external.x", mode: "data", type: "external" }),
  ),
  adoption(
    "an ephemeral resource that invokes a function",
    "whole-plan",
    configured({ address: "ephemeral.aws_lambda_invocation.x", mode: "ephemeral", type: "aws_lambda_invocation" }),
  ),
  adoption("a module", "whole-plan", ({ configuration }) => {
    configuration.root_module.module_calls = { other: { source: "./other" } };
  }),
  adoption("a failed condition", "whole-plan", (all) => {
    all["checks"] = [{ address: { to_display: "check.table" }, status: "fail" }];
  }),
  adoption("deferred changes", "whole-plan", (all) => {
    all["deferred_changes"] = [{ reason: "provider_config_unknown" }];
  }),
  adoption("planned actions of a later Terraform", "whole-plan", (all) => {
    all["action_invocations"] = [{ type: "aws_lambda_invoke" }];
  }),
  adoption("a version of the provider with a defect", "whole-plan", provider({ version_constraint: "~> 6.10.0" })),
  // Resources and addresses.
  unchanged("a managed resource that is read", "whole-plan", acted(FUNCTION, ["read"])),
  unchanged("a resource of another provider", "whole-plan", (all) => {
    resourceAt(all, FUNCTION).provider_name = "example.com/x/aws";
  }),
  unchanged(
    "a resource in a module",
    "whole-plan",
    copied(LOOKUP, { address: `module.x.${LOOKUP}`, module_address: "module.x" }),
  ),
  unchanged(
    "a data source that is read during the apply",
    "whole-plan",
    copied(LOOKUP, {
      address: "data.http.x",
      mode: "data",
      type: "http",
      change: { actions: ["read"], before: null, after: {} },
    }),
  ),
  adoption("an instance of a resource without count", "content", copied(LOOKUP, { address: `${LOOKUP}[1]`, index: 1 })),
  adoption(
    "an instance of a resource with for_each",
    "content",
    copied(FUNCTION, { address: `${FUNCTION}["x"]`, index: "x" }),
  ),
  adoption("an address that differs from type and name", "content", (all) => {
    resourceAt(all, LOOKUP).address = "aws_iam_role_policy.vendor";
  }),
  unchanged("a foreign resource moved to our address", "content", (all) => {
    const role = resourceAt(all, ROLE);
    role.previous_address = "aws_iam_role.vendor";
    Object.assign(role.change.after ?? {}, { name: "vendor", id: "vendor" });
  }),
  ...[FUNCTION, ALIAS, PERMISSION, ASSOCIATION, MODULE, LOOKUP, ROLE, LOGS, ALARM, RULE, TARGET, CANARY].map(
    (address) =>
      adoption(
        `a plan without ${address}`,
        address === FUNCTION || address === ALIAS || address === PERMISSION || address === ASSOCIATION
          ? "call-path"
          : "content",
        without(address),
      ),
  ),
  // Imports.
  unchanged("a foreign role imported into ours", "imports", (all) => {
    const { change: role } = resourceAt(all, ROLE);
    Object.assign(role, { importing: { id: "Admin" }, actions: ["update"], before: { ...role.after, name: "Admin" } });
  }),
  byHand(
    "the adopted role imported at another address",
    "imports",
    (all) => {
      const { change: role } = resourceAt(all, "aws_iam_role.canary");
      Object.assign(role, { importing: { id: "vendor-role" } });
    },
    adoptedRole,
  ),
  byHand(
    "the adopted role imported and replaced",
    "imports",
    acted(ROLE, ["create", "delete"], { path: "/service-role/" }),
    adoptedRole,
  ),
  byHand(
    "a function with an unknown role, although the role is known",
    "content",
    unknown(FUNCTION, { role: true }),
    adoptedRole,
  ),
  adoption(
    "an import by an identity",
    "imports",
    change(ROLE, (role) => {
      role.importing = { identity: { name: "Admin" } };
    }),
  ),
  adoption(
    "an import with an unknown id",
    "imports",
    change(ROLE, (role) => {
      role.importing = { unknown: true };
    }),
  ),
  adoption(
    "the table of another instance imported",
    "table-identity",
    change(TABLE, (table) => {
      table.importing = { id: "dextr-stranger" };
    }),
  ),
  // Resources of other owners in the state.
  renamed(
    "a role of another team replaced by ours",
    "content",
    change(ROLE, (role) => {
      Object.assign(role.before ?? {}, {
        name: "Admin",
        id: "Admin",
        arn: "arn:aws:iam::111122223333:role/Admin",
        description: "Administrators",
      });
    }),
    newFunction,
  ),
  renamed(
    "a function of another team replaced by ours",
    "content",
    change(FUNCTION, (own) => {
      Object.assign(own.before ?? {}, {
        function_name: "billing",
        id: "billing",
        arn: `${here}:billing`,
        description: "Runs everything",
      });
    }),
    newFunction,
  ),
  renamed(
    "a permission of another role replaced by ours",
    "content",
    change(LOOKUP, (own) => {
      Object.assign(own.before ?? {}, { role: "Admin", id: "Admin:lookup" });
    }),
    newFunction,
  ),
  renamed(
    "an alias of another function replaced by ours",
    "content",
    change(ALIAS, (own) => {
      const arn = `${here}:billing:live`;
      Object.assign(own.before ?? {}, { function_name: "billing", id: arn, arn });
    }),
    newFunction,
  ),
  renamed(
    "an association of another function replaced by ours",
    "content",
    change(ASSOCIATION, (own) => {
      const { instance_id } = own.before ?? {};
      Object.assign(own.before ?? {}, {
        function_arn: `${here}:billing:live`,
        id: `${String(instance_id)},${here}:billing:live`,
      });
    }),
    newFunction,
  ),
  unchanged("a flow of another team changed into ours", "content", (plan) => {
    acted(FLOW, ["update"], { name: "Sales", description: "Sales" })(plan);
    // The state never had our description.
    plan.resource_drift = (plan.resource_drift ?? []).filter(({ address }) => address !== FLOW);
  }),
  ...foreignResources.map(([address, before]) =>
    released(
      `a release that removes ${address} of another team: ${JSON.stringify(before)}`,
      "content",
      change(address, (own) => {
        // Without the ARN, only the name and the description show the owner.
        Reflect.deleteProperty(own.before ?? {}, "arn");
        Object.assign(own.before ?? {}, before);
      }),
      keepIndex,
    ),
  ),
  released(
    "a release that deletes an object under another id",
    "content",
    change(FUNCTION, (own) => {
      Object.assign(own.before ?? {}, { id: "billing" });
    }),
    keepIndex,
  ),
  released(
    "a release in another account",
    "content",
    change(FUNCTION, (own) => {
      Object.assign(own.before ?? {}, { arn: `arn:aws:lambda:us-east-1:${foreign}:function:blockedCalls-recorded` });
    }),
    keepIndex,
  ),
  // Replacements.
  ...[FUNCTION, ALIAS, PERMISSION, ASSOCIATION].map((address) =>
    unchanged(`${address} replaced by one with the same name`, "call-path", acted(address, ["create", "delete"])),
  ),
  ...[LOOKUP, ROLE, CANARY].map((address) =>
    unchanged(`${address} replaced by one with the same name`, "deletion", acted(address, ["create", "delete"])),
  ),
  unchanged(
    "a tainted function",
    "call-path",
    acted(FUNCTION, ["create", "delete"], {}, { action_reason: "replace_because_tainted" }),
  ),
  unchanged(
    "a module replaced on request",
    "call-path",
    acted(MODULE, ["delete", "create"], {}, { action_reason: "replace_by_request" }),
  ),
  unchanged("a log group replaced", "deletion", acted(LOGS, ["delete", "create"])),
  unchanged("an object kept in AWS and no longer managed", "call-path", acted(ALIAS, ["create", "forget"])),
  // Values that the apply decides.
  adoption(
    "an unknown variable of the function",
    "content",
    unknown(FUNCTION, { environment: [{ variables: { AWS_ENDPOINT_URL: true } }] }),
  ),
  adoption("an unknown layer", "content", unknown(FUNCTION, { layers: true })),
  adoption("unknown VPC settings", "content", unknown(FUNCTION, { vpc_config: true })),
  adoption("an unknown principal", "content", unknown(PERMISSION, { principal: true })),
  adoption("an unknown source of the permission for Connect", "content", unknown(PERMISSION, { source_arn: true })),
  adoption("an unknown policy", "content", unknown(LOOKUP, { policy: true })),
  adoption("an unknown trust policy", "content", unknown(ROLE, { assume_role_policy: true })),
  adoption("an unknown permissions boundary", "content", unknown(ROLE, { permissions_boundary: true })),
  unchanged("unknown policies of an existing role", "content", unknown(ROLE, { managed_policy_arns: true })),
  unchanged(
    "an unknown version, although the function does not change",
    "content",
    unknown(ALIAS, { function_version: true }),
  ),
  unchanged("an unknown flow, although its module exists", "content", unknown(FLOW, { content: true })),
  unchanged("an unknown module", "call-path", unknown(MODULE, { content: true })),
  adoption("an unknown input of the canary", "content", unknown(TARGET, { input: true })),
  adoption("an unknown schedule", "content", unknown(RULE, { schedule_expression: true })),
  adoption("unknown weights of the alias", "content", unknown(ALIAS, { routing_config: true })),
  adoption(
    "every value unknown",
    "content",
    change(LOOKUP, (own) => {
      own.after_unknown = true;
    }),
  ),
  adoption(
    "unknown alarm actions, although the environment file has a topic",
    "content",
    unknown(ALARM, { alarm_actions: true }),
    'alarms: { topicArn: "arn:aws:sns:us-east-1:111122223333:alarms" }',
  ),
  adoption("an unknown source account that the configuration does not set", `content ${PERMISSION}`, (all) => {
    unknown(PERMISSION, { source_account: true })(all);
    const own = all.configuration.root_module.resources.find(({ address }) => address === PERMISSION);
    Reflect.deleteProperty(own?.["expressions"] ?? {}, "source_account");
  }),
  adoption("an unknown hash of the module's content", "content", unknown(MODULE, { content_hash: true })),
  adoption("unknown actions without data", "content", unknown(ALARM, { insufficient_data_actions: true })),
  // The key of the table.
  adoption("an encrypted table without permission to decrypt", "content", encrypted),
  adoption("permission to decrypt with another key", `content ${DECRYPT}[0]`, (all) => {
    encrypted(all);
    decrypting(all, `${TABLE_KEY}0`);
  }),
  byHand(
    "an adopted role whose permission to decrypt is removed",
    "content aws_iam_role_policies_exclusive.blocked_calls",
    (all) => {
      encrypted(all);
      decrypting(all, TABLE_KEY);
    },
    adoptedRole,
  ),
  byHand(
    "an adopted role that keeps its other permissions",
    "content",
    without(`aws_iam_role_policy_attachments_exclusive.blocked_calls`),
    adoptedRole,
  ),
  byHand("an adopted role without its permission to decrypt", "content", encrypted, adoptedRole),
  // Values.
  updated(
    "a value that is kept although only another stack sets it",
    "content",
    (all) => {
      const { change: alias } = resourceAt(all, ALIAS);
      for (const values of [alias.before, alias.after]) {
        Object.assign(values ?? {}, { routing_config: [{ additional_version_weights: { "1": 0.5 } }] });
      }
      const own = all.configuration.root_module.resources.find(({ address }) => address === ALIAS);
      Object.assign(own?.["expressions"] ?? {}, { routing_config: [{}] });
    },
    newExemptNumber,
  ),
  adoption(
    "a topic of another account that gets a message when an alarm ends",
    "content",
    planned(ALARM, { ok_actions: [`arn:aws:sns:us-east-1:${foreign}:x`] }),
  ),
  adoption(
    "a list with an additional layer",
    "content",
    planned(FUNCTION, { layers: [`arn:aws:lambda:us-east-1:${foreign}:layer:x:1`] }),
  ),
  adoption("another architecture", "content", planned(FUNCTION, { architectures: ["arm64", "x86_64"] })),
  adoption("code from a bucket", "content", planned(FUNCTION, { s3_bucket: "theirs", s3_key: "code.zip" })),
  adoption(
    "code of the canary in the function",
    "content",
    text(FUNCTION, "filename", (file) => file.replace("blockedCalls", "canary")),
  ),
  adoption(
    "code outside the assets",
    "content",
    text(FUNCTION, "filename", () => "assets/blockedCalls/../../evil/x"),
  ),
  adoption("a file system", "content", planned(FUNCTION, { file_system_config: [{ arn: "arn:aws:efs:x" }] })),
  adoption(
    "a dead letter queue of another account",
    "content",
    planned(FUNCTION, { dead_letter_config: [{ target_arn: `arn:aws:sqs:us-east-1:${foreign}:x` }] }),
  ),
  adoption("a snap start", "content", planned(FUNCTION, { snap_start: [{ apply_on: "PublishedVersions" }] })),
  adoption(
    "a log group of another team for the function",
    "content",
    planned(FUNCTION, { logging_config: [{ log_group: "theirs", log_format: "JSON" }] }),
  ),
  adoption("no published version", "content", planned(FUNCTION, { publish: false })),
  adoption("a description that hides the owner", "content", planned(ROLE, { description: "Administrators" })),
  adoption("a function URL permission", "content", planned(PERMISSION, { function_url_auth_type: "NONE" })),
  adoption("a permission without a qualifier", "content", planned(PERMISSION, { qualifier: null })),
  adoption(
    "a policy with a second statement",
    "content",
    text(LOOKUP, "policy", (policy) => policy.replace("[{", '[{"Effect":"Allow","Action":"*","Resource":"*"},{')),
  ),
  adoption(
    "a policy with a key that hides another one",
    "content",
    text(LOOKUP, "policy", (policy) =>
      policy.replace('"Action":"dynamodb:Query"', '"Action":"*","Action":"dynamodb:Query"'),
    ),
  ),
  adoption(
    "a policy with NotAction",
    "content",
    text(LOOKUP, "policy", (policy) => policy.replace('"Action":"dynamodb:Query"', '"NotAction":"dynamodb:Query"')),
  ),
  adoption(
    "a trust policy for another service",
    "content",
    text(ROLE, "assume_role_policy", (policy) => policy.replace("lambda.amazonaws.com", "ec2.amazonaws.com")),
  ),
  adoption(
    "a module that disconnects",
    "content",
    text(MODULE, "content", (flow) => flow.replace('"UpdateContactAttributes"', '"DisconnectParticipant"')),
  ),
  adoption(
    "a module with a hidden block list",
    "content",
    text(MODULE, "content", (flow) => flow.replace('"Actions":', '"Actions":[],"Actions":')),
  ),
  adoption(
    "a module that asks another function",
    "call-path",
    text(MODULE, "content", (flow) => flow.replaceAll("blockedCalls-recorded", "theirs")),
  ),
  adoption(
    "a module in another instance",
    "call-path",
    planned(MODULE, { instance_id: "00000000-0000-4000-8000-000000000002" }),
  ),
  unchanged(
    "an inbound flow that calls another module",
    "content",
    text(FLOW, "content", (flow) =>
      flow.replace(/00000000-0000-4000-9000-0000000000../, "00000000-0000-4000-9000-000000000099"),
    ),
  ),
  updated(
    "an alias with another version than the published one",
    "content",
    (all) => {
      planned(ALIAS, { function_version: "7" })(all);
      const { change: own } = resourceAt(all, FUNCTION);
      Object.assign(own.after ?? {}, { version: "7" });
      Reflect.deleteProperty(own.after_unknown as object, "version");
    },
    newExemptNumber,
  ),
  updated(
    "another version of the function than before, although no new one is published",
    "content",
    (all) => {
      const { change: own } = resourceAt(all, FUNCTION);
      Object.assign(own.after ?? {}, { version: "7" });
      Reflect.deleteProperty(own.after_unknown as object, "version");
    },
    newExemptNumber,
  ),
  updated("an updated function with another id", "content", planned(FUNCTION, { id: "billing" }), newExemptNumber),
  updated(
    "an updated function in another account",
    "content",
    planned(FUNCTION, { arn: `arn:aws:lambda:us-east-1:${foreign}:function:blockedCalls-recorded` }),
    newExemptNumber,
  ),
  unchanged(
    "a module with the id of another module",
    "content",
    planned(MODULE, { contact_flow_module_id: "00000000-0000-4000-9000-000000000099" }),
  ),
  adoption("an alarm without actions", `content ${ALARM}`, planned(ALARM, { actions_enabled: false })),
  unchanged(
    "a dashboard with the ARN of another one",
    `content ${DASHBOARD}`,
    planned(DASHBOARD, { dashboard_arn: "arn:x" }),
  ),
  updated(
    "an updated function with the ARN of another function",
    `content ${FUNCTION}`,
    planned(FUNCTION, { arn: `${here}:billing` }),
    newExemptNumber,
  ),
  unchanged("an alarm and the module of another instance's stack", `deletion ${ALARM}`, (all) => {
    const instance_id = "00000000-0000-4000-8000-000000000002";
    acted(MODULE, ["update"], { instance_id, description: "Managed by Terraform (theirs)." })(all);
    acted(ALARM, ["delete", "create"], {
      alarm_name: "callBlocking-theirs-lookup-errors",
      id: "callBlocking-theirs-lookup-errors",
    })(all);
    Reflect.deleteProperty(resourceAt(all, ALARM).change.before ?? {}, "arn");
  }),
  adoption("a canary every day", "content", planned(RULE, { schedule_expression: "rate(1 day)" })),
  adoption("a canary of another bus", "content", planned(RULE, { event_bus_name: "theirs" })),
  adoption("a target with a role", "content", planned(TARGET, { role_arn: "arn:aws:iam::111122223333:role/Admin" })),
  adoption(
    "alarms that ignore missing data",
    "content",
    planned("aws_cloudwatch_metric_alarm.canary_silent", { treat_missing_data: "notBreaching" }),
  ),
  adoption("an alarm with another threshold", "content", planned(ALARM, { threshold: 1e9 })),
  adoption(
    "a topic that everyone may publish to",
    "content",
    text(TOPIC, "policy", (policy) => policy.replace('"Service":"cloudwatch.amazonaws.com"', '"AWS":"*"')),
  ),
  adoption(
    "a topic with an endpoint that gets failures",
    "content",
    planned(TOPIC, { http_failure_feedback_role_arn: "arn:aws:iam::111122223333:role/Admin" }),
  ),
  adoption("a dashboard with other widgets", "content", planned(DASHBOARD, { dashboard_body: '{"widgets":[]}' })),
  adoption("logs that are deleted after a day", "content", planned(LOGS, { retention_in_days: 1 })),
  adoption("a log group of a cheaper class", "content", planned(LOGS, { log_group_class: "INFREQUENT_ACCESS" })),
  adoption("no tags", "content", planned(ROLE, { tags_all: {} })),
  // The table.
  adoption(
    "an index with an unknown argument",
    "table-indexes",
    change(TABLE, ({ after }) => {
      ourIndex(after)["resource_policy"] = "{}";
    }),
  ),
  adoption(
    "an index with another key schema",
    "table-indexes",
    change(TABLE, ({ after }) => {
      ourIndex(after)["key_schema"] = [{ attribute_name: "hash", key_type: "HASH" }];
    }),
  ),
  adoption(
    "an index whose key has no definition",
    "table-attributes",
    change(TABLE, ({ after }) => {
      const values = after ?? {};
      values["attribute"] = (values["attribute"] as Values[]).filter(({ name }) => name !== "Disposition");
    }),
  ),
  adoption(
    "a second index of ours",
    "table-indexes",
    change(TABLE, ({ after }) => {
      indexesOf(after).push({ ...ourIndex(after), name: "Disposition-index" });
    }),
  ),
  adoption(
    "our index twice",
    "table-indexes",
    change(TABLE, ({ after }) => {
      indexesOf(after).push(ourIndex(after));
    }),
  ),
  adoption(
    "a nested value of a vendor's index",
    "table-indexes",
    change(TABLE, ({ after }) => {
      const vendor = indexesOf(after).find(({ name }) => name === "vendor-1") ?? {};
      vendor["on_demand_throughput"] = [{ max_read_request_units: 1, max_write_request_units: 1 }];
    }),
  ),
  adoption(
    "a vendor's index with another projection",
    "table-indexes",
    change(TABLE, ({ after }) => {
      Object.assign(indexesOf(after).find(({ name }) => name === "vendor-1") ?? {}, { projection_type: "KEYS_ONLY" });
    }),
  ),
  unchanged("a table moved from another address", "table-identity", (all) => {
    const table = resourceAt(all, TABLE);
    table.previous_address = "aws_dynamodb_table.stranger";
    Object.assign(table.change.before ?? {}, { name: "dextr-stranger" });
  }),
  unchanged(
    "a table replaced because it is tainted",
    "table-kept",
    acted(TABLE, ["delete", "create"], {}, { action_reason: "replace_because_tainted" }),
  ),
  unchanged(
    "a table deleted from an earlier replacement",
    "table-kept",
    acted(TABLE, ["delete"], {}, { deposed: "0a1b2c3d" }),
  ),
  unchanged("a second table at an instance of the address", "table-identity", (all) => {
    copied(TABLE, { address: `${TABLE}[1]`, index: 1 })(all);
    const copy = all.resource_changes.at(-1);
    Object.assign(copy?.change.before ?? {}, { name: "dextr-stranger", id: "dextr-stranger" });
    Object.assign(copy?.change.after ?? {}, { name: "dextr-stranger", id: "dextr-stranger" });
  }),
  unchanged("a replica", "table-settings", planned(TABLE, { replica: [{ region_name: "eu-west-1" }] })),
  unchanged(
    "items in the table",
    "other-dynamodb",
    copied(LOOKUP, {
      address: "aws_dynamodb_table_item.x",
      type: "aws_dynamodb_table_item",
      name: "x",
      change: { actions: ["create"], before: null, after: {} },
    }),
  ),
  unchanged(
    "a resource policy of the table",
    "other-dynamodb",
    copied(LOOKUP, {
      address: "aws_dynamodb_resource_policy.x",
      type: "aws_dynamodb_resource_policy",
      name: "x",
      change: { actions: ["create"], before: null, after: {} },
    }),
  ),
  unchanged(
    "a policy attached to our role",
    "own-types",
    copied(LOOKUP, {
      address: "aws_iam_role_policy_attachment.x",
      type: "aws_iam_role_policy_attachment",
      name: "x",
      change: { actions: ["create"], before: null, after: { role: "blockedCalls-recorded" } },
    }),
  ),
  unchanged(
    "a public URL of our function",
    "own-types",
    copied(LOOKUP, {
      address: "aws_lambda_function_url.x",
      type: "aws_lambda_function_url",
      name: "x",
      change: { actions: ["create"], before: null, after: {} },
    }),
  ),
  // Settings that others added.
  ...(
    [
      [FUNCTION, "reserved_concurrent_executions", 5, -1],
      [FUNCTION, "kms_key_arn", TABLE_KEY, ""],
      [FUNCTION, "code_signing_config_arn", "arn:aws:lambda:us-east-1:111122223333:code-signing-config:csc-0", ""],
      [FUNCTION, "vpc_config", [{ subnet_ids: ["subnet-1"] }], []],
      [ROLE, "permissions_boundary", "arn:aws:iam::111122223333:policy/boundary", ""],
      [LOGS, "kms_key_id", TABLE_KEY, ""],
      [TOPIC, "kms_master_key_id", TABLE_KEY, ""],
    ] as const
  ).map(([address, key, before, after]) =>
    unchanged(`${address} without its ${key}`, "security-settings", (all) => {
      planned(address, { [key]: after })(all);
      const { change: own } = resourceAt(all, address);
      own.before = { ...own.before, [key]: before };
    }),
  ),
];
