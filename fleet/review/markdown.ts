/** The review as Markdown, for a comment on a pull request: what matters most first, and cut before GitHub would refuse it. */
import type { Allowance } from "../../config/types";
import type { FlowChange } from "./diff";
import type { DiffLine } from "./diff-line";
import { drawings, mermaidOf } from "./flow-picture";
import type { PlannedStack, Review, ReviewOptions, Row } from "./review";
import { guardWord, reviewOf, stacksWord } from "./review";

/** GitHub takes 65,536 characters of a comment; the rest is for whoever adds a line of their own. */
const limit = 60_000;
/** Of these, for the table: a fleet of hundreds would leave no room for what changes. */
const tableLimit = 20_000;

const mark: Readonly<Record<Row["guard"], string>> = { refused: "⛔", failed: "❌", allowed: "⚠️", passed: "✅" };

/** One part of the review, which is shown whole or not at all. */
interface Part {
  readonly what: string;
  readonly text: string;
}

/** At most 60,000 characters; what did not fit is named at the end. */
export function reviewMarkdown(stacks: readonly PlannedStack[], options: ReviewOptions = {}): string {
  const review = reviewOf(stacks, options);
  const head = [
    `## ${["✅", "❌", "⚠️", "⛔"][review.verdict.exitCode] ?? ""} ${inline(review.verdict.sentence)}`,
    "",
    `${inline(review.title)}. ${unchangedWord(review)}`.trim(),
    "",
    ...table(review.rows),
  ].join("\n");
  let text = head;
  const leftOut: string[] = [];
  // Room for the notice, whose list is cut too.
  const room = limit - 2_000;
  for (const part of parts(review)) {
    if (text.length + part.text.length + 2 <= room) text += `\n\n${part.text}`;
    else leftOut.push(`${part.what} (${part.text.length} characters)`);
  }
  if (leftOut.length > 0) {
    const named = leftOut.slice(0, 10).map((one) => `- ${inline(one.slice(0, 120))}`);
    const more = leftOut.length > 10 ? [`- and ${leftOut.length - 10} more`] : [];
    text += [
      "\n\n> **Cut: this comment would be too long for GitHub.** Left out, and in the HTML review:",
      ">",
      ...[...named, ...more].map((line) => `> ${line}`),
    ].join("\n");
  }
  return `${text}\n`;
}

function unchangedWord({ unchanged }: Review): string {
  if (unchanged === 0) return "";
  return `${unchanged} ${unchanged === 1 ? "stack is" : "stacks are"} synthesized as before and not planned.`;
}

function table(rows: readonly Row[]): string[] {
  if (rows.length === 0) return [];
  const lines = rows.map((row) => {
    const { counts } = row;
    const forgotten = counts !== undefined && counts.forget > 0 ? ` (${counts.forget} let go)` : "";
    const numbers =
      counts === undefined
        ? ["–", "–", "–", "–"]
        : [counts.import, counts.add, counts.change, `${counts.destroy}${forgotten}`];
    return `| ${inline(row.stack)} | ${numbers.join(" | ")} | ${mark[row.guard]} ${guardWord(row)} |`;
  });
  const shown: string[] = [];
  let length = 0;
  for (const line of lines) {
    length += line.length + 1;
    if (length > tableLimit) break;
    shown.push(line);
  }
  const rest = lines.length - shown.length;
  return [
    "| instance | import | add | change | destroy | guard |",
    "| --- | ---: | ---: | ---: | ---: | --- |",
    ...shown,
    ...(rest === 0 ? [] : ["", `… and ${rest} more rows, left out: those above are the ones to look at first.`]),
  ];
}

function parts(review: Review): Part[] {
  return [
    ...list(
      "Refused",
      review.violations.map(({ stacks, value: { rule, address, what, fix } }) => ({
        what: `refusal ${rule} of ${stacksWord(stacks)}`,
        text: [
          `**${rule}** · ${address === "" ? "the whole plan" : code(address)} · ${inline(stacksWord(stacks))}  `,
          `${inline(what)}  `,
          `→ ${inline(fix)}`,
        ].join("\n"),
      })),
    ),
    ...list(
      "Failed",
      review.failures.map(({ stacks, value }) => ({
        what: `failure of ${stacksWord(stacks)}`,
        text: `${inline(stacksWord(stacks))}\n\n${fence("text", lastLines(value))}`,
      })),
    ),
    ...list("Allowances", [
      ...review.allowed.map(({ stacks, value: { violation, allowance } }) =>
        allowancePart(stacks, allowance, `used: ${violation.what}`),
      ),
      ...review.expired.map(({ stacks, value }) =>
        allowancePart(stacks, value, "**ended**: remove it, or give it another day."),
      ),
      ...review.unused.map(({ stacks, value }) => allowancePart(stacks, value, "nothing needed it in this plan.")),
    ]),
    ...review.changes.map(({ stacks, value }, index): Part => {
      const odd = review.changes.length > 1 ? (index === 0 ? "" : " (another change)") : "";
      const flows = value.flatMap(({ flow }) => (flow === undefined ? [] : pictures(flow)));
      const iam = value.flatMap(({ address, iam: lines }) =>
        lines.map((line): DiffLine => ({ ...line, text: `${address}: ${line.text}` })),
      );
      const body = value.flatMap(({ address, verb, lines }) => [`  ${verb} ${address}`, ...lines.map(diffLine)]);
      return {
        what: `change of ${stacksWord(stacks)}`,
        text: [
          `### ${stacks.length === 1 ? "1 instance" : `${stacks.length} instances, one change`}${odd}`,
          inline(stacksWord(stacks, 20)),
          fence("diff", body.join("\n")),
          ...(iam.length === 0 ? [] : ["**Who may do what**", fence("diff", iam.map(diffLine).join("\n"))]),
          ...flows,
        ].join("\n\n"),
      };
    }),
    ...list(
      "Changed by others since the last deployment",
      review.byOthers.map(({ stacks, value }) => ({
        what: `changes by others in ${stacksWord(stacks)}`,
        text: [
          inline(stacksWord(stacks)),
          fence(
            "diff",
            value
              .flatMap(({ address, what, lines, iam }) => [`  ${what} ${address}`, ...[...lines, ...iam].map(diffLine)])
              .join("\n"),
          ),
          value.map(({ address, meaning }) => `- ${code(address)}: ${inline(meaning)}`).join("\n"),
          ...value.flatMap(({ flow }) => (flow === undefined ? [] : pictures(flow))),
        ].join("\n\n"),
      })),
    ),
  ];
}

/** Parts under one heading, which goes with the first of them. */
function list(heading: string, given: readonly Part[]): Part[] {
  return given.map(({ what, text }, index) => ({ what, text: index === 0 ? `### ${heading}\n\n${text}` : text }));
}

function allowancePart(stacks: readonly string[], { resource, rule, reason, until }: Allowance, how: string): Part {
  return {
    what: `allowance of ${stacksWord(stacks)}`,
    text: `- **${rule}** for ${code(resource)} in ${inline(stacksWord(stacks))}, until ${until}: “${inline(reason)}” – ${how.startsWith("**") ? how : inline(how)}`,
  };
}

function pictures({ kind, title, before, after }: FlowChange): string[] {
  return drawings(before, after, (content) => mermaidOf(content, kind)).map(
    ([when, diagram]) =>
      `<details><summary>${inline(title)}, ${when}</summary>\n\n${fence("mermaid", diagram)}\n\n</details>`,
  );
}

const diffLine = ({ sign, text }: DiffLine): string => `${sign === "~" ? "!" : sign} ${text}`.replace(/[\r\n]+/g, " ");

/** The end of a long text, where errors stand. */
function lastLines(text: string): string {
  const lines = text.trimEnd().split("\n").slice(-30);
  return lines.map((line) => line.slice(0, 500)).join("\n");
}

/** A fence longer than any run of backticks in the text, so that nothing in it can end it. */
function fence(language: string, text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const ticks = "`".repeat(longest + 1);
  return `${ticks}${language}\n${text.replace(/\n+$/, "")}\n${ticks}`;
}

/** Text that is only text: no markup, no mention of a person, no link, on one line. */
function inline(text: string): string {
  return text
    .replace(/[\r\n]+/g, " ")
    .replace(/[\\`*_{}[\]<>#|~@&$]|:(?=\/\/)|(?<=www)\./g, (character) => `&#${character.charCodeAt(0)};`);
}

const code = (text: string): string =>
  `<code>${text.replace(/[\r\n]+/g, " ").replace(/[^\w. -]/g, (character) => `&#${character.codePointAt(0) ?? 32};`)}</code>`;
