/** Parses Terraform's machine-readable output (`-json`): errors, state locks, and resources that an apply started to create. */
import { z } from "zod";
import { boundedLines, oneLine } from "../output/foreign-text";
import { redactNumbers } from "../output/redact";

const diagnosticSchema = z.looseObject({
  severity: z.string(),
  summary: z.string(),
  detail: z.string().exactOptional(),
  address: z.string().exactOptional(),
});

export type Diagnostic = Readonly<z.output<typeof diagnosticSchema>>;

/** https://developer.hashicorp.com/terraform/internals/machine-readable-ui */
const messageSchema = z.looseObject({
  type: z.string().exactOptional(),
  diagnostic: diagnosticSchema.exactOptional(),
  hook: z
    .looseObject({
      resource: z.looseObject({ addr: z.string().exactOptional() }).exactOptional(),
      action: z.string().exactOptional(),
      id_value: z.string().exactOptional(),
    })
    .exactOptional(),
});

type Message = z.output<typeof messageSchema>;

/** The messages of an output, one per line. Lines without a message are skipped: Terraform prints such lines if it cannot start. */
function messages(output: string): readonly Message[] {
  return output.split("\n").flatMap((line) => {
    if (!line.startsWith("{")) return [];
    try {
      const { data } = messageSchema.safeParse(JSON.parse(line));
      return data === undefined ? [] : [data];
    } catch {
      return []; // the incomplete last line of a killed process
    }
  });
}

/** The errors, without duplicates. */
export function errorsIn(output: string): readonly Diagnostic[] {
  const errors = messages(output).flatMap(({ diagnostic }) => (diagnostic?.severity === "error" ? [diagnostic] : []));
  return [
    ...new Map(
      errors.map((error) => [`${error.address ?? ""} ${error.summary} ${error.detail ?? ""}`, error]),
    ).values(),
  ];
}

/** Why a run failed, as text without phone numbers and unprintable characters, of at most 120 lines. If the output has no messages, the text is the whole output. */
export const failureText = (output: string): string => boundedLines(redactNumbers(textOf(output)));

function textOf(output: string): string {
  const errors = errorsIn(output).map(({ address, summary, detail }) => {
    const place = address === undefined ? "" : `${address}: `;
    return detail ? `${place}${summary}\n${detail.trim().replaceAll(/^/gm, "  ")}` : `${place}${summary}`;
  });
  if (errors.length > 0) return errors.join("\n");
  const otherLines = output.split("\n").filter((line) => !line.startsWith("{"));
  return otherLines.join("\n").trim() || "Terraform ended without an error message.";
}

/** The lock on a state. */
export interface StateLock {
  readonly id: string;
  /** `user@host` */
  readonly who: string;
  readonly created: string;
  readonly operation: string;
}

const acquireError = "Error acquiring the state lock";
const releaseError = "Error releasing the state lock";

/** The lock that prevented a run; undefined if the run failed for another reason. */
export const lockIn = (output: string): StateLock | undefined => lockOf(acquireError, output);

/** The lock that Terraform acquired and could not release, for example because its credentials expired. */
export const unreleasedLockIn = (output: string): StateLock | undefined => lockOf(releaseError, output);

function lockOf(summary: string, output: string): StateLock | undefined {
  const text = errorsIn(output)
    .map((error) => `${error.summary}\n${error.detail ?? ""}`)
    .find((error) => error.includes(summary));
  const source = text ?? (output.includes(summary) ? output.slice(output.indexOf(summary)) : undefined);
  const field = (name: string): string =>
    new RegExp(`^[\\s│]*${name}:[ \\t]*(.*)$`, "m").exec(source ?? "")?.[1]?.trim() ?? "";
  const id = field("ID");
  // The id becomes a part of a command that a person copies.
  if (!/^[\w-]+$/.test(id)) return undefined;
  return { id, who: field("Who"), created: field("Created"), operation: field("Operation") };
}

/** The holder and the creation time of a lock, as a sentence. @param more further sentences, such as the fix */
export const lockText = ({ who, created, operation }: StateLock, more = ""): string =>
  `${oneLine(`The state is locked by ${who}, since ${created} (${operation}).`)} ${more}`.trim();

/** A resource that an apply started to create. */
export interface StartedCreation {
  readonly address: string;
  /** Id of the resource; undefined if the run ended before the provider reported an id. */
  readonly id: string | undefined;
}

/** The resources that an apply started to create, without the resources that the provider refused to create. */
export function startedCreations(output: string): readonly StartedCreation[] {
  const started = new Map<string, string | undefined>();
  for (const { type, hook } of messages(output)) {
    const address = hook?.resource?.addr;
    if (address === undefined || hook?.action !== "create") continue;
    if (type === "apply_start") started.set(address, undefined);
    if (type === "apply_complete") started.set(address, hook.id_value);
    if (type === "apply_errored") started.delete(address);
  }
  return [...started].map(([address, id]) => ({ address, id }));
}
