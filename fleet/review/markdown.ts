/** The review as Markdown, for a comment on a pull request: the most important parts first, and shorter than GitHub's limit. */
import type { Allowance } from "../../config/types";
import { markdownBlock as block, markdownCode as code, markdownInline as inline } from "../output/foreign-text";
import { newAlarmsText, partsOf } from "./diff";
import type { ResourceDiff } from "./diff";
import type { DiffLine } from "./diff-line";
import type { FlowChange } from "./flow-change";
import { drawings, mermaidOf } from "./flow-picture";
import type { PlannedStack, Review, Row } from "./review";
import { leftDeployedTexts } from "./left-deployed";
import type { LeftDeployed } from "./left-deployed";
import { guardText, reviewOf, reviewTitle, stackList } from "./review";

/** Maximum length of the Markdown. GitHub accepts 65,536 characters in a comment; a pipeline may add lines. */
const limit = 60_000;
/** Maximum length of the table, so that the changes fit even with hundreds of stacks. */
const tableLimit = 20_000;

const mark: Readonly<Record<Row["guard"], string>> = { refused: "⛔", failed: "❌", allowed: "⚠️", passed: "✅" };

/** One part of the review. A part is included completely or left out. */
interface Part {
  /** Name of the part, for the list of omitted parts. */
  readonly name: string;
  readonly text: string;
}

/**
 * At most 60,000 characters. The end of the text names the parts that were left out.
 *
 * @param supportWarnings versions in use whose support ends
 */
export function reviewMarkdown(
  stacks: readonly PlannedStack[],
  leftDeployed: readonly LeftDeployed[] = [],
  supportWarnings: readonly string[] = [],
): string {
  const review = reviewOf(stacks);
  const head = [
    `## ${["✅", "❌", "⚠️", "⛔"][review.verdict.exitCode] ?? ""} ${inline(review.verdict.sentence)}`,
    "",
    `${reviewTitle}. ${unchangedText(review)}`.trim(),
    "",
    ...[...leftDeployedTexts(leftDeployed), ...supportWarnings].flatMap((text) => [`⚠️ ${inline(text)}`, ""]),
    ...table(review.rows),
  ].join("\n");
  let text = head;
  const omitted: string[] = [];
  // The notice about omitted parts needs room too.
  const room = limit - 2_000;
  for (const part of parts(review)) {
    if (text.length + part.text.length + 2 <= room) text += `\n\n${part.text}`;
    else omitted.push(`${part.name} (${part.text.length} characters)`);
  }
  if (omitted.length > 0) {
    const names = omitted.slice(0, 10).map((name) => `- ${inline(name.slice(0, 120))}`);
    const more = omitted.length > 10 ? [`- and ${omitted.length - 10} more`] : [];
    text += [
      "\n\n> **Shortened: the comment would be too long for GitHub.** Omitted parts, which are in the HTML review:",
      ">",
      ...[...names, ...more].map((line) => `> ${line}`),
    ].join("\n");
  }
  return `${text}\n`;
}

function unchangedText({ unchanged }: Review): string {
  if (unchanged === 0) return "";
  return unchanged === 1
    ? "1 stack has the same synthesized output as before and was not planned."
    : `${unchanged} stacks have the same synthesized output as before and were not planned.`;
}

function table(rows: readonly Row[]): string[] {
  if (rows.length === 0) return [];
  const lines = rows.map((row) => {
    const { counts } = row;
    const released = counts !== undefined && counts.forget > 0 ? ` (${counts.forget} no longer managed)` : "";
    const numbers =
      counts === undefined
        ? ["–", "–", "–", "–"]
        : [counts.import, counts.add, counts.change, `${counts.destroy}${released}`];
    return `| ${inline(row.stack)} | ${numbers.join(" | ")} | ${mark[row.guard]} ${guardText(row)} |`;
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
    ...(rest === 0 ? [] : ["", `… and ${rest} more rows, omitted. Refused and failed stacks are listed first.`]),
  ];
}

function parts(review: Review): Part[] {
  return [
    ...list(
      "Refused",
      review.violations.map(({ stacks, value: { rule, address, what, fix } }) => ({
        name: `refusal ${rule} of ${stackList(stacks)}`,
        text: [
          `**${rule}** · ${address === "" ? "the whole plan" : code(address)} · ${inline(stackList(stacks))}  `,
          `${inline(what)}  `,
          `→ ${inline(fix)}`,
        ].join("\n"),
      })),
    ),
    ...list(
      "Failed",
      review.failures.map(({ stacks, value }) => ({
        name: `failure of ${stackList(stacks)}`,
        text: `${inline(stackList(stacks))}\n\n${block("text", lastLines(value))}`,
      })),
    ),
    ...list(
      "Warnings",
      review.warnings.map(({ stacks, value }) => ({
        name: `warning of ${stackList(stacks)}`,
        text: `- ${inline(stackList(stacks))}: ${inline(value)}`,
      })),
    ),
    ...list("Allowances", [
      ...review.allowed.map(({ stacks, value: { violation, allowance } }) =>
        allowancePart(stacks, allowance, `used: ${violation.what}`),
      ),
      ...review.expired.map(({ stacks, value }) =>
        allowancePart(stacks, value, "**expired**: remove the allowance, or set a later date."),
      ),
      ...review.unused.map(({ stacks, value }) =>
        allowancePart(stacks, value, "this plan does not need the allowance."),
      ),
    ]),
    ...review.changes.map(({ stacks, value }, index): Part => {
      const note = review.changes.length > 1 && index > 0 ? " (different change)" : "";
      const flows = value.flatMap(({ flow }) => (flow === undefined ? [] : pictures(flow)));
      const iam = value.flatMap(({ address, iam: lines }) =>
        lines.map((line): DiffLine => ({ ...line, text: `${address}: ${line.text}` })),
      );
      const { table: tables, newAlarms, others } = partsOf(value);
      const changes = (diffs: readonly ResourceDiff[]): string[] =>
        diffs.length === 0
          ? []
          : [
              block(
                "diff",
                diffs
                  .flatMap(({ address, verb, lines }) => [`  ${verb} ${address}`, ...lines.map(diffLine)])
                  .join("\n"),
              ),
            ];
      return {
        name: `change of ${stackList(stacks)}`,
        text: [
          `### ${stacks.length === 1 ? "1 instance" : `${stacks.length} instances with the same change`}${note}`,
          inline(stackList(stacks, 20)),
          ...changes(tables),
          ...(iam.length === 0 ? [] : ["**Permissions**", block("diff", iam.map(diffLine).join("\n"))]),
          ...changes(others),
          ...(newAlarms.length === 0
            ? []
            : [`<details><summary>${newAlarmsText(newAlarms)}</summary>`, ...changes(newAlarms), "</details>"]),
          ...flows,
        ].join("\n\n"),
      };
    }),
    ...list(
      "Changed by others since the last deployment",
      review.changesByOthers.map(({ stacks, value }) => ({
        name: `changes by others in ${stackList(stacks)}`,
        text: [
          inline(stackList(stacks)),
          block(
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

/** Parts under one heading. The first part contains the heading. */
function list(heading: string, given: readonly Part[]): Part[] {
  return given.map(({ name, text }, index) => ({ name, text: index === 0 ? `### ${heading}\n\n${text}` : text }));
}

function allowancePart(stacks: readonly string[], { resource, rule, reason, until }: Allowance, how: string): Part {
  return {
    name: `allowance of ${stackList(stacks)}`,
    text: `- **${rule}** for ${code(resource)} in ${inline(stackList(stacks))}, until ${until}: “${inline(reason)}” – ${how.startsWith("**") ? how : inline(how)}`,
  };
}

function pictures({ kind, title, before, after }: FlowChange): string[] {
  return drawings(before, after, (content) => mermaidOf(content, kind)).map(
    ([caption, diagram]) =>
      `<details><summary>${inline(title)}, ${caption}</summary>\n\n${block("mermaid", diagram)}\n\n</details>`,
  );
}

const diffLine = ({ sign, text }: DiffLine): string => `${sign === "~" ? "!" : sign} ${text}`;

/** The end of a long text, which contains the error. */
function lastLines(text: string): string {
  const lines = text.trimEnd().split("\n").slice(-30);
  return lines.map((line) => line.slice(0, 500)).join("\n");
}
