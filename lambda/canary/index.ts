/** The Lambda function `blockedCalls-canary`: asks `blockedCalls`, on a schedule, what it must know. */
import { runCanary } from "./canary";

/** `console.log` would put a prefix before the line, and CloudWatch would see no metrics in it. */
export const handler = (event: unknown): Promise<void> =>
  runCanary(event, process.env, (line) => process.stdout.write(line));
