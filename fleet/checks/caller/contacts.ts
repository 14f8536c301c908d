/** Reads the contacts of one number with a Disposition: keys from the index, contact ids from the items. */
import { GetItemCommand, paginateQuery, type AttributeValue, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { contactIdAttributes } from "../../aws/contact-id-attributes";
import { indexQuery } from "../../aws/index-query";

export interface Contact {
  /** The table's keys in order: `hash` and `range`. */
  readonly keys: readonly (readonly [string, string])[];
  /** The attributes of {@link contactIdAttributes} that the contact has; empty if the item was not read. */
  readonly ids: readonly (readonly [string, string])[];
}

/** The contacts of one number with one Disposition. */
export interface ContactList {
  readonly disposition: string;
  readonly contacts: readonly Contact[];
  /** Whether there are more contacts, which were not read. */
  readonly more: boolean;
}

/** Maximum number of contacts per Disposition, and maximum number of items that are read for the contact id. Each item is one request. */
export const [contactsListed, itemsRead] = [200, 20] as const;

/**
 * The contacts of a number with exactly this Disposition.
 *
 * @param keyNames names of the table's keys, from {@link tableKeys}
 * @throws errors of the SDK
 */
export async function contactsWithDisposition(
  dynamodb: DynamoDBClient,
  tableName: string,
  keyNames: readonly string[],
  disposition: string,
  number: string,
): Promise<ContactList> {
  const keys: Record<string, AttributeValue>[] = [];
  const query = paginateQuery(
    { client: dynamodb, pageSize: contactsListed + 1 },
    indexQuery(tableName, disposition, number),
  );
  for await (const { Items = [] } of query) {
    keys.push(
      ...Items.map((item) => Object.fromEntries(keyNames.flatMap((key) => (item[key] ? [[key, item[key]]] : [])))),
    );
    if (keys.length > contactsListed) break;
  }
  // The index returns the contacts of one number in no defined order.
  keys.sort((keyA, keyB) => JSON.stringify(keyA).localeCompare(JSON.stringify(keyB)));
  const contacts: Contact[] = [];
  for (const [n, Key] of keys.slice(0, contactsListed).entries()) {
    const item =
      n < itemsRead ? (await dynamodb.send(new GetItemCommand({ TableName: tableName, Key, ...idsAlone }))).Item : {};
    contacts.push({
      keys: Object.entries(Key).map(([name, value]) => [name, shownValue(value)]),
      ids: Object.entries(item ?? {})
        .filter(([name]) => !keyNames.includes(name))
        .map(([name, value]) => [name, shownValue(value)]),
    });
  }
  return { disposition, contacts, more: keys.length > contactsListed };
}

const idsAlone = { ProjectionExpression: contactIdAttributes.join(", ") };

/** Keys are strings, numbers or bytes. Other types are shown as JSON. */
export function shownValue(value: AttributeValue): string {
  return value.S ?? value.N ?? (value.B ? Buffer.from(value.B).toString("base64") : JSON.stringify(value));
}
