/** What Terraform's machine-readable output (`-json`) says: errors as text for people, and what is being applied. */
import { redactNumbers } from "../output/redact";

/** https://developer.hashicorp.com/terraform/internals/machine-readable-ui */
interface Message {
  readonly "@level"?: string;
  readonly "@message"?: string;
  readonly type?: string;
  readonly diagnostic?: Diagnostic;
  readonly hook?: {
    readonly resource?: { readonly addr?: string };
    readonly action?: string;
    readonly id_value?: string;
  };
}

export interface Diagnostic {
  readonly severity: string;
  readonly summary: string;
  readonly detail?: string;
  readonly address?: string;
}

/** One message a line; lines that are none, as of a Terraform that could not start, are left out. */
function messages(output: string): readonly Message[] {
  return output.split("\n").flatMap((line) => {
    if (!line.startsWith("{")) return [];
    try {
      return [JSON.parse(line) as Message];
    } catch {
      return []; // the last line of a process that was killed
    }
  });
}

/** The errors, each once. */
export function errorsIn(output: string): readonly Diagnostic[] {
  const errors = messages(output).flatMap(({ diagnostic }) => (diagnostic?.severity === "error" ? [diagnostic] : []));
  return [
    ...new Map(
      errors.map((error) => [`${error.address ?? ""} ${error.summary} ${error.detail ?? ""}`, error]),
    ).values(),
  ];
}

/** Why a run failed, as text, without telephone numbers. Output that is not in messages is told whole. */
export const failureText = (output: string): string => redactNumbers(textOf(output));

function textOf(output: string): string {
  const errors = errorsIn(output).map(({ address, summary, detail }) => {
    const where = address === undefined ? "" : `${address}: `;
    return detail ? `${where}${summary}\n${detail.trim().replaceAll(/^/gm, "  ")}` : `${where}${summary}`;
  });
  if (errors.length > 0) return errors.join("\n");
  const rest = output.split("\n").filter((line) => !line.startsWith("{"));
  return rest.join("\n").trim() || "Terraform ended without saying why.";
}

/** The lock that somebody else holds on a state. */
export interface StateLock {
  readonly id: string;
  /** `user@host` */
  readonly who: string;
  readonly created: string;
  readonly operation: string;
}

/** The lock that kept a run from starting; undefined where it was something else. */
export function lockIn(output: string): StateLock | undefined {
  const text = errorsIn(output)
    .map(({ summary, detail = "" }) => `${summary}\n${detail}`)
    .find((error) => error.includes("Error acquiring the state lock"));
  const said = text ?? (output.includes("Error acquiring the state lock") ? output : undefined);
  const of = (name: string): string =>
    new RegExp(`^[\\s│]*${name}:[ \\t]*(.*)$`, "m").exec(said ?? "")?.[1]?.trim() ?? "";
  const id = of("ID");
  return id === "" ? undefined : { id, who: of("Who"), created: of("Created"), operation: of("Operation") };
}

/** Who holds it and since when, in a sentence. @param more what that means here, and the remedy */
export const lockText = ({ who, created, operation }: StateLock, more = ""): string =>
  `Its state is locked by ${who}, since ${created} (${operation}). ${more}`.trim();

/** A resource that a run began to make. */
export interface Begun {
  readonly address: string;
  /** Its id; undefined where the run ended before the provider told it. */
  readonly id: string | undefined;
}

/** What an apply began to create, without what the provider refused to: that was not made by it. */
export function begunCreations(output: string): readonly Begun[] {
  const begun = new Map<string, string | undefined>();
  for (const { type, hook } of messages(output)) {
    const address = hook?.resource?.addr;
    if (address === undefined || hook?.action !== "create") continue;
    if (type === "apply_start") begun.set(address, undefined);
    if (type === "apply_complete") begun.set(address, hook.id_value);
    if (type === "apply_errored") begun.delete(address);
  }
  return [...begun].map(([address, id]) => ({ address, id }));
}
