/**
 * Descriptions of resources in AWS that show which stack created the resource. The stacks write these descriptions, and `fleet` commands
 * compare them.
 */

/** Start of the description of the function. @param instanceName alias of the Connect instance */
export const answersInstance = (instanceName: string): string => `Answers Connect instance ${instanceName}:`;

/** Start of the description of the canary. @param functionName name of the function that the canary tests */
export const asksFunction = (functionName: string): string => `Asks ${functionName} about numbers that are listed`;

/** The function that a canary with this description tests; undefined if no canary has such a description. */
export const askedFunction = (description: string | undefined): string | undefined =>
  /^Asks (\S+) about numbers that are listed/.exec(description ?? "")?.[1];

/** Start of the description of a role. @param functionName name of the function that has the role */
export const runsFunction = (functionName: string): string => `Runs ${functionName}: may query one index of`;

/** End of the description of a module or flow. */
export const managedBy = (stackName: string): string => `Managed by Terraform (${stackName}).`;

/**
 * Whether a description in AWS shows that the same stack created the resource. Only the part that names the stack, the instance or the
 * function is compared, because a later version of this project may change the rest of the text.
 *
 * @param own complete description that the stack gives the resource, or the start of that description
 */
export function isOwnDescription(own: string, actual: string | undefined): boolean {
  const stack = managingStack(own);
  if (stack !== undefined) return actual?.includes(`Managed by Terraform (${stack})`) === true;
  return actual?.startsWith(own.split(" ").slice(0, 4).join(" ")) === true;
}

/** The name of the stack at the end of a description, as {@link managedBy} writes it; undefined if the description names no stack. */
export const managingStack = (description: string | undefined): string | undefined =>
  /Managed by Terraform \(([^()]+)\)\.?$/.exec(description ?? "")?.[1];

/**
 * Whether a stack of the instance wrote the description. For a role or a canary, any function name is accepted, because the function may
 * have been renamed.
 */
export const isFromStackOf = (
  instance: { stackName: string; name: string },
  description: string | undefined,
): boolean =>
  [managedBy(instance.stackName), answersInstance(instance.name)].some((own) => isOwnDescription(own, description)) ||
  /^Runs \S+: may query one index of/.test(description ?? "") ||
  askedFunction(description) !== undefined;
