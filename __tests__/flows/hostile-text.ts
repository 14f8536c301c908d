/** Texts that Terraform, CDKTF or a quoting rule could misinterpret on the way to Connect. */
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
  // The maximum length of a Disposition: a DynamoDB key has at most 2048 bytes.
  "x".repeat(2048),
];

const piece = fc.oneof(
  fc.constantFrom("$", "{", "%", "}", "~", "\\", '"', "${", "%{", "$$", "u0024", "TfToken[TOKEN.1]", "\n"),
  fc.string({ unit: "grapheme" }),
);

/** Generated combinations of such texts that can be deployed. */
export const composedText: fc.Arbitrary<string> = fc
  .array(piece, { minLength: 1, maxLength: 12 })
  .map((pieces) => pieces.join(""))
  .filter((t) => t !== "" && t === t.normalize("NFC") && !t.includes("$.") && !t.includes("$["));

/** A fixed or a generated hostile text. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(fc.constantFrom(...hostileTexts), composedText);
