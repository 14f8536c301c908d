/** Reads the attributes of a contact that the environment file names in `contactDetails`, and no others. */
import { type AttributeValue, type DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import type { InstanceConfig } from "../../../config/types";
import { shownValue } from "../caller/contacts";
import type { ReadBudget } from "./read-budget";

/** The values of one contact by the key of `contactDetails`: `agent`, `time`, `queue`. A contact that lacks an attribute lacks the key. */
export type ContactDetails = Readonly<Record<string, string>>;

export type DetailNames = NonNullable<InstanceConfig["contactDetails"]>;

/** @throws errors of the SDK */
export async function detailsOf(
  dynamodb: DynamoDBClient,
  TableName: string,
  Key: Readonly<Record<string, AttributeValue>>,
  names: DetailNames,
  budget: ReadBudget,
): Promise<ContactDetails> {
  const given = Object.entries(names);
  // A name can be a reserved word, or contain a point.
  const placeholders = given.map(([detail, name]) => [`#${detail}`, name] as const);
  const { Item = {}, ConsumedCapacity } = await dynamodb.send(
    new GetItemCommand({
      TableName,
      Key,
      ProjectionExpression: placeholders.map(([placeholder]) => placeholder).join(", "),
      ExpressionAttributeNames: Object.fromEntries(placeholders),
      ReturnConsumedCapacity: "TOTAL",
    }),
  );
  await budget.spend(ConsumedCapacity?.CapacityUnits ?? 0);
  return Object.fromEntries(
    given.flatMap(([detail, name]) => {
      const value = Item[name];
      return value === undefined ? [] : [[detail, detail === "time" ? timeText(shownValue(value)) : shownValue(value)]];
    }),
  );
}

/** Seconds and milliseconds since 1970 become a date that people can read. Other values stay. */
function timeText(value: string): string {
  const isSeconds = /^\d{10}(\.\d+)?$/.test(value);
  if (!isSeconds && !/^\d{13}$/.test(value)) return value;
  return new Date(Number(value) * (isSeconds ? 1000 : 1)).toISOString();
}
