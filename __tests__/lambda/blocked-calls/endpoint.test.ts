/** The endpoint is the one that an AWS SDK would use. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { endpointOf } from "../../../lambda/blocked-calls/endpoint";

test.each(["us-east-1", "eu-central-2", "us-gov-west-1", "cn-north-1", "cn-northwest-1"])("in %s", (region) => {
  const { endpointProvider } = new DynamoDBClient({ region }).config;
  expect(endpointOf("dynamodb", {}, region).href).toBe(endpointProvider({ Region: region }).url.href);
  const lambda = new LambdaClient({ region }).config;
  expect(endpointOf("lambda", {}, region).href).toBe(lambda.endpointProvider({ Region: region }).url.href);
});

test.each([
  [
    "the service's own variable",
    { AWS_ENDPOINT_URL_DYNAMODB: "http://one:1", AWS_ENDPOINT_URL: "http://two:2" },
    "http://one:1/",
  ],
  ["the variable for all services", { AWS_ENDPOINT_URL: "https://two:2/path" }, "https://two:2/path"],
  [
    "an empty variable, which is none",
    { AWS_ENDPOINT_URL_DYNAMODB: "", AWS_ENDPOINT_URL: "http://two:2" },
    "http://two:2/",
  ],
  [
    "variables that are to be ignored",
    { AWS_ENDPOINT_URL: "http://two:2", AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true" },
    "https://dynamodb.us-east-1.amazonaws.com/",
  ],
])("%s", (_, environment, expected) => {
  expect(endpointOf("dynamodb", environment, "us-east-1").href).toBe(expected);
});

test.each(["not a url", "localhost:4566", "ftp://example.com"])("%p is refused without being quoted", (url) => {
  expect(() => endpointOf("dynamodb", { AWS_ENDPOINT_URL: url }, "us-east-1")).toThrow(
    "the DynamoDB endpoint is not an http or https URL: see AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL",
  );
});

test("each service has a variable of its own", () => {
  const environment = { AWS_ENDPOINT_URL_DYNAMODB: "http://one:1", AWS_ENDPOINT_URL: "http://two:2" };
  expect(endpointOf("lambda", environment, "us-east-1").href).toBe("http://two:2/");
  expect(endpointOf("lambda", { ...environment, AWS_ENDPOINT_URL_LAMBDA: "http://three:3" }, "us-east-1").href).toBe(
    "http://three:3/",
  );
});
