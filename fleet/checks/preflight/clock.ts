/** The clock of a scan: the system clock, or a simulated one in tests. */
import { setTimeout as timeout } from "node:timers/promises";

export interface Clock {
  /** Monotonic time in milliseconds. */
  now(): number;
  /** Resolves after this time, or immediately when the signal is aborted. */
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
