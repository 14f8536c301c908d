/** Renders the files for one flow: the JSON that the Connect console imports, and two diagrams. */
import { toMermaid } from "./diagram/mermaid";
import { toSvg } from "./diagram/svg";
import type { FlowContent } from "./language/types";

/**
 * Returns a map from file name to text for one flow or module.
 *
 * @param name file name without extension: `blockedStatus` gives `blockedStatus.json`, `.svg` and `.mmd`
 * @param title title of the SVG, such as `blockedStatus of acme`
 */
export function flowFiles(content: FlowContent, name: string, title: string): Readonly<Record<string, string>> {
  return {
    [`${name}.json`]: `${JSON.stringify(content, null, 2)}\n`,
    [`${name}.svg`]: toSvg(content, title),
    [`${name}.mmd`]: toMermaid(content),
  };
}
