/** Answers for one instance whether a caller would be blocked, by which rule and by which contacts. */
import { DescribeTableCommand } from "@aws-sdk/client-dynamodb";
import type { InstanceConfig } from "../../../config/types";
import { decide } from "../../../lambda/blocked-calls/policy";
import { probeEvent } from "../../../lambda/canary/probe";
import { functionSettings } from "../../../stacks/function-settings";
import type { InstanceClients } from "../../aws/instance-clients";
import { tableKeys } from "../../aws/live-table";
import { contactsUnder, type Listed } from "./contacts";
import { nearDispositions } from "./near-dispositions";

export interface Answer {
  readonly blocked: boolean;
  /** The function's own word for it: `blocked`, `exempt`, `anonymous_allowed`, ... */
  readonly reason: string;
  /** The entry of `exemptNumbers` by which the caller is never blocked. */
  readonly exemptBy: string | undefined;
  /** Contacts under blocked Dispositions, also where an exemption wins over them. */
  readonly listed: readonly Listed[];
  /** Contacts under Dispositions that look like a blocked one and are not: they block nobody. */
  readonly near: readonly Listed[];
}

/**
 * What the function would answer to a phone call from this address. It is the function's own policy that decides, with what the
 * environment file says; the table is asked as the function asks it.
 *
 * @param address what Connect would send, as {@link callerFrom} answers it
 * @throws what the SDK throws
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
  // Without exemptions: what an exemption saves a caller from is worth knowing.
  const decision = decide(call, { ...settings, exemptNumbers: [] });
  if (typeof decision === "string") {
    const reason = exemptBy === undefined ? decision : "exempt";
    return { blocked: reason === "anonymous_blocked", reason, exemptBy, listed: [], near: [] };
  }
  const { Table = {} } = await dynamodb.send(new DescribeTableCommand({ TableName: instance.table.name }));
  const keyNames = tableKeys(Table);
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
