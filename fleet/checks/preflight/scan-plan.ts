/** Which items a scan reads, and which it reads next: all of the table, or a sample from all over it. */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";

/** What to read: every item, or so many. */
export type Extent = { readonly full: true } | { readonly full: false; readonly items: number };

/** The table's key after which to go on. */
export type TableKey = Readonly<Record<string, AttributeValue>>;

/** Where one segment of the table is at. */
export interface Segment {
  /** Items read of it. */
  scanned: number;
  /** Absent before its first page. */
  next?: TableKey;
  /** Whether it has no more. */
  finished: boolean;
}

/** The segments that a sample is taken from, at most; each costs a page at least. */
const mostSegments = 1000;

/**
 * DynamoDB divides a table into any number of segments by the hash of the partition key (parallel scan). All items are read in
 * one; a sample of N takes about √N from each of √N, so that it is not just what the table happens to begin with.
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
 * The page to read next, or undefined when the extent is reached or the table is at its end.
 *
 * It is of the segment of which the least has been read, and no more than that segment's share of what is still to be read:
 * so segments are even however few items some have, and what these lack is taken from the others.
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
