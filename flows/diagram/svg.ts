/** Draws a flow as an SVG that is readable on light and dark pages. */
import type { FlowContent } from "../language/types";
import { type Block, flowGraph, type LinkKind, truncate } from "./graph";
import { layoutFlow, type PlacedLink } from "./layout";

// Pixels.
const BLOCK_WIDTH = 204;
const BLOCK_HEIGHT = 76;
const GUTTER = 124;
const MARGIN = 28;
const START_WIDTH = 56;
/** Height of a row with blocks, and of a row with only links. */
const BLOCK_ROW = 112;
const LANE_ROW = 34;
const PORT_SPACING = 14;
/** Keeps link ends away from the rounded corners of a block. */
const MAX_PORT_OFFSET = 28;

/** Style of all pictures: colours for light and dark mode. The SVG has its own background, so it is readable on any page. */
export const PICTURE_STYLE = `
  .page { fill: #ffffff; stroke: #d0d7de; }
  .block { fill: #f6f8fa; stroke: #8c959f; }
  .main { fill: #ddf4ff; stroke: #0969da; }
  text { font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328; }
  .name { font-size: 13px; font-weight: 600; }
  .kind { font-size: 11px; fill: #57606a; }
  .detail { font-size: 11px; font-family: ui-monospace, "DejaVu Sans Mono", monospace; }
  .label { font-size: 11px; font-weight: 600; paint-order: stroke; stroke: #ffffff; stroke-width: 5px; stroke-linejoin: round; }
  .link { fill: none; stroke-width: 1.6; }
  .success { stroke: #0969da; } .label.success, .head.success { fill: #0969da; }
  .condition { stroke: #8250df; } .label.condition, .head.condition { fill: #8250df; }
  .error { stroke: #cf222e; } .label.error, .head.error { fill: #cf222e; }
  .link.error { stroke-dasharray: 5 4; }
  .head { stroke: none; } .label.success, .label.condition, .label.error { stroke: #ffffff; }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117; stroke: #30363d; }
    .block { fill: #161b22; stroke: #6e7681; }
    .main { fill: #0c2d4d; stroke: #4493f8; }
    text { fill: #e6edf3; }
    .kind { fill: #9198a1; }
    .success { stroke: #4493f8; } .label.success, .head.success { fill: #4493f8; }
    .condition { stroke: #ab7df8; } .label.condition, .head.condition { fill: #ab7df8; }
    .error { stroke: #f85149; } .label.error, .head.error { fill: #f85149; }
    .label.success, .label.condition, .label.error { stroke: #0d1117; }
    .head { stroke: none; }
  }`;

/** Fill and border of a block with a mark. */
export interface BlockColours {
  readonly light: { readonly fill: string; readonly stroke: string };
  readonly dark: { readonly fill: string; readonly stroke: string };
}

/** Colours of blocks by mark, and the mark of each block. A block without a mark has no colour. */
export interface MarkedBlocks {
  readonly colours: Readonly<Record<string, BlockColours>>;
  readonly marks: ReadonlyMap<string, string>;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * Returns a complete SVG document of the content, with a title and a description for screen readers.
 *
 * @param title title of the SVG, such as the names of the module and its instance
 * @param marked colours for blocks. Without it, the main path has a colour.
 * @param textOf the text to show for a text of the flow, for example without phone numbers. By default the text itself.
 */
export function toSvg(
  content: FlowContent,
  title: string,
  marked?: MarkedBlocks,
  textOf = (text: string): string => text,
): string {
  return draw(content, title, textOf, marked, `<style>${PICTURE_STYLE}${markStyle(marked)}\n</style>`);
}

/**
 * Returns the SVG for a page that contains {@link PICTURE_STYLE} and finds blocks and links by attributes: `data-block` is the position
 * of the block in `content.Actions`, and `data-link` has the positions of the first and the second block of a link. No block has a colour.
 */
export function toEmbeddedSvg(content: FlowContent, title: string, textOf = (text: string): string => text): string {
  return draw(content, title, textOf, { colours: {}, marks: new Map() }, undefined);
}

/** @param style the element with the style; undefined if the page has the style */
function draw(
  content: FlowContent,
  title: string,
  textOf: (text: string) => string,
  marked: MarkedBlocks | undefined,
  style: string | undefined,
): string {
  const graph = flowGraph(content);
  const layout = layoutFlow(graph);
  const blockRows = new Set(layout.blocks.map((block) => block.row));
  const rows = [...new Set([...blockRows, ...layout.links.flatMap((link) => link.lane)])].sort((a, b) => a - b);
  const centre = new Map<number, number>();
  let bottom = MARGIN;
  for (const row of rows) {
    const height = blockRows.has(row) ? BLOCK_ROW : LANE_ROW;
    centre.set(row, bottom + height / 2);
    bottom += height;
  }
  const y = (row: number) => centre.get(row) ?? 0;
  const x = (column: number) => MARGIN + START_WIDTH + GUTTER / 2 + column * (BLOCK_WIDTH + GUTTER);
  const width = x(Math.max(...layout.blocks.map((block) => block.column))) + BLOCK_WIDTH + MARGIN;
  const height = bottom + MARGIN;

  const at = new Map(layout.blocks.map((block) => [block.identifier, block]));
  const left = (identifier: string): Point => {
    const block = at.get(identifier);
    return { x: x(block?.column ?? 0), y: y(block?.row ?? 0) };
  };
  const rowY = (identifier: string) => y(at.get(identifier)?.row ?? 0);
  const ends = (link: PlacedLink) => ({
    out: link.lane[0] === undefined ? rowY(link.to) : y(link.lane[0]),
    in: link.lane[0] === undefined ? rowY(link.from) : y(link.lane[0]),
  });
  const ports = portOffsets(layout.links, ends, rowY);
  const position = new Map(graph.blocks.map(({ identifier }, index) => [identifier, index]));
  const data = (name: string, ...identifiers: readonly string[]): string =>
    style === undefined ? ` data-${name}="${identifiers.map((identifier) => position.get(identifier)).join(" ")}"` : "";
  const drawn = layout.links.map((link) => {
    const port = ports.get(link) ?? { out: 0, in: 0 };
    const [from, to] = [left(link.from), left(link.to)];
    return drawLink(
      link,
      data("link", link.from, link.to),
      { x: from.x + BLOCK_WIDTH, y: from.y + port.out },
      { x: to.x, y: to.y + port.in },
      y,
      textOf,
    );
  });
  const start = left(graph.start);
  const startEnd = MARGIN + START_WIDTH;
  const main = new Set(layout.blocks.filter((block) => block.row === 0).map((block) => block.identifier));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escapeXml(truncate(textOf(title), 200))}</title>`,
    `<desc>${escapeXml(describe(graph.links, textOf))}</desc>`,
    ...(style === undefined ? [] : [style]),
    `<rect class="page" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="10"/>`,
    `<path class="link success" d="M${startEnd} ${start.y} H${start.x - 7}"/>`,
    arrowHead({ x: start.x, y: start.y }, "success"),
    ...drawn.map((link) => link.line),
    `<rect class="main" x="${MARGIN}" y="${start.y - 15}" width="${START_WIDTH}" height="30" rx="15"/>`,
    `<text class="name" text-anchor="middle" x="${MARGIN + START_WIDTH / 2}" y="${start.y + 4.5}">Start</text>`,
    ...graph.blocks.map((block) => {
      const kind = marked === undefined ? (main.has(block.identifier) ? "main" : "block") : markClass(block, marked);
      const texts = { identifier: textOf(block.identifier), kind: textOf(block.kind), detail: textOf(block.detail) };
      return drawBlock(texts, left(block.identifier), kind, data("block", block.identifier));
    }),
    ...drawn.map((link) => link.label),
    "</svg>",
    "",
  ].join("\n");
}

/**
 * Computes where links leave and enter a block. Sorting the links by their other ends avoids crossings. A link in the block's own row is
 * in the middle, so that it is a straight line.
 */
function portOffsets(
  links: readonly PlacedLink[],
  ends: (link: PlacedLink) => { readonly out: number; readonly in: number },
  row: (identifier: string) => number,
): Map<PlacedLink, { out: number; in: number }> {
  const offsets = new Map(links.map((link) => [link, { out: 0, in: 0 }]));
  const spread = (side: "out" | "in", key: "from" | "to") => {
    for (const identifier of new Set(links.map((link) => link[key]))) {
      const group = links.filter((link) => link[key] === identifier);
      group.sort((a, b) => ends(a)[side] - ends(b)[side]);
      const straight = group.findIndex((link) => ends(link)[side] === row(identifier));
      const middle = straight === -1 ? (group.length - 1) / 2 : straight;
      const spacing = Math.min(PORT_SPACING, MAX_PORT_OFFSET / Math.max(middle, group.length - 1 - middle, 1));
      group.forEach((link, n) => {
        const offset = offsets.get(link);
        if (offset !== undefined) offset[side] = (n - middle) * spacing;
      });
    }
  };
  spread("out", "from");
  spread("in", "to");
  return offsets;
}

function drawLink(
  link: PlacedLink,
  data: string,
  from: Point,
  to: Point,
  y: (row: number) => number,
  textOf: (text: string) => string,
): { line: string; label: string } {
  const end = { x: to.x - 7, y: to.y };
  const laneRow = link.lane[0];
  const through = laneRow === undefined ? undefined : y(laneRow);
  let path: string;
  if (link.backward) {
    // Leaves to the right, runs back along the lane, and enters from the left.
    const laneY = through ?? from.y;
    const [out, back] = [from.x + GUTTER / 3, to.x - GUTTER / 3];
    path =
      `M${from.x} ${from.y} C${out} ${from.y} ${out} ${laneY} ${from.x} ${laneY} ` +
      `H${to.x} C${back} ${laneY} ${back} ${to.y} ${end.x} ${end.y}`;
  } else if (through === undefined) {
    path = `M${from.x} ${from.y} ${curve(from, end)}`;
  } else {
    const enter = { x: from.x + GUTTER, y: through };
    const leave = { x: to.x - GUTTER, y: through };
    path = `M${from.x} ${from.y} ${curve(from, enter)} H${leave.x} ${curve(leave, end)}`;
  }
  // The label is on the straight part of the link, near its source.
  const label = link.backward
    ? { x: from.x - 8, y: through ?? from.y, anchor: "end" }
    : through === undefined
      ? { x: from.x + GUTTER / 2, y: (from.y + end.y) / 2, anchor: "middle" }
      : { x: from.x + GUTTER + 4, y: through, anchor: "start" };
  const labelText = truncate(textOf(link.label), 18);
  return {
    line: `<path class="link ${link.kind}"${data} d="${path}"/>${arrowHead(to, link.kind, data)}`,
    label:
      labelText === ""
        ? ""
        : `<text class="label ${link.kind}"${data} text-anchor="${label.anchor}" x="${label.x}" y="${label.y - 5}">${escapeXml(labelText)}</text>`,
  };
}

function curve(from: Point, to: Point): string {
  const bend = (to.x - from.x) / 2;
  return `C${from.x + bend} ${from.y} ${to.x - bend} ${to.y} ${to.x} ${to.y}`;
}

function arrowHead(tip: Point, kind: LinkKind, data = ""): string {
  return `<path class="head ${kind}"${data} d="M${tip.x} ${tip.y} l-9 -4.5 v9 z"/>`;
}

const markClass = ({ identifier }: Block, { colours, marks }: MarkedBlocks): string => {
  const mark = marks.get(identifier) ?? "";
  return Object.hasOwn(colours, mark) ? `block mark-${mark}` : "block";
};

/** CSS rules for the colours of marks. */
function markStyle(marked: MarkedBlocks | undefined): string {
  const rules = (mode: keyof BlockColours): string =>
    Object.entries(marked?.colours ?? {})
      .map(([mark, { [mode]: colour }]) => `.mark-${mark} { fill: ${colour.fill}; stroke: ${colour.stroke}; }`)
      .join(" ");
  return marked === undefined
    ? ""
    : `\n  ${rules("light")}\n  @media (prefers-color-scheme: dark) { ${rules("dark")} }`;
}

function drawBlock(block: Block, { x, y }: Point, kind: string, data: string): string {
  const middle = x + BLOCK_WIDTH / 2;
  const line = (kind: string, offset: number, text: string) =>
    `<text class="${kind}" text-anchor="middle" x="${middle}" y="${y + offset}">${escapeXml(text)}</text>`;
  const detail = truncate(block.detail, 27);
  return [
    `<g${data}><title>${escapeXml(truncate(`${block.identifier}: ${block.detail}`, 1000))}</title>`,
    `<rect class="${kind}" x="${x}" y="${y - BLOCK_HEIGHT / 2}" width="${BLOCK_WIDTH}" height="${BLOCK_HEIGHT}" rx="8"/>`,
    line("kind", detail === "" ? -6 : -16, truncate(block.kind, 60)),
    line("name", detail === "" ? 13 : 4, truncate(block.identifier, 26)),
    detail === "" ? "" : line("detail", 23, detail),
    "</g>",
  ].join("");
}

function describe(
  links: readonly { from: string; to: string; label: string }[],
  textOf: (text: string) => string,
): string {
  return links
    .map(({ from, to, label }) => `${textOf(from)} → ${textOf(to)}${label === "" ? "" : ` (${textOf(label)})`}`)
    .join("; ");
}

/**
 * Escapes text for an XML element or attribute. Control characters, and characters that change the direction or the position of other
 * text, become the replacement character.
 */
function escapeXml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text
    .replace(/(?![\t\n\r])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Surrogate}\uFFFE\uFFFF]/gu, "\u{FFFD}")
    .replace(/[&<>"']/g, (character) => entities[character] ?? character);
}
