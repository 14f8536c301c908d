/** Asks the policy simulation about requests whose condition keys are all known. */
import { type AccessRequest, simulatePolicy, type SimulatedAccess } from "../../fleet/aws/iam/policy-simulation";
import type { PolicyDocument } from "../../fleet/aws/iam/statement";

export type { AccessRequest } from "../../fleet/aws/iam/policy-simulation";

/** A request without `context` has no condition keys. */
export const decide = (policies: readonly PolicyDocument[], request: AccessRequest): SimulatedAccess =>
  simulatePolicy(policies, { context: {}, ...request });
