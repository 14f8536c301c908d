/** Dispositions that a person may have meant or typed instead of a configured one, to be asked for one by one: the index finds exact ones only. */

/** Those that differ in upper and lower case, in spaces at their ends or around the colon, or by a level. Without the configured one. */
export function nearDispositions(configured: string): readonly string[] {
  const levels = configured.split(":").map((level) => level.trim());
  const joined = [":", ": ", " : ", " :"].map((colon) => levels.join(colon));
  const fewer = levels.length === 1 ? [] : [...levels, levels.slice(1).join(":"), levels.slice(0, -1).join(":")];
  const spellings = [configured, ...joined, ...fewer].flatMap((text) => [
    text,
    text.toLowerCase(),
    text.toUpperCase(),
    capitalised(text),
    text.toLowerCase().replaceAll(/(?<![\p{L}\p{N}])\p{L}/gu, (letter) => letter.toUpperCase()),
  ]);
  const trimmed = configured.trim();
  const spaced = [
    trimmed,
    ` ${trimmed}`,
    `${trimmed} `,
    trimmed.replaceAll(/\s+/g, " "),
    trimmed.replaceAll(/\s+/g, ""),
  ];
  const all = new Set([...spellings, ...spaced]);
  all.delete(configured);
  // DynamoDB takes no empty key.
  all.delete("");
  return [...all];
}

function capitalised(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1).toLowerCase();
}
