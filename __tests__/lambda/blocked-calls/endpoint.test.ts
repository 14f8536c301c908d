/** Tests that the function uses the same endpoint as an AWS SDK. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { resolveEndpoint } from "../../../lambda/blocked-calls/endpoint";

test.each(["us-east-1", "eu-central-2", "us-gov-west-1", "cn-north-1", "cn-northwest-1"])(
  "the default endpoint in %s is the endpoint of the SDK",
  (region) => {
    const { endpointProvider } = new DynamoDBClient({ region }).config;
    expect(resolveEndpoint("dynamodb", {}, region).href).toBe(endpointProvider({ Region: region }).url.href);
    const lambda = new LambdaClient({ region }).config;
    expect(resolveEndpoint("lambda", {}, region).href).toBe(lambda.endpointProvider({ Region: region }).url.href);
  },
);

test.each([
  [
    "the variable of the service wins over the variable for all services",
    { AWS_ENDPOINT_URL_DYNAMODB: "http://one:1", AWS_ENDPOINT_URL: "http://two:2" },
    "http://one:1/",
  ],
  ["the variable for all services is used", { AWS_ENDPOINT_URL: "https://two:2/path" }, "https://two:2/path"],
  [
    "an empty variable counts as not set",
    { AWS_ENDPOINT_URL_DYNAMODB: "", AWS_ENDPOINT_URL: "http://two:2" },
    "http://two:2/",
  ],
  [
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS disables the variables",
    { AWS_ENDPOINT_URL: "http://two:2", AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true" },
    "https://dynamodb.us-east-1.amazonaws.com/",
  ],
])("%s", (_, environment, expected) => {
  expect(resolveEndpoint("dynamodb", environment, "us-east-1").href).toBe(expected);
});

test.each(["not a url", "localhost:4566", "ftp://example.com"])(
  "the error for the URL %p does not contain the URL",
  (url) => {
    expect(() => resolveEndpoint("dynamodb", { AWS_ENDPOINT_URL: url }, "us-east-1")).toThrow(
      "The DynamoDB endpoint is not an http or https URL. Correct AWS_ENDPOINT_URL_DYNAMODB or AWS_ENDPOINT_URL.",
    );
  },
);

test("each service has its own variable", () => {
  const environment = { AWS_ENDPOINT_URL_DYNAMODB: "http://one:1", AWS_ENDPOINT_URL: "http://two:2" };
  expect(resolveEndpoint("lambda", environment, "us-east-1").href).toBe("http://two:2/");
  expect(
    resolveEndpoint("lambda", { ...environment, AWS_ENDPOINT_URL_LAMBDA: "http://three:3" }, "us-east-1").href,
  ).toBe("http://three:3/");
});
