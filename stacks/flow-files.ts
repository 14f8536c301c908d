/** The flows of an instance as files: JSON for the Connect console, and diagrams. */
import type { InstanceConfig } from "../config/types";
import { BLOCKED_STATUS_MODULE_NAME } from "../flows/blocked-status";
import { flowFiles } from "../flows/flow-files";
import { inboundContent, moduleContent } from "./flow-contents";

/** @returns text by file name */
export function flowFilesOf(instance: InstanceConfig): Readonly<Record<string, string>> {
  const { name, inboundFlow } = instance;
  return {
    ...flowFiles(moduleContent(instance), BLOCKED_STATUS_MODULE_NAME, `${BLOCKED_STATUS_MODULE_NAME} of ${name}`),
    ...(inboundFlow && flowFiles(inboundContent(inboundFlow), "inbound", `${inboundFlow.name} of ${name}`)),
  };
}
