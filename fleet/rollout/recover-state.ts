/** Rebuilds the lost state of one stack by importing existing resources into a local state, and then writes it in one step. */
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { isOwnDescription } from "../../config/descriptions";
import type { InstanceConfig } from "../../config/types";
import { FUNCTION, LOG_GROUP, resourceType, TABLE } from "../../stacks/resource-types";
import type { InstanceClients } from "../aws/instance-clients";
import { guard, today } from "../guard/guard";
import { redactNumbers } from "../output/redact";
import { readOnlyAccess, terraformStackOf } from "../plans/instance-terraform";
import type { SynthesizedStack } from "../plans/synthesis";
import type { PlannedStack } from "../review/review";
import { stateVersion } from "../terraform/plan-file";
import { parsePlan } from "../terraform/plan-json";
import type { PlanJson, ResourceChange } from "../terraform/plan-json";
import type { TerraformStack } from "../terraform/terraform-stack";
import type { TerraformToolchain } from "../terraform/toolchain";
import { assignedIds, importIdOf, importInto } from "./import-orphans";

/** A resource of the stack, and whether it was found. */
export interface RecoveredResource {
  readonly address: string;
  /** Import id; undefined if no resource has this name. */
  readonly id: string | undefined;
  readonly exists: boolean;
}

/** A rebuilt state that is not written yet. */
export interface Recovery {
  readonly resources: readonly RecoveredResource[];
  /** A plan on the rebuilt state. */
  readonly planned: PlannedStack;
  /** Writes the state to the backend. @throws NotRecoverable if another command has written the state in the meantime; TerraformError */
  readonly write: () => Promise<void>;
}

/** The state of a stack cannot be rebuilt. The message contains the reason and the fix. */
export class NotRecoverable extends Error {
  override readonly name = "NotRecoverable";
}

const stateName = "terraform.tfstate";

export interface RecoveryOptions {
  readonly toolchain: TerraformToolchain;
  readonly clients: InstanceClients;
  /** Directory for the rebuilt state. It must not exist yet. It contains plaintext values. */
  readonly scratch: string;
  /** Reports a step on the progress line. */
  readonly step: (text: string) => void;
}

/**
 * Rebuilds a lost state, or completes a state that a failed deployment wrote after the loss. Imports every existing resource that the
 * stack would create or import. Nothing changes in AWS or in the backend, so the recovery may be stopped and repeated at any time.
 *
 * @returns undefined if the command was stopped
 * @throws NotRecoverable if the state already contains all existing resources, if the state has resources that the stack does not contain, if the
 *   instance has a release, or if a resource has another creator
 * @throws TerraformError, UnreadablePlan
 */
export async function recoverState(
  instance: InstanceConfig,
  synthesized: SynthesizedStack,
  { toolchain, clients, scratch, step }: RecoveryOptions,
): Promise<Recovery | undefined> {
  refuseRelease(instance);
  const remote = terraformStackOf(toolchain, instance, synthesized.directory);
  step("reading the state");
  await remote.initialize();
  const before = await remote.stateText();

  mkdirSync(path.dirname(scratch), { recursive: true });
  cpSync(synthesized.directory, scratch, {
    recursive: true,
    filter: (source) => path.basename(source) !== ".terraform",
  });
  // An empty state has a lineage too. The rebuilt state must keep this lineage.
  const stateFile = path.join(scratch, stateName);
  if (before.trim() !== "") writeFileSync(stateFile, before, { mode: 0o600 });
  const local = terraformStackOf(toolchain, instance, scratch);
  await local.initialize({ readOnly: readOnlyAccess(instance), localState: stateName });
  step("planning the stack to find its resources");
  const initialPlan = await planAndShow(local);

  const managed = initialPlan.resource_changes.filter(({ mode }) => mode === "managed");
  const wanted = managed.filter(({ change }) => change.importing !== undefined || change.actions.join() === "create");
  const known = addressesIn(readState(stateFile));
  refuseOtherResources(managed, instance);
  if (known.length > 0 && wanted.length === 0) throw new NotRecoverable(notLost(known, instance));
  const assignedIdOf = await assignedIds(instance, clients);
  const resources: RecoveredResource[] = [];
  /** @returns false if the command was stopped */
  const importAll = async (changes: readonly ResourceChange[]): Promise<boolean> => {
    for (const resource of changes) {
      if (toolchain.shutdown.isStopping) return false;
      const { address, change } = resource;
      step(`importing ${address} (${resources.length + 1} of ${wanted.length})`);
      const id = change.importing?.id ?? importIdOf(instance, resource, assignedIdOf(resource));
      const exists = id !== undefined && (await importInto(local, address, id));
      resources.push({ address, id, exists });
    }
    return !toolchain.shutdown.isStopping;
  };
  // First the resources with a known creator: if one of them has another creator, the other resources are not imported.
  if (!(await importAll(wanted.filter(hasKnownCreator)))) return undefined;
  const foreign = foreignResources(readState(stateFile), wanted, managed);
  if (foreign.length > 0) throw new NotRecoverable(`${foreign.join("\n")}\n${foreignAdvice}`);
  if (!(await importAll(wanted.filter((resource) => !hasKnownCreator(resource))))) return undefined;
  if (known.length > 0 && !resources.some(({ exists }) => exists)) {
    throw new NotRecoverable(
      notLost(known, instance, "None of the missing resources exists in AWS, so a deployment can create them. "),
    );
  }
  const rebuilt = withNextSerial(before, withProviderOnlyArguments(readState(stateFile), wanted));
  writeFileSync(stateFile, JSON.stringify(rebuilt, null, 2), { mode: 0o600 });
  step("planning on the rebuilt state");
  const plan = await planAndShow(local);
  return {
    resources,
    planned: { instance, plan, guard: guard(plan, instance, today()) },
    write: async () => {
      // If another command writes a state between this check and the push, that state has the same serial, and Terraform refuses the rebuilt state.
      if ((await remote.stateText()) !== before) throw new NotRecoverable(writtenMeanwhile(instance));
      await remote.writeState(stateFile);
    },
  };
}

async function planAndShow(stack: TerraformStack): Promise<PlanJson> {
  await stack.plan({ isLocked: true });
  return parsePlan(await stack.show());
}

function refuseRelease({ release, name, environment }: InstanceConfig): void {
  if (release === undefined) return;
  throw new NotRecoverable(
    `The instance ${name} has a release in environments/${environment}.yaml, so its stack has no resources to import.\n` +
      "  Remove release and recover the state. Then add release again, and continue with plan and deploy.",
  );
}

/** Refuses a state with resources that the stack does not contain: a deployment would delete them. */
function refuseOtherResources(managed: readonly ResourceChange[], { state, stackName, table }: InstanceConfig): void {
  // With table.adopt: false, the next deployment removes the table from the state and does not change the table.
  const isLeft = ({ type, change }: ResourceChange): boolean =>
    type === TABLE && !table.adopt && change.actions.join() === "forget";
  const others = managed.filter(
    (resource) => ["delete", "forget"].includes(resource.change.actions.join()) && !isLeft(resource),
  );
  if (others.length === 0) return;
  throw new NotRecoverable(
    `The state s3://${state.bucket}/${state.key} contains resources that the stack ${stackName} does not contain: ` +
      `${shortList(others.map(({ address }) => address))}. Nothing was written.\n` +
      "  Correct the environment file, or restore an older version of the state. Show the differences with: npm run fleet -- plan.",
  );
}

/** @param more a sentence, with a space at its end */
const notLost = (known: readonly string[], { state }: InstanceConfig, more = ""): string =>
  `The state s3://${state.bucket}/${state.key} contains resources (${shortList(known)}): the state is not lost, and nothing was written.\n` +
  `  ${more}Show the differences with: npm run fleet -- plan. If the state is damaged, restore an older version of the object, or move ` +
  "the object away.";

const shortList = (names: readonly string[]): string =>
  names.slice(0, 3).join(", ") + (names.length > 3 ? `, and ${names.length - 3} more` : "");

const writtenMeanwhile = ({ state }: InstanceConfig): string =>
  `Another command wrote the state s3://${state.bucket}/${state.key} during the recovery. Nothing was overwritten.\n` +
  "  Run the command again to start with the current state.";

/** https://developer.hashicorp.com/terraform/language/state. Unknown keys are kept. */
const stateSchema = z.looseObject({
  serial: z.number().exactOptional(),
  resources: z.array(
    z.looseObject({
      mode: z.string(),
      type: z.string(),
      name: z.string(),
      instances: z.array(
        z.looseObject({
          index_key: z.union([z.string(), z.number()]).exactOptional(),
          attributes: z.record(z.string(), z.unknown()),
        }),
      ),
    }),
  ),
});

export type StateJson = z.output<typeof stateSchema>;

/** Before the first import, the file does not exist. */
function readState(file: string): StateJson {
  if (!existsSync(file)) return { resources: [] };
  const { data } = stateSchema.safeParse(JSON.parse(readFileSync(file, "utf8")));
  if (data !== undefined) return data;
  throw new NotRecoverable(
    "The state has an unknown form: no list of resources, or a resource without its attributes. Nothing was written.\n" +
      "  Restore an older version of the state object, or move the object away, and run the command again.",
  );
}

/** Addresses of the resources in a state, without data sources. */
const addressesIn = ({ resources }: StateJson): readonly string[] =>
  resources.filter(({ mode }) => mode === "managed").map(({ type, name }) => `${type}.${name}`);

function attributesIn(
  { resources }: StateJson,
  { type, name, index }: ResourceChange,
): Record<string, unknown> | undefined {
  const found = resources.find((entry) => entry.mode === "managed" && entry.type === type && entry.name === name);
  return found?.instances.find(({ index_key }) => index_key === index)?.attributes;
}

const isDescribed = (type: string): boolean => resourceType(type)?.hasOwnerInDescription === true;

/** Whether the creator of the imported resource is known. The creator of a log group is the creator of its function. */
const hasKnownCreator = ({ type }: ResourceChange): boolean => isDescribed(type) || type === LOG_GROUP;

/**
 * One sentence for each resource that has a name of this stack but another creator. The next deployment would change such a resource.
 * The description of a resource names its stack. A log group has no description: a log group belongs to the stack if its function
 * belongs to the stack.
 */
export function foreignResources(
  state: StateJson,
  wanted: readonly ResourceChange[],
  all: readonly ResourceChange[] = wanted,
): readonly string[] {
  return wanted.flatMap((resource) => {
    const { address, type, name, change } = resource;
    const found = attributesIn(state, resource);
    // The environment file names resources of other creators in adoptExisting.
    if (found === undefined || change.importing !== undefined) return [];
    if (type === LOG_GROUP) {
      const writer = all.find((other) => other.type === FUNCTION && other.name === name);
      if (writer !== undefined && isOwn(state, writer)) return [];
      return [
        `${address} exists, but ${FUNCTION}.${name} of this stack does not exist. So the creator of ${address} is unknown.`,
      ];
    }
    if (!isDescribed(type) || isOwn(state, resource)) return [];
    return [
      `${address} has another creator: its description is ${JSON.stringify(redactNumbers(descriptionOf(found)))}.`,
    ];
  });
}

const foreignAdvice =
  "  Nothing was written. To adopt the resource, set adoptExisting for this instance. Otherwise change the name in the environment\n" +
  "  file, or delete a log group that is no longer needed.";

/** Whether the state has the resource with the description of this stack. */
function isOwn(state: StateJson, resource: ResourceChange): boolean {
  const found = attributesIn(state, resource);
  const { description } = resource.change.after as { readonly description?: unknown };
  if (found === undefined) return false;
  return typeof description !== "string" || isOwnDescription(description, descriptionOf(found));
}

const descriptionOf = ({ description }: Readonly<Record<string, unknown>>): string =>
  typeof description === "string" ? description : "";

/**
 * The state with the serial of the earlier state plus 1, for any number of imports. A state that another command
 * writes has the same serial, and Terraform refuses to overwrite a state with a different state of the same serial.
 *
 * @param before text of the earlier state; empty if there was none
 */
function withNextSerial(before: string, state: StateJson): StateJson {
  if (before.trim() === "") return state;
  return { ...state, serial: stateVersion(before).serial + 1 };
}

/**
 * The state with arguments that no import can read. Their values come from the configuration. The arguments of a function are added only
 * if Lambda's hash of the code equals the configured hash. Otherwise the plan must show the difference.
 */
export function withProviderOnlyArguments(state: StateJson, wanted: readonly ResourceChange[]): StateJson {
  const result = structuredClone(state);
  for (const resource of wanted) {
    const attributes = attributesIn(result, resource);
    if (attributes === undefined) continue;
    const configured = resource.change.after as Readonly<Record<string, unknown>>;
    const { source_code_hash: code } = configured;
    if (code !== undefined && code !== attributes["code_sha256"]) continue;
    const providerOnly = resourceType(resource.type)?.providerOnly ?? [];
    for (const key of [...providerOnly, ...(code === undefined ? [] : ["source_code_hash"])]) {
      // After an import by the provider, the argument is null or an empty text.
      const isEmpty = attributes[key] === null || attributes[key] === "";
      if (isEmpty && configured[key] !== undefined) attributes[key] = configured[key];
    }
  }
  return result;
}
