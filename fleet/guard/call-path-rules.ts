/** What a call in progress depends on: the module that flows name by its id, and the function behind its association and alias. */
import { aliasName } from "../../config/aws-names";
import type { InstanceConfig } from "../../config/types";
import { isReplacedInTime } from "./own-rules";
import { ALIAS, ASSOCIATION, FLOW, FUNCTION, isOnCallPath, MODULE, managedTypes, PERMISSION } from "./managed-types";
import type { PlanJson, ResourceChange } from "../terraform/plan-json";
import type { Rule, Violation } from "./rule";
import { isMarked, itemsOf, listed, textAt, valueAt } from "../terraform/json-values";

const allowIt = "If that is meant, write an allowance for it into the environment file";
const openCalls = "Calls are let through meanwhile: the module's error branch sets nomatch.";

/** No gap while something is replaced, and nothing left behind that asks what is gone. */
export const callPath: Rule = (plan, instance) => [...gaps(plan, instance), ...dangling(plan, instance)];

function gaps(plan: PlanJson, instance: InstanceConfig): Violation[] {
  return plan.resource_changes.flatMap((resource): Violation[] => {
    const { address, type, deposed, change, mode } = resource;
    const actions = change.actions.join();
    if (mode !== "managed" || !isOnCallPath(resource) || !/delete|forget/.test(actions)) return [];
    if (isReplacedInTime(resource, plan)) return [];
    if (instance.release !== undefined && change.actions.length === 1) return [];
    const refuse = (what: string, fix: string): Violation[] => [{ rule: "call-path", address, what, fix }];
    const thing = managedTypes[type]?.what ?? type;
    if (type === MODULE || type === FLOW) {
      const callers =
        type === MODULE
          ? "every flow that invokes it names it by its id and takes its error branch from then on, so no caller is blocked"
          : "telephone numbers and flows that lead to it name it by its id, and their calls end there";
      return actions.includes("create")
        ? refuse(
            `${capital(thing)} ${textAt(change.before, "name") ?? ""} of instance ${instance.name} would get another id: ${callers}.`,
            "Change it in place. Where the Connect instance itself was made anew, nothing runs there yet: " +
              lowercase(allowIt) +
              ".",
          )
        : refuse(
            `${capital(thing)} ${textAt(change.before, "name") ?? ""} would be taken from instance ${instance.name}: ${callers}.`,
            `Restore it in the stack. ${allowIt}, after no flow leads to it any more; to take call blocking off this instance, set release there.`,
          );
    }
    const until =
      type === ASSOCIATION ? "Connect would refuse to invoke the function" : "the function could not be invoked";
    if (deposed !== undefined || !actions.includes("create")) {
      return refuse(
        `${capital(thing)} would be ${actions.includes("forget") ? "let go of" : "deleted"}, and nothing takes its place: ${until}, and no caller of instance ` +
          `${instance.name} would be blocked. ${openCalls}`,
        `Restore it in the stack; to take call blocking off this instance, set release in its environment file.`,
      );
    }
    return refuse(
      `${capital(thing)} would be deleted first and made anew after that: between the two ${until}, and no caller of instance ${instance.name} would be ` +
        `blocked. ${openCalls}`,
      `Restore create_before_destroy in its lifecycle, so that the new one is there first: function, alias, permission, association, module; the old ones go after that.`,
    );
  });
}

/** What exists after the apply. */
function remaining(plan: PlanJson, type: string): readonly ResourceChange[] {
  return plan.resource_changes.filter(
    ({ mode, type: found, deposed, change }) =>
      mode === "managed" &&
      found === type &&
      deposed === undefined &&
      change.after !== null &&
      /no-op|create|update/.test(change.actions.join()),
  );
}

/** Modules and flows that would ask a function that Connect may not invoke, or that is not there. */
function dangling(plan: PlanJson, instance: InstanceConfig): Violation[] {
  return [MODULE, FLOW].flatMap((type) =>
    remaining(plan, type).flatMap(({ address, change }): Violation[] => {
      const content = textAt(change.after, "content");
      const refuse = (what: string, fix: string): Violation[] => [{ rule: "call-path", address, what, fix }];
      // The inbound flow is written with the module's id; the function it never names.
      if (content === undefined && type === FLOW && isMarked(valueAt(change.after_unknown, "content"))) return [];
      const arns = content === undefined ? undefined : invokedFunctions(content);
      if (arns === undefined) {
        return refuse(
          `What ${managedTypes[type]?.what ?? type} of instance ${instance.name} would do is not known before the apply, so nobody can say whether it still works.`,
          "Write its content into the stack as it is synthesized, and plan again.",
        );
      }
      const home = textAt(change.after, "instance_id");
      return [...new Set(arns)].flatMap((arn) => {
        const lacking = lacks(plan, arn, home);
        if (lacking.length === 0) return [];
        return refuse(
          `${capital(managedTypes[type]?.what ?? type)} would invoke ${arn}, but after the apply there is ${listed(lacking)} for it: every lookup fails, and no ` +
            `caller of instance ${instance.name} is blocked.`,
          "Point the module, the association and the permission at one and the same alias, and let the new association be made before the old one goes.",
        );
      });
    }),
  );
}

/** ARNs that a flow invokes, in any of its blocks; undefined where the content cannot be read. */
function invokedFunctions(content: string): readonly string[] | undefined {
  let flow: unknown;
  try {
    flow = JSON.parse(content);
  } catch {
    return undefined;
  }
  if (!Array.isArray(valueAt(flow, "Actions"))) return undefined;
  return itemsOf(valueAt(flow, "Actions")).flatMap((action) => {
    const arn = textAt(valueAt(action, "Parameters"), "LambdaFunctionARN");
    return arn === undefined ? [] : [arn];
  });
}

/** What the function is short of, of all that Connect needs to invoke it. */
function lacks(plan: PlanJson, arn: string, instanceId: string | undefined): string[] {
  const [, , , , account = "", , name = "", qualifier] = arn.split(":");
  const has = (type: string, expected: Readonly<Record<string, string | undefined>>): boolean =>
    remaining(plan, type).some(({ change }) =>
      Object.entries(expected).every(([key, value]) => textAt(change.after, key) === value),
    );
  const ofInstance = (source: string | undefined): boolean =>
    source?.endsWith(`:${account}:instance/${instanceId ?? ""}`) === true;
  const isPermitted = remaining(plan, PERMISSION).some(({ change: { after } }) => {
    const fits = textAt(after, "function_name") === name && textAt(after, "qualifier") === qualifier;
    return fits && textAt(after, "principal") === "connect.amazonaws.com" && ofInstance(textAt(after, "source_arn"));
  });
  return [
    ...(has(ASSOCIATION, { function_arn: arn, instance_id: instanceId })
      ? []
      : ["no association with the Connect instance"]),
    ...(has(FUNCTION, { function_name: name }) ? [] : ["no function"]),
    ...(has(ALIAS, { function_name: name, name: qualifier ?? aliasName }) ? [] : ["no alias"]),
    ...(isPermitted ? [] : ["no permission for Connect"]),
  ];
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const lowercase = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
