/** Looks whether the names of the function and of the canary, of their roles and log groups are free, already ours, or of what is to be taken over. */
import { DescribeLogGroupsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { GetRoleCommand } from "@aws-sdk/client-iam";
import { GetFunctionConfigurationCommand } from "@aws-sdk/client-lambda";
import type { FunctionConfiguration } from "@aws-sdk/client-lambda";
import type { Role } from "@aws-sdk/client-iam";
import { answersInstance, asksFunction, runsFunction } from "../../../config/descriptions";
import type { InstanceConfig } from "../../../config/types";
import { HANDLER } from "../../../lambda/settings";
import { absent } from "../../aws/errors";
import { failed, ok } from "../finding";
import type { InstanceClients } from "../../aws/instance-clients";
import { masked } from "../../output/redact";
import { runCheck } from "./check";
import type { Check, Finding } from "./check";

/** The names of one function of the stack, and what is said of them. */
interface Named {
  /** What the three checks are called. */
  readonly checks: { readonly function: string; readonly role: string; readonly logGroup: string };
  readonly name: string;
  readonly roleName: string;
  readonly logGroupName: string;
  /** Where an environment file gives it another name. */
  readonly settings: { readonly name: string; readonly roleName: string };
  /** How its description begins where this stack made it. */
  readonly description: string;
  /** Whether it answers calls: only that one can be taken over. */
  readonly isOnCallPath: boolean;
}

/**
 * The checks `function name`, `role name` and `log group`, and where there is a canary the same of it: whatever is taken would make
 * the first deployment fail, unless adoptExisting says that it is taken over; and then it has to be there, and to be one that can be.
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
  const canarys = await checksOf(instance, clients, {
    ...canary,
    checks: { function: "canary name", role: "canary role name", logGroup: "canary log group" },
    settings: { name: "alarms.canaryName", roleName: "alarms.canaryRoleName" },
    description: asksFunction(own.name),
    isOnCallPath: false,
  });
  return [...checks, ...canarys];
}

async function checksOf(instance: InstanceConfig, clients: InstanceClients, named: Named): Promise<readonly Check[]> {
  const { name: FunctionName, roleName: RoleName, logGroupName, settings } = named;
  const adoptExisting = named.isOnCallPath ? instance.adoptExisting : undefined;
  const isOurFunction = ({ Description }: FunctionConfiguration): boolean =>
    Description?.startsWith(named.description) === true;
  // Undefined until it was read.
  let existing: FunctionConfiguration | "none" | undefined;
  return [
    await runCheck(named.checks.function, async () => {
      existing = (await absent(clients.lambda.send(new GetFunctionConfigurationCommand({ FunctionName })))) ?? "none";
      if (existing === "none") {
        if (adoptExisting?.function === true) return nothingToAdopt("function", FunctionName, settings.name);
        return ok(`${FunctionName} is free.`);
      }
      if (isOurFunction(existing)) return ok(`${FunctionName} is there already, made by this stack.`);
      return functionFinding(named, adoptExisting?.function === true, existing);
    }),
    await runCheck(named.checks.role, async () => {
      const role = (await absent(clients.iam.send(new GetRoleCommand({ RoleName }))))?.Role;
      if (role === undefined) {
        if (adoptExisting?.role === true) return nothingToAdopt("role", RoleName, settings.roleName);
        return ok(`${RoleName} is free.`);
      }
      if (role.Description?.startsWith(runsFunction(FunctionName)) === true) {
        return ok(`${RoleName} is there already, made by this stack.`);
      }
      return roleFinding(named, adoptExisting?.role === true, role);
    }),
    await runCheck(named.checks.logGroup, async () => {
      const request = new DescribeLogGroupsCommand({ logGroupNamePrefix: logGroupName });
      const { logGroups = [] } = await clients.logs.send(request);
      if (!logGroups.some((group) => group.logGroupName === logGroupName)) {
        if (adoptExisting?.logGroup === true) return nothingToAdopt("logGroup", logGroupName, settings.name);
        return ok(`${logGroupName} is free.`);
      }
      // A log group says nothing of who made it.
      if (typeof existing === "object" && isOurFunction(existing))
        return ok(`${logGroupName} is there, as the function is.`);
      if (adoptExisting?.logGroup === true) {
        return ok(`${logGroupName} is there, and is taken over with its lines; its retention becomes ours.`);
      }
      if (existing === undefined) {
        return failed(
          `${logGroupName} is there, and whether this stack made it shows in the function, which could not be looked at.`,
          `Mend what the check ${named.checks.function} says, and run the command again; leave the log group as it is until then.`,
        );
      }
      return failed(
        `${logGroupName} is there, left by a function of this name: the first deployment would fail when it makes it.`,
        named.isOnCallPath
          ? `Say adoptExisting.logGroup: true for this instance, which takes it over with its lines, delete it, or set ${settings.name} to another name.`
          : `Delete it, or set ${settings.name} to another name.`,
      );
    }),
  ];
}

function functionFinding(named: Named, isAdopted: boolean, existing: FunctionConfiguration): Finding {
  const { name, settings } = named;
  const { Runtime = "none, as an image has", Handler = "none" } = existing;
  const isChangeable = Runtime.startsWith("nodejs") && Handler === HANDLER;
  if (!isAdopted) {
    const found = `a function with the runtime ${Runtime} and the handler ${Handler}`;
    return taken(name, found, existing.Description, settings.name, adoptableAs(named, "function", isChangeable));
  }
  if (isChangeable) {
    return ok(`${name} is there, and is changed in place from ${Runtime}: first its configuration, then its code.`);
  }
  return failed(
    `${name} cannot be changed in place: it has the runtime ${Runtime} and the handler ${Handler}, and while its configuration ` +
      `is new and its code still old, calls need nodejs and ${HANDLER}. The plan would stop at it.`,
    `Set ${settings.name} to another name and remove adoptExisting.function: a new function then takes its place in the module.`,
  );
}

function roleFinding(named: Named, isAdopted: boolean, { Path, Description }: Role): Finding {
  const { roleName, settings } = named;
  const isChangeable = Path === undefined || Path === "/";
  if (!isAdopted) {
    const found = `a role${isChangeable ? "" : ` with the path ${Path}`}`;
    return taken(roleName, found, Description, settings.roleName, adoptableAs(named, "role", isChangeable));
  }
  if (isChangeable) {
    return ok(
      `${roleName} is there, and is taken over: every permission but ours is taken from it once the module calls our function.`,
    );
  }
  return failed(
    `${roleName} has the path ${Path}, as the Lambda console gives it, and a path cannot be changed. The plan would stop at it.`,
    `Set ${settings.roleName} to another name and remove adoptExisting.role: a new role then takes its place.`,
  );
}

/** Whether the function is the one of the instance that answers calls, made by its stack. */
export function isOurs({ name }: InstanceConfig, { Description }: FunctionConfiguration): boolean {
  return Description?.startsWith(answersInstance(name)) === true;
}

/** The key of adoptExisting that takes it over; `unfit`: there is one, but not for it as it is; `never`: there is none. */
type Adoptable = "function" | "role" | "unfit" | "never";

const adoptableAs = ({ isOnCallPath }: Named, key: "function" | "role", isChangeable: boolean): Adoptable =>
  isOnCallPath ? (isChangeable ? key : "unfit") : "never";

function taken(
  name: string,
  what: string,
  description: string | undefined,
  setting: string,
  adoptable: Adoptable,
): Finding {
  const another = `set ${setting} to another name`;
  const fixes: Readonly<Record<Adoptable, string>> = {
    function: `Say adoptExisting.function: true for this instance, which takes it over, or ${another}.`,
    role: `Say adoptExisting.role: true for this instance, which takes it over, or ${another}.`,
    unfit: `It cannot be taken over as it is (adoptExisting): ${another}; ours then takes its place.`,
    never: `Nothing takes over what the canary is called: ${another}, or delete it if nobody needs it.`,
  };
  return failed(
    `${name} is taken by ${what} that this stack did not make (description ${JSON.stringify(masked(description ?? ""))}): the first deployment would fail.`,
    fixes[adoptable],
  );
}

function nothingToAdopt(key: "function" | "role" | "logGroup", name: string, setting: string): Finding {
  return failed(
    `adoptExisting.${key} says that ${name} exists, and it does not: the plan would fail where it imports it.`,
    `Set ${setting} so that it is the name of what exists, or remove adoptExisting.${key}: it is then made.`,
  );
}
