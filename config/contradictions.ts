/** Problems of one instance: required keys that no level gives, and values that contradict each other. */
import type { z } from "zod";
import * as names from "./aws-names";
import { isGroup, requirementOf, shapeOf } from "./declaration";
import { hasCanary, levelWith, namesOf, problemAt } from "./levels";
import type { Candidate } from "./levels";
import { show } from "./problems";
import type { Path, Problem } from "./problems";
import { builtInDefaults, defaultsSchema, instanceSchema } from "./schema";

/** Time in the flow block's time limit that is reserved for the invocation, the start of the function and the response, in milliseconds. */
const flowMarginMs = 500;

/**
 * Required keys that no level gives.
 *
 * If no instance of the environment has a key, the key is reported once: at its map, or at the environment if there is no map.
 *
 * @param environment all instances of one environment
 */
export function missingKeys(environment: readonly Candidate[]): Problem[] {
  const missing = environment.flatMap((candidate) =>
    missingIn(candidate, instanceSchema.shape, []).map(([path, fix]) => ({ candidate, path, fix })),
  );
  const counts = new Map<string, number>();
  for (const { path } of missing) counts.set(path.join("."), (counts.get(path.join(".")) ?? 0) + 1);
  const isShared = (path: Path): boolean =>
    path[0] !== undefined &&
    Object.hasOwn(defaultsSchema.shape, path[0]) &&
    counts.get(path.join(".")) === environment.length;
  return missing.flatMap(({ candidate, path, fix }) => {
    const [own, shared] = candidate.levels;
    const around = path.length > 1 ? levelWith(candidate, path.slice(0, -1)) : undefined;
    const level = isShared(path) ? (around ?? shared) : own;
    return level === undefined ? [] : [level.file.yaml.problem([...level.at, ...path], "The key is missing.", fix)];
  });
}

/** Paths of missing keys, each with what to add. The keys of an optional map are required only if a level has the map. */
function missingIn(candidate: Candidate, shape: z.core.$ZodShape, at: Path): (readonly [Path, string])[] {
  return Object.entries(shape).flatMap(([key, declared]): (readonly [Path, string])[] => {
    const path = [...at, key];
    const isGiven = isGivenAt(candidate, path);
    const fix = requirementOf(declared);
    if (fix !== undefined && !isGiven) return [[path, fix]];
    const inner = shapeOf(declared);
    return inner !== undefined && (isGiven || isGroup(declared)) ? missingIn(candidate, inner, path) : [];
  });
}

/** Maps are merged one level deep: an inner level replaces a map within a map as a whole, such as `function.vpc`. */
function isGivenAt(candidate: Candidate, path: Path): boolean {
  const level = levelWith(candidate, path.slice(0, 2));
  return level?.file.mentions([...level.at, ...path]) === true;
}

/** Values that contradict each other. A refused value is undefined at this point, so it causes no further problem. */
export function contradictions(candidate: Candidate): Problem[] {
  const { settings } = candidate;
  const { id, state, awsProvider, function: own, region } = { ...builtInDefaults, ...settings };
  const { budgetMs, flowTimeLimitSeconds } = { ...builtInDefaults.lookup, ...settings.lookup };
  const problems: Problem[] = [];
  const report = (paths: readonly Path[], message: string, fix: string): void => {
    problems.push(...problemAt(candidate, paths, message, fix));
  };

  const limitMs = (flowTimeLimitSeconds ?? Infinity) * 1000;
  if (budgetMs !== undefined && budgetMs + flowMarginMs > limitMs) {
    report(
      [
        ["lookup", "budgetMs"],
        ["lookup", "flowTimeLimitSeconds"],
      ],
      `budgetMs is ${budgetMs} and flowTimeLimitSeconds is ${limitMs / 1000}, so less than ${flowMarginMs} ms are left and the flow can time out before the answer.`,
      `Lower budgetMs to ${limitMs - flowMarginMs} or less, or raise flowTimeLimitSeconds (at most 8).`,
    );
  }
  if (own?.runtime === "nodejs24.x" && awsProvider === "~> 5.100.0") {
    report(
      [["function", "runtime"], ["awsProvider"]],
      'The AWS provider "~> 5.100.0" does not support the runtime "nodejs24.x".',
      'Use runtime "nodejs22.x", or awsProvider ">= 6.44, < 7".',
    );
  }
  const { release = false, suspended } = settings;
  if (suspended === true && release !== false) {
    report(
      [["release"]],
      `A suspended instance is excluded from rollouts, so release: ${release} would never be deployed.`,
      "Remove suspended or release.",
    );
  }
  if (settings.table?.adopt === false && (release === "remove-index" || release === "forget")) {
    report(
      [["release"], ["table", "adopt"]],
      `With table.adopt: false, the stack manages neither the table nor the index, so release: ${release} has nothing to release.`,
      "Use release: keep-index. The index stays on the table. After the release, its owner can delete the index in DynamoDB.",
    );
  }
  // A store with its own endpoint may be in any partition.
  if (region !== undefined && state?.region !== undefined && state.endpoint === undefined) {
    const [instancePartition, statePartition] = [names.partitionOf(region), names.partitionOf(state.region)];
    if (instancePartition !== statePartition) {
      report(
        [["state", "region"], ["region"]],
        `The state is in ${show(state.region)} (partition ${statePartition}), but the instance is in ${show(region)} (partition ${instancePartition}). No credentials are valid in both partitions.`,
        `Use a state bucket in a region of ${instancePartition}, for example ${show(region)}.`,
      );
    }
  }
  problems.push(...inboundFlowProblems(candidate), ...allowanceProblems(candidate));
  problems.push(...whenBlockedProblems(candidate, ["flows", "whenBlocked"], settings.flows?.whenBlocked));
  problems.push(...instanceMismatch(candidate, ["adoptExisting", "module"], settings.adoptExisting?.module));
  if (settings.adoptExisting?.alias === true && settings.adoptExisting.function !== true) {
    report(
      [["adoptExisting", "alias"]],
      "The alias belongs to the function, and the function is not adopted.",
      "Set adoptExisting.function: true too, or remove adoptExisting.alias.",
    );
  }
  problems.push(...longNames(candidate), ...tagProblems(candidate), ...ignoredTagProblems(candidate));
  const { permissionsBoundary } = settings;
  // A boundary of AWS itself (arn:aws:iam::aws:policy/…) belongs to no account.
  const boundaryParts = permissionsBoundary?.includes(":iam::aws:") === true ? [] : (["account"] as const);
  return [
    ...problems,
    ...arnMismatch(candidate, ["id"], id, "instance", ["account", "region", "partition"]),
    ...(["deployRole", "planRole"] as const).flatMap((key) =>
      arnMismatch(candidate, [key, "arn"], settings[key]?.arn, "instance", ["account", "partition"]),
    ),
    ...arnMismatch(candidate, ["permissionsBoundary"], permissionsBoundary, "instance", [
      ...boundaryParts,
      "partition",
    ]),
    ...arnMismatch(candidate, ["function", "logKmsKeyArn"], own?.logKmsKeyArn, "instance", ["region", "partition"]),
    ...arnMismatch(candidate, ["alarms", "topicArn"], settings.alarms?.topicArn, "instance", ["region", "partition"]),
    ...(["roleArn", "planRoleArn"] as const).flatMap((key) =>
      arnMismatch(candidate, ["state", key], state?.[key], "instance", ["partition"]),
    ),
    ...arnMismatch(candidate, ["state", "kmsKeyArn"], state?.kmsKeyArn, "state bucket", ["region", "partition"]),
  ];
}

/** Derived names that are longer than AWS allows. */
function longNames(candidate: Candidate): Problem[] {
  const { role = "", canary = "", canaryRole = "" } = namesOf(candidate);
  const check = (what: string, name: string, service: string, limit: number, key: string): Problem[] =>
    name.length <= limit
      ? []
      : problemAt(
          candidate,
          [["name"]],
          `The name of ${what}, "${name}", has ${name.length} characters. ${service} allows ${limit}.`,
          `Give this instance a shorter name in ${key}.`,
        );
  return [
    ...check("the function's role", role, "IAM", names.roleNameLimit, "function.roleName"),
    ...(hasCanary(candidate)
      ? [
          ...check("the canary", canary, "Lambda", names.functionNameLimit, "alarms.canaryName"),
          ...check("the canary's role", canaryRole, "IAM", names.roleNameLimit, "alarms.canaryRoleName"),
        ]
      : []),
  ];
}

/** Maximum number of tags of a resource: https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html */
const maxTags = 50;

/** Problems between the merged tags of all levels. */
function tagProblems(candidate: Candidate): Problem[] {
  const keys = Object.keys(candidate.settings.tags ?? {});
  const problems: Problem[] = [];
  if (keys.length > maxTags) {
    const message = `The instance has ${keys.length} tags with those of all levels. AWS allows ${maxTags} per resource.`;
    problems.push(...problemAt(candidate, [["tags"]], message, "Remove tags."));
  }
  const firstKeys = new Map<string, string>();
  for (const key of keys) {
    const first = firstKeys.get(key.toLowerCase());
    if (first === undefined) {
      firstKeys.set(key.toLowerCase(), key);
    } else {
      // The tag keys of IAM roles are not case-sensitive: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
      const message = `The tag keys ${show(first)} and ${show(key)} differ only in case. IAM treats them as one key.`;
      problems.push(
        ...problemAt(
          candidate,
          [
            ["tags", key],
            ["tags", first],
          ],
          message,
          "Rename or remove one of them.",
        ),
      );
    }
  }
  return problems;
}

/** Tags that Terraform should set and ignore. The provider would plan their removal and addition again and again. */
function ignoredTagProblems(candidate: Candidate): Problem[] {
  const { tags = {}, ignoreTags } = candidate.settings;
  return Object.keys(tags).flatMap((key) => {
    const prefix = ignoreTags?.keyPrefixes?.find((start) => key.startsWith(start));
    const ignored =
      ignoreTags?.keys?.includes(key) === true ? "keys" : prefix === undefined ? undefined : "keyPrefixes";
    if (ignored === undefined) return [];
    const message = `ignoreTags.${ignored} ignores the tag ${show(key)}, which tags sets.`;
    const paths = [
      ["tags", key],
      ["ignoreTags", ignored],
    ];
    return problemAt(candidate, paths, message, "Remove the tag from tags or from ignoreTags.");
  });
}

function allowanceProblems(candidate: Candidate): Problem[] {
  const source = levelWith(candidate, ["allowances"]);
  const { allowances = [] } = candidate.settings;
  if (source === undefined) return [];
  const firstIndex = new Map<string, number>();
  return allowances.flatMap(({ resource, rule }, index) => {
    const at = ["allowances", index];
    const missing = Object.entries(allowanceShape).flatMap(([key, declared]) => {
      const fix = requirementOf(declared);
      return fix === undefined || source.file.mentions([...source.at, ...at, key])
        ? []
        : [source.file.yaml.problem([...source.at, ...at], `The key ${key} is missing.`, fix)];
    });
    if (missing.length > 0) return missing;
    const same = JSON.stringify([resource, rule]);
    const first = firstIndex.get(same);
    if (first === undefined) {
      firstIndex.set(same, index);
      return [];
    }
    const problem = `Item ${first} is already an allowance of ${rule ?? ""} for ${resource ?? ""}.`;
    return problemAt(candidate, [at], problem, "Remove one of them.");
  });
}

const allowanceShape = defaultsSchema.shape.allowances.unwrap().element.shape;

/** The keys that belong to each action of `whenBlocked`. An action needs exactly one of its keys. */
const actionKeys = { disconnect: [], message: ["text", "ssml"], queue: ["queue"], flow: ["flow"] } as const;

function inboundFlowProblems(candidate: Candidate): Problem[] {
  const { inboundFlow } = candidate.settings;
  if (inboundFlow === undefined) return [];
  return [
    ...whenBlockedProblems(candidate, ["inboundFlow", "whenBlocked"], inboundFlow.whenBlocked),
    ...instanceMismatch(candidate, ["inboundFlow", "queue"], inboundFlow.queue),
  ];
}

type GivenWhenBlocked = NonNullable<NonNullable<Candidate["settings"]["flows"]>["whenBlocked"]>;

function whenBlockedProblems(candidate: Candidate, place: Path, whenBlocked: GivenWhenBlocked = {}): Problem[] {
  const problems: Problem[] = [];
  const { action = "disconnect" } = whenBlocked;
  const allowed: readonly string[] = actionKeys[action];
  const surplus = Object.keys(whenBlocked).filter((key) => key !== "action" && !allowed.includes(key));
  for (const key of surplus) {
    const fix =
      allowed.length === 0
        ? "Remove the key, or add the action that it belongs to."
        : `The action needs ${allowed.join(" or ")}.`;
    problems.push(
      ...problemAt(candidate, [[...place, key]], `The action "${action}" does not use the key ${key}.`, fix),
    );
  }
  // One level gives whenBlocked as a whole. A refused value counts as given.
  const source = levelWith(candidate, place);
  const given = allowed.filter((key) => source?.file.mentions([...source.at, ...place, key]));
  if (allowed.length > 0 && given.length !== 1) {
    const problem =
      given.length === 0 ? `The action "${action}" needs ${allowed.join(" or ")}.` : "Both text and ssml are given.";
    const fix = given.length === 0 ? `Add ${allowed.join(" or ")}.` : "Remove one of them.";
    problems.push(...problemAt(candidate, [place], problem, fix));
  }
  return [
    ...problems,
    ...instanceMismatch(candidate, [...place, "queue"], whenBlocked.queue),
    ...instanceMismatch(candidate, [...place, "flow"], whenBlocked.flow),
  ];
}

/** The ARN of a Connect resource in another instance. A bare id names no instance. */
function instanceMismatch(candidate: Candidate, path: Path, arn: string | undefined): Problem[] {
  if (arn?.startsWith("arn:") !== true) return [];
  const { id } = candidate.settings;
  const problems = arnMismatch(candidate, path, arn, "instance", ["account", "region", "partition"]);
  if (id === undefined || arn.includes(`:instance/${id.slice(id.lastIndexOf("/") + 1)}/`)) return problems;
  const fix = "Use a resource of this instance. A flow cannot use resources of another instance.";
  return [...problems, ...problemAt(candidate, [path], `${show(arn)} belongs to another Connect instance.`, fix)];
}

type ArnPart = "account" | "region" | "partition";

/** An ARN whose account, region or partition differs from its owner's. */
function arnMismatch(
  candidate: Candidate,
  path: Path,
  arn: string | undefined,
  owner: "instance" | "state bucket",
  parts: readonly ArnPart[],
): Problem[] {
  // The id of an instance may be a bare UUID.
  if (arn?.startsWith("arn:") !== true) return [];
  const { account, state } = candidate.settings;
  const region = owner === "instance" ? candidate.settings.region : state?.region;
  const partition = region === undefined ? undefined : names.partitionOf(region);
  const expected = { account, region, partition };
  const [, arnPartition, , arnRegion, arnAccount] = arn.split(":");
  const actual = { account: arnAccount, region: arnRegion, partition: arnPartition };

  const differing = parts.filter((part) => expected[part] !== undefined && expected[part] !== actual[part]);
  if (differing.length === 0) return [];
  const joinNames = (values: typeof actual): string =>
    differing.map((part) => `${part} ${values[part] ?? ""}`).join(" and ");
  const regionPath = owner === "instance" ? ["region"] : ["state", "region"];
  return problemAt(
    candidate,
    [path, ...differing.map((part) => (part === "account" ? ["account"] : regionPath))],
    `${show(arn)} is in ${joinNames(actual)}, but the ${owner} is in ${joinNames(expected)}.`,
    "Correct the wrong value.",
  );
}
