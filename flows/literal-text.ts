/** Refuses a person's text that would not reach Connect as it was written. */
import { containsReference } from "./language/jsonpath";

/** Text that cannot be deployed as it was written; the message is for the person who wrote it. */
export class UnusableText extends Error {
  override readonly name = "UnusableText";
}

/**
 * Throws unless every given text is deployed character for character and taken literally:
 *
 * - not empty, which Connect refuses anywhere;
 * - without `$.` and `$[`, which begin a reference (`$.Attributes.name`, `$['Channel']`): the flow language has no escape;
 * - in Unicode normal form C, into which Terraform brings every string it handles, so that a Disposition in another form
 *   would be compared with the table in a form that it does not have there.
 *
 * @param texts what each text is called in the configuration → the text
 * @throws UnusableText that names every unusable text, once for all of them
 */
export function requireLiteral(texts: Readonly<Record<string, string>>): void {
  const problems = Object.entries(texts).flatMap(([name, text]) => {
    if (text === "") return [`${name}: "" is empty, which Connect refuses. Give a text.`];
    const found: string[] = [];
    if (containsReference(text)) {
      const at = text.search(/\$[.[]/);
      found.push(
        `${name}: Connect would read ${excerpt(text, at)} at character ${at + 1} as a reference to contact data, and its ` +
          'flow language has no escape for it. Write it without "$." and "$[".',
      );
    }
    if (text !== text.normalize("NFC") || /\p{Surrogate}/u.test(text)) {
      found.push(
        `${name}: ${excerpt(text, 0)} is not in Unicode normal form C, into which Terraform changes every text. Type it ` +
          "anew; if ConnectPath itself has it in this form, change it there.",
      );
    }
    return found;
  });
  if (problems.length > 0) throw new UnusableText(problems.join("\n"));
}

function excerpt(text: string, at: number): string {
  return JSON.stringify(text.slice(at, at + 30));
}
