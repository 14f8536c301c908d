/**
 * Builds our index on the table of one instance, outside Terraform. Nothing is stored locally: after an interruption, the next run finds
 * the index in DynamoDB and continues to wait.
 */
import type { TableDescription } from "@aws-sdk/client-dynamodb";
import { indexName } from "../../config/aws-names";
import { maxGlobalIndexes } from "../../config/blocking-index";
import type { InstanceConfig } from "../../config/types";
import { isAboutCredentials, isAccessDenied, isNamed, isThrottled } from "../aws/errors";
import type { IndexBuilder } from "../aws/index-builder";
import { isUsable, ourIndex } from "../aws/live-table";
import { TemporaryStsFailure } from "../aws/security-token-service";
import type { Clock } from "../checks/preflight/clock";
import { faultsOfIndex, noTable, obstaclesToIndex } from "../checks/preflight/table-checks";
import { errorMessage } from "../output/error-message";

/** `create`: adds the index if it is absent, and waits. `start`: does not wait. `wait`: adds nothing. */
export type IndexMode = "create" | "start" | "wait";

export interface IndexResult {
  /**
   * `started`: the index is being built, and the command does not wait. `unfinished`: the index is being built, and the command cannot
   * wait any longer. `refused`: nothing was changed. `failed`: AWS could not be asked, or the index is gone.
   */
  readonly status: "active" | "started" | "stopped" | "unfinished" | "refused" | "failed";
  readonly detail: string;
  /** What to do. Absent if there is nothing to do. */
  readonly fix?: string;
}

export interface IndexContext {
  readonly builder: Pick<IndexBuilder, "describe" | "create" | "percentage" | "renewCredentials">;
  readonly clock: Clock;
  /** Ends the wait. */
  readonly stop: AbortSignal;
  /** Reports a step that started `elapsedMs` milliseconds ago. @param elapsedMs 0 by default */
  readonly step: (text: string, elapsedMs?: number) => void;
}

/** How long requests may fail without an answer before the command gives up. */
const patienceMs = 10 * 60_000;
/** How often credentials that AWS refuses are renewed before the command gives up. */
const maxRenewals = 3;
/** A description may be older than an accepted request: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeTable.html */
const staleMs = 60_000;
/** How many consecutive descriptions must lack the index, over more than `staleMs`, before it counts as deleted. */
const minAbsent = 3;
/** Some CI services end a job without output after ten minutes. */
const heartbeatMs = 5 * 60_000;
/** CloudWatch has a new value once a minute. */
const percentageMs = 60_000;

/** Waits at most 5 % longer than necessary, and asks at most every 20 seconds. */
const pollMs = (elapsed: number): number => Math.min(20_000, Math.max(1_000, elapsed / 20));

const later = "Run the command again: it finds the index and waits until the index is ACTIVE.";
const goesOn = "DynamoDB continues to build the index, and calls continue as before.";

class Stopped extends Error {
  override readonly name = "Stopped";
}

/** @returns the result; never throws an error of AWS */
export async function buildIndex(
  instance: InstanceConfig,
  mode: IndexMode,
  context: IndexContext,
): Promise<IndexResult> {
  let isBuilding = false;
  try {
    context.step("reading the table");
    const table = await (mode === "wait" && instance.release === undefined ? describeWithIndex : describe)(context);
    if (table === undefined) return refused(noTable(instance));
    if (instance.release !== undefined) {
      return refused({
        detail: `The environment file has release: ${instance.release}, so this stack does not need ${indexName}.`,
        fix: "Remove release from the instance first.",
      });
    }
    if (ourIndex(table) === undefined) {
      if (mode === "wait") {
        return refused({
          detail: `${instance.table.name} has no index ${indexName}.`,
          fix: "Run the command without --wait: it creates the index.",
        });
      }
      const obstacles = obstaclesToIndex(instance, table);
      if (obstacles.length > 0) return refusedFor(obstacles);
      const refusal = await create(instance, table, context);
      if (refusal !== undefined) return refusal;
      isBuilding = true;
      if (mode === "start") return { status: "started", detail: `DynamoDB builds ${indexName}.`, fix: later };
      return await untilActive(instance, undefined, context);
    }
    const faults = faultsOfIndex(instance, table);
    if (faults.length > 0) return refusedFor(faults);
    isBuilding = !isUsable(ourIndex(table));
    if (isBuilding && mode === "start")
      return { status: "started", detail: `DynamoDB builds ${indexName} already.`, fix: later };
    return await untilActive(instance, table, context);
  } catch (error) {
    if (error instanceof Stopped) return { status: "stopped", ...(isBuilding ? stillBuilding : nothingChanged) };
    return isBuilding ? cannotWait(error) : cannotStart(instance, error);
  }
}

const stillBuilding = { detail: `Stopped. ${goesOn}`, fix: later };
const nothingChanged = { detail: "Stopped. Nothing was changed." };

const refused = ({ detail, fix }: { readonly detail: string; readonly fix?: string | undefined }): IndexResult => ({
  status: "refused",
  detail: `${detail} Nothing was changed.`,
  ...(fix === undefined ? {} : { fix }),
});

const refusedFor = (reasons: readonly { readonly detail: string; readonly fix?: string }[]): IndexResult =>
  refused({
    detail: reasons.map(({ detail }) => detail).join(" "),
    fix: reasons.flatMap(({ fix }) => fix ?? []).join(" "),
  });

/** Credentials were refused or cannot be renewed while the index is being built, or AWS cannot be reached. */
function cannotWait(error: unknown): IndexResult {
  const isSignedOut = areCredentialsRefused(error);
  const fix = isSignedOut ? `Sign in again. ${later}` : later;
  const reason = isSignedOut
    ? "The credentials are no longer valid and could not be renewed."
    : "AWS cannot be reached.";
  return { status: "unfinished", detail: `${reason} ${sentence(error)} ${goesOn}`, fix };
}

function cannotStart(instance: InstanceConfig, error: unknown): IndexResult {
  const refusal = refusalOf(instance, error, undefined);
  if (refusal !== undefined) return refused(refusal);
  return {
    status: "failed",
    detail: `${sentence(error)} Nothing was changed.`,
    fix: areCredentialsRefused(error)
      ? `Sign in with credentials of account ${instance.account}.`
      : "Run the command again.",
  };
}

/** Describes the table, again while AWS throttles the request or does not answer. @throws Stopped, or the error of AWS */
async function describe({ builder, clock, stop }: IndexContext): Promise<TableDescription | undefined> {
  const since = clock.now();
  let renewals = 0;
  for (;;) {
    if (stop.aborted) throw new Stopped();
    try {
      return await builder.describe(stop);
    } catch (error) {
      if (areCredentialsRefused(error) && renewals < maxRenewals) {
        renewals++;
        builder.renewCredentials();
        // The first time, the credentials have only expired.
        if (renewals === 1) continue;
      } else if (!isNamed(error, "AbortError") && (!isTemporary(error) || clock.now() - since > patienceMs))
        throw error;
    }
    await clock.sleep(pollMs(clock.now() - since), stop);
  }
}

/** Describes the table, again until our index appears or the description cannot be older than a request that added it. */
async function describeWithIndex(context: IndexContext): Promise<TableDescription | undefined> {
  const { clock, stop } = context;
  const since = clock.now();
  for (;;) {
    const table = await describe(context);
    const elapsed = clock.now() - since;
    if (table === undefined || ourIndex(table) !== undefined || elapsed > staleMs) return table;
    await clock.sleep(pollMs(elapsed), stop);
  }
}

/** Whether AWS refused the credentials, or the role may not be assumed. */
const areCredentialsRefused = (error: unknown): boolean =>
  isAboutCredentials(error) && !(error instanceof TemporaryStsFailure);

/** Whether AWS refused the request before it had an effect, and may accept it later. */
const isRefusedForNow = (error: unknown): boolean => isThrottled(error) || error instanceof TemporaryStsFailure;

/** Whether AWS throttled the request, had a fault or could not be reached. */
function isTemporary(error: unknown): boolean {
  const { $metadata } = error as { $metadata?: { readonly httpStatusCode?: number } };
  const status = $metadata?.httpStatusCode;
  return isRefusedForNow(error) || (!isAboutCredentials(error) && (status === undefined || status >= 500));
}

/** Adds the index. @returns why it was not added; undefined if DynamoDB builds it. @throws Stopped, or the error of AWS */
async function create(
  instance: InstanceConfig,
  table: TableDescription,
  context: IndexContext,
): Promise<IndexResult | undefined> {
  const { builder, clock, stop, step } = context;
  const since = clock.now();
  let renewals = 0;
  for (;;) {
    step(`adding ${indexName}`);
    try {
      await builder.create(table);
      return undefined;
    } catch (error) {
      // After a lost answer the request may have succeeded, and someone else may have created the index.
      const isUnauthorized = areCredentialsRefused(error);
      if (isUnauthorized) builder.renewCredentials();
      let current: TableDescription | undefined;
      try {
        current = await describe(context);
      } catch (failure) {
        if (isUnauthorized || isRefusedForNow(error) || !isTemporary(error)) throw failure;
        return noAnswer(error);
      }
      if (current !== undefined && ourIndex(current) !== undefined) {
        const faults = faultsOfIndex(instance, current);
        return faults.length === 0 ? undefined : refusedFor(faults);
      }
      // These requests were refused before they had an effect.
      const isRepeatable = isUnauthorized ? renewals++ < maxRenewals : isRefusedForNow(error);
      if (!isRepeatable || clock.now() - since > patienceMs) {
        const refusal = refusalOf(instance, error, current);
        if (refusal !== undefined) return refused(refusal);
        if (isRefusedForNow(error) || !isTemporary(error)) throw error;
        return noAnswer(error);
      }
      await clock.sleep(pollMs(clock.now() - since), stop);
      if (stop.aborted) throw new Stopped();
    }
  }
}

const noAnswer = (error: unknown): IndexResult => ({
  status: "failed",
  detail: `DynamoDB did not answer whether it adds ${indexName}. ${sentence(error)}`,
  fix: "Run the command again. If DynamoDB accepted the request, the command finds the index.",
});

const sentence = (error: unknown): string => errorMessage(error).replace(/\.?$/, ".");

/** The reason for a request that AWS refused, and what to do; undefined if the error is none of these. */
function refusalOf(
  instance: InstanceConfig,
  error: unknown,
  table: TableDescription | undefined,
): { readonly detail: string; readonly fix: string } | undefined {
  const {
    account,
    table: { name },
  } = instance;
  const message = sentence(error);
  if (isAccessDenied(error)) {
    // The message contains the ARN of the caller: arn:aws:sts::111122223333:assumed-role/…
    const caller = /arn:[\w-]+:(?:sts|iam)::(\d{12}):/.exec(message)?.[1];
    if (caller !== undefined && caller !== account) {
      return {
        detail: `The credentials belong to account ${caller}, and ${name} is in account ${account}. ${message}`,
        fix: `Use credentials of account ${account}, set deployRole, or name a role of that account with --role-name.`,
      };
    }
    return {
      detail: `The credentials may not add the index. ${message}`,
      fix:
        "Attach the policy index (npm run fleet -- iam) to the role that this command uses: the role of --role-name, otherwise deployRole, " +
        "otherwise the role of your credentials." +
        (instance.table.adopt
          ? ""
          : " With table.adopt: false, the policy deploy denies UpdateTable: if the role has this policy, name another role with --role-name."),
    };
  }
  if (isNamed(error, "ResourceInUseException")) {
    return {
      detail: `${name} is being changed by someone else (${table?.TableStatus ?? "status unknown"}), and DynamoDB then refuses to add an index. ${message}`,
      fix: "Wait until the table is ACTIVE, then run the command again.",
    };
  }
  if (isNamed(error, "LimitExceededException")) {
    const { GlobalSecondaryIndexes: indexes = [] } = table ?? {};
    if (indexes.length >= maxGlobalIndexes) {
      return {
        detail: `${name} has ${indexes.length} global indexes, and DynamoDB allows ${maxGlobalIndexes}. ${message}`,
        fix: "Ask the owner of the table to delete an unused index.",
      };
    }
    const busy = indexes.filter(({ IndexStatus }) => IndexStatus === "CREATING" || IndexStatus === "DELETING");
    if (busy.length > 0 || /per table/i.test(message)) {
      const named = busy.map(({ IndexName = "", IndexStatus = "" }) => `${IndexName} is ${IndexStatus}`).join(", ");
      return {
        detail: `DynamoDB changes only one index of a table at a time${named === "" ? "" : `: ${named}`}. ${message}`,
        fix: "Wait until every index of the table is ACTIVE or deleted, then run the command again.",
      };
    }
    return {
      detail: `Too many tables and indexes of account ${account} are being created, changed or deleted at the same time. ${message}`,
      fix: "Wait until one of these changes is finished, then run the command again.",
    };
  }
  if (isNamed(error, "ResourceNotFoundException")) {
    return { detail: `${name} no longer exists. ${message}`, fix: "Ask the owner of the table." };
  }
  if (isNamed(error, "ValidationException")) {
    return {
      detail: `DynamoDB refuses the request. ${message}`,
      fix: "Compare the table with the message. npm run fleet -- preflight shows the table's keys, indexes and capacity.",
    };
  }
  return undefined;
}

/** @param table a current description; undefined if the index was added just now. @throws Stopped, or the error of AWS */
async function untilActive(
  { table: { name } }: InstanceConfig,
  table: TableDescription | undefined,
  context: IndexContext,
): Promise<IndexResult> {
  const { builder, clock, stop, step } = context;
  const since = clock.now();
  let shown = { text: "", at: -Infinity };
  let percentage = { value: undefined as number | undefined, at: -Infinity };
  // Consecutive descriptions without the index. The first one may be older than the request that added the index.
  let absent = { count: 0, since };
  let hasSeen = false;
  for (let current = table; ; current = await describe(context)) {
    const index = current && ourIndex(current);
    const elapsed = clock.now() - since;
    if (index === undefined) {
      absent = absent.count === 0 ? { count: 1, since: clock.now() } : { ...absent, count: absent.count + 1 };
      if (absent.count >= minAbsent && clock.now() - absent.since > staleMs) return goneWhileWaiting(name, current);
    } else if (isUsable(index)) {
      const was = shown.text === "" ? "exists already. It " : "";
      return { status: "active", detail: `${indexName} ${was}is ${index.IndexStatus ?? ""} and has the right shape.` };
    } else if (index.IndexStatus !== "CREATING") {
      return {
        status: "failed",
        detail: `${indexName} is ${index.IndexStatus ?? "in an unknown state"}: someone deletes it.`,
        fix: "Wait until it is deleted, then run the command again.",
      };
    }
    if (index !== undefined) {
      absent = { count: 0, since };
      hasSeen = true;
    }
    if (index?.Backfilling === true && clock.now() - percentage.at >= percentageMs) {
      // The progress is optional, and the policy index does not allow reading metrics.
      percentage = await builder.percentage().then(
        (value) => ({ value, at: clock.now() }),
        () => ({ value: undefined, at: Infinity }),
      );
    }
    const done = percentage.value === undefined ? "" : ` (${percentage.value} % done)`;
    const text =
      index === undefined && hasSeen
        ? `${indexName} is not in the last answer of DynamoDB, which may be older than the one before: asking again`
        : `${indexName} is CREATING and ${index?.Backfilling === true ? `is backfilling${done}` : "waits for resources"}`;
    if (text !== shown.text || clock.now() - shown.at >= heartbeatMs) {
      step(text, elapsed);
      shown = { text, at: clock.now() };
    }
    await clock.sleep(pollMs(elapsed), stop);
  }
}

/** @param table the last description; undefined if the table does not exist */
const goneWhileWaiting = (name: string, table: TableDescription | undefined): IndexResult =>
  table === undefined
    ? { status: "failed", detail: `The table ${name} no longer exists.`, fix: "Ask the owner of the table." }
    : {
        status: "failed",
        detail: `${name} no longer has the index ${indexName}: someone deleted it.`,
        fix: "Find out who deleted the index, then run the command again.",
      };
