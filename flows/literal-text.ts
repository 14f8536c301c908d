/** Refuses user text that Connect or Terraform would change. */
import { containsReference } from "./language/jsonpath";

/** User text that cannot be deployed unchanged. The message is for the author of the text. */
export class UnusableText extends Error {
  override readonly name = "UnusableText";
}

/**
 * Checks that Connect receives each text unchanged and reads it literally. A text must be:
 *
 * - not empty, because Connect refuses empty strings;
 * - without `$.` and `$[`, which start a reference (`$.Attributes.name`, `$['Channel']`), because the flow language has no escape;
 * - in Unicode normal form C. Terraform converts every string to this form, so a Disposition in another form would no longer equal the
 *   value in the table.
 *
 * @param texts maps each configuration key to its text
 * @throws UnusableText with one line for each problem of each text
 */
export function requireLiteral(texts: Readonly<Record<string, string>>): void {
  const problems = Object.entries(texts).flatMap(([name, text]) => {
    if (text === "") return [`${name}: the text is empty. Connect refuses empty text. Enter a text.`];
    const found: string[] = [];
    if (containsReference(text)) {
      const at = text.search(/\$[.[]/);
      found.push(
        `${name}: Connect would read ${excerpt(text, at)} at character ${at + 1} as a reference to contact data. ` +
          'The flow language has no escape for references. Remove "$." and "$[" from the text.',
      );
    }
    if (text !== text.normalize("NFC") || /\p{Surrogate}/u.test(text)) {
      found.push(
        `${name}: ${excerpt(text, 0)} is not in Unicode normal form C. Terraform would convert it. Type the text again; ` +
          "if ConnectPath stores the text in this form, change the text in ConnectPath too.",
      );
    }
    return found;
  });
  if (problems.length > 0) throw new UnusableText(problems.join("\n"));
}

function excerpt(text: string, at: number): string {
  return JSON.stringify(text.slice(at, at + 30));
}
