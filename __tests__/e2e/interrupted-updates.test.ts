/**
 * Injects a fault at each call of a first deployment and of an update with Terraform. No deployment is reported as successful before every
 * call was made, and `deploy --resume` finishes it. The test runs a part of all places of faults; `SWEEP=full` runs all.
 */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { GetAliasCommand, GetFunctionConfigurationCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { type AwsResponse, forwardTo } from "../../emulators/aws/aws-endpoint";
import type { AwsRequest } from "../../emulators/aws/aws-request";
import { copyProject } from "../../emulators/project-copy";
import { readStatuses } from "../../fleet/rollout/journal";
import { adoptable, createVendorTable } from "./vendor-tables";
import { createWorld, type Finished, REGION, type World } from "./world";

const isFull = process.env["SWEEP"] === "full";

jest.setTimeout((isFull ? 180 : 20) * 60_000);

const name = "on-demand";
const functionName = `blockedCalls-${name}`;

/** The calls of a first deployment, in an order in which Terraform can make them. */
const creation = [
  "UpdateTable",
  "CreateLogGroup",
  "PutRetentionPolicy",
  "CreateRole",
  "PutRolePolicy",
  "CreateFunction",
  "CreateAlias",
  "AddPermission",
  "AssociateLambdaFunction",
  "CreateContactFlowModule",
  "CreateContactFlow",
  "CreateLogGroup (canary)",
  "PutRetentionPolicy (canary)",
  "CreateRole (canary)",
  "PutRolePolicy (canary)",
  "CreateFunction (canary)",
  "PutRule (canary)",
  "AddPermission (canary)",
  "PutTargets (canary)",
  "CreateTopic",
  "SetTopicAttributes",
  "PutMetricAlarm",
  "PutDashboard",
];

/** The calls of an update that changes every resource with several calls. */
const update = [
  "UpdateFunctionConfiguration",
  "UpdateFunctionCode",
  "PublishVersion",
  "UpdateAlias",
  "AssociateLambdaFunction",
  "UpdateContactFlowModuleContent",
  "UpdateFunctionConfiguration (canary)",
  "UpdateFunctionCode (canary)",
  "PutRule (canary)",
  "PutTargets (canary)",
  "PutMetricAlarm",
];

const stateWrite = "PutObject (state)";

let world: World;
let project: string;
let plans: string;
let lambda: LambdaClient;
let changes = 0;

beforeAll(async () => {
  world = await createWorld([name]);
  const vendor = adoptable.find((table) => table.name === name);
  if (vendor === undefined) throw new Error(`there is no table ${name}`);
  await createVendorTable(world.dynamodb, vendor);
  project = path.join(String(world.env["CDKTF_OUTDIR"]), "../project");
  plans = path.join(project, "build/plans");
  const yaml = readFileSync(path.join(String(world.env["ENVIRONMENTS_DIR"]), "e2e.yaml"), "utf8");
  const flow = "inboundFlow: { queue: 11111111-2222-4333-8444-555555555555 }";
  copyProject(project, yaml.replace(`  - name: ${name}\n`, `  - name: ${name}\n    ${flow}\n`));
  const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "emulated" };
  lambda = new LambdaClient({ endpoint: world.proxy.url, region: REGION, credentials });
});

afterAll(async () => {
  lambda.destroy();
  await world.stop();
});

const fleet = (...args: readonly string[]): Promise<Finished> => world.fleetIn(project, ...args);

/** `PutRolePolicy`, or `PutRolePolicy (canary)` for a resource of the canary. Terraform writes its state and its lock with `PutObject`. */
function callOf({ operation, url, input }: Pick<AwsRequest, "operation" | "url" | "input">): string {
  if (operation === "PutObject") return url.includes(".tflock") ? "PutObject (lock)" : stateWrite;
  const isCanary = `${url} ${JSON.stringify(input)}`.includes("blockedCalls-canary");
  return isCanary && !["PutMetricAlarm", "PutDashboard"].includes(operation) ? `${operation} (canary)` : operation;
}

function refusal({ service, operation }: AwsRequest): AwsResponse {
  const message = `not authorized to perform: ${operation}`;
  return ["iam", "sns", "monitoring"].includes(service)
    ? {
        status: 403,
        headers: { "content-type": "text/xml" },
        body: `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>${message}</Message></Error></ErrorResponse>`,
      }
    : {
        status: service === "dynamodb" ? 400 : 403,
        headers: { "content-type": "application/json", "x-amzn-errortype": "AccessDeniedException" },
        body: JSON.stringify({ __type: "AccessDeniedException", message }),
      };
}

/** Changes the code of both functions and every setting, and removes the association, as a user of the console may do. */
async function planUpdate(): Promise<void> {
  changes++;
  const edit = (file: string, from: RegExp, to: string): void => {
    const text = readFileSync(path.join(project, file), "utf8");
    writeFileSync(path.join(project, file), from.test(text) ? text.replace(from, () => to) : text + to);
  };
  edit("environments/e2e.yaml", /^blockedDispositions: .*$/m, `blockedDispositions: ["Change:${changes}", Blocked]`);
  const schedule = `alarms: { canaryMinutes: ${changes % 2 === 0 ? 5 : 10} }`;
  edit("environments/e2e.yaml", /^(alarms: .*)?$/m, schedule);
  for (const folder of ["blocked-calls", "canary"])
    edit(`lambda/${folder}/index.ts`, /\nReflect\.set.*\n/, `\nReflect.set(globalThis, "change", ${changes});\n`);
  const id = world.instanceId(name);
  const [arn = ""] = world.connect.associations(id);
  const url = `/instance/${id}/lambda-function?functionArn=${encodeURIComponent(arn)}`;
  world.connect.handle({ method: "DELETE", url, body: Buffer.from(""), region: REGION });
  const { exitCode, output } = await fleet("plan");
  expect({ exitCode, output }).toEqual({
    exitCode: 2,
    output: expect.stringContaining("allows all changes") as string,
  });
}

/** The calls that changed something in AWS, without the state and its lock. */
const changingCalls = (): string[] =>
  [
    ...new Set(
      ["connect", "dynamodb", "events", "iam", "lambda", "logs", "monitoring", "sns"]
        .flatMap((service) => world.proxy.mutating(service))
        .map(callOf)
        .filter((call) => !/^(Invoke|SimulatePrincipalPolicy)/.test(call)),
    ),
  ].sort();

/** The alias points to a version that equals `$LATEST`, and every command agrees that everything is deployed. */
async function expectDeployed(): Promise<void> {
  const { FunctionVersion } = await lambda.send(new GetAliasCommand({ FunctionName: functionName, Name: "live" }));
  const [latest, live] = await Promise.all(
    [undefined, FunctionVersion].map((Qualifier) =>
      lambda.send(new GetFunctionConfigurationCommand({ FunctionName: functionName, Qualifier })),
    ),
  );
  expect(live).toMatchObject({ CodeSha256: latest?.CodeSha256, Environment: latest?.Environment });
  if (changes > 0) expect(JSON.stringify(live?.Environment)).toContain(`Change:${changes}`);
  const verified = await fleet("verify");
  expect(verified).toMatchObject({ exitCode: 0 });
  const planned = await world.fleetIn(project, "plan", "--plans", path.join(project, "build/other"));
  expect(planned).toMatchObject({ exitCode: 0, output: expect.stringContaining("Nothing to do") as string });
}

/**
 * Refuses all calls, then one call less in each resumed deployment.
 *
 * @param counts numbers of allowed calls, ascending
 */
async function allowStepByStep(calls: readonly string[], counts: readonly number[]): Promise<void> {
  let allowed = 0;
  world.proxy.clear();
  const withdraw = world.proxy.intercept((request) => calls.slice(allowed).includes(callOf(request)), refusal);
  try {
    for (const [index, count] of [...counts, calls.length].entries()) {
      allowed = count;
      const { exitCode, output } = await fleet("deploy", ...(index === 0 ? [] : ["--resume"]));
      const isComplete = count === calls.length;
      expect({ count, exitCode, output }).toEqual({
        count,
        exitCode: isComplete ? 0 : 1,
        output: expect.stringContaining(
          isComplete ? "Everything is deployed and verified." : "npm run fleet -- deploy --resume",
        ) as string,
      });
    }
  } finally {
    withdraw();
  }
}

/** All numbers in the full run. */
const part = (calls: readonly string[], some: readonly number[]): readonly number[] =>
  isFull ? [...calls.keys()] : some;

test("a first deployment that fails at its calls converges with --resume", async () => {
  expect((await fleet("plan")).exitCode).toBe(2);
  // 6: a function without alias. 10: a module without the flow that calls it.
  await allowStepByStep(creation, part(creation, [6, 10]));
  expect(changingCalls()).toEqual([...creation].sort());
  await expectDeployed();
});

test("an update that fails at its calls converges with --resume", async () => {
  await planUpdate();
  // 2: new code that is not published.
  await allowStepByStep(update, part(update, [2]));
  expect(changingCalls()).toEqual([...update].sort());
  await expectDeployed();
});

test.each(isFull ? [...update, stateWrite] : ["PublishVersion"])(
  "an update whose Terraform is killed after %s converges",
  async (call) => {
    await planUpdate();
    const running = world.startFleetIn(project, "deploy");
    await new Promise<void>((resolve, reject) => {
      const withdraw = world.proxy.intercept(
        (request) => callOf(request) === call,
        async (request) => {
          withdraw();
          const answer = await forwardTo(world.proxy.url)(request);
          const status = readStatuses(path.join(plans, "deploy.journal")).get(world.stackName(name));
          running.kill("SIGKILL");
          if (status?.state === "applying" && status.pid !== undefined) process.kill(-status.pid, "SIGKILL");
          resolve();
          return answer;
        },
      );
      void running.finished.then(({ output }) => {
        reject(new Error(`deploy did not call ${call}:\n${output}`));
      });
    });
    await running.finished;

    const resumed = await fleet("deploy", "--resume");
    expect(resumed).toMatchObject({
      exitCode: 0,
      output: expect.stringMatching(/released the state lock [^]*Everything is deployed and verified\./) as string,
    });
    await expectDeployed();
  },
);
