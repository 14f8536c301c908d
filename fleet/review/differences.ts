/** Finds the differences between AWS and the last deployment in a plan, with the probable author, the effect on calls and the fix. */
import { indexName } from "../../config/aws-names";
import type { InstanceConfig } from "../../config/types";
import { driftText, resourceType } from "../../stacks/resource-types";
import type { AttributeValues } from "../../stacks/resource-types";
import { itemsOf, textAt } from "../terraform/json-values";
import type { PlanJson, ResourceChange } from "../terraform/plan-json";
import { attributeLines } from "./diff";
import { policyLines } from "./permission-diff";

/** One difference between AWS, the last deployment and the configuration. */
export interface Difference {
  /**
   * - `vendor change`: the table's owner changed the table. Plans follow the change.
   * - `drift`: our resources are not as they were deployed.
   * - `pending`: the configuration is newer than the deployment.
   */
  readonly kind: "vendor change" | "drift" | "pending";
  /** The difference, as one sentence. */
  readonly what: string;
  /** The probable author; absent for `pending`. */
  readonly author?: string;
  /** Effect on calls, and what to do. */
  readonly remediation?: string;
  /** The different attributes, as in a review: `~ timeout: 3 → 30`. */
  readonly diff: readonly string[];
}

const unknownAuthor = "Probably a user of the AWS console, or another program. CloudTrail records the name.";
const deployAgain = "To restore the configuration, deploy again: npm run fleet -- plan, then deploy.";

/** The difference of something that is not as it was deployed, although Terraform does not notice it. @param what one sentence or more */
export const invisibleDifference = (what: string, remediation: string = deployAgain): Difference => ({
  kind: "drift",
  what,
  remediation,
  diff: [],
});

/**
 * All differences. Planned changes of resources that did not drift are `pending`; `pending` is reported only if there is no drift.
 *
 * @param invisible differences that Terraform does not notice
 */
export function differencesIn(
  plan: PlanJson,
  instance: InstanceConfig,
  invisible: readonly Difference[] = [],
): readonly Difference[] {
  const planned = new Map(
    plan.resource_changes
      .filter(({ mode, change }) => mode === "managed" && change.actions.join() !== "no-op")
      .map((resource) => [resource.address, resource]),
  );
  const changed = plan.resource_drift.flatMap((drift) => {
    const isReverted = planned.has(drift.address);
    return resourceType(drift.type)?.drift.owner === "vendor"
      ? tableDifferences(drift, isReverted, instance)
      : stackDifferences(drift, isReverted);
  });
  const differences = [...invisible, ...changed];
  const drifted = new Set(plan.resource_drift.map(({ address }) => address));
  const pending = [...planned.values()].filter(({ address }) => !drifted.has(address));
  if (pending.length === 0 || differences.some(({ kind }) => kind === "drift")) return differences;
  const changes = pending.map(({ address, change }) => `${address} (${change.actions.join(" and ")})`).join(", ");
  const what = `The configuration is newer than the deployment: ${changes}.`;
  return [...differences, { kind: "pending", what, remediation: "Deploy the configuration.", diff: [] }];
}

function tableDifferences(drift: ResourceChange, isReverted: boolean, { table }: InstanceConfig): Difference[] {
  const before = drift.change.before as AttributeValues;
  const after = drift.change.after as AttributeValues | null;
  if (after === null) {
    return [
      {
        kind: "drift",
        what: `The table ${table.name} is missing.`,
        author: "Probably its owner, or another user with permission to delete it.",
        remediation:
          "No call is blocked. If the table was restored under another name, set tableName for this instance.",
        diff: [],
      },
    ];
  }
  const differences: Difference[] = [];
  const isIndexMissing = hasOurIndex(before) && !hasOurIndex(after);
  if (isIndexMissing) {
    differences.push({
      kind: "drift",
      what: `The index ${indexName} is missing in ${table.name}.`,
      author: "Probably the owner restored the table from a backup or created it again, or a user deleted the index.",
      remediation: `No call is blocked until the index is built again. ${deployAgain}`,
      diff: [],
    });
  }
  // Attribute definitions depend on the indexes. If our index is missing, it is reported above.
  const indexes = indexesOf(before).filter((index) => !isIndexMissing || textAt(index, "name") !== indexName);
  const diff = diffLines(drift, { ...before, attribute: after["attribute"], global_secondary_index: indexes }, after);
  if (diff.length > 0) {
    differences.push({
      kind: "vendor change",
      what: `The owner of ${table.name} changed the table.`,
      author: "Probably ConnectPath, or autoscaling.",
      remediation:
        isReverted && differences.length === 0
          ? "Run plan to see whether the next deployment reverts this change."
          : "Plans follow the change. There is nothing to do.",
      diff,
    });
  }
  return differences;
}

const indexesOf = (table: AttributeValues): readonly unknown[] => itemsOf(table["global_secondary_index"]);

const hasOurIndex = (table: AttributeValues): boolean =>
  indexesOf(table).some((index) => textAt(index, "name") === indexName);

function stackDifferences(drift: ResourceChange, isReverted: boolean): Difference[] {
  const { address, change } = drift;
  const { subject, effectIfMissing } = driftText(drift);
  if (change.after === null) {
    const remediation = `${effectIfMissing ?? ""} ${deployAgain}`.trim();
    return [{ kind: "drift", what: `${subject ?? address} is missing.`, author: unknownAuthor, remediation, diff: [] }];
  }
  // Terraform reverts only attributes that the configuration sets.
  if (!isReverted) return [];
  const before = change.before as AttributeValues;
  const after = change.after as AttributeValues;
  const lines = diffLines(drift, before, after);
  // New code differs only in derived attributes.
  const isSameCode = before["code_sha256"] === after["code_sha256"];
  return [
    {
      kind: "drift",
      what: `${subject ?? address} was changed.`,
      author: unknownAuthor,
      remediation: deployAgain,
      diff: isSameCode ? lines : [...lines, "~ code: not the deployed zip"],
    },
  ];
}

/** The lines of a review for these values of the resource, without derived attributes. */
function diffLines(drift: ResourceChange, before: AttributeValues, after: AttributeValues): readonly string[] {
  const derived = resourceType(drift.type)?.diff?.derivedInDrift ?? [];
  const [valuesBefore, valuesAfter] = [before, after].map((values) =>
    Object.fromEntries(Object.entries(values).filter(([key]) => !derived.includes(key))),
  );
  const resource = { ...drift, change: { ...drift.change, before: valuesBefore, after: valuesAfter } };
  return [...attributeLines(resource), ...policyLines(resource)].map(({ sign, text }) => `${sign} ${text}`);
}
