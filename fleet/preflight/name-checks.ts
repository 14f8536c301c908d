/** Looks whether the names of the function, its role and its log group are free, already ours, or of what is to be taken over. */
import { DescribeLogGroupsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { GetRoleCommand } from "@aws-sdk/client-iam";
import { GetFunctionConfigurationCommand } from "@aws-sdk/client-lambda";
import type { FunctionConfiguration } from "@aws-sdk/client-lambda";
import type { Role } from "@aws-sdk/client-iam";
import type { InstanceConfig } from "../../environments/model/types";
import { absent } from "../aws-error";
import { failed, ok } from "../finding";
import type { InstanceClients } from "../instance-clients";
import { masked } from "../masking";
import { look } from "./check";
import type { Check, Finding } from "./check";

/**
 * What the function's handler must be called for a change in place, as {@link ../../stacks/hand-made} asks it of the plan: a test holds
 * it to the packaged function's.
 */
export const handler = "index.handler";

/**
 * The checks `function name`, `role name` and `log group`: whatever is taken would make the first deployment fail, unless
 * adoptExisting says that it is taken over; and then it has to be there, and to be one that can be.
 */
export async function nameChecks(instance: InstanceConfig, clients: InstanceClients): Promise<readonly Check[]> {
  const { name: FunctionName, roleName: RoleName, logGroupName } = instance.function;
  const { adoptExisting } = instance;
  // Undefined until it was read.
  let existing: FunctionConfiguration | "none" | undefined;
  return [
    await look("function name", async () => {
      existing = (await absent(clients.lambda.send(new GetFunctionConfigurationCommand({ FunctionName })))) ?? "none";
      if (existing === "none") {
        if (adoptExisting?.function === true) return nothingToAdopt("function", FunctionName, "function.name");
        return ok(`${FunctionName} is free.`);
      }
      if (isOurs(instance, existing)) return ok(`${FunctionName} is there already, made by this stack.`);
      return functionFinding(instance, existing);
    }),
    await look("role name", async () => {
      const role = (await absent(clients.iam.send(new GetRoleCommand({ RoleName }))))?.Role;
      if (role === undefined) {
        if (adoptExisting?.role === true) return nothingToAdopt("role", RoleName, "function.roleName");
        return ok(`${RoleName} is free.`);
      }
      if (role.Description?.startsWith(`Runs ${FunctionName}:`) === true) {
        return ok(`${RoleName} is there already, made by this stack.`);
      }
      return roleFinding(instance, role);
    }),
    await look("log group", async () => {
      const request = new DescribeLogGroupsCommand({ logGroupNamePrefix: logGroupName });
      const { logGroups = [] } = await clients.logs.send(request);
      if (!logGroups.some((group) => group.logGroupName === logGroupName)) {
        if (adoptExisting?.logGroup === true) return nothingToAdopt("logGroup", logGroupName, "function.name");
        return ok(`${logGroupName} is free.`);
      }
      // A log group says nothing of who made it.
      if (typeof existing === "object" && isOurs(instance, existing))
        return ok(`${logGroupName} is there, as the function is.`);
      if (adoptExisting?.logGroup === true) {
        return ok(`${logGroupName} is there, and is taken over with its lines; its retention becomes ours.`);
      }
      if (existing === undefined) {
        return failed(
          `${logGroupName} is there, and whether this stack made it shows in the function, which could not be looked at.`,
          "Mend what the check of the function's name says, and run the command again; leave the log group as it is until then.",
        );
      }
      return failed(
        `${logGroupName} is there, left by a function of this name: the first deployment would fail when it makes it.`,
        "Say adoptExisting.logGroup: true for this instance, which takes it over with its lines, delete it, or set function.name to another name.",
      );
    }),
  ];
}

function functionFinding(
  { function: { name }, adoptExisting }: InstanceConfig,
  existing: FunctionConfiguration,
): Finding {
  const { Runtime = "none, as an image has", Handler = "none" } = existing;
  const isChangeable = Runtime.startsWith("nodejs") && Handler === handler;
  if (adoptExisting?.function !== true) {
    const found = `a function with the runtime ${Runtime} and the handler ${Handler}`;
    return taken(name, found, existing.Description, "function.name", isChangeable && "function");
  }
  if (isChangeable) {
    return ok(`${name} is there, and is changed in place from ${Runtime}: first its configuration, then its code.`);
  }
  return failed(
    `${name} cannot be changed in place: it has the runtime ${Runtime} and the handler ${Handler}, and while its configuration ` +
      `is new and its code still old, calls need nodejs and ${handler}. The plan would stop at it.`,
    "Set function.name to another name and remove adoptExisting.function: a new function then takes its place in the module.",
  );
}

function roleFinding({ function: { roleName }, adoptExisting }: InstanceConfig, { Path, Description }: Role): Finding {
  const isChangeable = Path === undefined || Path === "/";
  if (adoptExisting?.role !== true) {
    const found = `a role${isChangeable ? "" : ` with the path ${Path}`}`;
    return taken(roleName, found, Description, "function.roleName", isChangeable && "role");
  }
  if (isChangeable) {
    return ok(
      `${roleName} is there, and is taken over: every permission but ours is taken from it once the module calls our function.`,
    );
  }
  return failed(
    `${roleName} has the path ${Path}, as the Lambda console gives it, and a path cannot be changed. The plan would stop at it.`,
    "Set function.roleName to another name and remove adoptExisting.role: a new role then takes its place.",
  );
}

/** By the description that the stack gives it. */
export function isOurs({ name }: InstanceConfig, { Description }: FunctionConfiguration): boolean {
  return Description?.startsWith(`Answers Connect instance ${name}:`) === true;
}

/** @param adoptable the key of adoptExisting that takes it over, where it can be */
function taken(
  name: string,
  what: string,
  description: string | undefined,
  setting: string,
  adoptable: "function" | "role" | false,
): Finding {
  const another = `set ${setting} to another name`;
  return failed(
    `${name} is taken by ${what} that this stack did not make (description ${JSON.stringify(masked(description ?? ""))}): the first deployment would fail.`,
    adoptable === false
      ? `It cannot be taken over as it is (adoptExisting): ${another}; ours then takes its place.`
      : `Say adoptExisting.${adoptable}: true for this instance, which takes it over, or ${another}.`,
  );
}

function nothingToAdopt(key: "function" | "role" | "logGroup", name: string, setting: string): Finding {
  return failed(
    `adoptExisting.${key} says that ${name} exists, and it does not: the plan would fail where it imports it.`,
    `Set ${setting} so that it is the name of what exists, or remove adoptExisting.${key}: it is then made.`,
  );
}
