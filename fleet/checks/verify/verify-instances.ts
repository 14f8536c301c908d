/** Verifies several instances at the same time, and reports the progress. */
import type { InstanceConfig } from "../../../config/types";
import { instanceClients } from "../../aws/instance-clients";
import { forEachStack } from "../../plans/for-each-stack";
import { instanceReport, type InstanceReport } from "../finding";
import { coverInstance } from "../coverage/cover-instances";
import { coverageChecks } from "../coverage/report";
import type { Check } from "./check";
import { verifyInstance } from "./verify";

export type VerifiedStack = InstanceReport<"unproven">;

/**
 * @param withCoverage also checks the phone numbers
 * @returns one report per instance, in the order of `instances`
 */
export async function verifyInstances(
  instances: readonly InstanceConfig[],
  withCoverage: boolean,
): Promise<readonly VerifiedStack[]> {
  const options = { parallel: Infinity, kind: "verify", shutdown: { isStopping: false } } as const;
  const verified = await forEachStack(instances, options, (instance) => ({
    work: (step) => {
      step("verifying");
      return verifyStack(instance, withCoverage, step);
    },
    describe: ({ outcome }) => outcome,
  }));
  return verified.flatMap(({ result }) => result ?? []);
}

async function verifyStack(
  instance: InstanceConfig,
  withCoverage: boolean,
  step: (text: string) => void,
): Promise<VerifiedStack> {
  const clients = instanceClients(instance);
  let checks: readonly Check[];
  try {
    checks = await verifyInstance(instance, clients);
  } finally {
    clients.destroy();
  }
  if (!withCoverage || instance.release !== undefined) return instanceReport(instance.stackName, checks);
  step("reading flows");
  const coverage = await coverInstance(instance, false);
  return instanceReport(instance.stackName, [...checks, ...coverageChecks(coverage)]);
}
