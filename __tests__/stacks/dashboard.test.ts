/** Tests the dashboard: all regions, all instances, the layout, and no Terraform template in its text. */
import { dashboardResources } from "../../stacks/dashboard";
import { sampleInstance } from "./sample-instance";

interface Widget {
  readonly type: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly properties: {
    readonly region?: string;
    readonly title?: string;
    readonly metrics?: readonly (readonly { readonly expression: string; readonly label: string }[])[];
  };
}

const dashboard = { name: "callBlocking-test-acme-eu-central-1", regions: ["eu-central-1", "us-east-1"] };
const { dashboard_name, dashboard_body } = dashboardResources({ ...sampleInstance, dashboard })[
  "aws_cloudwatch_dashboard"
]?.["environment"] as { dashboard_name: string; dashboard_body: string };
// Terraform replaces the escape before it sends the body to AWS.
const { widgets } = JSON.parse(dashboard_body.replaceAll("$${", "${")) as { widgets: readonly Widget[] };

test("a stack has a dashboard only if the configuration of its instance has one", () => {
  expect(dashboardResources(sampleInstance)).toEqual({});
});

test("the dashboard has the configured name and contains no Terraform template", () => {
  expect(dashboard_name).toBe(dashboard.name);
  expect(dashboard_body).not.toMatch(/(^|[^$])\$\{|%\{/);
});

test("each region has a graph of blocked calls that includes new instances", () => {
  const blocked = widgets.filter(({ properties }) => properties.title === "Blocked calls");
  expect(blocked.map(({ properties }) => properties.region)).toEqual(dashboard.regions);
  for (const { properties } of blocked) {
    expect(properties.metrics?.[0]?.[0]).toMatchObject({
      expression: `SEARCH('{ConnectPathCallBlocking,Environment,Instance} MetricName="Match" Environment="test"', 'Sum', 300)`,
      label: "${PROP('Dim.Instance')}",
      region: properties.region,
    });
  }
});

test("no widgets overlap, and all fit into 24 columns", () => {
  const cells = widgets.flatMap(({ x, y, width, height }) =>
    Array.from({ length: width * height }, (_, n) => `${x + (n % width)},${y + Math.floor(n / width)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
  expect(widgets.every(({ x, width }) => x + width <= 24)).toBe(true);
});
