/** Decides for one instance whether a caller would be blocked, by which rule and by which contacts. */
import type { InstanceConfig } from "../../../config/types";
import { decide } from "../../../lambda/blocked-calls/policy";
import { probeEvent } from "../../../lambda/canary/probe";
import { functionSettings } from "../../../stacks/function-settings";
import type { InstanceClients } from "../../aws/instance-clients";
import { describeExistingTable, tableKeys } from "../../aws/live-table";
import { contactsUnder, type Listed } from "./contacts";
import { nearDispositions } from "./near-dispositions";

export interface Answer {
  readonly blocked: boolean;
  /** The reason that the function would return: `blocked`, `exempt`, `anonymous_allowed`, ... */
  readonly reason: string;
  /** The entry of `exemptNumbers` that exempts the caller. */
  readonly exemptBy: string | undefined;
  /** Contacts with a blocked Disposition, also if the caller is exempt. */
  readonly listed: readonly Listed[];
  /** Contacts with a Disposition that is similar to a blocked one. They block no caller. */
  readonly near: readonly Listed[];
}

/**
 * The function's answer to a phone call from this address. It uses the function's own policy, the environment file, and the same query.
 *
 * @param address the address that Connect would send, from {@link callerFrom}
 * @throws errors of the SDK
 */
export async function answerFor(
  instance: InstanceConfig,
  address: string,
  { dynamodb }: InstanceClients,
): Promise<Answer> {
  const settings = functionSettings(instance);
  const call = probeEvent({ ...instance, instanceName: instance.name }, address);
  const exemptBy = instance.exemptNumbers.find(
    (entry) => decide(call, { ...settings, exemptNumbers: [entry] }) === "exempt",
  );
  // Exemptions are ignored here, so that the result also shows the contacts of an exempt caller.
  const decision = decide(call, { ...settings, exemptNumbers: [] });
  if (typeof decision === "string") {
    const reason = exemptBy === undefined ? decision : "exempt";
    return { blocked: reason === "anonymous_blocked", reason, exemptBy, listed: [], near: [] };
  }
  const keyNames = tableKeys(await describeExistingTable(dynamodb, instance.table.name));
  const under = async (dispositions: readonly string[]): Promise<Listed[]> => {
    const found: Listed[] = [];
    for (const disposition of dispositions)
      found.push(await contactsUnder(dynamodb, instance.table.name, keyNames, disposition, decision.number));
    return found.filter(({ contacts }) => contacts.length > 0);
  };
  const listed = await under(decision.dispositions);
  const lookalikes = new Set(decision.dispositions.flatMap(nearDispositions));
  for (const disposition of decision.dispositions) lookalikes.delete(disposition);
  const near = await under([...lookalikes]);
  const reason = exemptBy !== undefined ? "exempt" : listed.length > 0 ? "blocked" : "not_blocked";
  return { blocked: reason === "blocked", reason, exemptBy, listed, near };
}
