// Baseline (b): the lookup of the vendor's guide with the DocumentClient of AWS SDK v2, which the runtimes until Node.js 16 contain.
const AWS = require("aws-sdk");

// SDK v2 does not read AWS_ENDPOINT_URL_DYNAMODB.
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
