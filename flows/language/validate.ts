/** Validates flow and module content as Connect does, with the messages of Connect. */
import { type ActionRule, actionRule, similarType } from "./action-rules";
import { isRecord } from "./json";
import { type ContentKind, FLOW_LANGUAGE_VERSION, type FlowContent, OPERATORS } from "./types";

export interface Problem {
  /** The message of Connect (`Problems[].message` of `InvalidContactFlowModuleException`). */
  readonly message: string;
  /** Path in the content, in the notation of Connect: `Actions[2].Transitions.NextAction`. */
  readonly path: string;
  /** What is allowed and what to do. Connect does not report this. */
  readonly hint: string;
}

/** Maximum number of actions in a flow or module (adminguide, service limits). */
const MAX_ACTIONS = 250;
/** Maximum length of the content of a module in characters (Connect API, `ContactFlowModuleContent`). Flows have no limit in the API. */
const MAX_MODULE_CONTENT_LENGTH = 256_000;

/** Maximum length of a message in characters (Connect API, `ProblemMessageString`). */
const MAX_MESSAGE_LENGTH = 256;

const FORBIDDEN_IN_IDENTIFIER = /[%:(\\/)=$,;[\]{}]/;
const FORBIDDEN_IDENTIFIERS: readonly string[] = [
  "__proto__",
  "constructor",
  "__defineGetter__",
  "__defineSetter__",
  "toString",
  "hasOwnProperty",
  "isPrototypeOf",
  "propertyIsEnumerable",
  "toLocaleString",
  "valueOf",
];

const EMPTY_TEXT_HINT = 'Connect refuses empty strings. Use " " or remove the entry.';

/** Adds a problem: message, path, hint. */
type Report = (message: string, path: string, hint: string) => void;

/**
 * Returns every problem for which Connect would refuse `content`, in the order of the content. An empty list means that Connect accepts it.
 *
 * For action types that are not modelled, only the identifier, the transitions and empty operands are checked. `Metadata` is not checked.
 *
 * @param content the parsed JSON, of any type
 * @param kind the kind of resource to create from the content
 * @see https://docs.aws.amazon.com/connect/latest/devguide/flow-language-actions.html
 */
export function validateContent(content: unknown, kind: ContentKind): Problem[] {
  const problems: Problem[] = [];
  const report: Report = (message, path, hint) => {
    problems.push({ message: message.slice(0, MAX_MESSAGE_LENGTH), path, hint });
  };

  if (!isRecord(content)) {
    report("Content is not a JSON object", "", 'Provide an object with "Version", "StartAction" and "Actions".');
    return problems;
  }
  if (Array.isArray(content["modules"]) && content["Actions"] === undefined) {
    report(
      "Content is in the legacy export format",
      "",
      "Save the flow in the current console and export it again, or use the content that DescribeContactFlow returns.",
    );
    return problems;
  }
  checkVersion(content["Version"], report);
  const actions = checkActions(content["Actions"], report);
  const identifiers = new Set(actions.map((action) => action["Identifier"]).filter((id) => typeof id === "string"));
  checkStart(content["StartAction"], identifiers, report);
  checkIdentifiers(actions, report);
  actions.forEach((action, index) => {
    checkAction(action, `Actions[${index}]`, index, identifiers, kind, report);
  });
  checkSettings(content["Settings"], kind, report);
  if (kind === "module" && JSON.stringify(content).length > MAX_MODULE_CONTENT_LENGTH) {
    report(
      `Content exceeds the maximum length of ${MAX_MODULE_CONTENT_LENGTH}`,
      "",
      `The content has ${JSON.stringify(content).length} characters. Split the module into several modules.`,
    );
  }
  return problems;
}

/**
 * Returns `content` if Connect would accept it.
 *
 * @param label name of the content in the error message, such as `module blockedStatus`
 * @throws Error that lists every problem with its hint
 */
export function requireAccepted(content: FlowContent, kind: ContentKind, label: string): FlowContent {
  const problems = validateContent(content, kind);
  if (problems.length === 0) return content;
  const list = problems.map((problem) => `  ${problem.message}\n    ${problem.hint}`);
  throw new Error(`Connect would refuse ${label}:\n${list.join("\n")}`);
}

/** Returns each unmodelled action type in `content` once. */
export function unmodelledActionTypes(content: FlowContent): string[] {
  return [...new Set(content.Actions.map((action) => action.Type))].filter((type) => actionRule(type) === undefined);
}

function missingField(name: string): string {
  return `JSON field is missing or null for field name: ${name}`;
}
function invalidValue(path: string): string {
  return `Invalid Action property value. Path: ${path}`;
}
function missingProperty(path: string): string {
  return `Action is missing required property. Path: ${path}`;
}

function checkVersion(version: unknown, report: Report): void {
  if (version === undefined || version === null) {
    report(missingField("version"), "Version", `Set Version to "${FLOW_LANGUAGE_VERSION}".`);
  } else if (version !== FLOW_LANGUAGE_VERSION) {
    report("Invalid flow language version. Path: Version", "Version", `Only "${FLOW_LANGUAGE_VERSION}" is accepted.`);
  }
}

function checkActions(value: unknown, report: Report): Readonly<Record<string, unknown>>[] {
  if (value === undefined || value === null) {
    report(missingField("actions"), "Actions", "A flow needs at least one action.");
    return [];
  }
  if (!Array.isArray(value) || value.length === 0 || !value.every(isRecord)) {
    report("Invalid value. Path: Actions", "Actions", "Provide an array with at least one action object.");
    return [];
  }
  if (value.length > MAX_ACTIONS) {
    report(
      `Number of actions exceeds the maximum of ${MAX_ACTIONS}`,
      "Actions",
      `The content has ${value.length} actions. Move some actions to a module.`,
    );
  }
  return value;
}

function checkStart(start: unknown, identifiers: ReadonlySet<unknown>, report: Report): void {
  if (start === undefined || start === null) {
    report(missingField("startAction"), "StartAction", "Set StartAction to the identifier of the first action.");
  } else if (!identifiers.has(start)) {
    report("Invalid value. Path: StartAction", "StartAction", `No action has the identifier ${quote(start)}.`);
  }
}

function checkIdentifiers(actions: readonly Readonly<Record<string, unknown>>[], report: Report): void {
  const seen = new Set<string>();
  actions.forEach((action, index) => {
    const path = `Actions[${index}].Identifier`;
    const id = action["Identifier"];
    if (id === undefined || id === null) {
      report(missingProperty(path), path, "Add an identifier to the action.");
      return;
    }
    const refuse = (hint: string) => {
      report(invalidValue(path), path, `${quote(id)} ${hint}`);
    };
    if (typeof id !== "string" || id.length < 1 || id.length > 50) refuse("is not a string of 1 to 50 characters.");
    else if (FORBIDDEN_IN_IDENTIFIER.test(id)) refuse("contains one of the characters % : ( \\ / ) = $ , ; [ ] { }.");
    else if (FORBIDDEN_IDENTIFIERS.includes(id)) refuse("is a reserved word. Choose another identifier.");
    else if (seen.has(id)) refuse("is already the identifier of an earlier action. Identifiers must be unique.");
    else seen.add(id);
  });
}

function checkAction(
  action: Readonly<Record<string, unknown>>,
  path: string,
  index: number,
  identifiers: ReadonlySet<unknown>,
  kind: ContentKind,
  report: Report,
): void {
  const type = action["Type"];
  if (typeof type !== "string" || type === "") {
    report(missingProperty(`${path}.Type`), `${path}.Type`, 'Set the type of the action, such as "Compare".');
    return;
  }
  const rule = actionRule(type);
  const similar = similarType(type);
  if (similar !== undefined)
    report("Invalid Action type", `${path}.Type`, `Connect has no such type. Use "${similar}".`);
  if (rule?.only !== undefined && rule.only !== kind) {
    report(
      "Invalid Action type",
      `${path}.Type`,
      `${type} is available only in a ${rule.only}. This content is a ${kind}.`,
    );
  }
  if (rule !== undefined) checkParameters(action["Parameters"] ?? {}, rule, type, path, index, report);

  const transitions = action["Transitions"] ?? {};
  const transitionsPath = `${path}.Transitions`;
  if (!isRecord(transitions)) {
    report(invalidValue(transitionsPath), transitionsPath, "Provide an object; a terminal action has {}.");
    return;
  }
  checkTargets(transitions, transitionsPath, identifiers, report);
  if (rule === undefined) {
    listOf(transitions["Conditions"]).forEach((branch, n) => {
      checkOperands(branch["Condition"], `${transitionsPath}.Conditions[${n}].Condition`, index, report);
    });
    return;
  }
  if (rule.terminal) {
    if (Object.values(transitions).some((v) => (Array.isArray(v) ? v.length > 0 : v !== undefined))) {
      const message = `Action does not support transitions. Path: ${transitionsPath}`;
      report(message, transitionsPath, `${type} ends the ${kind}. Set its Transitions to {}.`);
    }
    return;
  }
  if (transitions["NextAction"] === undefined && !rule.nextActionOptional) {
    const next = `${transitionsPath}.NextAction`;
    report(missingProperty(next), next, `Set the action that follows if ${type} succeeds.`);
  }
  const conditions = listOf(transitions["Conditions"]);
  const required = [...rule.requiredErrors, ...(conditions.length > 0 ? (rule.conditionErrors ?? []) : [])];
  checkErrors(listOf(transitions["Errors"]), required, rule, type, path, report);
  checkConditions(conditions, rule, type, path, index, report);
}

function checkParameters(
  parameters: unknown,
  rule: ActionRule,
  type: string,
  actionPath: string,
  index: number,
  report: Report,
): void {
  const path = `${actionPath}.Parameters`;
  if (!isRecord(parameters)) {
    report(invalidValue(path), path, "Provide an object; an action without parameters has {}.");
    return;
  }
  const known = Object.keys(rule.parameters);
  for (const [name, value] of Object.entries(parameters)) {
    const at = `${path}.${name}`;
    const parameter = Object.hasOwn(rule.parameters, name) ? rule.parameters[name] : undefined;
    if (parameter === undefined && otherParametersAllowed(rule, parameters)) {
      const empty = emptyTextWithin(value, at);
      if (empty !== undefined) report(invalidValue(`${index}.Parameter`), empty, EMPTY_TEXT_HINT);
      continue;
    }
    if (parameter === undefined) {
      const allowed = known.length === 0 ? "no parameters" : known.join(", ");
      report(`Invalid Action property name. Path: ${at}`, at, `${type} has ${allowed}.`);
      continue;
    }
    const empty = emptyTextWithin(value, at);
    if (empty !== undefined) {
      // An empty prompt counts as a missing prompt, which checkAlternatives reports.
      if (!rule.oneOf?.includes(name)) {
        const message =
          type === "UpdateContactAttributes"
            ? "Empty value in Parameters.Attributes"
            : invalidValue(`${index}.Parameter`);
        report(message, empty, EMPTY_TEXT_HINT);
      }
      continue;
    }
    const allowed = parameter.value(value, parameters);
    if (allowed !== undefined) report(invalidValue(at), at, `The value is ${quote(value)}. Allowed: ${allowed}.`);
  }
  for (const name of known) {
    const value = parameters[name];
    const isRequired = rule.parameters[name]?.required && !isReplaced(name, rule, parameters);
    if (isRequired && (value === undefined || value === null)) {
      report(missingProperty(`${path}.${name}`), `${path}.${name}`, `${type} requires ${name}.`);
    }
  }
  if (rule.oneOf !== undefined) checkAlternatives(parameters, rule.oneOf, type, path, report);
}

function otherParametersAllowed(rule: ActionRule, parameters: Readonly<Record<string, unknown>>): boolean {
  const other = rule.otherParameters;
  return other === true || (other !== undefined && parameters[other.unless] === undefined);
}

/** Whether other parameters replace the parameter `name`, as the array of a loop replaces its count. */
function isReplaced(name: string, rule: ActionRule, parameters: Readonly<Record<string, unknown>>): boolean {
  return (
    typeof rule.otherParameters === "object" &&
    rule.otherParameters.unless === name &&
    Object.keys(parameters).some((key) => !Object.hasOwn(rule.parameters, key))
  );
}

function checkAlternatives(
  parameters: Readonly<Record<string, unknown>>,
  names: readonly string[],
  type: string,
  path: string,
  report: Report,
): void {
  const given = names.filter((name) => parameters[name] !== undefined && parameters[name] !== "");
  if (given.length === 0) {
    const message = `At least one of [${names.join(", ")}] must be set`;
    report(message, path, `${type} requires exactly one of these parameters. The parameter must not be empty.`);
  } else if (given.length > 1) {
    const message = `Only one of these properties may be defined. Properties: [${given.join(", ")}]`;
    report(message, path, "Keep one and remove the others.");
  }
}

/** Returns the path of the first empty string in `value`, at any depth. */
function emptyTextWithin(value: unknown, path: string): string | undefined {
  if (value === "") return path;
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const found = emptyTextWithin(inner, Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Checks that every target is an action of this content. */
function checkTargets(
  transitions: Readonly<Record<string, unknown>>,
  path: string,
  identifiers: ReadonlySet<unknown>,
  report: Report,
): void {
  const check = (target: unknown, at: string) => {
    if (target === undefined) report(missingProperty(at), at, "Set the target action of this branch.");
    else if (!identifiers.has(target)) report(invalidValue(at), at, `No action has the identifier ${quote(target)}.`);
  };
  if (transitions["NextAction"] !== undefined) check(transitions["NextAction"], `${path}.NextAction`);
  for (const name of ["Errors", "Conditions"]) {
    const branches = transitions[name];
    if (branches === undefined) continue;
    if (!Array.isArray(branches) || !branches.every(isRecord)) {
      report(invalidValue(`${path}.${name}`), `${path}.${name}`, "Provide an array of branch objects.");
      continue;
    }
    branches.forEach((branch, n) => {
      check(branch["NextAction"], `${path}.${name}[${n}].NextAction`);
    });
  }
}

function checkErrors(
  errors: readonly Readonly<Record<string, unknown>>[],
  requiredErrors: readonly string[],
  rule: ActionRule,
  type: string,
  path: string,
  report: Report,
): void {
  const allowed = [...rule.requiredErrors, ...(rule.optionalErrors ?? [])];
  const given = errors.map((error) => error["ErrorType"]);
  for (const required of requiredErrors) {
    if (!given.includes(required)) {
      const message = `Action is missing required error. Error: ${required}, Path: ${path}`;
      report(message, `${path}.Transitions.Errors`, `${type} requires a branch for ${required}.`);
    }
  }
  given.forEach((error, n) => {
    const at = `${path}.Transitions.Errors[${n}].ErrorType`;
    if (typeof error !== "string") {
      report(missingProperty(at), at, "Set the type of the error.");
    } else if (!allowed.includes(error) || given.indexOf(error) < n) {
      const hint = allowed.includes(error)
        ? `${error} occurs twice.`
        : `${type} has ${allowed.join(", ") || "no errors"}.`;
      report(`Invalid Action error. Error: ${error}, Path: ${path}`, at, hint);
    }
  });
}

function checkConditions(
  conditions: readonly Readonly<Record<string, unknown>>[],
  rule: ActionRule,
  type: string,
  actionPath: string,
  index: number,
  report: Report,
): void {
  const path = `${actionPath}.Transitions.Conditions`;
  if (rule.conditions === undefined) {
    if (conditions.length > 0)
      report("Action does not support conditions", path, `${type} has no conditions. Remove the conditions.`);
    return;
  }
  if (rule.conditions === "some" && conditions.length === 0) {
    report(invalidValue(path), path, `${type} requires at least one condition.`);
  }
  conditions.forEach((branch, n) => {
    const at = `${path}[${n}].Condition`;
    const condition = branch["Condition"];
    if (!isRecord(condition)) {
      report(missingProperty(at), at, 'Provide {"Operator": …, "Operands": [one string]}.');
      return;
    }
    checkCondition(condition, at, index, report);
  });
  if (Array.isArray(rule.conditions)) {
    const expected = rule.conditions as readonly string[];
    const operands = conditions.map((branch) => operandOf(branch));
    if (operands.length !== expected.length || !expected.every((e) => operands.includes(e))) {
      report(
        invalidValue(path),
        path,
        `${type} requires exactly the conditions Equals ${expected.join(" and Equals ")}.`,
      );
    }
  }
}

function operandOf(branch: Readonly<Record<string, unknown>>): unknown {
  const condition = branch["Condition"];
  const operands = isRecord(condition) && condition["Operator"] === "Equals" ? condition["Operands"] : undefined;
  return Array.isArray(operands) ? (operands as unknown[])[0] : undefined;
}

function checkCondition(
  condition: Readonly<Record<string, unknown>>,
  path: string,
  index: number,
  report: Report,
): void {
  const operator = condition["Operator"];
  if (!OPERATORS.some((known) => known === operator)) {
    const at = `${path}.Operator`;
    report(invalidValue(at), at, `The value is ${quote(operator)}. Allowed: ${OPERATORS.join(", ")}.`);
  }
  checkOperands(condition, path, index, report);
}

function checkOperands(condition: unknown, path: string, index: number, report: Report): void {
  if (!isRecord(condition)) return;
  const operands = condition["Operands"];
  const operand: unknown = Array.isArray(operands) && operands.length === 1 ? operands[0] : undefined;
  if (typeof operand !== "string") {
    report(invalidValue(`${path}.Operands`), `${path}.Operands`, "Provide exactly one operand, a string.");
  } else if (operand === "") {
    const hint = 'Connect refuses an empty operand. Store a word such as "none" and compare with it.';
    report(`Invalid branch. Path: ${index}.Evaluate`, `${path}.Operands`, hint);
  }
}

function checkSettings(settings: unknown, kind: ContentKind, report: Report): void {
  if (kind === "flow") {
    if (settings !== undefined)
      report("Invalid property name. Path: Settings", "Settings", "Only a module has Settings.");
    return;
  }
  if (settings === undefined || settings === null) {
    const hint = 'A module requires {"InputParameters": [], "OutputParameters": [], "Transitions": []}.';
    report(missingField("settings"), "Settings", hint);
  } else if (!isRecord(settings)) {
    report("Invalid value. Path: Settings", "Settings", "Provide an object.");
  }
}

function listOf(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) && value.every(isRecord) ? value : [];
}

/** Formats a value for a message as truncated JSON. */
function quote(value: unknown): string {
  const json = value === undefined ? "not set" : JSON.stringify(value);
  return json.length > 60 ? `${json.slice(0, 57)}…` : json;
}
