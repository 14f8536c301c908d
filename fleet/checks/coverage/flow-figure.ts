/** Pictures of marked flows for HTML pages, and their legend. */
import type { BlockMark, MarkedFlow } from "../../../flows/coverage/analyze";
import { type BlockColours, toSvg } from "../../../flows/diagram/svg";
import { htmlText } from "../../output/foreign-text";
import { redactFlowText } from "../../output/redact";

/** Most blocks and branches of a picture. Connect allows 250 blocks per flow. The layout of more branches takes many seconds. */
const [maxBlocks, maxBranches] = [300, 1500];
const colours: Readonly<Record<BlockMark, BlockColours>> = {
  reached: { light: { fill: "#ffebe9", stroke: "#cf222e" }, dark: { fill: "#3c1618", stroke: "#ff7b72" } },
  unknown: { light: { fill: "#fff8c5", stroke: "#9a6700" }, dark: { fill: "#342a0e", stroke: "#d29922" } },
  unchecked: { light: { fill: "#eaeef2", stroke: "#59636e" }, dark: { fill: "#21262d", stroke: "#9198a1" } },
  checked: { light: { fill: "#ddf4ff", stroke: "#0969da" }, dark: { fill: "#0c2d4d", stroke: "#58a6ff" } },
  branched: { light: { fill: "#dafbe1", stroke: "#1a7f37" }, dark: { fill: "#12301c", stroke: "#3fb950" } },
};

const legend: Readonly<Record<BlockMark, string>> = {
  checked: "checked: the module was invoked before or by this block",
  branched: "branched: only blocked callers whose match was found get here",
  unchecked: "a caller can get here before the module is invoked",
  reached: "reached unchecked: a blocked caller is connected to a queue, an agent, a callback or an external number",
  unknown: "cannot be analysed",
};

/** CSS of the legend. */
export const legendStyle = `ul.legend { list-style: none; padding: 0; }
ul.legend span { display: inline-block; width: 1.4em; height: 1em; border: 2px solid; border-radius: 4px; vertical-align: -0.15em; margin-right: 0.5em; }
${Object.entries(colours)
  .map(([mark, { light }]) => `ul.legend .${mark} { background: ${light.fill}; border-color: ${light.stroke}; }`)
  .join("\n")}
@media (prefers-color-scheme: dark) { ${Object.entries(colours)
  .map(([mark, { dark }]) => `ul.legend .${mark} { background: ${dark.fill}; border-color: ${dark.stroke}; }`)
  .join(" ")} }`;

export const legendMarkup = (): string => `<ul class="legend">
${Object.entries(legend)
  .map(([mark, text]) => `<li><span class="${mark}"></span>${htmlText(text)}</li>`)
  .join("\n")}
</ul>`;

/** The pictures by the marks of their flow. Many numbers have the same flow. */
const drawn = {
  whole: new WeakMap<MarkedFlow["marks"], string>(),
  redacted: new WeakMap<MarkedFlow["marks"], string>(),
};

/** The picture of one flow with its caption, as HTML. The picture is an image, so it is isolated from the styles of the page. */
export function flowFigure({ flow, content, marks }: MarkedFlow, showNumbers: boolean): string {
  const caption = `<figcaption>${htmlText(flow)}</figcaption>`;
  const branches = content.Actions.reduce(
    (sum, { Transitions: { Errors = [], Conditions = [] } = {} }) => sum + Errors.length + Conditions.length,
    0,
  );
  if (content.Actions.length > maxBlocks || branches > maxBranches) {
    const size = `${content.Actions.length} blocks with ${branches} branches`;
    return `<figure>${caption}<p>The flow has ${size} and is not drawn.</p></figure>`;
  }
  const pictures = showNumbers ? drawn.whole : drawn.redacted;
  let data = pictures.get(marks);
  if (data === undefined) {
    const svg = toSvg(content, flow, { colours, marks }, showNumbers ? undefined : redactFlowText);
    data = Buffer.from(svg).toString("base64");
    pictures.set(marks, data);
  }
  return `<figure tabindex="0">${caption}<img alt="${htmlText(`The blocks of ${flow}`)}" src="data:image/svg+xml;base64,${data}" /></figure>`;
}
