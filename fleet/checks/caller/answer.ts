/** Decides for one instance whether a caller would be blocked, by which rule and by which contacts. */
import type { InstanceConfig } from "../../../config/types";
import { decide } from "../../../lambda/blocked-calls/policy";
import { probeEvent } from "../../../lambda/canary/probe";
import { functionSettings } from "../../../stacks/function-settings";
import type { InstanceClients } from "../../aws/instance-clients";
import { describeExistingTable, tableKeys } from "../../aws/live-table";
import { contactsWithDisposition, type ContactList } from "./contacts";
import { nearDispositions } from "./near-dispositions";

export interface Answer {
  readonly blocked: boolean;
  /** The reason that the function would return: `blocked`, `exempt`, `anonymous_allowed`, ... */
  readonly reason: string;
  /** The entry of `exemptNumbers` that exempts the caller. */
  readonly exemptBy: string | undefined;
  /** Contacts with a blocked Disposition, even if the caller is exempt. */
  readonly listed: readonly ContactList[];
  /** Contacts with a Disposition that is similar to a blocked Disposition. These contacts block no caller. */
  readonly nearMisses: readonly ContactList[];
}

/**
 * The function's answer to a phone call from this address, with the function's own code (`decide`) and the same query.
 *
 * @param address the address that Connect would send, from `callersFrom`
 * @throws errors of the SDK
 */
export async function answerFor(
  instance: InstanceConfig,
  address: string,
  { dynamodb }: InstanceClients,
): Promise<Answer> {
  const settings = functionSettings(instance);
  const call = probeEvent({ ...instance, instanceName: instance.name, otherNumbers: settings.otherNumbers }, address);
  const exemptBy = instance.exemptNumbers.find(
    (entry) => decide(call, { ...settings, exemptNumbers: [entry] }) === "exempt",
  );
  // Exemptions are ignored here, so that the result also shows the contacts of an exempt caller.
  const decision = decide(call, { ...settings, exemptNumbers: [] });
  if (typeof decision === "string") {
    const reason = exemptBy === undefined ? decision : "exempt";
    return { blocked: reason === "anonymous_blocked", reason, exemptBy, listed: [], nearMisses: [] };
  }
  const keyNames = tableKeys(await describeExistingTable(dynamodb, instance.table.name));
  const contactsWith = async (dispositions: readonly string[]): Promise<ContactList[]> => {
    const found: ContactList[] = [];
    for (const disposition of dispositions)
      found.push(await contactsWithDisposition(dynamodb, instance.table.name, keyNames, disposition, decision.number));
    return found.filter(({ contacts }) => contacts.length > 0);
  };
  const listed = await contactsWith(decision.dispositions);
  const lookalikes = new Set(decision.dispositions.flatMap(nearDispositions));
  for (const disposition of decision.dispositions) lookalikes.delete(disposition);
  const nearMisses = await contactsWith([...lookalikes]);
  const reason = exemptBy !== undefined ? "exempt" : listed.length > 0 ? "blocked" : "not_blocked";
  return { blocked: reason === "blocked", reason, exemptBy, listed, nearMisses };
}
