/** What is written for people about one flow: the JSON that the Connect console imports, and its pictures. */
import { toMermaid } from "./diagram/mermaid";
import { toSvg } from "./diagram/svg";
import type { FlowContent } from "./language/types";

/**
 * File name → text, for one flow or module.
 *
 * @param name what the files are called: `blockedStatus` gives `blockedStatus.json`, `.svg` and `.mmd`
 * @param title what the picture is called, such as `blockedStatus of acme`
 */
export function flowFiles(content: FlowContent, name: string, title: string): Readonly<Record<string, string>> {
  return {
    [`${name}.json`]: `${JSON.stringify(content, null, 2)}\n`,
    [`${name}.svg`]: toSvg(content, title),
    [`${name}.mmd`]: toMermaid(content),
  };
}
