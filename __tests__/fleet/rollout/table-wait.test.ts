/** What an apply waits for at the contact table, with a simulated clock, the output of Terraform and the emulated DynamoDB. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { blockingIndex } from "../../../config/blocking-index";
import { type AwsEndpoint, serveAws } from "../../../emulators/aws/aws-endpoint";
import { failure, IndexBuilds } from "../../../emulators/aws/index-builds";
import { abortable, describeExistingTable } from "../../../fleet/aws/live-table";
import { reportTableWait } from "../../../fleet/rollout/table-wait";
import { loadOne, validYaml } from "../../config/environment-files";
import { vendorIndex, vendorTable } from "./vendor-table";
import type { TableChanges } from "./vendor-table";

const instance = loadOne(validYaml);
const { name } = instance.table;
const keys = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "emulated" };

let aws: AwsEndpoint;
let builds: IndexBuilds;
let isRefused = false;

beforeAll(async () => {
  aws = await serveAws((request) =>
    isRefused ? failure("AccessDeniedException", "not authorized to describe it") : builds.respond(request),
  );
});
afterAll(() => aws.close());
beforeEach(() => {
  builds = new IndexBuilds({ backfilling: 2, active: 4 });
  isRefused = false;
});

/** Output of `terraform apply -json`. */
const message = (type: string, addr: string): string =>
  `${JSON.stringify({ "@level": "info", type, hook: { resource: { addr }, action: "update" } })}\n`;
const modifying = message("apply_start", "aws_dynamodb_table.contacts");
const modified = message("apply_complete", "aws_dynamodb_table.contacts");

/** The lines that are printed and the steps with their minutes, until the apply ends after `polls` times ten seconds. */
async function reported(
  polls: number,
  output: (poll: number) => string,
  of = instance,
): Promise<{ readonly notes: readonly string[]; readonly steps: readonly string[] }> {
  const ended = new AbortController();
  const [notes, steps]: [string[], string[]] = [[], []];
  let [now, poll] = [0, 0];
  const dynamodb = new DynamoDBClient({ region: "us-east-1", endpoint: aws.url, credentials: keys, maxAttempts: 1 });
  await reportTableWait(of, {
    describe: (stop) => describeExistingTable(abortable(dynamodb, stop), name),
    output: () => output(poll),
    clock: {
      now: () => now,
      sleep: (ms) => {
        now += ms;
        if (++poll > polls) ended.abort();
        return Promise.resolve();
      },
    },
    stop: ended.signal,
    step: (text, elapsedMs) => steps.push(`${Math.round(elapsedMs / 60_000)} min: ${text}`),
    note: (text) => notes.push(text),
  });
  dynamodb.destroy();
  return { notes, steps };
}

function tableIs(changes: TableChanges): void {
  builds.tables.set(name, vendorTable(instance, changes));
}
const vendorBuilds = { GlobalSecondaryIndexes: [{ ...vendorIndex("by-queue"), IndexStatus: "CREATING" as const }] };
const ours = { ...vendorIndex(blockingIndex.name), IndexStatus: "CREATING" as const };

test("while the vendor's index is being built, the apply waits for this index, and says so once", async () => {
  builds.pace = { backfilling: 1000, active: 1000 };
  tableIs({ ...vendorBuilds, TableStatus: "UPDATING" });
  const { notes, steps } = await reported(90, () => modifying);
  expect(notes).toEqual([
    `${instance.stackName}: ${name}: the index by-queue is CREATING. Meanwhile DynamoDB refuses to add ${blockingIndex.name} ` +
      "(LimitExceededException, ResourceInUseException). Terraform's provider repeats the request for up to 84 minutes, without a message.",
  ]);
  // The job stays alive: a line every five minutes.
  const waiting = `waiting until DynamoDB adds ${blockingIndex.name}`;
  expect(steps).toEqual([`0 min: ${waiting}`, `5 min: ${waiting}`, `10 min: ${waiting}`]);
});

test("if nothing changes the table, the limit of the account and region is named", async () => {
  tableIs({});
  const { notes } = await reported(3, () => modifying);
  expect(notes).toEqual([
    expect.stringContaining(
      `Probably too many indexes of other tables of account ${instance.account} in ${instance.region} are being built`,
    ),
  ]);
});

test("after the request is accepted, the apply waits for the index, and then applies the rest", async () => {
  tableIs({ GlobalSecondaryIndexes: [ours], TableStatus: "UPDATING" });
  const { notes, steps } = await reported(8, (poll) => (poll < 7 ? modifying : modifying + modified));
  expect(notes).toEqual([
    expect.stringContaining(`DynamoDB builds the index ${blockingIndex.name} of ${name} (waiting for resources)`),
    expect.stringContaining("(backfilling), and calls continue as before. Terraform waits until the index is ACTIVE."),
  ]);
  expect(steps).toEqual([`0 min: waiting until ${blockingIndex.name} is ACTIVE`, "0 min: applying"]);
});

test("a table that cannot be read does not end the report", async () => {
  isRefused = true;
  tableIs({});
  const { notes } = await reported(2, () => modifying);
  expect(notes).toEqual([expect.stringContaining("could not be read. AccessDeniedException: not authorized")]);
});

test("while Terraform changes other resources, the table is not read", async () => {
  isRefused = true;
  const others = message("apply_start", "aws_iam_role.blocked_calls");
  expect(await reported(60, (poll) => (poll < 3 ? "" : modifying + modified + others))).toEqual({
    notes: [],
    steps: [],
  });
});

test("a release waits until the index may be deleted, and until it is deleted", async () => {
  const released = { ...instance, release: "remove-index" as const };
  const index = { ...ours, IndexStatus: "ACTIVE" as const };
  tableIs({ GlobalSecondaryIndexes: [index, ...vendorBuilds.GlobalSecondaryIndexes] });
  const refused = await reported(2, () => modifying, released);
  expect(refused.notes.join()).toContain(`Meanwhile DynamoDB refuses to delete ${blockingIndex.name}`);
  expect(refused.steps).toEqual([`0 min: waiting until DynamoDB deletes ${blockingIndex.name}`]);
  tableIs({ GlobalSecondaryIndexes: [{ ...index, IndexStatus: "DELETING" }] });
  expect((await reported(2, () => modifying, released)).steps).toEqual([
    `0 min: waiting until ${blockingIndex.name} is deleted`,
  ]);
});
