/** Tests the answers of a deployed function: for listed numbers, and for one number that is not listed. */
import { isLookedUp } from "../blocked-calls/policy";
import { field } from "../blocked-calls/field";
import { PROBE_EVENT } from "../settings";

/** The instance whose function is tested. */
export interface ProbeTarget {
  readonly instanceName: string;
  readonly instanceArn: string;
  readonly region: string;
  /** At least one. The flow module passes the first. */
  readonly blockedDispositions: readonly string[];
  /** E.164 numbers (`+15555550100`) and prefixes (`+1800*`). */
  readonly exemptNumbers: readonly string[];
  /** Whether the function looks up digits that are not an E.164 number. */
  readonly otherNumbers: boolean;
}

/** Access to the index and to the function. {@link probe} rethrows the errors of these functions. */
export interface ProbeAccess {
  /**
   * The `CustomerEndpoint` of each contact under a Disposition in the index. Reads the next page only if the consumer of the iterable asks
   * for more.
   */
  readonly listedNumbers: (disposition: string) => AsyncIterable<string>;
  /** Whether the index has a contact with this number under a Disposition. */
  readonly isListed: (disposition: string, number: string) => Promise<boolean>;
  /**
   * Invokes the function and returns its parsed answer. If the function failed, returns the error object of Lambda, which counts as a wrong
   * answer. An implementation can throw instead, so that its caller can distinguish a failed function from a wrong answer.
   */
  readonly invoke: (event: unknown) => Promise<unknown>;
}

/** One answer of the function. It contains no phone number. */
export interface ProbeAnswer {
  /** The Disposition under which the number is listed; undefined for the number that is not listed. */
  readonly listedUnder: string | undefined;
  readonly expected: "match" | "nomatch";
  /** The `response` of the answer, or `unreadable` if it is not a word. */
  readonly answered: string;
  /** The `reason` of the answer, or `unreadable` if it is not a word. */
  readonly reason: string;
  /** Whether the answer and its reason are as expected. A `nomatch` because of a fault is wrong. */
  readonly right: boolean;
}

export interface ProbeResult {
  /** Empty only if every number that could be tested is exempt. */
  readonly answers: readonly ProbeAnswer[];
  /** Number of contacts with a number that can be blocked, among the first {@link CONTACTS_READ} of each blocked Disposition. */
  readonly listedContacts: number;
}

/** Contacts to read for one Disposition. At 100 to 200 bytes each, they cost 2 or 3 read units, which matters on a small index. */
export const CONTACTS_READ = 100;

/** Numbers reserved for fiction, so no caller has one. */
const FICTITIOUS_NUMBERS = Array.from({ length: 100 }, (_, n) => `+155555501${String(n).padStart(2, "0")}`);

/**
 * Number of fictitious numbers to try. A fictitious number can be listed by mistake or after a spoofed call. If all tried numbers are
 * listed, no unlisted number is tested.
 */
const MAX_FICTITIOUS_TRIED = 5;

/**
 * Tests the function with one number that is not listed and, for each blocked Disposition, with one number that is listed under it, if
 * the index has one.
 *
 * A contact can be overridden between the query and the invocation, and the index is slightly behind the table. So an unexpected answer
 * counts only if a second query of the index gives the same result as the first.
 *
 * @throws the errors of `access`
 */
export async function probe(target: ProbeTarget, access: ProbeAccess): Promise<ProbeResult> {
  const answers: ProbeAnswer[] = [];
  let listedContacts = 0;
  const isListed = async (number: string): Promise<boolean> => {
    for (const disposition of target.blockedDispositions) if (await access.isListed(disposition, number)) return true;
    return false;
  };
  const test = async (number: string, listedUnder: string | undefined): Promise<void> => {
    const expected = listedUnder === undefined ? "nomatch" : "match";
    const answer = await access.invoke(probeEvent(target, number));
    const answered = wordOrUnreadable(field(answer, "response"));
    const reason = wordOrUnreadable(field(answer, "reason"));
    const right = answered === expected && reason === (listedUnder === undefined ? "not_blocked" : "blocked");
    const counts = right || (await isListed(number)) === (listedUnder !== undefined);
    if (counts) answers.push({ listedUnder, expected, answered, reason, right });
  };

  const unlisted = await unlistedNumber(target, isListed);
  if (unlisted !== undefined) await test(unlisted, undefined);
  for (const disposition of target.blockedDispositions) {
    let first: string | undefined;
    let read = 0;
    for await (const number of access.listedNumbers(disposition)) {
      if (isLookedUp(number, target)) {
        listedContacts++;
        first ??= number;
      }
      if (++read === CONTACTS_READ) break;
    }
    if (first !== undefined) await test(first, disposition);
  }
  return { answers, listedContacts };
}

async function unlistedNumber(
  target: ProbeTarget,
  isListed: (number: string) => Promise<boolean>,
): Promise<string | undefined> {
  const candidates = FICTITIOUS_NUMBERS.filter((number) => isLookedUp(number, target));
  for (const number of candidates.slice(0, MAX_FICTITIOUS_TRIED)) if (!(await isListed(number))) return number;
  return undefined;
}

/** The event that Connect sends for an inbound phone call from the number, except for its `Name`. */
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

/** The value if it is a plain word. Any other value could contain personal data. */
function wordOrUnreadable(value: unknown): string {
  return typeof value === "string" && /^(?=.{1,40}$)[a-z_]+(\d{1,3}[a-z_]*)?$/.test(value) ? value : "unreadable";
}
