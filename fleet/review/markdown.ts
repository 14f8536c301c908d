/** The review as Markdown, for a comment on a pull request. */
import type { PlannedStack, ReviewOptions } from "./review";
import { verdictOf } from "./review";

/** At most 60,000 characters, of GitHub's 65,536 for a comment. */
export function reviewMarkdown(stacks: readonly PlannedStack[], options: ReviewOptions = {}): string {
  const { sentence } = verdictOf(stacks);
  return `## ${options.title ?? "Call blocking"}\n\n**${sentence}**\n`;
}
