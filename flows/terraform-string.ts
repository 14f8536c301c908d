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
 */
export function toTerraformString(content: FlowContent): string {
  return JSON.stringify(content).replaceAll("${", "\\u0024{").replaceAll("%{", "\\u0025{");
}
