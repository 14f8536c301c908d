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
import { type Reading, type Unknown, unknown } from "../status/reading";

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
  const reader = new FleetReader(instances, timeoutMs);
  try {
    // Flows and lists are read without a time limit, so instances that do not answer are left out.
    const unanswered = new Map(
      (await reader.read()).flatMap(({ stack, index }) =>
        "unknown" in index && ["unreachable", "no-credentials"].includes(index.unknown.code)
          ? [[stack, index.unknown] as const]
          : [],
      ),
    );
    const answering = instances.filter(({ stackName }) => !unanswered.has(stackName));
    const covered = new Map((await coverInstances(answering, false)).map((one) => [one.stack, one]));
    const options = { parallel: 8, kind: "verify", shutdown: { isStopping: false } } as const;
    const read = await forEachStack(answering, options, (instance) => ({
      work: (step) => {
        step("reading the list of blocked numbers");
        return blockedList(instance, unitsPerSecond);
      },
      describe: (list) => ("value" in list ? `${list.value.blocked} blocked` : list.unknown.code),
    }));
    const lists = new Map(read.map(({ instance, result }) => [instance, result]));
    const now = Date.now();
    // The status shows the coverage of this run.
    const [statuses, days] = await Promise.all([reader.read(now), reader.days(now)]);
    return instances.flatMap((instance, n) => {
      const status = statuses[n];
      if (status === undefined) return [];
      const reason = unanswered.get(instance.stackName);
      const nothing = reason === undefined ? notRead(instance) : { unknown: reason };
      return [
        {
          status,
          days: days[n] ?? nothing,
          coverage: covered.get(instance.stackName) ?? uncovered(instance, reason),
          list: lists.get(instance) ?? nothing,
          drift: driftOf(instance),
        },
      ];
    });
  } finally {
    reader.destroy();
  }
}

/** The coverage of an instance that does not answer. */
function uncovered(
  { stackName: stack }: InstanceConfig,
  { detail = "", fix = "" }: Partial<Unknown> = {},
): CoveredInstance {
  return { stack, outcome: "failed", numbers: [], failure: { name: "coverage", outcome: "failed", detail, fix } };
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
