/** Lists the numbers in our index that have a contact with a blocked Disposition, in the order of the numbers, in constant memory. */
import { setTimeout as pause } from "node:timers/promises";
import { paginateQuery, type AttributeValue, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { blockingIndex } from "../../../config/blocking-index";
import type { InstanceConfig } from "../../../config/types";
import { decide } from "../../../lambda/blocked-calls/policy";
import { probeEvent } from "../../../lambda/canary/probe";
import { functionSettings } from "../../../stacks/function-settings";
import { indexQuery } from "../../aws/index-query";
import { shownValue } from "../caller/contacts";

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
}

/** Maximum number of contacts of an address whose keys are kept. */
export const keysKept = 20;

/** DynamoDB reads about this many index entries of 200 bytes for one read unit. A unit is 8 KB, because the query is eventually consistent. */
const entriesPerUnit = 40;

export interface ReadOptions {
  /** Read units that the query consumes per second, on average. */
  readonly unitsPerSecond: number;
  /** Stops the wait between two requests. */
  readonly signal: AbortSignal;
  /** The address of the last entry that was read before; the list continues after this address. */
  readonly after?: string;
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
  options: ReadOptions,
): AsyncGenerator<BlockedNumber> {
  const budget = new ReadBudget(options);
  const lists = await Promise.all(
    instance.blockedDispositions.map(async (disposition) => {
      const entries = entriesOf(dynamodb, instance.table.name, disposition, budget, options.after);
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
    const keys: Record<string, string>[] = [];
    let contacts = 0;
    for (const list of lists) {
      while (list.next.done !== true && list.next.value.address === address) {
        if (dispositions.at(-1) !== list.disposition) dispositions.push(list.disposition);
        contacts++;
        const { item } = list.next.value;
        if (keys.length < keysKept)
          keys.push(
            Object.fromEntries(keyNames.flatMap((name) => (item[name] ? [[name, shownValue(item[name])]] : []))),
          );
        list.next = await list.entries.next();
      }
    }
    yield { address, status: statusOf(instance, address), dispositions, contacts, keys };
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

/** The function's own rules for a call from this address. */
function statusOf(instance: InstanceConfig, address: string): string {
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
  after: string | undefined,
): AsyncGenerator<Entry, undefined> {
  const query = indexQuery(tableName, disposition);
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

/** Keeps the average consumption below a number of read units per second. */
class ReadBudget {
  private readonly start = performance.now();
  private spent = 0;

  constructor(private readonly options: ReadOptions) {}

  /** Entries of one request, so that one request consumes at most the units of about one second. */
  get pageSize(): number {
    return Math.min(1000, entriesPerUnit * this.options.unitsPerSecond);
  }

  /** Waits until the units are within the rate. */
  async spend(units: number): Promise<void> {
    this.spent += units;
    const { unitsPerSecond, signal } = this.options;
    const ahead = this.start + (this.spent / unitsPerSecond) * 1000 - performance.now();
    await pause(Math.max(0, ahead), undefined, { signal });
  }
}

/** Whether DynamoDB lists a string before another: by their UTF-8 bytes. */
const inOrder = (one: string, other: string): boolean => Buffer.compare(Buffer.from(one), Buffer.from(other)) < 0;
