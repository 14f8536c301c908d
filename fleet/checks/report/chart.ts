/** The chart of blocked calls per day, as SVG within a page. */
import { html, type Markup } from "../../output/html";
import type { DayCounts } from "../status/calls";

// Units of the picture, which scales with the page.
const WIDTH = 720;
const HEIGHT = 170;
const LEFT = 56;
const RIGHT = 6;
const TOP = 12;
const BOTTOM = 26;

const longDate = (day: string): string =>
  new Date(`${day}T00:00:00Z`).toLocaleDateString("en-GB", { day: "numeric", month: "long", timeZone: "UTC" });
const shortDate = (day: string): string =>
  new Date(`${day}T00:00:00Z`).toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });

/** The content of the chart in one sentence, for people who do not see the picture. */
export function chartText(days: readonly DayCounts[]): string {
  const [first, last] = [days.at(0)?.day ?? "", days.at(-1)?.day ?? ""];
  const known = days.flatMap(({ day, counts }) => (counts === undefined ? [] : [{ day, blocked: counts.blocked }]));
  const total = known.reduce((sum, { blocked }) => sum + blocked, 0);
  const highest = known.reduce<(typeof known)[number] | undefined>(
    (best, one) => (best === undefined || one.blocked > best.blocked ? one : best),
    undefined,
  );
  const unknownDays = days.length - known.length;
  return [
    `Blocked calls per day from ${longDate(first)} to ${longDate(last)} (UTC): ${total} in total`,
    ...(highest === undefined || highest.blocked === 0
      ? []
      : [`at most ${highest.blocked}, on ${longDate(highest.day)}`]),
    ...(unknownDays === 0 ? [] : [`no data for ${unknownDays} ${unknownDays === 1 ? "day" : "days"}`]),
  ].join(", ");
}

/** A bar for each day, and a hatched area for a day without data. @param id unique in the page */
export function chart(days: readonly DayCounts[], id: string): Markup {
  const top = niceMaximum(Math.max(1, ...days.map(({ counts }) => counts?.blocked ?? 0)));
  const plot = HEIGHT - TOP - BOTTOM;
  const step = (WIDTH - LEFT - RIGHT) / days.length;
  const y = (value: number): number => round(TOP + plot * (1 - value / top));
  const bars = days.map(({ day, counts }, n) => {
    const x = round(LEFT + n * step + step * 0.15);
    const width = round(step * 0.7);
    if (counts === undefined) {
      return html`<rect class="no-data" x="${x}" y="${TOP}" width="${width}" height="${plot}">
        <title>${longDate(day)}: no data</title>
      </rect>`;
    }
    const height = round(TOP + plot - y(counts.blocked));
    return html`<rect class="bar" x="${x}" y="${y(counts.blocked)}" width="${width}" height="${height}">
      <title>${longDate(day)}: ${counts.blocked} of ${counts.calls} calls blocked</title>
    </rect>`;
  });
  const lines = [0, top / 2, top].map(
    (value) =>
      html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(value)}" y2="${y(value)}" />
        <text class="value" x="${LEFT - 6}" y="${y(value) + 4}">${value}</text>`,
  );
  // Every seventh day, counted from today.
  const dates = days.flatMap(({ day }, n) => {
    const isLast = n === days.length - 1;
    if ((days.length - 1 - n) % 7 !== 0) return [];
    const x = isLast ? WIDTH - RIGHT : round(LEFT + (n + 0.5) * step);
    return [html`<text class="${isLast ? "last date" : "date"}" x="${x}" y="${HEIGHT - 6}">${shortDate(day)}</text>`];
  });
  return html`<svg class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="${id}">
    <title id="${id}">${chartText(days)}</title>
    ${lines}${bars}${dates}
  </svg>`;
}

const round = (value: number): number => Math.round(value * 10) / 10;

/** The next even number of the form 2, 4, 10, 20, 40, 100 … */
function niceMaximum(value: number): number {
  for (let power = 1; ; power *= 10) {
    for (const factor of [2, 4, 10]) if (factor * power >= value) return factor * power;
  }
}
