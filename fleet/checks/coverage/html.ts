/** The coverage of phone numbers as one HTML file, with a picture of every flow on the way of a call. */
import { htmlText } from "../../output/foreign-text";
import { htmlPage } from "../../output/html-page";
import type { CoveredInstance } from "./cover-instances";
import { type CoveredNumber, outcomeOf, verdictText } from "./coverage";
import { flowFigure, legendMarkup, legendStyle } from "./flow-figure";
import { coverageSummary, pathText } from "./report";

/** Most pictures per number. */
const maxPictures = 10;

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
${legendStyle}
`;

/**
 * A complete document. Its content security policy forbids scripts and requests.
 *
 * @param showNumbers whether phone numbers in the pictures are not redacted
 */
export function coverageHtml(instances: readonly CoveredInstance[], showNumbers: boolean): string {
  const summary = coverageSummary(instances).split("\n");
  const markup = `<h1>Coverage of phone numbers</h1>
${summary.map((line) => `<p>${htmlText(line)}</p>`).join("\n")}
${legendMarkup()}
${instances.map((instance) => instanceSection(instance, showNumbers)).join("\n")}`;
  return htmlPage({ title: "Coverage of phone numbers", style, body: { markup } });
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
  .map((flow) => flowFigure(flow, showNumbers))
  .join("\n")}
${more > 0 ? `<p>${more} more flows and modules are not shown.</p>` : ""}
</article>`;
}
