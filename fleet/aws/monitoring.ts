/** Finds alarms, dashboards and schedules by their names. */
import { DescribeAlarmsCommand, GetDashboardCommand } from "@aws-sdk/client-cloudwatch";
import type { CloudWatchClient, MetricAlarm } from "@aws-sdk/client-cloudwatch";
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

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html (MaxRecords) */
const alarmsPerRequest = 100;

/** The existing alarms by name. @param names any number. @throws the error of AWS */
export async function alarmsByName(
  cloudwatch: CloudWatchClient,
  names: readonly string[],
): Promise<ReadonlyMap<string, MetricAlarm>> {
  const found = new Map<string, MetricAlarm>();
  for (let start = 0; start < names.length; start += alarmsPerRequest) {
    const AlarmNames = names.slice(start, start + alarmsPerRequest);
    const request = { AlarmNames, AlarmTypes: ["MetricAlarm" as const], MaxRecords: alarmsPerRequest };
    const { MetricAlarms = [] } = await cloudwatch.send(new DescribeAlarmsCommand(request));
    for (const alarm of MetricAlarms) found.set(alarm.AlarmName ?? "", alarm);
  }
  return found;
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
