/** Decides for each phone number of an instance whether its calls are checked and a blocked caller is kept away. */
import type { ConnectClient, ListPhoneNumbersSummary } from "@aws-sdk/client-connect";
import type { InstanceConfig } from "../../../config/types";
import { analyzeCoverage, type MarkedFlow, type PathStep, type Verdict } from "../../../flows/coverage/analyze";
import { confirmCoverage } from "../../../flows/coverage/confirm";
import { flowsOfNumbers, phoneNumbersOf } from "../../aws/connect-instance";
import { oneLine } from "../../output/foreign-text";
import { redactFlowText, redactText } from "../../output/redact";
import type { Check } from "../finding";
import { InstanceFlows } from "./flow-world";

/** The coverage of one phone number. The names of the members are part of the JSON output. */
export interface NumberCoverage {
  /** Redacted, unless the whole number was asked for. */
  readonly number: string;
  readonly numberId: string;
  readonly description: string;
  /** The flow with which the number's calls start. Absent if the number has no flow. */
  readonly flow?: { readonly id: string; readonly name: string };
  readonly verdict: Verdict;
  /** The environment file lists the number in `flows.unprotectedNumbers`. The verdict stays as it was found. */
  readonly isDeliberate?: true;
  /** What the path shows. Absent for `protected`. */
  readonly reason?: string;
  /** The path of a blocked caller that proves the verdict. Absent for `protected`. */
  readonly path?: readonly PathStep[];
  /** The block that comes before the check. Only for `checked too late`. */
  readonly passedBlock?: string;
  /** What the simulator found for both callers. Absent if the flow could not be read. */
  readonly simulation?: { readonly blockedCaller: string; readonly unblockedCaller: string };
}

/** The members that all numbers of one flow share. */
type FlowCoverage = Omit<NumberCoverage, "number" | "numberId" | "description" | "isDeliberate">;

/** A number with the pictures of its flows. */
export interface CoveredNumber {
  readonly coverage: NumberCoverage;
  readonly flows: readonly MarkedFlow[];
}

/** @returns one result per phone number, in the order of the numbers. @throws the error of AWS */
export async function coveredNumbers(
  { instanceArn, instanceId, inboundFlow, flows }: InstanceConfig,
  connect: ConnectClient,
  showNumbers: boolean,
): Promise<readonly CoveredNumber[]> {
  const numbers = await phoneNumbersOf(connect, instanceId);
  if (numbers.length === 0) return [];
  const flowIds = await flowsOfNumbers(connect, instanceId);
  const instanceFlows = await InstanceFlows.list(connect, instanceArn);
  const blockedTargets = [flows.whenBlocked, inboundFlow?.whenBlocked].flatMap((whenBlocked) =>
    blockedTargetsOf(whenBlocked, instanceArn),
  );
  const unprotected = new Set(flows.unprotectedNumbers);
  // Many numbers share a flow.
  const results = new Map<string, Promise<FlowCoverage>>();
  const pictures = new Map<string, readonly MarkedFlow[]>();
  const covered: CoveredNumber[] = [];
  for (const summary of [...numbers].sort(byNumber)) {
    const flowId = flowIds.get(summary.PhoneNumberId ?? "");
    let result = results.get(flowId ?? "");
    if (result === undefined) {
      result = flowId === undefined ? Promise.resolve(withoutFlow) : coverFlow(flowId);
      results.set(flowId ?? "", result);
    }
    const isDeliberate = unprotected.has(summary.PhoneNumber ?? "");
    covered.push({
      coverage: { ...identityOf(summary, showNumbers), ...(await result), ...(isDeliberate ? { isDeliberate } : {}) },
      flows: pictures.get(flowId ?? "") ?? [],
    });
  }
  return covered;

  /** Names come from AWS and may contain a phone number. */
  function nameText(name: string): string {
    return oneLine(showNumbers ? name : redactFlowText(name), 200);
  }

  async function coverFlow(id: string): Promise<FlowCoverage> {
    const name = nameText(instanceFlows.nameOf(id));
    const { flow, world } = await instanceFlows.follow(id);
    if ("problem" in flow) return { flow: { id, name }, verdict: "unknown", reason: nameText(flow.problem) };
    const props = { name: id, content: flow.content, world, blockedTargets };
    const coverage = analyzeCoverage(props);
    const named = (one: string): string => nameText(instanceFlows.nameOf(one));
    pictures.set(
      id,
      coverage.flows.map((one) => ({ ...one, flow: named(one.flow) })),
    );
    const { agrees, blocked, unblocked } = await confirmCoverage(props, coverage);
    const simulation = { blockedCaller: nameText(blocked), unblockedCaller: nameText(unblocked) };
    const path = coverage.path?.map(({ flow: one, block, branch }) => ({
      flow: named(one),
      block: nameText(block),
      branch: nameText(branch),
    }));
    if (!agrees) {
      const reason =
        `the analysis says "${coverage.verdict}", but in the simulation a blocked caller ${simulation.blockedCaller} and ` +
        `an unblocked caller ${simulation.unblockedCaller}: ` +
        "this is a defect of this program. Report it with the flow";
      return { flow: { id, name }, verdict: "unknown", reason, ...(path && { path }), simulation };
    }
    return {
      flow: { id, name },
      verdict: coverage.verdict,
      ...(coverage.reason === undefined ? {} : { reason: nameText(coverage.reason) }),
      ...(path && { path }),
      ...(coverage.passed === undefined ? {} : { passedBlock: nameText(coverage.passed) }),
      simulation,
    };
  }
}

const withoutFlow: FlowCoverage = { verdict: "unknown", reason: "no flow is associated with the number" };

const byNumber = (a: ListPhoneNumbersSummary, b: ListPhoneNumbersSummary): number =>
  (a.PhoneNumber ?? "") < (b.PhoneNumber ?? "") ? -1 : 1;

function identityOf(
  { PhoneNumber = "", PhoneNumberId = "", PhoneNumberDescription = "" }: ListPhoneNumbersSummary,
  showNumbers: boolean,
): Pick<NumberCoverage, "number" | "numberId" | "description"> {
  return {
    number: showNumbers ? oneLine(PhoneNumber, 30) : redactText(PhoneNumber),
    numberId: PhoneNumberId,
    description: showNumbers ? oneLine(PhoneNumberDescription, 60) : redactText(PhoneNumberDescription),
  };
}

/** A flow can name a queue or flow by its id or its ARN. */
function blockedTargetsOf(whenBlocked: InstanceConfig["flows"]["whenBlocked"], instanceArn: string): readonly string[] {
  const [kind, target] =
    whenBlocked?.action === "queue"
      ? (["queue", whenBlocked.queueId] as const)
      : whenBlocked?.action === "flow"
        ? (["contact-flow", whenBlocked.flowId] as const)
        : [];
  if (target === undefined) return [];
  const id = target.slice(target.lastIndexOf("/") + 1);
  return [id, `${instanceArn}/${kind}/${id}`];
}

/** The outcome of the check of a number. */
export const outcomeOf = ({ verdict, isDeliberate }: NumberCoverage): Check<"unproven">["outcome"] =>
  verdict === "protected" || isDeliberate === true ? "ok" : verdict === "unknown" ? "unproven" : "failed";

/** The verdict as people see it. */
export const verdictText = ({ verdict, isDeliberate }: NumberCoverage): string =>
  isDeliberate === true && verdict !== "protected" ? "deliberately unprotected" : verdict;
