/** What exists and the state does not know is put into the state, instead of being made twice: after a Terraform that was killed, and after a state was lost. */
import type { InstanceConfig } from "../../config/types";
import type { PlanJson, ResourceChange } from "../terraform/plan-json";
import { begunCreations, failureText, lockIn } from "../terraform/diagnostics";
import { RunFailed } from "../terraform/terraform-stack";
import type { TerraformStack } from "../terraform/terraform-stack";

type Values = Readonly<Partial<Record<string, unknown>>>;

/**
 * Import ids of what can be named without having seen it, from the planned values and the configuration. All else is named by
 * the id that the killed run told before it died.
 * https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs (section "Import" of each)
 */
const importIds: Readonly<Record<string, (instance: InstanceConfig, planned: Values) => string>> = {
  aws_iam_role: (_, { name }) => String(name),
  aws_iam_role_policy: (_, { role, name }) => `${String(role)}:${String(name)}`,
  aws_cloudwatch_log_group: (_, { name }) => String(name),
  aws_lambda_function: (_, { function_name }) => String(function_name),
  aws_lambda_alias: ({ function: { name: functionName } }, { name }) => `${functionName}/${String(name)}`,
  aws_lambda_permission: (_, { function_name, qualifier, statement_id }) =>
    `${[function_name, qualifier].filter((part) => typeof part === "string").join(":")}/${String(statement_id)}`,
  aws_cloudwatch_event_rule: (_, { name }) => `default/${String(name)}`,
  aws_cloudwatch_event_target: (_, { rule, target_id }) => `default/${String(rule)}/${String(target_id)}`,
  aws_cloudwatch_metric_alarm: (_, { alarm_name }) => String(alarm_name),
  aws_cloudwatch_dashboard: (_, { dashboard_name }) => String(dashboard_name),
  aws_sns_topic: ({ partition, region, account }, { name }) =>
    `arn:${partition}:sns:${region}:${account}:${String(name)}`,
  aws_iam_role_policies_exclusive: (_, { role_name }) => String(role_name),
  aws_iam_role_policy_attachments_exclusive: (_, { role_name }) => String(role_name),
  aws_connect_lambda_function_association: ({ instanceId, function: { aliasArn } }) => `${instanceId},${aliasArn}`,
};

/**
 * The id under which Terraform imports what a plan would create.
 *
 * @param seen id of what cannot be named without having seen it: a flow, a module
 * @returns undefined where nobody knows it
 */
export function importIdOf(
  instance: InstanceConfig,
  { type, change: { after } }: Pick<ResourceChange, "type" | "change">,
  seen: string | undefined,
): string | undefined {
  return importIds[type]?.(instance, after as Values) ?? seen;
}

/**
 * What is said of what does not exist: by Terraform itself, and of a permission of a function that does not by the provider
 * (5.100.0). The whole line, since other errors say as much of something else, such as a table that data are read of.
 */
const isAbsent = /^[\s│]*Error: (Cannot import non-existent remote object|couldn't find resource)\s*$/m;

/**
 * Imports one resource.
 *
 * @returns whether it is there
 * @throws RunFailed where that cannot be told
 */
export async function importInto(runs: TerraformStack, address: string, id: string): Promise<boolean> {
  const { exitCode, output } = await runs.import(address, id);
  if (exitCode === 0) return true;
  if (lockIn(output) !== undefined) throw new RunFailed("terraform import", output);
  if (isAbsent.test(output)) return false;
  throw new RunFailed(`terraform import of ${address}`, failureText(output));
}

/**
 * Takes over what the interrupted apply of a reviewed plan began to create and the state does not know. Nothing that it did not
 * begin can be among them, nor anything that the provider refused to make because it existed before.
 *
 * @param reviewed the plan whose apply was interrupted
 * @returns addresses that are in the state now and were not before
 * @throws RunFailed where Terraform cannot work on the state at all, for a lock above all
 */
export async function importOrphans(
  runs: TerraformStack,
  instance: InstanceConfig,
  reviewed: PlanJson,
): Promise<readonly string[]> {
  const known = new Set(await runs.addresses());
  const taken: string[] = [];
  for (const { address, id } of begunCreations(runs.lastApply())) {
    const planned = reviewed.resource_changes.find((one) => one.address === address);
    if (known.has(address) || planned?.change.actions.join() !== "create") continue;
    const importId = importIdOf(instance, planned, id);
    if (importId === undefined) continue;
    if (await importInto(runs, address, importId)) taken.push(address);
  }
  return taken;
}
