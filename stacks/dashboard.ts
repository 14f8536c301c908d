/** The dashboard of an environment: calls and blocked calls by instance, in every region in which it has instances. */
import type { InstanceConfig } from "../config/types";
import { METRICS_NAMESPACE } from "../lambda/settings";
import type { RawResources } from "./raw-resources";

const WIDTH = 24;
const HEIGHT = 6;

/** What each region has a graph of: metrics by instance, found by their names, so that new instances appear by themselves. */
const GRAPHS = [
  { title: "Blocked calls", metric: "Match", stat: "Sum" },
  { title: "Calls that were not blocked", metric: "NoMatch", stat: "Sum" },
  { title: "Lookups that failed", metric: "LookupError", stat: "Sum" },
  { title: "Answers, slowest in a hundred (ms)", metric: "LatencyMs", stat: "p99" },
  { title: "Listed contacts, as the canary counts them", metric: "ListedContacts", stat: "Maximum" },
  { title: "Wrong answers to the canary", metric: "CanaryWrongAnswer", stat: "Sum" },
] as const;
const COLUMNS = 3;

/**
 * The dashboard, where the instance is the one that holds it.
 *
 * A dashboard shows metrics of every region and of one account, unless the account is a monitoring account of CloudWatch's cross-account
 * observability (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Unified-Cross-Account.html), which nothing here sets up: an environment with two accounts has two.
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
        // `$${` is Terraform's way to write what it would otherwise evaluate.
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
