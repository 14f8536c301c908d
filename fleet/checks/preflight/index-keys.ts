/** Decides whether DynamoDB accepts an attribute value as a key of our index. */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { blockingIndex } from "../../../config/blocking-index";

/** The largest size of each key, in bytes: DynamoDB allows 2,048 for a partition key and 1,024 for a sort key. */
export const indexKeys = { [blockingIndex.hashKey]: 2048, [blockingIndex.rangeKey]: 1024 } as const;

export type IndexKey = keyof typeof indexKeys;
export const indexKeyNames = Object.keys(indexKeys) as readonly IndexKey[];

/** Kinds of values that cannot be a key of type S. */
export const shapes = [
  "number",
  "null",
  "boolean",
  "map",
  "list",
  "binary",
  "string set",
  "number set",
  "binary set",
  "empty string",
  "too long",
  "unknown type",
] as const;

export type Shape = (typeof shapes)[number];

/**
 * The kind of value that violates the index; undefined if the value is valid. An item without the attribute is valid: it is not in
 * the index.
 *
 * Once the index exists, DynamoDB rejects every write of an item with a violation, regardless of its other key:
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.OnlineOps.ViolationDetection.html and, for the sizes,
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
 */
export function violation(key: IndexKey, value: AttributeValue | undefined): Shape | undefined {
  if (value === undefined) return undefined;
  if (value.S !== undefined) {
    if (value.S === "") return "empty string";
    return isLonger(value.S, indexKeys[key]) ? "too long" : undefined;
  }
  if (value.N !== undefined) return "number";
  if (value.NULL !== undefined) return "null";
  if (value.BOOL !== undefined) return "boolean";
  if (value.M !== undefined) return "map";
  if (value.L !== undefined) return "list";
  if (value.B !== undefined) return "binary";
  if (value.SS !== undefined) return "string set";
  if (value.NS !== undefined) return "number set";
  if (value.BS !== undefined) return "binary set";
  return "unknown type";
}

/** Length in UTF-8 bytes, which is how DynamoDB measures keys. */
export const utf8Length = (text: string): number => Buffer.byteLength(text);

/** A UTF-16 unit has at most three UTF-8 bytes, so short texts need no measurement. */
const isLonger = (text: string, bytes: number): boolean => text.length * 3 > bytes && utf8Length(text) > bytes;
