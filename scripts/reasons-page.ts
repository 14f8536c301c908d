/** Writes `docs/reasons.md`: every reason an answer can have, for whoever reads a log line, a metric or an alarm. */
import { writeFileSync } from "node:fs";
import { REASONS, type Reason } from "../lambda/blocked-calls/reasons";
import { EXPLANATIONS } from "../lambda/explanations";

/** The page, in Markdown. */
export function reasonsPage(): string {
  const rows = (Object.keys(REASONS) as Reason[]).map((reason) => {
    const { response, outcome } = REASONS[reason];
    const { means, todo } = EXPLANATIONS[reason];
    return `| \`${reason}\` | \`${response}\` | ${outcome} | ${means} | ${todo} |`;
  });
  return [
    "<!-- Written by scripts/reasons-page.ts. -->",
    "",
    "# Reasons",
    "",
    "Why the function answered as it did: `reason` in its answer and log line, and the metric `Reason_<reason>`. A **lookup** asked the",
    "table and got an answer; **skipped** was decided without it; an **error** let the call through and counts as `LookupError`.",
    "",
    "<!-- prettier-ignore-start -->",
    "| reason | response | outcome | what it means | what to do |",
    "|---|---|---|---|---|",
    ...rows,
    "<!-- prettier-ignore-end -->",
    "",
  ].join("\n");
}

// Run from the project's root: npm run compile && node build/scripts/reasons-page.js
if (require.main === module) writeFileSync("docs/reasons.md", reasonsPage());
