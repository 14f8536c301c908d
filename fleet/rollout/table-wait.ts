/**
 * Says what an apply waits for while Terraform changes the contact table. Terraform's provider repeats a request that DynamoDB refuses, and
 * waits for the index, without a message.
 */
import type { TableDescription } from "@aws-sdk/client-dynamodb";
import { indexName } from "../../config/aws-names";
import type { InstanceConfig } from "../../config/types";
import { TABLE } from "../../stacks/resource-types";
import { ourIndex } from "../aws/live-table";
import type { Clock } from "../checks/preflight/clock";
import { errorMessage } from "../output/error-message";
import { busyWith, repeated } from "../plans/table-status";
import { changesInProgress } from "../terraform/diagnostics";

export interface TableWaitContext {
  /** Reads the table. The request ends when the signal is aborted. */
  readonly describe: (stop: AbortSignal) => Promise<TableDescription>;
  /** The output of the apply until now. */
  readonly output: () => string;
  readonly clock: Clock;
  /** Aborted at the end of the apply. */
  readonly stop: AbortSignal;
  /** Reports a step that started `elapsedMs` milliseconds ago. */
  readonly step: (text: string, elapsedMs: number) => void;
  /** Prints one line. */
  readonly note: (text: string) => void;
}

/** A short text for the progress line, and the explanation. */
interface Wait {
  readonly step: string;
  readonly detail?: string;
}

const pollMs = 10_000;
/** Some CI services end a job without output after ten minutes. */
const heartbeatMs = 5 * 60_000;

const applying: Wait = { step: "applying" };

/** Reports each reason once, and continues until `stop` is aborted. Never throws an error of AWS. */
export async function reportTableWait(instance: InstanceConfig, context: TableWaitContext): Promise<void> {
  const { output, clock, stop, step, note } = context;
  const hasEnded = (): boolean => stop.aborted;
  let shown = { ...applying, since: clock.now(), at: clock.now() };
  for (;;) {
    await clock.sleep(pollMs, stop);
    if (hasEnded()) return;
    const isChanging = changesInProgress(output()).some((address) => address.startsWith(`${TABLE}.`));
    const wait = isChanging ? await currentWait(instance, context) : applying;
    // The apply may have ended during the request.
    if (hasEnded()) return;
    const now = clock.now();
    const since = wait.step === shown.step ? shown.since : now;
    if (wait.detail !== undefined && wait.detail !== shown.detail) note(`${instance.stackName}: ${wait.detail}`);
    const isDue = isChanging && now - shown.at >= heartbeatMs;
    if (wait.step !== shown.step || isDue) step(wait.step, now - since);
    shown = { ...wait, since, at: wait.step !== shown.step || isDue ? now : shown.at };
  }
}

async function currentWait(instance: InstanceConfig, { describe, stop }: TableWaitContext): Promise<Wait> {
  try {
    return waitFor(instance, await describe(stop));
  } catch (error) {
    const { name } = instance.table;
    return {
      step: "waiting for the table",
      detail: `Terraform changes ${name}. What it waits for is not known, because the table could not be read. ${errorMessage(error)}`,
    };
  }
}

/** What the change of the table waits for. */
export function waitFor(
  { account, region, release, table: { name } }: InstanceConfig,
  table: Pick<TableDescription, "TableStatus" | "GlobalSecondaryIndexes">,
): Wait {
  const index = ourIndex(table);
  const [add, adds] = release === "remove-index" ? (["delete", "deletes"] as const) : (["add", "adds"] as const);
  if (index?.IndexStatus === "CREATING") {
    return {
      step: `waiting until ${indexName} is ACTIVE`,
      detail:
        `DynamoDB builds the index ${indexName} of ${name} (${index.Backfilling === true ? "backfilling" : "waiting for resources"}), and calls ` +
        "continue as before. Terraform waits until the index is ACTIVE.",
    };
  }
  if (index?.IndexStatus === "DELETING") {
    return {
      step: `waiting until ${indexName} is deleted`,
      detail: `DynamoDB deletes the index ${indexName} of ${name}.`,
    };
  }
  // The request was accepted, and Terraform has not noticed yet.
  if ((index === undefined) === (release === "remove-index")) return applying;
  const step = `waiting until DynamoDB ${adds} ${indexName}`;
  const busy = busyWith(table);
  if (busy.length > 0) {
    return {
      step,
      detail:
        `${name}: ${busy.join(", ")}. Meanwhile DynamoDB refuses to ${add} ${indexName} (LimitExceededException, ResourceInUseException). ` +
        repeated,
    };
  }
  return {
    step,
    detail:
      `DynamoDB does not ${add} ${indexName} of ${name} yet, and nothing else changes this table. Probably too many indexes of other tables of ` +
      `account ${account} in ${region} are being built or deleted: DynamoDB then refuses the request (LimitExceededException). ${repeated}`,
  };
}
