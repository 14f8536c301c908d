/** Each environment has one dashboard per account, in the stack of one of its instances. */
import { edited, load, validYaml } from "./environment-files";

const id = (n: number): string => `${n}f0e0d0c-1b1a-4918-8716-151413121110`;
const instances = (...lines: readonly string[]): string =>
  validYaml + lines.map((line, n) => `  - { name: other-${n}, id: ${id(n + 1)}${line} }\n`).join("");
const dashboardsOf = (files: Readonly<Record<string, string>>) =>
  load(files).flatMap(({ stackName, dashboard }) => (dashboard === undefined ? [] : [[stackName, dashboard]]));

test("the first instance has the dashboard, which shows the regions of all instances", () => {
  expect(
    dashboardsOf({ "prod.yaml": instances(", region: us-west-2", ", region: eu-west-1", ", region: us-west-2") }),
  ).toEqual([
    [
      "prod-acme-us-east-1",
      { name: "callBlocking-prod-acme-us-east-1", regions: ["eu-west-1", "us-east-1", "us-west-2"] },
    ],
  ]);
});

test("a second instance in the same region does not change the dashboard", () => {
  expect(dashboardsOf({ "prod.yaml": instances("", "") })).toEqual(dashboardsOf({ "prod.yaml": validYaml }));
});

test("another environment and another account have their own dashboard", () => {
  const other = instances(', account: "444455556666"');
  const files = {
    "dev.yaml": validYaml,
    "prod.yaml": other.replace("name: acme", "name: acme-prod").replace(id(0), id(9)),
  };
  expect(dashboardsOf(files).map(([stackName]) => stackName)).toEqual([
    "dev-acme-us-east-1",
    "prod-acme-prod-us-east-1",
    "prod-other-0-us-east-1",
  ]);
});

test.each(["suspended: true", "release: remove-index", "alarms: { dashboard: false }"])(
  "an instance with %s has no dashboard; the next instance has one with its own name",
  (line) => {
    const yaml = instances("").replace("  - name: acme\n", `  - name: acme\n    ${line}\n`);
    expect(dashboardsOf({ "prod.yaml": yaml }).map(([, dashboard]) => dashboard)).toMatchObject([
      { name: "callBlocking-prod-other-0-us-east-1" },
    ]);
  },
);

test("an environment with dashboard: false has no dashboard", () => {
  expect(dashboardsOf({ "prod.yaml": edited("instances:", "alarms: { dashboard: false }\ninstances:") })).toEqual([]);
});
