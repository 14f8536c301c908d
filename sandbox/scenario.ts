/** The calls that the sandbox plays for one instance, derived from the configuration of the instance. */
import type { InstanceConfig } from "../config/types";
import type { FinishedContact } from "../emulators/contact-table";
import { redactNumbers } from "../fleet/output/redact";
import { isLookedUp } from "../lambda/blocked-calls/policy";

/** One step: first the table changes, then a call is played. */
export interface Step {
  readonly title: string;
  /** The number of the caller as sent by the network. */
  readonly from: string;
  readonly expected: "match" | "nomatch";
  /** Contacts that are stored before the call. A contact with the same id replaces the former one, as an override does. */
  readonly contacts?: readonly FinishedContact[];
  /** Whether the table is unreachable from this step on. */
  readonly tableStops?: true;
}

/** Largest number of exempt entries that are played. A longer list differs only in its numbers. */
export const playedExemptEntries = 3;

/** Fictional numbers: the first ones are North American, the others British (https://www.ofcom.org.uk, "numbers for use in TV and radio drama"). */
const fictionalNumbers = [
  ...Array.from({ length: 100 }, (_, n) => `+155555501${String(n).padStart(2, "0")}`),
  ...Array.from({ length: 1000 }, (_, n) => `+442079460${String(n).padStart(3, "0")}`),
];

/** What a network sends for a withheld number. */
export const withheld = "Anonymous";

/** Fictional numbers. The numbers that the instance looks up come first; an instance can exempt all fictional numbers. */
export function callerNumbers({
  exemptNumbers,
  lookup,
}: Pick<InstanceConfig, "exemptNumbers" | "lookup">): readonly string[] {
  const isCaller = (number: string): boolean =>
    isLookedUp(number, { exemptNumbers, otherNumbers: lookup.otherNumbers });
  return [...fictionalNumbers.filter(isCaller), ...fictionalNumbers.filter((number) => !isCaller(number))];
}

/** A Disposition that blocks no caller. */
const unblockedDisposition = (blocked: readonly string[], name = "Under review"): string =>
  blocked.includes(name) ? unblockedDisposition(blocked, `${name} again`) : name;

/** Dispositions that the agent's desk offers beside the blocked ones. Neither blocks a caller. */
export const offeredDispositions = ({ blockedDispositions }: Pick<InstanceConfig, "blockedDispositions">) => ({
  /** For the first step of 2-step blocking. */
  review: unblockedDisposition(blockedDispositions),
  resolved: unblockedDisposition(blockedDispositions, "Resolved"),
});

/**
 * The steps in order: an unlisted caller, each blocked Disposition in one step, one Disposition in two steps, exempt numbers, a withheld
 * caller, and an unreachable table.
 */
export function scenario(instance: InstanceConfig): readonly Step[] {
  const { blockedDispositions, exemptNumbers, anonymousCallers, lookup } = instance;
  const isCaller = (number: string): boolean =>
    isLookedUp(number, { exemptNumbers, otherNumbers: lookup.otherNumbers });
  const numbers = callerNumbers(instance);
  const caller = (n: number): string => numbers[n] ?? "";
  const expected = (from: string, wanted: "match" | "nomatch") => (isCaller(from) ? wanted : "nomatch");
  const underReview = unblockedDisposition(blockedDispositions);
  const [blocked] = blockedDispositions;

  const stranger = caller(0);
  const inOneStep = blockedDispositions.map((disposition, n): Step => {
    const from = caller(n + 1);
    return {
      title: `1-step: an agent chose the Disposition ${JSON.stringify(disposition)}`,
      from,
      expected: expected(from, "match"),
      contacts: [{ contactId: `one-step-${n}`, customerEndpoint: from, disposition }],
    };
  });
  const reviewed = caller(blockedDispositions.length + 1);
  const review = (disposition: string): readonly FinishedContact[] => [
    { contactId: "two-steps", customerEndpoint: reviewed, disposition },
  ];
  const exempt = exemptNumbers.slice(0, playedExemptEntries).map((entry, n): Step => {
    const from = numberOf(entry);
    return {
      title: `exempt by ${redactNumbers(entry)}: never blocked`,
      from,
      expected: "nomatch",
      contacts: [{ contactId: `exempt-${n}`, customerEndpoint: from, disposition: blocked }],
    };
  });
  return [
    { title: "no contact has a blocked Disposition", from: stranger, expected: "nomatch" },
    ...inOneStep,
    {
      title: `2-step: an agent chose ${JSON.stringify(underReview)}`,
      from: reviewed,
      expected: "nomatch",
      contacts: review(underReview),
    },
    {
      title: `2-step: a reviewer then chose ${JSON.stringify(blocked)}`,
      from: reviewed,
      expected: expected(reviewed, "match"),
      contacts: review(blocked),
    },
    ...exempt,
    {
      title:
        anonymousCallers === "block"
          ? "withheld number: blocked by anonymousCallers"
          : "withheld number: not looked up",
      from: withheld,
      expected: anonymousCallers === "block" ? "match" : "nomatch",
      // If the function looked up withheld callers, this contact would block all of them.
      contacts: [{ contactId: "withheld", customerEndpoint: withheld, disposition: blocked }],
    },
    {
      title: "table unreachable: the call goes through",
      from: inOneStep[0]?.from ?? "",
      expected: "nomatch",
      tableStops: true,
    },
  ];
}

/** A number that an entry of `exemptNumbers` matches: the number itself, or a prefix filled up to eleven digits. */
export function numberOf(entry: string): string {
  return entry.endsWith("*") ? entry.slice(0, -1).padEnd("+12345678901".length, "0") : entry;
}
