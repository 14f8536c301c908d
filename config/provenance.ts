/** Where each value of an instance's resolved configuration comes from: a line of a file, a default, or other values. */
import type { Candidate } from "./instance";
import type { Path } from "./problems";
import { formatPath } from "./problems";
import type { InstanceConfig } from "./types";

/** The place of a key in a file, or what the value stands on where no file gives it. */
export type Origin =
  | { readonly kind: "file"; readonly file: string; readonly line: number; readonly column: number }
  | { readonly kind: "default" }
  /** `from` names what it follows from, such as `name, region`. */
  | { readonly kind: "derived"; readonly from: string };

/** One value of an `InstanceConfig`: text, a number, a boolean or a list. */
export interface Setting {
  /** Place in the configuration: `function.memoryMb`. */
  readonly key: string;
  readonly value: unknown;
  readonly origin: Origin;
}

/** Values that are computed and what from, unless the files give the key `givenAt`. */
const derived: Readonly<Record<string, { readonly givenAt?: Path; readonly from: string }>> = {
  environment: { from: "the file's name" },
  stackName: { from: "environment, name, region" },
  "wave.name": { givenAt: ["wave"], from: "the environment's waves" },
  "wave.index": { from: "the environment's waves" },
  "adoptExisting.moduleId": { givenAt: ["adoptExisting", "module"], from: "adoptExisting.module" },
  partition: { from: "region" },
  dnsSuffix: { from: "region" },
  instanceId: { givenAt: ["id"], from: "id" },
  instanceArn: { from: "account, region, id" },
  "state.key": { from: "environment, region, name" },
  "table.name": { givenAt: ["tableName"], from: "name" },
  "table.arn": { from: "account, region, table.name" },
  "table.indexArn": { from: "account, region, table.name" },
  "function.name": { givenAt: ["function", "name"], from: "name" },
  "function.roleName": { givenAt: ["function", "roleName"], from: "name, region" },
  "canary.name": { givenAt: ["alarms", "canaryName"], from: "name" },
  "canary.roleName": { givenAt: ["alarms", "canaryRoleName"], from: "name, region" },
  "canary.functionArn": { from: "account, region, canary.name" },
  "canary.logGroupName": { from: "canary.name" },
  "canary.logGroupArn": { from: "account, region, canary.name" },
  "dashboard.name": { from: "stackName" },
  "dashboard.regions": { from: "the environment's instances in this account" },
  "function.aliasArn": { from: "account, region, function.name" },
  "function.logGroupName": { from: "function.name" },
  "function.logGroupArn": { from: "account, region, function.name" },
};

/** Every value of the instance, in the order of `InstanceConfig`, with its origin; maps are one value for each key. */
export function settingsOf(candidate: Candidate, instance: InstanceConfig): Setting[] {
  return leaves(instance, []).map(([path, value]) => ({
    key: formatPath(path),
    value,
    origin: originOf(candidate, path),
  }));
}

function originOf({ levels }: Candidate, path: Path): Origin {
  const computed = derived[formatPath(path)];
  const key = computed === undefined ? path : computed.givenAt;
  if (key !== undefined) {
    // The innermost level that gives the key is the one that counts.
    for (const { file, at } of levels) {
      if (!file.mentions([...at, ...key])) continue;
      const { file: name, position } = file.yaml.problem([...at, ...key], "", "", "key");
      return { kind: "file", file: name, line: position?.line ?? 1, column: position?.column ?? 1 };
    }
  }
  return computed === undefined ? { kind: "default" } : { kind: "derived", from: computed.from };
}

function leaves(value: unknown, path: Path): [Path, unknown][] {
  const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isMap || Object.keys(value).length === 0) return [[path, value]];
  return Object.entries(value).flatMap(([key, child]) => leaves(child, [...path, key]));
}
