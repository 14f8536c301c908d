/** Builds the flow contents that are deployed to one instance. */
import type { InboundFlowConfig, InstanceConfig } from "../config/types";
import { BLOCKED_STATUS_MODULE_NAME, blockedStatusModule } from "../flows/blocked-status";
import { inboundFlow } from "../flows/inbound";
import type { FlowContent } from "../flows/language/types";

/** Returns the content of the module `blockedStatus`. */
export function moduleContent(instance: InstanceConfig): FlowContent {
  return blockedStatusModule({
    functionArn: instance.function.aliasArn,
    // The vendor's function reads this one Disposition. Our function looks up all configured Dispositions.
    blockedDisposition: instance.blockedDispositions[0],
    instanceName: instance.name,
    flowTimeLimitSeconds: instance.lookup.flowTimeLimitSeconds,
  });
}

/**
 * Returns the content of the inbound flow.
 *
 * @param moduleId id of the module `blockedStatus`, or a placeholder for the id
 */
export function inboundContent(
  { queueId, whenBlocked }: InboundFlowConfig,
  moduleId = BLOCKED_STATUS_MODULE_NAME,
): FlowContent {
  return inboundFlow({ moduleId, queueId, whenBlocked });
}
