/** Keeps a person's text from being read as a reference to contact data. */
import { containsReference } from "./language/jsonpath";

/**
 * Throws unless Connect will take every given text literally: not empty, and without `$.` or `$[`, which begin a reference
 * (`$.Attributes.name`, `$['Channel']`). The flow language has no way to escape them, so such text cannot be deployed.
 *
 * @param texts what each text is called in the configuration → the text
 * @throws Error that names every unusable text, once for all of them
 */
export function requireLiteral(texts: Readonly<Record<string, string>>): void {
  const problems = Object.entries(texts).flatMap(([name, text]) => {
    if (text === "") return [`${name}: "" is empty, which Connect refuses. Give a text.`];
    if (!containsReference(text)) return [];
    const at = text.search(/\$[.[]/);
    const given = JSON.stringify(text.slice(at, at + 30));
    return [
      `${name}: Connect would read ${given} at character ${at + 1} as a reference to contact data, and its flow language ` +
        'has no escape for it. Write it without "$." and "$[".',
    ];
  });
  if (problems.length > 0) throw new Error(problems.join("\n"));
}
