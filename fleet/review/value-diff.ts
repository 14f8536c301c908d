/** Compares two values of an attribute, as lines that a person can read. */
import { redactNumbers } from "../output/redact";
import { canonicalJson, fieldsOf, isEqual, itemsOf, textAt, valueAt } from "../terraform/json-values";
import type { DiffLine } from "./diff-line";

export interface CompareOptions {
  /** The resource does not exist yet. */
  readonly isNew: boolean;
  /** The label of one item of a named list, by attribute. */
  readonly itemLabels: Readonly<Record<string, string>>;
}

/**
 * Lines for the differences between two values. Maps are compared by key, lists of named items by name, other lists by added and
 * removed items, and JSON text by its content.
 *
 * @param path attribute and keys, joined with `›`
 */
export function compareValues(path: string, before: unknown, after: unknown, options: CompareOptions): DiffLine[] {
  if (isEqual(before, after) || (isNothing(before) && isNothing(after))) return [];
  // The provider writes an unset number as null after an apply, and as 0 after the next refresh.
  if (!options.isNew && before === null && after === 0) return [];
  if (before === false && isNothing(after)) return [{ sign: "~", text: `${path}: false → ${displayed(after)}` }];
  const [jsonBefore, jsonAfter] = [parsedJson(before), parsedJson(after)];
  if (jsonBefore !== undefined && jsonAfter !== undefined) {
    return compareValues(path, withoutLayout(jsonBefore), withoutLayout(jsonAfter), options);
  }
  if (jsonAfter !== undefined && isNothing(before) && String(after).length > maxLength) {
    return [{ sign: "+", text: `${path}: (${String(after).length} characters of JSON)` }];
  }
  return (
    compareNamedLists(path, before, after, options) ??
    compareMaps(path, before, after, options) ??
    compareLists(path, before, after, options) ??
    compareSingleValues(path, before, after)
  );
}

function compareNamedLists(
  path: string,
  before: unknown,
  after: unknown,
  options: CompareOptions,
): DiffLine[] | undefined {
  const [itemsBefore, itemsAfter] = [byName(before), byName(after)];
  if (itemsBefore === undefined || itemsAfter === undefined || itemsBefore.size + itemsAfter.size === 0)
    return undefined;
  return [...new Set([...itemsBefore.keys(), ...itemsAfter.keys()])].sort().flatMap((name): DiffLine[] => {
    const [itemBefore, itemAfter] = [itemsBefore.get(name), itemsAfter.get(name)];
    const label = `${itemLabel(path, options)} ${redactNumbers(name)}`;
    if (itemBefore === undefined) return [{ sign: "+", text: `${label}: ${summaryOf(itemAfter)}` }];
    if (itemAfter === undefined) return [{ sign: "-", text: `${label}: ${summaryOf(itemBefore)}` }];
    return compareValues(label, itemBefore, itemAfter, { ...options, isNew: false });
  });
}

function compareMaps(path: string, before: unknown, after: unknown, options: CompareOptions): DiffLine[] | undefined {
  if (![before, after].some(isMap) || ![before, after].every((value) => isMap(value) || isNothing(value)))
    return undefined;
  const keys = [...new Set([...Object.keys(fieldsOf(before)), ...Object.keys(fieldsOf(after))])].sort();
  return keys.flatMap((key) =>
    compareValues(
      `${path} › ${redactNumbers(key)}`,
      valueAt(before, key) ?? null,
      valueAt(after, key) ?? null,
      options,
    ),
  );
}

function compareLists(path: string, before: unknown, after: unknown, options: CompareOptions): DiffLine[] | undefined {
  if (!Array.isArray(before ?? []) || !Array.isArray(after ?? [])) return undefined;
  const [itemsBefore, itemsAfter] = [itemsOf(before), itemsOf(after)];
  // A block that may occur once is a list of at most one map.
  if (itemsBefore.length <= 1 && itemsAfter.length <= 1 && [...itemsBefore, ...itemsAfter].every(isMap)) {
    return compareValues(path, itemsBefore[0] ?? null, itemsAfter[0] ?? null, options);
  }
  const onlyIn = (items: readonly unknown[], others: readonly unknown[]): readonly unknown[] => {
    const texts = others.map(canonicalJson);
    return items.filter((item) => !texts.includes(canonicalJson(item)));
  };
  const lines = [
    ...onlyIn(itemsBefore, itemsAfter).map((item): DiffLine => ({ sign: "-", text: `${path}: ${displayed(item)}` })),
    ...onlyIn(itemsAfter, itemsBefore).map((item): DiffLine => ({ sign: "+", text: `${path}: ${displayed(item)}` })),
  ];
  return lines.length > 0 ? lines : [{ sign: "~", text: `${path}: in another order: ${displayed(after)}` }];
}

function compareSingleValues(path: string, before: unknown, after: unknown): DiffLine[] {
  if (isNothing(before)) return [{ sign: "+", text: `${path}: ${displayed(after)}` }];
  if (isNothing(after)) return [{ sign: "-", text: `${path}: ${displayed(before)}` }];
  const [textBefore, textAfter] = [displayed(before), displayed(after)];
  return [
    {
      sign: "~",
      text:
        textBefore === textAfter
          ? `${path}: ${textAfter} (the difference is in redacted digits, or after the displayed part)`
          : `${path}: ${textBefore} → ${textAfter}`,
    },
  ];
}

const isMap = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);

const isNothing = (value: unknown): boolean =>
  value === null ||
  value === undefined ||
  value === "" ||
  (typeof value === "object" && Object.keys(value).length === 0);

/** The items of a list by name; undefined if an item has no name, or if two items have the same name. */
function byName(value: unknown): ReadonlyMap<string, unknown> | undefined {
  if (value !== null && value !== undefined && !Array.isArray(value)) return undefined;
  const found = new Map<string, unknown>();
  for (const item of itemsOf(value)) {
    const name = textAt(item, "name") ?? textAt(item, "Identifier") ?? textAt(item, "id");
    if (name === undefined || found.has(name)) return undefined;
    found.set(name, item);
  }
  return found;
}

/** `index` for `global_secondary_index`; `content › block` for `content › Actions`, the blocks of a flow. */
const itemLabel = (path: string, { itemLabels }: CompareOptions): string =>
  (Object.hasOwn(itemLabels, path) ? itemLabels[path] : undefined) ?? path.replace(/Actions$/, "block");

/** The content of a JSON text; undefined for any other value. */
function parsedJson(value: unknown): unknown {
  if (typeof value !== "string" || !/^\s*[{[]/.test(value)) return undefined;
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === "object" ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** A flow without the positions of its blocks in the editor. */
function withoutLayout(value: unknown): unknown {
  if (!isMap(value) || valueAt(value, "Actions") === undefined) return value;
  return Object.fromEntries(Object.entries(fieldsOf(value)).filter(([key]) => key !== "Metadata"));
}

/** Characters of a displayed value. */
const maxLength = 160;

/** A value on one line, shortened to 160 characters, with phone numbers redacted. */
export function displayed(value: unknown): string {
  const text = redactNumbers(typeof value === "string" ? value : JSON.stringify(value ?? null)).replace(/\s+/g, " ");
  const characters = Array.from(text);
  return characters.length <= maxLength
    ? text
    : `${characters.slice(0, maxLength - 20).join("")}… (${characters.length} characters)`;
}

/** A short description of a named item: an index by its keys and projection, an attribute definition by its type. */
function summaryOf(value: unknown): string {
  const type = textAt(value, "type");
  if (type !== undefined && Object.keys(fieldsOf(value)).length === 2) return type;
  if (textAt(value, "hash_key") !== undefined) {
    const keys = [textAt(value, "hash_key"), textAt(value, "range_key")].filter(
      (key) => key !== undefined && key !== "",
    );
    const capacity = [valueAt(value, "read_capacity"), valueAt(value, "write_capacity")];
    const isProvisioned = capacity.some((units) => typeof units === "number" && units > 0);
    return redactNumbers(
      [
        `keys ${keys.join(", ")}`,
        textAt(value, "projection_type") ?? "",
        ...(isProvisioned ? [`capacity ${capacity.join("/")}`] : []),
      ].join("; "),
    );
  }
  return displayed(value);
}
