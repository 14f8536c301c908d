/** The Lambda function `blockedCalls`: tells Connect whether a caller is blocked. */
import { createHandler } from "./handler";

/** `console.log` would add a prefix to the line, and CloudWatch would then find no metrics in it. */
export const { handler, connected } = createHandler(process.env, (line) => process.stdout.write(line));
