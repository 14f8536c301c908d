/** Proves a deployed instance end to end, reading alone: nothing of the vendor's or of ours is written. */
import type { InstanceConfig } from "../../../config/types";
import { ok, unlessNobodyAnswers } from "../finding";
import type { InstanceClients } from "../../aws/instance-clients";
import { answerChecks } from "./probe-checks";
import type { Check } from "./check";
import { connectChecks } from "./connect";
import { functionChecks } from "./function";
import { roleCheck } from "./role";
import { tableChecks } from "./table";

export type { Check } from "./check";

/**
 * Looks at everything that a call needs to be blocked on this instance, and asks the function itself.
 *
 * @returns the checks in the order in which a call depends on them; one alone, failed, where AWS cannot be asked at all
 */
export async function verifyInstance(instance: InstanceConfig, clients: InstanceClients): Promise<readonly Check[]> {
  if (instance.release !== undefined) {
    return [
      {
        name: "release",
        ...ok(`${instance.name} is let go of (release: ${instance.release}): there is nothing to prove.`),
      },
    ];
  }
  return unlessNobodyAnswers(instance.account, () => allChecks(instance, clients));
}

async function allChecks(instance: InstanceConfig, clients: InstanceClients): Promise<readonly Check[]> {
  const [table, { checks, live }, connect] = await Promise.all([
    tableChecks(instance, clients),
    functionChecks(instance, clients),
    connectChecks(instance, clients),
  ]);
  const role = live?.Role === undefined ? [] : [await roleCheck(instance, live.Role, clients)];
  // What is known not to answer is not asked: its cause is told already.
  const ready = live !== undefined && table.some(({ name, outcome }) => name === "index" && outcome === "ok");
  return [...table, ...checks, ...role, ...connect, ...(await answerChecks(instance, clients, ready))];
}
