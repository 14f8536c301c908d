/**
 * DynamoDB refuses the index for a time. Then Terraform is killed, or its credentials expire, while it waits for the index. The local folders
 * are lost too. The next deployment converges, because no resource except the table exists yet.
 */
import { rmSync } from "node:fs";
import path from "node:path";
import type { TableDescription } from "@aws-sdk/client-dynamodb";
import { type AwsResponse, forwardTo, type Responder } from "../../emulators/aws/aws-endpoint";
import { failure } from "../../emulators/aws/index-builds";
import { readStatuses } from "../../fleet/rollout/journal";
import { adoptable, createVendorTable, INDEX, readTable } from "./vendor-tables";
import { createWorld, type Finished, type Running, type World } from "./world";

jest.setTimeout(10 * 60_000);

const names = ["hash-only", "provisioned"] as const;
type Name = (typeof names)[number];

let world: World;
let plans: string;
let moto: Responder;
let isExpired = false;

beforeAll(async () => {
  world = await createWorld(names);
  plans = path.join(String(world.env["CDKTF_OUTDIR"]), "../plans");
  const { hostname, port } = (await world.dynamodb.config.endpoint?.()) ?? {};
  moto = forwardTo(`http://${hostname ?? ""}:${port ?? ""}`);
  for (const vendor of adoptable.filter(({ name }) => names.some((one) => one === name)))
    await createVendorTable(world.dynamodb, vendor);
});
afterAll(() => world.stop());

const plan = (name: Name): Promise<Finished> => world.fleet("plan", `instance=${name}`, "--plans", plans);
/** The changes that AWS accepted. */
const changes = (...services: readonly string[]) =>
  services
    .flatMap((service) => world.proxy.mutating(service))
    .flatMap(({ operation, status }) => (status < 400 ? [operation] : []));

/** Shows the index as CREATING until `finish` is called. `reached` resolves when someone waits for the index. */
function slowIndex(name: Name): { readonly reached: Promise<void>; readonly finish: () => void } {
  let seen = 0;
  isExpired = false;
  let arrived = (): void => undefined;
  const reached = new Promise<void>((resolve) => (arrived = resolve));
  const finish = world.proxy.intercept(
    ({ operation, input }) =>
      operation === "DescribeTable" && (input as { TableName?: string }).TableName === `dextr-${name}`,
    async (request) => {
      if (isExpired) return expired(request.service);
      const response = await moto(request);
      const { Table } = JSON.parse(response.body.toString()) as { Table: TableDescription };
      const index = Table.GlobalSecondaryIndexes?.find(({ IndexName }) => IndexName === INDEX);
      if (index === undefined) return response;
      Object.assign(index, { IndexStatus: "CREATING", Backfilling: true });
      Table.TableStatus = "UPDATING";
      if (++seen === 2) arrived();
      return { ...response, body: JSON.stringify({ Table }) };
    },
  );
  return { reached, finish };
}

/** Refuses to add the index, as while five other indexes of the account are being built, until the returned function is called. */
const refuseIndex = (): (() => void) =>
  world.proxy.intercept(
    ({ operation }) => operation === "UpdateTable",
    () =>
      failure(
        "LimitExceededException",
        "Subscriber limit exceeded: Only 5 online indexes can be created simultaneously",
      ),
  );

const accidents: readonly (readonly [string, Name, (running: Running) => () => void])[] = [
  [
    "Terraform is killed",
    "hash-only",
    (running) => {
      const status = readStatuses(path.join(plans, "deploy.journal")).get(world.stackName("hash-only"));
      if (status?.state !== "applying" || status.pid === undefined) throw new Error("the journal knows of no apply");
      running.kill("SIGKILL");
      process.kill(-status.pid, "SIGKILL");
      return () => undefined;
    },
  ],
  [
    "the credentials expire",
    "provisioned",
    () => {
      isExpired = true;
      return world.proxy.intercept(
        () => true,
        ({ service }) => expired(service),
      );
    },
  ],
];

/** The answer of every service to expired credentials. */
const expired = (service: string): AwsResponse =>
  service === "s3"
    ? {
        status: 400,
        headers: { "content-type": "application/xml" },
        body: "<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>",
      }
    : {
        status: 400,
        headers: { "content-type": "application/json", "x-amzn-errortype": "ExpiredTokenException" },
        body: JSON.stringify({ __type: "ExpiredTokenException", message: "The security token is expired" }),
      };

test.each(accidents)("%s during the wait for the index: the next deployment converges", async (_, name, happens) => {
  world.proxy.clear();
  expect((await plan(name)).exitCode).toBe(2);
  const { reached, finish } = slowIndex(name);
  // One case is enough: deploy shows what it waits for every ten seconds.
  const accept = name === "hash-only" ? refuseIndex() : undefined;
  const running = world.startFleet("deploy", `instance=${name}`, "--plans", plans);
  if (accept !== undefined) {
    await running.says(`DynamoDB does not add ${INDEX} of dextr-${name} yet`);
    accept();
    await running.says(`DynamoDB builds the index ${INDEX} of dextr-${name} (backfilling)`);
  }
  await reached;
  // The next requests of Terraform would have created these resources already.
  expect(changes("iam", "logs", "lambda", "connect", "monitoring", "events", "sns")).toEqual([]);
  const isOver = happens(running);
  expect((await running.finished).exitCode).not.toBe(0);
  isOver();
  finish();
  for (const folder of [plans, String(world.env["CDKTF_OUTDIR"])]) rmSync(folder, { recursive: true, force: true });

  const locked = await plan(name);
  expect(locked.exitCode).toBe(1);
  const id = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(locked.output)?.[0] ?? "no id";
  const directory = path.join(plans, "cdktf.out/stacks", world.stackName(name));
  expect(await world.terraformIn(directory, "force-unlock", "-force", id)).toMatchObject({ exitCode: 0 });

  expect((await plan(name)).exitCode).toBe(2);
  const deployed = await world.fleet("deploy", `instance=${name}`, "--plans", plans);
  expect([deployed.exitCode, deployed.output]).toEqual([
    0,
    expect.stringContaining("Everything is deployed and verified."),
  ]);
  expect(changes("dynamodb")).toEqual(["UpdateTable"]);
  expect((await readTable(world.dynamodb, name)).indexes.get(INDEX)).toMatchObject({ IndexStatus: "ACTIVE" });
});
