/** Queries the index and invokes the function from inside AWS, with the credentials of the canary's role. */
import { resolveEndpoint } from "../blocked-calls/endpoint";
import { errorName } from "../blocked-calls/log-line";
import { field } from "../blocked-calls/field";
import { readCredentials, signedHeaders } from "../blocked-calls/signature";
import { INDEX_NAME, type Environment } from "../settings";
import { CONTACTS_READ, type ProbeAccess } from "./probe";
import type { CanarySettings } from "./settings";

/** Time limit for one request, in milliseconds. A flow waits at most 8 s, so a slower answer has no use. */
const REQUEST_MS = 10_000;

/** AWS refused a request. The message has the name of AWS's error, such as `AccessDeniedException`. */
export class Refused extends Error {
  override readonly name = "Refused";
}

/** @throws Error if the region, the credentials or the endpoint are missing or invalid */
export function createProbeAccess(settings: CanarySettings, environment: Environment): ProbeAccess {
  const region = environment["AWS_REGION"];
  const credentials = readCredentials(environment);
  if (!region || credentials === undefined) throw new Error("AWS_REGION or the credentials are not set.");

  const send = async (service: "dynamodb" | "lambda", path: string, target: string | undefined, input: unknown) => {
    const url = new URL(path, resolveEndpoint(service, environment, region));
    const body = JSON.stringify(input);
    const request = { service, host: url.host, path: url.pathname, region, target, body };
    const headers = signedHeaders(request, credentials, new Date());
    const response = await fetch(url, { method: "POST", headers, body, signal: AbortSignal.timeout(REQUEST_MS) });
    const json: unknown = await response.json().catch(() => undefined);
    if (response.ok) return json;
    const type = response.headers.get("x-amzn-errortype") ?? field(json, "__type");
    const name =
      typeof type === "string" ? errorName(type.slice(type.lastIndexOf("#") + 1).replace(/:.*$/, "")) : undefined;
    throw new Refused(`${service} answered ${name ?? response.status}`);
  };

  const query = (condition: string, values: Record<string, string>, options: object): Promise<unknown> =>
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
      ...options,
    });

  return {
    async *listedNumbers(disposition) {
      let startKey: unknown;
      do {
        const start = startKey === undefined ? {} : { ExclusiveStartKey: startKey };
        const page = await query("#d = :d", { ":d": disposition }, { Limit: CONTACTS_READ, ...start });
        const items = field(page, "Items");
        for (const item of Array.isArray(items) ? items : []) yield String(field(item, "CustomerEndpoint", "S"));
        startKey = field(page, "LastEvaluatedKey");
      } while (startKey !== undefined);
    },
    async isListed(disposition, number) {
      const page = await query(
        "#d = :d AND #c = :c",
        { ":d": disposition, ":c": number },
        { Limit: 1, Select: "COUNT" },
      );
      return field(page, "Count") !== 0;
    },
    invoke: (event) =>
      send("lambda", `/2015-03-31/functions/${encodeURIComponent(settings.functionArn)}/invocations`, undefined, event),
  };
}
