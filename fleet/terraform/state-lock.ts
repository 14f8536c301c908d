/** State locks: in the output of Terraform, and in the lock file of the S3 backend. */
import { z } from "zod";
import { errorsIn } from "./diagnostics";

/** A lock on a state. */
export interface StateLock {
  /** Undefined if the lock file is not readable. */
  readonly id: string | undefined;
  /** `user@host` */
  readonly who: string;
  /** A time in the format of the source. */
  readonly created: string;
  /** Such as `OperationTypeApply`. */
  readonly operation: string;
}

const unreadable: StateLock = { id: undefined, who: "", created: "", operation: "" };

/** The id becomes a part of a command that a person copies. */
const isId = (text: string): boolean => /^[\w-]+$/.test(text);

const acquireError = "Error acquiring the state lock";

/** The lock that prevented a run; undefined if the run failed for another reason. */
export function lockIn(output: string): StateLock | undefined {
  const text = errorsIn(output)
    .map((error) => `${error.summary}\n${error.detail ?? ""}`)
    .find((error) => error.includes(acquireError));
  const source = text ?? (output.includes(acquireError) ? output.slice(output.indexOf(acquireError)) : undefined);
  if (source === undefined) return undefined;
  const field = (name: string): string =>
    new RegExp(`^[\\s│]*${name}:[ \\t]*(.*)$`, "m").exec(source)?.[1]?.trim() ?? "";
  const id = field("ID");
  if (isId(id)) return { id, who: field("Who"), created: field("Created"), operation: field("Operation") };
  // S3 refuses to create a second lock file with this status.
  return /StatusCode: 412|PreconditionFailed/.test(source) ? unreadable : undefined;
}

/** https://github.com/hashicorp/terraform/blob/v1.11.4/internal/states/statemgr/locker.go */
const lockFileSchema = z.object({
  ID: z.string().refine(isId),
  Who: z.string().default(""),
  Created: z.string().default(""),
  Operation: z.string().default(""),
});

/** The lock in the lock file of the S3 backend. */
export function lockInFile(text: string): StateLock {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return unreadable;
  }
  const { data } = lockFileSchema.safeParse(value);
  if (data === undefined) return unreadable;
  return { id: data.ID, who: data.Who, created: data.Created, operation: data.Operation };
}

/** `2026-11-24 05:57:36.12 +0000 UTC` or ISO 8601 in milliseconds since 1970; undefined for another format. */
export function lockTime({ created }: StateLock): number | undefined {
  const time = Date.parse(created.replace(/^(\S+) (\S+) \+0000 UTC$/, "$1T$2Z"));
  return Number.isNaN(time) ? undefined : time;
}
