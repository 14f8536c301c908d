/** What the canary is told about its instance: the event that its schedule sends. */
import { literalJson } from "../settings";

/**
 * It travels in the schedule's event and not in environment variables, whose 4 KB a list of exempt numbers can fill to the last byte:
 * the event holds twice that (EventBridge, `Input` of a target: 8,192 characters).
 */
export interface CanarySettings {
  /** Name of the environment; a dimension of the metrics. */
  readonly environment: string;
  /** The Connect instance's alias; a dimension of the metrics. */
  readonly instanceName: string;
  readonly instanceArn: string;
  readonly tableName: string;
  /** ARN of the alias that Connect calls. */
  readonly functionArn: string;
  readonly blockedDispositions: readonly string[];
  /** E.164 numbers (`+15555550100`) and prefixes (`+1800*`). */
  readonly exemptNumbers: readonly string[];
}

/** The event, as JSON that Terraform leaves as it is. */
export function canaryInput({ exemptNumbers, ...settings }: CanarySettings): string {
  return literalJson({ ...settings, exemptNumbers: exemptNumbers.join(" ") });
}

/**
 * The settings in an event; the inverse of {@link canaryInput}.
 *
 * @throws Error naming what is missing, never its value: the message is logged
 */
export function readCanaryInput(event: unknown): CanarySettings {
  const given = (typeof event === "object" && event !== null ? event : {}) as Record<string, unknown>;
  const text = (name: string): string => {
    const value = given[name];
    if (typeof value !== "string" || value === "") throw new Error(`${name} is missing in the event`);
    return value;
  };
  const dispositions = given["blockedDispositions"];
  if (!Array.isArray(dispositions) || dispositions.length === 0 || !dispositions.every((d) => typeof d === "string")) {
    throw new Error("blockedDispositions is missing in the event");
  }
  const exempt = given["exemptNumbers"];
  return {
    environment: text("environment"),
    instanceName: text("instanceName"),
    instanceArn: text("instanceArn"),
    tableName: text("tableName"),
    functionArn: text("functionArn"),
    blockedDispositions: dispositions,
    exemptNumbers: typeof exempt === "string" ? exempt.split(" ").filter((entry) => entry !== "") : [],
  };
}
