/** What the contacts that were read say about a deployment: writes that would be rejected, and whether anybody will be blocked. */
import type { InstanceConfig } from "../../../config/types";
import { failed, ok } from "../finding";
import { masked } from "../../output/redact";
import { warning } from "./check";
import type { Check, Finding } from "./check";
import type { BlockedCount, TallyState, ViolationCount } from "./contact-stats";
import { indexKeys } from "./index-keys";
import { nearMisses } from "./near-misses";
import { dollars, priceNote, prices, thousands } from "./prices";

/** What a scan came to. */
export interface ScannedContacts {
  readonly tally: TallyState;
  /** Read capacity units consumed. */
  readonly units: number;
  /** Whether every item of the table was read. */
  readonly complete: boolean;
  /** Why it ended before it should; undefined when it did not. */
  readonly stopped: string | undefined;
}

/** Dispositions that are shown. */
const shownDispositions = 10;

/** The checks `contacts read`, `index keys`, `dispositions`, `blocked contacts`. */
export function contactChecks(instance: InstanceConfig, scanned: ScannedContacts): readonly Check[] {
  const { tally } = scanned;
  return [
    { name: "contacts read", ...readFinding(scanned) },
    { name: "index keys", ...keysFinding(scanned) },
    { name: "dispositions", ...dispositionsFinding(tally) },
    ...tally.blocked.map((blocked) => ({
      name: `blocked: ${masked(blocked.disposition)}`,
      ...blockedFinding(instance, scanned, blocked),
    })),
  ];
}

function readFinding({ tally, units, complete, stopped }: ScannedContacts): Finding {
  const much =
    `${thousands(tally.items)} items read, ${thousands(units)} read units, ` +
    `${dollars(units * prices.readUnit)} where they are charged (${priceNote})`;
  if (stopped !== undefined) {
    return failed(`${much}. Stopped: ${stopped}`, "Go on where it stopped with the same command and --resume.");
  }
  return ok(
    complete
      ? `${much}. That is the whole table.`
      : `${much}: a sample, from segments all over the table. Items with the same partition key lie together in it.`,
  );
}

function keysFinding({ tally, complete }: ScannedContacts): Finding {
  if (tally.violating > 0) {
    const shown = tally.violations.map(violationText).join("; ");
    return failed(
      `${thousands(tally.violating)} of ${thousands(tally.items)} items violate the index: ${shown}. ` +
        "Once the index exists, DynamoDB rejects every write of such an item: ConnectPath could not save these contacts any more.",
      "Do not deploy. Ask ConnectPath what writes such values, and have it stopped and the items corrected: " +
        `Disposition must be a string of 1 to ${thousands(indexKeys.Disposition)} bytes, CustomerEndpoint of 1 to ${thousands(indexKeys.CustomerEndpoint)}, or be absent.`,
    );
  }
  if (tally.items === 0) return ok("There are no items: nothing is known of what ConnectPath will write.");
  const past = "It shows what was written, not what will be.";
  if (complete) return ok(`No item violates the index. ${past}`);
  return ok(
    `No item of the sample violates the index: with 95 % confidence fewer than ${share(3 / tally.items)} of all do. --full reads them all. ${past}`,
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

function dispositionsFinding({ dispositions, withoutDisposition, items }: TallyState): Finding {
  const { counts, forgotten, total } = dispositions;
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  const shown = sorted.slice(0, shownDispositions);
  const rest = total - shown.reduce((sum, [, count]) => sum + count, 0);
  const list = shown.map(([value, count]) => `${JSON.stringify(masked(value))} ${thousands(count)}`);
  if (rest > 0) list.push(`others ${thousands(rest)}`);
  if (withoutDisposition > 0) list.push(`none ${thousands(withoutDisposition)}`);
  const many =
    forgotten === 0
      ? ""
      : ` More than ${counts.length} different ones: each count may be too low by up to ${thousands(forgotten)}.`;
  return ok(items === 0 ? "There are no contacts." : `${list.join(", ")}.${many}`);
}

function blockedFinding(
  { name }: InstanceConfig,
  { tally, complete }: ScannedContacts,
  { disposition, contacts, withNumber, withheld }: BlockedCount,
): Finding {
  if (contacts > 0) {
    const without = contacts - withNumber;
    const counted = `${thousands(contacts)} contacts carry it`;
    if (without === 0) return ok(`${counted}, each with a number that is looked up.`);
    const detail = `${counted}; ${thousands(without)} of them have no E.164 number and block nobody, ${thousands(withheld)} of these because the caller withheld it.`;
    return withNumber > 0
      ? ok(detail)
      : warning(detail, "Whoever withholds the number is not looked up; anonymousCallers decides about them.");
  }
  const near = nearMisses(disposition, tally.dispositions.counts);
  if (near.length > 0) {
    const shown = near
      .slice(0, 3)
      .map(
        ({ value, contacts: count, how }) => `${JSON.stringify(masked(value))} (${how}; ${thousands(count)} contacts)`,
      );
    return warning(
      `No contact carries it, but: ${shown.join(", ")}. The lookup compares every character, so these block nobody.`,
      `If one of them is meant, write it into blockedDispositions of instance ${name} exactly so.`,
    );
  }
  return warning(
    `No contact ${complete ? "" : "of the sample "}carries it.`,
    "If it is in use already, compare it with the Disposition in ConnectPath, levels joined with a colon; it must exist on every queue whose contacts are reviewed.",
  );
}

/** `0.15 %`, upwards. */
const share = (part: number): string => `${Number(Math.min(100, part * 100).toPrecision(2))} %`;
