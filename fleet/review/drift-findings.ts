/** What is not as it was deployed, read from a plan: what changed, who probably did it, and what it means for calls. */
import { indexName } from "../../config/aws-names";
import type { InstanceConfig } from "../../config/types";
import { isOfCanary } from "../guard/managed-types";
import type { PlanJson, ResourceChange } from "../terraform/plan-json";
import { itemsOf, textAt } from "../terraform/json-values";
import { linesOf } from "./diff";
import { policyLines } from "./permission-diff";

export interface Finding {
  /** `theirs`: the table owner's, which plans follow. `ours`: call blocking is not as it was deployed. `pending`: not deployed yet. */
  readonly whose: "theirs" | "ours" | "pending";
  /** One sentence. */
  readonly what: string;
  /** Who probably did it; absent where nobody needs to be asked. */
  readonly who?: string;
  /** What it means and what to do. */
  readonly then?: string;
  /** Where it differs, a line for each place, as in a review: `~ timeout: 3 → 30`. */
  readonly diff: readonly string[];
}

const somebody = "Somebody in the AWS console, or another program; CloudTrail names them.";
const deployAgain = "A deployment puts it back: npm run fleet -- plan, then deploy.";

type Values = Readonly<Partial<Record<string, unknown>>>;

/** What each of our resources is called, and what calls lose while it is gone. */
const ours: Readonly<Record<string, { readonly what: string; readonly gone: string }>> = {
  aws_lambda_function: { what: "The function", gone: "No call is blocked: the module's Lambda block fails." },
  aws_lambda_alias: {
    what: "The alias that the module calls",
    gone: "No call is blocked: the module's Lambda block fails.",
  },
  aws_lambda_permission: {
    what: "Connect's permission to invoke the function",
    gone: "No call is blocked: the module's Lambda block fails.",
  },
  aws_connect_lambda_function_association: {
    what: "The function's association with the Connect instance",
    gone: "No call is blocked: the module's Lambda block fails.",
  },
  aws_connect_contact_flow_module: { what: "The flow module", gone: "Flows that invoke it take their error branch." },
  aws_connect_contact_flow: { what: "The inbound flow", gone: "Numbers that were led to it reach nothing." },
  aws_iam_role: { what: "The function's role", gone: "No call is blocked: the function cannot run." },
  aws_iam_role_policy: {
    what: "The policy of the function's role",
    gone: "No call is blocked: the function may not ask the table.",
  },
  aws_cloudwatch_log_group: {
    what: "The function's log group",
    gone: "Calls are blocked, but neither logged nor counted.",
  },
};

/** What watches the rest: no call is lost with it. */
function watching(resource: ResourceChange): { readonly what: string; readonly gone: string } | undefined {
  const isWatching = /^aws_(sns|cloudwatch_(metric_alarm|dashboard|event))/.test(resource.type) || isOfCanary(resource);
  return isWatching
    ? { what: resource.address, gone: "Calls are blocked, but nobody hears when that stops." }
    : undefined;
}

/** Attributes that follow from others, or that AWS writes, beside those that no review tells. */
const derived = /^(version|outdated|stream_)/;

/** Everything that differs from what was deployed. Not among it: what a plan without any drift would change, unless that is all. */
export function driftFindings(plan: PlanJson, instance: InstanceConfig): readonly Finding[] {
  const repaired = new Map(
    plan.resource_changes
      .filter(({ mode, change }) => mode === "managed" && change.actions.join() !== "no-op")
      .map((one) => [one.address, one]),
  );
  const findings = plan.resource_drift.flatMap((drift) =>
    drift.type === "aws_dynamodb_table"
      ? tableFindings(drift, repaired.has(drift.address), instance)
      : ownFindings(drift, repaired.get(drift.address)),
  );
  const drifted = new Set(plan.resource_drift.map(({ address }) => address));
  const others = [...repaired.values()].filter(({ address }) => !drifted.has(address));
  const isDrift = findings.some(({ whose }) => whose === "ours");
  if (others.length === 0 || isDrift) return findings;
  const what = `The configuration is newer than what is deployed: ${others.map(({ address, change }) => `${address} (${change.actions.join(" and ")})`).join(", ")}.`;
  return [...findings, { whose: "pending", what, then: "A deployment is due.", diff: [] }];
}

function tableFindings(drift: ResourceChange, isRepaired: boolean, instance: InstanceConfig): Finding[] {
  const { name } = instance.table;
  const [before, after] = [drift.change.before as Values, drift.change.after as Values | null];
  if (after === null) {
    const what = `The table ${name} is gone.`;
    return [
      {
        whose: "ours",
        what,
        who: "Its owner, or somebody with the right to delete it.",
        then: `No call is blocked. ${restored}`,
        diff: [],
      },
    ];
  }
  const findings: Finding[] = [];
  const isGone = hasOurIndex(before) && !hasOurIndex(after);
  if (isGone) {
    findings.push({
      whose: "ours",
      what: `${indexName} is gone from ${name}.`,
      who: "The table was restored from a backup or made anew, or somebody deleted the index.",
      then: `No call is blocked until it is built again. ${deployAgain}`,
      diff: [],
    });
  }
  // The definitions of attributes follow from the indexes; ours, if it is gone, was told above.
  const indexes = indexesOf(before).filter((index) => !isGone || textAt(index, "name") !== indexName);
  const diff = diffOf(drift, { ...before, attribute: after["attribute"], global_secondary_index: indexes }, after);
  if (diff.length > 0) {
    const then =
      isRepaired && findings.length === 0
        ? "The next plan says what it does about that."
        : "Plans follow it: nothing to do.";
    findings.push({
      whose: "theirs",
      what: `The owner of ${name} changed it.`,
      who: "ConnectPath's vendor, or autoscaling.",
      then,
      diff,
    });
  }
  return findings;
}

const restored = "If it was restored under another name, set tableName for this instance.";

const indexesOf = (table: Values): readonly unknown[] => itemsOf(table["global_secondary_index"]);

const hasOurIndex = (table: Values): boolean => indexesOf(table).some((index) => textAt(index, "name") === indexName);

function ownFindings(drift: ResourceChange, repair: ResourceChange | undefined): Finding[] {
  const { address, type, change } = drift;
  const { what, gone } = watching(drift) ?? ours[type] ?? { what: address, gone: "" };
  if (change.after === null) {
    return [
      { whose: "ours", what: `${what} is gone.`, who: somebody, then: `${gone} ${deployAgain}`.trim(), diff: [] },
    ];
  }
  // What Terraform would not put back is no setting of ours.
  if (repair === undefined) return [];
  const [before, after] = [change.before as Values, change.after as Values];
  return [
    {
      whose: "ours",
      what: `${what} was changed.`,
      who: somebody,
      then: deployAgain,
      diff: withCode(before, after, diffOf(drift, before, after)),
    },
  ];
}

/** New code shows only in attributes that follow from it. */
function withCode(before: Values, after: Values, diff: readonly string[]): readonly string[] {
  return before["code_sha256"] === after["code_sha256"] ? diff : [...diff, "code: another zip than was deployed"];
}

/** The lines of a review, for these values of the resource. */
function diffOf(drift: ResourceChange, before: Values, after: Values): readonly string[] {
  const [was, is] = [before, after].map((values) =>
    Object.fromEntries(Object.entries(values).filter(([key]) => !derived.test(key))),
  );
  const resource = { ...drift, change: { ...drift.change, before: was, after: is } };
  return [...linesOf(resource), ...policyLines(resource)].map(({ sign, text }) => `${sign} ${text}`);
}
