/** By what a description in AWS tells that a stack made the thing: written by the stacks, looked for by the commands that look. */

/** How the function's begins. @param instanceName the Connect instance's alias */
export const answersInstance = (instanceName: string): string => `Answers Connect instance ${instanceName}:`;

/** How the canary's begins. @param functionName of the function that it asks */
export const asksFunction = (functionName: string): string => `Asks ${functionName} about numbers that are listed`;

/** How a role's begins. @param functionName of the function that has the role */
export const runsFunction = (functionName: string): string => `Runs ${functionName}:`;

/** How a module's and a flow's ends. */
export const managedBy = (stackName: string): string => `Managed by Terraform (${stackName}).`;

/** The stack that {@link managedBy} names at a description's end; undefined where it names none. */
export const stackOf = (description: string | undefined): string | undefined =>
  /Managed by Terraform \(([^()]+)\)\.?$/.exec(description ?? "")?.[1];
