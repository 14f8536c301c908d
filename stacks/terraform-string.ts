/** Writes flow content as a string that Terraform does not evaluate. */
import type { FlowContent } from "../flows/language/types";
import { literalJson } from "../lambda/settings";

/**
 * Returns `content` as compact JSON for an attribute of a Terraform JSON configuration.
 *
 * User text may contain `${` or `%{`. `literalJson` writes their first character as a JSON escape, so Terraform finds no template and CDKTF
 * finds no token. Terraform's own escape `$${` is not sufficient, because it still matches CDKTF's token pattern `${TfToken[`.
 *
 * @param moduleIds maps a `FlowModuleId` in the content to the Terraform reference that replaces it. These references are the only
 *   templates in the result. User text is never replaced.
 */
export function toTerraformString(content: FlowContent, moduleIds: Readonly<Record<string, string>> = {}): string {
  return Object.entries(moduleIds).reduce(
    // Quotes in user text are escaped, so no user text contains this key and value.
    (text, [id, reference]) => text.replaceAll(moduleParameter(id), () => moduleParameter(reference)),
    literalJson(content),
  );
}

function moduleParameter(id: string): string {
  return `"FlowModuleId":"${id}"`;
}
