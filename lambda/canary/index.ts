/** The Lambda function `blockedCalls-canary`: tests the answers of `blockedCalls` on a schedule. */
import { runCanary } from "./canary";

/** `console.log` would add a prefix to the line, and CloudWatch would then find no metrics in it. */
export const handler = (event: unknown): Promise<void> =>
  runCanary(event, process.env, (line) => process.stdout.write(line));
