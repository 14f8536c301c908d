/** Parses Terraform's machine-readable output (`-json`): errors, the start of an operation, and resources that an apply creates or changes. */
import { z } from "zod";
import { boundedLines } from "../output/foreign-text";
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
  "@timestamp": z.string().exactOptional(),
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

/** After their first paragraph, these errors advise steps that our commands do differently. */
const firstParagraphOnly = [
  "Error acquiring the state lock",
  "Error releasing the state lock",
  "Failed to persist state to backend",
];

function textOf(output: string): string {
  const errors = errorsIn(output).map(({ address, summary, detail }) => {
    const place = address === undefined ? "" : `${address}: `;
    const shown = firstParagraphOnly.includes(summary) ? detail?.trim().replace(/\n\n.*/s, "") : detail?.trim();
    return shown ? `${place}${summary}\n${shown.replaceAll(/^/gm, "  ")}` : `${place}${summary}`;
  });
  if (errors.length > 0) return errors.join("\n");
  const otherLines = output.split("\n").filter((line) => !line.startsWith("{"));
  return otherLines.join("\n").trim() || "Terraform ended without an error message.";
}

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

/** The addresses of the resources that an apply is changing now. */
export function changesInProgress(output: string): readonly string[] {
  const running = new Set<string>();
  for (const { type, hook } of messages(output)) {
    const address = hook?.resource?.addr;
    if (address === undefined) continue;
    if (type === "apply_start") running.add(address);
    if (type === "apply_complete" || type === "apply_errored") running.delete(address);
  }
  return [...running];
}

/** Messages that Terraform may print before it holds the state lock. */
const withoutLock = ["version", "log", "diagnostic", "state_lock_acquire", "state_lock_release"];

/**
 * When the run started to work on the stack: the time of its first message that Terraform prints only while it holds the state lock, in
 * milliseconds since 1970.
 *
 * @returns undefined if the run did not get this far
 */
export function workStart(output: string): number | undefined {
  const first = messages(output).find(({ type }) => type !== undefined && !withoutLock.includes(type));
  const time = Date.parse(first?.["@timestamp"] ?? "");
  return Number.isNaN(time) ? undefined : time;
}
