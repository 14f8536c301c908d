/** Time as the scan sees it: the machine's, or a test's. */
import { setTimeout as timeout } from "node:timers/promises";

export interface Clock {
  /** Milliseconds since any moment; never goes backwards. */
  now(): number;
  /** Resolves after so many milliseconds, or at once when the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: async (ms, signal) => {
    try {
      await timeout(ms, undefined, { signal });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  },
};
