/** Tests that service, region, operation and input of a request to AWS are recognized. */
import fc from "fast-check";
import { describeRequest } from "../../../emulators/aws/aws-request";

const signed = (service: string, more: Record<string, string> = {}) => ({
  authorization: `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`,
  ...more,
});
const form = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" };

test.each([
  ["s3", "PUT", "/bucket", "CreateBucket"],
  ["s3", "HEAD", "/bucket/", "HeadBucket"],
  ["s3", "GET", "/bucket?list-type=2&prefix=a", "ListObjectsV2"],
  ["s3", "PUT", "/bucket?versioning", "PutBucketVersioning"],
  ["s3", "GET", "/bucket?encryption=", "GetBucketEncryption"],
  ["s3", "PUT", "/bucket/a/b.tfstate.tflock?x-id=PutObject", "PutObject"],
  ["s3", "DELETE", "/bucket/a//b", "DeleteObject"],
  ["lambda", "POST", "/2015-03-31/functions", "CreateFunction"],
  ["lambda", "GET", "/2015-03-31/functions/f?Qualifier=live", "GetFunction"],
  ["lambda", "GET", "/2020-06-30/functions/f/code-signing-config", "GetFunctionCodeSigningConfig"],
  ["lambda", "PUT", "/2015-03-31/functions/f/aliases/live", "UpdateAlias"],
  ["lambda", "DELETE", "/2015-03-31/functions/f/policy/connect?Qualifier=live", "RemovePermission"],
  ["lambda", "GET", "/2099-01-01/new-things", "GET /2099-01-01/new-things"],
  ["connect", "PUT", "/instance/1/lambda-function", "AssociateLambdaFunction"],
  ["monitoring", "POST", "/service/GraniteServiceVersion20100801/operation/PutMetricAlarm", "PutMetricAlarm"],
])("%s %s %s is %s", (service, method, url, operation) => {
  expect(describeRequest(method, url, signed(service), Buffer.alloc(0))).toMatchObject({
    service,
    region: "us-east-1",
    operation,
  });
});

test("the operation is read from the target header of JSON protocols and from the form of query protocols", () => {
  const headers = signed("dynamodb", { "x-amz-target": "DynamoDB_20120810.UpdateTable" });
  expect(describeRequest("POST", "/", headers, Buffer.from('{"TableName":"t"}'))).toMatchObject({
    operation: "UpdateTable",
    input: { TableName: "t" },
  });
  expect(describeRequest("POST", "/", signed("iam", form), Buffer.from("Action=GetRole&RoleName=r"))).toMatchObject({
    operation: "GetRole",
    input: { Action: "GetRole", RoleName: "r" },
  });
});

test("service and region are read from a presigned URL as from a signed header", () => {
  const url = "/bucket/key?X-Amz-Credential=AKIDEXAMPLE%2F20260101%2Feu-west-2%2Fs3%2Faws4_request&X-Amz-Signature=0";
  expect(describeRequest("GET", url, {}, Buffer.alloc(0))).toMatchObject({
    service: "s3",
    region: "eu-west-2",
    operation: "GetObject",
  });
});

test("forms to STS are not recorded, because they contain identity tokens", () => {
  const body = Buffer.from("Action=AssumeRoleWithWebIdentity&WebIdentityToken=secret");
  for (const headers of [form, signed("sts", form)])
    expect(describeRequest("POST", "/", headers, body)).toMatchObject({
      operation: "AssumeRoleWithWebIdentity",
      input: undefined,
    });
});

test("any request is parsed without an error and with its body unchanged", () => {
  const headers = fc.record(
    {
      authorization: fc.oneof(
        fc.string(),
        fc.string().map((credential) => `Credential=${credential}`),
      ),
      "content-type": fc.constantFrom("application/json", "application/x-www-form-urlencoded", ""),
      "x-amz-target": fc.string(),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.string(), fc.webPath(), headers, fc.uint8Array(), (method, url, given, body) => {
      const request = describeRequest(method, url, given, Buffer.from(body));
      expect(Buffer.from(body).equals(request.body)).toBe(true);
      expect(typeof request.operation).toBe("string");
    }),
  );
});
