/** Checks flow and module content as Connect does on create and update, and words each problem as Connect words it. */
import { type ActionRule, actionRule } from "./action-rules";
import { isRecord } from "./json";
import { type ContentKind, FLOW_LANGUAGE_VERSION, type FlowContent, OPERATORS } from "./types";

export interface Problem {
  /** The service's own words (`Problems[].message` of `InvalidContactFlowModuleException`). */
  readonly message: string;
  /** Where in the content, as a path the service uses: `Actions[2].Transitions.NextAction`. */
  readonly path: string;
  /** What is allowed and what to do, since the service says neither. */
  readonly hint: string;
}

/** `Actions` of one flow or module (adminguide, service limits). */
export const MAX_ACTIONS = 250;
/** Characters of a module's content (Connect API, `ContactFlowModuleContent`); a flow's has no limit in the API. */
export const MAX_MODULE_CONTENT_LENGTH = 256_000;

/** Characters of one message (Connect API, `ProblemMessageString`). */
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

/** Adds a problem: message, path, hint. */
type Report = (message: string, path: string, hint: string) => void;

/**
 * Every problem that Connect would refuse `content` for, in the order of the content; none means it is accepted.
 *
 * Action types that are not modelled are checked for their identifier and for where they lead, never for their own
 * parameters (`uncheckedActionTypes` names them); unknown `Metadata` is the console's business.
 *
 * @param content the parsed JSON, of any shape
 * @param kind which of the two it will be created as
 * @see https://docs.aws.amazon.com/connect/latest/devguide/flow-language-actions.html
 */
export function validateContent(content: unknown, kind: ContentKind): Problem[] {
  const problems: Problem[] = [];
  const report: Report = (message, path, hint) => {
    problems.push({ message: message.slice(0, MAX_MESSAGE_LENGTH), path, hint });
  };

  if (!isRecord(content)) {
    report("Content is not a JSON object", "", 'Give an object with "Version", "StartAction" and "Actions".');
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
      `It has ${JSON.stringify(content).length} characters; split it into several modules.`,
    );
  }
  return problems;
}

/**
 * `content`, when Connect would accept it.
 *
 * @param what how the error calls the content: `module blockedStatus`
 * @throws Error that lists every problem with its hint
 */
export function requireAccepted(content: FlowContent, kind: ContentKind, what: string): FlowContent {
  const problems = validateContent(content, kind);
  if (problems.length === 0) return content;
  const list = problems.map((problem) => `  ${problem.message}\n    ${problem.hint}`);
  throw new Error(`Connect would refuse ${what}:\n${list.join("\n")}`);
}

/** The action types in `content` that are not modelled, each once: a note for people, since nothing about them was checked. */
export function uncheckedActionTypes(content: unknown): string[] {
  const actions = isRecord(content) && Array.isArray(content["Actions"]) ? (content["Actions"] as unknown[]) : [];
  const types = actions.map((action) => (isRecord(action) ? action["Type"] : undefined));
  return [...new Set(types.filter((type) => typeof type === "string"))].filter((t) => actionRule(t) === undefined);
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
    report(missingField("version"), "Version", `Set it to "${FLOW_LANGUAGE_VERSION}".`);
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
    report("Invalid value. Path: Actions", "Actions", "Give an array of one action object or more.");
    return [];
  }
  if (value.length > MAX_ACTIONS) {
    report(
      `Number of actions exceeds the maximum of ${MAX_ACTIONS}`,
      "Actions",
      `There are ${value.length}; move some into a module.`,
    );
  }
  return value;
}

function checkStart(start: unknown, identifiers: ReadonlySet<unknown>, report: Report): void {
  if (start === undefined || start === null) {
    report(missingField("startAction"), "StartAction", "Name the identifier of the first action.");
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
      report(missingProperty(path), path, "Give every action an identifier.");
      return;
    }
    const refuse = (hint: string) => {
      report(invalidValue(path), path, `${quote(id)} ${hint}`);
    };
    if (typeof id !== "string" || id.length < 1 || id.length > 50) refuse("is not a string of 1 to 50 characters.");
    else if (FORBIDDEN_IN_IDENTIFIER.test(id)) refuse("has one of the characters % : ( \\ / ) = $ , ; [ ] { }.");
    else if (FORBIDDEN_IDENTIFIERS.includes(id)) refuse("is a reserved word; choose another identifier.");
    else if (seen.has(id)) refuse("is the identifier of an earlier action; identifiers are unique.");
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
    report(missingProperty(`${path}.Type`), `${path}.Type`, 'Name the type of the action, such as "Compare".');
    return;
  }
  const rule = actionRule(type);
  if (rule?.only !== undefined && rule.only !== kind) {
    report("Invalid Action type", `${path}.Type`, `${type} is available only in a ${rule.only}; this is a ${kind}.`);
  }
  if (rule !== undefined) checkParameters(action["Parameters"] ?? {}, rule, type, path, index, report);

  const transitions = action["Transitions"] ?? {};
  const transitionsPath = `${path}.Transitions`;
  if (!isRecord(transitions)) {
    report(invalidValue(transitionsPath), transitionsPath, "Give an object; a terminal action has {}.");
    return;
  }
  checkTargets(transitions, transitionsPath, identifiers, report);
  if (rule === undefined) return;
  if (rule.terminal) {
    if (Object.values(transitions).some((v) => (Array.isArray(v) ? v.length > 0 : v !== undefined))) {
      const message = `Action does not support transitions. Path: ${transitionsPath}`;
      report(message, transitionsPath, `${type} ends the contact's way through this ${kind}; its Transitions are {}.`);
    }
    return;
  }
  if (transitions["NextAction"] === undefined) {
    const next = `${transitionsPath}.NextAction`;
    report(missingProperty(next), next, `Name the action that follows when ${type} succeeds.`);
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
    report(invalidValue(path), path, "Give an object; an action without parameters has {}.");
    return;
  }
  const known = Object.keys(rule.parameters);
  for (const [name, value] of Object.entries(parameters)) {
    const at = `${path}.${name}`;
    const parameter = Object.hasOwn(rule.parameters, name) ? rule.parameters[name] : undefined;
    if (parameter === undefined) {
      const allowed = known.length === 0 ? "no parameters" : known.join(", ");
      report(`Invalid Action property name. Path: ${at}`, at, `${type} has ${allowed}.`);
      continue;
    }
    const empty = emptyTextWithin(value, at);
    if (empty !== undefined) {
      // A prompt without text counts as no prompt at all, which is reported below.
      if (!rule.oneOf?.includes(name)) {
        const message =
          type === "UpdateContactAttributes"
            ? "Empty value in Parameters.Attributes"
            : invalidValue(`${index}.Parameter`);
        report(message, empty, 'An empty string is refused everywhere; use " " or leave the entry out.');
      }
      continue;
    }
    const allowed = parameter.value(value, parameters);
    if (allowed !== undefined) report(invalidValue(at), at, `${quote(value)} was given; allowed is ${allowed}.`);
  }
  for (const name of known) {
    const value = parameters[name];
    if (rule.parameters[name]?.required && (value === undefined || value === null)) {
      report(missingProperty(`${path}.${name}`), `${path}.${name}`, `${type} needs ${name}.`);
    }
  }
  if (rule.oneOf !== undefined) checkAlternatives(parameters, rule.oneOf, type, path, report);
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
    report(message, path, `${type} needs exactly one of them, and it may not be empty.`);
  } else if (given.length > 1) {
    const message = `Only one of these properties may be defined. Properties: [${given.join(", ")}]`;
    report(message, path, "Keep one and remove the others.");
  }
}

/** The path of the first empty string in `value`, however deep. */
function emptyTextWithin(value: unknown, path: string): string | undefined {
  if (value === "") return path;
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const found = emptyTextWithin(inner, Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Every place a transition leads to must be an action of this content. */
function checkTargets(
  transitions: Readonly<Record<string, unknown>>,
  path: string,
  identifiers: ReadonlySet<unknown>,
  report: Report,
): void {
  const check = (target: unknown, at: string) => {
    if (target === undefined) report(missingProperty(at), at, "Name the action that this branch leads to.");
    else if (!identifiers.has(target)) report(invalidValue(at), at, `No action has the identifier ${quote(target)}.`);
  };
  if (transitions["NextAction"] !== undefined) check(transitions["NextAction"], `${path}.NextAction`);
  for (const name of ["Errors", "Conditions"]) {
    const branches = transitions[name];
    if (branches === undefined) continue;
    if (!Array.isArray(branches) || !branches.every(isRecord)) {
      report(invalidValue(`${path}.${name}`), `${path}.${name}`, "Give an array of branch objects.");
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
      report(message, `${path}.Transitions.Errors`, `${type} must say where ${required} leads.`);
    }
  }
  given.forEach((error, n) => {
    const at = `${path}.Transitions.Errors[${n}].ErrorType`;
    if (typeof error !== "string") {
      report(missingProperty(at), at, "Name the type of the error.");
    } else if (!allowed.includes(error) || given.indexOf(error) < n) {
      const why = allowed.includes(error)
        ? `${error} is there twice.`
        : `${type} has ${allowed.join(", ") || "no errors"}.`;
      report(`Invalid Action error. Error: ${error}, Path: ${path}`, at, why);
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
    if (conditions.length > 0) report("Action does not support conditions", path, `${type} has none; remove them.`);
    return;
  }
  if (rule.conditions === "some" && conditions.length === 0) {
    report(invalidValue(path), path, `${type} needs at least one condition.`);
  }
  conditions.forEach((branch, n) => {
    const at = `${path}[${n}].Condition`;
    const condition = branch["Condition"];
    if (!isRecord(condition)) {
      report(missingProperty(at), at, 'Give {"Operator": …, "Operands": [one string]}.');
      return;
    }
    checkCondition(condition, at, index, report);
  });
  if (Array.isArray(rule.conditions)) {
    const expected = rule.conditions as readonly string[];
    const operands = conditions.map((branch) => operandOf(branch));
    if (operands.length !== expected.length || !expected.every((e) => operands.includes(e))) {
      report(invalidValue(path), path, `${type} has exactly the conditions Equals ${expected.join(" and Equals ")}.`);
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
    report(invalidValue(at), at, `${quote(operator)} was given; allowed are ${OPERATORS.join(", ")}.`);
  }
  const operands = condition["Operands"];
  const operand: unknown = Array.isArray(operands) && operands.length === 1 ? operands[0] : undefined;
  if (typeof operand !== "string") {
    report(invalidValue(`${path}.Operands`), `${path}.Operands`, "Give exactly one operand, a string.");
  } else if (operand === "") {
    const hint = 'An empty operand is refused; let the compared value be a word such as "none" and compare with that.';
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
    const hint = 'A module needs {"InputParameters": [], "OutputParameters": [], "Transitions": []} here.';
    report(missingField("settings"), "Settings", hint);
  } else if (!isRecord(settings)) {
    report("Invalid value. Path: Settings", "Settings", "Give an object.");
  }
}

function listOf(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) && value.every(isRecord) ? value : [];
}

/** A value as a message shows it: JSON, shortened, since the text of a prompt may be long. */
function quote(value: unknown): string {
  const json = value === undefined ? "nothing" : JSON.stringify(value);
  return json.length > 60 ? `${json.slice(0, 57)}…` : json;
}
