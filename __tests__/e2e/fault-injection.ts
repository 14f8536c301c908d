/** Faults for the end-to-end tests: expired credentials, held calls, locks, and states in the bucket. */
import { execFile } from "node:child_process";
import { GetObjectCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";
import { type AwsResponse, forwardTo } from "../../emulators/aws/aws-endpoint";
import type { AwsRequest } from "../../emulators/aws/aws-request";
import type { RecordedCall } from "../../emulators/aws/recording-proxy";
import { adoptable, createVendorTable, INDEX, readTable, type TableState } from "./vendor-tables";
import { BUCKET, REGION, type Running, type World } from "./world";

type Matches = (request: AwsRequest) => boolean;

/** Turns off all alarms, so that a stack has few resources and a test is fast. */
export const withoutAlarms =
  "alarms: { " +
  [
    ...["dashboard", "canaryMinutes", "lookupErrors", "functionErrors", "throttles", "slowAnswersPercent"],
    ...["silentCalls", "neverMatchesDays", "matchesPercent", "indexThrottles"],
  ]
    .map((key) => `${key}: false`)
    .join(", ") +
  " }";

const message = "The security token included in the request is expired";

/** The answer of a service to a request with expired credentials. */
export function expiredToken({ service, method }: Pick<AwsRequest, "service" | "method">): AwsResponse {
  if (service === "s3") {
    const error = `<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>`;
    return { status: 400, headers: { "content-type": "application/xml" }, body: method === "HEAD" ? "" : error };
  }
  if (["iam", "sns", "sts"].includes(service)) {
    const error = `<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>${message}</Message></Error></ErrorResponse>`;
    return { status: 403, headers: { "content-type": "text/xml" }, body: error };
  }
  return {
    status: service === "dynamodb" ? 400 : 403,
    headers: { "content-type": "application/x-amz-json-1.0", "x-amzn-errortype": "ExpiredTokenException" },
    body: JSON.stringify({ __type: "ExpiredTokenException", message }),
  };
}

/** From the first matching call on, all calls fail because the credentials are expired. @returns renews the credentials */
export function expireCredentials(world: World, at: Matches): () => void {
  let isExpired = false;
  return world.proxy.intercept((request) => (isExpired ||= at(request)), expiredToken);
}

export interface Hold {
  /** Resolves when the first matching call arrives. Rejects if the command ends before. */
  readonly reachedBy: (running: Running) => Promise<void>;
  /** Lets the held calls continue or fail, and holds no others. */
  readonly release: () => void;
}

/** Holds matching calls before they reach the emulator. @param isLost whether the held calls never reach the emulator */
export function hold(world: World, matches: Matches, isLost = false): Hold {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  let arrive = (): void => undefined;
  const reached = new Promise<void>((resolve) => (arrive = resolve));
  const withdraw = world.proxy.intercept(matches, async (request) => {
    arrive();
    await released;
    if (isLost) return { status: 400, body: "" };
    // The interception is withdrawn, so the proxy forwards and records the call.
    return forwardTo(world.proxy.url)(request);
  });
  return {
    reachedBy: async ({ finished }) => {
      const isReached = await Promise.race([reached.then(() => true), finished.then(() => false)]);
      if (!isReached) throw new Error(`the command ended before the expected call:\n${(await finished).output}`);
    },
    release: () => {
      withdraw();
      release();
    },
  };
}

/** Whether Terraform releases a state lock. */
export const isUnlock = ({ service, method, url }: AwsRequest): boolean =>
  service === "s3" && method === "DELETE" && url.includes(".tflock");

/** Runs a command of Terraform as a message shows it, and confirms it. The emulators need this process meanwhile. */
export const runShownCommand = (world: World, command: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const child = execFile("/bin/sh", ["-c", command], { env: { ...world.env } }, (error, stdout, stderr) => {
      if (error === null) resolve();
      else reject(new Error(`${command}\n${stdout}${stderr}`));
    });
    child.stdin?.end("yes\n");
  });

const stateKey = (name: string): string => `connectpath-call-blocking/e2e/${REGION}/${name}/terraform.tfstate`;

/** The id of the lock on the state of an instance; undefined if the state is not locked. */
export async function lockId(world: World, name: string): Promise<string | undefined> {
  const text = await readObject(world, `${stateKey(name)}.tflock`);
  return text === undefined ? undefined : (JSON.parse(text) as { readonly ID: string }).ID;
}

/** Addresses of the resources in the state of an instance. */
export async function addressesInState(world: World, name: string): Promise<readonly string[]> {
  const text = (await readObject(world, stateKey(name))) ?? '{"resources":[]}';
  const { resources } = JSON.parse(text) as {
    readonly resources: readonly { readonly mode: string; readonly type: string; readonly name: string }[];
  };
  return resources.filter(({ mode }) => mode === "managed").map(({ type, name: last }) => `${type}.${last}`);
}

async function readObject({ s3 }: World, Key: string): Promise<string | undefined> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: Key }));
  if (!Contents.some((object) => object.Key === Key)) return undefined;
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
  return Body?.transformToString();
}

/** The table has our index and is otherwise unchanged. */
export async function expectOnlyOurIndex(world: World, name: string, before: TableState): Promise<void> {
  const ours = { indexes: expect.anything() as unknown, attributes: expect.anything() as unknown };
  const table = await readTable(world.dynamodb, name);
  expect(table.indexes.has(INDEX)).toBe(true);
  expect(new Map([...table.indexes].filter(([index]) => index !== INDEX))).toEqual(before.indexes);
  expect({ ...table, ...ours }).toEqual({ ...before, ...ours });
}

/** The calls that changed a table, except those that created our index. */
export const otherTableChanges = (world: World): readonly RecordedCall[] =>
  world.proxy.mutating("dynamodb").filter(({ input }) => {
    const { GlobalSecondaryIndexUpdates: updates = [] } = input as {
      readonly GlobalSecondaryIndexUpdates?: readonly { readonly Create?: { readonly IndexName: string } }[];
    };
    return updates.length !== 1 || updates[0]?.Create?.IndexName !== INDEX;
  });

interface IndexDescription {
  readonly IndexStatus?: string;
}

/** The table, after DynamoDB has built its indexes. */
export async function activeTable({ dynamodb }: World, name: string): Promise<TableState> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const table = await readTable(dynamodb, name);
    if ([...table.indexes.values()].every((index) => (index as IndexDescription).IndexStatus === "ACTIVE"))
      return table;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the indexes of ${name} do not become ACTIVE`);
}

/** Creates the vendor's tables of these instances. @returns each table before the first deployment */
export async function createTables(world: World, names: readonly string[]): Promise<ReadonlyMap<string, TableState>> {
  const before = new Map<string, TableState>();
  for (const name of names) {
    const vendor = adoptable.find((table) => table.name === name);
    if (vendor === undefined) throw new Error(`there is no table ${name}`);
    await createVendorTable(world.dynamodb, vendor);
    before.set(name, await readTable(world.dynamodb, name));
  }
  return before;
}
