/** What the policies of a role say about one action on one resource, for where IAM's own simulator may not be asked. */

/** `unclear`: a condition or a form of statement decides that is not read here. */
export type Verdict = "allowed" | "denied" | "not allowed" | "unclear";

type Json = Readonly<Record<string, unknown>>;

/**
 * Decides as IAM does within one account: an explicit deny wins, then an allow, else nothing is allowed. Boundaries of the role and
 * policies of the organization are not seen. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 *
 * @param documents policies as JSON
 * @param action such as `dynamodb:Query`
 * @param resource ARN
 */
export function verdictOf(documents: readonly string[], action: string, resource: string): Verdict {
  const applicable = documents
    .flatMap((document) => list((JSON.parse(document) as Json)["Statement"]))
    .map((statement) => ({
      effect: (statement as Json)["Effect"],
      applies: applies(statement as Json, action, resource),
    }));
  const some = (effect: string, how: boolean | "unclear"): boolean =>
    applicable.some((statement) => statement.effect === effect && statement.applies === how);
  if (some("Deny", true)) return "denied";
  if (some("Deny", "unclear")) return "unclear";
  if (some("Allow", true)) return "allowed";
  return some("Allow", "unclear") ? "unclear" : "not allowed";
}

function applies(statement: Json, action: string, resource: string): boolean | "unclear" {
  const named = (key: string, text: string, fold: (text: string) => string): boolean =>
    list(statement[key]).some((pattern) => matches(fold(String(pattern)), fold(text)));
  const lower = (text: string): string => text.toLowerCase();
  const same = (text: string): string => text;
  const actions = "NotAction" in statement ? !named("NotAction", action, lower) : named("Action", action, lower);
  const resources =
    "NotResource" in statement ? !named("NotResource", resource, same) : named("Resource", resource, same);
  if (!actions || !resources) return false;
  return Object.keys(statement["Condition"] ?? {}).length === 0 ? true : "unclear";
}

const list = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value];

/** Whether a pattern of a policy, in which `*` stands for any characters and `?` for one, describes the whole text. */
function matches(pattern: string, text: string): boolean {
  // Not a regular expression: one with many stars takes exponential time.
  let [p, t, star, resume] = [0, 0, -1, 0];
  while (t < text.length) {
    if (p < pattern.length && pattern[p] === "*") [star, resume, p] = [p, t, p + 1];
    else if (p < pattern.length && (pattern[p] === "?" || pattern[p] === text[t])) [p, t] = [p + 1, t + 1];
    else if (star >= 0) [p, t, resume] = [star + 1, resume + 1, resume + 1];
    else return false;
  }
  return /^\**$/.test(pattern.slice(p));
}
