/** Rules about the planned configuration: an apply must not run commands, and must use the provider, account, region and role of the instance. */
import type { InstanceConfig } from "../../config/types";
import { resourceType } from "../../stacks/resource-types";
import { fieldsOf, isEqual, itemsOf, shortJson, textAt, valueAt } from "../terraform/json-values";
import { isTouched } from "../terraform/plan-json";
import type { Rule, Violation } from "./rule";

const providerSource = "registry.terraform.io/hashicorp/aws";

/** Arguments of the provider that stacks set. Other arguments, such as `endpoints`, can send requests and credentials to another server. */
const providerArguments: readonly string[] = [
  "region",
  "allowed_account_ids",
  "assume_role",
  "default_tags",
  "ignore_tags",
];

const refuse = (address: string, what: string): Violation => ({
  rule: "whole-plan",
  address,
  what,
  fix: "Do not apply this plan. Find out whether stacks/ or the synthesized directory was edited. Then synthesize and plan again.",
});

/** Refuses a plan that Terraform itself would not apply. */
export const applyable: Rule = (plan) => {
  if (plan.applyable || !plan.resource_changes.some(isTouched)) return [];
  return [refuse("", "According to Terraform, this plan cannot be applied, although the plan contains changes.")];
};

/** Refuses a plan with a failed condition, a module, another provider, or a data source that no stack reads. */
export const ownProvider: Rule = ({ resource_changes, failedChecks }) => [
  ...failedChecks.map((address) =>
    refuse(address, `A condition of ${address} failed: the configuration says that this plan must not be applied.`),
  ),
  ...resource_changes.flatMap(({ address, type, mode, module_address, provider_name = providerSource }) => [
    ...(module_address === undefined
      ? []
      : [refuse(address, `${address} is in the module ${shortJson(module_address)}, and no stack contains a module.`)]),
    ...(provider_name === providerSource
      ? []
      : [refuse(address, `${address} uses the provider ${shortJson(provider_name)} instead of ${providerSource}.`)]),
    ...(mode === "managed" || resourceType(type)?.isDataSource === true ? [] : [foreignDataSource(address)]),
  ]),
];

const foreignDataSource = (address: string): Violation =>
  refuse(
    address,
    `The configuration reads the data source ${address}, which no stack reads and which can have side effects.`,
  );

/** https://developer.hashicorp.com/terraform/internals/json-format#configuration-representation */
export const safeConfiguration: Rule = ({ configuration, resource_changes }, instance) => {
  const root = valueAt(configuration, "root_module");
  const providers = Object.values(fieldsOf(valueAt(configuration, "provider_config")));
  if (providers.length === 0) {
    // After a release, a stack has no resource and needs no provider.
    if (configuration !== undefined && !resource_changes.some(isTouched)) return [];
    return [
      refuse(
        "",
        "The plan does not contain the configuration of the AWS provider, so account, region and role of the apply are not known.",
      ),
    ];
  }
  return [
    ...itemsOf(valueAt(root, "resources")).flatMap(resourceProblems),
    ...Object.keys(fieldsOf(valueAt(root, "module_calls"))).map((name) =>
      refuse(
        `module.${name}`,
        `The configuration calls the module ${shortJson(name)}, and no stack contains a module.`,
      ),
    ),
    ...providers.flatMap((provider) => providerProblems(provider, instance)),
  ];
};

function resourceProblems(resource: unknown): Violation[] {
  const address = textAt(resource, "address") ?? "";
  const type = textAt(resource, "type") ?? "";
  if (itemsOf(valueAt(resource, "provisioners")).length > 0) {
    return [refuse(address, `${address} has a provisioner, which runs commands during the apply.`)];
  }
  // Ephemeral resources are read, too.
  const mode = textAt(resource, "mode");
  if (mode !== "managed" && !(mode === "data" && resourceType(type)?.isDataSource === true))
    return [foreignDataSource(address)];
  return [];
}

function providerProblems(provider: unknown, instance: InstanceConfig): Violation[] {
  const name = textAt(provider, "full_name") ?? textAt(provider, "name") ?? "";
  if (name !== providerSource) {
    return [refuse("", `The configuration uses the provider ${shortJson(name)} instead of ${providerSource}.`)];
  }
  const expressions = valueAt(provider, "expressions");
  const constant = (key: string): unknown => valueAt(valueAt(expressions, key), "constant_value");
  const roles = [instance.deployRole?.arn, instance.planRole?.arn].filter((arn) => arn !== undefined);
  const assumed = itemsOf(valueAt(expressions, "assume_role")).map((block) =>
    textAt(valueAt(block, "role_arn"), "constant_value"),
  );
  const version = textAt(provider, "version_constraint");
  const problems = [
    ...(version === undefined || version === instance.awsProvider
      ? []
      : [`has the version ${shortJson(version)} instead of ${shortJson(instance.awsProvider)}`]),
    ...Object.keys(fieldsOf(expressions))
      .filter((key) => !providerArguments.includes(key))
      .map((key) => `sets ${key}, which no stack sets`),
    ...(constant("region") === instance.region
      ? []
      : [`has the region ${shortJson(constant("region"))} instead of ${shortJson(instance.region)}`]),
    ...(isEqual(constant("allowed_account_ids"), [instance.account])
      ? []
      : [
          `allows the accounts ${shortJson(constant("allowed_account_ids"))} instead of ${shortJson([instance.account])}`,
        ]),
    ...ignoredTagsProblems(expressions, instance),
    ...(assumed.length === 0 && instance.deployRole !== undefined
      ? [`assumes no role instead of ${instance.deployRole.arn}`]
      : []),
    ...assumed
      .filter((arn) => arn === undefined || !roles.includes(arn))
      .map((arn) => `assumes the role ${shortJson(arn)}, which the environment file does not name`),
  ];
  return problems.map((problem) =>
    refuse(
      "",
      `The AWS provider ${problem}: the plan may change another account or region, or change resources in another way.`,
    ),
  );
}

/** Tags that the provider would ignore although the environment file does not say so, or the other way round. */
function ignoredTagsProblems(expressions: unknown, { ignoreTags }: InstanceConfig): string[] {
  const blocks = itemsOf(valueAt(expressions, "ignore_tags"));
  const listed = (key: string): readonly unknown[] =>
    blocks.flatMap((block) => itemsOf(valueAt(valueAt(block, key), "constant_value"))).sort();
  const found = { keys: listed("keys"), keyPrefixes: listed("key_prefixes") };
  const wanted = {
    keys: [...(ignoreTags?.keys ?? [])].sort(),
    keyPrefixes: [...(ignoreTags?.keyPrefixes ?? [])].sort(),
  };
  return isEqual(found, wanted) ? [] : [`ignores the tags ${shortJson(found)} instead of ${shortJson(wanted)}`];
}
