/** A setting as text: its value, and the source of the value. */
import type { Origin } from "./provenance";

/** The value as text: a string unchanged, any other value as JSON. */
export function valueText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The source of a value: `environments/dev.yaml:4:7`, `derived from name` or `default`. */
export function originText(origin: Origin): string {
  switch (origin.kind) {
    case "file":
      return `${origin.file}:${origin.line}:${origin.column}`;
    case "derived":
      return `derived from ${origin.from}`;
    case "default":
      return "default";
  }
}
