/** Reads from the vendor's table which contacts of one number carry a Disposition: keys out of the index, contact ids out of the items. */
import { GetItemCommand, paginateQuery, type AttributeValue, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { contactIdAttributes } from "../../aws/contact-id-attributes";
import { indexName } from "../../../config/aws-names";

export interface Contact {
  /** The table's keys, in their order: `hash` and `range`. */
  readonly keys: readonly (readonly [string, string])[];
  /** Which of {@link contactIdAttributes} it has; none where the item was not read. */
  readonly ids: readonly (readonly [string, string])[];
}

export interface Listed {
  readonly disposition: string;
  readonly contacts: readonly Contact[];
  /** There are more, which were not read. */
  readonly more: boolean;
}

/** Contacts of one Disposition that are listed, and those whose item is read for its contact id: each of these is a read of its own. */
export const [contactsListed, itemsRead] = [200, 20] as const;

/**
 * The contacts of a number that carry exactly this Disposition.
 *
 * @param keyNames as {@link tableKeys} answers them
 * @throws what the SDK throws
 */
export async function contactsUnder(
  dynamodb: DynamoDBClient,
  tableName: string,
  keyNames: readonly string[],
  disposition: string,
  number: string,
): Promise<Listed> {
  const keys: Record<string, AttributeValue>[] = [];
  const query = paginateQuery(
    { client: dynamodb, pageSize: contactsListed + 1 },
    {
      TableName: tableName,
      IndexName: indexName,
      KeyConditionExpression: "Disposition = :disposition AND CustomerEndpoint = :number",
      ExpressionAttributeValues: { ":disposition": { S: disposition }, ":number": { S: number } },
    },
  );
  for await (const { Items = [] } of query) {
    keys.push(
      ...Items.map((item) => Object.fromEntries(keyNames.flatMap((key) => (item[key] ? [[key, item[key]]] : [])))),
    );
    if (keys.length > contactsListed) break;
  }
  // Those of one number come in no order of their own.
  keys.sort((one, other) => JSON.stringify(one).localeCompare(JSON.stringify(other)));
  const contacts: Contact[] = [];
  for (const [n, Key] of keys.slice(0, contactsListed).entries()) {
    const item =
      n < itemsRead ? (await dynamodb.send(new GetItemCommand({ TableName: tableName, Key, ...idsAlone }))).Item : {};
    contacts.push({
      keys: Object.entries(Key).map(([name, value]) => [name, shown(value)]),
      ids: Object.entries(item ?? {})
        .filter(([name]) => !keyNames.includes(name))
        .map(([name, value]) => [name, shown(value)]),
    });
  }
  return { disposition, contacts, more: keys.length > contactsListed };
}

const idsAlone = { ProjectionExpression: contactIdAttributes.join(", ") };

/** A key is a string, a number or bytes; what else an attribute may be is shown as JSON. */
function shown(value: AttributeValue): string {
  return value.S ?? value.N ?? (value.B ? Buffer.from(value.B).toString("base64") : JSON.stringify(value));
}
