// Yardstick (b): the lookup as in the vendor's guide, with the DocumentClient of SDK v2 that runtimes carried until Node 16.
const AWS = require("aws-sdk");

// Version 2 does not know AWS_ENDPOINT_URL_DYNAMODB.
const client = new AWS.DynamoDB.DocumentClient({ endpoint: process.env.AWS_ENDPOINT_URL_DYNAMODB });

exports.handler = async (event) => {
  const { BlockedDisposition } = event.Details.Parameters;
  const { Items } = await client
    .query({
      TableName: process.env.TABLE_NAME,
      IndexName: "Disposition-CustomerEndpoint-index",
      KeyConditionExpression: "#d = :d AND #c = :c",
      ExpressionAttributeNames: { "#d": "Disposition", "#c": "CustomerEndpoint" },
      ExpressionAttributeValues: {
        ":d": BlockedDisposition,
        ":c": event.Details.ContactData.CustomerEndpoint.Address,
      },
    })
    .promise();
  return { response: Items.length > 0 ? "match" : "nomatch" };
};
