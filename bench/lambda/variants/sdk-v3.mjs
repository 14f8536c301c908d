// Baseline (a): the lookup with the AWS SDK for JavaScript v3. As AWS recommends, the client is created outside the handler.
import { DynamoDBClient, QueryCommand } from "@aws-sdk/client-dynamodb";

const client = new DynamoDBClient({});

export const handler = async (event) => {
  const { BlockedDisposition } = event.Details.Parameters;
  const { Count } = await client.send(
    new QueryCommand({
      TableName: process.env.TABLE_NAME,
      IndexName: "Disposition-CustomerEndpoint-index",
      KeyConditionExpression: "#d = :d AND #c = :c",
      ExpressionAttributeNames: { "#d": "Disposition", "#c": "CustomerEndpoint" },
      ExpressionAttributeValues: {
        ":d": { S: BlockedDisposition },
        ":c": { S: event.Details.ContactData.CustomerEndpoint.Address },
      },
      Limit: 1,
      Select: "COUNT",
    }),
  );
  return { response: Count ? "match" : "nomatch" };
};
