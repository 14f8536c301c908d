/** The metrics of the calls and of the canary: which ones are read, and what their points mean. */
import type { InstanceConfig } from "../../../config/types";
import { aliasMetric, ourMetric } from "../../../stacks/alarms";
import type { MetricQuery, Point, Series } from "../../aws/metric-data";
import { type Reading, unknown } from "./reading";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** The names of the members are part of the JSON output. */
export interface CallCounts {
  /** Calls that the function answered. */
  readonly calls: number;
  readonly blocked: number;
  /** Calls for which the function queried the table. */
  readonly lookups: number;
  /** Lookups that failed. These calls went through. */
  readonly lookupErrors: number;
  /** Invocations that ended without an answer of the code. These calls went through. */
  readonly functionErrors: number;
}

export interface Calls {
  /** The last 24 full hours and the current hour. */
  readonly day: CallCounts;
  /** The last 168 full hours and the current hour. */
  readonly week: CallCounts;
}

const callMetrics = (instance: InstanceConfig) => [
  ourMetric(instance, "Match"),
  ourMetric(instance, "NoMatch"),
  ourMetric(instance, "Lookups"),
  ourMetric(instance, "LookupError"),
  aliasMetric(instance, "Errors"),
];

export const callQueries = (instance: InstanceConfig, periodSeconds: number = hourMs / 1000): readonly MetricQuery[] =>
  callMetrics(instance).map((metric) => ({ ...metric, periodSeconds }));

/** The time for which `callQueries` is asked: seven days and the current hour. */
export const weekUntil = (now: number): { readonly from: number; readonly to: number } => ({
  from: Math.floor(now / hourMs) * hourMs - 7 * dayMs,
  to: now,
});

/** @param series the answers to `callQueries` */
export function callsFrom(series: readonly Series[], now: number): Reading<Calls> {
  const points = pointsOf(series);
  if ("unknown" in points) return points;
  const dayFrom = weekUntil(now).from + 6 * dayMs;
  return { value: { day: countsOf(points, dayFrom, now), week: countsOf(points, 0, now) } };
}

/** Without any point there were no calls, or the metrics are lost. These cases look the same, so the result is not zero. */
export function pointsOf(series: readonly Series[]): readonly (readonly Point[])[] | ReturnType<typeof unknown> {
  const points: (readonly Point[])[] = [];
  for (const one of series) {
    if ("failure" in one) return unknown("failed", one.failure, "Run the command again.");
    points.push(one.points);
  }
  if (points.every((list) => list.length === 0)) {
    return unknown(
      "no-data",
      "CloudWatch has no data about calls: no call was checked, or the function writes no metrics.",
    );
  }
  return points;
}

/** The counts of a time, in milliseconds. `from` is included, `to` is not. */
export function countsOf(points: readonly (readonly Point[])[], from: number, to: number): CallCounts {
  const [blocked = 0, through = 0, lookups = 0, lookupErrors = 0, functionErrors = 0] = points.map((list) =>
    list.reduce((sum, { at, value }) => (at >= from && at < to ? sum + value : sum), 0),
  );
  return { calls: blocked + through, blocked, lookups, lookupErrors, functionErrors };
}

export interface DayCounts {
  /** Such as `2026-11-26`, in UTC. */
  readonly day: string;
  /** Undefined if CloudWatch has no data for the day: the metrics did not exist yet, or are lost. */
  readonly counts: CallCounts | undefined;
}

const reportedDays = 30;

/** 30 days in UTC, of which the last one is today. */
export const daysUntil = (now: number): { readonly from: number; readonly to: number } => ({
  from: Math.floor(now / dayMs) * dayMs - (reportedDays - 1) * dayMs,
  to: now,
});

/** @param series the answers to `callQueries` with a period of a day */
export function daysFrom(series: readonly Series[], now: number): Reading<readonly DayCounts[]> {
  const points = pointsOf(series);
  if ("unknown" in points) return points;
  const { from } = daysUntil(now);
  return {
    value: Array.from({ length: reportedDays }, (_, n) => {
      const start = from + n * dayMs;
      const hasData = points.some((list) => list.some(({ at }) => at >= start && at < start + dayMs));
      return {
        day: new Date(start).toISOString().slice(0, 10),
        counts: hasData ? countsOf(points, start, start + dayMs) : undefined,
      };
    }),
  };
}

/** The names of the members are part of the JSON output. */
export interface Canary {
  /**
   * The answers that the last run got: all `right`, or some `wrong`. `failed`: the run did not complete. `none`: no run in the last three
   * hours. `off`: the environment file switches the canary off.
   */
  readonly answer: "right" | "wrong" | "failed" | "none" | "off";
  /** ISO 8601. Absent if there was no run. */
  readonly at?: string;
  /** Contacts with a blocked Disposition. The canary counts at most 100 for each Disposition. Absent if no run completed. */
  readonly listedContacts?: number;
}

/** The canary runs at least once per hour. */
const canaryWindowMs = 3 * hourMs;
const minuteMs = 60_000;

export const canaryQueries = (instance: InstanceConfig): readonly MetricQuery[] =>
  [
    ourMetric(instance, "CanaryRun"),
    ourMetric(instance, "CanaryWrongAnswer"),
    ourMetric(instance, "ListedContacts", "Maximum"),
  ].map((metric) => ({ ...metric, periodSeconds: 60 }));

export const canaryTime = (now: number): { readonly from: number; readonly to: number } => ({
  from: Math.floor(now / minuteMs) * minuteMs - canaryWindowMs,
  to: now,
});

/** @param series the answers to `canaryQueries` */
export function canaryFrom({ alarms }: InstanceConfig, series: readonly Series[]): Reading<Canary> {
  if (alarms.canaryMinutes === false) return { value: { answer: "off" } };
  for (const one of series) if ("failure" in one) return unknown("failed", one.failure, "Run the command again.");
  const [runs = [], wrongs = [], listed = []] = series.map((one) => ("points" in one ? one.points : []));
  const last = runs.at(-1);
  if (last === undefined) return { value: { answer: "none" } };
  const wrong = wrongs.find(({ at }) => at === last.at)?.value ?? 0;
  const contacts = listed.at(-1)?.value;
  return {
    value: {
      answer: last.value === 0 ? "failed" : wrong > 0 ? "wrong" : "right",
      at: new Date(last.at).toISOString(),
      ...(contacts === undefined ? {} : { listedContacts: contacts }),
    },
  };
}

/** Whether the canary should have run again since. CloudWatch gets the metrics of a run some minutes later. */
export const isOverdue = (at: string, canaryMinutes: number, now: number): boolean =>
  now - Date.parse(at) > 3 * canaryMinutes * minuteMs + 5 * minuteMs;
