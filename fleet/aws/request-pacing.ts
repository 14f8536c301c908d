/** Sends the requests of one AWS client at a limited rate. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ConnectClient, ServiceInputTypes, ServiceOutputTypes } from "@aws-sdk/client-connect";
import type { FinalizeRequestMiddleware } from "@smithy/types";

/**
 * Connect allows two requests per second for each operation, account and region. A check that reads many flows must leave capacity to
 * other programs, so all its requests together stay below that rate.
 * https://docs.aws.amazon.com/connect/latest/adminguide/amazon-connect-service-limits.html
 */
export const connectRequestIntervalMs = 500;

/**
 * Delays each request of the client, and each retry, until `intervalMs` after the previous one.
 *
 * @param intervalMs milliseconds from the start of one request to the start of the next one
 */
export function paceRequests(client: ConnectClient, intervalMs: number = connectRequestIntervalMs): void {
  let nextStart = 0;
  const pace: FinalizeRequestMiddleware<ServiceInputTypes, ServiceOutputTypes> = (next) => async (args) => {
    const now = Date.now();
    const start = Math.max(now, nextStart);
    nextStart = start + intervalMs;
    if (start > now) await sleep(start - now);
    return next(args);
  };
  // This place in the stack runs for each retry, and before the request is signed.
  client.middlewareStack.addRelativeTo(pace, {
    relation: "after",
    toMiddleware: "retryMiddleware",
    name: "pacing",
  });
}
