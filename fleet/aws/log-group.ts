/** Finds a log group by its name. */
import { DescribeLogGroupsCommand } from "@aws-sdk/client-cloudwatch-logs";
import type { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";

export async function logGroupExists(logs: CloudWatchLogsClient, name: string): Promise<boolean> {
  // One page is enough: the log groups are sorted by name, so a group with exactly this name comes first.
  const { logGroups = [] } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: name }));
  return logGroups.some(({ logGroupName }) => logGroupName === name);
}
