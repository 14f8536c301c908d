/** Finds the other users of our index before a plan deletes the index, such as a second deployment for the same instance. */
import { indexName, guideFunctionName } from "../../config/aws-names";
import { answersInstance, askedFunction, isOwnDescription, managingStack } from "../../config/descriptions";
import type { InstanceConfig } from "../../config/types";
import { FUNCTION, MODULE, TABLE } from "../../stacks/resource-types";
import { associatedFunctions, blockedStatusAmong, describeModule, modulesOf } from "../aws/connect-instance";
import type { InstanceClients } from "../aws/instance-clients";
import { functionsOf } from "../aws/lambda-function";
import type { FunctionConfiguration } from "@aws-sdk/client-lambda";
import type { Violation } from "../guard/rule";
import { errorMessage } from "../output/error-message";
import { redactText } from "../output/redact";
import { itemsOf, textAt, valueAt } from "../terraform/json-values";
import type { PlanJson, ResourceChange } from "../terraform/plan-json";

/** Refuses a plan that deletes our index if another deployment may use the index, or if the users of the index cannot be determined. */
export async function refuseSharedIndex(
  plan: PlanJson,
  instance: InstanceConfig,
  clients: InstanceClients,
): Promise<readonly Violation[]> {
  const table = plan.resource_changes.find((resource) => resource.type === TABLE && deletesIndex(resource));
  if (table === undefined) return [];
  const refuse = (what: string, fix: string): Violation => ({
    rule: "shared-index",
    address: table.address,
    what: `The plan would delete the index ${indexName} of ${instance.table.name}, ${what}`,
    fix,
  });
  const keep =
    `Set release: keep-index for ${instance.name} in environments/${instance.environment}.yaml: ` +
    "this setting removes this deployment and keeps the index on the table.";
  let users: readonly string[];
  try {
    users = [...(await moduleUsers(plan, instance, clients)), ...(await functionUsers(plan, instance, clients))];
  } catch (error) {
    return [
      refuse(
        `but it is unknown whether anything else uses the index. ${errorMessage(error)}.`,
        `Attach the policy plan or deploy (npm run fleet -- iam) to the role that plans, and plan again. Or: ${keep}`,
      ),
    ];
  }
  if (users.length === 0) return [];
  return [
    refuse(
      `but other resources use the index and do not belong to this stack: ${users.join("; ")}. Without the index, they block no caller.`,
      `${keep} If these resources are no longer needed, delete them first, and plan again.`,
    ),
  ];
}

function deletesIndex({ change }: ResourceChange): boolean {
  const has = (values: unknown): boolean =>
    itemsOf(valueAt(values, "global_secondary_index")).some((index) => textAt(index, "name") === indexName);
  // A table that Terraform stops managing keeps its indexes.
  return !change.actions.includes("forget") && has(change.before) && !has(change.after);
}

/** Values of an attribute of the resources that the plan deletes. */
function deleted({ resource_changes }: PlanJson, type: string, key: string): ReadonlySet<string> {
  return new Set(
    resource_changes
      .filter((resource) => resource.type === type && resource.change.actions.join() === "delete")
      .flatMap(({ change }) => textAt(change.before, key) ?? []),
  );
}

/** The module `blockedStatus`, unless it belongs to this stack and the plan deletes it. */
async function moduleUsers(
  plan: PlanJson,
  { instanceId, stackName }: InstanceConfig,
  { connect }: InstanceClients,
): Promise<readonly string[]> {
  const found = blockedStatusAmong(await modulesOf(connect, instanceId));
  if (found?.Id === undefined) return [];
  const description = (await describeModule(connect, instanceId, found.Id))?.Description;
  const stack = managingStack(description);
  const name = `the flow module ${found.Name ?? ""} (${found.Id})`;
  if (stack !== undefined && stack !== stackName) return [`${name} of the stack ${stack}`];
  if (deleted(plan, MODULE, "contact_flow_module_id").has(found.Id)) return [];
  return [`${name}, which this stack does not delete (description ${JSON.stringify(redactText(description ?? ""))})`];
}

/** Functions that this plan does not delete and that may use the index: by their environment, their description or their association. Also their canaries. */
async function functionUsers(
  plan: PlanJson,
  instance: InstanceConfig,
  { connect, lambda }: InstanceClients,
): Promise<readonly string[]> {
  const own = deleted(plan, FUNCTION, "function_name");
  const associated = (await associatedFunctions(connect, instance.instanceId)).map((arn) => arn.split(":")[6]);
  const others = (await functionsOf(lambda)).filter(({ FunctionName = "" }) => !own.has(FunctionName));
  const users = new Map(
    others.flatMap((configuration) => {
      const { FunctionName = "" } = configuration;
      const use = useOf(configuration, instance, associated.includes(FunctionName));
      return use === undefined ? [] : [[FunctionName, use] as const];
    }),
  );
  for (const { FunctionName = "", Description } of others) {
    const asked = askedFunction(Description);
    if (asked !== undefined && (users.has(asked) || own.has(asked)))
      users.set(FunctionName, `it is a canary of ${asked}`);
  }
  return [...users].map(([name, use]) => `the function ${name} (${use})`);
}

/** How a function uses the index; undefined if it does not. */
function useOf(
  { FunctionName, Description, Environment }: FunctionConfiguration,
  { name, table }: InstanceConfig,
  isAssociated: boolean,
): string | undefined {
  const isTable = (value: string): boolean => [table.name, table.arn, table.indexArn].includes(value);
  if (Object.values(Environment?.Variables ?? {}).some(isTable)) return `its environment names ${table.name}`;
  if (isOwnDescription(answersInstance(name), Description)) return "its description names this instance";
  if (!isAssociated) return undefined;
  if (FunctionName === guideFunctionName)
    return "it has the name from the vendor's guide, and this Connect instance may call it";
  if (Environment?.Error !== undefined) return "this Connect instance may call it, and its environment cannot be read";
  return undefined;
}
