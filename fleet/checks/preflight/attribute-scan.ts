/** Scans the two key attributes of our index from a table, page by page and below a given rate, and collects statistics. */
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
  /** Maximum number of read capacity units per second. */
  readonly rate: number;
  /** The saved position of an interrupted scan. */
  readonly from?: ScanProgress | undefined;
}

export interface ScanContext {
  readonly dynamodb: Pick<DynamoDBClient, "send">;
  readonly clock: Clock;
  /** Stops the scan after the page that is being read. */
  readonly stop: AbortSignal;
  /** Called after each page. */
  onPage(scan: RunningScan): void;
  /** Saves the position of the scan. Called every few seconds and at the end, also after an error. */
  save(progress: ScanProgress): void;
}

export interface RunningScan {
  readonly stats: ContactStats;
  /** Read capacity units consumed, including those before a resume. */
  readonly units: number;
  readonly pages: number;
}

export interface FinishedScan extends RunningScan {
  /** False if the scan was stopped. */
  readonly finished: boolean;
  /** Whether every item of the table was read. A sample of a small table may be complete. */
  readonly complete: boolean;
}

/** Interval between saves. A kill loses at most this much work. */
const saveEveryMs = 5000;

/**
 * Scans the table. Memory use does not depend on the size of the table: one page is kept at a time, and the statistics are bounded.
 *
 * @throws the error of DynamoDB if a page cannot be read, after saving the position
 */
export async function scanAttributes(request: ScanRequest, context: ScanContext): Promise<FinishedScan> {
  const { extent, from, tableKeys, rate } = request;
  const { clock, stop } = context;
  const stats = new ContactStats(tableKeys, request.blockedDispositions, from?.stats);
  const segments: Segment[] = from?.segments.map((segment) => ({ ...segment })) ?? segmentsFor(extent);
  const limit = new RateLimit(rate, clock.now());
  let units = from?.units ?? 0;
  let pages = from?.pages ?? 0;
  let savedAt = clock.now();
  let finished = false;
  const save = (): void => {
    const when = new Date().toISOString();
    context.save({ savedAt: when, finished, units, pages, segments, stats: stats.toJSON() });
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
      // A requested page is always read completely: DynamoDB charges it, and a resumed scan would read it again.
      if (stop.aborted) break;
      const read = await context.dynamodb.send(new ScanCommand(pageOf(request, segments, page.segment, page.items)));
      const consumed = consumedUnits(read);
      const items = read.ScannedCount ?? read.Items?.length ?? 0;
      limit.spent(clock.now(), consumed, items);
      for (const item of read.Items ?? []) stats.add(item);
      units += consumed;
      pages++;
      segment.scanned += items;
      if (read.LastEvaluatedKey === undefined) {
        segment.finished = true;
        delete segment.next;
      } else segment.next = read.LastEvaluatedKey;
      context.onPage({ stats, units, pages });
      if (clock.now() - savedAt >= saveEveryMs) save();
    }
  } finally {
    save();
  }
  return { stats, units, pages, finished, complete: segments.every((segment) => segment.finished) };
}

/** Attribute names need placeholders: the vendor's keys `hash` and `range` are reserved words of DynamoDB. */
function pageOf({ tableName, tableKeys }: ScanRequest, segments: readonly Segment[], index: number, items: number) {
  const names = [...new Set([...tableKeys, ...indexKeyNames])];
  const next = segments[index]?.next;
  return {
    TableName: tableName,
    Limit: items,
    // The policy "preflight" (npm run fleet -- iam) has a condition on this parameter.
    Select: "SPECIFIC_ATTRIBUTES" as const,
    ProjectionExpression: names.map((_, n) => `#${n}`).join(", "),
    ExpressionAttributeNames: Object.fromEntries(names.map((name, n) => [`#${n}`, name])),
    ReturnConsumedCapacity: "TOTAL" as const,
    ...(segments.length === 1 ? {} : { Segment: index, TotalSegments: segments.length }),
    ...(next === undefined ? {} : { ExclusiveStartKey: next }),
  };
}

/** Read capacity units of a page. @throws Error if DynamoDB, or an emulator, does not report them: the scan could then exceed its rate */
function consumedUnits({ ConsumedCapacity }: ScanCommandOutput): number {
  const units = ConsumedCapacity?.CapacityUnits;
  if (units === undefined) throw new Error("DynamoDB did not report the consumed capacity of the page");
  return units;
}
