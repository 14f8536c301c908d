/** Statistics of the contacts that a scan reads, in bounded memory. */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { z } from "zod";
import { classifyAddress } from "../../../lambda/blocked-calls/policy";
import { redactText } from "../../output/redact";
import { indexKeyNames, shapes, utf8Length, violation } from "./index-keys";
import type { IndexKey, Shape } from "./index-keys";

export type Item = Readonly<Record<string, AttributeValue>>;

/** Maximum number of distinct Dispositions with a count of their own. */
const maxDispositions = 500;
/** Maximum number of blocked contacts whose keys are kept. */
const contactsRead = 5;
/** Maximum number of examples per attribute and shape. */
const maxExamples = 3;

const count = z.int().min(0);
const text = z.string();

const violationSchema = z.strictObject({
  attribute: z.enum(indexKeyNames as [IndexKey, ...IndexKey[]]),
  shape: z.enum(shapes),
  items: count,
  /** `item`: the table's keys, redacted: `hash=contact-7 range=ctr`. `value`: its type and size only: `map of Address, Type`. */
  examples: z.array(z.strictObject({ item: text, value: text })).max(maxExamples),
});

/** Contacts with one configured blocked Disposition. */
const blockedSchema = z.strictObject({
  disposition: text,
  contacts: count,
  /** The part of `contacts` with an E.164 number. */
  withNumber: count,
  /** The part of `contacts` with a withheld number, such as "Anonymous". */
  withheld: count,
  /** The part of `contacts` with digits that are not an E.164 number, such as "22000". */
  withOtherNumber: count.default(0),
  /** Contacts with an address that is neither an E.164 number nor withheld: keys and address, redacted. */
  otherAddresses: z
    .array(z.strictObject({ item: text, address: text }))
    .max(maxExamples)
    .default([]),
});

export const contactStatsSchema = z.strictObject({
  items: count,
  /** Items with an attribute that violates the index. */
  violating: count,
  violations: z.array(violationSchema),
  /** Items that the index will contain: both keys exist and are valid. */
  indexed: count,
  /** Size of the index entries of these items, in bytes. */
  indexedBytes: count,
  /** Contacts without a Disposition. */
  withoutDisposition: count,
  blocked: z.array(blockedSchema),
  dispositions: z.strictObject({
    /** Contacts by Disposition, for the first {@link maxDispositions} distinct ones. */
    counts: z.array(z.tuple([text, count])).max(maxDispositions),
    /** Contacts with any other Disposition. */
    others: count,
  }),
});

export type ContactStatsState = z.infer<typeof contactStatsSchema>;
export type ViolationCount = z.infer<typeof violationSchema>;
export type BlockedCount = z.infer<typeof blockedSchema>;

/** Bytes that DynamoDB adds to each entry of an index: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html */
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
  private readonly dispositions: Map<string, number>;
  private otherDispositions = 0;
  /** The table's keys of the first contacts with a blocked Disposition. They are not saved. */
  readonly blockedKeys: Item[] = [];
  /** Size of the names and of the overhead in each index entry, in bytes. */
  private readonly fixedEntryBytes: number;

  /**
   * @param tableKeys names of the table's keys: one or two
   * @param blockedDispositions from the environment file
   * @param state statistics of an interrupted scan, to continue
   */
  constructor(
    private readonly tableKeys: readonly string[],
    blockedDispositions: readonly string[],
    state?: ContactStatsState,
  ) {
    const counts = blockedDispositions.map((disposition) => ({
      ...{ disposition, contacts: 0, withNumber: 0, withheld: 0, withOtherNumber: 0, otherAddresses: [] },
      ...state?.blocked.find((saved) => saved.disposition === disposition),
    }));
    const names = [...tableKeys, ...indexKeyNames];
    this.fixedEntryBytes = names.reduce((bytes, name) => bytes + utf8Length(name), entryOverheadBytes);
    this.blocked = new Map(counts.map((count) => [count.disposition, count]));
    this.dispositions = new Map(state?.dispositions.counts);
    if (state === undefined) return;
    this.otherDispositions = state.dispositions.others;
    this.items = state.items;
    this.violating = state.violating;
    this.indexed = state.indexed;
    this.indexedBytes = state.indexedBytes;
    this.withoutDisposition = state.withoutDisposition;
    for (const saved of state.violations) {
      this.violations.set(`${saved.attribute} ${saved.shape}`, { ...saved, examples: [...saved.examples] });
    }
  }

  add(item: Item): void {
    this.items++;
    const violated = indexKeyNames.filter((key) => this.checkKey(key, item));
    if (violated.length > 0) this.violating++;

    const disposition = violated.includes("Disposition") ? undefined : item["Disposition"]?.S;
    const endpoint = violated.includes("CustomerEndpoint") ? undefined : item["CustomerEndpoint"]?.S;
    if (item["Disposition"] === undefined) this.withoutDisposition++;
    if (disposition === undefined) return;
    this.countDisposition(disposition);

    if (endpoint !== undefined) {
      this.indexed++;
      const keys = this.tableKeys.reduce((bytes, name) => bytes + keyLength(item[name]), 0);
      this.indexedBytes += this.fixedEntryBytes + keys + utf8Length(disposition) + utf8Length(endpoint);
    }
    const blocked = this.blocked.get(disposition);
    if (blocked === undefined) return;
    blocked.contacts++;
    if (this.blockedKeys.length < contactsRead) this.blockedKeys.push(this.keysOf(item));
    if (endpoint === undefined) return;
    const caller = classifyAddress(endpoint);
    if (caller === "number") blocked.withNumber++;
    if (caller === "withheld") blocked.withheld++;
    if (caller === "otherNumber") blocked.withOtherNumber++;
    if ((caller === "otherNumber" || caller === "other") && blocked.otherAddresses.length < maxExamples) {
      blocked.otherAddresses.push({ item: this.shownKeys(item), address: redactText(endpoint) });
    }
  }

  toJSON(): ContactStatsState {
    return {
      items: this.items,
      violating: this.violating,
      violations: [...this.violations.values()],
      indexed: this.indexed,
      indexedBytes: this.indexedBytes,
      withoutDisposition: this.withoutDisposition,
      blocked: [...this.blocked.values()],
      dispositions: { counts: [...this.dispositions], others: this.otherDispositions },
    };
  }

  private countDisposition(disposition: string): void {
    const count = this.dispositions.get(disposition);
    if (count === undefined && this.dispositions.size >= maxDispositions) this.otherDispositions++;
    else this.dispositions.set(disposition, (count ?? 0) + 1);
  }

  /** Whether this attribute of the item violates the index. */
  private checkKey(attribute: IndexKey, item: Item): boolean {
    const value = item[attribute];
    const shape = violation(attribute, value);
    if (value === undefined || shape === undefined) return false;
    const id = `${attribute} ${shape}`;
    const found = this.violations.get(id) ?? { attribute, shape, items: 0, examples: [] };
    found.items++;
    if (found.examples.length < maxExamples) {
      found.examples.push({ item: this.shownKeys(item), value: described(shape, value) });
    }
    this.violations.set(id, found);
    return true;
  }

  private keysOf(item: Item): Item {
    return Object.fromEntries(this.tableKeys.flatMap((name) => (item[name] ? [[name, item[name]]] : [])));
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
  return redactText(key?.S ?? key?.N ?? "");
}

/** Maximum number of names that are shown for a map. */
const shownMembers = 4;

function described(shape: Shape, { S, M, L, B, SS, NS, BS }: AttributeValue): string {
  if (S !== undefined && shape === "too long") return `a string of ${utf8Length(S)} bytes`;
  if (M !== undefined) {
    const names = Object.keys(M);
    const shown = names.slice(0, shownMembers).map(redactText).join(", ");
    return names.length === 0 ? "an empty map" : `a map of ${shown}${names.length > shownMembers ? ", …" : ""}`;
  }
  const size = L?.length ?? SS?.length ?? NS?.length ?? BS?.length;
  if (size !== undefined) return `a ${shape} of ${size}`;
  if (B !== undefined) return `binary, ${B.length} bytes`;
  return { null: "NULL", "empty string": "an empty string" }[shape as string] ?? `a ${shape}`;
}
