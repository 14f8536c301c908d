/**
 * Finds the flows that call a module that no longer exists.
 *
 * A module that someone deleted in the console returns under another id after a deployment. Flows still name the old id. Their block takes
 * its error branch, so no caller is checked, and Terraform notices nothing.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { ConnectClient } from "@aws-sdk/client-connect";
import type { InstanceConfig } from "../../config/types";
import { BLOCKED_STATUS_MODULE_NAME } from "../../flows/blocked-status";
import { constant, isStatus } from "../../flows/coverage/analyze";
import { readFlow } from "../../flows/coverage/read-flow";
import { isRecord } from "../../flows/language/json";
import type { Action } from "../../flows/language/types";
import { oneLine } from "../output/foreign-text";
import { redactNumbers } from "../output/redact";
import { describeFlow, flowsOf, modulesOf } from "./connect-instance";
import { referenceIn } from "./flow-reference";
import { connectRequestIntervalMs } from "./request-pacing";

/** A flow with blocks that call missing modules. */
export interface StaleModuleCall {
  readonly flow: string;
  readonly blocks: readonly string[];
  readonly moduleIds: readonly string[];
  /** Whether the flow means the module `blockedStatus`: it names the module, or compares the attribute of the module. */
  readonly isAboutBlocking: boolean;
}

/** Flows that are described without a pause. Connect allows five requests at once, and then two per second. */
const burst = 3;

/**
 * @param shutdown after a shutdown has begun, no other flow is read
 * @throws the error of AWS
 */
export async function staleModuleCalls(
  connect: ConnectClient,
  { instanceId, instanceArn }: Pick<InstanceConfig, "instanceId" | "instanceArn">,
  shutdown: { readonly isStopping: boolean } = { isStopping: false },
): Promise<readonly StaleModuleCall[]> {
  const flows = await flowsOf(connect, instanceId);
  if (flows.length === 0) return [];
  const existing = new Set((await modulesOf(connect, instanceId)).map(({ Id }) => Id));
  const found: StaleModuleCall[] = [];
  for (const [n, { Id = "", Name = Id, ContactFlowState = "" }] of flows.entries()) {
    if (shutdown.isStopping) break;
    if (ContactFlowState.toUpperCase() === "ARCHIVED") continue;
    if (n >= burst) await sleep(connectRequestIntervalMs);
    const content = (await describeFlow(connect, instanceId, Id))?.Content ?? "";
    const read = readFlow(content);
    if ("problem" in read) continue;
    const { Actions } = read.content;
    const stale = Actions.flatMap((action) => {
      const moduleId = moduleOf(action, instanceArn);
      return moduleId === undefined || existing.has(moduleId) ? [] : [{ block: action.Identifier, moduleId }];
    });
    if (stale.length === 0) continue;
    const comparesStatus = Actions.some(
      ({ Type, Parameters }) => Type === "Compare" && isStatus(Parameters?.["ComparisonValue"]),
    );
    found.push({
      flow: text(Name),
      blocks: stale.map(({ block }) => text(block)),
      moduleIds: [...new Set(stale.map(({ moduleId }) => text(moduleId)))],
      isAboutBlocking: comparesStatus || stale.some(({ block }) => displayedModule(content, block)),
    });
  }
  return found;
}

/** One sentence per flow: what the flow calls, the effect, and what to do. */
export function staleModuleText({ flow, blocks, moduleIds, isAboutBlocking }: StaleModuleCall): string {
  const [block, module] = [blocks.length === 1 ? "block" : "blocks", moduleIds.length === 1 ? "module" : "modules"];
  const effect = isAboutBlocking
    ? "takes its error branch, and no caller of this flow is blocked"
    : "takes its error branch";
  const fix = isAboutBlocking
    ? `Select the module ${BLOCKED_STATUS_MODULE_NAME} in the ${block}, and publish the flow.`
    : "Select an existing module in the Connect console, and publish the flow.";
  const names = blocks.map((name) => `"${name}"`).join(", ");
  return `The flow ${flow} calls the ${module} ${moduleIds.join(", ")} in the ${block} ${names}, but the instance has no such module. The call ${effect}. ${fix}`;
}

/** Names of flows and blocks come from AWS and may contain a phone number. */
const text = (name: string): string => redactNumbers(oneLine(name, 200));

function moduleOf({ Type, Parameters }: Action, instanceArn: string): string | undefined {
  if (Type !== "InvokeFlowModule") return undefined;
  const name = constant(Parameters?.["FlowModuleId"]);
  return typeof name === "string" ? referenceIn(name, instanceArn, "flow-module")?.id : undefined;
}

/** Whether the console shows the module of this block as `blockedStatus`. */
function displayedModule(content: string, block: string): boolean {
  const { Metadata } = JSON.parse(content) as { readonly Metadata?: unknown };
  const actions = isRecord(Metadata) ? Metadata["ActionMetadata"] : undefined;
  const own = isRecord(actions) && Object.hasOwn(actions, block) ? actions[block] : undefined;
  return isRecord(own) && own["contactFlowModuleName"] === BLOCKED_STATUS_MODULE_NAME;
}
