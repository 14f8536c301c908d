/** Lists Dispositions that a person may have typed instead of a configured Disposition. `check` queries each variant. */

/** Variants with another case, other spaces at the ends or around the colon, or one level fewer. The configured Disposition is left out. */
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
  // DynamoDB accepts no empty key.
  all.delete("");
  return [...all];
}

function capitalised(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1).toLowerCase();
}
