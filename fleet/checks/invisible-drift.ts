/**
 * Finds differences from the deployment that a plan does not show: the status of resources, and flows that call a missing module. The
 * provider reads neither.
 */
import type { InstanceConfig } from "../../config/types";
import { instanceClients } from "../aws/instance-clients";
import { errorMessage } from "../output/error-message";
import { forEachStack } from "../plans/for-each-stack";
import { connectStateFindings } from "./verify/connect";
import type { Finding } from "./verify/check";
import { tableStateFindings } from "./verify/table";

/** The findings of one instance, or why AWS could not be asked. */
export type InvisibleDrift = { readonly findings: readonly Finding[] } | { readonly failure: string };

/** Checks the status of the table, the index, the module and the inbound flow. @returns one result per instance that was checked */
export async function findInvisibleDrift(
  instances: readonly InstanceConfig[],
  shutdown: { readonly isStopping: boolean },
): Promise<ReadonlyMap<InstanceConfig, InvisibleDrift>> {
  const checked = await forEachStack(instances, { parallel: Infinity, kind: "verify", shutdown }, (instance) => ({
    work: (step) => {
      step("checking the status, which a plan does not show");
      return invisibleDriftOf(instance);
    },
    describe: (result) => ("failure" in result ? "failed" : `${result.findings.length} found`),
  }));
  return new Map(checked.flatMap(({ instance, result }) => (result === undefined ? [] : [[instance, result]])));
}

async function invisibleDriftOf(instance: InstanceConfig): Promise<InvisibleDrift> {
  if (instance.release !== undefined) return { findings: [] };
  const clients = instanceClients(instance);
  try {
    const found = [
      ...(await tableStateFindings(instance, clients)),
      ...(await connectStateFindings(instance, clients)),
    ];
    return { findings: found.filter(({ outcome }) => outcome === "failed") };
  } catch (error) {
    return {
      failure:
        `The status of the table, the index, the module and the flow cannot be read. ${errorMessage(error)} ` +
        "If the request was denied, attach the policy plan (npm run fleet -- iam) to the role that reads.",
    };
  } finally {
    clients.destroy();
  }
}
