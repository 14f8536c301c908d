/** Checks one instance before a deployment: table, contacts, Connect, names, and resources from the vendor's guide. */
import type { TableDescription } from "@aws-sdk/client-dynamodb";
import type { InstanceConfig } from "../../../config/types";
import { attachPolicyFix, isAccessDenied } from "../../aws/errors";
import { failed, checksUnlessSignedOut } from "../finding";
import { CommandError } from "../../output/command-error";
import type { InstanceClients } from "../../aws/instance-clients";
import { errorMessage } from "../../output/error-message";
import type { ProgressOutput } from "../../output/progress";
import { capacityOf, tableKeys } from "../../aws/live-table";
import { adoptionChecks } from "./adoption-checks";
import { scanAttributes } from "./attribute-scan";
import { backfillFinding } from "./backfill";
import { runCheck } from "./check";
import type { Check } from "./check";
import type { Clock } from "./clock";
import { connectChecks } from "./connect-checks";
import { contactAttributesFinding } from "./contact-attributes";
import { contactChecks } from "./contact-checks";
import type { ScannedContacts } from "./contact-checks";
import type { Item } from "./contact-stats";
import { guideChecks } from "./vendor-guide-checks";
import { nameChecks } from "./name-checks";
import { ProgressLine } from "./progress-line";
import type { Extent } from "./scan-plan";
import type { ProgressFiles, ScanIdentity, ScanProgress } from "./scan-progress";
import { tableChecks } from "./table-checks";

export interface PreflightOptions {
  readonly extent: Extent;
  /** Read capacity units per second. @default {@link rateFor} */
  readonly rate: number | undefined;
  /** Whether to continue an interrupted scan of the same table. */
  readonly resume: boolean;
  /** Whether to list the attributes of blocked contacts. */
  readonly attributes: boolean;
}

export interface PreflightContext {
  readonly clock: Clock;
  /** Stops a scan after the current page. */
  readonly stop: AbortSignal;
  readonly files: ProgressFiles;
  /** Receives the progress line. */
  readonly stream: ProgressOutput;
}

/** Read units per second on an on-demand table: about 200 kB/s, a very small part of its capacity. */
const defaultRate = 25;

/** The default rate. On a provisioned table it is a tenth of the capacity, so that the vendor's reads are not throttled. */
export function rateFor(table: TableDescription): number {
  const capacity = capacityOf(table);
  return capacity === undefined ? defaultRate : Math.max(1, Math.floor(capacity.read / 10));
}

/** Runs all checks before a deployment. It writes nothing to AWS. The most important checks come first. */
export async function preflightInstance(
  instance: InstanceConfig,
  clients: InstanceClients,
  options: PreflightOptions,
  context: PreflightContext,
): Promise<readonly Check[]> {
  return checksUnlessSignedOut(instance.account, async () => {
    const { checks, table } = await tableChecks(instance, clients);
    const connect = await connectChecks(instance, clients);
    const names = await nameChecks(instance, clients);
    const adoption = await adoptionChecks(instance, clients, connect);
    const guide = await guideChecks(instance, clients, connect);
    // The scan runs last because it takes the longest. If it is stopped, all other results are known.
    const contacts = table === undefined ? [] : await contactsOf(instance, clients, table, options, context);
    return [...checks, ...contacts, ...connect.checks, ...names, ...adoption, ...guide];
  });
}

async function contactsOf(
  instance: InstanceConfig,
  clients: InstanceClients,
  table: TableDescription,
  options: PreflightOptions,
  context: PreflightContext,
): Promise<readonly Check[]> {
  let scanned: (ScannedContacts & { readonly blockedKeys: readonly Item[] }) | undefined;
  try {
    scanned = await scan(instance, clients, table, options, context);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return [
      {
        name: "contacts read",
        ...failed(error.message, "Correct this, then run the command again. No contact was read."),
      },
    ];
  }
  const backfill = await runCheck("backfill", () => backfillFinding(instance, table, scanned.stats));
  const { blockedKeys } = scanned;
  const attributes = options.attributes
    ? [await runCheck("contact attributes", () => contactAttributesFinding(instance, clients.dynamodb, blockedKeys))]
    : [];
  return [...contactChecks(instance, scanned), ...attributes, backfill];
}

/** @throws CommandError if the scan cannot start */
async function scan(
  instance: InstanceConfig,
  { dynamodb }: InstanceClients,
  table: TableDescription,
  { extent, rate = rateFor(table), resume }: PreflightOptions,
  { clock, stop, files, stream }: PreflightContext,
): Promise<ScannedContacts & { readonly blockedKeys: readonly Item[] }> {
  const capacity = capacityOf(table);
  if (capacity !== undefined && rate > capacity.read) {
    throw new CommandError(
      `--rate ${rate} is more than the ${capacity.read} read units per second of the table ${instance.table.name}. Give ${capacity.read} or less.`,
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
  if (from?.finished === true) return { ...scanResult(from, undefined), blockedKeys: [] };

  let saved: ScanProgress | undefined = from;
  let blockedKeys: readonly Item[] = [];
  const expected = extent.full ? (table.ItemCount ?? 0) : Math.min(extent.items, table.ItemCount ?? 0);
  const before = { items: from?.stats.items ?? 0, units: from?.units ?? 0 };
  const line = new ProgressLine(instance.stackName, expected, stream, clock, before);
  try {
    const { stats } = await scanAttributes(
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
    ({ blockedKeys } = stats);
  } catch (error) {
    if (saved === undefined) throw error;
    const cause = `${errorMessage(error)}. ${isAccessDenied(error) ? attachPolicyFix("preflight") : ""}`.trim();
    return { ...scanResult(saved, cause), blockedKeys };
  } finally {
    line.clear();
  }
  const stopped = saved?.finished === false ? "interrupted by the user." : undefined;
  return { ...scanResult(saved, stopped), blockedKeys };
}

function scanResult(progress: ScanProgress | undefined, stopped: string | undefined): ScannedContacts {
  if (progress === undefined) throw new Error("a scan always saves its position");
  const { stats, units, segments } = progress;
  return { stats, units, complete: segments.every(({ finished }) => finished), stopped };
}
