/** The command `index` as a process: killed, stopped, with expiring credentials, and with several instances. */
import { mkdtempSync, writeFileSync } from "node:fs";
import path from "node:path";
import { forwardTo } from "../../../emulators/aws/aws-endpoint";
import { failure, IndexBuilds } from "../../../emulators/aws/index-builds";
import type { AwsRequest } from "../../../emulators/aws/aws-request";
import { startRecordingProxy } from "../../../emulators/aws/recording-proxy";
import type { RecordingProxy } from "../../../emulators/aws/recording-proxy";
import { edited, load, validYaml } from "../../config/environment-files";
import { vendorTable } from "../rollout/vendor-table";
import { runFleet, scratch, startFleet } from "../run-fleet";

jest.setTimeout(120_000);

const files = { "dev.yaml": validYaml };
let builds: IndexBuilds;
let proxy: RecordingProxy;
/** Number of sessions that AssumeRole has issued. */
let sessions: number;

beforeEach(async () => {
  builds = new IndexBuilds({ backfilling: 1, active: 3 });
  for (const instance of load(files)) builds.tables.set(instance.table.name, vendorTable(instance));
  sessions = 0;
  proxy = await startRecordingProxy(forwardTo("http://127.0.0.1:1"), {
    dynamodb: (request) => builds.respond(request),
    monitoring: () => failure("AccessDeniedException", "not authorized to perform: cloudwatch:GetMetricData"),
    sts: () => session(`ASIA${++sessions}`),
  });
});
afterEach(() => proxy.close());

const session = (key: string) => ({
  status: 200,
  headers: { "content-type": "text/xml" },
  body:
    `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>${key}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>` +
    `<Expiration>${new Date(Date.now() + 3_600_000).toISOString()}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
});

const env = () => ({
  AWS_ENDPOINT_URL: proxy.url,
  AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
  AWS_SECRET_ACCESS_KEY: "emulated",
});
const index = (...args: string[]) => runFleet(["index", "env=dev", ...args], files, env());
const updates = () => proxy.calls().filter(({ operation, status }) => operation === "UpdateTable" && status === 200);
const keyOf = ({ headers }: AwsRequest) => /Credential=([^/]+)/.exec(headers.authorization ?? "")?.[1] ?? "";

/** Calls `act` when the n-th request of this operation arrives, after its answer is determined but before it is sent. */
function on(operation: string, n: number, act: () => void): void {
  let seen = 0;
  const stop = proxy.intercept(
    (request) => request.operation === operation && ++seen === n,
    async (request) => {
      const response = await builds.respond(request);
      act();
      stop();
      return response;
    },
  );
}

test("the command is killed twice, and the third run finishes: one UpdateTable in total", async () => {
  builds.pace = { backfilling: 3, active: 5 };
  const first = startFleet(["index", "env=dev"], files, env());
  on("UpdateTable", 1, () => first.child.kill("SIGKILL"));
  expect((await first.finished).exitCode).toBeNull();

  const second = startFleet(["index", "env=dev"], files, env());
  on("DescribeTable", 2, () => second.child.kill("SIGKILL"));
  expect((await second.finished).exitCode).toBeNull();
  expect(builds.tables.get("dextr-acme")?.TableStatus).toBe("UPDATING");

  const { exitCode, stdout, stderr } = await index();
  expect([exitCode, stdout]).toEqual([
    0,
    "dev-acme-us-east-1: Disposition-CustomerEndpoint-index is ACTIVE and has the right shape.\n",
  ]);
  // Without a terminal, the progress is plain lines.
  expect(stderr).toContain("dev-acme-us-east-1: Disposition-CustomerEndpoint-index is CREATING and is backfilling");
  expect(stderr).not.toContain("\u001b");
  expect(updates()).toHaveLength(1);
});

test("Ctrl-C says what continues in AWS and how to continue, and --wait continues", async () => {
  builds.pace = { backfilling: 1, active: 4 };
  const running = startFleet(["index", "env=dev"], files, env());
  on("DescribeTable", 2, () => running.child.kill("SIGINT"));
  const { exitCode, stdout } = await running.finished;
  expect(exitCode).toBe(130);
  expect(stdout).toContain("Stopped. DynamoDB continues to build the index, and calls continue as before.");
  expect(stdout).toContain("Run the command again: it finds the index and waits");

  expect((await index("--wait")).exitCode).toBe(0);
  expect(updates()).toHaveLength(1);
});

test("an assumed role whose session ends during the wait is assumed again", async () => {
  const role = `deployRole: { arn: "arn:aws:iam::111122223333:role/deploy" }\ninstances:`;
  const uses = new Map<string, number>();
  proxy.intercept(
    (request) => {
      if (request.service !== "dynamodb") return false;
      const key = keyOf(request);
      uses.set(key, (uses.get(key) ?? 0) + 1);
      // The first two sessions end after two requests.
      return ["ASIA1", "ASIA2"].includes(key) && (uses.get(key) ?? 0) > 2;
    },
    () => failure("ExpiredTokenException", "The security token included in the request is expired"),
  );
  const { exitCode, stderr } = await runFleet(["index", "env=dev"], { "dev.yaml": edited("instances:", role) }, env());
  expect([exitCode, stderr]).toEqual([0, expect.any(String)]);
  expect(sessions).toBe(3);
  expect(updates()).toHaveLength(1);
});

test("credentials that expire during the wait are read again from the file of a new sign-in", async () => {
  const file = path.join(mkdtempSync(path.join(scratch, "aws-")), "credentials");
  const signIn = (key: string): void => {
    writeFileSync(file, `[default]\naws_access_key_id=${key}\naws_secret_access_key=s\n`);
  };
  signIn("AKIDFIRST");
  let isExpired = false;
  on("DescribeTable", 2, () => {
    isExpired = true;
    signIn("AKIDSECOND");
  });
  proxy.intercept(
    (request) => isExpired && keyOf(request) === "AKIDFIRST",
    () => failure("ExpiredTokenException", "expired"),
  );
  const fromFile = { AWS_ENDPOINT_URL: proxy.url, AWS_SHARED_CREDENTIALS_FILE: file };
  const { exitCode, stdout } = await runFleet(["index", "env=dev"], files, fromFile);
  expect([exitCode, stdout]).toEqual([0, expect.stringContaining("is ACTIVE")]);
});

test("credentials that cannot be renewed end the wait as unfinished, and a later run finishes", async () => {
  let described = 0;
  const signInAgain = proxy.intercept(
    ({ operation }) => operation === "DescribeTable" && ++described > 2,
    () => failure("ExpiredTokenException", "The security token included in the request is expired"),
  );
  const { exitCode, stdout } = await index();
  expect(exitCode).toBe(2);
  expect(stdout).toContain("The credentials are no longer valid and could not be renewed.");
  expect(stdout).toContain("DynamoDB continues to build the index");
  expect(stdout).toContain("Sign in again. Run the command again");

  signInAgain();
  expect((await index()).exitCode).toBe(0);
  expect(updates()).toHaveLength(1);
});

test("--role-name assumes the role of that name in the account of the instance", async () => {
  const { exitCode } = await index("--no-wait", "--role-name", "index-builder");
  expect(exitCode).toBe(0);
  expect(sessions).toBe(1);
});

test("several instances are built at the same time, and a refused one does not stop the others", async () => {
  const second = "  - name: globex\n    id: 0f0e0d0c-1b1a-4918-8716-151413121111\n";
  const both = { "dev.yaml": `${validYaml}${second}` };
  const [acme, globex] = load(both);
  if (acme === undefined || globex === undefined) throw new Error("two instances are needed");
  builds.tables.set(globex.table.name, vendorTable(globex, { Replicas: [{ RegionName: "eu-west-1" }] }));
  const { exitCode, stdout } = await runFleet(["index", "env=dev"], both, env());
  expect(exitCode).toBe(3);
  expect(stdout).toContain("dev-acme-us-east-1: Disposition-CustomerEndpoint-index is ACTIVE");
  expect(stdout).toContain("dev-globex-us-east-1: The table is a global table with replicas in eu-west-1.");
  expect(stdout).toContain("set table.acceptReplicas: true");
});
