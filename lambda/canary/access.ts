/** Reaches the index and the function from inside AWS, with the role's own credentials. */
import { endpointOf } from "../blocked-calls/endpoint";
import { errorName } from "../blocked-calls/log-line";
import { field } from "../blocked-calls/field";
import { credentialsOf, signedHeaders } from "../blocked-calls/signature";
import { INDEX_NAME, type Environment } from "../settings";
import { CONTACTS_READ, type ProbeAccess } from "./probe";
import type { CanarySettings } from "./settings";

/** Time for one request, in milliseconds: a function that takes longer than a flow may wait (8 s) is as good as silent. */
const REQUEST_MS = 10_000;

/** A request that AWS refused, by the name that it gives: `AccessDeniedException`. */
export class Refused extends Error {
  override readonly name = "Refused";
}

/** @throws Error where region, credentials or endpoint are missing or wrong */
export function accessFor(settings: CanarySettings, environment: Environment): ProbeAccess {
  const region = environment["AWS_REGION"];
  const credentials = credentialsOf(environment);
  if (!region || credentials === undefined) throw new Error("AWS_REGION or credentials are not set");

  const send = async (service: "dynamodb" | "lambda", path: string, target: string | undefined, input: unknown) => {
    const url = new URL(path, endpointOf(service, environment, region));
    const body = JSON.stringify(input);
    const request = { service, host: url.host, path: url.pathname, region, target, body };
    const headers = signedHeaders(request, credentials, new Date());
    const response = await fetch(url, { method: "POST", headers, body, signal: AbortSignal.timeout(REQUEST_MS) });
    const answer: unknown = await response.json().catch(() => undefined);
    if (response.ok) return answer;
    const type = response.headers.get("x-amzn-errortype") ?? field(answer, "__type");
    const name =
      typeof type === "string" ? errorName(type.slice(type.lastIndexOf("#") + 1).replace(/:.*$/, "")) : undefined;
    throw new Refused(`${service} answered ${name ?? response.status}`);
  };

  const query = (condition: string, values: Record<string, string>, more: object): Promise<unknown> =>
    send("dynamodb", "/", "DynamoDB_20120810.Query", {
      TableName: settings.tableName,
      IndexName: INDEX_NAME,
      KeyConditionExpression: condition,
      ExpressionAttributeNames: Object.fromEntries(
        ["#d", "#c"]
          .filter((name) => condition.includes(name))
          .map((name) => [name, name === "#d" ? "Disposition" : "CustomerEndpoint"]),
      ),
      ExpressionAttributeValues: Object.fromEntries(Object.entries(values).map(([name, S]) => [name, { S }])),
      ...more,
    });

  return {
    async *listed(disposition) {
      let from: unknown;
      do {
        const start = from === undefined ? {} : { ExclusiveStartKey: from };
        const page = await query("#d = :d", { ":d": disposition }, { Limit: CONTACTS_READ, ...start });
        const items = field(page, "Items");
        for (const item of Array.isArray(items) ? items : []) yield String(field(item, "CustomerEndpoint", "S"));
        from = field(page, "LastEvaluatedKey");
      } while (from !== undefined);
    },
    async isListed(disposition, number) {
      const page = await query(
        "#d = :d AND #c = :c",
        { ":d": disposition, ":c": number },
        { Limit: 1, Select: "COUNT" },
      );
      return field(page, "Count") !== 0;
    },
    ask: (event) =>
      send("lambda", `/2015-03-31/functions/${encodeURIComponent(settings.functionArn)}/invocations`, undefined, event),
  };
}
