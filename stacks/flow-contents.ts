/** The contents of the flows of one instance, exactly as they are deployed. */
import type { InboundFlowConfig, InstanceConfig } from "../config/types";
import { BLOCKED_STATUS_MODULE_NAME, blockedStatusModule } from "../flows/blocked-status";
import { inboundFlow } from "../flows/inbound";
import type { FlowContent } from "../flows/language/types";

/** The module `blockedStatus` of the instance. */
export function moduleContent(instance: InstanceConfig): FlowContent {
  return blockedStatusModule({
    functionArn: instance.function.aliasArn,
    // The first is what the vendor's own function understands; ours looks up all that are configured.
    blockedDisposition: instance.blockedDispositions[0],
    instanceName: instance.name,
    flowTimeLimitSeconds: instance.lookup.flowTimeLimitSeconds,
  });
}

/** The inbound flow, which names the module by `BLOCKED_STATUS_MODULE_NAME`. */
export function inboundContent({ queueId, whenBlocked }: InboundFlowConfig): FlowContent {
  return inboundFlow({ moduleId: BLOCKED_STATUS_MODULE_NAME, queueId, whenBlocked });
}
