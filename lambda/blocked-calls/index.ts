/** The Lambda function `blockedCalls`: answers Connect whether a caller is blocked. */
import { startCallBlocking } from "./handler";

/** `console.log` would put a prefix before the line, and CloudWatch would see no metrics in it. */
export const { handler, connected } = startCallBlocking(process.env, (line) => process.stdout.write(line));
