/** Reads the status of many instances: few requests per instance, and one set of requests to CloudWatch per account and region. */
import { setTimeout as sleep } from "node:timers/promises";
import type { FunctionConfiguration } from "@aws-sdk/client-lambda";
import type { MetricAlarm } from "@aws-sdk/client-cloudwatch";
import type { TableDescription } from "@aws-sdk/client-dynamodb";
import { aliasName } from "../../../config/aws-names";
import { blockingIndex, blockingIndexKeys } from "../../../config/blocking-index";
import type { InstanceConfig } from "../../../config/types";
import { alarmName, alarmsOf, anchorOf } from "../../../stacks/alarms";
import { instanceClients, type InstanceClients, stoppable } from "../../aws/instance-clients";
import { describeAlias, functionConfiguration } from "../../aws/lambda-function";
import { describeTable, isUsable, ourIndex } from "../../aws/live-table";
import { metricData, type MetricQuery, type Series } from "../../aws/metric-data";
import { alarmsByName } from "../../aws/monitoring";
import { savedCoverage } from "../coverage/saved-coverage";
import { settingDifferences, variableDifferences } from "../verify/function-differences";
import {
  callQueries,
  callsFrom,
  canaryFrom,
  canaryQueries,
  canaryTime,
  type DayCounts,
  daysFrom,
  daysUntil,
  weekUntil,
} from "./calls";
import {
  type Alarms,
  type Difference,
  instanceStatus,
  type InstanceStatus,
  type Readings,
  skippedStatus,
} from "./instance-status";
import { mapReading, read, type Reading, type ReadLimits, unknown } from "./reading";

/**
 * Milliseconds from the start of one instance to the start of the next one in the same account and region. Lambda allows 15 requests per
 * second for all read operations together, and each instance needs two.
 * https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html (API requests)
 */
const instanceIntervalMs = 150;

/** Few attempts and a short time to connect: an instance that does not answer is reported, and the others do not wait. */
const clientSettings = { maxAttempts: 3, connectionTimeout: 4_000 };

/** Instances that the same clients can read. */
interface Group {
  readonly instances: readonly InstanceConfig[];
  readonly clients: InstanceClients;
}

/** Reads the same instances once or repeatedly. The clients keep their connections and their credentials. */
export class FleetReader {
  private readonly groups: readonly Group[];

  /** @param timeoutMs milliseconds after which what is not answered is unknown */
  constructor(
    private readonly instances: readonly InstanceConfig[],
    private readonly timeoutMs: number,
  ) {
    const byClients = new Map<string, InstanceConfig[]>();
    for (const instance of instances.filter(({ release }) => release === undefined)) {
      const { account, region, planRole, deployRole } = instance;
      const key = JSON.stringify([account, region, planRole ?? deployRole]);
      byClients.set(key, [...(byClients.get(key) ?? []), instance]);
    }
    this.groups = [...byClients.values()].flatMap((members) => {
      const [first] = members;
      return first === undefined ? [] : [{ instances: members, clients: instanceClients(first, clientSettings) }];
    });
  }

  /** @returns one status per instance, in the order of the instances. Never throws an error of AWS. @param now in milliseconds */
  async read(now: number = Date.now()): Promise<readonly InstanceStatus[]> {
    const statuses = new Map<InstanceConfig, InstanceStatus>();
    await Promise.all(
      this.groups.map(async (group) => {
        for (const [instance, readings] of await this.readGroup(group, now)) {
          statuses.set(instance, instanceStatus(instance, readings, now));
        }
      }),
    );
    return this.instances.map((instance) => statuses.get(instance) ?? skippedStatus(instance));
  }

  /** The calls of the last 30 days, by day. @returns as `read`; undefined for an instance that is decommissioned */
  async days(now: number = Date.now()): Promise<readonly (Reading<readonly DayCounts[]> | undefined)[]> {
    const days = new Map<InstanceConfig, Reading<readonly DayCounts[]>>();
    await Promise.all(
      this.groups.map(async (group) => {
        const all = await this.metrics(group, (instance) => callQueries(instance, 86_400), daysUntil(now));
        for (const [n, instance] of group.instances.entries()) {
          days.set(
            instance,
            mapReading(all, (series) => daysFrom(series[n] ?? [], now)),
          );
        }
      }),
    );
    return this.instances.map((instance) => days.get(instance));
  }

  /** Closes all connections. */
  destroy(): void {
    for (const { clients } of this.groups) clients.destroy();
  }

  private limitsOf(instances: readonly InstanceConfig[]): ReadLimits {
    return { timeoutMs: this.timeoutMs, region: instances[0]?.region ?? "" };
  }

  /** The metrics of all instances of the group, as one list for each instance. */
  private metrics(
    { instances, clients }: Group,
    queriesOf: (instance: InstanceConfig) => readonly MetricQuery[],
    time: Parameters<typeof metricData>[2],
  ): Promise<Reading<readonly (readonly Series[])[]>> {
    return read(async (signal) => {
      const queries = instances.map((instance) => queriesOf(instance));
      const all = await metricData(stoppable(clients.cloudwatch, signal), queries.flat(), time);
      return splitLike(queries, all);
    }, this.limitsOf(instances));
  }

  private async readGroup(group: Group, now: number): Promise<readonly (readonly [InstanceConfig, Readings])[]> {
    const { instances, clients } = group;
    const limits = this.limitsOf(instances);
    const names = instances.flatMap((instance) => alarmsOf(instance).map(({ alarm }) => alarmName(instance, alarm)));
    const [alarms, calls, canaries, resources] = await Promise.all([
      read((signal) => alarmsByName(stoppable(clients.cloudwatch, signal), names), limits),
      this.metrics(group, callQueries, weekUntil(now)),
      this.metrics(
        group,
        (instance) => (instance.alarms.canaryMinutes === false ? [] : canaryQueries(instance)),
        canaryTime(now),
      ),
      Promise.all(
        instances.map(async (instance, n) => {
          await sleep(n * instanceIntervalMs);
          return { instance, ...(await readResources(instance, clients, limits)) };
        }),
      ),
    ]);
    return resources.map(({ instance, live, differences, index }, n) => {
      const readings: Readings = {
        live,
        index,
        numbers: numbersOf(instance),
        canary: mapReading(canaries, (series) => canaryFrom(instance, series[n] ?? [])),
        alarms: mapReading(alarms, (found) => ({ value: alarmsFrom(instance, found) })),
        calls: mapReading(calls, (series) => callsFrom(series[n] ?? [], now)),
        differences,
      };
      return [instance, readings];
    });
  }
}

/** Splits the answers into lists as long as the lists of queries. */
function splitLike(
  queries: readonly (readonly MetricQuery[])[],
  answers: readonly Series[],
): readonly (readonly Series[])[] {
  let start = 0;
  return queries.map(({ length }) => answers.slice(start, (start += length)));
}

type Resources = Pick<Readings, "live" | "differences" | "index">;

async function readResources(
  instance: InstanceConfig,
  { lambda, dynamodb }: InstanceClients,
  limits: ReadLimits,
): Promise<Resources> {
  const { name } = instance.function;
  const [live, table] = await Promise.all([
    read(async (signal) => {
      const client = stoppable(lambda, signal);
      const [version, alias] = await Promise.all([
        functionConfiguration(client, name, aliasName),
        describeAlias(client, name, aliasName),
      ]);
      return version && { version, weights: alias?.RoutingConfig?.AdditionalVersionWeights ?? {} };
    }, limits),
    read((signal) => describeTable(stoppable(dynamodb, signal), instance.table.name), limits),
  ]);
  return {
    live: mapReading(live, (found): Readings["live"] =>
      found === undefined
        ? { value: { state: "missing" } }
        : {
            value: {
              state: "deployed",
              version: found.version.Version ?? "",
              modified: isoTime(found.version.LastModified),
            },
          },
    ),
    differences: mapReading(live, (found): Readings["differences"] =>
      found === undefined
        ? unknown("no-data", "The function does not exist.")
        : { value: differencesOf(instance, found.version, found.weights) },
    ),
    index: mapReading(table, (found) => ({ value: indexOf(found) })),
  };
}

/** Lambda writes `2026-11-20T08:15:30.000+0000`. */
function isoTime(lastModified = ""): string {
  const time = new Date(lastModified);
  return Number.isNaN(time.getTime()) ? lastModified : time.toISOString();
}

function differencesOf(
  instance: InstanceConfig,
  version: FunctionConfiguration,
  weights: Readonly<Record<string, number>>,
): readonly Difference[] {
  const variables = variableDifferences(instance, version.Environment?.Variables ?? {});
  const others = Object.keys(weights);
  return [
    ...settingDifferences(instance, version).map(({ code, text }) => ({ code, detail: text })),
    ...(variables.length === 0 ? [] : [{ code: "environment" as const, detail: variables.join(", ") }]),
    ...(others.length === 0
      ? []
      : [
          {
            code: "alias-weights" as const,
            detail: `the alias sends part of the calls to version ${others.join(", ")}`,
          },
        ]),
  ];
}

function indexOf(
  table: TableDescription | undefined,
): Extract<Readings["index"], { readonly value: unknown }>["value"] {
  if (table === undefined) return { state: "table-missing" };
  const { TableStatus = "", AttributeDefinitions = [] } = table;
  if (TableStatus !== "ACTIVE" && TableStatus !== "UPDATING") return { state: "table-unavailable" };
  const index = ourIndex(table);
  if (index === undefined) return { state: "missing" };
  const keys = (index.KeySchema ?? []).map(({ AttributeName, KeyType }) => `${AttributeName ?? ""} ${KeyType ?? ""}`);
  const isRight =
    keys.join() === `${blockingIndex.hashKey} HASH,${blockingIndex.rangeKey} RANGE` &&
    blockingIndexKeys.every((key) =>
      AttributeDefinitions.some(
        ({ AttributeName, AttributeType }) => AttributeName === key && AttributeType === blockingIndex.keyType,
      ),
    );
  if (!isRight) return { state: "wrong-keys" };
  const contacts = index.ItemCount === undefined ? {} : { contacts: index.ItemCount };
  if (!isUsable(index)) return { state: index.IndexStatus === "DELETING" ? "DELETING" : "CREATING", ...contacts };
  return { state: index.IndexStatus === "UPDATING" ? "UPDATING" : "ACTIVE", ...contacts };
}

function numbersOf(instance: InstanceConfig): Readings["numbers"] {
  const saved = savedCoverage.last(instance);
  return saved === undefined
    ? unknown(
        "not-checked",
        "The flows of the phone numbers were not read on this machine.",
        `Run: npm run fleet -- coverage ${instance.stackName}`,
      )
    : { value: saved };
}

function alarmsFrom(instance: InstanceConfig, found: ReadonlyMap<string, MetricAlarm>): Alarms {
  const all = alarmsOf(instance).map(({ alarm }) => ({
    id: anchorOf(alarm),
    live: found.get(alarmName(instance, alarm)),
  }));
  const those = (is: (alarm: MetricAlarm | undefined) => boolean): readonly string[] =>
    all.filter(({ live }) => is(live)).map(({ id }) => id);
  return {
    active: those((alarm) => alarm?.StateValue === "ALARM"),
    insufficientData: those((alarm) => alarm?.StateValue === "INSUFFICIENT_DATA"),
    missing: those((alarm) => alarm === undefined),
    silenced: those((alarm) => alarm?.ActionsEnabled === false),
  };
}
