/** Finds a log group by its name. */
import { DescribeLogGroupsCommand } from "@aws-sdk/client-cloudwatch-logs";
import type { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";

export async function logGroupExists(logs: CloudWatchLogsClient, name: string): Promise<boolean> {
  // The log group with exactly this name comes first: the answer is sorted by name.
  const { logGroups = [] } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: name }));
  return logGroups.some(({ logGroupName }) => logGroupName === name);
}
