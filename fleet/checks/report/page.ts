/** The report as one self-contained HTML page: the verdict, the table of the fleet, and one section per instance. */
import { html, type Markup, nothing } from "../../output/html";
import { htmlPage } from "../../output/html-page";
import { redactFlowText, redactNumbers } from "../../output/redact";
import type { CoveredInstance } from "../coverage/cover-instances";
import { outcomeOf, verdictText } from "../coverage/coverage";
import { flowFigure, legendMarkup } from "../coverage/flow-figure";
import { pathText } from "../coverage/report";
import { ageText } from "../status/age";
import { unreadable } from "../status/instance-status";
import type { InstanceStatus } from "../status/instance-status";
import { isUnreadable, type Reading, valueOf } from "../status/reading";
import { statusCells, worstFirst } from "../status/report";
import { chart, chartText } from "./chart";
import type { BlockedList, ReportedInstance } from "./gather";
import { script } from "./page-script";
import { style } from "./page-style";

/** The state of an instance in the report. It includes drift, flows and the list, which `status` does not read. */
type State = InstanceStatus["outcome"];

const stateTexts: Readonly<Record<State, string>> = {
  failed: "needs attention",
  unknown: "not completely read",
  ok: "in order",
  skipped: "decommissioned",
};

export function stateOf({ status, drift, coverage, list, days }: ReportedInstance): State {
  const { outcome } = status;
  if (outcome === "skipped" || outcome === "failed") return outcome;
  if (valueOf(drift)?.state === "drift") return "failed";
  return coverage.failure !== undefined || isUnreadable(list) || isUnreadable(days) ? "unknown" : outcome;
}

/** One or two sentences: how many instances need attention. */
export function verdict(states: readonly State[]): string {
  const count = (state: State): number => states.filter((one) => one === state).length;
  const active = states.length - count("skipped");
  const [failed, unread] = [count("failed"), count("unknown")];
  const instances = (n: number): string => (n === 1 ? "instance" : "instances");
  const need = (n: number): string => (n === 1 ? "needs" : "need");
  if (active === 0) return "No instance is active.";
  if (failed === 0 && unread === 0)
    return active === 1 ? "The instance is in order." : `All ${active} instances are in order.`;
  return [
    `${failed} of ${active} ${instances(active)} ${need(failed)} attention.`,
    ...(unread === 0 ? [] : [`${unread} ${instances(unread)} could not be read completely.`]),
  ].join(" ");
}

/**
 * A complete document. Its content security policy forbids requests, and scripts except the filter of the table.
 *
 * @param now in milliseconds
 */
export function reportHtml(reported: readonly ReportedInstance[], now: number): string {
  const byStack = new Map(reported.map((one) => [one.status.stack, one]));
  const sorted = worstFirst(reported.map((one) => ({ ...one.status, outcome: stateOf(one) }))).flatMap(
    ({ stack }) => byStack.get(stack) ?? [],
  );
  const states = reported.map((one) => stateOf(one));
  const worst = (["failed", "unknown"] as const).find((state) => states.includes(state)) ?? "ok";
  const sentence = verdict(states);
  const environments = [...new Set(reported.map(({ status }) => status.environment))].sort();
  return htmlPage({
    title: `${sentence} Call blocking`,
    style,
    script,
    body: html`
      <a class="skip" href="#fleet">Go to the table</a>
      <header class="verdict ${worst}">
        <p class="aside">Call blocking for ConnectPath</p>
        <h1>${sentence}</h1>
        <p class="aside">
          Read on <time datetime="${new Date(now).toISOString()}">${timeText(new Date(now).toISOString())}</time>. Phone
          numbers are redacted.
        </p>
      </header>
      <main>
        ${filterForm(environments)} ${fleetTable(sorted, now)}
        <h2>Instances</h2>
        ${sorted.map((one) => instanceSection(one, now))}
      </main>
      <footer>
        <p>
          The counts come from CloudWatch. “24 hours” are the last 24 full hours and the current hour; days are days in
          UTC. “Unknown” means that AWS did not return the value. Only drift compares all resources with the last
          deployment.
        </p>
      </footer>
    `,
  });
}

/** `26 November 2026, 14:30 UTC` */
const timeText = (iso: string): string =>
  `${new Date(iso).toLocaleString("en-GB", { dateStyle: "long", timeStyle: "short", timeZone: "UTC" }).replace(" at ", ", ")} UTC`;

const sectionId = ({ stack }: InstanceStatus): string => `instance-${stack}`;

/** Only the script shows the form, because it does nothing without the script. */
const filterForm = (environments: readonly string[]): Markup =>
  html`<form id="filter" hidden role="search" aria-label="Filter the instances">
    <label for="filter-text">Text <input id="filter-text" type="search" autocomplete="off" spellcheck="false" /></label>
    <label for="filter-state"
      >State
      <select id="filter-state">
        <option value="">all</option>
        ${Object.entries(stateTexts).map(([state, text]) => html`<option value="${state}">${text}</option>`)}
      </select></label
    >
    <label for="filter-environment"
      >Environment
      <select id="filter-environment">
        <option value="">all</option>
        ${environments.map((name) => html`<option value="${name}">${name}</option>`)}
      </select></label
    >
    <button type="reset">Show all</button>
    <output id="filter-count" for="filter-text filter-state filter-environment"></output>
  </form>`;

const columns = [
  ["list", "blocked numbers"],
  ["blocked", "blocked calls, 24 h / 7 d"],
  ["errors", "errors, 24 h / 7 d"],
  ["numbers", "phone numbers"],
  ["canary", "canary"],
  ["alarms", "alarms"],
  ["configuration", "configuration"],
  ["drift", "drift"],
] as const;

/** The roles keep the table a table for screen readers where the style shows it as cards. */
function fleetTable(reported: readonly ReportedInstance[], now: number): Markup {
  return html`<table id="fleet" role="table">
    <caption>
      The instances, worst first
    </caption>
    <thead role="rowgroup">
      <tr role="row">
        <th role="columnheader" scope="col">instance</th>
        <th role="columnheader" scope="col">state</th>
        ${columns.map(([, name]) => html`<th role="columnheader" scope="col">${name}</th>`)}
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${reported.map((one) => {
        const { status } = one;
        const cells = { ...statusCells(status, now), list: listCell(one.list), drift: driftCell(one.drift, now) };
        return html`<tr
          role="row"
          data-state="${stateOf(one)}"
          data-environment="${status.environment}"
          data-section="${sectionId(status)}"
        >
          <th role="rowheader" scope="row"><a href="#${sectionId(status)}">${status.stack}</a></th>
          <td role="cell" class="state" data-label="state">${badge(one)}</td>
          ${columns.map(([key, name]) => html`<td role="cell" class="number" data-label="${name}">${cells[key]}</td>`)}
        </tr>`;
      })}
    </tbody>
  </table>`;
}

const badge = (one: ReportedInstance): Markup =>
  html`<span class="badge ${stateOf(one)}">${stateTexts[stateOf(one)]}</span>`;

const unknownText = (reading: Reading<unknown>): string =>
  isUnreadable(reading)
    ? "unknown"
    : "unknown" in reading && reading.unknown.code === "no-data"
      ? "no data"
      : "not checked";

function listCell(list: Reading<BlockedList>): string {
  return "value" in list ? String(list.value.blocked) : unknownText(list);
}

const driftTexts = {
  "as-deployed": "as deployed",
  pending: "a newer configuration is not deployed",
  drift: "drift",
  failed: "could not be compared",
} as const;

function driftCell(drift: ReportedInstance["drift"], now: number): string {
  if (!("value" in drift)) return "not checked";
  return `${driftTexts[drift.value.state]}, ${ageText(now - Date.parse(drift.value.checkedAt))} ago`;
}

function instanceSection(one: ReportedInstance, now: number): Markup {
  const { status, days, coverage, list, drift } = one;
  const id = sectionId(status);
  if (status.outcome === "skipped") {
    return html`<section class="instance skipped" id="${id}" aria-labelledby="${id}-name">
      <div class="head">
        <h3 id="${id}-name">${status.stack}</h3>
        ${badge(one)}
      </div>
    </section>`;
  }
  const cells = statusCells(status, now);
  const facts: readonly (readonly [name: string, text: string])[] = [
    ["Live version", cells.live],
    ["Index", cells.index],
    ["Canary", cells.canary],
    ["Active alarms", cells.alarms],
    ["Blocked calls, 24 h / 7 d", cells.blocked],
    ["Lookups, 24 h / 7 d", cells.lookups],
    ["Errors, 24 h / 7 d", cells.errors],
    ["List of blocked numbers", listText(list)],
    ["Phone numbers", cells.numbers],
    ["Configuration", cells.configuration],
    ["Drift", driftCell(drift, now)],
    ["Region and account", `${status.region}, ${status.account}`],
  ];
  return html`<section class="instance ${stateOf(one)}" id="${id}" aria-labelledby="${id}-name">
    <div class="head">
      <h3 id="${id}-name">${status.stack}</h3>
      ${badge(one)}
    </div>
    ${problemList(one)}
    <dl>
      ${facts.map(
        ([name, text]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${text}</dd>
          </div>`,
      )}
    </dl>
    ${callsFigure(days, id)} ${coverageDetails(coverage)}
  </section>`;
}

/** What is wrong or unknown, with the fix. Messages of AWS could contain a number. */
function problemList({ status, drift }: ReportedInstance): Markup {
  const text = (words: string): string => redactNumbers(words);
  const items = [
    ...status.problems.map(({ detail, fix }) => html`<li><strong>${text(detail)}</strong> ${text(fix)}</li>`),
    ...(valueOf(drift)?.state === "drift"
      ? [
          html`<li>
            <strong>Resources differ from the last deployment.</strong> Show the differences: npm run fleet -- drift
            ${status.stack}
          </li>`,
        ]
      : []),
    ...unreadable(status).map(
      ({ name, reason }) =>
        html`<li><strong>${name} is unknown.</strong> ${text(reason.detail)} ${text(reason.fix ?? "")}</li>`,
    ),
  ];
  return items.length === 0
    ? nothing
    : html`<ul class="problems">
        ${items}
      </ul>`;
}

function listText(list: Reading<BlockedList>): string {
  if (!("value" in list))
    return `${unknownText(list)}${isUnreadable(list) ? `: ${redactNumbers(list.unknown.detail)}` : ""}`;
  const { blocked, others, contacts, misspelled } = list.value;
  return [
    `${blocked} blocked ${blocked === 1 ? "number" : "numbers"}, ${contacts} ${contacts === 1 ? "contact" : "contacts"}`,
    ...(others === 0 ? [] : [`${others} listed without effect`]),
    ...(misspelled === 0
      ? []
      : [`${misspelled} ${misspelled === 1 ? "contact" : "contacts"} with a similar Disposition`]),
  ].join("; ");
}

function callsFigure(days: ReportedInstance["days"], id: string): Markup {
  if (!("value" in days)) {
    return html`<h4>Blocked calls per day</h4>
      <p>${days.unknown.code === "no-data" ? "No data" : "Unknown"}. ${redactNumbers(days.unknown.detail)}</p>`;
  }
  const rows = [...days.value].reverse();
  return html`<h4>Blocked calls per day</h4>
    <figure>
      ${chart(days.value, `${id}-chart`)}
      <figcaption>${chartText(days.value)}.</figcaption>
    </figure>
    <details>
      <summary>Show the numbers of the chart</summary>
      <div class="scroll" role="region" tabindex="0" aria-label="Calls per day of ${id.replace("instance-", "")}">
        <table>
          <thead>
            <tr>
              <th scope="col">day</th>
              <th scope="col">calls</th>
              <th scope="col">blocked</th>
              <th scope="col">errors</th>
            </tr>
          </thead>
          <tbody>
            ${rows.map(({ day, counts }) => {
              const values =
                counts === undefined
                  ? ["no data", "no data", "no data"]
                  : [counts.calls, counts.blocked, counts.lookupErrors + counts.functionErrors];
              return html`<tr>
                <th scope="row">${day}</th>
                ${values.map((value) => html`<td class="number">${value}</td>`)}
              </tr>`;
            })}
          </tbody>
        </table>
      </div>
    </details>`;
}

/** Most pictures of an instance. */
const maxPictures = 20;

function coverageDetails({ stack, numbers, failure }: CoveredInstance): Markup {
  if (failure !== undefined) {
    return html`<h4>Phone numbers</h4>
      <p>Unknown. ${redactNumbers(failure.detail)} ${failure.fix ?? ""}</p>`;
  }
  if (numbers.length === 0) {
    return html`<h4>Phone numbers</h4>
      <p>The instance has no phone number.</p>`;
  }
  // Many numbers share their flows. Each flow is drawn once.
  const flows = [
    ...new Map(numbers.flatMap((number) => number.flows.map((flow) => [flow.marks, flow] as const))).values(),
  ];
  const shown: readonly Markup[] = flows
    .slice(0, maxPictures)
    .map((flow) => ({ markup: flowFigure({ ...flow, flow: redactFlowText(flow.flow) }, false) }));
  return html`<h4>Phone numbers</h4>
    <div class="scroll" role="region" tabindex="0" aria-label="Phone numbers of ${stack}">
      <table>
        <thead>
          <tr>
            <th scope="col">number</th>
            <th scope="col">flow</th>
            <th scope="col">verdict</th>
          </tr>
        </thead>
        <tbody>
          ${numbers.map(({ coverage }) => {
            const { number, description, flow, reason, path } = coverage;
            const state = { ok: "ok", failed: "failed", unproven: "unknown" }[outcomeOf(coverage)];
            return html`<tr>
              <th scope="row"><span class="phone">${number}</span>${description === "" ? "" : `, ${description}`}</th>
              <td>${redactFlowText(flow?.name ?? "no flow")}</td>
              <td>
                <span class="badge ${state}">${verdictText(coverage)}</span> ${redactFlowText(reason ?? "")}
                ${path === undefined ? nothing : html`<br />${redactFlowText(pathText(path))}`}
              </td>
            </tr>`;
          })}
        </tbody>
      </table>
    </div>
    ${
      flows.length === 0
        ? nothing
        : html`<details class="pictures">
            <summary>Show the pictures of ${flows.length} ${flows.length === 1 ? "flow" : "flows"}</summary>
            ${{ markup: legendMarkup() }} ${shown}
            ${flows.length > maxPictures ? html`<p>${flows.length - maxPictures} more flows are not shown.</p>` : nothing}
          </details>`
    }`;
}
