/**
 * Finds the flows and modules that call a module that no longer exists.
 *
 * A module that someone deleted in the console returns under another id after a deployment. Flows still name the old id. Their block takes
 * its error branch, so no caller is checked, and Terraform notices nothing.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { ConnectClient } from "@aws-sdk/client-connect";
import type { InstanceConfig } from "../../config/types";
import { BLOCKED_STATUS_MODULE_NAME } from "../../flows/blocked-status";
import { isStatus } from "../../flows/coverage/analyze";
import { readFlow } from "../../flows/coverage/read-flow";
import { isRecord } from "../../flows/language/json";
import { oneLine } from "../output/foreign-text";
import { redactNumbers } from "../output/redact";
import { describeFlow, describeModule, flowsOf, modulesOf } from "./connect-instance";
import { invokedModule } from "./flow-reference";
import { connectRequestIntervalMs } from "./request-pacing";

/** A flow or module with blocks that call missing modules. */
export interface StaleModuleCall {
  readonly kind: "flow" | "module";
  /** Name of the flow or module. */
  readonly name: string;
  readonly blocks: readonly string[];
  readonly moduleIds: readonly string[];
  /** Whether the content means the module `blockedStatus`: it names the module, or compares the attribute of the module. */
  readonly isAboutBlocking: boolean;
}

/** Flows and modules that are described without a pause. Connect allows five requests at once, and then two per second. */
const burst = 3;

/**
 * The flows, then the modules. Archived ones are not read, because no call uses them.
 *
 * @param shutdown after a shutdown has begun, no other flow or module is read
 * @throws the error of AWS
 */
export async function staleModuleCalls(
  connect: ConnectClient,
  { instanceId, instanceArn }: Pick<InstanceConfig, "instanceId" | "instanceArn">,
  shutdown: { readonly isStopping: boolean } = { isStopping: false },
): Promise<readonly StaleModuleCall[]> {
  const flows = await flowsOf(connect, instanceId);
  if (flows.length === 0) return [];
  const modules = await modulesOf(connect, instanceId);
  const existing = new Set(modules.map(({ Id }) => Id));
  const sources = [
    ...flows.map(({ Id = "", Name = Id, ContactFlowState: state = "" }) => ({
      kind: "flow" as const,
      name: Name,
      state,
      read: async () => (await describeFlow(connect, instanceId, Id))?.Content,
    })),
    ...modules.map(({ Id = "", Name = Id, State: state = "" }) => ({
      kind: "module" as const,
      name: Name,
      state,
      read: async () => (await describeModule(connect, instanceId, Id))?.Content,
    })),
  ].filter(({ state }) => state.toUpperCase() !== "ARCHIVED");
  const found: StaleModuleCall[] = [];
  for (const [n, { kind, name, read }] of sources.entries()) {
    if (shutdown.isStopping) break;
    if (n >= burst) await sleep(connectRequestIntervalMs);
    const stale = staleCallsIn((await read()) ?? "", existing, instanceArn);
    if (stale !== undefined) found.push({ kind, name: text(name), ...stale });
  }
  return found;
}

/** Undefined if every module that the content calls exists, or if the content cannot be read. */
function staleCallsIn(
  content: string,
  existing: ReadonlySet<string | undefined>,
  instanceArn: string,
): Omit<StaleModuleCall, "kind" | "name"> | undefined {
  const read = readFlow(content);
  if ("problem" in read) return undefined;
  const { Actions } = read.content;
  const stale = Actions.flatMap((action) => {
    const moduleId = invokedModule(action, instanceArn);
    return moduleId === undefined || existing.has(moduleId) ? [] : [{ block: action.Identifier, moduleId }];
  });
  if (stale.length === 0) return undefined;
  const comparesStatus = Actions.some(
    ({ Type, Parameters }) => Type === "Compare" && isStatus(Parameters?.["ComparisonValue"]),
  );
  return {
    blocks: stale.map(({ block }) => text(block)),
    moduleIds: [...new Set(stale.map(({ moduleId }) => text(moduleId)))],
    isAboutBlocking: comparesStatus || stale.some(({ block }) => displayedModule(content, block)),
  };
}

/** What the flow or module calls, the effect, and what to do. */
export function staleModuleText({ kind, name, blocks, moduleIds, isAboutBlocking }: StaleModuleCall): string {
  const [block, module] = [blocks.length === 1 ? "block" : "blocks", moduleIds.length === 1 ? "module" : "modules"];
  const effect = isAboutBlocking
    ? `takes its error branch, and no caller of this ${kind} is blocked`
    : "takes its error branch";
  const fix = isAboutBlocking
    ? `Select the module ${BLOCKED_STATUS_MODULE_NAME} in the ${block}, and publish the ${kind}.`
    : `Select an existing module in the Connect console, and publish the ${kind}.`;
  const names = blocks.map((one) => `"${one}"`).join(", ");
  return `The ${kind} ${name} calls the ${module} ${moduleIds.join(", ")} in the ${block} ${names}, but the instance has no such module. The call ${effect}. ${fix}`;
}

/** Names of flows and blocks come from AWS and may contain a phone number. */
const text = (name: string): string => redactNumbers(oneLine(name, 200));

/** Whether the console shows the module of this block as `blockedStatus`. */
function displayedModule(content: string, block: string): boolean {
  const { Metadata } = JSON.parse(content) as { readonly Metadata?: unknown };
  const actions = isRecord(Metadata) ? Metadata["ActionMetadata"] : undefined;
  const own = isRecord(actions) && Object.hasOwn(actions, block) ? actions[block] : undefined;
  return isRecord(own) && own["contactFlowModuleName"] === BLOCKED_STATUS_MODULE_NAME;
}
