/** Looks at one instance before a deployment: the table, its contacts, Connect, the names, and what was made by hand. */
import type { TableDescription } from "@aws-sdk/client-dynamodb";
import type { InstanceConfig } from "../../../config/types";
import { grant, isAccessDenied } from "../../aws/errors";
import { failed, unlessNobodyAnswers } from "../finding";
import { CommandError } from "../../output/command-error";
import type { InstanceClients } from "../../aws/instance-clients";
import { errorMessage } from "../../output/error-message";
import { capacityOf, tableKeys } from "../../aws/live-table";
import { scanAttributes } from "./attribute-scan";
import { backfillFinding } from "./backfill";
import { runCheck } from "./check";
import type { Check } from "./check";
import type { Clock } from "./clock";
import { connectChecks } from "./connect-checks";
import { contactChecks } from "./contact-checks";
import type { ScannedContacts } from "./contact-checks";
import { guideChecks } from "./vendor-guide-checks";
import { nameChecks } from "./name-checks";
import { ProgressLine } from "./progress-line";
import type { ProgressStream } from "./progress-line";
import type { Extent } from "./scan-plan";
import type { ProgressFiles, ScanIdentity, ScanProgress } from "./scan-progress";
import { tableChecks } from "./table-checks";

export interface PreflightOptions {
  readonly extent: Extent;
  /** Read capacity units a second; undefined: see {@link rateFor}. */
  readonly rate: number | undefined;
  /** Whether to go on with an earlier scan of the same. */
  readonly resume: boolean;
}

export interface Surroundings {
  readonly clock: Clock;
  /** Stops a scan after the page that is being read. */
  readonly stop: AbortSignal;
  readonly files: ProgressFiles;
  /** Shows progress. */
  readonly stream: ProgressStream;
}

/** Units a second on a table that has no capacity of its own: some 200 kB/s, next to nothing of what it can. */
const defaultRate = 25;

/** The rate where none is given: on a provisioned table a tenth of its capacity, so that the vendor's reads go on. */
export function rateFor(table: TableDescription): number {
  const capacity = capacityOf(table);
  return capacity === undefined ? defaultRate : Math.max(1, Math.floor(capacity.read / 10));
}

/** Everything that can be looked at before a deployment; reads alone. The checks are in the order in which they matter. */
export async function preflightInstance(
  instance: InstanceConfig,
  clients: InstanceClients,
  options: PreflightOptions,
  around: Surroundings,
): Promise<readonly Check[]> {
  return unlessNobodyAnswers(instance.account, async () => {
    const { checks, table } = await tableChecks(instance, clients);
    const connect = await connectChecks(instance, clients);
    const names = await nameChecks(instance, clients);
    const guide = await guideChecks(instance, clients, connect);
    // Last, since it takes the longest: what else is wrong is known by then even if it is stopped.
    const contacts = table === undefined ? [] : await contactsOf(instance, clients, table, options, around);
    return [...checks, ...contacts, ...connect.checks, ...names, ...guide];
  });
}

async function contactsOf(
  instance: InstanceConfig,
  clients: InstanceClients,
  table: TableDescription,
  options: PreflightOptions,
  around: Surroundings,
): Promise<readonly Check[]> {
  let scanned: ScannedContacts | undefined;
  try {
    scanned = await scan(instance, clients, table, options, around);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return [{ name: "contacts read", ...failed(error.message, "Nothing was read.") }];
  }
  const backfill = await runCheck("backfill", () => backfillFinding(instance, table, scanned.tally));
  return [...contactChecks(instance, scanned), backfill];
}

/** @throws CommandError where it cannot begin */
async function scan(
  instance: InstanceConfig,
  { dynamodb }: InstanceClients,
  table: TableDescription,
  { extent, rate = rateFor(table), resume }: PreflightOptions,
  { clock, stop, files, stream }: Surroundings,
): Promise<ScannedContacts> {
  const capacity = capacityOf(table);
  if (capacity !== undefined && rate > capacity.read) {
    throw new CommandError(
      `--rate ${rate} is more than the ${capacity.read} read units a second that ${instance.table.name} is provisioned with.`,
    );
  }
  const { blockedDispositions } = instance;
  const identity: ScanIdentity = {
    tableArn: instance.table.arn,
    tableId: table.TableId ?? "",
    extent,
    blockedDispositions,
  };
  const from = resume ? files.read(identity) : undefined;
  if (from?.finished === true) return asScanned(from, undefined);

  let saved: ScanProgress | undefined = from;
  const expected = extent.full ? (table.ItemCount ?? 0) : Math.min(extent.items, table.ItemCount ?? 0);
  const before = { items: from?.tally.items ?? 0, units: from?.units ?? 0 };
  const line = new ProgressLine(instance.stackName, expected, stream, clock, before);
  try {
    await scanAttributes(
      { tableName: instance.table.name, tableKeys: tableKeys(table), extent, blockedDispositions, rate, from },
      {
        dynamodb,
        clock,
        stop,
        onPage: (scan) => {
          line.show(scan);
        },
        save: (progress) => {
          files.write(identity, progress);
          saved = progress;
        },
      },
    );
  } catch (error) {
    if (saved === undefined) throw error;
    const why = `${errorMessage(error)}. ${isAccessDenied(error) ? grant("preflight") : ""}`.trim();
    return asScanned(saved, why);
  } finally {
    line.clear();
  }
  return asScanned(saved, saved?.finished === false ? "by the person who runs it." : undefined);
}

function asScanned(progress: ScanProgress | undefined, stopped: string | undefined): ScannedContacts {
  if (progress === undefined) throw new Error("a scan always keeps where it was");
  const { tally, units, segments } = progress;
  return { tally, units, complete: segments.every(({ finished }) => finished), stopped };
}
