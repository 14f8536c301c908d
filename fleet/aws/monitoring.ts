/** Finds alarms, dashboards and schedules by their names. */
import { DescribeAlarmsCommand, GetDashboardCommand } from "@aws-sdk/client-cloudwatch";
import type { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { DescribeRuleCommand } from "@aws-sdk/client-eventbridge";
import type { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { isNamed, undefinedIfAbsent } from "./errors";

/** The names that belong to existing alarms. @param AlarmNames at most 100 */
export async function existingAlarms(
  cloudwatch: CloudWatchClient,
  AlarmNames: readonly string[],
): Promise<readonly string[]> {
  const request = new DescribeAlarmsCommand({ AlarmNames: [...AlarmNames], AlarmTypes: ["MetricAlarm"] });
  const { MetricAlarms = [] } = await cloudwatch.send(request);
  return MetricAlarms.flatMap(({ AlarmName }) => AlarmName ?? []);
}

export async function dashboardExists(cloudwatch: CloudWatchClient, DashboardName: string): Promise<boolean> {
  try {
    await cloudwatch.send(new GetDashboardCommand({ DashboardName }));
    return true;
  } catch (error) {
    if (isNamed(error, "DashboardNotFoundError", "ResourceNotFound")) return false;
    throw error;
  }
}

/** Whether the default event bus has a rule with this name. */
export const ruleExists = async (eventbridge: EventBridgeClient, Name: string): Promise<boolean> =>
  (await undefinedIfAbsent(eventbridge.send(new DescribeRuleCommand({ Name })))) !== undefined;
