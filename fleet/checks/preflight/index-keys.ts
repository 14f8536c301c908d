/** Whether DynamoDB takes an attribute's value as a key of our index, and if not, what is wrong with it. */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";

/** The index's keys, with the bytes that DynamoDB takes of each: 2,048 of a partition key, 1,024 of a sort key. */
export const indexKeys = { Disposition: 2048, CustomerEndpoint: 1024 } as const;

export type IndexKey = keyof typeof indexKeys;
export const indexKeyNames = Object.keys(indexKeys) as readonly IndexKey[];

/** What a value is that cannot be a key of type S. */
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
 * What is wrong with a value as a key of the index, or undefined where nothing is: an item that lacks the attribute is
 * merely not in the index.
 *
 * Once the index exists, DynamoDB rejects every write of an item for which this is not undefined, whatever its other key is:
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.OnlineOps.ViolationDetection.html and, for the sizes,
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
 */
export function violation(key: IndexKey, value: AttributeValue | undefined): Shape | undefined {
  if (value === undefined) return undefined;
  if (value.S !== undefined) {
    if (value.S === "") return "empty string";
    return utf8Length(value.S) > indexKeys[key] ? "too long" : undefined;
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

/** Bytes of a text in UTF-8, by which DynamoDB measures keys. */
export const utf8Length = (text: string): number => Buffer.byteLength(text);
