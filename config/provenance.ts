/** The origin of each value in a resolved configuration: a line of a file, a default, or a computation from other values. */
import { derivedDefault } from "./declaration";
import { levelWith } from "./levels";
import type { Candidate } from "./levels";
import type { Path } from "./problems";
import { formatPath } from "./problems";
import { instanceSchema } from "./schema";
import type { InstanceConfig } from "./types";

export type Origin =
  | { readonly kind: "file"; readonly file: string; readonly line: number; readonly column: number }
  | { readonly kind: "default" }
  /** `from` lists the values that this value is computed from: `name, region`. */
  | { readonly kind: "derived"; readonly from: string };

/** One value of an `InstanceConfig`: text, a number, a boolean or a list. */
export interface Setting {
  /** Place in the configuration: `function.memoryMb`. */
  readonly key: string;
  readonly value: unknown;
  readonly origin: Origin;
}

/** The place in the file of each value that has another place in the resolved configuration. */
const renamed: Readonly<Record<string, Path>> = {
  "wave.name": ["wave"],
  instanceId: ["id"],
  "adoptExisting.moduleId": ["adoptExisting", "module"],
  "inboundFlow.queueId": ["inboundFlow", "queue"],
  "inboundFlow.whenBlocked.queueId": ["inboundFlow", "whenBlocked", "queue"],
  "inboundFlow.whenBlocked.flowId": ["inboundFlow", "whenBlocked", "flow"],
  "inboundFlow.whenBlocked.message.Text": ["inboundFlow", "whenBlocked", "text"],
  "inboundFlow.whenBlocked.message.SSML": ["inboundFlow", "whenBlocked", "ssml"],
  "flows.whenBlocked.queueId": ["flows", "whenBlocked", "queue"],
  "flows.whenBlocked.flowId": ["flows", "whenBlocked", "flow"],
  "flows.whenBlocked.message.Text": ["flows", "whenBlocked", "text"],
  "flows.whenBlocked.message.SSML": ["flows", "whenBlocked", "ssml"],
  "table.name": ["tableName"],
  "canary.name": ["alarms", "canaryName"],
  "canary.roleName": ["alarms", "canaryRoleName"],
};

/** Computed values that have no key, and the values that they are computed from. */
const computed: Readonly<Record<string, string>> = {
  environment: "the file's name",
  stackName: "environment, name, region",
  "wave.name": "the environment's waves",
  "wave.index": "the environment's waves",
  partition: "region",
  dnsSuffix: "region",
  instanceArn: "account, region, id",
  "state.key": "environment, region, name",
  "table.arn": "account, region, table.name",
  "table.indexArn": "account, region, table.name",
  "canary.functionArn": "account, region, canary.name",
  "canary.logGroupName": "canary.name",
  "canary.logGroupArn": "account, region, canary.name",
  "dashboard.name": "stackName",
  "dashboard.regions": "the environment's instances in this account",
  "function.aliasArn": "account, region, function.name",
  "function.logGroupName": "function.name",
  "function.logGroupArn": "account, region, function.name",
};

/** Every value of the instance with its origin, in the order of the configuration. A map has one entry per key. */
export function settingsOf(candidate: Candidate, instance: InstanceConfig): Setting[] {
  return leaves(instance, []).map(([path, value]) => ({
    key: formatPath(path),
    value,
    origin: originOf(candidate, path),
  }));
}

function originOf(candidate: Candidate, path: Path): Origin {
  const name = formatPath(path);
  const key = renamed[name] ?? path;
  const level = levelWith(candidate, key);
  if (level !== undefined) {
    const { file, position } = level.file.yaml.problem([...level.at, ...key], "", "", "key");
    return { kind: "file", file, line: position?.line ?? 1, column: position?.column ?? 1 };
  }
  const from = computed[name] ?? derivedDefault(instanceSchema.shape, key)?.from.join(", ");
  return from === undefined ? { kind: "default" } : { kind: "derived", from };
}

function leaves(value: unknown, path: Path): [Path, unknown][] {
  const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isMap || Object.keys(value).length === 0) return [[path, value]];
  return Object.entries(value).flatMap(([key, child]) => leaves(child, [...path, key]));
}
