/** Gathers everything that the report shows about each instance. Nothing is changed. */
import type { InstanceConfig } from "../../../config/types";
import { forEachStack } from "../../plans/for-each-stack";
import { errorMessage } from "../../output/error-message";
import { CommandError } from "../../output/command-error";
import { listBlocked } from "../blocked/list-blocked";
import { type CoveredInstance, coverInstances } from "../coverage/cover-instances";
import { savedDrift } from "../saved-drift";
import type { DayCounts } from "../status/calls";
import type { InstanceStatus } from "../status/instance-status";
import { FleetReader } from "../status/read-fleet";
import { type Reading, unknown } from "../status/reading";

export interface ReportedInstance {
  readonly status: InstanceStatus;
  /** One entry per day in UTC, the oldest first; the last day is today. */
  readonly days: Reading<readonly DayCounts[]>;
  readonly coverage: CoveredInstance;
  readonly list: Reading<BlockedList>;
  readonly drift: Reading<{
    readonly state: "as-deployed" | "pending" | "drift" | "failed";
    readonly checkedAt: string;
  }>;
}

/** The size of the list of blocked numbers. */
export interface BlockedList {
  /** Addresses whose callers are blocked. */
  readonly blocked: number;
  /** Addresses in the list that another rule decides, such as exempt numbers. */
  readonly others: number;
  readonly contacts: number;
  /** Contacts whose Disposition looks like a misspelled blocked one. They block nobody. */
  readonly misspelled: number;
}

export interface GatherOptions {
  readonly timeoutMs: number;
  /** Read units of the index per second and instance. */
  readonly unitsPerSecond: number;
}

/** @returns one entry per instance, in the order of the instances */
export async function gatherReport(
  instances: readonly InstanceConfig[],
  { timeoutMs, unitsPerSecond }: GatherOptions,
): Promise<readonly ReportedInstance[]> {
  // The coverage is first, because the status shows the last coverage.
  const covered = await coverInstances(instances, false);
  const lists = await forEachStack(
    instances,
    { parallel: 8, kind: "verify", shutdown: { isStopping: false } },
    (instance) => ({
      work: (step) => {
        step("reading the list of blocked numbers");
        return blockedList(instance, unitsPerSecond);
      },
      describe: (list) => ("value" in list ? `${list.value.blocked} blocked` : list.unknown.code),
    }),
  );
  const reader = new FleetReader(instances, timeoutMs);
  try {
    const now = Date.now();
    const [statuses, days] = await Promise.all([reader.read(now), reader.days(now)]);
    return statuses.flatMap((status, n) => {
      const [instance, coverage] = [instances[n], covered[n]];
      if (instance === undefined || coverage === undefined) return [];
      const list = lists[n]?.result ?? notRead(instance);
      return [{ status, days: days[n] ?? notRead(instance), coverage, list, drift: driftOf(instance) }];
    });
  } finally {
    reader.destroy();
  }
}

const notRead = ({ release }: InstanceConfig): Reading<never> =>
  unknown("not-checked", `The instance is decommissioned (release: ${release ?? ""}).`);

async function blockedList(instance: InstanceConfig, unitsPerSecond: number): Promise<Reading<BlockedList>> {
  if (instance.release !== undefined) return notRead(instance);
  try {
    const options = { unitsPerSecond, signal: new AbortController().signal };
    const { statuses, contacts, similar } = await listBlocked(instance, options, () => undefined);
    const all = [...statuses.values()].reduce((sum, count) => sum + count, 0);
    const blocked = statuses.get("blocked") ?? 0;
    const misspelled = similar.reduce((sum, one) => sum + one.contacts, 0);
    return { value: { blocked, others: all - blocked, contacts, misspelled } };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return unknown("failed", errorMessage(error));
  }
}

function driftOf(instance: InstanceConfig): ReportedInstance["drift"] {
  const saved = savedDrift.last(instance);
  return saved === undefined
    ? unknown(
        "not-checked",
        "There is no result of drift on this machine.",
        `Run: npm run fleet -- drift ${instance.stackName}`,
      )
    : { value: saved };
}
