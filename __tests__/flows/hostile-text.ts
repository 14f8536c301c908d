/** Texts that a template language, a token pattern or a quoting rule on the way to Connect could take for its own. */
import fc from "fast-check";

export const hostileTexts: readonly string[] = [
  "${path.module}",
  "%{ if true }a%{ endif }",
  "$${x} $$${x} %%{x} %%%{x}",
  "${TfToken[TOKEN.0]}",
  "$${TfToken[TOKEN.1]}",
  '"\\"${"',
  "\\${x} \\\\${x} \\u0024{x}",
  "~ ${~ x ~}",
  "$ { % { $% {",
  "line\nbreak\ttab\u2028",
  "emoji 😀 ünïcode",
  '","FlowModuleId":"blockedStatus',
  // As long as a Disposition may be: DynamoDB takes 2048 bytes of a key.
  "x".repeat(2048),
];

const piece = fc.oneof(
  fc.constantFrom("$", "{", "%", "}", "~", "\\", '"', "${", "%{", "$$", "u0024", "TfToken[TOKEN.1]", "\n"),
  fc.string({ unit: "grapheme" }),
);

/** Texts made of such pieces, of those that may be deployed at all. */
export const composedText: fc.Arbitrary<string> = fc
  .array(piece, { minLength: 1, maxLength: 12 })
  .map((pieces) => pieces.join(""))
  .filter((t) => t !== "" && t === t.normalize("NFC") && !t.includes("$.") && !t.includes("$["));

/** Either. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(fc.constantFrom(...hostileTexts), composedText);
