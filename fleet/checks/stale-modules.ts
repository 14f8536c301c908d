/** Warns in a plan about flows and modules that call a module that no longer exists. */
import type { InstanceConfig } from "../../config/types";
import { instanceClients } from "../aws/instance-clients";
import { staleModuleCalls, staleModuleText } from "../aws/stale-module-calls";
import { errorMessage } from "../output/error-message";
import { ConcurrencyLimiter } from "../plans/concurrency-limiter";
import { accountAndRegion } from "../plans/for-each-stack";

/** @returns the warnings of each instance; one warning if they cannot be read */
export async function staleModuleWarnings(
  instances: readonly InstanceConfig[],
  shutdown: { readonly isStopping: boolean },
): Promise<ReadonlyMap<InstanceConfig, readonly string[]>> {
  // Connect's request limits apply to an account and region.
  const limiter = new ConcurrencyLimiter({ parallel: Infinity, perGroup: 1 });
  const found = await Promise.all(
    instances.map((instance) =>
      limiter.run(accountAndRegion(instance), async () => [instance, await warningsOf(instance, shutdown)] as const),
    ),
  );
  return new Map(found);
}

async function warningsOf(
  instance: InstanceConfig,
  shutdown: { readonly isStopping: boolean },
): Promise<readonly string[]> {
  if (instance.release !== undefined || shutdown.isStopping) return [];
  const clients = instanceClients(instance);
  try {
    return (await staleModuleCalls(clients.connect, instance, shutdown)).map(staleModuleText);
  } catch (error) {
    return [
      `It could not be checked whether flows and modules call a module that no longer exists. ${errorMessage(error)}. ` +
        "Attach the policy plan or deploy (npm run fleet -- iam) to the role that reads.",
    ];
  } finally {
    clients.destroy();
  }
}
