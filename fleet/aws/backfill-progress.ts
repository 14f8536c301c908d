/** Reads the progress of an index backfill from CloudWatch. DescribeTable only says that DynamoDB is backfilling. */
import { GetMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import type { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { indexName } from "../../config/aws-names";

/** Period and age limit of DynamoDB's reports on an index backfill, in seconds. */
const [reportPeriod, oldestReport] = [60, 1800];

/**
 * Percentage of the backfill of our index, rounded; undefined if CloudWatch has no data.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html (OnlineIndexPercentageProgress)
 *
 * @throws the error of AWS
 */
export async function backfillPercentage(
  cloudwatch: Pick<CloudWatchClient, "send">,
  tableName: string,
): Promise<number | undefined> {
  const now = Date.now();
  const { MetricDataResults } = await cloudwatch.send(
    new GetMetricDataCommand({
      StartTime: new Date(now - oldestReport * 1000),
      EndTime: new Date(now),
      ScanBy: "TimestampDescending",
      MetricDataQueries: [
        {
          Id: "progress",
          MetricStat: {
            Stat: "Maximum",
            Period: reportPeriod,
            Metric: {
              Namespace: "AWS/DynamoDB",
              MetricName: "OnlineIndexPercentageProgress",
              Dimensions: [
                { Name: "TableName", Value: tableName },
                { Name: "GlobalSecondaryIndexName", Value: indexName },
              ],
            },
          },
        },
      ],
    }),
  );
  const latest = MetricDataResults?.[0]?.Values?.[0];
  return latest === undefined ? undefined : Math.round(latest);
}
