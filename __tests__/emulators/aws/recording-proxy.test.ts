/** Tests the recording proxy with a real HTTP server: forwarded requests and recorded calls. */
import { createHash } from "node:crypto";
import { createServer, request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { forwardTo } from "../../../emulators/aws/aws-endpoint";
import { type RecordingProxy, startRecordingProxy } from "../../../emulators/aws/recording-proxy";

const secret = "AKIDSECRETSECRET";
const signed = (service: string, more: Record<string, string> = {}) => ({
  authorization: `AWS4-HMAC-SHA256 Credential=${secret}/20260101/us-east-1/${service}/aws4_request, Signature=${secret}`,
  "x-amz-security-token": secret,
  ...more,
});

/** Responds to each request with its URL, headers and body hash as JSON. The response to HEAD has only a content length. */
let upstream: Server;
let proxy: RecordingProxy;
beforeAll(async () => {
  upstream = createServer((incoming, outgoing) => {
    const hash = createHash("sha256");
    incoming.on("data", (chunk: Buffer) => hash.update(chunk));
    incoming.on("end", () => {
      if (incoming.method === "HEAD") outgoing.writeHead(200, { "content-length": 12345 }).end();
      else
        outgoing
          .writeHead(200, { "content-type": "application/json" })
          .end(JSON.stringify({ url: incoming.url, headers: incoming.headers, sha256: hash.digest("hex") }));
    });
  });
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
});
beforeEach(async () => {
  proxy = await startRecordingProxy(forwardTo(`http://127.0.0.1:${(upstream.address() as AddressInfo).port}`), {
    connect: () => ({ status: 404, headers: { "content-type": "application/json" }, body: '{"Message":"no"}' }),
  });
});
afterEach(() => proxy.close());
afterAll(() => {
  upstream.close();
});

interface Echo {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly sha256: string;
}
const dynamodb = async (operation: string, input: object = {}) =>
  (
    await fetch(proxy.url, {
      method: "POST",
      headers: signed("dynamodb", { "x-amz-target": `DynamoDB_20120810.${operation}` }),
      body: JSON.stringify(input),
    })
  ).json();

test("chunked bodies with trailing checksums are forwarded with unchanged bytes and path", async () => {
  const path = fc.constantFrom("/bucket/key", "/bucket/a/../b", "//double", "/bucket/%2E%2e/%20?x-id=PutObject");
  await fc.assert(
    fc.asyncProperty(path, fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 5 }), async (url, chunks) => {
      const echo = await new Promise<Echo>((resolve, reject) => {
        const outgoing = httpRequest(
          proxy.url,
          {
            path: url,
            method: "PUT",
            headers: signed("s3", {
              "content-encoding": "aws-chunked",
              "x-amz-trailer": "x-amz-checksum-crc32",
              "transfer-encoding": "chunked",
            }),
          },
          (incoming) => {
            let text = "";
            incoming.on("data", (chunk: Buffer) => (text += chunk.toString()));
            incoming.on("end", () => {
              resolve(JSON.parse(text) as Echo);
            });
          },
        );
        outgoing.on("error", reject);
        for (const chunk of chunks) outgoing.write(chunk);
        outgoing.end();
      });
      expect(echo.sha256).toBe(createHash("sha256").update(Buffer.concat(chunks)).digest("hex"));
      expect(echo.url).toBe(url);
      expect(echo.headers).toMatchObject({
        "content-encoding": "aws-chunked",
        "x-amz-trailer": "x-amz-checksum-crc32",
        authorization: signed("s3").authorization,
      });
    }),
    { numRuns: 50 },
  );
});

test("the response to HEAD keeps its content length", async () => {
  const answer = await fetch(`${proxy.url}/bucket/key`, { method: "HEAD", headers: signed("s3") });
  expect(answer.headers.get("content-length")).toBe("12345");
});

test("a call is recorded with service, operation, region, input, status and output", async () => {
  await dynamodb("DescribeTable", { TableName: "t" });
  await fetch(`${proxy.url}/instance/1`, { headers: signed("connect") });
  expect(proxy.calls()).toMatchObject([
    {
      service: "dynamodb",
      operation: "DescribeTable",
      region: "us-east-1",
      input: { TableName: "t" },
      status: 200,
      output: { url: "/" },
    },
    { service: "connect", operation: "DescribeInstance", status: 404, output: { Message: "no" } },
  ]);
  proxy.clear();
  expect(proxy.calls()).toEqual([]);
});

test("credentials in headers and presigned URLs are not recorded", async () => {
  await fetch(`${proxy.url}/instance/1`, { headers: signed("connect") });
  await fetch(
    `${proxy.url}/instance/1?keep=this&X-Amz-Credential=${secret}%2F20260101%2Fus-east-1%2Fconnect%2Faws4_request&X-Amz-Signature=${secret}&X-Amz-Security-Token=${secret}`,
  );
  expect(proxy.calls()).toHaveLength(2);
  expect(JSON.stringify(proxy.calls())).not.toContain(secret);
  expect(proxy.calls()[1]).toMatchObject({ service: "connect", url: "/instance/1?keep=this" });
});

test("calls are recorded in the order of their requests, not of their responses", async () => {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  proxy.intercept(
    ({ operation }) => operation === "CreateTable",
    async () => {
      await released;
      return { status: 200, body: "{}" };
    },
  );
  const slow = dynamodb("CreateTable");
  await dynamodb("DescribeTable");
  release();
  await slow;
  expect(proxy.calls().map(({ operation }) => operation)).toEqual(["CreateTable", "DescribeTable"]);
});

test("every DynamoDB operation except a read counts as a change", async () => {
  const reads = ["DescribeTable", "ListTables", "GetItem", "BatchGetItem", "TransactGetItems", "Query", "Scan"];
  const others = ["UpdateTable", "PutItem", "ExecuteStatement", "BatchWriteItem", "TagResource", "SomethingNew"];
  for (const operation of [...reads, ...others]) await dynamodb(operation);
  expect(proxy.mutating("dynamodb").map(({ operation }) => operation)).toEqual(others);
  expect(proxy.mutating("s3")).toEqual([]);
});

test("an interception answers instead of the emulator until it is removed, and is recorded", async () => {
  const removeInterception = proxy.intercept(
    ({ operation, input }) => operation === "UpdateTable" && (input as { TableName?: string }).TableName === "t",
    () => ({ status: 400, body: JSON.stringify({ __type: "LimitExceededException" }) }),
  );
  expect(await dynamodb("UpdateTable", { TableName: "t" })).toEqual({ __type: "LimitExceededException" });
  expect(await dynamodb("UpdateTable", { TableName: "other" })).toHaveProperty("sha256");
  removeInterception();
  expect(await dynamodb("UpdateTable", { TableName: "t" })).toHaveProperty("sha256");
  expect(proxy.calls().map(({ status }) => status)).toEqual([400, 200, 200]);
});

test("an unreachable emulator gives an error with its cause that SDKs do not retry", async () => {
  const orphan = await startRecordingProxy(forwardTo("http://127.0.0.1:1"), {});
  const answer = await fetch(orphan.url, { method: "POST" });
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({
    __type: "EmulatorFailure",
    message: expect.stringContaining("ECONNREFUSED") as string,
  });
  await orphan.close();
});
