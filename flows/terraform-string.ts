/** Writes flow content as a string that Terraform takes literally. */
import type { FlowContent } from "./language/types";

/**
 * `content` as compact JSON for an attribute of a Terraform JSON configuration.
 *
 * Terraform reads `${` and `%{` in any configuration string as the start of a template, and CDKTF reads `${TfToken[` as
 * one of its own. Here both are always user text, so their first character is written as the JSON escape `\u0024` or
 * `\u0025`: the string holds no template to evaluate, needs no unescaping by anyone who reads the synthesized file, and
 * parses to the same content. (Terraform's own `$${` would still match CDKTF's token pattern.)
 *
 * Quoting of the result inside the configuration file is the writer's part, as for any string.
 *
 * @param moduleIds `FlowModuleId` as it stands in the content → the Terraform reference that stands for it until apply;
 *   the only template in the result. User text is never replaced, whatever it says.
 */
export function toTerraformString(content: FlowContent, moduleIds: Readonly<Record<string, string>> = {}): string {
  const literal = JSON.stringify(content).replaceAll("${", "\\u0024{").replaceAll("%{", "\\u0025{");
  return Object.entries(moduleIds).reduce(
    // Inside a text every quote is escaped, so this key and value can only be the parameter itself.
    (text, [id, reference]) => text.replaceAll(moduleParameter(id), () => moduleParameter(reference)),
    literal,
  );
}

function moduleParameter(id: string): string {
  return `"FlowModuleId":"${id}"`;
}
