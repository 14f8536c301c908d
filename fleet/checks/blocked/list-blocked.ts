/** Lists the blocked numbers of one instance, and counts them by status. */
import type { InstanceConfig } from "../../../config/types";
import { instanceClients } from "../../aws/instance-clients";
import { describeExistingTable, tableKeys } from "../../aws/live-table";
import { CommandError } from "../../output/command-error";
import { lookupFailure } from "../caller/lookup-failure";
import { nearDispositions } from "../caller/near-dispositions";
import { blockedNumbers, type BlockedNumber, countContacts, type ReadOptions } from "./blocked-numbers";
import { type RateOptions, ReadBudget } from "./read-budget";

export interface BlockedSummary {
  /** Number of addresses by status: `blocked`, or the reason why the function does not block the address. */
  readonly statuses: ReadonlyMap<string, number>;
  readonly contacts: number;
  /** Dispositions that are similar to a blocked one, with the number of their contacts. These contacts block no caller. */
  readonly similar: readonly { readonly disposition: string; readonly contacts: number }[];
}

/** A similar Disposition is counted up to this number of contacts. */
export const similarCounted = 1000;

/**
 * Reads the list of one instance.
 *
 * @param onNumber is called for each address, in the order of the addresses
 * @throws CommandError if AWS refused a request; an `AbortError` after the signal
 */
export async function listBlocked(
  instance: InstanceConfig,
  options: ReadOptions & RateOptions,
  onNumber: (number: BlockedNumber, contactsRead: number) => void,
): Promise<BlockedSummary> {
  const clients = instanceClients(instance);
  const { dynamodb } = clients;
  try {
    const keyNames = tableKeys(await describeExistingTable(dynamodb, instance.table.name));
    const statuses = new Map<string, number>();
    let contacts = 0;
    for await (const number of blockedNumbers(instance, dynamodb, keyNames, new ReadBudget(options), options)) {
      statuses.set(number.status, (statuses.get(number.status) ?? 0) + 1);
      contacts += number.contacts;
      onNumber(number, contacts);
    }
    const similar: { disposition: string; contacts: number }[] = [];
    const { blockedDispositions } = instance;
    for (const disposition of new Set(blockedDispositions.flatMap(nearDispositions))) {
      if (blockedDispositions.includes(disposition)) continue;
      options.signal.throwIfAborted();
      const count = await countContacts(dynamodb, instance.table.name, disposition, similarCounted);
      if (count > 0) similar.push({ disposition, contacts: count });
    }
    return { statuses, contacts, similar };
  } catch (error) {
    const failure = lookupFailure(error, instance.stackName);
    throw failure === undefined ? error : new CommandError(failure);
  } finally {
    clients.destroy();
  }
}
