/** Imports existing resources that are missing in the state, because an apply was killed or the state was lost. */
import type { InstanceConfig } from "../../config/types";
import { FLOW, MODULE, resourceType } from "../../stacks/resource-types";
import type { AttributeValues } from "../../stacks/resource-types";
import { flowsOf, modulesOf } from "../aws/connect-instance";
import { isFailedRequest } from "../aws/errors";
import { instanceClients } from "../aws/instance-clients";
import type { InstanceClients } from "../aws/instance-clients";
import { CommandError } from "../output/command-error";
import { errorMessage } from "../output/error-message";
import { failureText, startedCreations } from "../terraform/diagnostics";
import type { PlanJson, ResourceChange } from "../terraform/plan-json";
import { lockIn } from "../terraform/state-lock";
import { TerraformError } from "../terraform/terraform-stack";
import type { TerraformStack } from "../terraform/terraform-stack";

/**
 * The import id of a resource that a plan would create.
 *
 * @param assignedId id that AWS assigned, for types whose id cannot be derived: a flow or a module
 * @returns undefined if the id is unknown
 */
export function importIdOf(
  instance: InstanceConfig,
  { type, change: { after } }: Pick<ResourceChange, "type" | "change">,
  assignedId: string | undefined,
): string | undefined {
  return resourceType(type)?.importId?.(after as AttributeValues, instance) ?? assignedId;
}

/**
 * The errors for a missing resource: from Terraform, and from the provider (5.100.0) for a permission of a missing function. The
 * pattern matches the whole line, because other errors contain the same words, such as the error for a missing table of a data source.
 */
const notFound = /^[\s│]*Error: (Cannot import non-existent remote object|couldn't find resource)\s*$/m;

/**
 * Imports one resource.
 *
 * @returns whether the resource exists
 * @throws TerraformError if the import failed for another reason
 */
export async function importInto(stack: TerraformStack, address: string, id: string): Promise<boolean> {
  const { exitCode, output } = await stack.import(address, id);
  if (exitCode === 0) return true;
  if (lockIn(output) !== undefined) throw new TerraformError("terraform import", output);
  if (notFound.test(output)) return false;
  throw new TerraformError(`terraform import of ${address}`, failureText(output));
}

/**
 * Imports the resources that an interrupted apply started to create and that are missing in the state. Other resources are not
 * imported. A resource that existed before the apply is not imported either, because the provider refused to create it.
 *
 * @param reviewed the plan whose apply was interrupted
 * @returns the imported addresses
 * @throws TerraformError if Terraform cannot use the state, for example because of a lock
 * @throws CommandError if Connect cannot be asked for an id
 */
export async function importOrphans(
  stack: TerraformStack,
  instance: InstanceConfig,
  reviewed: PlanJson,
): Promise<readonly string[]> {
  const known = new Set(await stack.addresses());
  const imported: string[] = [];
  for (const { address, id } of startedCreations(stack.lastApply())) {
    const planned = reviewed.resource_changes.find((resource) => resource.address === address);
    if (known.has(address) || planned?.change.actions.join() !== "create") continue;
    const importId = importIdOf(instance, planned, id) ?? (await idFromConnect(instance, planned));
    if (importId === undefined) continue;
    if (await importInto(stack, address, importId)) imported.push(address);
  }
  return imported;
}

/**
 * The id of a flow or a module whose creation ended before the provider reported the id.
 *
 * @throws CommandError if Connect cannot be asked
 */
async function idFromConnect(instance: InstanceConfig, resource: ResourceChange): Promise<string | undefined> {
  const clients = instanceClients(instance);
  try {
    return (await assignedIds(instance, clients))(resource);
  } catch (error) {
    if (!isFailedRequest(error)) throw error;
    throw new CommandError(
      `The flows and modules of the Connect instance ${instance.instanceId} cannot be read, so it is unknown whether the interrupted apply created ` +
        `${resource.address}. ${errorMessage(error)} If the request was denied, attach the policy plan or deploy (npm run fleet -- iam) to the role that reads.`,
    );
  } finally {
    clients.destroy();
  }
}

/** Connect assigns the ids of modules and flows. Their names are unique in an instance. */
export async function assignedIds(
  { instanceId }: InstanceConfig,
  { connect }: Pick<InstanceClients, "connect">,
): Promise<(resource: ResourceChange) => string | undefined> {
  const existing = [
    ...(await modulesOf(connect, instanceId)).map((module) => [MODULE, module] as const),
    ...(await flowsOf(connect, instanceId)).map((flow) => [FLOW, flow] as const),
  ];
  const ids = new Map(existing.map(([type, { Name, Id }]) => [`${type} ${Name}`, `${instanceId}:${Id}`]));
  return ({ type, change: { after } }) => ids.get(`${type} ${String((after as { name?: unknown }).name)}`);
}
