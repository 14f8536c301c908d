/** Finds the other users of a role that a stack adopts: functions, other principals in its trust policy, and another region. */
import type { Role } from "@aws-sdk/client-iam";
import type { LambdaClient } from "@aws-sdk/client-lambda";
import type { InstanceConfig } from "../../config/types";
import { functionsOf } from "./lambda-function";

/** Service that runs functions. */
const lambdaService = "lambda.amazonaws.com";

/** One text for each other user of the role, such as `the function billing`. Functions of other regions show only in the last use. */
export async function otherUsersOf(
  role: Role,
  { function: own, region }: InstanceConfig,
  lambda: LambdaClient,
): Promise<readonly string[]> {
  const functions = (await functionsOf(lambda))
    .filter(({ Role: arn, FunctionName }) => arn === role.Arn && FunctionName !== own.name)
    .map(({ FunctionName = "" }) => `the function ${FunctionName}`);
  const principals = otherPrincipals(trustPolicyOf(role)).map((principal) => `${principal} (may assume the role)`);
  const lastRegion = role.RoleLastUsed?.Region ?? region;
  const elsewhere = lastRegion === region ? [] : [`something in ${lastRegion} (IAM's last recorded use of the role)`];
  return [...functions, ...principals, ...elsewhere];
}

/** Why a role with other users is not adopted, and what to do. */
export const sharedRole = (
  { name, function: own }: InstanceConfig,
  users: readonly string[],
): { readonly what: string; readonly fix: string } => ({
  what:
    `The role ${own.roleName}, which would be adopted, is used by others too: ${users.join(", ")}. ` +
    "They would lose their permissions, because the deployment keeps only those of call blocking.",
  fix:
    `Set another function.roleName for ${name} and remove adoptExisting.role: the function then gets a new role. ` +
    "Or give the others another role first.",
});

/** The trust policy as JSON. IAM returns it percent-encoded. */
export const trustPolicyOf = ({ AssumeRolePolicyDocument = "" }: Role): string =>
  decodeURIComponent(AssumeRolePolicyDocument);

/** The principals besides Lambda that a trust policy allows to assume the role. */
function otherPrincipals(trustPolicy: string): readonly string[] {
  if (trustPolicy === "") return [];
  let document: { readonly Statement?: unknown };
  try {
    document = JSON.parse(trustPolicy) as { readonly Statement?: unknown };
  } catch {
    return ["an unreadable trust policy"];
  }
  const statements = [document.Statement ?? []].flat() as readonly {
    readonly Effect?: string;
    readonly Principal?: string | Readonly<Record<string, string | readonly string[]>>;
    readonly NotPrincipal?: unknown;
  }[];
  const allowed = statements.filter(({ Effect }) => Effect === "Allow");
  const principals = allowed.flatMap(({ Principal = {}, NotPrincipal }) => [
    ...(NotPrincipal === undefined ? [] : ["everyone except some principals"]),
    ...(typeof Principal === "string" ? [Principal] : Object.values(Principal).flat()),
  ]);
  return [...new Set(principals)].filter((principal) => principal !== lambdaService);
}
