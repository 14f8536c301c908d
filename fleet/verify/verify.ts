/** Proves a deployed instance end to end, reading alone: nothing of the vendor's or of ours is written. */
import type { InstanceConfig } from "../../environments/model/types";
import type { InstanceClients } from "../instance-clients";
import type { Check } from "./check";
import { CannotAsk, failed } from "./check";
import { tableChecks } from "./table";

export type { Check } from "./check";

/**
 * Looks at everything that a call needs to be blocked on this instance.
 *
 * @returns the checks in the order in which a call depends on them; one alone, failed, where AWS cannot be asked at all
 */
export async function verifyInstance(instance: InstanceConfig, clients: InstanceClients): Promise<readonly Check[]> {
  try {
    return await tableChecks(instance, clients);
  } catch (error) {
    if (!(error instanceof CannotAsk)) throw error;
    return [
      {
        name: "credentials",
        ...failed(
          `Nothing can be asked of account ${instance.account}. ${error.message}`,
          "Sign in, or set planRole to a role that these credentials may assume.",
        ),
      },
    ];
  }
}
