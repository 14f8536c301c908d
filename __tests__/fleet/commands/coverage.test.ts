/** The command `coverage` on a Connect emulator: table, JSON, HTML file and exit codes. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { ConnectClient, CreateContactFlowCommand, CreateContactFlowModuleCommand } from "@aws-sdk/client-connect";
import { type AwsEndpoint, serveAws } from "../../../emulators/aws/aws-endpoint";
import { ConnectEmulator } from "../../../emulators/connect/server";
import { inboundFlow } from "../../../flows/inbound";
import { blockedStatusModule } from "../../../flows/blocked-status";
import { validYaml } from "../../config/environment-files";
import { type Finished, runFleet, scratch } from "../run-fleet";

jest.setTimeout(60_000);

const InstanceId = "0f0e0d0c-1b1a-4918-8716-151413121110";
let endpoint: AwsEndpoint;
let emulator: ConnectEmulator;
let isDenied = false;
let protectedId = "";
let openId = "";

beforeAll(async () => {
  const account = "111122223333";
  emulator = new ConnectEmulator([{ account, region: "us-east-1", id: InstanceId, alias: "acme" }], () => []);
  endpoint = await serveAws((request) =>
    isDenied
      ? { status: 403, headers: { "x-amzn-errortype": "AccessDeniedException" }, body: '{"Message":"no"}' }
      : emulator.handle(request),
  );
  const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "emulated" };
  const connect = new ConnectClient({ endpoint: endpoint.url, region: "us-east-1", credentials });
  const functionArn = `arn:aws:lambda:us-east-1:${account}:function:blockedCalls-acme:live`;
  const props = { functionArn, blockedDisposition: "Blocked", instanceName: "acme", flowTimeLimitSeconds: 3 };
  const module = { InstanceId, Name: "blockedStatus", Content: JSON.stringify(blockedStatusModule(props)) };
  const { Id: moduleId = "" } = await connect.send(new CreateContactFlowModuleCommand(module));
  const flow = async (Name: string, Content: string) => {
    const made = await connect.send(new CreateContactFlowCommand({ InstanceId, Name, Type: "CONTACT_FLOW", Content }));
    return made.ContactFlowId ?? "";
  };
  const content = JSON.stringify(inboundFlow({ moduleId, queueId: "queue-1", whenBlocked: { action: "disconnect" } }));
  protectedId = await flow("Main inbound", content);
  openId = await flow("<Old> & open", content.replace('"StartAction":"Check the caller"', '"StartAction":"Set queue"'));
  connect.destroy();
});
afterAll(() => endpoint.close());

const coverage = (...args: string[]) =>
  runFleet(
    ["coverage", ...args],
    { "dev.yaml": validYaml },
    {
      AWS_ENDPOINT_URL_CONNECT: endpoint.url,
      AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
      AWS_SECRET_ACCESS_KEY: "emulated",
    },
  );

test("an instance without phone numbers is reported, with exit code 0", async () => {
  const { exitCode, stdout } = await coverage("env=dev");
  expect(stdout).toContain("dev-acme-us-east-1: the instance has no phone number");
  expect(exitCode).toBe(0);
});

describe("with two phone numbers", () => {
  const file = path.join(scratch, "pages", "coverage.html");
  let [asTable, asJson]: Finished[] = [];
  let saved = "";
  beforeAll(async () => {
    emulator.claimNumber(InstanceId, { number: "+15555550101", description: "Main line", flowId: protectedId });
    emulator.claimNumber(InstanceId, { number: "+15555550102", flowId: openId });
    asTable = await coverage("--html", file);
    saved = readFileSync(path.join(scratch, "build/results/coverage/dev-acme-us-east-1.json"), "utf8");
    asJson = await coverage("--json", "--show-numbers");
  });

  test("the table shows each verdict and the path, and the exit code is 1", () => {
    const { exitCode, stdout = "" } = asTable ?? {};
    expect(stdout).toBe(`dev-acme-us-east-1
  number        description  flow          verdict
  ------------  -----------  ------------  -----------
  +1••••••••01  Main line    Main inbound  protected
  +1••••••••02  -            <Old> & open  not checked

  +1••••••••02: not checked: a blocked caller reaches a queue.
    <Old> & open: "Set queue" → "Transfer to queue"

2 phone numbers: 1 protected, 0 unknown, 1 not protected.
Failed: dev-acme-us-east-1.
`);
    expect(exitCode).toBe(1);

    // The command status shows this result.
    expect(JSON.parse(saved)).toMatchObject({ result: { protected: 1, notProtected: 1, unknown: 0 } });

    const html = readFileSync(file, "utf8");
    expect(html).not.toContain("<Old>");
    expect(html).not.toContain("5555550101");
    const pictures = [...html.matchAll(/src="data:image\/svg\+xml;base64,([^"]+)"/g)].map(([, data = ""]) =>
      Buffer.from(data, "base64").toString(),
    );
    expect(pictures).toHaveLength(2);
    const marks = pictures.map((svg) =>
      [...svg.matchAll(/class="block( mark-\w+)?"/g)].map(([, mark]) => mark?.trim()),
    );
    expect(marks).toEqual([
      // Check the caller, Is the caller blocked?, Set queue, Transfer to queue, Hang up.
      ["mark-checked", "mark-checked", undefined, undefined, "mark-branched"],
      [undefined, undefined, "mark-unchecked", "mark-reached", "mark-unchecked"],
    ]);
  });

  test("a number that is deliberately unprotected is shown, and the exit code is 0", async () => {
    const files = { "dev.yaml": `${validYaml}flows: { unprotectedNumbers: ["+15555550102"] }\n` };
    const { exitCode, stdout } = await runFleet(["coverage"], files, {
      AWS_ENDPOINT_URL_CONNECT: endpoint.url,
      AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
      AWS_SECRET_ACCESS_KEY: "emulated",
    });
    expect(stdout).toBe(`dev-acme-us-east-1
  number        description  flow          verdict
  ------------  -----------  ------------  ------------------------
  +1••••••••01  Main line    Main inbound  protected
  +1••••••••02  -            <Old> & open  deliberately unprotected

2 phone numbers: 1 protected, 1 deliberately unprotected, 0 unknown, 0 not protected.
`);
    expect(exitCode).toBe(0);
  });

  test("--json has stable names", () => {
    const { exitCode, stdout = "" } = asJson ?? {};
    expect(exitCode).toBe(1);
    const [instance] = JSON.parse(stdout) as [{ numbers: readonly object[] }];
    expect(instance).toMatchObject({ stack: "dev-acme-us-east-1", outcome: "failed" });
    expect(instance.numbers[1]).toEqual({
      number: "+15555550102",
      numberId: expect.any(String) as string,
      description: "",
      flow: { id: openId, name: "<Old> & open" },
      verdict: "not checked",
      reason: "a blocked caller reaches a queue",
      path: [
        { flow: "<Old> & open", block: "Set queue", branch: "success" },
        { flow: "<Old> & open", block: "Transfer to queue", branch: "success" },
      ],
      simulation: { blockedCaller: "reaches a queue", unblockedCaller: "reaches a queue" },
    });
  });

  test("a denied request names the policy, with exit code 1 and without a stack trace", async () => {
    isDenied = true;
    const { exitCode, stdout, stderr } = await coverage();
    isDenied = false;
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(
      /^dev-acme-us-east-1: not answered\n {2}The check could not run\. AccessDeniedException: no/,
    );
    expect(stdout).toContain("Attach the policy read-and-invoke");
    expect(stdout + stderr).not.toMatch(/^\s+at /m);
  });
});
