/** What a scan finds in the contacts that it reads, counted in bounded memory. */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { z } from "zod";
import { callerOf } from "../../../lambda/blocked-calls/policy";
import { masked } from "../../output/redact";
import { FrequentValues } from "./frequent-values";
import { indexKeyNames, shapes, utf8Length, violation } from "./index-keys";
import type { IndexKey, Shape } from "./index-keys";

export type Item = Readonly<Record<string, AttributeValue>>;

/** One item that violates the index, as it may be shown. */
export interface Example {
  /** The table's keys, masked: `hash=contact-7 range=ctr`. */
  readonly item: string;
  /** Type and size of the value, never the value: `map of Address, Type`. */
  readonly value: string;
}

/** Distinct Dispositions that are counted, at most. */
const keptDispositions = 500;
/** Examples of each shape. */
const keptExamples = 3;

const count = z.int().min(0);
const text = z.string();

const violationSchema = z.strictObject({
  attribute: z.enum(indexKeyNames as [IndexKey, ...IndexKey[]]),
  shape: z.enum(shapes),
  items: count,
  examples: z.array(z.strictObject({ item: text, value: text })).max(keptExamples),
});

/** Contacts that carry one configured blocked Disposition. */
const blockedSchema = z.strictObject({
  disposition: text,
  contacts: count,
  /** Of these, with a number that is looked up. */
  withNumber: count,
  /** Of these, with a withheld number, such as "Anonymous". */
  withheld: count,
});

export const tallySchema = z.strictObject({
  items: count,
  /** Items that violate the index by one attribute or both. */
  violating: count,
  violations: z.array(violationSchema),
  /** Items that the index will hold: both keys are there, and valid. */
  indexed: count,
  /** Bytes of their entries. */
  indexedBytes: count,
  /** Contacts of which nobody chose a Disposition. */
  withoutDisposition: count,
  blocked: z.array(blockedSchema),
  dispositions: z.strictObject({
    counts: z.array(z.tuple([text, count])).max(keptDispositions),
    forgotten: count,
    total: count,
  }),
});

export type TallyState = z.infer<typeof tallySchema>;
export type ViolationCount = z.infer<typeof violationSchema>;
export type BlockedCount = z.infer<typeof blockedSchema>;

/** What DynamoDB adds to each entry of an index: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html */
const entryOverheadBytes = 100;

export class ContactStats {
  items = 0;
  violating = 0;
  indexed = 0;
  indexedBytes = 0;
  withoutDisposition = 0;
  /** By attribute and shape. */
  private readonly violations = new Map<string, { -readonly [K in keyof ViolationCount]: ViolationCount[K] }>();
  private readonly blocked: Map<string, BlockedCount>;
  readonly dispositions: FrequentValues;

  /**
   * @param tableKeys names of the table's keys: one or two
   * @param blockedDispositions as they are configured
   * @param state of an earlier tally of the same, to go on from
   */
  constructor(
    private readonly tableKeys: readonly string[],
    blockedDispositions: readonly string[],
    state?: TallyState,
  ) {
    const counts = blockedDispositions.map((disposition) => ({
      ...{ disposition, contacts: 0, withNumber: 0, withheld: 0 },
      ...state?.blocked.find((one) => one.disposition === disposition),
    }));
    this.blocked = new Map(counts.map((one) => [one.disposition, one]));
    this.dispositions = new FrequentValues(keptDispositions, state?.dispositions);
    if (state === undefined) return;
    this.items = state.items;
    this.violating = state.violating;
    this.indexed = state.indexed;
    this.indexedBytes = state.indexedBytes;
    this.withoutDisposition = state.withoutDisposition;
    for (const one of state.violations) {
      this.violations.set(`${one.attribute} ${one.shape}`, { ...one, examples: [...one.examples] });
    }
  }

  add(item: Item): void {
    this.items++;
    const found = indexKeyNames.filter((key) => this.checkKey(key, item));
    if (found.length > 0) this.violating++;

    const disposition = found.includes("Disposition") ? undefined : item["Disposition"]?.S;
    const endpoint = found.includes("CustomerEndpoint") ? undefined : item["CustomerEndpoint"]?.S;
    if (item["Disposition"] === undefined) this.withoutDisposition++;
    if (disposition === undefined) return;
    this.dispositions.add(disposition);

    if (endpoint !== undefined) {
      this.indexed++;
      const keys = this.tableKeys.reduce((bytes, name) => bytes + utf8Length(name) + keyLength(item[name]), 0);
      const own = utf8Length(disposition) + utf8Length(endpoint) + "DispositionCustomerEndpoint".length;
      this.indexedBytes += keys + own + entryOverheadBytes;
    }
    const blocked = this.blocked.get(disposition);
    if (blocked === undefined) return;
    blocked.contacts++;
    if (endpoint === undefined) return;
    const caller = callerOf(endpoint);
    if (caller === "number") blocked.withNumber++;
    if (caller === "withheld") blocked.withheld++;
  }

  toJSON(): TallyState {
    return {
      items: this.items,
      violating: this.violating,
      violations: [...this.violations.values()],
      indexed: this.indexed,
      indexedBytes: this.indexedBytes,
      withoutDisposition: this.withoutDisposition,
      blocked: [...this.blocked.values()],
      dispositions: this.dispositions.toJSON() as TallyState["dispositions"],
    };
  }

  /** Whether the item violates the index by this key. */
  private checkKey(attribute: IndexKey, item: Item): boolean {
    const value = item[attribute];
    const shape = violation(attribute, value);
    if (value === undefined || shape === undefined) return false;
    const id = `${attribute} ${shape}`;
    const found = this.violations.get(id) ?? { attribute, shape, items: 0, examples: [] };
    found.items++;
    if (found.examples.length < keptExamples) {
      found.examples.push({ item: this.shownKeys(item), value: described(shape, value) });
    }
    this.violations.set(id, found);
    return true;
  }

  private shownKeys(item: Item): string {
    return this.tableKeys.map((name) => `${name}=${shownKey(item[name])}`).join(" ");
  }
}

function keyLength(key: AttributeValue | undefined): number {
  return utf8Length(key?.S ?? key?.N ?? "") + (key?.B?.length ?? 0);
}

function shownKey(key: AttributeValue | undefined): string {
  if (key?.B !== undefined) return `(${key.B.length} bytes)`;
  return masked(key?.S ?? key?.N ?? "");
}

/** Names of a map's members that are shown. */
const shownMembers = 4;

function described(shape: Shape, { S, M, L, B, SS, NS, BS }: AttributeValue): string {
  if (S !== undefined && shape === "too long") return `a string of ${utf8Length(S)} bytes`;
  if (M !== undefined) {
    const names = Object.keys(M);
    const shown = names.slice(0, shownMembers).map(masked).join(", ");
    return names.length === 0 ? "an empty map" : `a map of ${shown}${names.length > shownMembers ? ", …" : ""}`;
  }
  const size = L?.length ?? SS?.length ?? NS?.length ?? BS?.length;
  if (size !== undefined) return `a ${shape} of ${size}`;
  if (B !== undefined) return `binary, ${B.length} bytes`;
  return { null: "NULL", "empty string": "an empty string" }[shape as string] ?? `a ${shape}`;
}
