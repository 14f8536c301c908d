/** The coverage of phone numbers as one HTML file, with a picture of every flow on the way of a call. */
import type { BlockMark, MarkedFlow } from "../../../flows/coverage/analyze";
import { type BlockColours, toSvg } from "../../../flows/diagram/svg";
import { htmlText } from "../../output/foreign-text";
import { pagePolicy } from "../../output/page-policy";
import { redactFlowText } from "../../output/redact";
import type { CoveredInstance } from "./cover-instances";
import { type CoveredNumber, outcomeOf, verdictText } from "./coverage";
import { coverageSummary, pathText } from "./report";

/** Most blocks and branches of a picture. Connect allows 250 blocks per flow. The layout of more branches takes many seconds. */
const [maxBlocks, maxBranches] = [300, 1500];
/** Most pictures per number. */
const maxPictures = 10;

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

const style = `
:root { color-scheme: light dark; --page: #f6f8fa; --card: #ffffff; --line: #d0d7de; --text: #1f2328; --quiet: #59636e; }
@media (prefers-color-scheme: dark) { :root { --page: #0d1117; --card: #161b22; --line: #30363d; --text: #e6edf3; --quiet: #9198a1; } }
body { margin: 0 auto; max-width: 68rem; padding: 1rem; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
article { background: var(--card); border: 1px solid var(--line); border-left: 4px solid var(--line); border-radius: 8px; padding: 0.8rem 1rem; margin: 0 0 1rem; }
article.ok { border-left-color: #1a7f37; } article.failed { border-left-color: #cf222e; } article.unproven { border-left-color: #9a6700; }
h3 { margin: 0 0 0.3rem; font-size: 1.05rem; }
p { margin: 0.35rem 0; }
figure { margin: 0.8rem 0; overflow-x: auto; }
figcaption { color: var(--quiet); font-size: 0.9rem; }
img { max-width: none; }
ul.legend { list-style: none; padding: 0; }
ul.legend span { display: inline-block; width: 1.4em; height: 1em; border: 2px solid; border-radius: 4px; vertical-align: -0.15em; margin-right: 0.5em; }
${Object.entries(colours)
  .map(([mark, { light }]) => `ul.legend .${mark} { background: ${light.fill}; border-color: ${light.stroke}; }`)
  .join("\n")}
@media (prefers-color-scheme: dark) { ${Object.entries(colours)
  .map(([mark, { dark }]) => `ul.legend .${mark} { background: ${dark.fill}; border-color: ${dark.stroke}; }`)
  .join(" ")} }
`;

/**
 * A complete document. Its content security policy forbids scripts and requests.
 *
 * @param showNumbers whether phone numbers in the pictures are not redacted
 */
export function coverageHtml(instances: readonly CoveredInstance[], showNumbers: boolean): string {
  const policy = pagePolicy(style);
  const summary = coverageSummary(instances).split("\n");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8" />
<meta http-equiv="Content-Security-Policy" content="${policy}" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta name="color-scheme" content="light dark" />
<meta name="referrer" content="no-referrer" />
<title>Coverage of phone numbers</title>
<style>${style}</style>
</head>
<body>
<h1>Coverage of phone numbers</h1>
${summary.map((line) => `<p>${htmlText(line)}</p>`).join("\n")}
<ul class="legend">
${Object.entries(legend)
  .map(([mark, text]) => `<li><span class="${mark}"></span>${htmlText(text)}</li>`)
  .join("\n")}
</ul>
${instances.map((instance) => instanceSection(instance, showNumbers)).join("\n")}
</body>
</html>
`;
}

function instanceSection({ stack, numbers, failure }: CoveredInstance, showNumbers: boolean): string {
  const content =
    failure !== undefined
      ? `<p>${htmlText(failure.detail)}</p><p>${htmlText(failure.fix ?? "")}</p>`
      : numbers.length === 0
        ? "<p>No phone number was checked.</p>"
        : numbers.map((number) => numberSection(number, showNumbers)).join("\n");
  return `<section><h2>${htmlText(stack)}</h2>\n${content}</section>`;
}

function numberSection({ coverage, flows }: CoveredNumber, showNumbers: boolean): string {
  const { number, description, flow, reason, path } = coverage;
  const title = [number, description, flow?.name ?? "no flow"].filter((part) => part !== "").join(" · ");
  const more = flows.length - maxPictures;
  return `<article class="${outcomeOf(coverage)}">
<h3>${htmlText(title)}</h3>
<p><strong>${htmlText(verdictText(coverage))}</strong>${reason === undefined ? "" : `: ${htmlText(reason)}.`}</p>
${path === undefined ? "" : `<p>${htmlText(pathText(path))}</p>`}
${flows
  .slice(0, maxPictures)
  .map((flow) => figure(flow, showNumbers))
  .join("\n")}
${more > 0 ? `<p>${more} more flows and modules are not shown.</p>` : ""}
</article>`;
}

/** The pictures by the marks of their flow. Many numbers have the same flow. */
const drawn = {
  whole: new WeakMap<MarkedFlow["marks"], string>(),
  redacted: new WeakMap<MarkedFlow["marks"], string>(),
};

function figure({ flow, content, marks }: MarkedFlow, showNumbers: boolean): string {
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
  return `<figure>${caption}<img alt="${htmlText(`The blocks of ${flow}`)}" src="data:image/svg+xml;base64,${data}" /></figure>`;
}
