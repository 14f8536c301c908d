/** Defines the dashboard of an environment: calls and blocked calls by instance, for each region with instances. */
import type { InstanceConfig } from "../config/types";
import { METRICS_NAMESPACE } from "../lambda/settings";
import type { RawResources } from "./raw-resources";

const WIDTH = 24;
const HEIGHT = 6;

/** The graphs of each region. A search expression finds the metrics of all instances, so new instances appear automatically. */
const GRAPHS = [
  { title: "Blocked calls", metric: "Match", stat: "Sum" },
  { title: "Calls that were not blocked", metric: "NoMatch", stat: "Sum" },
  { title: "Lookups that failed", metric: "LookupError", stat: "Sum" },
  { title: "Lookup time, 99th percentile (ms)", metric: "LatencyMs", stat: "p99" },
  { title: "Contacts with a blocked Disposition, counted by the canary", metric: "ListedContacts", stat: "Maximum" },
  { title: "Wrong answers to the canary", metric: "CanaryWrongAnswer", stat: "Sum" },
] as const;
const COLUMNS = 3;

/**
 * Returns the dashboard if this instance's stack contains it.
 *
 * A dashboard shows metrics of one account, in any region. CloudWatch can show several accounts only in a monitoring account
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Unified-Cross-Account.html), which this project does not
 * configure. An environment with two accounts has two dashboards.
 */
export function dashboardResources({ environment, account, dashboard }: InstanceConfig): RawResources {
  if (dashboard === undefined) return {};
  const rowsOfRegion = Math.ceil(GRAPHS.length / COLUMNS) * HEIGHT + 1;
  const widgets = dashboard.regions.flatMap((region, place) => {
    const top = 2 + place * rowsOfRegion;
    return [
      text(`## ${region}`, top, 1),
      ...GRAPHS.map(({ title, metric, stat }, index) => ({
        type: "metric",
        x: (index % COLUMNS) * (WIDTH / COLUMNS),
        y: top + 1 + Math.floor(index / COLUMNS) * HEIGHT,
        width: WIDTH / COLUMNS,
        height: HEIGHT,
        properties: {
          title,
          region,
          view: "timeSeries",
          stacked: stat === "Sum",
          period: 300,
          yAxis: { left: { min: 0 } },
          metrics: [
            [{ expression: search(environment, metric, stat), id: "all", region, label: "${PROP('Dim.Instance')}" }],
          ],
        },
      })),
    ];
  });
  const heading = `# Call blocking: ${environment}\nEvery instance of the environment in the account ${account}.`;
  return {
    aws_cloudwatch_dashboard: {
      environment: {
        dashboard_name: dashboard.name,
        // Terraform's escape for a literal `${` is `$${`.
        dashboard_body: JSON.stringify({ widgets: [text(heading, 0, 2), ...widgets] }).replaceAll("${", () => "$${"),
      },
    },
  };
}

const text = (markdown: string, y: number, height: number): object => ({
  type: "text",
  x: 0,
  y,
  width: WIDTH,
  height,
  properties: { markdown },
});

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html */
function search(environment: string, metric: string, stat: string): string {
  return `SEARCH('{${METRICS_NAMESPACE},Environment,Instance} MetricName="${metric}" Environment="${environment}"', '${stat}', 300)`;
}
