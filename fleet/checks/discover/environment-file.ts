/** Writes the discovered instances as an environment file. The file loads without changes; comments mark the values that a person must decide. */
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
import { oneLine } from "../../output/foreign-text";
import type { Match, Matches } from "./match";
import type { FoundRegion } from "./region";

export interface EnvironmentFileContent extends Matches {
  /** 12 digits. */
  readonly account: string;
  readonly regions: readonly FoundRegion[];
}

/** The text of the file, without a final newline. The text has only comments if nothing new was found. */
export function environmentFile({ account, regions, found, notes }: EnvironmentFileContent): string {
  const comments = [...notes, ...groupedProblems(regions).map((problem) => `Not read: ${problem}`)].map(
    (note) => `# ${note.replaceAll(/\s+/g, " ")}`,
  );
  const [first] = found;
  if (first === undefined) {
    return [`# Nothing new was found in account ${account}.`, ...comments].join("\n");
  }
  const region = mostFrequent(found.map((match) => match.region)) ?? first.region;
  return [
    "# yaml-language-server: $schema=./schema.json",
    `# Found in account ${account}. Save this file as environments/<name>.yaml, correct the marked values, then run: npm run fleet -- preflight`,
    ...(comments.length === 0 ? [] : ["#", ...comments]),
    "",
    `account: ${JSON.stringify(account)}`,
    `region: ${region}`,
    "",
    "state: # Correct this: a bucket in your account. npm run fleet -- bootstrap creates it.",
    `  bucket: connectpath-call-blocking-${account}`,
    `  region: ${region}`,
    "",
    "# Correct this: the Dispositions that block a caller, exactly as in ConnectPath. Levels are joined with a colon.",
    "blockedDispositions:",
    "  - Blocked",
    "",
    "instances:",
    ...found.flatMap((match, n) => [...(n === 0 ? [] : [""]), ...instanceLines(match, region)]),
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
      "    # The table's name differs from the alias in upper and lower case. Make sure that it belongs to this instance.",
      `    tableName: ${scalar(table.name)}`,
    );
  }
  if (table.mirrorObstacle !== undefined) {
    lines.push(
      `    # Terraform cannot mirror this table, because ${oneLine(table.mirrorObstacle)}.`,
      "    # So the stack only reads the table. Create the index before you plan: npm run fleet -- index",
      "    table: { adopt: false }",
    );
  }
  lines.push(...shorterNames(alias, id, region as Region));
  const byHand = [
    ...(table.indexStatus === undefined ? [] : [`index ${indexName} (${table.indexStatus})`]),
    ...(instance.moduleId === undefined ? [] : [`module blockedStatus (${instance.moduleId})`]),
    ...(functionByHand === undefined
      ? []
      : [`function ${functionByHand} (in this region; it may belong to another instance)`]),
  ];
  if (byHand.length > 0)
    lines.push(`    # Existing resources: ${byHand.join(", ")}. An index with the right shape is used unchanged.`);
  if (instance.moduleId !== undefined) {
    lines.push(
      "    # This module already has the name blockedStatus. To adopt it, so that flows continue to call it, uncomment the next line:",
      `    # adoptExisting: { module: ${instance.moduleId} }`,
    );
  }
  return lines;
}

/** Names derived from the instance's id, for names that would be too long with the alias. */
function shorterNames(alias: string, id: string, region: Region): string[] {
  const idSuffix = `${id.replaceAll("-", "")}-${region}`;
  const roleName = defaultRoleName(alias, region).length > roleNameLimit ? `blockedCalls-${idSuffix}` : undefined;
  const canary = [
    ...(defaultCanaryName(alias).length > functionNameLimit ? [`canaryName: ${scalar(`canary-${idSuffix}`)}`] : []),
    ...(defaultCanaryRoleName(alias, region).length > roleNameLimit
      ? [`canaryRoleName: ${scalar(`canary-${idSuffix}`)}`]
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

/** One line per problem, with all regions that have this problem. */
function groupedProblems(regions: readonly FoundRegion[]): string[] {
  const byProblem = new Map<string, string[]>();
  for (const { region, problems } of regions)
    for (const problem of problems) byProblem.set(problem, [...(byProblem.get(problem) ?? []), region]);
  return [...byProblem].map(([problem, where]) => `${where.join(", ")}: ${problem}`);
}

function mostFrequent(values: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}

/** A YAML string. An alias may consist of digits, or be `true`, and then needs quotes. */
const scalar = (text: string): string => stringify(text, { lineWidth: 0 }).trimEnd();
