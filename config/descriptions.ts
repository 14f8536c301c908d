/** By what a description in AWS tells that a stack made the thing: written by the stacks, looked for by the commands that look. */

/** How the function's begins. @param instanceName the Connect instance's alias */
export const answersInstance = (instanceName: string): string => `Answers Connect instance ${instanceName}:`;

/** How the canary's begins. @param functionName of the function that it asks */
export const asksFunction = (functionName: string): string => `Asks ${functionName} about numbers that are listed`;

/** How a role's begins. @param functionName of the function that has the role */
export const runsFunction = (functionName: string): string => `Runs ${functionName}:`;

/** How a module's and a flow's ends. */
export const managedBy = (stackName: string): string => `Managed by Terraform (${stackName}).`;

/**
 * Whether a description in AWS shows that the same stack created the resource. Only the part that names the stack, the instance or the
 * function is compared: later versions of this project may word the rest differently.
 *
 * @param own description that the stack gives the resource, or its first words
 */
export function isOwnDescription(own: string, actual: string | undefined): boolean {
  const stack = managingStack(own);
  if (stack !== undefined) return actual?.includes(`Managed by Terraform (${stack})`) === true;
  return actual?.startsWith(own.split(" ").slice(0, 4).join(" ")) === true;
}

/** The stack that {@link managedBy} names at a description's end; undefined where it names none. */
export const managingStack = (description: string | undefined): string | undefined =>
  /Managed by Terraform \(([^()]+)\)\.?$/.exec(description ?? "")?.[1];
