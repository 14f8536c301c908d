/** After a state was lost: it is made anew beside the stack, from what exists, and written in one piece once it is whole. */
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { paginateListContactFlowModules, paginateListContactFlows } from "@aws-sdk/client-connect";
import type { InstanceConfig } from "../../environments/model/types";
import { guard, today } from "../guard/guard";
import { parsePlan } from "../guard/plan-json";
import type { PlanJson, ResourceChange } from "../guard/plan-json";
import type { InstanceClients } from "../instance-clients";
import { maskNumbers } from "../masking";
import type { PlannedStack } from "../review/review";
import type { StackRuns } from "./stack-runs";
import type { SynthesizedStack } from "./synthesis";
import { importIdOf, importInto } from "./takeover";
import type { Workshop } from "./workshop";

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
  /** Writes it where the stack's state is kept. @throws RunFailed */
  readonly write: () => Promise<void>;
}

/** The state of a stack cannot be made anew; the message says why, and what to do. */
export class NotRecoverable extends Error {
  override readonly name = "NotRecoverable";
}

const stateName = "terraform.tfstate";

/** Terraform takes the backend of an override file instead of the stack's. */
const localBackend = { terraform: { backend: { local: { path: stateName } } } };

export interface RecoveryOptions {
  readonly workshop: Workshop;
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
  { workshop, clients, scratch, step }: RecoveryOptions,
): Promise<Recovery | undefined> {
  refuseRelease(instance);
  const remote = workshop.runs(instance, stack.directory);
  step("looking at the state");
  await remote.initialize();
  await refuseResources(remote, instance);
  const before = await remote.stateText();

  mkdirSync(path.dirname(scratch), { recursive: true });
  cpSync(stack.directory, scratch, { recursive: true, filter: (source) => path.basename(source) !== ".terraform" });
  writeFileSync(path.join(scratch, "zz_local_state_override.tf.json"), JSON.stringify(localBackend));
  // Empty, it has a lineage all the same, which its successor keeps.
  const stateFile = path.join(scratch, stateName);
  if (before.trim() !== "") writeFileSync(stateFile, before, { mode: 0o600 });
  const runs = workshop.runs(instance, scratch);
  await runs.initialize(instance);
  step("planning the stack, to know what it would make");
  const would = await plan(runs);

  const seen = await flowsOf(instance, clients);
  const sought: Sought[] = [];
  const wanted = would.resource_changes
    .filter(
      ({ mode, change }) =>
        mode === "managed" && (change.importing !== undefined || change.actions.join() === "create"),
    )
    // First what tells who made it.
    .sort((one, other) => Number(hasMaker.has(other.type)) - Number(hasMaker.has(one.type)));
  let isChecked = false;
  for (const resource of wanted) {
    const { address, type, change } = resource;
    if (!isChecked && !hasMaker.has(type)) {
      const strangers = strangersIn(readState(stateFile), wanted);
      if (strangers.length > 0) throw new NotRecoverable(`${strangers.join("\n")}\n${ofStrangers}`);
      isChecked = true;
    }
    if (workshop.interruption.isStopping) return undefined;
    step(`looking for ${address} (${sought.length + 1} of ${wanted.length})`);
    const id = change.importing?.id ?? importIdOf(instance, resource, seen.idOf(resource));
    const isThere = id !== undefined && (await importInto(runs, address, id));
    sought.push({ address, id, isThere });
  }
  if (workshop.interruption.isStopping) return undefined;
  writeFileSync(stateFile, JSON.stringify(completed(readState(stateFile), wanted), null, 2), { mode: 0o600 });
  step("planning on the state made anew");
  const after = await plan(runs);
  return {
    sought,
    planned: { instance, plan: after, guard: guard(after, instance, today()) },
    write: () => remote.writeState(stateFile),
  };
}

async function plan(runs: StackRuns): Promise<PlanJson> {
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

async function refuseResources(remote: StackRuns, { state }: InstanceConfig): Promise<void> {
  const known = await remote.addresses();
  if (known.length === 0) return;
  const shown = known.slice(0, 3).join(", ") + (known.length > 3 ? `, and ${known.length - 3} more` : "");
  throw new NotRecoverable(
    `The state s3://${state.bucket}/${state.key} holds resources (${shown}): it is not lost, and nothing was written.\n` +
      "  See what differs with: npm run fleet -- plan. If it is damaged, restore an older version of the object, or move it away.",
  );
}

/** Modules and flows have names that Connect takes once, and are imported by ids that it gave. */
interface Flows {
  /** Import id of the one of that name, whoever made it. */
  idOf(resource: ResourceChange): string | undefined;
}

async function flowsOf(
  { instanceId: InstanceId }: InstanceConfig,
  { connect: client }: InstanceClients,
): Promise<Flows> {
  const ids = new Map<string, string>();
  const note = (
    type: string,
    found: readonly { readonly Name?: string | undefined; readonly Id?: string | undefined }[] = [],
  ): void => {
    for (const { Name = "", Id = "" } of found) ids.set(`${type} ${Name}`, `${InstanceId}:${Id}`);
  };
  for await (const page of paginateListContactFlowModules({ client }, { InstanceId })) {
    note("aws_connect_contact_flow_module", page.ContactFlowModulesSummaryList);
  }
  for await (const page of paginateListContactFlows({ client }, { InstanceId })) {
    note("aws_connect_contact_flow", page.ContactFlowSummaryList);
  }
  return { idOf: ({ type, change: { after } }) => ids.get(`${type} ${String((after as { name?: unknown }).name)}`) };
}

/** https://developer.hashicorp.com/terraform/language/state; what else is in it is kept as it is. */
export interface StateJson {
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

const hasMaker: ReadonlySet<string> = new Set([
  "aws_connect_contact_flow",
  "aws_connect_contact_flow_module",
  "aws_iam_role",
  "aws_lambda_function",
]);

/**
 * A sentence for each thing that somebody else made under a name of ours. What the stack makes says in its description what it is
 * for; a state that holds a thing with another description would let the next deployment change it.
 */
export function strangersIn(state: StateJson, wanted: readonly ResourceChange[]): readonly string[] {
  return wanted.flatMap((resource) => {
    const { address, type, change } = resource;
    const { description } = change.after as { readonly description?: unknown };
    // What adoptExisting names is of others by intent.
    if (change.importing !== undefined || !hasMaker.has(type) || typeof description !== "string") return [];
    const found = attributesIn(state, resource);
    const actual = typeof found?.["description"] === "string" ? found["description"] : "";
    if (found === undefined || isOfOneMaker(description, actual)) return [];
    return [`${address} is of another maker: its description is ${JSON.stringify(maskNumbers(actual))}.`];
  });
}

const ofStrangers =
  "  Nothing was written. If it is to be taken over, say adoptExisting for this instance; if not, give ours another name.";

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
