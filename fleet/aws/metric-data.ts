/** Reads many metrics of CloudWatch with few requests. */
import { paginateGetMetricData } from "@aws-sdk/client-cloudwatch";
import type { CloudWatchClient, MetricDataQuery } from "@aws-sdk/client-cloudwatch";

/** One metric of CloudWatch with its statistic and period. */
export interface MetricQuery {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  /** Such as `Sum`. */
  readonly stat: string;
  readonly periodSeconds: number;
}

export interface Point {
  /** Start of the period, in milliseconds. */
  readonly at: number;
  readonly value: number;
}

/** The points of a metric, oldest first; empty if CloudWatch has none. Or why CloudWatch did not return all of them. */
export type Series = { readonly points: readonly Point[] } | { readonly failure: string };

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html */
const queriesPerRequest = 500;
/** Most data points of an answer. Larger answers have several pages. */
const MaxDatapoints = 100_800;

/**
 * @param from start in milliseconds. Use a multiple of the period: CloudWatch aligns the points with the start.
 * @returns one series for each query, in order
 * @throws the error of AWS
 */
export async function metricData(
  client: CloudWatchClient,
  queries: readonly MetricQuery[],
  { from, to }: { readonly from: number; readonly to: number },
): Promise<readonly Series[]> {
  const all: Series[] = [];
  for (let start = 0; start < queries.length; start += queriesPerRequest) {
    const batch = queries.slice(start, start + queriesPerRequest);
    const points = new Map<string, Point[]>(batch.map((_, n) => [idOf(n), []]));
    const statuses = new Map<string, string>();
    const input = {
      StartTime: new Date(from),
      EndTime: new Date(to),
      ScanBy: "TimestampAscending",
      MaxDatapoints,
      MetricDataQueries: batch.map(queryOf),
    } as const;
    for await (const { MetricDataResults = [] } of paginateGetMetricData({ client }, input)) {
      for (const { Id = "", Timestamps = [], Values = [], StatusCode = "Complete" } of MetricDataResults) {
        statuses.set(Id, StatusCode);
        for (const [n, at] of Timestamps.entries()) points.get(Id)?.push({ at: at.getTime(), value: Values[n] ?? 0 });
      }
    }
    all.push(
      ...batch.map((_, n): Series => {
        const status = statuses.get(idOf(n));
        if (status === "Complete") return { points: points.get(idOf(n)) ?? [] };
        return { failure: `CloudWatch returned the status ${status ?? "of no answer"} for the metric.` };
      }),
    );
  }
  return all;
}

const idOf = (n: number): string => `m${n}`;

const queryOf = ({ namespace, name, dimensions, stat, periodSeconds }: MetricQuery, n: number): MetricDataQuery => ({
  Id: idOf(n),
  MetricStat: {
    Stat: stat,
    Period: periodSeconds,
    Metric: {
      Namespace: namespace,
      MetricName: name,
      Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
    },
  },
});
