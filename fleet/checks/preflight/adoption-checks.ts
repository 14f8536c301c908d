/**
 * Lists what an adoption would change on existing resources. An adoption is refused if the guard would refuse its plan, if others use the
 * role, or if the function already has the alias.
 */
import { aliasName } from "../../../config/aws-names";
import { isOwnDescription, runsFunction } from "../../../config/descriptions";
import type { InstanceConfig } from "../../../config/types";
import { describeModule } from "../../aws/connect-instance";
import { describeRole, policiesOfRole } from "../../aws/iam-role";
import type { InstanceClients } from "../../aws/instance-clients";
import { describeAlias, functionConfiguration, functionProtection } from "../../aws/lambda-function";
import { describeLogGroup, logGroupTags } from "../../aws/log-group";
import { otherUsersOf, sharedRole } from "../../aws/role-users";
import { functionChanges, logGroupChanges, moduleChanges, roleChanges } from "../../plans/adoption-changes";
import type { AdoptionChanges } from "../../plans/adoption-changes";
import { failed, ok } from "../finding";
import { runCheck } from "./check";
import type { Check, Finding } from "./check";
import { ownerOf } from "./connect-checks";
import type { ConnectResult } from "./connect-checks";
import { isOurs } from "./name-checks";

/** The resource does not exist, or this stack manages it already: the checks of names report both. */
const notAdopted: Finding = ok("");

const findingOf = ({ text, refusal }: AdoptionChanges): Finding =>
  refusal === undefined ? ok(text) : failed(`${refusal.what} The plan is refused. ${text}`, refusal.fix);

/** One check for each existing resource that `adoptExisting` names and that this stack does not manage yet. */
export async function adoptionChecks(
  instance: InstanceConfig,
  clients: InstanceClients,
  { module }: ConnectResult,
): Promise<readonly Check[]> {
  const { adoptExisting, function: own } = instance;
  const checks: Check[] = [];
  const add = async (name: string, find: () => Promise<Finding>): Promise<boolean> => {
    const check = await runCheck(name, find);
    const isAdopted = check.detail !== notAdopted.detail;
    if (isAdopted) checks.push(check);
    return isAdopted;
  };
  if (adoptExisting?.function === true) {
    const isForeign = await add("adopted function", async () => {
      const live = await functionConfiguration(clients.lambda, own.name);
      if (live === undefined || isOurs(instance, live)) return notAdopted;
      const protection = await functionProtection(clients.lambda, live.FunctionArn ?? own.name);
      return findingOf(functionChanges(instance, live, protection));
    });
    if (isForeign) await add("adopted alias", () => aliasFinding(instance, clients));
  }
  if (adoptExisting?.role === true) {
    await add("adopted role", async () => {
      const live = await describeRole(clients.iam, own.roleName);
      if (live === undefined || isOwnDescription(runsFunction(own.name), live.Description)) return notAdopted;
      const users = await otherUsersOf(live, instance, clients.lambda);
      if (users.length > 0) {
        const { what, fix } = sharedRole(instance, users);
        return failed(`${what} The plan is refused.`, fix);
      }
      return findingOf(roleChanges(instance, live, await policiesOfRole(clients.iam, own.roleName)));
    });
  }
  if (adoptExisting?.logGroup === true) {
    await add("adopted log group", async () => {
      const live = await describeLogGroup(clients.logs, own.logGroupName);
      if (live === undefined) return notAdopted;
      return findingOf(logGroupChanges(instance, live, await logGroupTags(clients.logs, own.logGroupArn)));
    });
  }
  const moduleId = adoptExisting?.moduleId;
  if (moduleId !== undefined && module !== undefined) {
    await add("adopted module", async () => {
      const live =
        module !== "none" && module.Id === moduleId
          ? module
          : await describeModule(clients.connect, instance.instanceId, moduleId);
      if (live === undefined || ownerOf(instance, live.Description) !== undefined) return notAdopted;
      return findingOf(moduleChanges(instance, live));
    });
  }
  return checks;
}

async function aliasFinding(instance: InstanceConfig, { lambda }: InstanceClients): Promise<Finding> {
  const { name } = instance.function;
  const isAdopted = instance.adoptExisting?.alias === true;
  const live = await describeAlias(lambda, name, aliasName);
  if (live === undefined) {
    if (!isAdopted) return notAdopted;
    return failed(
      `adoptExisting.alias is set, but ${name} has no alias ${aliasName}. The import would fail during the plan.`,
      "Remove adoptExisting.alias: the deployment then creates the alias.",
    );
  }
  if (!isAdopted) {
    return failed(
      `${name} has an alias ${aliasName} already (version ${live.FunctionVersion ?? "unknown"}). The deployment would change the function and then fail, ` +
        "because it cannot create the alias. The plan is refused.",
      "Set adoptExisting.alias: true for this instance to adopt the alias, delete the alias, or set function.name to another name.",
    );
  }
  const weights = Object.entries(live.RoutingConfig?.AdditionalVersionWeights ?? {});
  const lost = weights
    .map(([version, weight]) => `; - ${weight * 100} % of its traffic to version ${version}`)
    .join("");
  return ok(
    `The alias ${aliasName} of ${name} is adopted. The deployment changes: ~ version: ${live.FunctionVersion ?? "unknown"} → the version that it publishes${lost}.`,
  );
}
