/** Estimates the duration and the cost of the index backfill. */
import type { TableDescription } from "@aws-sdk/client-dynamodb";
import type { InstanceConfig } from "../../../config/types";
import { ok } from "../finding";
import { capacityOf, ourIndex } from "../../aws/live-table";
import type { Finding } from "./check";
import { warning } from "./check";
import type { ContactStatsState } from "./contact-stats";
import { bytes, dollars, duration, hoursOfMonth, priceNote, prices, thousands } from "./prices";

/** Write units per second of a new on-demand index. DynamoDB raises them within about half an hour if needed. */
const onDemandWrites = 4000;
/** An index takes minutes to become ACTIVE even on an empty table. */
const leastMinutes = "5 to 20 min";
/**
 * If writing the entries takes at least this many seconds, the index should be built before the deployment. The session of an assumed role
 * lasts an hour by default, and an index takes up to 20 minutes on any table, so Terraform's credentials would expire before the index
 * is ACTIVE. On demand, these are 9.6 million entries.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html (DurationSeconds)
 */
const separateBuildSeconds = 40 * 60;
/** Assumed size of an index entry if no contact was read, in bytes: four keys and DynamoDB's overhead. */
const assumedEntryBytes = 250;

export interface Backfill {
  /** Expected number of index entries. */
  readonly entries: number;
  readonly entryBytes: number;
  /** Write units of the backfill. */
  readonly writeUnits: number;
  /** Minimum duration in seconds. An on-demand index may take much longer. */
  readonly seconds: number;
}

/**
 * Entries = items of the table × the share of items with both attributes; write units = entries × ⌈bytes / 1 kB⌉;
 * seconds = write units ÷ the index's write capacity.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.OnlineOps.html
 *
 * @param stats the result of a scan; if undefined, every item is assumed to have both attributes
 */
export function backfillOf(table: TableDescription, stats: ContactStatsState | undefined): Backfill {
  const { ItemCount = 0 } = table;
  const isRead = stats !== undefined && stats.items > 0;
  const share = isRead ? stats.indexed / stats.items : 1;
  // DynamoDB updates ItemCount only every six hours, so more items may have been read.
  const entries = Math.ceil(Math.max(ItemCount, stats?.items ?? 0) * share);
  const entryBytes = isRead && stats.indexed > 0 ? Math.ceil(stats.indexedBytes / stats.indexed) : assumedEntryBytes;
  const writeUnits = entries * Math.ceil(entryBytes / 1024);
  return { entries, entryBytes, writeUnits, seconds: writeUnits / (capacityOf(table)?.write ?? onDemandWrites) };
}

/** The check `backfill`. */
export function backfillFinding(
  { table: configured, stackName }: InstanceConfig,
  table: TableDescription,
  stats: ContactStatsState | undefined,
): Finding {
  if (ourIndex(table) !== undefined) return ok("The index exists already: no backfill is needed.");
  const { entries, entryBytes, writeUnits, seconds } = backfillOf(table, stats);
  const capacity = capacityOf(table);
  const separately =
    "The credentials of the deployment may expire before the index is ACTIVE (the session of a role lasts one hour by default). " +
    `Build the index before the deployment: npm run fleet -- index ${stackName}`;
  const storage = (entries * entryBytes * prices.gigabyteMonth) / 1e9;
  const basis =
    `${thousands(entries)} entries of ${entryBytes} bytes ` +
    `(${stats === undefined || stats.items === 0 ? "all items, assumed size" : "share and size from the contacts read"}; ` +
    `DynamoDB updates its item count every six hours), ${thousands(writeUnits)} write units, ${bytes(entries * entryBytes)}`;
  if (capacity === undefined) {
    const detail =
      `${basis}. Time: ${leastMinutes} for any table, and at least ${duration(seconds)} at the initial ${thousands(onDemandWrites)} write units a second ` +
      `of a new on-demand index; DynamoDB guarantees no duration. ` +
      `Cost: ${dollars(writeUnits * prices.writeUnit)} once, if the backfill is charged as writes, and ${dollars(storage)} a month for storage ` +
      `(${priceNote}). Reading the table for the backfill is free.`;
    return seconds < separateBuildSeconds ? ok(detail) : warning(detail, separately);
  }
  const monthly =
    (capacity.read * prices.readCapacityHour + capacity.write * prices.writeCapacityHour) * hoursOfMonth + storage;
  const detail =
    `${basis}. Time: ${leastMinutes} for any table, and at least ${duration(seconds)} at the ${capacity.write} write units a second of the index. ` +
    `Cost: ${dollars(monthly)} a month for the index's capacity and storage (${priceNote}).`;
  if (seconds < Math.min(separateBuildSeconds, configured.indexTimeoutMinutes * 60)) return ok(detail);
  if (seconds <= configured.indexTimeoutMinutes * 60) return warning(detail, separately);
  return warning(
    detail,
    `${separately}. If the deployment builds the index: Terraform waits ${duration(configured.indexTimeoutMinutes * 60)} (table.indexTimeoutMinutes). Raise this time, or raise the index's write capacity during the backfill. ` +
      "Otherwise the deployment ends before the index exists, and must be repeated.",
  );
}
