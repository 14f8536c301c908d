/** Draws a flow as Mermaid text, which GitHub and most wikis render as a diagram. */
import type { FlowContent } from "../language/types";
import { flowGraph, type Link, truncate } from "./graph";

/**
 * Returns a `flowchart LR` of the content. Solid arrows are default branches, thick arrows conditions, dotted arrows errors.
 * Every character with a meaning in Mermaid is written as an entity.
 */
export function toMermaid(content: FlowContent): string {
  const graph = flowGraph(content);
  const node = new Map(graph.blocks.map((block, index) => [block.identifier, `b${index}`]));
  const lines = graph.blocks.map((block) => {
    const detail = block.detail === "" ? "" : `<br/><small>${escapeText(truncate(block.detail, 60))}</small>`;
    return `  ${node.get(block.identifier) ?? ""}["<b>${escapeText(truncate(block.identifier, 60))}</b><br/>${escapeText(truncate(block.kind, 60))}${detail}"]`;
  });
  const arrows = graph.links.map((link) => `  ${node.get(link.from) ?? ""} ${arrow(link)} ${node.get(link.to) ?? ""}`);
  const errors = graph.links.flatMap((link, index) => (link.kind === "error" ? [index] : []));
  return [
    "flowchart LR",
    `  start(["Start"]) --> ${node.get(graph.start) ?? ""}`,
    ...lines,
    ...arrows,
    // Link 0 comes from the start node.
    ...(errors.length > 0 ? [`  linkStyle ${errors.map((n) => n + 1).join(",")} stroke:#d1242f,color:#d1242f`] : []),
    "",
  ].join("\n");
}

function arrow(link: Link): string {
  const shape = { success: "-->", condition: "==>", error: "-.->" }[link.kind];
  return link.label === "" ? shape : `${shape}|"${escapeText(truncate(link.label, 30))}"|`;
}

function escapeText(text: string): string {
  return text.replace(/[^\p{L}\p{N} .,:_=?-]/gu, (character) => `#${character.codePointAt(0) ?? 32};`);
}
