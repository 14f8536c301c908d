/** Lists the numbers in our index that have a contact with a blocked Disposition, in the order of the numbers, in constant memory. */
import { paginateQuery, type AttributeValue, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { blockingIndex } from "../../../config/blocking-index";
import type { InstanceConfig } from "../../../config/types";
import { decide } from "../../../lambda/blocked-calls/policy";
import { probeEvent } from "../../../lambda/canary/probe";
import { functionSettings } from "../../../stacks/function-settings";
import { indexQuery } from "../../aws/index-query";
import { shownValue } from "../caller/contacts";
import { type ContactDetails, type DetailNames, detailsOf } from "./contact-details";
import type { ReadBudget } from "./read-budget";

/** One address with all its contacts that have a blocked Disposition. */
export interface BlockedNumber {
  /** `CustomerEndpoint` of the contacts: an E.164 number, or any other text. */
  readonly address: string;
  /** `blocked`; otherwise the reason why the function does not block this address, such as `exempt`. */
  readonly status: string;
  readonly dispositions: readonly string[];
  /** Number of contacts. */
  readonly contacts: number;
  /** Table keys of the first contacts, at most {@link keysKept}. */
  readonly keys: readonly Readonly<Record<string, string>>[];
  /** The details of the contacts in `keys`, in the same order. Absent unless they were asked for. */
  readonly details?: readonly ContactDetails[];
}

/** Maximum number of contacts of an address whose keys are kept. */
export const keysKept = 20;

export interface ReadOptions {
  /** The address of the last entry that was read before; the list continues after this address. */
  readonly after?: string;
  /** Lists only this address. */
  readonly address?: string;
  /** Also reads these attributes of the contacts whose keys are kept. */
  readonly details?: DetailNames | undefined;
}

/**
 * The blocked numbers of one instance.
 *
 * @param keyNames names of the table's keys, from `tableKeys`
 * @throws errors of the SDK; an `AbortError` after the signal
 */
export async function* blockedNumbers(
  instance: InstanceConfig,
  dynamodb: DynamoDBClient,
  keyNames: readonly string[],
  budget: ReadBudget,
  options: ReadOptions,
): AsyncGenerator<BlockedNumber> {
  const { name: table } = instance.table;
  const lists = await Promise.all(
    instance.blockedDispositions.map(async (disposition) => {
      const entries = entriesOf(dynamodb, table, disposition, budget, options);
      return { disposition, entries, next: await entries.next() };
    }),
  );
  for (;;) {
    const address = lists
      .flatMap(({ next }) => (next.done === true ? [] : [next.value.address]))
      .reduce<string | undefined>(
        (first, one) => (first === undefined || inOrder(one, first) ? one : first),
        undefined,
      );
    if (address === undefined) return;
    const dispositions: string[] = [];
    const keys: Record<string, AttributeValue>[] = [];
    let contacts = 0;
    for (const list of lists) {
      while (list.next.done !== true && list.next.value.address === address) {
        if (dispositions.at(-1) !== list.disposition) dispositions.push(list.disposition);
        contacts++;
        const { item } = list.next.value;
        if (keys.length < keysKept)
          keys.push(Object.fromEntries(keyNames.flatMap((name) => (item[name] ? [[name, item[name]]] : []))));
        list.next = await list.entries.next();
      }
    }
    const details: ContactDetails[] = [];
    if (options.details !== undefined)
      for (const key of keys) details.push(await detailsOf(dynamodb, table, key, options.details, budget));
    yield {
      address,
      status: statusOf(instance, address),
      dispositions,
      contacts,
      keys: keys.map((key) =>
        Object.fromEntries(Object.entries(key).map(([name, value]) => [name, shownValue(value)])),
      ),
      ...(options.details === undefined ? {} : { details }),
    };
  }
}

/** Number of contacts with a Disposition, counted up to a limit. */
export async function countContacts(
  dynamodb: DynamoDBClient,
  tableName: string,
  disposition: string,
  limit: number,
): Promise<number> {
  let count = 0;
  const input = { ...indexQuery(tableName, disposition), Select: "COUNT" as const };
  for await (const { Count = 0 } of paginateQuery({ client: dynamodb, pageSize: limit }, input)) {
    count += Count;
    if (count >= limit) break;
  }
  return Math.min(count, limit);
}

/** The status of an address that has a contact with a blocked Disposition, by the function's own rules for a call. */
export function statusOf(instance: InstanceConfig, address: string): string {
  const settings = functionSettings(instance);
  const { otherNumbers } = settings;
  const decision = decide(probeEvent({ ...instance, instanceName: instance.name, otherNumbers }, address), settings);
  return typeof decision === "string" ? decision : "blocked";
}

interface Entry {
  readonly address: string;
  readonly item: Readonly<Record<string, AttributeValue>>;
}

/** The entries of one Disposition, in the order of the addresses. */
async function* entriesOf(
  client: DynamoDBClient,
  tableName: string,
  disposition: string,
  budget: ReadBudget,
  { after, address }: ReadOptions,
): AsyncGenerator<Entry, undefined> {
  const query = indexQuery(tableName, disposition, address);
  const input = {
    ...query,
    ...(after === undefined
      ? {}
      : {
          KeyConditionExpression: `${query.KeyConditionExpression} AND ${blockingIndex.rangeKey} > :after`,
          ExpressionAttributeValues: { ...query.ExpressionAttributeValues, ":after": { S: after } },
        }),
    ReturnConsumedCapacity: "TOTAL" as const,
  };
  for await (const { Items = [], ConsumedCapacity } of paginateQuery({ client, pageSize: budget.pageSize }, input)) {
    for (const item of Items) yield { address: item[blockingIndex.rangeKey]?.S ?? "", item };
    await budget.spend(ConsumedCapacity?.CapacityUnits ?? 0);
  }
  return undefined;
}

/** Whether DynamoDB lists a string before another: by their UTF-8 bytes. */
const inOrder = (one: string, other: string): boolean => Buffer.compare(Buffer.from(one), Buffer.from(other)) < 0;
