/** Warnings before the end of support of Node.js, a Lambda runtime or a line of the AWS provider, and the dates in README.md. */
import { readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { type EndDates, endDates, endOfSupportWarnings, longDate, warningDays } from "../../config/end-dates";
import { builtInDefaults } from "../../config/schema";
import type { InstanceConfig } from "../../config/types";
import { projectRoot } from "../../lambda/packaging";
import { sampleInstance } from "../stacks/sample-instance";

const END = "2027-04-30";
/** The day that is this many days before {@link END}. */
const daysBefore = (days: number): string => new Date(Date.parse(END) - days * 86_400_000).toISOString().slice(0, 10);

const source = "https://example.com/";
const dates: EndDates = {
  ...endDates,
  nodejs: { "22": { date: END, source, remedy: "Use Node.js 24." } },
  providers: {
    "~> 5.100.0": { date: END, source, remedy: "Use 6.x." },
    ">= 6.44, < 7": { source, remedy: "Use 7.x." },
  },
};
const later = { ...sampleInstance, function: { ...sampleInstance.function, runtime: "nodejs24.x" as const } };

function warningsFor(
  today: string,
  { nodeVersion = "18.0.0", instances = [later] }: { nodeVersion?: string; instances?: readonly InstanceConfig[] },
): readonly string[] {
  const quiet = { ...dates.providers, "~> 5.100.0": dates.providers[">= 6.44, < 7"] };
  const isProvider = instances.some(({ stackName }) => stackName === "provider");
  return endOfSupportWarnings({ nodeVersion, instances }, today, isProvider ? dates : { ...dates, providers: quiet });
}

const uses = [
  ["a Node.js version", { nodeVersion: "22.23.3" }, /^Support for Node\.js 22 (.*?)\. Use Node\.js 24\.$/],
  [
    "a Lambda runtime",
    { instances: [sampleInstance] },
    /^Support for the Lambda runtime nodejs22\.x \(1 instance\) (.*?); AWS creates no function with it from .*nodejs24\.x/,
  ],
  [
    "a line of the AWS provider",
    { instances: [{ ...later, stackName: "provider" }] },
    /^Support for the AWS provider ~> 5\.100\.0 \(1 instance\) (.*?)\. Use 6\.x\.$/,
  ],
] as const;

describe.each(uses)("%s in use", (_, use, form) => {
  test.each([
    [181, undefined],
    [180, "ends on 30 April 2027 (in 180 days)"],
    [1, "ends on 30 April 2027 (tomorrow)"],
    [0, "ends on 30 April 2027 (today)"],
    [-1, "ended on 30 April 2027"],
  ])("%d days before the end", (days, when) => {
    const warnings = warningsFor(daysBefore(days), use);
    expect(warnings.map((warning) => form.exec(warning)?.[1] ?? warning)).toEqual(when === undefined ? [] : [when]);
  });
});

test("a version has one warning, with the number of its instances", () => {
  const instances = [sampleInstance, { ...sampleInstance, stackName: "b" }, later];
  const warnings = warningsFor(END, { nodeVersion: "22.1.0", instances });
  expect(warnings).toHaveLength(2);
  expect(warnings[1]).toContain("nodejs22.x (2 instances)");
});

test("a released instance has no function, so its runtime has no warning", () => {
  for (const release of ["remove-index", "forget", "keep-index"] as const)
    expect(warningsFor(END, { instances: [{ ...sampleInstance, release }] })).toEqual([]);
});

test("an unknown version of Node.js and a version without a published date have no warning", () => {
  expect(warningsFor("2099-01-01", { nodeVersion: "23.0.0", instances: [] })).toEqual([]);
  expect(endOfSupportWarnings({ nodeVersion: "99.0.0", instances: [] }, "2099-01-01")).toEqual([]);
  const onProvider6 = [{ ...later, awsProvider: ">= 6.44, < 7" as const }];
  expect(endOfSupportWarnings({ nodeVersion: "99.0.0", instances: onProvider6 }, "2027-04-30")).toEqual([]);
});

test("on every day of ten years, a warning is shown exactly from 180 days before the end", () => {
  fc.assert(
    fc.property(fc.integer({ min: -1800, max: 1800 }), (days) => {
      expect(warningsFor(daysBefore(days), { nodeVersion: "22.0.0", instances: [] })).toHaveLength(
        days <= warningDays ? 1 : 0,
      );
    }),
  );
});

test("the defaults have an entry each, and each date is a day", () => {
  expect(Object.keys(endDates.runtimes)).toContain(builtInDefaults.function.runtime);
  expect(Object.keys(endDates.providers)).toContain(builtInDefaults.awsProvider);
  for (const { date } of [endDates.nodejs, endDates.runtimes, endDates.providers].flatMap((by) => Object.values(by)))
    if (date !== undefined) expect(new Date(date).toISOString()).toBe(`${date}T00:00:00.000Z`);
});

describe("README.md", () => {
  const readme = readFileSync(path.join(projectRoot(), "README.md"), "utf8");
  const table = readme.split("| component ")[1]?.split("\n\n")[0] ?? "";
  const cells = table
    .split("\n")
    .slice(2)
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .map(([, component = "", versions = "", end = ""]) => ({ component, versions, end }));
  const rowOf = (component: string) => {
    const row = cells.find((cell) => cell.component === component);
    if (row === undefined) throw new Error(`README.md has no row ${component}`);
    return row;
  };

  test.each([
    ["Node.js", endDates.nodejs, (version: string) => `Node.js ${version}`],
    ["Lambda runtime", endDates.runtimes, (version: string) => `\`${version}\``],
    ["AWS provider", endDates.providers, (version: string) => `\`${version}\``],
  ])("lists the end dates of %s and their sources", (component, versions, nameOf) => {
    const { end } = rowOf(component);
    const shown = Object.entries(versions).map(
      ([version, { date }]) => `${nameOf(version)}: ${date === undefined ? "no date published" : longDate(date)}`,
    );
    for (const text of shown) expect(end).toContain(text);
    expect(end.match(/: (\d+ \w+ \d{4}|no date published)/g)).toHaveLength(shown.length);
    for (const { source: page } of Object.values(versions)) expect(end).toContain(`(${page})`);
  });

  test("names every supported runtime and provider", () => {
    for (const runtime of Object.keys(endDates.runtimes)) expect(rowOf("Lambda runtime").versions).toContain(runtime);
    for (const line of Object.keys(endDates.providers)) expect(rowOf("AWS provider").versions).toContain(line);
  });
});
