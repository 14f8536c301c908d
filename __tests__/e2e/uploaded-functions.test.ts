/** Functions uploaded to moto answer `Invoke` like Lambda: by version, with its code, settings and role. */
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  CreateRoleCommand,
  DeleteRolePolicyCommand,
  IAMClient,
  PutRolePolicyCommand,
  SimulatePrincipalPolicyCommand,
} from "@aws-sdk/client-iam";
import {
  CreateAliasCommand,
  CreateFunctionCommand,
  InvokeCommand,
  LambdaClient,
  PublishVersionCommand,
  UpdateAliasCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { zipSync } from "fflate";
import { type Moto, startMoto } from "../../emulators/aws/moto";
import { type RecordingProxy, startRecordingProxy } from "../../emulators/aws/recording-proxy";
import { rolesIn, type Roles } from "../../emulators/iam/roles";
import { runUploadedFunctions, type UploadedFunctions } from "../../emulators/aws/uploaded-functions";

jest.setTimeout(60_000);

const role = "arn:aws:iam::111122223333:role/lookup";
let moto: Moto;
let proxy: RecordingProxy;
let roles: Roles;
let functions: UploadedFunctions;
let lambda: LambdaClient;
let iam: IAMClient;

beforeAll(async () => {
  moto = await startMoto("111122223333");
  roles = rolesIn(moto.url);
  functions = runUploadedFunctions({
    moto: moto.respond,
    motoUrl: moto.url,
    environment: (roleArn) => ({ AWS_ENDPOINT_URL: proxy.url, AWS_ACCESS_KEY_ID: roles.accessKeyOf(roleArn) }),
  });
  proxy = await startRecordingProxy(moto.respond, {
    dynamodb: roles.enforcePolicies(moto.respond),
    iam: roles.answerSimulations(moto.respond),
    lambda: functions.lambda,
  });
  const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "emulated" };
  const settings = { endpoint: proxy.url, region: "us-east-1", credentials, maxAttempts: 1 };
  lambda = new LambdaClient(settings);
  iam = new IAMClient(settings);
  await iam.send(new CreateRoleCommand({ RoleName: "lookup", AssumeRolePolicyDocument: "{}" }));
  const dynamodb = new DynamoDBClient(settings);
  await dynamodb.send(
    new CreateTableCommand({
      TableName: "dextr-acme",
      AttributeDefinitions: [{ AttributeName: "hash", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "hash", KeyType: "HASH" }],
      BillingMode: "PAY_PER_REQUEST",
    }),
  );
  dynamodb.destroy();
});

afterAll(async () => {
  lambda.destroy();
  iam.destroy();
  await functions.close();
  roles.close();
  await proxy.close();
  await moto.stop();
});

const zip = (source: string): Uint8Array => zipSync({ "index.js": Buffer.from(source) });
/** The zip of a function that returns its code name, a setting, its version and its input. */
const reportingZip = (code: string): Uint8Array =>
  zip(`exports.handler = async (event) => {
    console.log("asked " + event.n);
    return { code: "${code}", setting: process.env.SETTING, version: process.env.AWS_LAMBDA_FUNCTION_VERSION, event };
  };`);

const create = (FunctionName: string, ZipFile: Uint8Array) =>
  lambda.send(
    new CreateFunctionCommand({
      FunctionName,
      Runtime: "nodejs22.x",
      Handler: "index.handler",
      Role: role,
      Code: { ZipFile },
      Environment: { Variables: { SETTING: "first" } },
      Publish: true,
    }),
  );

async function invoke(FunctionName: string, event: object = {}, more: Partial<InvokeCommand["input"]> = {}) {
  const answer = await lambda.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify(event), ...more }));
  const text = Buffer.from(answer.Payload ?? []).toString();
  return { ...answer, payload: text === "" ? undefined : (JSON.parse(text) as unknown) };
}

test("an alias runs its version with the code and settings of that version", async () => {
  await create("versions", reportingZip("one"));
  await lambda.send(new CreateAliasCommand({ FunctionName: "versions", Name: "live", FunctionVersion: "1" }));
  const alias = "arn:aws:lambda:us-east-1:111122223333:function:versions:live";
  const first = { code: "one", setting: "first", version: "1" };
  expect((await invoke(alias, { n: 1 })).payload).toEqual({ ...first, event: { n: 1 } });

  await lambda.send(new UpdateFunctionCodeCommand({ FunctionName: "versions", ZipFile: reportingZip("two") }));
  await lambda.send(
    new UpdateFunctionConfigurationCommand({
      FunctionName: "versions",
      Environment: { Variables: { SETTING: "second" } },
    }),
  );
  expect((await invoke(alias)).payload).toMatchObject(first);
  expect((await invoke("versions")).payload).toMatchObject({ code: "two", setting: "second", version: "$LATEST" });

  await lambda.send(new PublishVersionCommand({ FunctionName: "versions" }));
  expect((await invoke("versions:live")).payload).toMatchObject(first);
  await lambda.send(new UpdateAliasCommand({ FunctionName: "versions", Name: "live", FunctionVersion: "2" }));
  const moved = await invoke("versions", {}, { Qualifier: "live" });
  expect(moved.payload).toMatchObject({ code: "two", setting: "second", version: "2" });
  expect(moved.ExecutedVersion).toBe("2");
  expect((await invoke("versions", {}, { Qualifier: "1" })).payload).toMatchObject(first);
});

test("concurrent events get their own answers, with the log on request", async () => {
  await create("many", reportingZip("one"));
  const asked = Array.from({ length: 8 }, (_, n) => n);
  const answers = await Promise.all(asked.map((n) => invoke("many", { n }, { LogType: "Tail" })));
  expect(answers.map(({ payload }) => (payload as { event: object }).event)).toEqual(asked.map((n) => ({ n })));
  for (const [n, { LogResult = "" }] of answers.entries())
    expect(Buffer.from(LogResult, "base64").toString()).toBe(`asked ${n}\n`);
});

test("a function that throws, times out or cannot be loaded returns that error", async () => {
  await create("throws", zip('exports.handler = async () => { throw new RangeError("no"); };'));
  expect(await invoke("throws")).toMatchObject({
    StatusCode: 200,
    FunctionError: "Unhandled",
    payload: { errorType: "RangeError", errorMessage: "no" },
  });
  await create("slow", zip("exports.handler = () => new Promise(() => setTimeout(() => {}, 60_000));"));
  await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: "slow", Timeout: 1 }));
  expect((await invoke("slow")).payload).toMatchObject({ errorMessage: "Task timed out after 1.00 seconds" });

  // The vendor's function on the runtime in the guide's screenshot.
  await create("sdk-v2", zip('const AWS = require("aws-sdk"); exports.handler = async () => AWS.VERSION;'));
  const { FunctionError, payload } = await invoke("sdk-v2");
  expect(FunctionError).toBe("Unhandled");
  expect((payload as { errorMessage: string }).errorMessage).toContain("Cannot find module 'aws-sdk'");
});

test("an unknown function is not found, and a dry run runs nothing", async () => {
  await create("dry", zip('exports.handler = async () => { throw new Error("it ran"); };'));
  await expect(invoke("absent")).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  await expect(invoke("dry:absent")).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  expect(await invoke("dry", {}, { InvocationType: "DryRun" })).toMatchObject({ StatusCode: 204, payload: undefined });
});

test("a function may do only what its role allows at that time", async () => {
  const source = `const { request } = require("node:http");
  exports.handler = () => new Promise((resolve) => {
    const headers = {
      authorization: "AWS4-HMAC-SHA256 Credential=" + process.env.AWS_ACCESS_KEY_ID + "/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
      "x-amz-target": "DynamoDB_20120810.Scan", "content-type": "application/x-amz-json-1.0" };
    const call = request(process.env.AWS_ENDPOINT_URL, { method: "POST", headers }, (answer) => {
      let text = ""; answer.on("data", (data) => (text += data)).on("end", () => resolve({ status: answer.statusCode, text }));
    });
    call.end(JSON.stringify({ TableName: "dextr-acme" }));
  });`;
  await create("scanning", zip(source));
  const denied = (await invoke("scanning")).payload as { status: number; text: string };
  expect(denied.status).toBe(400);
  expect(JSON.parse(denied.text)).toMatchObject({
    __type: "com.amazon.coral.service#AccessDeniedException",
    message:
      `${role} is not authorized to perform: dynamodb:Scan on resource: ` +
      "arn:aws:dynamodb:us-east-1:111122223333:table/dextr-acme",
  });
  const Statement = [{ Effect: "Allow", Action: "dynamodb:Scan", Resource: "*" }];
  const policy = { RoleName: "lookup", PolicyName: "scan" };
  await iam.send(
    new PutRolePolicyCommand({ ...policy, PolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement }) }),
  );
  expect((await invoke("scanning")).payload).toMatchObject({ status: 200 });

  const simulated = async (ActionName: string) => {
    const input = {
      PolicySourceArn: role,
      ActionNames: [ActionName],
      ResourceArns: ["arn:aws:dynamodb:us-east-1:1:table/x"],
    };
    return (await iam.send(new SimulatePrincipalPolicyCommand(input))).EvaluationResults?.[0]?.EvalDecision;
  };
  expect(await simulated("dynamodb:Scan")).toBe("allowed");
  expect(await simulated("dynamodb:Query")).toBe("implicitDeny");
  await iam.send(new DeleteRolePolicyCommand(policy));
  expect((await invoke("scanning")).payload).toMatchObject({ status: 400 });
});
