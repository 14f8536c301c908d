/** Updates of functions that a deployment did not finish are found and planned again, with a request to AWS only for a published function. */
import { planCompletely } from "../../../fleet/plans/unfinished-updates";
import { AwsError, startAwsStub, type Answers, type AwsStub } from "../aws-answers";
import { recordedInstance, recordedJson } from "../guard/recorded-plan";

let aws: AwsStub;
beforeAll(async () => {
  aws = await startAwsStub();
});
afterAll(() => aws.close());
beforeEach(() => {
  aws.calls.length = 0;
});

const instance = recordedInstance();
const FUNCTION = "aws_lambda_function.blocked_calls";
const CANARY = "aws_lambda_function.canary";
const ALIAS = "aws_lambda_alias.live";

interface Recorded {
  readonly resource_changes: {
    readonly address: string;
    readonly change: {
      actions: string[];
      before: Record<string, unknown> | null;
      after: Record<string, unknown>;
      after_unknown: Record<string, unknown>;
    };
  }[];
}

/** The recorded plan without a change, with these edits. */
function edited(
  ...edits: readonly (readonly [address: string, edit: (change: Recorded["resource_changes"][0]["change"]) => void])[]
): string {
  const plan = JSON.parse(recordedJson("no-change")) as Recorded;
  // Recorded plans leave out the values before a resource without a change.
  for (const { change } of plan.resource_changes) change.before ??= { ...change.after };
  for (const [address, edit] of edits) {
    const found = plan.resource_changes.find((resource) => resource.address === address);
    if (found === undefined) throw new Error(`the plan has no ${address}`);
    edit(found.change);
  }
  return JSON.stringify(plan);
}

const before = (address: string, values: object) =>
  [
    address,
    (change: Recorded["resource_changes"][0]["change"]) => void (change.before = { ...change.before, ...values }),
  ] as const;

const hashOf = (address: string): string =>
  String(
    (JSON.parse(recordedJson("no-change")) as Recorded).resource_changes.find((one) => one.address === address)?.change
      .after["source_code_hash"],
  );

const version = { CodeSha256: "a", Role: "r", Environment: { Variables: { EXEMPT_NUMBERS: "+15555550100" } } };
const deployed = (live: object | AwsError): Answers => ({
  "lambda:GetFunctionConfiguration": (_, url) =>
    url.includes("Qualifier=") ? live : { ...version, LastModified: "x" },
});

function overridden(plan: string, override: ReturnType<typeof repeats> | undefined): string {
  const { resource_changes, ...rest } = JSON.parse(plan) as Recorded;
  for (const { address, change } of resource_changes)
    Object.assign(change.after, override?.resource.aws_lambda_function[address.split(".")[1] ?? ""]);
  return JSON.stringify({ ...rest, resource_changes });
}

/** Plans, and returns the overrides of all plans and what is unfinished. */
async function plan(first: string, answers: Answers = deployed({ ...version, LastModified: "y", Version: "1" })) {
  aws.answers = answers;
  const overrides: unknown[] = [];
  const stack = {
    plan: (options: { override?: object }) => Promise.resolve(void overrides.push(options.override)),
    // Terraform replaces the arguments of the configuration by those of the override.
    show: () => Promise.resolve(overridden(first, overrides.at(-1) as ReturnType<typeof repeats> | undefined)),
  };
  const { unfinished } = await planCompletely(stack, instance, { isLocked: true });
  return { overrides, unfinished };
}

const repeats = (hashes: Record<string, string>) => ({
  resource: {
    aws_lambda_function: Object.fromEntries(
      Object.entries(hashes).map(([id, source_code_hash]) => [id, { source_code_hash }]),
    ),
  },
});

test("a function whose alias points to a version that equals $LATEST is planned once", async () => {
  expect(await plan(edited())).toEqual({ overrides: [undefined], unfinished: [] });
});

test("a function that was not published is planned again, with the differing settings but no value", async () => {
  const old = { ...version, Environment: { Variables: {} }, MemorySize: 1 };
  const { overrides, unfinished } = await plan(edited(), deployed(old));
  expect(overrides).toEqual([undefined, repeats({ blocked_calls: `${hashOf(FUNCTION)} (repeated)` })]);
  expect(unfinished).toEqual([
    "The alias live of blockedCalls-recorded points to version 1, which differs from $LATEST in: memory, environment. A deployment failed " +
      "before it published $LATEST, or someone changed $LATEST. Terraform alone does not notice this. fleet plan publishes a version and " +
      "moves the alias to it.",
  ]);
  expect(unfinished.join()).not.toContain("555");
});

test("a version that does not exist is published again", async () => {
  const { overrides, unfinished } = await plan(edited(), deployed(new AwsError("ResourceNotFoundException", "", 404)));
  expect(overrides).toHaveLength(2);
  expect(unfinished[0]).toContain("points to version 1, which does not exist.");
});

test("other deployed code is uploaded again, without a request to AWS", async () => {
  const { overrides, unfinished } = await plan(
    edited(before(FUNCTION, { code_sha256: "other" }), before(CANARY, { code_sha256: "other" })),
  );
  expect(overrides[1]).toEqual(
    repeats({ blocked_calls: `${hashOf(FUNCTION)} (repeated)`, canary: `${hashOf(CANARY)} (repeated)` }),
  );
  expect(unfinished).toEqual([
    expect.stringContaining("The deployed code of blockedCalls-recorded is not the code of this stack"),
    expect.stringContaining("fleet plan uploads the code again."),
  ]);
  expect(aws.calls).toEqual([]);
});

test("a repeated update stays in the state without a second one, until it is unfinished too", async () => {
  const repeated = `${hashOf(FUNCTION)} (repeated)`;
  const after = before(FUNCTION, { source_code_hash: repeated });
  expect(await plan(edited(after))).toEqual({
    overrides: [undefined, repeats({ blocked_calls: repeated })],
    unfinished: [],
  });
  const { overrides, unfinished } = await plan(edited(after), deployed({ ...version, Role: "old" }));
  expect(overrides).toEqual([undefined, repeats({ blocked_calls: repeated }), undefined]);
  expect(unfinished).toHaveLength(1);
});

test("a plan that publishes anyway, creates the function, or moves the alias to $LATEST is planned once", async () => {
  const publishes = edited([
    FUNCTION,
    (change) => void (change.after_unknown = { ...change.after_unknown, version: true }),
  ]);
  const creates = edited([FUNCTION, (change) => void Object.assign(change, { actions: ["create"], before: null })]);
  for (const one of [publishes, creates]) {
    expect(await plan(one, {})).toEqual({ overrides: [undefined], unfinished: [] });
    expect(aws.calls).toEqual([]);
  }
  const moves = edited([ALIAS, (change) => void (change.after = { ...change.after, function_version: "7" })]);
  const versions: Answers = {
    "lambda:GetFunctionConfiguration": (_, url) =>
      url.includes("Qualifier=1") ? { ...version, Role: "old" } : version,
  };
  expect(await plan(moves, versions)).toEqual({ overrides: [undefined], unfinished: [] });
});

test("without permission to read the version, there is no plan, and the message names the policy", async () => {
  await expect(plan(edited(), deployed(new AwsError("AccessDeniedException", "no", 403)))).rejects.toThrow(
    /^It cannot be checked whether the last update of blockedCalls-recorded is live\. AccessDeniedException: no If the request was denied, attach the policy plan/,
  );
});
