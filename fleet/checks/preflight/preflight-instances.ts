/** Runs preflight for several instances, one after the other, until they are done or the user presses Ctrl-C. */
import path from "node:path";
import type { InstanceConfig } from "../../../config/types";
import { instanceClients } from "../../aws/instance-clients";
import type { StopSignal } from "../../output/interrupted";
import { progressOutput } from "../../output/terminal";
import { instanceReport } from "../finding";
import { systemClock } from "./clock";
import { preflightInstance } from "./preflight";
import type { PreflightOptions } from "./preflight";
import type { Preflight } from "./report";
import { progressDirectory, ProgressFiles } from "./scan-progress";

export interface PreflightRun {
  readonly stacks: readonly Preflight[];
  /** The signal that stopped the run. */
  readonly stoppedBy?: StopSignal;
}

/** @param report receives the result of each instance as soon as it is known */
export async function preflightInstances(
  instances: readonly InstanceConfig[],
  options: PreflightOptions,
  report: (stack: Preflight) => void,
): Promise<PreflightRun> {
  const stream = progressOutput;
  const stop = new AbortController();
  let stoppedBy: StopSignal | undefined;
  const onSignal = (signal: StopSignal): void => {
    stoppedBy ??= signal;
    stream.write("\nStopping after the current page. Press Ctrl-C again to stop immediately.\n");
    stop.abort();
  };
  const context = {
    clock: systemClock,
    stop: stop.signal,
    files: new ProgressFiles(path.resolve(progressDirectory)),
    stream,
  };
  const stacks: Preflight[] = [];
  const signals = ["SIGINT", "SIGTERM"] as const;
  // Only once: the second signal ends the process, as it does by default.
  for (const signal of signals) process.once(signal, onSignal);
  try {
    for (const instance of instances) {
      if (stop.signal.aborted) break;
      const clients = instanceClients(instance);
      try {
        const stack = instanceReport(instance.stackName, await preflightInstance(instance, clients, options, context));
        report(stack);
        stacks.push(stack);
      } finally {
        clients.destroy();
      }
    }
    if (stacks.length === instances.length) context.files.removeIfFinished();
  } finally {
    for (const signal of signals) process.removeListener(signal, onSignal);
  }
  return { stacks, ...(stoppedBy === undefined ? {} : { stoppedBy }) };
}
