/** Verifies a deployed instance end to end: reads its resources and invokes its function. No resource is changed. */
import type { InstanceConfig } from "../../../config/types";
import { ok, checksUnlessSignedOut } from "../finding";
import type { InstanceClients } from "../../aws/instance-clients";
import { probeChecks } from "./probe-checks";
import type { Check } from "./check";
import { connectChecks } from "./connect";
import { functionChecks } from "./function";
import { roleCheck } from "./role";
import { tableChecks } from "./table";

export type { Check } from "./check";

/**
 * Checks everything that blocking a call needs on this instance, and invokes the function.
 *
 * @returns the checks, in the order in which a call uses the resources; without valid credentials, only one failed check
 */
export async function verifyInstance(instance: InstanceConfig, clients: InstanceClients): Promise<readonly Check[]> {
  if (instance.release !== undefined) {
    return [
      {
        name: "release",
        ...ok(`${instance.name} is decommissioned (release: ${instance.release}): nothing is verified.`),
      },
    ];
  }
  return checksUnlessSignedOut(instance.account, () => allChecks(instance, clients));
}

async function allChecks(instance: InstanceConfig, clients: InstanceClients): Promise<readonly Check[]> {
  const [table, { checks, live }, connect] = await Promise.all([
    tableChecks(instance, clients),
    functionChecks(instance, clients),
    connectChecks(instance, clients),
  ]);
  const role = live?.Role === undefined ? [] : [await roleCheck(instance, live.Role, clients)];
  // A function that cannot answer is not invoked: another check has failed with the cause.
  const isReady = live !== undefined && table.some(({ name, outcome }) => name === "index" && outcome === "ok");
  return [...table, ...checks, ...role, ...connect, ...(await probeChecks(instance, clients, isReady))];
}
