/** Verifies several instances at the same time. */
import type { InstanceConfig } from "../../../config/types";
import { instanceClients } from "../../aws/instance-clients";
import { ConcurrencyLimiter } from "../../plans/concurrency-limiter";
import { accountAndRegion } from "../../plans/for-each-stack";
import { instanceReport, type InstanceReport } from "../finding";
import { verifyInstance } from "./verify";

export type VerifiedStack = InstanceReport<"unproven">;

/**
 * Instances of the same account and region are verified one after the other: they share Connect's limit of two calls per second.
 *
 * @returns a promise per instance, in the order of `instances`
 */
export function verifyInstances(instances: readonly InstanceConfig[]): readonly Promise<VerifiedStack>[] {
  const limiter = new ConcurrencyLimiter({ parallel: Infinity, perGroup: 1 });
  return instances.map((instance) => {
    const result = limiter.run(accountAndRegion(instance), () => verifyStack(instance));
    // The caller awaits the promises in turn. Until then, a rejection must not end the process as unhandled.
    result.catch(() => undefined);
    return result;
  });
}

async function verifyStack(instance: InstanceConfig): Promise<VerifiedStack> {
  const clients = instanceClients(instance);
  try {
    return instanceReport(instance.stackName, await verifyInstance(instance, clients));
  } finally {
    clients.destroy();
  }
}
