/** The review as one HTML file without anything from elsewhere, for a person. */
import type { PlannedStack, ReviewOptions } from "./review";
import { verdictOf } from "./review";

export function reviewHtml(stacks: readonly PlannedStack[], options: ReviewOptions = {}): string {
  const { sentence } = verdictOf(stacks);
  return `<!doctype html>\n<title>${options.title ?? "Call blocking"}</title>\n<p>${sentence}</p>\n`;
}
