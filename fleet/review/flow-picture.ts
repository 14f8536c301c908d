/** Draws the content of a flow as SVG or Mermaid, if the content is valid. */
import { toMermaid } from "../../flows/diagram/mermaid";
import { toSvg } from "../../flows/diagram/svg";
import type { ContentKind, FlowContent } from "../../flows/language/types";
import { validateContent } from "../../flows/language/validate";

/** @returns undefined for content that Connect would reject, such as a block that leads to a missing block */
function parsedFlow(content: string, kind: ContentKind): FlowContent | undefined {
  try {
    const parsed: unknown = JSON.parse(content);
    return validateContent(parsed, kind).length === 0 ? (parsed as FlowContent) : undefined;
  } catch {
    return undefined;
  }
}

export function svgOf(content: string, kind: ContentKind, title: string): string | undefined {
  const flow = parsedFlow(content, kind);
  return flow === undefined ? undefined : toSvg(flow, title);
}

export function mermaidOf(content: string, kind: ContentKind): string | undefined {
  const flow = parsedFlow(content, kind);
  return flow === undefined ? undefined : toMermaid(flow);
}

/** Pictures of a flow before and after a change, each with a caption; one picture if both look the same. */
export function drawings(
  before: string | undefined,
  after: string | undefined,
  draw: (content: string) => string | undefined,
): readonly (readonly [caption: string, picture: string])[] {
  const [pictureBefore, pictureAfter] = [before, after].map((content) =>
    content === undefined ? undefined : draw(content),
  );
  if (pictureBefore !== undefined && pictureBefore === pictureAfter) {
    return [["before and after: the same blocks, in the same order", pictureBefore]];
  }
  return [["before", pictureBefore] as const, ["after", pictureAfter] as const].flatMap(([caption, picture]) =>
    picture === undefined ? [] : [[caption, picture] as const],
  );
}
