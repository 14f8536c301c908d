/** Settings of the canary, which its schedule sends as the event. */
import { literalJson } from "../settings";

/**
 * The settings are in the event and not in environment variables, because a list of exempt numbers can fill the 4 KB of the variables.
 * The event holds 8,192 characters (EventBridge, `Input` of a target).
 */
export interface CanarySettings {
  /** Name of the environment; a dimension of the metrics. */
  readonly environment: string;
  /** The Connect instance's alias; a dimension of the metrics. */
  readonly instanceName: string;
  readonly instanceArn: string;
  readonly tableName: string;
  /** ARN of the alias that Connect invokes. */
  readonly functionArn: string;
  readonly blockedDispositions: readonly string[];
  /** E.164 numbers (`+15555550100`) and prefixes (`+1800*`). */
  readonly exemptNumbers: readonly string[];
  /** Whether the function looks up digits that are not an E.164 number. */
  readonly otherNumbers: boolean;
}

/** The event, as JSON that Terraform does not interpolate. */
export function canaryInput({ exemptNumbers, otherNumbers, ...settings }: CanarySettings): string {
  const numbers = { exemptNumbers: exemptNumbers.join(" "), ...(otherNumbers ? { otherNumbers } : {}) };
  return literalJson({ ...settings, ...numbers });
}

/**
 * Reads the settings from an event; the inverse of {@link canaryInput}.
 *
 * @throws Error with the name of the missing field; the message is logged, so it never contains a value
 */
export function readCanaryInput(event: unknown): CanarySettings {
  const fields = (typeof event === "object" && event !== null ? event : {}) as Record<string, unknown>;
  const text = (name: string): string => {
    const value = fields[name];
    if (typeof value !== "string" || value === "") throw new Error(`${name} is missing in the event.`);
    return value;
  };
  const dispositions = fields["blockedDispositions"];
  if (!Array.isArray(dispositions) || dispositions.length === 0 || !dispositions.every((d) => typeof d === "string")) {
    throw new Error("blockedDispositions is missing in the event.");
  }
  const exempt = fields["exemptNumbers"];
  return {
    environment: text("environment"),
    instanceName: text("instanceName"),
    instanceArn: text("instanceArn"),
    tableName: text("tableName"),
    functionArn: text("functionArn"),
    blockedDispositions: dispositions,
    exemptNumbers: typeof exempt === "string" ? exempt.split(" ").filter((entry) => entry !== "") : [],
    otherNumbers: fields["otherNumbers"] === true,
  };
}
