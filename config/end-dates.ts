/** End dates of the Node.js versions, Lambda runtimes and lines of the AWS provider that the project supports, and warnings before an end. */
import type { ResolvedInstance } from "./schema";
import type { AwsProviderConstraint, InstanceConfig } from "./types";

/** The end of support of one version, as its publisher announced it. */
export interface EndOfSupport {
  /** `YYYY-MM-DD`; undefined if the publisher announced no date. */
  readonly date?: string;
  /** What the publisher does after the end: a clause for the warning. */
  readonly consequence?: string;
  /** The page with the date. */
  readonly source: string;
  /** What to do before the end: one sentence. */
  readonly remedy: string;
}

export interface EndDates {
  /** By major version. Versions without long-term support are missing, because the project supports none of them. */
  readonly nodejs: Readonly<Record<string, EndOfSupport>>;
  readonly runtimes: Readonly<Record<ResolvedInstance["function"]["runtime"], EndOfSupport>>;
  readonly providers: Readonly<Record<AwsProviderConstraint, EndOfSupport>>;
}

const nodeReleases = "https://nodejs.org/en/about/previous-releases";
const lambdaRuntimes = "https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html";
const providerReleases = "https://github.com/hashicorp/terraform-provider-aws/releases";

const moveToNode24 = "Move to CDK Terrain and Node.js 24 (docs/moving-to-cdk-terrain.md).";
const updateProject = "Take a newer version of this project (docs/upgrading.md)";

/** The only place for end dates. A test compares the table in README.md with these dates. */
export const endDates: EndDates = {
  nodejs: {
    "20": { date: "2026-04-30", source: nodeReleases, remedy: `Use Node.js 22. ${moveToNode24}` },
    "22": { date: "2027-04-30", source: nodeReleases, remedy: moveToNode24 },
    "24": { date: "2028-04-30", source: nodeReleases, remedy: `${updateProject} and a newer Node.js.` },
  },
  runtimes: {
    "nodejs22.x": {
      date: "2027-04-30",
      consequence: "AWS creates no function with it from 1 June 2027 and updates none from 1 July 2027",
      source: lambdaRuntimes,
      remedy: 'Set function.runtime: nodejs24.x and awsProvider: ">= 6.44, < 7" (docs/provider-6.md).',
    },
    "nodejs24.x": {
      date: "2028-04-30",
      source: lambdaRuntimes,
      remedy: `${updateProject} and set a newer function.runtime.`,
    },
  },
  providers: {
    "~> 5.100.0": { source: providerReleases, remedy: 'Set awsProvider: ">= 6.44, < 7" (docs/provider-6.md).' },
    ">= 6.44, < 7": { source: providerReleases, remedy: `${updateProject} and set a newer awsProvider.` },
  },
};

/** A warning appears from this many days before the end of support. */
export const warningDays = 180;

/** What a command uses. */
export interface VersionsInUse {
  /** The Node.js version of the command, such as `22.11.0`. */
  readonly nodeVersion: string;
  /** The selected instances. */
  readonly instances: readonly InstanceConfig[];
}

/**
 * Returns one line for each version in use whose support ends within {@link warningDays} days or has ended: the date, and what to do.
 *
 * @param today `YYYY-MM-DD`, in UTC
 */
export function endOfSupportWarnings(
  { nodeVersion, instances }: VersionsInUse,
  today: string,
  dates: EndDates = endDates,
): readonly string[] {
  const major = nodeVersion.split(".")[0] ?? "";
  // A released instance has no function.
  const running = instances.filter(({ release }) => release === undefined);
  const inUse = [
    [`Node.js ${major}`, entry(dates.nodejs, major)] as const,
    ...countedBy(running, (instance) => instance.function.runtime).map(
      ([runtime, users]) => [`the Lambda runtime ${runtime} (${users})`, entry(dates.runtimes, runtime)] as const,
    ),
    ...countedBy(instances, ({ awsProvider }) => awsProvider).map(
      ([constraint, users]) =>
        [`the AWS provider ${constraint} (${users})`, entry(dates.providers, constraint)] as const,
    ),
  ];
  return inUse.flatMap(([name, end]) => {
    if (end?.date === undefined) return [];
    const { date, consequence, remedy } = end;
    const days = daysBetween(today, date);
    if (days > warningDays) return [];
    const when = `${days < 0 ? "ended" : "ends"} on ${longDate(date)}${days < 0 ? "" : ` (${inDays(days)})`}`;
    return [`Support for ${name} ${when}${consequence === undefined ? "" : `; ${consequence}`}. ${remedy}`];
  });
}

const entry = (by: Readonly<Record<string, EndOfSupport>>, version: string): EndOfSupport | undefined =>
  Object.hasOwn(by, version) ? by[version] : undefined;

/** The values of all instances, each with its number of instances: `["nodejs22.x", "3 instances"]`. */
function countedBy<T>(
  instances: readonly InstanceConfig[],
  valueOf: (instance: InstanceConfig) => T,
): readonly (readonly [T, string])[] {
  const counts = new Map<T, number>();
  for (const instance of instances) counts.set(valueOf(instance), (counts.get(valueOf(instance)) ?? 0) + 1);
  return [...counts].map(([value, count]) => [value, count === 1 ? "1 instance" : `${count} instances`]);
}

const daysBetween = (from: string, to: string): number => Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000);

const inDays = (days: number): string => (days === 0 ? "today" : days === 1 ? "tomorrow" : `in ${days} days`);

/** `2027-04-30` as `30 April 2027`. */
export function longDate(date: string): string {
  return new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "UTC" }).format(new Date(date));
}
