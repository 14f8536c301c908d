/** Lists the names of the attributes that blocked contacts have, for `contactDetails`. Values are never shown. */
import { type AttributeValue, type DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import type { InstanceConfig } from "../../../config/types";
import { attachPolicyFix, isAccessDenied } from "../../aws/errors";
import { redactText } from "../../output/redact";
import { ok } from "../finding";
import { type Finding, warning } from "./check";
import type { Item } from "./contact-stats";

/** Maximum number of names in the message. */
const maxNames = 100;

const types: Readonly<Record<string, string>> = {
  S: "text",
  N: "number",
  BOOL: "true or false",
  M: "map",
  L: "list",
  SS: "set of texts",
  NS: "set of numbers",
};

/**
 * Reads each of the contacts completely, because DynamoDB has no request for names alone.
 *
 * @param keys the table's keys of contacts with a blocked Disposition
 * @throws errors of the SDK, except a refused request
 */
export async function contactAttributesFinding(
  { table, blockedDispositions }: InstanceConfig,
  dynamodb: Pick<DynamoDBClient, "send">,
  keys: readonly Item[],
): Promise<Finding> {
  if (keys.length === 0) {
    const named = blockedDispositions.map((name) => JSON.stringify(redactText(name))).join(" or ");
    return warning(
      `The scan of this run found no contact with the Disposition ${named}, so the attributes are unknown.`,
      "Read more contacts with --sample or --full, without --resume.",
    );
  }
  const found = new Map<string, string>();
  for (const key of keys) {
    let Item: Readonly<Record<string, AttributeValue>> | undefined;
    try {
      ({ Item } = await dynamodb.send(new GetItemCommand({ TableName: table.name, Key: { ...key } })));
    } catch (error) {
      if (!isAccessDenied(error)) throw error;
      const fix = `${attachPolicyFix("contact-attributes")} Detach the policy when you have written contactDetails.`;
      return warning("The role may not read whole contacts.", fix);
    }
    for (const [name, value] of Object.entries(Item ?? {})) {
      const [type = ""] = Object.keys(value);
      found.set(name, types[type] ?? "binary");
    }
  }
  const names = [...found].sort(([one], [other]) => (one < other ? -1 : 1));
  const shown = names.slice(0, maxNames).map(([name, type]) => `${redactText(name)} (${type})`);
  const rest = names.length > maxNames ? ` and ${names.length - maxNames} more` : "";
  return ok(
    `Attributes of ${keys.length} blocked ${keys.length === 1 ? "contact" : "contacts"}: ${shown.join(", ")}${rest}. ` +
      "contactDetails can name text, numbers and true or false.",
  );
}
