/** After a state was lost: it is made anew beside the stack, from what exists, and written in one piece once it is whole. */
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { InstanceConfig } from "../../config/types";
import { flowsOf, modulesOf } from "../aws/connect-instance";
import { guard, today } from "../guard/guard";
import { FLOW, FUNCTION, LOG_GROUP, MODULE } from "../guard/managed-types";
import { parsePlan } from "../terraform/plan-json";
import type { PlanJson, ResourceChange } from "../terraform/plan-json";
import type { InstanceClients } from "../aws/instance-clients";
import { redactNumbers } from "../output/redact";
import type { PlannedStack } from "../review/review";
import type { TerraformStack } from "../terraform/terraform-stack";
import type { SynthesizedStack } from "../plans/synthesis";
import { importIdOf, importInto } from "./import-orphans";
import type { TerraformToolchain } from "../terraform/toolchain";

/** One resource of the stack. */
export interface Sought {
  readonly address: string;
  /** Its import id; undefined where nothing of its name exists. */
  readonly id: string | undefined;
  readonly isThere: boolean;
}

/** A state made anew that is not written yet, and what a plan on it would do. */
export interface Recovery {
  readonly sought: readonly Sought[];
  readonly planned: PlannedStack;
  /** Writes it where the stack's state is kept. @throws NotRecoverable where somebody else wrote one meanwhile, RunFailed */
  readonly write: () => Promise<void>;
}

/** The state of a stack cannot be made anew; the message says why, and what to do. */
export class NotRecoverable extends Error {
  override readonly name = "NotRecoverable";
}

const stateName = "terraform.tfstate";

export interface RecoveryOptions {
  readonly toolchain: TerraformToolchain;
  readonly clients: InstanceClients;
  /** Directory, not there yet, in which the state is made. It holds values in clear. */
  readonly scratch: string;
  readonly step: (text: string) => void;
}

/**
 * Makes the state of a stack that has none: what the stack would create, and what it would take over anyway, is imported where it
 * exists. Nothing is changed in AWS, and nothing is written where the state is kept; so it may be stopped at any time, and begun again.
 *
 * @returns undefined where it was stopped
 * @throws NotRecoverable where the state holds resources, where the stack lets go of them, and where something is not this stack's
 * @throws RunFailed, UnreadablePlan
 */
export async function recoverState(
  instance: InstanceConfig,
  stack: SynthesizedStack,
  { toolchain, clients, scratch, step }: RecoveryOptions,
): Promise<Recovery | undefined> {
  refuseRelease(instance);
  const remote = toolchain.runs(instance, stack.directory);
  step("looking at the state");
  await remote.initialize();
  await refuseResources(remote, instance);
  const before = await remote.stateText();

  mkdirSync(path.dirname(scratch), { recursive: true });
  cpSync(stack.directory, scratch, { recursive: true, filter: (source) => path.basename(source) !== ".terraform" });
  // Empty, it has a lineage all the same, which its successor keeps.
  const stateFile = path.join(scratch, stateName);
  if (before.trim() !== "") writeFileSync(stateFile, before, { mode: 0o600 });
  const runs = toolchain.runs(instance, scratch);
  await runs.initialize(instance, stateName);
  step("planning the stack, to know what it would make");
  const would = await plan(runs);

  const wanted = would.resource_changes.filter(
    ({ mode, change }) => mode === "managed" && (change.importing !== undefined || change.actions.join() === "create"),
  );
  const seen = await idsOfFlows(instance, clients);
  const sought: Sought[] = [];
  /** Whether it was not stopped. */
  const looked = async (resources: readonly ResourceChange[]): Promise<boolean> => {
    for (const resource of resources) {
      if (toolchain.shutdown.isStopping) return false;
      const { address, change } = resource;
      step(`looking for ${address} (${sought.length + 1} of ${wanted.length})`);
      const id = change.importing?.id ?? importIdOf(instance, resource, seen.idOf(resource));
      const isThere = id !== undefined && (await importInto(runs, address, id));
      sought.push({ address, id, isThere });
    }
    return !toolchain.shutdown.isStopping;
  };
  // First what tells who made it: where one is another's, the rest need not be looked for.
  if (!(await looked(wanted.filter(tellsMaker)))) return undefined;
  const strangers = strangersIn(readState(stateFile), wanted);
  if (strangers.length > 0) throw new NotRecoverable(`${strangers.join("\n")}\n${ofStrangers}`);
  if (!(await looked(wanted.filter((resource) => !tellsMaker(resource))))) return undefined;
  const whole = succeeding(before, completed(readState(stateFile), wanted));
  writeFileSync(stateFile, JSON.stringify(whole, null, 2), { mode: 0o600 });
  step("planning on the state made anew");
  const after = await plan(runs);
  return {
    sought,
    planned: { instance, plan: after, guard: guard(after, instance, today()) },
    write: async () => {
      // A state that is written in the moment between this and the push has the number of ours, and Terraform refuses ours.
      if ((await remote.stateText()) !== before) throw new NotRecoverable(writtenMeanwhile(instance));
      await remote.writeState(stateFile);
    },
  };
}

async function plan(runs: TerraformStack): Promise<PlanJson> {
  await runs.plan({ isLocked: true });
  return parsePlan(await runs.show());
}

function refuseRelease({ release, name, environment }: InstanceConfig): void {
  if (release === undefined) return;
  throw new NotRecoverable(
    `environments/${environment}.yaml lets go of ${name} (release), so its stack names nothing that could be found again.\n` +
      "  Remove release, recover, then put it back and go on with plan and deploy.",
  );
}

async function refuseResources(remote: TerraformStack, { state }: InstanceConfig): Promise<void> {
  const known = await remote.addresses();
  if (known.length === 0) return;
  const shown = known.slice(0, 3).join(", ") + (known.length > 3 ? `, and ${known.length - 3} more` : "");
  throw new NotRecoverable(
    `The state s3://${state.bucket}/${state.key} holds resources (${shown}): it is not lost, and nothing was written.\n` +
      "  See what differs with: npm run fleet -- plan. If it is damaged, restore an older version of the object, or move it away.",
  );
}

const writtenMeanwhile = ({ state }: InstanceConfig): string =>
  `The state s3://${state.bucket}/${state.key} was written by somebody meanwhile, and stays as they wrote it.\n` +
  "  Run it again: it begins with what the state is now.";

/** Modules and flows have names that Connect takes once, and are imported by ids that it gave. */
interface Flows {
  /** Import id of the one of that name, whoever made it. */
  idOf(resource: ResourceChange): string | undefined;
}

async function idsOfFlows(
  { instanceId }: InstanceConfig,
  { connect }: Pick<InstanceClients, "connect">,
): Promise<Flows> {
  const found = [
    ...(await modulesOf(connect, instanceId)).map((module) => [MODULE, module] as const),
    ...(await flowsOf(connect, instanceId)).map((flow) => [FLOW, flow] as const),
  ];
  const ids = new Map(found.map(([type, { Name, Id }]) => [`${type} ${Name}`, `${instanceId}:${Id}`]));
  return { idOf: ({ type, change: { after } }) => ids.get(`${type} ${String((after as { name?: unknown }).name)}`) };
}

/** https://developer.hashicorp.com/terraform/language/state; what else is in it is kept as it is. */
export interface StateJson {
  readonly serial?: number;
  readonly resources: readonly {
    readonly mode: string;
    readonly type: string;
    readonly name: string;
    readonly instances: readonly {
      readonly index_key?: string | number;
      readonly attributes: Record<string, unknown>;
    }[];
  }[];
}

/** The state as it is so far; of nothing imported yet there is no file. */
function readState(file: string): StateJson {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as StateJson) : { resources: [] };
}

function attributesIn(
  { resources }: StateJson,
  { type, name, index }: ResourceChange,
): Record<string, unknown> | undefined {
  const found = resources.find((one) => one.mode === "managed" && one.type === type && one.name === name);
  return found?.instances.find(({ index_key }) => index_key === index)?.attributes;
}

const described: ReadonlySet<string> = new Set([FLOW, MODULE, "aws_iam_role", FUNCTION]);

/** Whether what is found of it tells whether this stack made it; of a log group the function of its name does. */
const tellsMaker = ({ type }: ResourceChange): boolean => described.has(type) || type === LOG_GROUP;

/**
 * A sentence for each thing that somebody else made under a name of ours. What the stack makes says in its description what it is
 * for; a state that holds a thing with another description would let the next deployment change it. A log group has none, and is
 * ours where the function is that writes to it.
 */
export function strangersIn(state: StateJson, wanted: readonly ResourceChange[]): readonly string[] {
  return wanted.flatMap((resource) => {
    const { address, type, change } = resource;
    const found = attributesIn(state, resource);
    // What adoptExisting names is of others by intent.
    if (found === undefined || change.importing !== undefined) return [];
    if (type === LOG_GROUP) {
      const writer = wanted.find((one) => one.type === FUNCTION && one.name === resource.name);
      if (writer !== undefined && isOurs(state, writer)) return [];
      const its = `${FUNCTION}.${resource.name}`;
      return [`${address} is there without ${its} of this stack, and nothing else tells who made it.`];
    }
    if (!described.has(type) || isOurs(state, resource)) return [];
    return [
      `${address} is of another maker: its description is ${JSON.stringify(redactNumbers(descriptionOf(found)))}.`,
    ];
  });
}

const ofStrangers =
  "  Nothing was written. If it is to be taken over, say adoptExisting for this instance; if not, give ours another name, or\n" +
  "  delete a log group that nobody needs any more.";

/** Whether it was found, with the description that this stack gives it. */
function isOurs(state: StateJson, resource: ResourceChange): boolean {
  const found = attributesIn(state, resource);
  const { description } = resource.change.after as { readonly description?: unknown };
  if (found === undefined) return false;
  return typeof description !== "string" || isOfOneMaker(description, descriptionOf(found));
}

const descriptionOf = ({ description }: Readonly<Record<string, unknown>>): string =>
  typeof description === "string" ? description : "";

/**
 * The state with the number that follows that of the one it takes the place of, whatever number its imports had brought it to:
 * a writer in between has the same, and Terraform does not let one of two with the same be written over the other.
 *
 * @param before text of the state that was there; empty where none was
 */
export function succeeding(before: string, state: StateJson): StateJson {
  if (before.trim() === "") return state;
  return { ...state, serial: ((JSON.parse(before) as StateJson).serial ?? 0) + 1 };
}

/** What tells the provider how to work, and no service keeps: an import leaves it empty, and a plan would set it again. */
const untold = ["timeouts", "publish", "filename"] as const;

/**
 * The state with what no import can know added from the configuration. Of a function this is so only where its code is the
 * configured one, by the hash that Lambda tells: where it is not, the plan has to show that.
 */
export function completed(state: StateJson, wanted: readonly ResourceChange[]): StateJson {
  const whole = structuredClone(state);
  for (const resource of wanted) {
    const attributes = attributesIn(whole, resource);
    if (attributes === undefined) continue;
    const configured = resource.change.after as Readonly<Record<string, unknown>>;
    const { source_code_hash: code } = configured;
    if (code !== undefined && code !== attributes["code_sha256"]) continue;
    for (const key of [...untold, ...(code === undefined ? [] : ["source_code_hash"])]) {
      // The provider's import leaves null, or what it has for a text that is not there.
      const isEmpty = attributes[key] === null || attributes[key] === "";
      if (isEmpty && configured[key] !== undefined) attributes[key] = configured[key];
    }
  }
  return whole;
}

/** By the part that names function, instance or stack; the rest is worded anew now and then. */
function isOfOneMaker(ours: string, actual: string): boolean {
  const maker = /Managed by Terraform \([^()]+\)/.exec(ours)?.[0];
  if (maker !== undefined) return actual.includes(maker);
  return actual.startsWith(ours.split(" ").slice(0, 4).join(" "));
}
