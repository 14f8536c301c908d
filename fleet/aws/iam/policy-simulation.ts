/** Decides whether the policies of a role allow a request, without calling IAM's own simulator. */

/** `unclear`: the result depends on a condition that cannot be evaluated here. */
export type SimulatedAccess = "allowed" | "denied" | "not allowed" | "unclear";

export interface AccessRequest {
  /** Such as `dynamodb:Query`. */
  readonly action: string;
  /** ARN. */
  readonly resource: string;
  /** All condition keys of the request. Undefined if they are not known: every condition is then unclear. */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * Decides as IAM does within one account: an explicit deny has precedence over an allow. Without a deny or an allow, access is not allowed. Permissions boundaries
 * and policies of the organization are not evaluated.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 *
 * @param documents policies, as JSON text or parsed
 */
export function simulatePolicy(documents: readonly (string | object)[], request: AccessRequest): SimulatedAccess {
  const statements = documents
    .map((document) => (typeof document === "string" ? JSON.parse(document) : document) as Json)
    .flatMap((document) => asList(document["Statement"]) as readonly Json[])
    .map((statement) => ({ effect: statement["Effect"], match: matchStatement(statement, request) }));
  const has = (effect: string, match: boolean | "unclear"): boolean =>
    statements.some((statement) => statement.effect === effect && statement.match === match);
  if (has("Deny", true)) return "denied";
  if (has("Deny", "unclear")) return "unclear";
  if (has("Allow", true)) return "allowed";
  return has("Allow", "unclear") ? "unclear" : "not allowed";
}

/** Whether a statement applies to the request. */
function matchStatement(statement: Json, { action, resource, context }: AccessRequest): boolean | "unclear" {
  const lists = (key: string, text: string, normalize: (text: string) => string): boolean =>
    asList(statement[key]).some((pattern) => matchesPattern(normalize(String(pattern)), normalize(text)));
  const lower = (text: string): string => text.toLowerCase();
  const same = (text: string): string => text;
  const hasAction = "NotAction" in statement ? !lists("NotAction", action, lower) : lists("Action", action, lower);
  const hasResource =
    "NotResource" in statement ? !lists("NotResource", resource, same) : lists("Resource", resource, same);
  return (
    hasAction &&
    hasResource &&
    matchConditions((statement["Condition"] ?? {}) as Readonly<Record<string, Json>>, context)
  );
}

/** All conditions must hold. Operators other than the two that this project's policies use are unclear. */
function matchConditions(
  conditions: Readonly<Record<string, Json>>,
  context: AccessRequest["context"],
): boolean | "unclear" {
  const results = Object.entries(conditions).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, value]): boolean | "unclear" => {
      if (context === undefined) return "unclear";
      const requested = asList(context[key]);
      const allowed = asList(value);
      if (operator === "StringEquals") return allowed.some((value) => requested.includes(value));
      if (operator === "ForAllValues:StringEquals") return requested.every((value) => allowed.includes(value));
      return "unclear";
    }),
  );
  if (results.includes(false)) return false;
  return results.includes("unclear") ? "unclear" : true;
}

const asList = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value];

/** Whether the whole text matches a pattern in which `*` is any text and `?` is one character. */
function matchesPattern(pattern: string, text: string): boolean {
  // A regular expression with many stars would take exponential time.
  let [p, t, star, resume] = [0, 0, -1, 0];
  while (t < text.length) {
    if (p < pattern.length && pattern[p] === "*") [star, resume, p] = [p, t, p + 1];
    else if (p < pattern.length && (pattern[p] === "?" || pattern[p] === text[t])) [p, t] = [p + 1, t + 1];
    else if (star >= 0) [p, t, resume] = [star + 1, resume + 1, resume + 1];
    else return false;
  }
  return /^\**$/.test(pattern.slice(p));
}
