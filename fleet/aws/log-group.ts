/** Finds a log group by its name. */
import { DescribeLogGroupsCommand, ListTagsForResourceCommand } from "@aws-sdk/client-cloudwatch-logs";
import type { CloudWatchLogsClient, LogGroup } from "@aws-sdk/client-cloudwatch-logs";

/** Undefined if the log group does not exist. */
export async function describeLogGroup(logs: CloudWatchLogsClient, name: string): Promise<LogGroup | undefined> {
  // One page is enough: the log groups are sorted by name, so a group with exactly this name comes first.
  const { logGroups = [] } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: name }));
  return logGroups.find(({ logGroupName }) => logGroupName === name);
}

export const logGroupExists = async (logs: CloudWatchLogsClient, name: string): Promise<boolean> =>
  (await describeLogGroup(logs, name)) !== undefined;

/** @param resourceArn ARN of the log group without `:*` */
export async function logGroupTags(
  logs: CloudWatchLogsClient,
  resourceArn: string,
): Promise<Readonly<Record<string, string>>> {
  return (await logs.send(new ListTagsForResourceCommand({ resourceArn }))).tags ?? {};
}
