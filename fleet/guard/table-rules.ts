/** Rules about the vendor's table: a plan may add our index, or remove it on request, and may change nothing else. */
import { indexName } from "../../config/aws-names";
import { blockingIndex, blockingIndexKeys } from "../../config/blocking-index";
import type { InstanceConfig } from "../../config/types";
import { TABLE } from "../../stacks/resource-types";
import {
  differingKeys,
  fieldsOf,
  isEqual,
  isMarked,
  itemsOf,
  joinWords,
  shortJson,
  textAt,
  valueAt,
} from "../terraform/json-values";
import type { PlanJson, ResourceChange } from "../terraform/plan-json";
import { managedChanges } from "./planned-changes";
import type { Rule, Violation } from "./rule";

/** The attribute definitions that our index needs. */
const ourAttributes: readonly string[] = blockingIndexKeys;

/** Our index as an item of `global_secondary_index`. */
const ourIndex: Readonly<Record<string, unknown>> = {
  name: indexName,
  hash_key: blockingIndex.hashKey,
  range_key: blockingIndex.rangeKey,
  projection_type: blockingIndex.projection,
};

/** The keys of our index, as the 6.x provider writes them. */
const ourKeySchema = [
  { attribute_name: blockingIndex.hashKey, key_type: "HASH" },
  { attribute_name: blockingIndex.rangeKey, key_type: "RANGE" },
];

/** Every argument of an index. The guard refuses an index with an argument that it does not know. */
const indexKeys: readonly string[] = [
  ...Object.keys(ourIndex),
  "key_schema",
  "non_key_attributes",
  "on_demand_throughput",
  "read_capacity",
  "warm_throughput",
  "write_capacity",
];

const unexpectedChange =
  "Do not apply this plan. The synthesized stack never plans such a change. Find out whether stacks/ or the synthesized directory " +
  "was edited. Then synthesize and plan again.";

/** The plan differs from the live table in a way that a change by the vendor during the plan, or `-refresh=false`, explains. */
const changedMeanwhile =
  "Do not apply this plan. Plan again, without -refresh=false. Terraform reads the table twice: if the vendor changes an index between the two reads, the " +
  "plan would undo that change, and a new plan keeps it. If the new plan shows the same change, find out whether stacks/ or the " +
  "synthesized directory was edited.";

const tablesIn = (plan: PlanJson): readonly ResourceChange[] =>
  managedChanges(plan).filter(({ type }) => type === TABLE);

/** Tables that continue to exist in the state, so that their values before and after can be compared. */
const keptTables = (plan: PlanJson): readonly ResourceChange[] =>
  tablesIn(plan).filter(({ change }) => ["no-op", "update"].includes(change.actions.join()));

/** Whether Terraform must not manage the table, or must stop managing the table. */
const isTableReleased = ({ release, table }: InstanceConfig): boolean =>
  !table.adopt || release === "forget" || release === "keep-index";

/** Refuses to create, replace or delete the table, and to stop managing it unless the environment file asks for it. */
export const tableKept: Rule = (plan, instance) => {
  const tables = tablesIn(plan);
  const violations = tables.flatMap((table): Violation[] => {
    const reason = notKept(table, instance);
    return reason === undefined ? [] : [{ rule: "table-kept", address: table.address, ...reason }];
  });
  // After Terraform has stopped managing the table, no plan contains it.
  if (tables.length > 0 || isTableReleased(instance)) return violations;
  const what = `The plan does not contain the table ${instance.table.name}, so it is not a plan of this instance's stack.`;
  return [{ rule: "table-kept", address: "", what, fix: unexpectedChange }];
};

/** The violation if the plan creates, replaces, deletes or stops managing the table against the environment file; otherwise undefined. */
function notKept(
  { deposed, change }: ResourceChange,
  instance: InstanceConfig,
): Pick<Violation, "what" | "fix"> | undefined {
  const actions = change.actions.join();
  const name = textAt(change.before, "name") ?? textAt(change.after, "name") ?? instance.table.name;
  const forcing = (change.replace_paths ?? []).map((path) => path.join("."));
  if (deposed !== undefined) {
    return {
      what: `The state contains a table ${name} from an interrupted replacement, and the plan would ${actions} it.`,
      fix: "Find out why a replacement was applied. Remove the table from the state with terraform state rm. Never apply this plan.",
    };
  }
  if (actions.includes("delete") && change.actions.length > 1) {
    const because = forcing.length === 0 ? "" : ` Terraform can change ${joinWords(forcing)} only by a replacement.`;
    return {
      what:
        `The table ${name} would be deleted with every contact and index in it, and an empty table created in its place: ConnectPath ` +
        `would lose its data, and agents would lose their contact history.${because}`,
      fix: unexpectedChange,
    };
  }
  if (actions === "delete") {
    return {
      what:
        `The table ${name} would be deleted with every contact and index in it: ConnectPath would stop working on Connect instance ` +
        `${instance.name}.`,
      fix:
        "Do not apply this plan. Terraform deletes a resource that was removed or renamed in the stack, even with prevent_destroy: restore its " +
        "address. To stop managing the table, set release or table.adopt: false in the environment file.",
    };
  }
  if (actions.includes("create")) {
    return {
      what:
        `An empty table ${name} would be created, because the plan does not import the live table. Either the table is missing, or the credentials are for ` +
        "another account or region.",
      fix: "Do not apply this plan. Restore the import block of the stack. If ConnectPath's table is missing, its owner must restore it first.",
    };
  }
  if (isTableReleased(instance) && actions !== "forget") {
    return {
      what:
        `The environment file has ${instance.release === undefined ? "table.adopt: false" : `release: ${instance.release}`}, but the plan ` +
        `${change.importing === undefined ? `keeps the table ${name} in the state` : `imports the table ${name}`} (${actions}).`,
      fix: "Synthesize and plan again. The plan must only stop managing the table.",
    };
  }
  if (!isTableReleased(instance) && !["no-op", "update"].includes(actions)) {
    return {
      what: `Terraform would stop managing the table ${name} (${actions}): its index would stay, and no deployment would check it.`,
      fix: "If you want to stop managing the table, set release or table.adopt: false in the environment file.",
    };
  }
  if (forcing.length > 0) {
    return { what: `The change of ${joinWords(forcing)} would replace the table ${name}.`, fix: unexpectedChange };
  }
  return undefined;
}

/** Refuses a table that is not the instance's own, or in another account or region. */
export const tableIdentity: Rule = (plan, instance) =>
  tablesIn(plan).flatMap(({ address, change }): Violation[] => {
    const expected = { name: instance.table.name, arn: instance.table.arn };
    const wrong: string[] = [];
    if (change.importing !== undefined && change.importing.id !== expected.name) {
      wrong.push(`it imports ${shortJson(change.importing.id)}`);
    }
    for (const [when, values] of [
      ["is", change.before],
      ["would be", change.after],
    ] as const) {
      if (values === null) continue;
      for (const [key, value] of [
        ["name", expected.name],
        ["id", expected.name],
        ["arn", expected.arn],
      ] as const) {
        const found = valueAt(values, key);
        // "table-settings" refuses unknown values. A table that would be created has no id and no ARN yet.
        const isUnknown = when === "would be" && isMarked(valueAt(change.after_unknown, key));
        if (found !== value && !isUnknown) wrong.push(`its ${key} ${when} ${shortJson(found)}`);
      }
    }
    if (wrong.length === 0) return [];
    const what =
      `This is not the table of instance ${instance.name}, ${expected.arn}: ${joinWords(wrong)}. The plan would change another owner's table, and ` +
      "this instance would have no call blocking.";
    const fix =
      "Compare account, region and tableName in the environment file with the credentials that made the plan, and plan again.";
    return [{ rule: "table-identity", address, what, fix }];
  });

/** Attributes that other rules check, and `timeouts`, which Terraform never sends to AWS. */
const checkedByOtherRules: readonly string[] = [
  "attribute",
  "global_secondary_index",
  "hash_key",
  "range_key",
  "timeouts",
];

/** Effect of a changed setting, by attribute. */
const effects: Readonly<Record<string, string>> = {
  billing_mode: "the billing and the throttling of the table would change, and ConnectPath's writes may fail",
  deletion_protection_enabled: "a user could delete the table",
  local_secondary_index: "local indexes cannot be changed without replacing the table",
  point_in_time_recovery: "the table's backups would no longer be as its owner configured them",
  replica: "a copy of the table in another region would be added or deleted",
  server_side_encryption: "another key would encrypt the data, and the table's readers may not be allowed to use it",
  stream_enabled: "consumers of the table's stream would stop",
  stream_view_type: "consumers of the table's stream would receive other records",
  table_class: "the billing of the table would change",
  tags: "its owner's cost reports and policies use these tags",
  tags_all: "its owner's cost reports and policies use these tags",
  ttl: "contacts would expire at another time, or never",
};

/** Refuses every change besides attribute definitions and indexes, and every value that is known only after the apply. */
export const tableSettings: Rule = (plan, { table }) =>
  keptTables(plan).flatMap(({ address, change }): Violation[] => {
    const unknownFields = fieldsOf(change.after_unknown);
    const unknown = Object.entries(unknownFields).flatMap(([key, mask]) =>
      isMarked(mask) && key !== "global_secondary_index" && key !== "attribute" ? [key] : [],
    );
    const isAllUnknown = Object.keys(unknownFields).length === 0 && isMarked(change.after_unknown);
    const keys = [
      ...differingKeys(change.before, change.after).filter((key) => !checkedByOtherRules.includes(key)),
      ...unknown,
      ...(isAllUnknown ? ["everything"] : []),
    ];
    return [...new Set(keys)].map((key) => {
      const after = unknown.includes(key)
        ? "a value known only after the apply"
        : shortJson(valueAt(change.after, key));
      const effect = effects[key];
      return {
        rule: "table-settings",
        address,
        what:
          `${key} of ConnectPath's table ${table.name} would change from ${shortJson(valueAt(change.before, key))} to ${after}` +
          `${effect === undefined ? "" : `: ${effect}`}.`,
        fix: key.startsWith("tags") ? tagCause(plan, change, unknown.includes(key)) : unexpectedChange,
      };
    });
  });

/** Why Terraform would tag the table, and what to do. */
function tagCause(
  { configuration }: PlanJson,
  { before, after }: ResourceChange["change"],
  isUnknown: boolean,
): string {
  const defaultTags = Object.values(fieldsOf(valueAt(configuration, "provider_config"))).flatMap((provider) =>
    itemsOf(valueAt(valueAt(provider, "expressions"), "default_tags")).flatMap((block) =>
      Object.entries(fieldsOf(valueAt(valueAt(block, "tags"), "constant_value"))),
    ),
  );
  const tags = (keys: readonly string[]): string =>
    `tag${keys.length === 1 ? "" : "s"} ${joinWords(keys.map((key) => shortJson(key)))}`;
  const edited = "find out whether stacks/ or the synthesized directory was edited. Then synthesize and plan again.";
  if (isUnknown) {
    // With an empty tag value, the provider plans `tags_all` as unknown, and `ignore_changes` does not apply to unknown values.
    const empty = defaultTags.filter(([, value]) => value === "").map(([key]) => key);
    const cause =
      empty.length === 0
        ? "a default tag of the provider that is empty or known only after the apply"
        : `the empty value of the provider's default ${tags(empty)}`;
    return (
      `Do not apply this plan: Terraform would write our tags to the table. The cause is ${cause}. The environment files accept no empty tag ` +
      `values, so ${edited}`
    );
  }
  const [old, planned] = [fieldsOf(valueAt(before, "tags_all")), fieldsOf(valueAt(after, "tags_all"))];
  const written = differingKeys(old, planned).filter((key) => Object.hasOwn(planned, key));
  const removed = Object.keys(old).filter((key) => !Object.hasOwn(planned, key));
  const effect = [
    ...(written.length === 0 ? [] : [`write the ${tags(written)} to the table`]),
    ...(removed.length === 0 ? [] : [`remove the ${tags(removed)} from the table`]),
  ];
  return (
    `Do not apply this plan${effect.length === 0 ? "" : `: Terraform would ${effect.join(" and ")}`}. The cause is the table's ignore_changes, ` +
    `which must contain tags and tags_all: ${edited}`
  );
}

/** Items of a set by their name; undefined if an item has no name, or if two items have the same name. */
function byName(value: unknown): ReadonlyMap<string, unknown> | undefined {
  const found = new Map<string, unknown>();
  if (value !== null && value !== undefined && !Array.isArray(value)) return undefined;
  for (const item of itemsOf(value)) {
    const name = textAt(item, "name");
    if (name === undefined || found.has(name)) return undefined;
    found.set(name, item);
  }
  return found;
}

const namesIn = (...maps: readonly ReadonlyMap<string, unknown>[]): readonly string[] =>
  [...new Set(maps.flatMap((map) => [...map.keys()]))].sort();

/** Refuses to change an attribute definition. Only the definitions for our index may be added, and removed together with our index. */
export const tableAttributes: Rule = (plan, instance) =>
  keptTables(plan).flatMap(({ address, change }): Violation[] => {
    const refuse = (what: string, fix = unexpectedChange): Violation => ({
      rule: "table-attributes",
      address,
      what,
      fix,
    });
    const { name } = instance.table;
    const keys = ["hash_key", "range_key"].flatMap((key) => {
      const [before, after] = [valueAt(change.before, key), valueAt(change.after, key)];
      if (isEqual(before, after)) return [];
      return [
        refuse(
          `${key} of table ${name} would change from ${shortJson(before)} to ${shortJson(after)}, which replaces the table.`,
        ),
      ];
    });
    const before = byName(valueAt(change.before, "attribute"));
    const after = byName(valueAt(change.after, "attribute"));
    if (before === undefined || after === undefined || isMarked(valueAt(change.after_unknown, "attribute"))) {
      return [...keys, refuse(`The plan does not contain all attribute definitions of table ${name}.`)];
    }
    const indexesAfter = byName(valueAt(change.after, "global_secondary_index")) ?? new Map<string, unknown>();
    const usedByIndexes = [...indexesAfter.values()].flatMap((index) => [
      textAt(index, "hash_key"),
      textAt(index, "range_key"),
    ]);
    const problems = namesIn(before, after).flatMap((attribute) => {
      const problem = attributeProblem(
        attribute,
        before.get(attribute),
        after.get(attribute),
        instance,
        usedByIndexes.includes(attribute),
      );
      return problem === undefined ? [] : [refuse(`In table ${name}, ${problem}.`, changedMeanwhile)];
    });
    const undefinedKeys = [
      ...new Set([textAt(change.after, "hash_key"), textAt(change.after, "range_key"), ...usedByIndexes]),
    ].filter((key) => key !== undefined && key !== "" && !after.has(key) && !before.has(key));
    return [
      ...keys,
      ...problems,
      ...undefinedKeys.map((key) =>
        refuse(
          `In table ${name}, a key or an index uses ${shortJson(key)}, but the attribute would have no definition.`,
        ),
      ),
    ];
  });

function attributeProblem(
  attribute: string,
  before: unknown,
  after: unknown,
  { release }: InstanceConfig,
  isUsed: boolean,
): string | undefined {
  const [typeBefore, typeAfter] = [textAt(before, "type"), textAt(after, "type")];
  const isOurs = ourAttributes.includes(attribute);
  if (before === undefined) {
    return isOurs && typeAfter === blockingIndex.keyType && release === undefined
      ? undefined
      : `the attribute ${attribute} would be defined with the type ${typeAfter ?? "(none)"}, which call blocking does not need`;
  }
  if (after === undefined) {
    return isOurs && release === "remove-index" && !isUsed
      ? undefined
      : `the definition of ${attribute} would be removed, together with the indexes that have this key`;
  }
  return isEqual(before, after)
    ? undefined
    : `the type of ${attribute} would change from ${typeBefore ?? "(none)"} to ${typeAfter ?? "(none)"}, and DynamoDB would reject writes with the old type`;
}

/** Attributes of an index whose missing value is null, empty or absent, depending on the provider version. */
const emptyIfUnset: readonly string[] = ["range_key", "non_key_attributes", "on_demand_throughput"];
/** Attributes of an index that AWS sets on an on-demand table. */
const setByAws: readonly string[] = ["read_capacity", "write_capacity", "key_schema", "warm_throughput"];

/** Refuses every change of an index except the addition of our index. Terraform shows a changed item of a set as one removed and one added item, so items are compared by name. */
export const tableIndexes: Rule = (plan, instance) =>
  keptTables(plan).flatMap(({ address, change }): Violation[] => {
    const { name } = instance.table;
    const refuse = (what: string, fix = unexpectedChange): Violation => ({ rule: "table-indexes", address, what, fix });
    const before = byName(valueAt(change.before, "global_secondary_index"));
    const after = byName(valueAt(change.after, "global_secondary_index"));
    if (before === undefined || after === undefined) {
      return [refuse(`The plan does not contain the names of all indexes of table ${name}.`)];
    }
    const isOnDemand = textAt(change.after, "billing_mode") === "PAY_PER_REQUEST";
    if (
      instance.release === undefined &&
      before.size + after.size > 0 &&
      !before.has(indexName) &&
      !after.has(indexName)
    ) {
      return [
        refuse(
          `The index ${indexName} would not be on table ${name} after the apply: no caller of instance ${instance.name} would be blocked.`,
        ),
      ];
    }
    // `after_unknown` lists the indexes in the same order as `after`.
    const masks = itemsOf(valueAt(change.after_unknown, "global_secondary_index"));
    const written = itemsOf(valueAt(change.after, "global_secondary_index"));
    if (masks.length > written.length || valueAt(change.after_unknown, "global_secondary_index") === true) {
      return [refuse(`The indexes of table ${name} are known only after the apply.`)];
    }
    const unknownKeys = (index: unknown): readonly string[] => {
      const mask = masks[written.indexOf(index)];
      if (!isMarked(mask)) return [];
      const marked = Object.entries(fieldsOf(mask)).flatMap(([key, value]) => (isMarked(value) ? [key] : []));
      return (marked.length === 0 ? ["everything"] : marked).filter((key) => !isOnDemand || !setByAws.includes(key));
    };
    const changedKeys = (indexBefore: unknown, indexAfter: unknown): readonly string[] =>
      differingKeys(indexBefore, indexAfter).filter((key) => {
        if (isOnDemand && setByAws.includes(key) && isMarked(valueAt(masks[written.indexOf(indexAfter)], key)))
          return false;
        return !(
          emptyIfUnset.includes(key) &&
          isNothing(valueAt(indexBefore, key)) &&
          isNothing(valueAt(indexAfter, key))
        );
      });

    return namesIn(before, after).flatMap((index): Violation[] => {
      const [indexBefore, indexAfter] = [before.get(index), after.get(index)];
      const isOurs = index === indexName;
      if (indexAfter === undefined) {
        if (!isOurs) {
          return [
            refuse(
              `ConnectPath's index ${index} of table ${name} would be deleted: its queries would fail, and building the index again ` +
                "takes hours on a large table.",
              changedMeanwhile,
            ),
          ];
        }
        if (instance.release === "remove-index") return [];
        return [
          refuse(
            `The index ${index} of table ${name} would be deleted: no caller of instance ${instance.name} would be blocked until it is built again.`,
            "To remove call blocking from this instance, set release: remove-index in its environment file. Otherwise synthesize and plan again.",
          ),
        ];
      }
      const unknown = unknownKeys(indexAfter);
      if (unknown.length > 0) {
        return [
          refuse(
            `The index ${index} of table ${name} has values that are known only after the apply: ${joinWords(unknown)}.`,
          ),
        ];
      }
      if (indexBefore === undefined) {
        const problem = newIndexProblem(index, indexAfter, change.after, instance);
        return problem === undefined ? [] : [refuse(problem, changedMeanwhile)];
      }
      if (isOurs && instance.release === "remove-index") {
        return [
          refuse(
            `The environment file has release: remove-index, but the index ${index} stays on table ${name}.`,
            "Synthesize again and plan again.",
          ),
        ];
      }
      const changes = changedKeys(indexBefore, indexAfter).map(
        (key) => `${key} from ${shortJson(valueAt(indexBefore, key))} to ${shortJson(valueAt(indexAfter, key))}`,
      );
      if (changes.length === 0) return [];
      return [
        refuse(
          `The index ${index} of table ${name} would change (${joinWords(changes)}). Except for capacity, DynamoDB deletes the index and builds it ` +
            "again, and queries on it fail until then.",
          changedMeanwhile,
        ),
      ];
    });
  });

/** Why the index must not be added; undefined if it is exactly our index. */
function newIndexProblem(index: string, values: unknown, table: unknown, instance: InstanceConfig): string | undefined {
  const { name } = instance.table;
  if (index !== indexName) {
    return `The index ${index} would be added to ConnectPath's table ${name}. Call blocking needs only ${indexName}.`;
  }
  if (instance.release !== undefined) {
    return `The environment file has release: ${instance.release}, but the index ${index} would be added to table ${name}.`;
  }
  const wrong: (readonly [string, unknown])[] = Object.entries(ourIndex).filter(
    ([key, value]) => valueAt(values, key) !== value,
  );
  if (!isNothing(valueAt(values, "non_key_attributes"))) wrong.push(["non_key_attributes", "none"]);
  const schema = valueAt(values, "key_schema");
  if (!isNothing(schema) && !isEqual(schema, ourKeySchema)) wrong.push(["key_schema", ourKeySchema]);
  const unknownKeys = Object.keys(fieldsOf(values)).filter((key) => !indexKeys.includes(key));
  wrong.push(...unknownKeys.filter((key) => !isNothing(valueAt(values, key))).map((key) => [key, "none"] as const));
  if (wrong.length > 0) {
    const shape = wrong.map(
      ([key, value]) => `${key} ${shortJson(valueAt(values, key))} instead of ${shortJson(value)}`,
    );
    return `The index ${index} would be added to table ${name} in another shape (${joinWords(shape)}): no lookup could use it.`;
  }
  const limits = capacityProblems(values, table);
  if (limits.length === 0) return undefined;
  return (
    `The index ${index} would be added to table ${name} with another capacity (${joinWords(limits)}). DynamoDB throttles ConnectPath's ` +
    "writes to the table if the index has less write capacity, and bills unused capacity."
  );
}

/**
 * The differences between the planned and the allowed capacity of the new index. On a provisioned table, the index has the capacity of the
 * table. On an on-demand table, the index has no capacity. The index never has a limit or warm throughput.
 */
function capacityProblems(index: unknown, table: unknown): string[] {
  const isOnDemand = textAt(table, "billing_mode") === "PAY_PER_REQUEST";
  const capacity = ["read_capacity", "write_capacity"].flatMap((key) => {
    const value = valueAt(index, key) ?? 0;
    const expected = isOnDemand ? 0 : (valueAt(table, key) ?? 0);
    return isEqual(value, expected) ? [] : [`${key} ${shortJson(value)} instead of ${shortJson(expected)}`];
  });
  const limits = ["on_demand_throughput", "warm_throughput"].flatMap((key) => {
    const value = valueAt(index, key);
    return isNothing(value) ? [] : [`${key} ${shortJson(value)} instead of none`];
  });
  return [...capacity, ...limits];
}

function isNothing(value: unknown): boolean {
  return value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
}
