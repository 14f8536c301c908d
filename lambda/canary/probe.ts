/** Asks a deployed function what it must know: numbers that are listed, and one that is not. */
import { isLookedUp } from "../blocked-calls/policy";
import { field } from "../blocked-calls/field";
import { PROBE_EVENT } from "../settings";

/** The instance whose function is asked. */
export interface ProbeTarget {
  readonly instanceName: string;
  readonly instanceArn: string;
  readonly region: string;
  /** At least one; the first is the one that the flow module passes. */
  readonly blockedDispositions: readonly string[];
  /** E.164 numbers (`+15555550100`) and prefixes (`+1800*`). */
  readonly exemptNumbers: readonly string[];
}

/** How the index and the function are reached. What any of these throws, {@link probe} throws. */
export interface ProbeAccess {
  /** `CustomerEndpoint` of the contacts that the index has under a Disposition, page after page for as long as it is asked for more. */
  readonly listed: (disposition: string) => AsyncIterable<string>;
  /** Whether the index has a contact of this number under a Disposition. */
  readonly isListed: (disposition: string, number: string) => Promise<boolean>;
  /**
   * The function's answer to an event, parsed. Of a function that failed it is what Lambda says of that, which counts as a wrong
   * answer; where the two are to be told apart, it is thrown instead.
   */
  readonly ask: (event: unknown) => Promise<unknown>;
}

/** One question and its answer; no number stands in it. */
export interface ProbeAnswer {
  /** The Disposition under which the number is listed; undefined for the number that is listed under none. */
  readonly listedUnder: string | undefined;
  readonly expected: "match" | "nomatch";
  /** The answer's `response`, or `unreadable` where that is not a word. */
  readonly answered: string;
  /** The answer's `reason`, or `unreadable` where that is not a word. */
  readonly reason: string;
  /** Whether it is the expected answer for the expected reason: a `nomatch` that comes from a fault is wrong. */
  readonly right: boolean;
}

export interface ProbeResult {
  /** Empty only where every number that could be asked for is exempt. */
  readonly answers: readonly ProbeAnswer[];
  /** Contacts under blocked Dispositions whose number can be blocked; of each Disposition the first {@link CONTACTS_READ} are looked at. */
  readonly listedContacts: number;
}

/** Contacts of one Disposition that are looked at: at 100 to 200 bytes each, 2 or 3 read units of an index that may have few. */
export const CONTACTS_READ = 100;

/** Numbers reserved for fiction, so that nobody calls from one. */
const FICTITIOUS = Array.from({ length: 100 }, (_, n) => `+155555501${String(n).padStart(2, "0")}`);

/** A fictitious number that somebody listed, by mistake or by a spoofed call, is passed over; so many in a row are no mistake. */
const FICTITIOUS_TRIED = 5;

/**
 * Asks the function for one number that is not listed and, for each blocked Disposition, for one that is listed under it where the
 * index has one.
 *
 * A contact can be overridden between the look at the index and the question, and the index is behind the table by a moment: an
 * answer that is not the expected one counts only if the index says the same after it as before.
 *
 * @throws what `access` throws
 */
export async function probe(target: ProbeTarget, access: ProbeAccess): Promise<ProbeResult> {
  const answers: ProbeAnswer[] = [];
  let listedContacts = 0;
  const isListed = async (number: string): Promise<boolean> => {
    for (const disposition of target.blockedDispositions) if (await access.isListed(disposition, number)) return true;
    return false;
  };
  const ask = async (number: string, listedUnder: string | undefined): Promise<void> => {
    const expected = listedUnder === undefined ? "nomatch" : "match";
    const answer = await access.ask(probeEvent(target, number));
    const answered = word(field(answer, "response"));
    const reason = word(field(answer, "reason"));
    const right = answered === expected && reason === (listedUnder === undefined ? "not_blocked" : "blocked");
    const stands = right || (await isListed(number)) === (listedUnder !== undefined);
    if (stands) answers.push({ listedUnder, expected, answered, reason, right });
  };

  const unlisted = await unlistedNumber(target, isListed);
  if (unlisted !== undefined) await ask(unlisted, undefined);
  for (const disposition of target.blockedDispositions) {
    let first: string | undefined;
    let read = 0;
    for await (const number of access.listed(disposition)) {
      if (isLookedUp(number, target.exemptNumbers)) {
        listedContacts++;
        first ??= number;
      }
      if (++read === CONTACTS_READ) break;
    }
    if (first !== undefined) await ask(first, disposition);
  }
  return { answers, listedContacts };
}

async function unlistedNumber(
  { exemptNumbers }: ProbeTarget,
  isListed: (number: string) => Promise<boolean>,
): Promise<string | undefined> {
  const candidates = FICTITIOUS.filter((number) => isLookedUp(number, exemptNumbers));
  for (const number of candidates.slice(0, FICTITIOUS_TRIED)) if (!(await isListed(number))) return number;
  return undefined;
}

/** An inbound phone call from the number, as Connect tells the function of one, but for its `Name`. */
export function probeEvent(target: ProbeTarget, number: string): object {
  const contactId = "00000000-0000-4000-8000-000000000000";
  return {
    Name: PROBE_EVENT,
    Details: {
      ContactData: {
        Attributes: {},
        AwsRegion: target.region,
        Channel: "VOICE",
        ContactId: contactId,
        CustomerEndpoint: { Address: number, Type: "TELEPHONE_NUMBER" },
        CustomerId: null,
        Description: null,
        InitialContactId: contactId,
        InitiationMethod: "INBOUND",
        InstanceARN: target.instanceArn,
        LanguageCode: "en-US",
        MediaStreams: { Customer: { Audio: null } },
        Name: null,
        PreviousContactId: contactId,
        Queue: null,
        References: {},
        SegmentAttributes: { "connect:Subtype": { ValueString: "connect:Telephony" } },
        SystemEndpoint: null,
        Tags: {},
      },
      Parameters: { BlockedDisposition: target.blockedDispositions[0], InstanceName: target.instanceName },
    },
  };
}

/** What is no plain word may hold anything, and is not passed on. */
function word(value: unknown): string {
  return typeof value === "string" && /^(?=.{1,40}$)[a-z_]+(\d{1,3}[a-z_]*)?$/.test(value) ? value : "unreadable";
}
