/** Rules about the table of an instance with `table.adopt: false`: the plan must read the instance's own table, and find our index on it. */
import { indexName } from "../../config/aws-names";
import { blockingIndex, blockingIndexShape } from "../../config/blocking-index";
import type { InstanceConfig } from "../../config/types";
import { itemsOf, joinWords, shortJson, textAt, valueAt } from "../terraform/json-values";
import type { PlanJson } from "../terraform/plan-json";
import { liveTable } from "./planned-changes";
import type { Rule, Violation } from "./rule";

const planAgain =
  "Do not apply this plan. Find out whether stacks/ or the synthesized directory was edited. Then synthesize and plan again.";

/** Whether the stack of the instance only reads the table. */
const isReadOnly = ({ table, release }: InstanceConfig): boolean => !table.adopt && release === undefined;

/** Refuses a plan that does not read the table: without it, the conditions of the stack were not checked. */
export const liveTableRead: Rule = (plan, instance) => {
  if (!isReadOnly(instance) || valuesOf(plan) !== undefined) return [];
  const what =
    `The plan does not read the table ${instance.table.name} (data source ${liveTable}), so it is not a plan of this instance's stack, or nothing ` +
    `checked that the table has the index ${indexName}.`;
  return [{ rule: "table-kept", address: "", what, fix: planAgain }];
};

/** Refuses a plan that reads another table. */
export const liveTableIdentity: Rule = (plan, instance) => {
  const values = valuesOf(plan);
  if (!isReadOnly(instance) || values === undefined) return [];
  const expected = { name: instance.table.name, arn: instance.table.arn };
  const wrong = Object.entries(expected)
    .filter(([key, value]) => textAt(values, key) !== value)
    .map(([key]) => `its ${key} is ${shortJson(valueAt(values, key))}`);
  if (wrong.length === 0) return [];
  return [
    {
      rule: "table-identity",
      address: liveTable,
      what:
        `This is not the table of instance ${instance.name}, ${expected.arn}: ${joinWords(wrong)}. The function would read another table, and ` +
        "no caller would be blocked.",
      fix: "Compare account, region and tableName in the environment file with the credentials that made the plan, and plan again.",
    },
  ];
};

/** Refuses a plan for a table without our index: every lookup would fail. */
export const liveTableIndex: Rule = (plan, instance): Violation[] => {
  const values = valuesOf(plan);
  if (!isReadOnly(instance) || values === undefined) return [];
  const index = itemsOf(valueAt(values, "global_secondary_index")).find((item) => textAt(item, "name") === indexName);
  const expected = {
    hash_key: blockingIndex.hashKey,
    range_key: blockingIndex.rangeKey,
    projection_type: blockingIndex.projection,
  };
  const wrong = Object.entries(expected)
    .filter(([key, value]) => textAt(index, key) !== value)
    .map(([key]) => `${key} ${shortJson(valueAt(index, key))}`);
  if (wrong.length === 0) return [];
  const found = index === undefined ? "does not exist" : `has another shape (${joinWords(wrong)})`;
  return [
    {
      rule: "table-indexes",
      address: liveTable,
      what:
        `The index ${indexName} of table ${instance.table.name} ${found}, and with table.adopt: false the stack does not create it: no caller of ` +
        `instance ${instance.name} would be blocked.`,
      fix: `Create the index (${blockingIndexShape}) with npm run fleet -- index stack=${instance.stackName}, and plan again.`,
    },
  ];
};

const valuesOf = ({ dataSources }: PlanJson): unknown =>
  Object.hasOwn(dataSources, liveTable) ? dataSources[liveTable] : undefined;
