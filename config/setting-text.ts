/** A setting as text: its value, and the source of the value. */
import type { Origin, Setting } from "./provenance";

/** The setting with redacted exempt numbers. These are phone numbers of people, and the output can appear in a CI log. */
export function redactExemptNumbers(setting: Setting): Setting {
  if (setting.key !== "exemptNumbers" || !Array.isArray(setting.value)) return setting;
  return { ...setting, value: setting.value.map((number) => String(number).replace(/(?<=\d)\d(?=\d\d)/g, "x")) };
}

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
