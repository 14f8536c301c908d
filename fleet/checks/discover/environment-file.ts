/** Writes what was found as an environment file to paste: it loads as it is, and says in comments what a person must decide. */
import { stringify } from "yaml";
import {
  defaultCanaryName,
  defaultCanaryRoleName,
  defaultRoleName,
  functionNameLimit,
  indexName,
  roleNameLimit,
  type Region,
} from "../../../config/aws-names";
import type { Match, Matches } from "./match";
import type { FoundRegion } from "./region";

export interface Discovery extends Matches {
  /** 12 digits. */
  readonly account: string;
  readonly regions: readonly FoundRegion[];
}

/** The file's text, without a newline at its end; comments alone where nothing new was found. */
export function environmentFile({ account, regions, found, notes }: Discovery): string {
  const comments = [...notes, ...unasked(regions).map((problem) => `Not known. ${problem}`)].map(
    (note) => `# ${note.replaceAll(/\s+/g, " ")}`,
  );
  const [first] = found;
  if (first === undefined) {
    return [`# Nothing was found in account ${account} that is not in the environment files.`, ...comments].join("\n");
  }
  const region = mostFrequent(found.map((one) => one.region)) ?? first.region;
  return [
    "# yaml-language-server: $schema=./schema.json",
    `# Found in account ${account}. Save it as environments/<name>.yaml, correct what is marked, and look at it with: npm run fleet -- preflight`,
    ...(comments.length === 0 ? [] : ["#", ...comments]),
    "",
    `account: ${JSON.stringify(account)}`,
    `region: ${region}`,
    "",
    "state: # Correct this: a bucket of yours. npm run fleet -- bootstrap makes it.",
    `  bucket: connectpath-call-blocking-${account}`,
    `  region: ${region}`,
    "",
    "# Correct this: what an agent chooses to block a caller, exactly as ConnectPath stores it; levels are joined with a colon.",
    "blockedDispositions:",
    "  - Blocked",
    "",
    "instances:",
    ...found.flatMap((one, n) => [...(n === 0 ? [] : [""]), ...instanceLines(one, region)]),
  ].join("\n");
}

function instanceLines(
  { alias, id, region, table, instance, differsInCase, functionByHand }: Match,
  common: string,
): string[] {
  const lines = [`  - name: ${scalar(alias)}`, `    id: ${id}`];
  if (region !== common) lines.push(`    region: ${region}`);
  if (differsInCase) {
    lines.push(
      "    # Its table is written in another case than its alias: make sure that it is this instance's.",
      `    tableName: ${scalar(table.name)}`,
    );
  }
  lines.push(...shorterNames(alias, id, region as Region));
  const byHand = [
    ...(table.indexStatus === undefined ? [] : [`index ${indexName} (${table.indexStatus})`]),
    ...(instance.moduleId === undefined ? [] : [`module blockedStatus (${instance.moduleId})`]),
    ...(functionByHand === undefined
      ? []
      : [`function ${functionByHand} (in this region: it may be of another instance)`]),
  ];
  if (byHand.length > 0)
    lines.push(`    # Made before: ${byHand.join(", ")}. An index of the right shape is taken as it is.`);
  if (instance.moduleId !== undefined) {
    lines.push(
      "    # The module is in the way of ours. To take it over, so that flows go on calling it, remove the # of the next line:",
      `    # adoptExisting: { module: ${instance.moduleId} }`,
    );
  }
  return lines;
}

/** Names made of the instance's id, which has always the same length, where those made of its alias are over a limit. */
function shorterNames(alias: string, id: string, region: Region): string[] {
  const ofId = `${id.replaceAll("-", "")}-${region}`;
  const roleName = defaultRoleName(alias, region).length > roleNameLimit ? `blockedCalls-${ofId}` : undefined;
  const canary = [
    ...(defaultCanaryName(alias).length > functionNameLimit ? [`canaryName: ${scalar(`canary-${ofId}`)}`] : []),
    ...(defaultCanaryRoleName(alias, region).length > roleNameLimit
      ? [`canaryRoleName: ${scalar(`canary-${ofId}`)}`]
      : []),
  ];
  return [
    ...(roleName === undefined
      ? []
      : [`    function: { roleName: ${scalar(roleName)} } # IAM allows ${roleNameLimit} characters`]),
    ...(canary.length === 0
      ? []
      : [`    alarms: { ${canary.join(", ")} } # Lambda and IAM allow ${roleNameLimit} characters`]),
  ];
}

/** What could not be asked, the same answers of several regions together. */
function unasked(regions: readonly FoundRegion[]): string[] {
  const byProblem = new Map<string, string[]>();
  for (const { region, problems } of regions)
    for (const problem of problems) byProblem.set(problem, [...(byProblem.get(problem) ?? []), region]);
  return [...byProblem].map(([problem, where]) => `${where.join(", ")}: ${problem}`);
}

function mostFrequent(values: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort(([, one], [, other]) => other - one)[0]?.[0];
}

/** A string as YAML takes it for one: an alias may consist of digits, or be `true`. */
const scalar = (text: string): string => stringify(text, { lineWidth: 0 }).trimEnd();
