// Baseline (d): one signed request over node:https, without policy, limits, retries and log line.
import { Agent, request } from "node:https";
import { signedHeaders } from "../../../lambda/blocked-calls/signature";

const agent = new Agent({ keepAlive: true });
const { hostname, port, host } = new URL(process.env["AWS_ENDPOINT_URL_DYNAMODB"] ?? "");
const credentials = {
  accessKeyId: process.env["AWS_ACCESS_KEY_ID"] ?? "",
  secretAccessKey: process.env["AWS_SECRET_ACCESS_KEY"] ?? "",
  sessionToken: process.env["AWS_SESSION_TOKEN"],
};

interface Event {
  readonly Details: {
    readonly Parameters: { readonly BlockedDisposition: string };
    readonly ContactData: { readonly CustomerEndpoint: { readonly Address: string } };
  };
}

export const handler = (event: Event): Promise<{ readonly response: string }> =>
  new Promise((resolve, reject) => {
    const body = JSON.stringify({
      TableName: process.env["TABLE_NAME"],
      IndexName: "Disposition-CustomerEndpoint-index",
      KeyConditionExpression: "#d = :d AND #c = :c",
      ExpressionAttributeNames: { "#d": "Disposition", "#c": "CustomerEndpoint" },
      ExpressionAttributeValues: {
        ":d": { S: event.Details.Parameters.BlockedDisposition },
        ":c": { S: event.Details.ContactData.CustomerEndpoint.Address },
      },
      Limit: 1,
      Select: "COUNT",
    });
    const region = process.env["AWS_REGION"] ?? "";
    const target = "DynamoDB_20120810.Query";
    const headers = signedHeaders(
      { service: "dynamodb", host, path: "/", region, target, body },
      credentials,
      new Date(),
    );
    const sent = request({ agent, hostname, port, method: "POST", path: "/", headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        const { Count } = JSON.parse(Buffer.concat(chunks).toString()) as { readonly Count: number };
        resolve({ response: Count > 0 ? "match" : "nomatch" });
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
