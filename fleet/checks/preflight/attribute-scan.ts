/** Reads the two attributes of our index out of a table, page by page, below the rate it was given, and counts what it finds. */
import { ScanCommand } from "@aws-sdk/client-dynamodb";
import type { DynamoDBClient, ScanCommandOutput } from "@aws-sdk/client-dynamodb";
import type { Clock } from "./clock";
import { ContactStats } from "./contact-stats";
import { indexKeyNames } from "./index-keys";
import { RateLimit } from "./rate-limit";
import { nextPage, segmentsFor } from "./scan-plan";
import type { Extent, Segment } from "./scan-plan";
import type { ScanProgress } from "./scan-progress";

export interface ScanRequest {
  readonly tableName: string;
  /** Names of the table's keys: one or two. */
  readonly tableKeys: readonly string[];
  readonly extent: Extent;
  readonly blockedDispositions: readonly string[];
  /** Read capacity units a second that are never exceeded. */
  readonly rate: number;
  /** Where an earlier scan of the same was. */
  readonly from?: ScanProgress | undefined;
}

export interface ScanSurroundings {
  readonly dynamodb: Pick<DynamoDBClient, "send">;
  readonly clock: Clock;
  /** Stops the scan after the page that is being read. */
  readonly stop: AbortSignal;
  /** Is told after each page. */
  onPage(scan: RunningScan): void;
  /** Keeps where the scan is; called every few seconds, and when it ends, whatever way. */
  save(progress: ScanProgress): void;
}

export interface RunningScan {
  readonly tally: ContactStats;
  /** Read capacity units consumed, those before a resumption included. */
  readonly units: number;
  readonly pages: number;
}

export interface FinishedScan extends RunningScan {
  /** Whether it came to its end, or was stopped. */
  readonly finished: boolean;
  /** Whether every item of the table was read, as a sample may too. */
  readonly complete: boolean;
}

/** A kill loses no more than this of the work. */
const saveEveryMs = 5000;

/**
 * Scans. One page is held at a time, and what is counted is bounded, so the memory needed does not depend on the table.
 *
 * @throws whatever DynamoDB answers when a page cannot be read; where the scan was is saved before
 */
export async function scanAttributes(request: ScanRequest, around: ScanSurroundings): Promise<FinishedScan> {
  const { extent, from, tableKeys, rate } = request;
  const { clock, stop } = around;
  const tally = new ContactStats(tableKeys, request.blockedDispositions, from?.tally);
  const segments: Segment[] = from?.segments.map((segment) => ({ ...segment })) ?? segmentsFor(extent);
  const limit = new RateLimit(rate, clock.now());
  let units = from?.units ?? 0;
  let pages = from?.pages ?? 0;
  let savedAt = clock.now();
  let finished = false;
  const save = (): void => {
    const when = new Date().toISOString();
    around.save({ savedAt: when, finished, units, pages, segments, tally: tally.toJSON() });
    savedAt = clock.now();
  };

  try {
    for (;;) {
      const page = nextPage(extent, segments, limit.pageLimit());
      const segment = page && segments[page.segment];
      if (page === undefined || segment === undefined) {
        finished = true;
        break;
      }
      for (let ms = limit.waitMs(clock.now()); ms > 0 && !stop.aborted; ms = limit.waitMs(clock.now())) {
        await clock.sleep(ms, stop);
      }
      // A page that is on its way is waited for: it is paid for, and would else be read twice.
      if (stop.aborted) break;
      const read = await around.dynamodb.send(new ScanCommand(pageOf(request, segments, page.segment, page.items)));
      const consumed = consumedUnits(read);
      const items = read.ScannedCount ?? read.Items?.length ?? 0;
      limit.spent(clock.now(), consumed, items);
      for (const item of read.Items ?? []) tally.add(item);
      units += consumed;
      pages++;
      segment.scanned += items;
      if (read.LastEvaluatedKey === undefined) {
        segment.finished = true;
        delete segment.next;
      } else segment.next = read.LastEvaluatedKey;
      around.onPage({ tally, units, pages });
      if (clock.now() - savedAt >= saveEveryMs) save();
    }
  } finally {
    save();
  }
  return { tally, units, pages, finished, complete: segments.every((segment) => segment.finished) };
}

/** Attribute names are given as placeholders: the vendor's keys `hash` and `range` are among DynamoDB's reserved words. */
function pageOf({ tableName, tableKeys }: ScanRequest, segments: readonly Segment[], index: number, items: number) {
  const names = [...new Set([...tableKeys, ...indexKeyNames])];
  const next = segments[index]?.next;
  return {
    TableName: tableName,
    Limit: items,
    // Said as well, since policies can ask for it: npm run fleet -- iam, the policy "preflight".
    Select: "SPECIFIC_ATTRIBUTES" as const,
    ProjectionExpression: names.map((_, n) => `#${n}`).join(", "),
    ExpressionAttributeNames: Object.fromEntries(names.map((name, n) => [`#${n}`, name])),
    ReturnConsumedCapacity: "TOTAL" as const,
    ...(segments.length === 1 ? {} : { Segment: index, TotalSegments: segments.length }),
    ...(next === undefined ? {} : { ExclusiveStartKey: next }),
  };
}

/** Where DynamoDB did not say what a page cost, as some emulators do not, it cannot be kept below a rate. */
function consumedUnits({ ConsumedCapacity }: ScanCommandOutput): number {
  const units = ConsumedCapacity?.CapacityUnits;
  if (units === undefined) throw new Error("DynamoDB did not say how much capacity the page consumed");
  return units;
}
