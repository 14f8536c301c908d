/** How long DynamoDB takes to fill the new index, and what that costs: with the formula, and no more digits than it bears. */
import type { TableDescription } from "@aws-sdk/client-dynamodb";
import type { InstanceConfig } from "../../../config/types";
import { ok } from "../finding";
import { capacityOf, ourIndex } from "../../aws/live-table";
import type { Finding } from "./check";
import { warning } from "./check";
import type { TallyState } from "./contact-stats";
import { bytes, dollars, duration, hoursOfMonth, priceNote, prices, thousands } from "./prices";

/** Write units a second that a new index on demand takes from the start; more comes within half an hour of need. */
const onDemandWrites = 4000;
/** Even an index of an empty table takes minutes until it is ACTIVE. */
const leastMinutes = "5 to 20 min";
/** Bytes of an index's entry where no contact was read: four keys, and what DynamoDB adds. */
const assumedEntryBytes = 250;

export interface Backfill {
  /** Entries that the index will have. */
  readonly entries: number;
  readonly entryBytes: number;
  /** Write units that filling takes. */
  readonly writeUnits: number;
  /** At least, in seconds; on demand DynamoDB may take much longer, and does not say. */
  readonly seconds: number;
}

/**
 * Entries = the table's items × the share of those read that have both attributes; write units = entries × ⌈bytes / 1 kB⌉;
 * seconds = write units ÷ the index's write capacity.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.OnlineOps.html
 *
 * @param tally what a scan found, or undefined: then every item counts as one with both
 */
export function backfillOf(table: TableDescription, tally: TallyState | undefined): Backfill {
  const { ItemCount = 0 } = table;
  const isRead = tally !== undefined && tally.items > 0;
  const share = isRead ? tally.indexed / tally.items : 1;
  // DynamoDB counts every six hours: what was read is there for certain.
  const entries = Math.ceil(Math.max(ItemCount, tally?.items ?? 0) * share);
  const entryBytes = isRead && tally.indexed > 0 ? Math.ceil(tally.indexedBytes / tally.indexed) : assumedEntryBytes;
  const writeUnits = entries * Math.ceil(entryBytes / 1024);
  return { entries, entryBytes, writeUnits, seconds: writeUnits / (capacityOf(table)?.write ?? onDemandWrites) };
}

/** The check `backfill`. */
export function backfillFinding(
  { table: configured }: InstanceConfig,
  table: TableDescription,
  tally: TallyState | undefined,
): Finding {
  if (ourIndex(table) !== undefined) return ok("The index is there already: nothing is to be filled.");
  const { entries, entryBytes, writeUnits, seconds } = backfillOf(table, tally);
  const capacity = capacityOf(table);
  const storage = (entries * entryBytes * prices.gigabyteMonth) / 1e9;
  const basis =
    `${thousands(entries)} entries of ${entryBytes} bytes ` +
    `(${tally === undefined || tally.items === 0 ? "every item counted, size assumed" : "share and size as in the contacts read"}; ` +
    `DynamoDB counts items every six hours), ${thousands(writeUnits)} write units, ${bytes(entries * entryBytes)}`;
  if (capacity === undefined) {
    return ok(
      `${basis}. Time: ${leastMinutes} for any table, and at least ${duration(seconds)} at the ${thousands(onDemandWrites)} write units a second ` +
        `that a new index on demand begins with; DynamoDB promises nothing. ` +
        `Cost: ${dollars(writeUnits * prices.writeUnit)} once, if the filling is charged as writes are, and ${dollars(storage)} a month of storage ` +
        `(${priceNote}). Reading the table for it costs nothing.`,
    );
  }
  const monthly =
    (capacity.read * prices.readCapacityHour + capacity.write * prices.writeCapacityHour) * hoursOfMonth + storage;
  const detail =
    `${basis}. Time: ${leastMinutes} for any table, and at least ${duration(seconds)} at the ${capacity.write} write units a second that the index gets. ` +
    `Cost: ${dollars(monthly)} a month for the index's capacity and storage (${priceNote}).`;
  if (seconds <= configured.indexTimeoutMinutes * 60) return ok(detail);
  return warning(
    detail,
    `Terraform waits ${duration(configured.indexTimeoutMinutes * 60)} (table.indexTimeoutMinutes). Raise that, or the index's write capacity while it is filled: ` +
      "without it the deployment ends before the index is there, and has to be repeated.",
  );
}
