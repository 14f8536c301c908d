/** The review as one self-contained HTML file, for large and small screens, in light and dark mode. */
import type { Allowance } from "../../config/types";
import { html, type Markup, nothing } from "../output/html";
import { htmlPage } from "../output/html-page";
import { newAlarmsText, partsOf } from "./diff";
import type { ResourceDiff } from "./diff";
import type { DiffLine } from "./diff-line";
import type { FlowChange } from "./flow-change";
import { drawings, svgOf } from "./flow-picture";
import { leftDeployedTexts } from "./left-deployed";
import type { LeftDeployed } from "./left-deployed";
import type { PlannedStack, Review, Row, Verdict } from "./review";
import { guardText, reviewOf, reviewTitle, stackList } from "./review";
import { style } from "./html-style";

/** A complete document. Its content security policy forbids scripts and requests, so text from a plan cannot run code or load a file. */
export function reviewHtml(
  stacks: readonly PlannedStack[],
  leftDeployed: readonly LeftDeployed[] = [],
  supportWarnings: readonly string[] = [],
): string {
  const review = reviewOf(stacks);
  const title = `${review.verdict.sentence} ${reviewTitle}`;
  return htmlPage({
    title,
    style,
    body: html`
      ${banner(review)}
      <main>
        ${[...leftDeployedTexts(leftDeployed), ...supportWarnings].map((text) => html`<p>${text}</p>`)}
        ${table(review.rows)} ${violations(review)} ${failures(review)} ${warnings(review)} ${allowances(review)}
        ${changes(review)} ${byOthers(review)}
      </main>
    `,
  });
}

const verdictClass: Readonly<Record<Verdict["exitCode"], string>> = {
  0: "idle",
  1: "failed",
  2: "passed",
  3: "refused",
};
const verdictSign: Readonly<Record<Verdict["exitCode"], string>> = { 0: "✓", 1: "✕", 2: "✓", 3: "✕" };

function banner({ verdict, unchanged }: Review): Markup {
  const { exitCode, sentence } = verdict;
  const rest =
    unchanged === 0
      ? nothing
      : html`<p class="aside">
          ${unchanged} ${unchanged === 1 ? "stack has" : "stacks have"} the same synthesized output as before and
          ${unchanged === 1 ? "was" : "were"} not planned.
        </p>`;
  return html`<header class="verdict ${verdictClass[exitCode]}">
    <p class="title">${reviewTitle}</p>
    <h1><span class="sign" aria-hidden="true">${verdictSign[exitCode]}</span> <span>${sentence}</span></h1>
    ${rest}
  </header>`;
}

function table(rows: readonly Row[]): Markup {
  if (rows.length === 0) return nothing;
  const columns = ["import", "add", "change", "destroy"] as const;
  const cells = (row: Row): readonly Markup[] =>
    columns.map((column) => {
      const count = row.counts?.[column];
      const released =
        column === "destroy" && row.counts !== undefined && row.counts.forget > 0
          ? ` + ${row.counts.forget} no longer managed`
          : "";
      const kind = count === undefined || (count === 0 && released === "") ? "none" : column;
      return html`<td class="count ${kind}" data-label="${column}">${count ?? "–"}${released}</td>`;
    });
  return html`<table class="fleet">
    <thead>
      <tr>
        <th scope="col">instance</th>
        ${columns.map((column) => html`<th scope="col" class="count">${column}</th>`)}
        <th scope="col">guard</th>
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        (row) =>
          html`<tr>
            <th scope="row">${row.stack}</th>
            ${cells(row)}
            <td class="guard"><span class="badge ${row.guard}">${guardText(row)}</span></td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}

function section(heading: string, items: readonly Markup[], more: Markup = nothing): Markup {
  return items.length === 0
    ? nothing
    : html`<section>
        <h2>${heading}</h2>
        ${more}${items}
      </section>`;
}

function violations({ violations: found }: Review): Markup {
  return section(
    "Refused",
    found.map(
      ({ stacks, value: { rule, address, what, fix } }) =>
        html`<article class="card refused">
          <p class="where"><code>${address === "" ? "the whole plan" : address}</code> in ${stackList(stacks)}</p>
          <p>${what}</p>
          <p class="fix"><strong>What to do:</strong> ${fix}</p>
          <p class="rule">rule <code>${rule}</code></p>
        </article>`,
    ),
  );
}

function failures({ failures: found }: Review): Markup {
  return section(
    "Failed",
    found.map(
      ({ stacks, value }) =>
        html`<article class="card failed">
          <p class="where">${stackList(stacks, 20)}</p>
          <pre>${value.trim()}</pre>
        </article>`,
    ),
  );
}

function warnings({ warnings: found }: Review): Markup {
  return section(
    "Warnings",
    found.map(
      ({ stacks, value }) =>
        html`<article class="card">
          <p class="where">${stackList(stacks, 20)}</p>
          <p>${value}</p>
        </article>`,
    ),
  );
}

function allowances({ allowed, expired, unused }: Review): Markup {
  const item = (
    kind: string,
    use: string,
    stacks: readonly string[],
    { resource, rule, reason, until }: Allowance,
  ): Markup =>
    html`<article class="card ${kind}">
      <p class="where"><code>${resource}</code> in ${stackList(stacks)}</p>
      <p>“${reason}”</p>
      <p>${use}</p>
      <p class="rule">rule <code>${rule}</code>, until ${until}</p>
    </article>`;
  return section("Allowances", [
    ...allowed.map(({ stacks, value: { allowance, violation } }) =>
      item("allowed", `Used: ${violation.what}`, stacks, allowance),
    ),
    ...expired.map(({ stacks, value }) =>
      item("failed", "Expired: remove the allowance, or set a later date.", stacks, value),
    ),
    ...unused.map(({ stacks, value }) => item("idle", "This plan does not need the allowance.", stacks, value)),
  ]);
}

function changes({ changes: groups }: Review): Markup {
  const isShared = groups.some(({ stacks }) => stacks.length > 1);
  const legend = isShared
    ? html`<p class="aside">Values that differ between the instances are placeholders, such as ‹account›.</p>`
    : nothing;
  return section(
    "Changes",
    groups.map(({ stacks, value }, index) => {
      const heading =
        stacks.length === 1
          ? html`<h3>${stacks[0] ?? ""}</h3>
              ${groups.length > 1 && index > 0 ? html`<p class="aside">Different from the change above.</p>` : nothing}`
          : html`<h3>${stacks.length} instances with the same change</h3>
              <p class="names">${stacks.join(", ")}</p>`;
      const { table, newAlarms, others } = partsOf(value);
      return html`<article class="change">
        ${heading}${table.map(resource)}${iam(value)}${others.map(resource)}${folded(newAlarms)}${value.map(({ flow }) => (flow === undefined ? nothing : pictures(flow)))}
      </article>`;
    }),
    legend,
  );
}

function folded(newAlarms: readonly ResourceDiff[]): Markup {
  if (newAlarms.length === 0) return nothing;
  return html`<details>
    <summary>${newAlarmsText(newAlarms)}</summary>
    ${newAlarms.map(resource)}
  </details>`;
}

function resource({ address, verb, lines }: ResourceDiff): Markup {
  const kind = verb.includes("destroy")
    ? "destroy"
    : (/create|import|change|replace|stop managing|move/.exec(verb)?.[0] ?? "change").replace(" ", "-");
  return html`<div class="resource">
    <p><span class="verb ${kind}">${verb}</span> <code>${address}</code></p>
    ${diff(lines)}
  </div>`;
}

const sideOf: Readonly<Record<DiffLine["sign"], string>> = { "+": "added", "-": "removed", "~": "changed" };

function diff(lines: readonly DiffLine[]): Markup {
  if (lines.length === 0) return nothing;
  return html`<ul class="diff">
    ${lines.map(({ sign, text }) => html`<li class="${sideOf[sign]}"><span class="side">${sign}</span><span>${text}</span></li>`)}
  </ul>`;
}

function iam(value: readonly ResourceDiff[]): Markup {
  const changed = value.filter(({ iam: lines }) => lines.length > 0);
  if (changed.length === 0) return nothing;
  return html`<div class="resource">
    <h4>Permissions</h4>
    ${changed.map(
      ({ address, iam: lines }) =>
        html`<p><code>${address}</code></p>
          ${diff(lines)}`,
    )}
  </div>`;
}

function pictures({ kind, title, before, after }: FlowChange): Markup {
  const drawn = drawings(before, after, (content) => svgOf(content, kind, title)).map(([caption, svg]) => {
    const name = `${title}, ${caption}`;
    // An image is isolated from the styles of the page.
    const source = `data:image/svg+xml;base64,${Buffer.from(svg).toString("base64")}`;
    return html`<figure>
      <figcaption>${name}</figcaption>
      <div class="scroll"><img src="${source}" alt="${name}" /></div>
    </figure>`;
  });
  return html`${drawn}`;
}

function byOthers({ changesByOthers: groups }: Review): Markup {
  return section(
    "Changed by others since the last deployment",
    groups.map(
      ({ stacks, value }) =>
        html`<article class="change">
          <h3>${stackList(stacks, 20)}</h3>
          ${value.map(
            ({ address, what, lines, iam: policies, meaning, flow }) =>
              html`<div class="resource">
                <p><span class="verb idle">${what}</span> <code>${address}</code></p>
                <p class="aside">${meaning}</p>
                ${diff([...lines, ...policies])}${flow === undefined ? nothing : pictures(flow)}
              </div>`,
          )}
        </article>`,
    ),
  );
}
