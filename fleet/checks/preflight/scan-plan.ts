/** Chooses the pages of a scan: the whole table, or a sample from all parts of the table. */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";

/** The items to read: all, or a number of them. */
export type Extent = { readonly full: true } | { readonly full: false; readonly items: number };

/** The table's key after which the scan continues. */
export type TableKey = Readonly<Record<string, AttributeValue>>;

/** Progress in one segment of the table. */
export interface Segment {
  /** Number of items read. */
  scanned: number;
  /** Undefined before the first page. */
  next?: TableKey;
  /** Whether all items of the segment were read. */
  finished: boolean;
}

/** Largest number of segments of a sample. Each segment costs at least one page. */
const mostSegments = 1000;

/**
 * DynamoDB divides a table into any number of segments by the hash of the partition key (parallel scan). A full scan has
 * one segment. A sample of N items reads about √N items from each of √N segments, so that it covers the whole table.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Scan.html#Scan.ParallelScan
 */
export function segmentsFor(extent: Extent): Segment[] {
  const number = extent.full ? 1 : Math.min(mostSegments, Math.max(1, Math.ceil(Math.sqrt(extent.items))));
  return Array.from({ length: number }, () => ({ scanned: 0, finished: false }));
}

export interface NextPage {
  readonly segment: number;
  /** Items to read, at most. */
  readonly items: number;
}

/**
 * The next page to read; undefined at the end of the sample or of the table.
 *
 * The next page comes from the segment with the fewest items read. Its size is at most this segment's share of the remaining items. So all
 * segments contribute equally. If a segment has too few items, the other segments contribute more.
 */
export function nextPage(extent: Extent, segments: readonly Segment[], pageLimit: number): NextPage | undefined {
  let least: number | undefined;
  let open = 0;
  let scanned = 0;
  for (const [index, segment] of segments.entries()) {
    scanned += segment.scanned;
    if (segment.finished) continue;
    open++;
    if (least === undefined || segment.scanned < (segments[least]?.scanned ?? 0)) least = index;
  }
  if (least === undefined) return undefined;
  if (extent.full) return { segment: least, items: pageLimit };
  const remaining = extent.items - scanned;
  if (remaining <= 0) return undefined;
  return { segment: least, items: Math.min(pageLimit, Math.ceil(remaining / open)) };
}
