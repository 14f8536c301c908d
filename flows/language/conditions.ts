/** Evaluates conditions of flow actions as Connect does. */
import { isRecord } from "./json";

/** Name of a condition as a branch of an action: `Equals match`. */
export function conditionName(condition: { readonly Operator: string; readonly Operands: readonly string[] }): string {
  return `${condition.Operator} ${condition.Operands.join(" ")}`;
}

/** Whether the condition is true for `value`. Comparisons are case-sensitive. */
export function conditionMatches(value: unknown, operator: string, operand: string): boolean {
  // Connect accepts this operator but does not document it. The behaviour follows its name.
  if (operator === "KeyExists") return isRecord(value) && Object.hasOwn(value, operand);
  const text = scalarText(value);
  if (text === undefined) return false;
  const [left, right] = [toNumber(text), toNumber(operand)];
  switch (operator) {
    case "Equals":
      return text === operand;
    case "TextStartsWith":
      return text.startsWith(operand);
    case "TextEndsWith":
      return text.endsWith(operand);
    case "TextContains":
      return text.includes(operand);
    // A comparison with NaN is false. In Connect, a comparison is also false if one side is not a number.
    case "NumberGreaterThan":
      return left > right;
    case "NumberGreaterOrEqualTo":
      return left >= right;
    case "NumberLessThan":
      return left < right;
    case "NumberLessOrEqualTo":
      return left <= right;
    default:
      return false;
  }
}

/** Converts a text to a number; NaN for blank text. */
export function toNumber(text: string): number {
  return text.trim() === "" ? NaN : Number(text);
}

/** Converts a string, number or boolean to text; undefined for other values. */
export function scalarText(value: unknown): string | undefined {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : undefined;
}
