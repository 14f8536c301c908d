/** The index that call blocking adds to the contact table: its name, keys, key type and projection. */

/** The name is the one in the vendor's guide. */
export const blockingIndex = {
  name: "Disposition-CustomerEndpoint-index",
  hashKey: "Disposition",
  rangeKey: "CustomerEndpoint",
  /** DynamoDB type of both keys: string. */
  keyType: "S",
  projection: "KEYS_ONLY",
} as const;

/** The attributes that are keys of the index, hash key first. */
export const blockingIndexKeys = [blockingIndex.hashKey, blockingIndex.rangeKey] as const;

/**
 * DynamoDB's default quota of global secondary indexes per table (AWS: "Quotas in Amazon DynamoDB"). The stack never exceeds this quota.
 */
export const maxGlobalIndexes = 20;

/** Keys and projection of the index, as text for messages. */
export const blockingIndexShape = `hash ${blockingIndex.hashKey}, range ${blockingIndex.rangeKey}, ${blockingIndex.projection}`;
