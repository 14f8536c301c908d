/** Checks the names of function, canary, roles and log groups: free, managed by this stack, or to be adopted. */
import type { FunctionConfiguration } from "@aws-sdk/client-lambda";
import type { Role } from "@aws-sdk/client-iam";
import { answersInstance, asksFunction, isOwnDescription, runsFunction } from "../../../config/descriptions";
import type { InstanceConfig } from "../../../config/types";
import { HANDLER } from "../../../lambda/settings";
import { describeRole } from "../../aws/iam-role";
import { functionConfiguration } from "../../aws/lambda-function";
import { logGroupExists } from "../../aws/log-group";
import { failed, ok } from "../finding";
import type { InstanceClients } from "../../aws/instance-clients";
import { redactText } from "../../output/redact";
import { runCheck } from "./check";
import type { Check, Finding } from "./check";

/** The names of one function of the stack, and how they are checked. */
interface FunctionNames {
  /** Names of the three checks. */
  readonly checks: { readonly function: string; readonly role: string; readonly logGroup: string };
  readonly name: string;
  readonly roleName: string;
  readonly logGroupName: string;
  /** Keys in the environment file that change the names. */
  readonly settings: { readonly name: string; readonly roleName: string };
  /** The description that this stack gives the function, or its beginning. */
  readonly description: string;
  /** Whether the function answers calls. Only this function can be adopted. */
  readonly isOnCallPath: boolean;
}

/**
 * The checks `function name`, `role name` and `log group`, and the same checks for the canary. A name that is already taken makes the
 * first deployment fail, unless `adoptExisting` adopts its resource. A resource to adopt must exist and be suitable.
 */
export async function nameChecks(instance: InstanceConfig, clients: InstanceClients): Promise<readonly Check[]> {
  const { function: own, canary, alarms } = instance;
  const checks = await checksOf(instance, clients, {
    ...own,
    checks: { function: "function name", role: "role name", logGroup: "log group" },
    settings: { name: "function.name", roleName: "function.roleName" },
    description: answersInstance(instance.name),
    isOnCallPath: true,
  });
  if (alarms.canaryMinutes === false) return checks;
  const canaryChecks = await checksOf(instance, clients, {
    ...canary,
    checks: { function: "canary name", role: "canary role name", logGroup: "canary log group" },
    settings: { name: "alarms.canaryName", roleName: "alarms.canaryRoleName" },
    description: asksFunction(own.name),
    isOnCallPath: false,
  });
  return [...checks, ...canaryChecks];
}

async function checksOf(
  instance: InstanceConfig,
  clients: InstanceClients,
  named: FunctionNames,
): Promise<readonly Check[]> {
  const { name: FunctionName, roleName: RoleName, logGroupName, settings } = named;
  const adoptExisting = named.isOnCallPath ? instance.adoptExisting : undefined;
  const isOurFunction = ({ Description }: FunctionConfiguration): boolean =>
    isOwnDescription(named.description, Description);
  // Undefined if it could not be read.
  let existing: FunctionConfiguration | "none" | undefined;
  return [
    await runCheck(named.checks.function, async () => {
      existing = (await functionConfiguration(clients.lambda, FunctionName)) ?? "none";
      if (existing === "none") {
        if (adoptExisting?.function === true) return nothingToAdopt("function", FunctionName, settings.name);
        return ok(`${FunctionName} is free.`);
      }
      if (isOurFunction(existing)) return ok(`${FunctionName} exists already and is managed by this stack.`);
      return functionFinding(named, adoptExisting?.function === true, existing);
    }),
    await runCheck(named.checks.role, async () => {
      const role = await describeRole(clients.iam, RoleName);
      if (role === undefined) {
        if (adoptExisting?.role === true) return nothingToAdopt("role", RoleName, settings.roleName);
        return ok(`${RoleName} is free.`);
      }
      if (isOwnDescription(runsFunction(FunctionName), role.Description)) {
        return ok(`${RoleName} exists already and is managed by this stack.`);
      }
      return roleFinding(named, adoptExisting?.role === true, role);
    }),
    await runCheck(named.checks.logGroup, async () => {
      if (!(await logGroupExists(clients.logs, logGroupName))) {
        if (adoptExisting?.logGroup === true) return nothingToAdopt("logGroup", logGroupName, settings.name);
        return ok(`${logGroupName} is free.`);
      }
      // A log group has no description that names its owner.
      if (typeof existing === "object" && isOurFunction(existing))
        return ok(`${logGroupName} exists and belongs to the function of this stack.`);
      if (adoptExisting?.logGroup === true) {
        return ok(
          `${logGroupName} exists and is adopted with its log events. The deployment changes its retention to the retention of this stack.`,
        );
      }
      if (existing === undefined) {
        return failed(
          `${logGroupName} exists. The log group belongs to this stack if the function belongs to this stack, but the function could not be read.`,
          `Fix the check ${named.checks.function} first, then run the command again. Do not change the log group until then.`,
        );
      }
      return failed(
        `${logGroupName} exists, but not for a function of this stack: the first deployment would fail.`,
        named.isOnCallPath
          ? `Set adoptExisting.logGroup: true for this instance to adopt the log group, delete the log group, or set ${settings.name} to another name.`
          : `Delete the log group, or set ${settings.name} to another name.`,
      );
    }),
  ];
}

function functionFinding(named: FunctionNames, isAdopted: boolean, existing: FunctionConfiguration): Finding {
  const { name, settings } = named;
  const { Runtime = "none (container image)", Handler = "none" } = existing;
  const isChangeable = Runtime.startsWith("nodejs") && Handler === HANDLER;
  if (!isAdopted) {
    const found = `a function with the runtime ${Runtime} and the handler ${Handler}`;
    return nameTaken(name, found, existing.Description, settings.name, adoptableAs(named, "function", isChangeable));
  }
  if (isChangeable) {
    return ok(`${name} (${Runtime}) is adopted and changed in place: first its configuration, then its code.`);
  }
  return failed(
    `${name} cannot be changed in place: it has the runtime ${Runtime} and the handler ${Handler}. The deployment changes the configuration before the code, ` +
      `so the old code must run with nodejs and ${HANDLER}. The plan would be refused.`,
    `Set ${settings.name} to another name and remove adoptExisting.function. The module then calls a new function.`,
  );
}

function roleFinding(named: FunctionNames, isAdopted: boolean, { Path, Description }: Role): Finding {
  const { roleName, settings } = named;
  const isChangeable = Path === undefined || Path === "/";
  if (!isAdopted) {
    const found = `a role${isChangeable ? "" : ` with the path ${Path}`}`;
    return nameTaken(roleName, found, Description, settings.roleName, adoptableAs(named, "role", isChangeable));
  }
  if (isChangeable) {
    return ok(
      `${roleName} exists and is adopted. Once the module calls our function, the deployment removes all permissions that call blocking does not need.`,
    );
  }
  return failed(
    `${roleName} has the path ${Path}, which the Lambda console sets. A path cannot be changed, so the plan would be refused.`,
    `Set ${settings.roleName} to another name and remove adoptExisting.role. A new role is then created.`,
  );
}

/** Whether the function is managed by the stack of the instance. */
export function isOurs({ name }: InstanceConfig, { Description }: FunctionConfiguration): boolean {
  return isOwnDescription(answersInstance(name), Description);
}

/** The key of `adoptExisting`; `unsuitable`: the resource cannot be adopted as it is; `never`: there is no key for it. */
type Adoptable = "function" | "role" | "unsuitable" | "never";

const adoptableAs = ({ isOnCallPath }: FunctionNames, key: "function" | "role", isChangeable: boolean): Adoptable =>
  isOnCallPath ? (isChangeable ? key : "unsuitable") : "never";

function nameTaken(
  name: string,
  resourceText: string,
  description: string | undefined,
  setting: string,
  adoptable: Adoptable,
): Finding {
  const another = `set ${setting} to another name`;
  const fixes: Readonly<Record<Adoptable, string>> = {
    function: `Set adoptExisting.function: true for this instance to adopt the function, or ${another}.`,
    role: `Set adoptExisting.role: true for this instance to adopt the role, or ${another}.`,
    unsuitable: `adoptExisting cannot adopt this resource: ${another}. The deployment then creates a new resource.`,
    never: `The canary's resources cannot be adopted: ${another}, or delete the existing resource if it is not used.`,
  };
  return failed(
    `${name} is the name of ${resourceText} that this stack does not manage (description ${JSON.stringify(redactText(description ?? ""))}): the first deployment would fail.`,
    fixes[adoptable],
  );
}

function nothingToAdopt(key: "function" | "role" | "logGroup", name: string, setting: string): Finding {
  return failed(
    `adoptExisting.${key} is set, but ${name} does not exist. The import would fail during the plan.`,
    `Set ${setting} to the name of an existing resource, or remove adoptExisting.${key} to create a new resource.`,
  );
}
