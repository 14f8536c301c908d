/** The status of one instance: what was read, the problems that follow, and the outcome. */
import type { InstanceConfig } from "../../../config/types";
import { ageText } from "./age";
import { type Calls, type Canary, isOverdue } from "./calls";
import { isUnreadable, type Reading, type Unknown, unknown, valueOf } from "./reading";
import type { SettingCode } from "../verify/function-differences";

/** What is read about an instance. The names of the members, and the codes, are part of the JSON output. */
export interface Readings {
  /** The version behind the alias `live`. */
  readonly live: Reading<
    { readonly state: "deployed"; readonly version: string; readonly modified: string } | { readonly state: "missing" }
  >;
  /** `state` is the status of DynamoDB, or why there is no status. */
  readonly index: Reading<{
    readonly state: IndexState;
    /** Contacts in the index, as of the last count of DynamoDB, which counts every six hours. */
    readonly contacts?: number;
  }>;
  /** From the last run of `coverage`, or of `verify --coverage`, on this machine. */
  readonly numbers: Reading<SavedNumbers>;
  readonly canary: Reading<Canary>;
  readonly alarms: Reading<Alarms>;
  readonly calls: Reading<Calls>;
  /** What differs from the environment file and the code of this project. */
  readonly differences: Reading<readonly Difference[]>;
}

export type IndexState =
  "ACTIVE" | "UPDATING" | "CREATING" | "DELETING" | "missing" | "wrong-keys" | "table-missing" | "table-unavailable";

export interface SavedNumbers {
  readonly protected: number;
  readonly notProtected: number;
  readonly unknown: number;
  /** ISO 8601. */
  readonly checkedAt: string;
}

/** Ids of alarms, which are the anchors of docs/runbook.md. */
export interface Alarms {
  readonly active: readonly string[];
  /** The alarm cannot decide, for example `canary-silent` without data. */
  readonly insufficientData: readonly string[];
  readonly missing: readonly string[];
  /** The alarm exists, and its notifications are switched off. */
  readonly silenced: readonly string[];
}

export interface Difference {
  readonly code: SettingCode | "environment" | "alias-weights";
  /** Never contains a value of an environment variable. */
  readonly detail: string;
}

export interface Problem {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly fix: string;
}

export type ProblemCode =
  | "function-missing"
  | "table-missing"
  | "table-unavailable"
  | "index-missing"
  | "index-wrong-keys"
  | "index-not-ready"
  | "canary-wrong-answer"
  | "canary-failed"
  | "canary-silent"
  | "alarm-active"
  | "alarm-missing"
  | "alarm-silenced"
  | "numbers-not-protected"
  | "configuration-differs";

export interface InstanceStatus extends Readings {
  readonly stack: string;
  readonly environment: string;
  readonly instance: string;
  readonly account: string;
  readonly region: string;
  /** `skipped`: the instance is decommissioned. */
  readonly outcome: "failed" | "unknown" | "ok" | "skipped";
  readonly problems: readonly Problem[];
}

const identity = ({ stackName, environment, name, account, region }: InstanceConfig) => ({
  stack: stackName,
  environment,
  instance: name,
  account,
  region,
});

/** @param now in milliseconds */
export function instanceStatus(instance: InstanceConfig, readings: Readings, now: number): InstanceStatus {
  const problems = problemsIn(instance, readings, now);
  const outcome = problems.length > 0 ? "failed" : unreadable(readings).length > 0 ? "unknown" : "ok";
  return { ...identity(instance), outcome, problems, ...readings };
}

/** The status of an instance that is decommissioned: nothing is read. */
export function skippedStatus(instance: InstanceConfig): InstanceStatus {
  const nothing = unknown("not-checked", `The instance is decommissioned (release: ${instance.release ?? ""}).`);
  const readings = {
    live: nothing,
    index: nothing,
    numbers: nothing,
    canary: nothing,
    alarms: nothing,
    calls: nothing,
    differences: nothing,
  };
  return { ...identity(instance), outcome: "skipped", problems: [], ...readings };
}

export const readingNames = ["live", "index", "numbers", "canary", "alarms", "calls", "differences"] as const;

/** What could not be read, with the reason. */
export function unreadable(
  readings: Readings,
): readonly { readonly name: (typeof readingNames)[number]; readonly reason: Unknown }[] {
  return readingNames.flatMap((name) => {
    const reading = readings[name];
    return "unknown" in reading && isUnreadable(reading) ? [{ name, reason: reading.unknown }] : [];
  });
}

function problemsIn(instance: InstanceConfig, readings: Readings, now: number): readonly Problem[] {
  const { stackName } = instance;
  const live = valueOf(readings.live);
  const deploy = `Deploy ${stackName}.`;
  const verify = `Find the cause with: npm run fleet -- verify ${stackName}`;
  if (live?.state === "missing") {
    const detail = `There is no function ${instance.function.name} with the alias live. No caller is blocked.`;
    // Without the function, the alarms and the canary are missing too.
    return [{ code: "function-missing", detail, fix: deploy }, ...indexProblems(readings, deploy, verify)];
  }
  return [
    ...indexProblems(readings, deploy, verify),
    ...canaryProblems(instance, valueOf(readings.canary), now, verify),
    ...alarmProblems(valueOf(readings.alarms), deploy),
    ...numberProblems(stackName, valueOf(readings.numbers), now),
    ...differenceProblems(stackName, valueOf(readings.differences)),
  ];
}

const indexTexts: Readonly<Record<IndexState, readonly [code: ProblemCode, detail: string] | undefined>> = {
  ACTIVE: undefined,
  UPDATING: undefined,
  CREATING: ["index-not-ready", "The index is CREATING. Until it is ACTIVE, no caller is blocked."],
  DELETING: ["index-not-ready", "The index is DELETING. No caller is blocked."],
  missing: ["index-missing", "The table has no index for lookups. No caller is blocked."],
  "wrong-keys": ["index-wrong-keys", "The index has other keys than lookups need. No caller is blocked."],
  "table-missing": ["table-missing", "The contact table does not exist. No caller is blocked."],
  "table-unavailable": [
    "table-unavailable",
    "The status of the contact table does not allow lookups. No caller is blocked.",
  ],
};

function indexProblems({ index }: Readings, deploy: string, verify: string): readonly Problem[] {
  const state = valueOf(index)?.state;
  const text = state === undefined ? undefined : indexTexts[state];
  return text === undefined ? [] : [{ code: text[0], detail: text[1], fix: state === "missing" ? deploy : verify }];
}

function canaryProblems(
  { alarms }: InstanceConfig,
  canary: Canary | undefined,
  now: number,
  verify: string,
): readonly Problem[] {
  if (canary === undefined || canary.answer === "off" || alarms.canaryMinutes === false) return [];
  const { answer, at } = canary;
  const when = at === undefined ? "" : ` ${ageText(now - Date.parse(at))} ago`;
  const problem = (code: ProblemCode, detail: string): readonly Problem[] => [{ code, detail, fix: verify }];
  if (answer === "wrong") return problem("canary-wrong-answer", `The canary got a wrong answer${when}.`);
  if (answer === "failed") return problem("canary-failed", `The canary ran${when} and did not complete.`);
  if (at === undefined) return problem("canary-silent", "The canary has not run in the last three hours.");
  return isOverdue(at, alarms.canaryMinutes, now) ? problem("canary-silent", `The canary last ran${when}.`) : [];
}

function alarmProblems(alarms: Alarms | undefined, deploy: string): readonly Problem[] {
  if (alarms === undefined) return [];
  const { active, missing, silenced } = alarms;
  const list = (ids: readonly string[], one: string, several: string): string =>
    `The ${ids.length === 1 ? "alarm" : "alarms"} ${ids.join(", ")} ${ids.length === 1 ? one : several}.`;
  return [
    ...active.map((id) => ({
      code: "alarm-active" as const,
      detail: `The alarm ${id} is active.`,
      fix: `Follow docs/runbook.md#${id}.`,
    })),
    ...(missing.length === 0
      ? []
      : [{ code: "alarm-missing" as const, detail: list(missing, "does not exist", "do not exist"), fix: deploy }]),
    ...(silenced.length === 0
      ? []
      : [
          {
            code: "alarm-silenced" as const,
            detail: list(
              silenced,
              "notifies nobody: its actions are disabled",
              "notify nobody: their actions are disabled",
            ),
            fix: "Enable the actions: aws cloudwatch enable-alarm-actions.",
          },
        ]),
  ];
}

function numberProblems(stackName: string, numbers: SavedNumbers | undefined, now: number): readonly Problem[] {
  if (numbers === undefined || numbers.notProtected === 0) return [];
  const { notProtected, checkedAt } = numbers;
  const age = ageText(now - Date.parse(checkedAt));
  const detail = `${notProtected} phone ${notProtected === 1 ? "number was" : "numbers were"} not protected when coverage ran ${age} ago.`;
  return [{ code: "numbers-not-protected", detail, fix: `Show the paths: npm run fleet -- coverage ${stackName}` }];
}

function differenceProblems(stackName: string, differences: readonly Difference[] | undefined): readonly Problem[] {
  if (differences === undefined || differences.length === 0) return [];
  const detail = `The function differs from the files: ${differences.map((one) => one.detail).join("; ")}.`;
  const fix = `See what a deployment changes: npm run fleet -- plan stack=${stackName}`;
  return [{ code: "configuration-differs", detail, fix }];
}
