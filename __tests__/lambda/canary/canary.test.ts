/** Tests the zip of the canary in a process like Lambda's, with an emulated table and the packaged function. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import fc from "fast-check";
import { canaryInput, readCanaryInput, type CanarySettings } from "../../../lambda/canary/settings";
import { packageBlockedCalls, packageCanary } from "../../../lambda/packaging";
import { ENVIRONMENT_LIMIT_BYTES, functionEnvironment, FunctionEnvironmentTooLarge } from "../../../lambda/settings";
import { type ContactTable, startContactTable } from "../../../emulators/contact-table";
import { type FunctionInstance, startFunction } from "../../../emulators/lambda-runtime/function-instance";
import { SETTINGS } from "../blocked-calls/connect-event";
import { unicodeString } from "../../unicode-string";

const settings: CanarySettings = {
  environment: "dev",
  instanceName: "acme-dev",
  instanceArn: "arn:aws:connect:us-east-1:111122223333:instance/9308c2a1-9bc6-4cea-8290-6c0b4a6d38fa",
  tableName: "dextr-acme-dev",
  functionArn: "arn:aws:lambda:us-east-1:111122223333:function:blockedCalls-acme-dev:live",
  blockedDispositions: ["Blocked", "Nuisance:Confirmed"],
  exemptNumbers: ["+1800*"],
  otherNumbers: false,
};

let table: ContactTable;
let lambda: FunctionInstance;
let canary: FunctionInstance;
let api: Server;
const invoked: { path: string; authorization: string }[] = [];
/** The response of Lambda. The default is the answer of the function. */
let answer: (event: unknown) => Promise<{ readonly status: number; readonly body: unknown; readonly error?: string }>;

beforeAll(async () => {
  api = createServer((request, response) => {
    invoked.push({ path: request.url ?? "", authorization: request.headers.authorization ?? "" });
    void text(request)
      .then((body) => answer(JSON.parse(body)))
      .then(({ status, body, error }) => {
        response.writeHead(status, error === undefined ? {} : { "x-amzn-errortype": error });
        response.end(JSON.stringify(body));
      });
  });
  api.listen(0, "127.0.0.1");
  await once(api, "listening");
});
afterAll(() => {
  api.closeAllConnections();
  api.close();
});

beforeEach(async () => {
  invoked.length = 0;
  table = await startContactTable(SETTINGS.tableName, "us-east-1");
  const blockedDispositions = settings.blockedDispositions;
  lambda = await startFunction({
    ...packageBlockedCalls(),
    environment: {
      ...functionEnvironment({ ...SETTINGS, blockedDispositions }),
      AWS_ENDPOINT_URL_DYNAMODB: table.endpoint,
    },
  });
  const { port } = api.address() as AddressInfo;
  canary = await startFunction({
    ...packageCanary(),
    environment: {
      AWS_ENDPOINT_URL_DYNAMODB: table.endpoint,
      AWS_ENDPOINT_URL_LAMBDA: `http://127.0.0.1:${port}`,
    },
  });
  answer = async (event) => ({ status: 200, body: (await lambda.invoke(event)).payload });
});
afterEach(async () => {
  await canary.stop();
  await lambda.stop();
  await table.stop();
});

/** Runs the canary like its schedule, and returns its parsed log line. */
async function run(event: unknown = JSON.parse(canaryInput(settings))): Promise<Record<string, unknown>> {
  const { error, logs } = await canary.invoke(event, { timeoutMs: 30_000 });
  expect(error).toBeUndefined();
  expect(logs).toHaveLength(1);
  expect(logs[0]).not.toMatch(/\+\d|555555/);
  return JSON.parse(logs[0] ?? "") as Record<string, unknown>;
}

/** The metrics of a line. Checks that they are declared as CloudWatch requires. */
function metrics(line: Record<string, unknown>): Record<string, unknown> {
  const { CloudWatchMetrics } = line["_aws"] as {
    CloudWatchMetrics: { Namespace: string; Dimensions: string[][]; Metrics: { Name: string; Unit: string }[] }[];
  };
  const [directive] = CloudWatchMetrics;
  expect(directive).toMatchObject({ Namespace: "ConnectPathCallBlocking", Dimensions: [["Environment", "Instance"]] });
  return Object.fromEntries((directive?.Metrics ?? []).map(({ Name }) => [Name, line[Name]]));
}

test("a function that blocks exactly the listed numbers gives a run without wrong answers", async () => {
  await table.put({ contactId: "1", customerEndpoint: "+15555550150", disposition: "Blocked" });
  await table.put({ contactId: "2", customerEndpoint: "+15555550151", disposition: "Nuisance:Confirmed" });
  await table.put({ contactId: "3", customerEndpoint: "Anonymous", disposition: "Blocked" });
  const line = await run();
  expect(metrics(line)).toEqual({
    CanaryRun: 1,
    CanaryFailed: 0,
    Match: 0,
    NoMatch: 0,
    CanaryWrongAnswer: 0,
    ListedContacts: 2,
  });
  expect(line).toMatchObject({ Environment: "dev", Instance: "acme-dev" });
  expect((line["answers"] as unknown[]).length).toBe(3);
});

test("the canary invokes the alias that Connect invokes, with a signature for Lambda", async () => {
  await run();
  expect(invoked.map(({ path }) => path)).toEqual([
    "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A111122223333%3Afunction%3AblockedCalls-acme-dev%3Alive/invocations",
  ]);
  expect(invoked[0]?.authorization).toMatch(/\/us-east-1\/lambda\/aws4_request, /);
});

test("a wrong answer is counted", async () => {
  await table.put({ contactId: "1", customerEndpoint: "+15555550150", disposition: "Blocked" });
  answer = () => Promise.resolve({ status: 200, body: { response: "nomatch", reason: "index_missing" } });
  const line = await run();
  expect(metrics(line)).toMatchObject({ CanaryRun: 1, CanaryWrongAnswer: 2, ListedContacts: 1 });
  expect(line["answers"]).toContainEqual({
    listedUnder: "Blocked",
    expected: "match",
    answered: "nomatch",
    reason: "index_missing",
    right: false,
  });
});

test("an error of the function is a wrong answer", async () => {
  const body = { errorType: "Runtime.ImportModuleError", errorMessage: "Cannot find module 'aws-sdk'" };
  answer = () => Promise.resolve({ status: 200, body });
  expect(metrics(await run())).toMatchObject({ CanaryRun: 1, CanaryWrongAnswer: 1 });
});

describe("a run that does not complete is a failed run, and the log says why", () => {
  const failed = { CanaryRun: 0, CanaryFailed: 1, Match: 0, NoMatch: 0 };

  test("the canary is not allowed to invoke the function", async () => {
    answer = () => Promise.resolve({ status: 403, body: {}, error: "AccessDeniedException:http://internal.example/" });
    const line = await run();
    expect(metrics(line)).toEqual(failed);
    expect(line).toMatchObject({ error: "Refused", detail: "lambda answered AccessDeniedException" });
  });

  test("the table does not exist", async () => {
    const line = await run(JSON.parse(canaryInput({ ...settings, tableName: "dextr-other" })));
    expect(metrics(line)).toEqual(failed);
    expect(line).toMatchObject({ detail: "dynamodb answered ResourceNotFoundException" });
  });

  test("Lambda cannot be reached", async () => {
    answer = () => new Promise(() => undefined);
    const running = run();
    await once(api, "request");
    api.closeAllConnections();
    const line = await running;
    expect(metrics(line)).toEqual(failed);
    expect(line["error"]).toBe("TypeError");
    expect(line).not.toHaveProperty("detail");
  });

  test.each([null, {}, { environment: "dev" }, "text"])("the event is %p", async (event) => {
    const line = await run(event);
    expect(metrics(line)).toEqual(failed);
    expect(line["detail"]).toMatch(/is missing in the event\.$/);
  });
});

describe("the settings in the event of the schedule", () => {
  const name = unicodeString({ minLength: 1, maxLength: 20 });
  const any = fc.record({
    environment: name,
    instanceName: name,
    instanceArn: name,
    tableName: name,
    functionArn: name,
    blockedDispositions: fc.array(name, { minLength: 1, maxLength: 5 }),
    exemptNumbers: fc.array(fc.stringMatching(/^\+[1-9]\d{1,13}\*?$/)),
    otherNumbers: fc.boolean(),
  });

  test("are read as written, and contain nothing that Terraform would interpolate", () => {
    fc.assert(
      fc.property(any, (written) => {
        const input = canaryInput(written);
        expect(readCanaryInput(JSON.parse(input))).toEqual(written);
        expect(input).not.toMatch(/[$%]\{/);
      }),
    );
    expect(canaryInput({ ...settings, blockedDispositions: ["${path.module}", "%{ if true }"] })).not.toMatch(/[$%]\{/);
  });

  test("fit into EventBridge's 8,192 characters if the function's settings fit into its variables", () => {
    const disposition = unicodeString({ minLength: 1, maxLength: 700 });
    fc.assert(
      fc.property(
        fc.array(disposition, { minLength: 1, maxLength: 12 }),
        fc.array(fc.stringMatching(/^\+[1-9]\d{1,13}\*?$/), { maxLength: 260 }),
        (blockedDispositions, exemptNumbers) => {
          try {
            functionEnvironment({ ...SETTINGS, blockedDispositions, exemptNumbers });
          } catch (error) {
            if (!(error instanceof FunctionEnvironmentTooLarge)) throw error;
            return;
          }
          expect(canaryInput({ ...settings, blockedDispositions, exemptNumbers }).length).toBeLessThanOrEqual(8192);
        },
      ),
    );
    expect(ENVIRONMENT_LIMIT_BYTES).toBe(4096);
  });
});
