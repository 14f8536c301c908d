/** Verifies several instances at the same time, and reports the progress. */
import type { InstanceConfig } from "../../../config/types";
import { instanceClients } from "../../aws/instance-clients";
import { forEachStack } from "../../plans/for-each-stack";
import { instanceReport, type InstanceReport } from "../finding";
import { verifyInstance } from "./verify";

export type VerifiedStack = InstanceReport<"unproven">;

/** @returns one report per instance, in the order of `instances` */
export async function verifyInstances(instances: readonly InstanceConfig[]): Promise<readonly VerifiedStack[]> {
  const options = { parallel: Infinity, kind: "verify", shutdown: { isStopping: false } } as const;
  const verified = await forEachStack(instances, options, (instance) => ({
    work: (step) => {
      step("verifying");
      return verifyStack(instance);
    },
    describe: ({ outcome }) => outcome,
  }));
  return verified.flatMap(({ result }) => result ?? []);
}

async function verifyStack(instance: InstanceConfig): Promise<VerifiedStack> {
  const clients = instanceClients(instance);
  try {
    return instanceReport(instance.stackName, await verifyInstance(instance, clients));
  } finally {
    clients.destroy();
  }
}
