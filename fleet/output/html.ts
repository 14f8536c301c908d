/** Builds HTML from templates that escape every value. */
import { htmlText } from "./foreign-text";

/** HTML that is already escaped. */
export interface Markup {
  readonly markup: string;
}

/** A template that escapes every value except markup. */
export function html(
  strings: TemplateStringsArray,
  ...values: readonly (string | number | Markup | readonly Markup[])[]
): Markup {
  const text = strings.map((string, n) => {
    const value = values[n];
    if (value === undefined) return string;
    if (typeof value === "string" || typeof value === "number") return string + htmlText(String(value));
    return (
      string +
      (Array.isArray(value) ? (value as readonly Markup[]) : [value as Markup]).map(({ markup }) => markup).join("")
    );
  });
  return { markup: text.join("") };
}

export const nothing: Markup = { markup: "" };
