/** Checks of the contacts that a scan has read: violations of the index, and contacts with blocked Dispositions. */
import type { InstanceConfig } from "../../../config/types";
import { failed, ok } from "../finding";
import { redactText } from "../../output/redact";
import { warning } from "./check";
import type { Check, Finding } from "./check";
import type { BlockedCount, ContactStatsState, ViolationCount } from "./contact-stats";
import { indexKeys } from "./index-keys";
import { nearMisses } from "./near-misses";
import { dollars, priceNote, prices, thousands } from "./prices";

/** The result of a scan. */
export interface ScannedContacts {
  readonly stats: ContactStatsState;
  /** Read capacity units consumed. */
  readonly units: number;
  /** Whether every item of the table was read. */
  readonly complete: boolean;
  /** Why the scan ended early; undefined if it did not. */
  readonly stopped: string | undefined;
}

/** Maximum number of Dispositions in the message. */
const shownDispositions = 10;

/** The checks `contacts read`, `index keys`, `dispositions`, `blocked contacts`. */
export function contactChecks(instance: InstanceConfig, scanned: ScannedContacts): readonly Check[] {
  const { stats } = scanned;
  return [
    { name: "contacts read", ...readFinding(scanned) },
    { name: "index keys", ...keysFinding(scanned) },
    { name: "dispositions", ...dispositionsFinding(stats) },
    ...stats.blocked.map((blocked) => ({
      name: `blocked: ${redactText(blocked.disposition)}`,
      ...blockedFinding(instance, scanned, blocked),
    })),
  ];
}

function readFinding({ stats, units, complete, stopped }: ScannedContacts): Finding {
  const amount =
    `${thousands(stats.items)} items read, ${thousands(units)} read units, ` +
    `${dollars(units * prices.readUnit)} on an on-demand table (${priceNote})`;
  if (stopped !== undefined) {
    return failed(`${amount}. Stopped: ${stopped}`, "Run the same command with --resume to continue.");
  }
  return ok(
    complete ? `${amount}. The whole table was read.` : `${amount}. This is a sample from all parts of the table.`,
  );
}

function keysFinding({ stats, complete }: ScannedContacts): Finding {
  if (stats.violating > 0) {
    const shown = stats.violations.map(violationText).join("; ");
    return failed(
      `${thousands(stats.violating)} of ${thousands(stats.items)} items violate the index: ${shown}. ` +
        "Once the index exists, DynamoDB rejects every write of such an item. ConnectPath could no longer save these contacts.",
      "Do not deploy. Ask ConnectPath which program writes such values, and to correct the program and the items. " +
        `Disposition must be a string of 1 to ${thousands(indexKeys.Disposition)} bytes, CustomerEndpoint of 1 to ${thousands(indexKeys.CustomerEndpoint)}, or be absent.`,
    );
  }
  if (stats.items === 0) return ok("The table has no items, so future writes cannot be predicted.");
  const futureNote = "Future writes are not checked.";
  if (complete) return ok(`No item violates the index. ${futureNote}`);
  return ok(
    `No item of the sample violates the index: with 95 % confidence, fewer than ${share(3 / stats.items)} of all items violate the index. --full reads all items. ${futureNote}`,
  );
}

/** `Disposition is a number in 7 items (hash=contact-1 range=ctr: a number; …)` */
function violationText({ attribute, shape, items, examples }: ViolationCount): string {
  const named = examples.map(({ item, value }) => `${item}: ${value}`).join(", ");
  return `${attribute} is ${article(shape)} in ${thousands(items)} (${named}${items > examples.length ? ", …" : ""})`;
}

function article(shape: string): string {
  return /^(null|too long|binary)$/.test(shape) ? shape : `${/^[aeiou]/.test(shape) ? "an" : "a"} ${shape}`;
}

function dispositionsFinding({ dispositions, withoutDisposition, items }: ContactStatsState): Finding {
  const { counts, others } = dispositions;
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  const shown = sorted.slice(0, shownDispositions);
  const total = others + counts.reduce((sum, [, count]) => sum + count, 0);
  const rest = total - shown.reduce((sum, [, count]) => sum + count, 0);
  const list = shown.map(([value, count]) => `${JSON.stringify(redactText(value))} ${thousands(count)}`);
  if (rest > 0) list.push(`others ${thousands(rest)}`);
  if (withoutDisposition > 0) list.push(`none ${thousands(withoutDisposition)}`);
  const note =
    others === 0
      ? ""
      : ` There are more than ${counts.length} different Dispositions: ${thousands(others)} contacts were not counted by Disposition.`;
  return ok(items === 0 ? "There are no contacts." : `${list.join(", ")}.${note}`);
}

function blockedFinding(
  { name, lookup: { otherNumbers } }: InstanceConfig,
  { stats, complete }: ScannedContacts,
  { disposition, contacts, withNumber, withheld, withOtherNumber, otherAddresses }: BlockedCount,
): Finding {
  if (contacts > 0) {
    const lookedUp = withNumber + (otherNumbers ? withOtherNumber : 0);
    const notLookedUp = contacts - lookedUp;
    const counted = `${thousands(contacts)} contacts have this Disposition`;
    if (notLookedUp === 0) return ok(`${counted}, all with a phone number that is looked up.`);
    const detail =
      `${counted}. Contacts that block no caller, because their address is not looked up: ${thousands(notLookedUp)} ` +
      `(with a withheld number: ${thousands(withheld)}).${otherAddressesText(otherAddresses)}`;
    if (withOtherNumber > 0 && !otherNumbers) {
      return warning(
        `${detail} Contacts with digits that are not an E.164 number: ${thousands(withOtherNumber)}.`,
        `If calls arrive with such digits, set lookup.otherNumbers: true for instance ${name}. The function then looks the digits up exactly as they are.`,
      );
    }
    return lookedUp > 0
      ? ok(detail)
      : warning(detail, "Withheld callers are not looked up. anonymousCallers decides whether they are blocked.");
  }
  const near = nearMisses(disposition, stats.dispositions.counts);
  if (near.length > 0) {
    const shown = near
      .slice(0, 3)
      .map(
        ({ value, contacts: count, how }) =>
          `${JSON.stringify(redactText(value))} (${how}; ${thousands(count)} contacts)`,
      );
    return warning(
      `No contact has this Disposition, but contacts have ${shown.join(", ")}. The lookup compares exactly, so these contacts block no caller.`,
      `If one of them is the Disposition to block, set it in blockedDispositions of instance ${name}, with the same spelling.`,
    );
  }
  return warning(
    `No contact ${complete ? "" : "of the sample "}has this Disposition.`,
    "If agents already use the Disposition, compare the spelling with ConnectPath: levels are joined with a colon. The Disposition must exist on every queue whose contacts are reviewed.",
  );
}

/** ` Addresses that are not E.164 numbers: 22000 (hash=contact-1 range=ctr), ….` */
function otherAddressesText(found: BlockedCount["otherAddresses"]): string {
  if (found.length === 0) return "";
  return ` Addresses that are not E.164 numbers: ${found.map(({ item, address }) => `${address} (${item})`).join(", ")}.`;
}

/** `0.15 %`, rounded to two digits. */
const share = (part: number): string => `${Number(Math.min(100, part * 100).toPrecision(2))} %`;
