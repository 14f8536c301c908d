/** The contents of the flows of one instance, exactly as they are deployed. */
import type { InstanceConfig } from "../environments/model/types";
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

/** The inbound flow, which names the module by `BLOCKED_STATUS_MODULE_NAME`; undefined where the team has its own. */
export function inboundContent({ inboundFlow: config }: InstanceConfig): FlowContent | undefined {
  if (config === undefined) return undefined;
  const { queueId, whenBlocked } = config;
  return inboundFlow({ moduleId: BLOCKED_STATUS_MODULE_NAME, queueId, whenBlocked });
}
