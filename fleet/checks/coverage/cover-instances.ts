/** Checks the phone numbers of several instances, and reports the progress. */
import type { InstanceConfig } from "../../../config/types";
import { instanceClients } from "../../aws/instance-clients";
import { paceRequests } from "../../aws/request-pacing";
import { forEachStack } from "../../plans/for-each-stack";
import { checksUnlessSignedOut, type Check, ok } from "../finding";
import { runCheck } from "../verify/check";
import { type CoveredNumber, coveredNumbers, outcomeOf } from "./coverage";
import { saveCoverage } from "./saved-coverage";

export interface CoveredInstance {
  readonly stack: string;
  /** The worst outcome of the numbers: a number that is not protected fails, and an unknown number is unproven. */
  readonly outcome: Check<"unproven">["outcome"];
  readonly numbers: readonly CoveredNumber[];
  /** Why the numbers could not be read, and what to do. */
  readonly failure?: Check<"unproven">;
}

/**
 * Reads the flows at a limited rate.
 *
 * @param showNumbers whether numbers are not redacted
 * @returns one result per instance, in the order of `instances`
 */
export async function coverInstances(
  instances: readonly InstanceConfig[],
  showNumbers: boolean,
): Promise<readonly CoveredInstance[]> {
  // Instances of one account and region share Connect's request limits. They run one after the other.
  const options = { parallel: Infinity, kind: "verify", shutdown: { isStopping: false } } as const;
  const covered = await forEachStack(instances, options, (instance) => ({
    work: (step) => {
      step("reading flows");
      return coverInstance(instance, showNumbers);
    },
    describe: ({ outcome }) => outcome,
  }));
  return covered.flatMap(({ result }) => result ?? []);
}

/** Reads the flows at a limited rate. @param showNumbers whether numbers are not redacted */
export async function coverInstance(instance: InstanceConfig, showNumbers: boolean): Promise<CoveredInstance> {
  const { stackName: stack, release } = instance;
  if (release !== undefined) return { stack, outcome: "ok", numbers: [] };
  const clients = instanceClients(instance);
  paceRequests(clients.connect);
  let numbers: readonly CoveredNumber[] = [];
  try {
    const [check] = await checksUnlessSignedOut(instance.account, async () => [
      await runCheck("coverage", async () => {
        numbers = await coveredNumbers(instance, clients.connect, showNumbers);
        return ok("");
      }),
    ]);
    if (check?.outcome === "failed") return { stack, outcome: "failed", numbers: [], failure: check };
  } finally {
    clients.destroy();
  }
  saveCoverage(instance, numbers);
  const outcomes = numbers.map(({ coverage }) => outcomeOf(coverage));
  const worst = (["failed", "unproven"] as const).find((outcome) => outcomes.includes(outcome));
  return { stack, outcome: numbers.length === 0 ? "unproven" : (worst ?? "ok"), numbers };
}
