/** A flow's content as a picture, where it can be drawn. */
import { toMermaid } from "../../flows/diagram/mermaid";
import { toSvg } from "../../flows/diagram/svg";
import type { ContentKind, FlowContent } from "../../flows/language/types";
import { validateContent } from "../../flows/language/validate";

/** @returns undefined for what is no flow that Connect would take, such as content with blocks that lead nowhere */
function drawable(content: string, kind: ContentKind): FlowContent | undefined {
  try {
    const parsed: unknown = JSON.parse(content);
    return validateContent(parsed, kind).length === 0 ? (parsed as FlowContent) : undefined;
  } catch {
    return undefined;
  }
}

export function svgOf(content: string, kind: ContentKind, title: string): string | undefined {
  const flow = drawable(content, kind);
  return flow === undefined ? undefined : toSvg(flow, title);
}

export function mermaidOf(content: string, kind: ContentKind): string | undefined {
  const flow = drawable(content, kind);
  return flow === undefined ? undefined : toMermaid(flow);
}

/** The pictures of a flow that changed, with when each was so; one for both where no block of it looks another. */
export function drawings(
  before: string | undefined,
  after: string | undefined,
  draw: (content: string) => string | undefined,
): readonly (readonly [when: string, picture: string])[] {
  const [was, is] = [before, after].map((content) => (content === undefined ? undefined : draw(content)));
  if (was !== undefined && was === is) return [["before and after: the same blocks, in the same order", was]];
  return [["before", was] as const, ["after", is] as const].flatMap(([when, picture]) =>
    picture === undefined ? [] : [[when, picture] as const],
  );
}
