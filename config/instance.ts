/** One instance: its levels merged, what is required and what contradicts itself found, names and ARNs derived. */
import * as names from "./aws-names";
import type { ValidatedFile } from "./validate-file";
import { show } from "./problems";
import type { Path, Problem } from "./problems";
import { builtInDefaults } from "./schema";
import type { EnvironmentSettings, InstanceSettings, Settings } from "./schema";
import type { Allowance, InstanceConfig, WhenBlocked } from "./types";
import { waveOf } from "./waves";

/** Where a level stands: a file, and the place of its keys in it. */
interface Level {
  readonly file: ValidatedFile<Settings>;
  readonly at: Path;
}

/** An instance whose own problems are not yet known. */
export interface Candidate {
  readonly environment: string;
  /** All levels merged, without the built-in defaults. */
  readonly settings: InstanceSettings;
  /** The environment's, in order; undefined where it has none. */
  readonly waves: readonly string[] | undefined;
  /** The innermost first: instance, environment, defaults. */
  readonly levels: readonly Level[];
}

/** Keys that some level must give, and what to write. */
const required: readonly (readonly [Path, string])[] = [
  [["account"], 'Add the 12-digit AWS account id in quotes, for example account: "111122223333".'],
  [["region"], "Add the instance's AWS region, for example region: us-east-1."],
  [["state", "bucket"], "Add the S3 bucket for Terraform's state."],
  [["state", "region"], "Add the AWS region of the state bucket."],
  [
    ["blockedDispositions"],
    'Add what an agent chooses to block a caller, for example blockedDispositions: ["Blocked"].',
  ],
];
const requiredOfInstance: typeof required = [
  [["name"], "Add the Connect instance's alias, as in the table's name dextr-<name>."],
  [["id"], "Add the Connect instance's ARN or id; the Connect console shows it."],
];

/** Milliseconds of the flow block's time limit that are not the function's: the way to it and back, and its start. */
const flowMarginMs = 500;

/** The instances of one environment file, in the order of the file. */
export function candidates(
  environment: string,
  file: ValidatedFile<EnvironmentSettings>,
  defaults: ValidatedFile<Settings> | undefined,
): Candidate[] {
  const { instances = [], waves, ...shared } = file.value ?? {};
  const outer = merge(defaults?.value ?? {}, shared);
  return instances.map((own, index) => ({
    environment,
    settings: merge(outer, own),
    waves,
    levels: [
      { file, at: ["instances", index] },
      { file, at: [] },
      ...(defaults === undefined ? [] : [{ file: defaults, at: [] }]),
    ],
  }));
}

/** Values and lists of the inner level replace the outer ones; maps merge key by key. */
function merge(outer: Settings, inner: InstanceSettings): InstanceSettings {
  const merged: Record<string, unknown> = { ...outer };
  for (const [key, value] of Object.entries(inner)) {
    const isMap = typeof value === "object" && !Array.isArray(value);
    merged[key] = isMap ? { ...(merged[key] as object | undefined), ...value } : value;
  }
  return merged;
}

/** Problems with required keys that no level gives; with the whole environment where none of its instances has the key. */
export function missing(environment: readonly Candidate[]): Problem[] {
  return [...required, ...requiredOfInstance].flatMap(([key, fix]) => {
    const without = environment.filter(({ levels }) => !levels.some(({ file, at }) => file.mentions([...at, ...key])));
    const isShared = without.length === environment.length && required.some(([path]) => path === key);
    return without.flatMap(({ levels: [own] }) =>
      own === undefined
        ? []
        : [own.file.yaml.problem([...(isShared ? [] : own.at), ...key], "The key is missing.", fix)],
    );
  });
}

/** A problem with values that are each valid: it stands where the innermost of them is given. */
export function problemAt(candidate: Candidate, paths: readonly Path[], message: string, fix: string): Problem[] {
  for (const { file, at } of candidate.levels) {
    const path = paths.find((key) => file.mentions([...at, ...key]));
    if (path !== undefined) return [file.yaml.problem([...at, ...path], message, fix)];
  }
  return [];
}

/** What the instance is called in AWS, as far as it is known yet. */
export function namesOf({ environment, settings }: Candidate) {
  const { name, region } = settings;
  return {
    stack: name === undefined || region === undefined ? undefined : names.stackName(environment, name, region),
    table: settings.tableName ?? (name === undefined ? undefined : names.defaultTableName(name)),
    function: settings.function?.name ?? (name === undefined ? undefined : names.defaultFunctionName(name)),
    role:
      settings.function?.roleName ??
      (name === undefined || region === undefined ? undefined : names.defaultRoleName(name, region)),
    canary: settings.alarms?.canaryName ?? (name === undefined ? undefined : names.defaultCanaryName(name)),
    canaryRole:
      settings.alarms?.canaryRoleName ??
      (name === undefined || region === undefined ? undefined : names.defaultCanaryRoleName(name, region)),
  };
}

/** Problems between the values of one instance. What was refused before is undefined here and contradicts nothing. */
export function contradictions(candidate: Candidate): Problem[] {
  const { id, state, awsProvider, function: own } = { ...builtInDefaults, ...candidate.settings };
  const { budgetMs, flowTimeLimitSeconds } = { ...builtInDefaults.lookup, ...candidate.settings.lookup };
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
      `A budgetMs of ${budgetMs} leaves less than ${flowMarginMs} ms of a flowTimeLimitSeconds of ${limitMs / 1000}: the flow would give up before the answer.`,
      `Lower budgetMs to ${limitMs - flowMarginMs} or less, or raise flowTimeLimitSeconds (8 at most).`,
    );
  }
  if (own?.runtime === "nodejs24.x" && awsProvider === "~> 5.100.0") {
    report(
      [["function", "runtime"], ["awsProvider"]],
      'The runtime "nodejs24.x" is not known to the AWS provider "~> 5.100.0".',
      'Use runtime "nodejs22.x", or awsProvider ">= 6.44, < 7".',
    );
  }
  for (const key of ["deployRole", "planRole"] as const) {
    if (candidate.settings[key] === undefined) continue;
    if (candidate.levels.some(({ file, at }) => file.mentions([...at, key, "arn"]))) continue;
    report([[key]], "The arn of the role is missing.", `Add the ARN of the role to assume, or remove ${key}.`);
  }
  const { release = false, suspended } = candidate.settings;
  if (suspended === true && release !== false) {
    report(
      [["release"]],
      `A suspended instance is left out of rollouts, so release: ${release} would never be deployed.`,
      "Remove one of the two.",
    );
  }
  const { region } = candidate.settings;
  // An endpoint of its own may be of no partition.
  if (region !== undefined && state?.region !== undefined && state.endpoint === undefined) {
    const [ofInstance, ofState] = [names.partitionOf(region), names.partitionOf(state.region)];
    if (ofInstance !== ofState) {
      report(
        [["state", "region"], ["region"]],
        `The state is in ${show(state.region)} (partition ${ofState}), but the instance is in ${show(region)} (partition ${ofInstance}): no credentials are of both.`,
        `Name a state bucket in a region of ${ofInstance}, for example ${show(region)}.`,
      );
    }
  }
  problems.push(...inboundFlowProblems(candidate), ...allowanceProblems(candidate));
  problems.push(...ofAnotherInstance(candidate, ["adoptExisting", "module"], candidate.settings.adoptExisting?.module));
  const { role = "", canary = "", canaryRole = "" } = namesOf(candidate);
  const named = (what: string, name: string, service: string, limit: number, key: string): void => {
    if (name.length <= limit) return;
    report(
      [["name"]],
      `The ${what} "${name}" has ${name.length} characters, and ${service} allows ${limit}.`,
      `Give this instance a shorter one as ${key}.`,
    );
  };
  named("role's name", role, "IAM", names.roleNameLimit, "function.roleName");
  if (hasCanary(candidate)) {
    named("canary's name", canary, "Lambda", names.functionNameLimit, "alarms.canaryName");
    named("canary's role's name", canaryRole, "IAM", names.roleNameLimit, "alarms.canaryRoleName");
  }
  return [
    ...problems,
    ...strangers(candidate, ["id"], id, "instance", ["account", "region", "partition"]),
    ...(["deployRole", "planRole"] as const).flatMap((key) =>
      strangers(candidate, [key, "arn"], candidate.settings[key]?.arn, "instance", ["account", "partition"]),
    ),
    ...strangers(candidate, ["alarms", "topicArn"], candidate.settings.alarms?.topicArn, "instance", [
      "region",
      "partition",
    ]),
    ...(["roleArn", "planRoleArn"] as const).flatMap((key) =>
      strangers(candidate, ["state", key], state?.[key], "instance", ["partition"]),
    ),
    ...strangers(candidate, ["state", "kmsKeyArn"], state?.kmsKeyArn, "state bucket", ["region", "partition"]),
  ];
}

/** What each allowance must say, and what to write. */
const requiredOfAllowance = {
  resource: 'Add the address of the resource from the review, for example "aws_cloudwatch_log_group.blocked_calls".',
  rule: "Add the guard's rule from the review, for example deletion.",
  reason: "Say why it may happen, for those who review the plan.",
  until: "Add the last day on which it counts, as YYYY-MM-DD: an allowance must end.",
} as const;

function allowanceProblems(candidate: Candidate): Problem[] {
  const source = candidate.levels.find(({ file, at }) => file.mentions([...at, "allowances"]));
  const { allowances = [] } = candidate.settings;
  if (source === undefined) return [];
  const seen = new Map<string, number>();
  return allowances.flatMap((allowance, index) => {
    const at = ["allowances", index];
    const lacking = Object.entries(requiredOfAllowance).flatMap(([key, fix]) =>
      source.file.mentions([...source.at, ...at, key])
        ? []
        : [source.file.yaml.problem([...source.at, ...at], `The key ${key} is missing.`, fix)],
    );
    if (lacking.length > 0) return lacking;
    const { resource, rule } = allowance;
    const same = JSON.stringify([resource, rule]);
    const first = seen.get(same);
    if (first === undefined) {
      seen.set(same, index);
      return [];
    }
    const wrong = `Item ${first} allows ${rule ?? ""} for ${resource ?? ""} already.`;
    return problemAt(candidate, [at], wrong, "Remove one of the two.");
  });
}

/** Whether the instance has a canary: what it would be called matters only then. */
export function hasCanary({ settings }: Candidate): boolean {
  return settings.alarms?.canaryMinutes !== false;
}

/** Which keys each action of `whenBlocked` goes with: exactly one of them. */
const actionKeys = { disconnect: [], message: ["text", "ssml"], queue: ["queue"], flow: ["flow"] } as const;

function inboundFlowProblems(candidate: Candidate): Problem[] {
  const { inboundFlow } = candidate.settings;
  if (inboundFlow === undefined) return [];
  const gives = (path: Path): boolean => candidate.levels.some(({ file, at }) => file.mentions([...at, ...path]));
  const problems: Problem[] = [];
  if (!gives(["inboundFlow", "queue"])) {
    const fix = "Add the id or ARN of the queue for callers who are not blocked.";
    problems.push(...problemAt(candidate, [["inboundFlow"]], "The queue is missing.", fix));
  }
  const { whenBlocked = {} } = inboundFlow;
  const place = ["inboundFlow", "whenBlocked"];
  const { action = "disconnect" } = whenBlocked;
  const wanted: readonly string[] = actionKeys[action];
  const surplus = Object.keys(whenBlocked).filter((key) => key !== "action" && !wanted.includes(key));
  for (const key of surplus) {
    const fix =
      wanted.length === 0 ? "Remove it, or say which action it is for." : `The action takes ${wanted.join(" or ")}.`;
    problems.push(...problemAt(candidate, [[...place, key]], `The action "${action}" does not go with it.`, fix));
  }
  // What counts is the level that whenBlocked was taken from; a value that was refused there is mentioned all the same.
  const source = candidate.levels.find(({ file, at }) => file.mentions([...at, ...place]));
  const given = wanted.filter((key) => source?.file.mentions([...source.at, ...place, key]));
  if (wanted.length > 0 && given.length !== 1) {
    const wrong =
      given.length === 0 ? `The action "${action}" lacks its ${wanted.join(" or ")}.` : "Both text and ssml are given.";
    const fix = given.length === 0 ? `Add ${wanted.join(" or ")}.` : "Remove one of the two.";
    problems.push(...problemAt(candidate, [place], wrong, fix));
  }
  return [
    ...problems,
    ...ofAnotherInstance(candidate, ["inboundFlow", "queue"], inboundFlow.queue),
    ...ofAnotherInstance(candidate, [...place, "queue"], whenBlocked.queue),
    ...ofAnotherInstance(candidate, [...place, "flow"], whenBlocked.flow),
  ];
}

/** Problems with something in Connect that is not in the instance; a bare id may be of any. */
function ofAnotherInstance(candidate: Candidate, path: Path, arn: string | undefined): Problem[] {
  if (arn?.startsWith("arn:") !== true) return [];
  const { id } = candidate.settings;
  const problems = strangers(candidate, path, arn, "instance", ["account", "region", "partition"]);
  if (id === undefined || arn.includes(`:instance/${id.slice(id.lastIndexOf("/") + 1)}/`)) return problems;
  const fix = "Use one of this instance: a flow cannot reach into another.";
  return [...problems, ...problemAt(candidate, [path], `${show(arn)} is of another Connect instance.`, fix)];
}

type ArnPart = "account" | "region" | "partition";

/** A problem with an ARN that is of another account, region or partition than what it belongs to. */
function strangers(
  candidate: Candidate,
  path: Path,
  arn: string | undefined,
  owner: "instance" | "state bucket",
  parts: readonly ArnPart[],
): Problem[] {
  // An instance may be given by its bare id.
  if (arn?.startsWith("arn:") !== true) return [];
  const { account, state } = candidate.settings;
  const region = owner === "instance" ? candidate.settings.region : state?.region;
  const partition = region === undefined ? undefined : names.partitionOf(region);
  const expected = { account, region, partition };
  const [, arnPartition, , arnRegion, arnAccount] = arn.split(":");
  const actual = { account: arnAccount, region: arnRegion, partition: arnPartition };

  const differing = parts.filter((part) => expected[part] !== undefined && expected[part] !== actual[part]);
  if (differing.length === 0) return [];
  const told = (of: typeof actual): string => differing.map((part) => `${part} ${of[part] ?? ""}`).join(" and ");
  const regionPath = owner === "instance" ? ["region"] : ["state", "region"];
  return problemAt(
    candidate,
    [path, ...differing.map((part) => (part === "account" ? ["account"] : regionPath))],
    `${show(arn)} is of ${told(actual)}, but the ${owner} is in ${told(expected)}.`,
    "Correct the one that is wrong.",
  );
}

/** The complete configuration, or undefined while a required key is missing or refused. */
export function resolve(candidate: Candidate): InstanceConfig | undefined {
  const { environment, settings } = candidate;
  const { name, id, account, region, blockedDispositions } = settings;
  const { bucket, region: stateRegion, ...state } = settings.state ?? {};
  const { stack, table, function: functionName, role, canary, canaryRole } = namesOf(candidate);
  if (name === undefined || id === undefined || account === undefined || region === undefined) return undefined;
  const [firstDisposition, ...otherDispositions] = blockedDispositions ?? [];
  if (bucket === undefined || stateRegion === undefined || firstDisposition === undefined) return undefined;
  if (stack === undefined || table === undefined || functionName === undefined || role === undefined) return undefined;
  if (canary === undefined || canaryRole === undefined) return undefined;

  const home = { account, region };
  const partition = names.partitionOf(region);
  const instanceId = id.slice(id.lastIndexOf("/") + 1);
  return {
    environment,
    name,
    stackName: stack,
    wave: waveOf(candidate.waves, settings.wave),
    suspended: settings.suspended ?? builtInDefaults.suspended,
    ...releaseOf(settings),
    ...adoptedOf(settings),
    ...home,
    partition,
    dnsSuffix: names.dnsSuffix(partition),
    instanceId,
    instanceArn: names.instanceArn(home, instanceId),
    awsProvider: settings.awsProvider ?? builtInDefaults.awsProvider,
    ...roleOf("deployRole", settings),
    ...roleOf("planRole", settings),
    state: { ...given(state), bucket, region: stateRegion, key: names.stateKey(environment, name, region) },
    allowances: allowancesOf(settings),
    tags: settings.tags ?? {},
    blockedDispositions: [firstDisposition, ...otherDispositions],
    anonymousCallers: settings.anonymousCallers ?? builtInDefaults.anonymousCallers,
    exemptNumbers: settings.exemptNumbers ?? [],
    lookup: { ...builtInDefaults.lookup, ...given(settings.lookup ?? {}) },
    ...inboundFlowOf(settings),
    table: {
      ...builtInDefaults.table,
      ...given(settings.table ?? {}),
      name: table,
      arn: names.tableArn(home, table),
      indexArn: names.indexArn(home, table),
    },
    alarms: alarmsOf(settings),
    canary: {
      name: canary,
      roleName: canaryRole,
      functionArn: names.functionArn(home, canary),
      logGroupName: names.logGroupName(canary),
      logGroupArn: names.logGroupArn(home, canary),
    },
    function: {
      ...builtInDefaults.function,
      ...given(settings.function ?? {}),
      name: functionName,
      roleName: role,
      aliasArn: names.aliasArn(home, functionName),
      logGroupName: names.logGroupName(functionName),
      logGroupArn: names.logGroupArn(home, functionName),
    },
  };
}

/** Without the canary's names, which stand with what else it is called. */
function alarmsOf({ alarms = {} }: InstanceSettings): InstanceConfig["alarms"] {
  const thresholds = Object.entries(given(alarms)).filter(([key]) => !["canaryName", "canaryRoleName"].includes(key));
  return { ...builtInDefaults.alarms, ...Object.fromEntries(thresholds) };
}

function roleOf<K extends "deployRole" | "planRole">(
  key: K,
  settings: InstanceSettings,
): Partial<Pick<InstanceConfig, K>> {
  const role = settings[key];
  return role?.arn === undefined ? {} : ({ [key]: { ...given(role), arn: role.arn } } as Pick<InstanceConfig, K>);
}

function releaseOf({ release = false }: InstanceSettings): Pick<InstanceConfig, "release"> {
  return release === false ? {} : { release: release === true ? "forget" : release };
}

/** {@link allowanceProblems} has made sure that each is complete. */
function allowancesOf({ allowances = [] }: InstanceSettings): readonly Allowance[] {
  return allowances.flatMap(({ resource, rule, reason, until }) =>
    resource === undefined || rule === undefined || reason === undefined || until === undefined
      ? []
      : [{ resource, rule, reason, until }],
  );
}

function adoptedOf({ adoptExisting }: InstanceSettings): Pick<InstanceConfig, "adoptExisting"> {
  if (adoptExisting === undefined) return {};
  const { module: given, function: ofFunction = false, role = false, logGroup = false } = adoptExisting;
  const moduleId = given === undefined ? {} : { moduleId: given.slice(given.lastIndexOf("/") + 1) };
  return { adoptExisting: { ...moduleId, function: ofFunction, role, logGroup } };
}

function inboundFlowOf({ inboundFlow }: InstanceSettings): Pick<InstanceConfig, "inboundFlow"> {
  if (inboundFlow?.queue === undefined) return {};
  const { name = builtInDefaults.inboundFlowName, queue: queueId, whenBlocked = {} } = inboundFlow;
  return { inboundFlow: { name, queueId, whenBlocked: whenBlockedOf(whenBlocked) } };
}

/** {@link inboundFlowProblems} has made sure that each action has what it needs. */
function whenBlockedOf({
  action,
  text,
  ssml,
  queue,
  flow,
}: NonNullable<Settings["inboundFlow"]>["whenBlocked"] & object): WhenBlocked {
  if (action === "message" && text !== undefined) return { action, message: { Text: text } };
  if (action === "message" && ssml !== undefined) return { action, message: { SSML: ssml } };
  if (action === "queue" && queue !== undefined) return { action, queueId: queue };
  if (action === "flow" && flow !== undefined) return { action, flowId: flow };
  return { action: "disconnect" };
}

/** The map without keys that are undefined. */
function given<T extends object>(map: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(map).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}
