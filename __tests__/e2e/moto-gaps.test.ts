/** Tests the corrected responses of moto through the SDK. */
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  DynamoDBClient,
  type TableDescription,
  UpdateTableCommand,
  type UpdateTableCommandInput,
} from "@aws-sdk/client-dynamodb";
import {
  CreateBucketCommand,
  DeleteBucketPolicyCommand,
  GetBucketPolicyCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { type Moto, startMoto } from "../../emulators/aws/moto";

const attribute = (AttributeName: string) => ({ AttributeName, AttributeType: "S" as const });
const hash = (AttributeName: string) => ({ AttributeName, KeyType: "HASH" as const });
const index = (IndexName: string, key: string) => ({
  IndexName,
  KeySchema: [hash(key)],
  Projection: { ProjectionType: "KEYS_ONLY" as const },
});

describe("moto with its gaps filled", () => {
  let moto: Moto;
  let dynamodb: DynamoDBClient;
  beforeAll(async () => {
    moto = await startMoto("111122223333");
    const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "emulated" };
    dynamodb = new DynamoDBClient({ endpoint: moto.url, region: "us-east-1", credentials });
  }, 60_000);
  afterAll(async () => {
    dynamodb.destroy();
    await moto.stop();
  });

  const create = (TableName: string, more: Partial<CreateTableCommandInput> = {}) =>
    dynamodb.send(
      new CreateTableCommand({
        TableName,
        AttributeDefinitions: [attribute("hash")],
        KeySchema: [hash("hash")],
        BillingMode: "PAY_PER_REQUEST",
        ...more,
      }),
    );
  const update = (TableName: string, changes: Partial<UpdateTableCommandInput>) =>
    dynamodb.send(new UpdateTableCommand({ TableName, ...changes }));
  const describeTable = async (TableName: string): Promise<TableDescription> =>
    (await dynamodb.send(new DescribeTableCommand({ TableName }))).Table ?? {};
  const attributeNames = ({ AttributeDefinitions = [] }: TableDescription) =>
    AttributeDefinitions.map(({ AttributeName }) => AttributeName).sort();

  test("a new index adds its attribute definitions, and a deleted index removes them", async () => {
    await create("attributes", {
      AttributeDefinitions: [attribute("hash"), attribute("a")],
      GlobalSecondaryIndexes: [index("by-a", "a")],
    });
    await update("attributes", {
      AttributeDefinitions: [attribute("b")],
      GlobalSecondaryIndexUpdates: [{ Create: index("by-b", "b") }],
    });
    expect(attributeNames(await describeTable("attributes"))).toEqual(["a", "b", "hash"]);
    await update("attributes", { GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: "by-a" } }] });
    expect(attributeNames(await describeTable("attributes"))).toEqual(["b", "hash"]);
  });

  test("a new index is CREATING before it is ACTIVE", async () => {
    await create("building");
    const { TableDescription: answer } = await update("building", {
      AttributeDefinitions: [attribute("b")],
      GlobalSecondaryIndexUpdates: [{ Create: index("by-b", "b") }],
    });
    const seen = [answer, await describeTable("building"), await describeTable("building")].map((table) => [
      table?.TableStatus,
      table?.GlobalSecondaryIndexes?.[0]?.IndexStatus,
    ]);
    expect(seen).toEqual([
      ["UPDATING", "CREATING"],
      ["UPDATING", "CREATING"],
      ["ACTIVE", "ACTIVE"],
    ]);
  });

  test("table class and on-demand throughput of table and index are kept and changed", async () => {
    const throughput = (units: number) => ({ MaxReadRequestUnits: units, MaxWriteRequestUnits: units });
    await create("rich", {
      AttributeDefinitions: [attribute("hash"), attribute("a")],
      TableClass: "STANDARD_INFREQUENT_ACCESS",
      OnDemandThroughput: throughput(10),
      GlobalSecondaryIndexes: [{ ...index("by-a", "a"), OnDemandThroughput: throughput(20) }],
    });
    expect(await describeTable("rich")).toMatchObject({
      TableClassSummary: { TableClass: "STANDARD_INFREQUENT_ACCESS" },
      OnDemandThroughput: throughput(10),
      GlobalSecondaryIndexes: [{ OnDemandThroughput: throughput(20) }],
    });
    await update("rich", {
      TableClass: "STANDARD",
      GlobalSecondaryIndexUpdates: [{ Update: { IndexName: "by-a", OnDemandThroughput: throughput(30) } }],
    });
    expect(await describeTable("rich")).toMatchObject({
      TableClassSummary: { TableClass: "STANDARD" },
      OnDemandThroughput: throughput(10),
      GlobalSecondaryIndexes: [{ OnDemandThroughput: throughput(30) }],
    });
  });

  test("a plain provisioned table lacks the fields that AWS omits", async () => {
    await create("plain", {
      BillingMode: "PROVISIONED",
      ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 6 },
    });
    const table = await describeTable("plain");
    expect(table.ProvisionedThroughput).toMatchObject({ ReadCapacityUnits: 5, WriteCapacityUnits: 6 });
    for (const absent of ["BillingModeSummary", "GlobalSecondaryIndexes", "LocalSecondaryIndexes", "TableClassSummary"])
      expect(table).not.toHaveProperty(absent);
  });

  test("a changed answer has no checksum of the original, because Go SDKs compare it", async () => {
    await create("checked");
    const answer = await fetch(moto.url, {
      method: "POST",
      headers: {
        authorization: "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/dynamodb/aws4_request, Signature=0",
        "x-amz-target": "DynamoDB_20120810.DescribeTable",
      },
      body: JSON.stringify({ TableName: "checked" }),
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("x-amz-crc32")).toBeNull();
  });

  test("an error of moto passes unchanged", async () => {
    await expect(describeTable("absent")).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  });

  test("a bucket whose policy requires TLS answers, and keeps the complete policy", async () => {
    const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "emulated" };
    const s3 = new S3Client({ endpoint: moto.url, region: "us-east-1", forcePathStyle: true, credentials });
    const bucket = { Bucket: "tls-only" };
    const every = { Principal: "*", Action: "s3:*", Resource: ["arn:aws:s3:::tls-only", "arn:aws:s3:::tls-only/*"] };
    const tlsOnly = { Effect: "Deny", ...every, Condition: { Bool: { "aws:SecureTransport": "false" } } };
    const policyOf = (...Statement: readonly object[]) => JSON.stringify({ Version: "2012-10-17", Statement });
    const policy = async () => (await s3.send(new GetBucketPolicyCommand(bucket))).Policy;
    await s3.send(new CreateBucketCommand(bucket));

    const Policy = policyOf(tlsOnly, { Effect: "Allow", ...every });
    await s3.send(new PutBucketPolicyCommand({ ...bucket, Policy }));
    expect(await policy()).toBe(Policy);
    await s3.send(new PutObjectCommand({ ...bucket, Key: "k", Body: "text" }));

    // Any other statement that denies is in force.
    await s3.send(new PutBucketPolicyCommand({ ...bucket, Policy: policyOf({ Effect: "Deny", ...every }) }));
    await expect(s3.send(new PutObjectCommand({ ...bucket, Key: "k", Body: "text" }))).rejects.toThrow();
    await s3.send(new DeleteBucketPolicyCommand(bucket));
    await expect(policy()).rejects.toMatchObject({ name: "NoSuchBucketPolicy" });
    s3.destroy();
  });

  test("a function keeps its logging configuration with AWS defaults, and the architecture of new code", async () => {
    const send = async (service: string, method: string, path: string, headers: object, body?: string) => {
      const scope = `AKIDEXAMPLE/20260101/us-east-1/${service}/aws4_request`;
      const authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`;
      const answer = await fetch(moto.url + path, {
        method,
        headers: { authorization, ...headers },
        ...(body === undefined ? {} : { body }),
      });
      const text = await answer.text();
      if (!answer.ok) throw new Error(text);
      return text;
    };
    const call = async (method: string, path: string, body?: object): Promise<unknown> =>
      JSON.parse(await send("lambda", method, path, {}, body && JSON.stringify(body)));
    const role = new URLSearchParams({ Action: "CreateRole", RoleName: "r", AssumeRolePolicyDocument: "{}" });
    await send("iam", "POST", "/", { "content-type": "application/x-www-form-urlencoded" }, role.toString());
    const functionNamed = (FunctionName: string, more: object = {}) =>
      call("POST", "/2015-03-31/functions", {
        FunctionName,
        Runtime: "nodejs22.x",
        Role: "arn:aws:iam::111122223333:role/r",
        Handler: "index.handler",
        Code: { ZipFile: "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==" },
        ...more,
      });

    await functionNamed("plain");
    expect(await call("GET", "/2015-03-31/functions/plain")).toMatchObject({
      Configuration: { LoggingConfig: { LogFormat: "Text", LogGroup: "/aws/lambda/plain" } },
    });

    await functionNamed("json", { LoggingConfig: { LogFormat: "JSON", SystemLogLevel: "WARN" } });
    const LoggingConfig = {
      LogFormat: "JSON",
      ApplicationLogLevel: "INFO",
      SystemLogLevel: "WARN",
      LogGroup: "/aws/lambda/json",
    };
    expect(await call("GET", "/2015-03-31/functions/json/configuration")).toMatchObject({ LoggingConfig });
    expect(await call("GET", "/2015-03-31/functions/json/versions")).toMatchObject({ Versions: [{ LoggingConfig }] });

    await call("PUT", "/2015-03-31/functions/json/configuration", { LoggingConfig: { LogFormat: "Text" } });
    expect(await call("GET", "/2015-03-31/functions/json")).toMatchObject({
      Configuration: { LoggingConfig: { LogFormat: "Text", LogGroup: "/aws/lambda/json" } },
    });

    await call("PUT", "/2015-03-31/functions/json/code", {
      ZipFile: "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==",
      Architectures: ["arm64"],
    });
    expect(await call("GET", "/2015-03-31/functions/json")).toMatchObject({
      Configuration: { Architectures: ["arm64"], LoggingConfig: { LogFormat: "Text" } },
    });
    expect(await call("GET", "/2015-03-31/functions/plain")).toMatchObject({
      Configuration: { Architectures: ["x86_64"] },
    });
  });
});
