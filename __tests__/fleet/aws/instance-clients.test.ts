/** The clients of an instance share the credentials of its role. */
import { DescribeInstanceCommand } from "@aws-sdk/client-connect";
import { DescribeTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DescribeKeyCommand } from "@aws-sdk/client-kms";
import { GetFunctionConfigurationCommand } from "@aws-sdk/client-lambda";
import { instanceClients, type InstanceClients } from "../../../fleet/aws/instance-clients";
import { startAwsStub, AwsError, type AwsStub } from "../aws-answers";

const minute = 60_000;
const role = { arn: "arn:aws:iam::111122223333:role/plan" };
const credentials = (lifetimeMs: number): string =>
  "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey>" +
  `<SessionToken>t</SessionToken><Expiration>${new Date(Date.now() + lifetimeMs).toISOString()}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`;

let aws: AwsStub;
let clients: InstanceClients;
beforeEach(async () => {
  aws = await startAwsStub();
  clients = instanceClients({ region: "us-east-1", planRole: role });
});
afterEach(async () => {
  clients.destroy();
  await aws.close();
});

const answers = {
  "connect:DescribeInstance": { Instance: {} },
  "dynamodb:DescribeTable": { Table: {} },
  "kms:DescribeKey": { KeyMetadata: { KeyId: "k" } },
  "lambda:GetFunctionConfiguration": {},
};

const useEveryClient = (): Promise<unknown> =>
  Promise.all([
    clients.connect.send(new DescribeInstanceCommand({ InstanceId: "i" })),
    clients.dynamodb.send(new DescribeTableCommand({ TableName: "t" })),
    clients.kms.send(new DescribeKeyCommand({ KeyId: "k" })),
    clients.lambda.send(new GetFunctionConfigurationCommand({ FunctionName: "f" })),
  ]);

const timesAssumed = (): number => aws.calls.filter((call) => call === "sts:AssumeRole").length;

test("all clients of an instance assume its role once", async () => {
  aws.answers = { ...answers, "sts:AssumeRole": () => credentials(60 * minute) };
  await useEveryClient();
  await useEveryClient();
  expect(timesAssumed()).toBe(1);
});

test("credentials that are about to expire are renewed once for all clients", async () => {
  const lifetimes = [4 * minute, 60 * minute];
  aws.answers = { ...answers, "sts:AssumeRole": () => credentials(lifetimes.shift() ?? 0) };
  // The SDK asks for credentials more than once per request if they expire within five minutes.
  await clients.kms.send(new DescribeKeyCommand({ KeyId: "k" }));
  await useEveryClient();
  await useEveryClient();
  expect(timesAssumed()).toBe(2);
});

test("a role that could not be assumed is tried again", async () => {
  aws.answers = { ...answers, "sts:AssumeRole": new AwsError("AccessDenied", "not authorized", 403) };
  await expect(useEveryClient()).rejects.toThrow(/AssumeRole of arn:aws:iam::111122223333:role\/plan failed/);
  aws.answers = { ...answers, "sts:AssumeRole": () => credentials(60 * minute) };
  await useEveryClient();
});

test("a client is created once, and closed", () => {
  const { dynamodb } = clients;
  expect(clients.dynamodb).toBe(dynamodb);
  const closed = jest.spyOn(dynamodb, "destroy");
  clients.destroy();
  expect(closed).toHaveBeenCalledTimes(1);
});

test("the clients have no middleware of a logger", () => {
  expect(clients.dynamodb.middlewareStack.identify().join()).not.toContain("logger");
  const unchanged = new DynamoDBClient({ region: "us-east-1" });
  expect(unchanged.middlewareStack.identify().join()).toContain("loggerMiddleware");
});
