/** Compares a deployed function with the environment file and the code of this project, without Terraform. */
import type { FunctionConfiguration } from "@aws-sdk/client-lambda";
import type { InstanceConfig } from "../../../config/types";
import { packageBlockedCalls } from "../../../lambda/packaging";
import { functionEnvironment, HANDLER } from "../../../lambda/settings";
import { functionSettings } from "../../../stacks/function-settings";

/** The settings that are compared. The codes are part of the JSON output of `status`. */
export type SettingCode = "code" | "handler" | "runtime" | "memory" | "timeout" | "log-group" | "log-format";

export interface SettingDifference {
  readonly code: SettingCode;
  /** `memory in MB is 128 instead of 512` */
  readonly text: string;
}

/** Compares the code and the settings of a version, except its environment variables, with the stack. */
export function settingDifferences(
  { function: configured, lookup }: InstanceConfig,
  { CodeSha256, Handler, Runtime, MemorySize, Timeout, LoggingConfig }: FunctionConfiguration,
): readonly SettingDifference[] {
  const settings: readonly (readonly [code: SettingCode, name: string, expected: unknown, found: unknown])[] = [
    ["code", "SHA-256 of the code", packageBlockedCalls().sourceCodeHash, CodeSha256],
    ["handler", "handler", HANDLER, Handler],
    ["runtime", "runtime", configured.runtime, Runtime],
    ["memory", "memory in MB", configured.memoryMb, MemorySize],
    ["timeout", "timeout in seconds", lookup.flowTimeLimitSeconds, Timeout],
    ["log-group", "log group", configured.logGroupName, LoggingConfig?.LogGroup],
    ["log-format", "log format", "Text", LoggingConfig?.LogFormat],
  ];
  return settings
    .filter(([, , expected, found]) => expected !== found)
    .map(([code, name, expected, found]) => ({
      code,
      text: `${name} is ${String(found)} instead of ${String(expected)}`,
    }));
}

/** The variables that differ, such as `EXEMPT_NUMBERS differs`. The texts contain no values: `EXEMPT_NUMBERS` contains phone numbers. */
export function variableDifferences(
  instance: InstanceConfig,
  found: Readonly<Record<string, string>>,
): readonly string[] {
  const configured = functionEnvironment(functionSettings(instance));
  return Object.keys({ ...configured, ...found })
    .filter((name) => configured[name] !== found[name])
    .sort()
    .map((name) => {
      if (found[name] === undefined) return `${name} is missing`;
      return configured[name] === undefined ? `${name} is set but not configured` : `${name} differs`;
    });
}
