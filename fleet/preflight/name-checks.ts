/** Looks whether the names of the function, its role and its log group are free, or already ours. */
import { DescribeLogGroupsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { GetRoleCommand } from "@aws-sdk/client-iam";
import { GetFunctionConfigurationCommand } from "@aws-sdk/client-lambda";
import type { FunctionConfiguration } from "@aws-sdk/client-lambda";
import type { InstanceConfig } from "../../environments/model/types";
import { absent } from "../aws-error";
import { failed, ok } from "../finding";
import type { InstanceClients } from "../instance-clients";
import { look } from "./check";
import type { Check, Finding } from "./check";
import { masked } from "./masked";

/** The checks `function name`, `role name` and `log group`: whatever is taken would make the first deployment fail. */
export async function nameChecks(instance: InstanceConfig, clients: InstanceClients): Promise<readonly Check[]> {
  const { name: FunctionName, roleName: RoleName, logGroupName } = instance.function;
  let existing: FunctionConfiguration | undefined;
  return [
    await look("function name", async () => {
      existing = await absent(clients.lambda.send(new GetFunctionConfigurationCommand({ FunctionName })));
      if (existing === undefined) return ok(`${FunctionName} is free.`);
      if (isOurs(instance, existing)) return ok(`${FunctionName} is there already, made by this stack.`);
      return taken(
        FunctionName,
        `a function on ${existing.Runtime ?? "no runtime"}`,
        existing.Description,
        "function.name",
      );
    }),
    await look("role name", async () => {
      const role = (await absent(clients.iam.send(new GetRoleCommand({ RoleName }))))?.Role;
      if (role === undefined) return ok(`${RoleName} is free.`);
      if (role.Description?.startsWith(`Runs ${FunctionName}:`) === true) {
        return ok(`${RoleName} is there already, made by this stack.`);
      }
      return taken(RoleName, "a role", role.Description, "function.roleName");
    }),
    await look("log group", async () => {
      const request = new DescribeLogGroupsCommand({ logGroupNamePrefix: logGroupName });
      const { logGroups = [] } = await clients.logs.send(request);
      if (!logGroups.some((group) => group.logGroupName === logGroupName)) return ok(`${logGroupName} is free.`);
      // A log group says nothing of who made it.
      if (existing !== undefined && isOurs(instance, existing))
        return ok(`${logGroupName} is there, as the function is.`);
      return failed(
        `${logGroupName} is there, left by a function of this name: the first deployment would fail when it makes it.`,
        "Say adoptExisting for this instance, which takes it over with its lines, delete it, or set function.name to another name.",
      );
    }),
  ];
}

/** By the description that the stack gives it. */
export function isOurs({ name }: InstanceConfig, { Description }: FunctionConfiguration): boolean {
  return Description?.startsWith(`Answers Connect instance ${name}:`) === true;
}

function taken(name: string, what: string, description: string | undefined, setting: string): Finding {
  return failed(
    `${name} is taken by ${what} that this stack did not make (description ${JSON.stringify(masked(description ?? ""))}): the first deployment would fail.`,
    `Say adoptExisting for this instance, which takes it over, or set ${setting} to another name.`,
  );
}
