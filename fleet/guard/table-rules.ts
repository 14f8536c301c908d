/** What may become of the vendor's table: one index more, or that one less where it is let go of, and nothing else. */
import { indexName } from "../../config/aws-names";
import type { InstanceConfig } from "../../config/types";
import { TABLE } from "./managed-types";
import type { PlanJson, ResourceChange } from "../terraform/plan-json";
import type { Rule, Violation } from "./rule";
import {
  differingKeys,
  fieldsOf,
  isEqual,
  isMarked,
  itemsOf,
  listed,
  shown,
  textAt,
  valueAt,
} from "../terraform/json-values";

/** The attributes that our index needs, all of them strings. */
const ourAttributes: readonly string[] = ["Disposition", "CustomerEndpoint"];

/** The index as it is made. */
const ourIndex: Readonly<Record<string, unknown>> = {
  name: indexName,
  hash_key: "Disposition",
  range_key: "CustomerEndpoint",
  projection_type: "KEYS_ONLY",
};

const notOfThisStack =
  "Do not apply it. The stack as it is synthesized plans nothing of the kind: synthesize again, look at what was changed in stacks/ or by hand in the " +
  "synthesized directory, and plan again.";

const tablesOf = (plan: PlanJson): readonly ResourceChange[] =>
  plan.resource_changes.filter(({ mode, type }) => mode === "managed" && type === TABLE);

/** Tables that go on existing and stay in the state: those of which before and after can be compared. */
const keptTables = (plan: PlanJson): readonly ResourceChange[] =>
  tablesOf(plan).filter(({ change }) => ["no-op", "update"].includes(change.actions.join()));

const isLetGo = ({ release }: InstanceConfig): boolean => release === "forget" || release === "keep-index";

/** Never created, replaced or deleted; let go of only where the environment file says so. */
export const tableKept: Rule = (plan, instance) => {
  const tables = tablesOf(plan);
  const { name } = instance.table;
  const violations = tables.flatMap(({ address, deposed, change }): Violation[] => {
    const actions = change.actions.join();
    const refuse = (what: string, fix: string): Violation[] => [{ rule: "table-kept", address, what, fix }];
    const which = textAt(change.before, "name") ?? textAt(change.after, "name") ?? name;
    if (deposed !== undefined) {
      return refuse(
        `The state holds a table ${which} that an interrupted replacement left behind, and the plan would ${actions} it.`,
        "Find out how a replacement came to be applied; take the object out of the state with terraform state rm, never by an apply.",
      );
    }
    if (actions.includes("delete") && change.actions.length > 1) {
      const paths = (change.replace_paths ?? []).map((path) => path.join("."));
      const because = paths.length === 0 ? "" : ` Terraform cannot change ${listed(paths)} otherwise.`;
      return refuse(
        `The table ${which} would be deleted with every contact and index in it, and an empty one made in its place: ConnectPath would ` +
          `lose its data and every agent their contact history.${because}`,
        notOfThisStack,
      );
    }
    if (actions === "delete") {
      return refuse(
        `The table ${which} would be deleted with every contact and index in it: ConnectPath would stop working on Connect instance ` +
          `${instance.name}.`,
        "Do not apply it. A resource that was removed or renamed in the stack is deleted, prevent_destroy or not: restore its address. To let go of the " +
          "table, set release in the environment file.",
      );
    }
    if (actions.includes("create")) {
      return refuse(
        `An empty table ${which} would be created: the import of the live one is lost, so either the table is gone or this is another account or region.`,
        "Do not apply it. Restore the import block of the stack; if ConnectPath's table is really gone, its owner must restore it first.",
      );
    }
    if (isLetGo(instance) ? actions !== "forget" : !["no-op", "update"].includes(actions)) {
      return isLetGo(instance)
        ? refuse(
            `release says ${instance.release ?? ""}, yet the plan keeps the table ${which} in the state (${actions}).`,
            "Synthesize again and plan again: the table must be forgotten, and nothing else may be done to it.",
          )
        : refuse(
            `The table ${which} would be let go of (${actions}): its index would stay, and nobody would watch it any more.`,
            "To let go of the table on purpose, set release in the environment file.",
          );
    }
    if ((change.replace_paths ?? []).length > 0) {
      return refuse(
        `Terraform says of the table ${which} that ${listed((change.replace_paths ?? []).map((path) => path.join(".")))} forces a replacement.`,
        notOfThisStack,
      );
    }
    return [];
  });
  // Once it has been forgotten it is in no plan.
  if (tables.length > 0 || isLetGo(instance)) return violations;
  const what = `The plan does not know the table ${name}: it is not the plan of this instance's stack.`;
  return [{ rule: "table-kept", address: "", what, fix: notOfThisStack }];
};

/** The instance's own table, in its account and region. */
export const tableIdentity: Rule = (plan, instance) =>
  tablesOf(plan).flatMap(({ address, change }): Violation[] => {
    const expected = { name: instance.table.name, arn: instance.table.arn };
    const wrong: string[] = [];
    if (change.importing !== undefined && change.importing.id !== expected.name) {
      wrong.push(`it imports ${shown(change.importing.id)}`);
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
        // What is only known after the apply is refused by its own rule; a table that is created has neither id nor arn yet.
        const isUnknown = when === "would be" && isMarked(valueAt(change.after_unknown, key));
        if (found !== value && !isUnknown) wrong.push(`its ${key} ${when} ${shown(found)}`);
      }
    }
    if (wrong.length === 0) return [];
    const what =
      `This is not the table of instance ${instance.name}, ${expected.arn}: ${listed(wrong)}. Somebody else's table would be changed, and ` +
      "this instance would go without call blocking.";
    const fix =
      "Compare account, region and tableName in the environment file with the credentials that planned, and plan again.";
    return [{ rule: "table-identity", address, what, fix }];
  });

/** Keys of the resource that have rules of their own, and `timeouts`, which is Terraform's alone and never sent. */
const judgedElsewhere: readonly string[] = ["attribute", "global_secondary_index", "hash_key", "range_key", "timeouts"];

/** What somebody would notice of a setting that changes. */
const consequences: Readonly<Record<string, string>> = {
  billing_mode: "the table would be billed and throttled in another way, and writes of ConnectPath may fail",
  deletion_protection_enabled: "anybody could delete the table",
  local_secondary_index: "local indexes cannot be changed without replacing the table",
  point_in_time_recovery: "its backups would be another's than its owner set up",
  replica: "a copy of the table in another region would be added or deleted",
  server_side_encryption: "its data would be encrypted with another key, which its readers may not be allowed to use",
  stream_enabled: "whatever ConnectPath feeds from the table's stream would stop",
  stream_view_type: "whatever ConnectPath feeds from the table's stream would get other records",
  table_class: "the table would be billed in another way",
  tags: "its owner's cost reports and policies go by these tags",
  tags_all: "its owner's cost reports and policies go by these tags",
  ttl: "contacts would expire at another time, or never",
};

/** Nothing but attributes and indexes may differ, and nothing may be left open until the apply. */
export const tableSettings: Rule = (plan, { table }) =>
  keptTables(plan).flatMap(({ address, change }): Violation[] => {
    const unknown = Object.entries(fieldsOf(change.after_unknown)).flatMap(([key, mask]) =>
      isMarked(mask) && key !== "global_secondary_index" && key !== "attribute" ? [key] : [],
    );
    const strange = Object.keys(fieldsOf(change.after_unknown)).length === 0 && isMarked(change.after_unknown);
    const keys = [
      ...differingKeys(change.before, change.after).filter((key) => !judgedElsewhere.includes(key)),
      ...unknown,
      ...(strange ? ["everything"] : []),
    ];
    return [...new Set(keys)].map((key) => {
      const to = unknown.includes(key) ? "a value known only after the apply" : shown(valueAt(change.after, key));
      const then = consequences[key];
      return {
        rule: "table-settings",
        address,
        what:
          `${key} of ConnectPath's table ${table.name} would change from ${shown(valueAt(change.before, key))} to ${to}` +
          `${then === undefined ? "" : `: ${then}`}.`,
        fix: notOfThisStack,
      };
    });
  });

/** Items of a set by their name; undefined where an item has none or two have the same. */
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

/** Existing attribute definitions stay; only those of our index are added, or removed with it. */
export const tableAttributes: Rule = (plan, instance) =>
  keptTables(plan).flatMap(({ address, change }): Violation[] => {
    const refuse = (what: string): Violation => ({ rule: "table-attributes", address, what, fix: notOfThisStack });
    const { name } = instance.table;
    const keys = ["hash_key", "range_key"].flatMap((key) => {
      const [before, after] = [valueAt(change.before, key), valueAt(change.after, key)];
      return isEqual(before, after)
        ? []
        : [
            refuse(
              `${key} of table ${name} would change from ${shown(before)} to ${shown(after)}: that replaces the table.`,
            ),
          ];
    });
    const before = byName(valueAt(change.before, "attribute"));
    const after = byName(valueAt(change.after, "attribute"));
    if (before === undefined || after === undefined || isMarked(valueAt(change.after_unknown, "attribute"))) {
      return [
        ...keys,
        refuse(`The attribute definitions of table ${name} cannot be compared: they are not all known.`),
      ];
    }
    const problems = [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((attribute): string[] => {
      const [was, is] = [before.get(attribute), after.get(attribute)];
      const [wasType, isType] = [textAt(was, "type"), textAt(is, "type")];
      if (was !== undefined && is !== undefined) {
        return isEqual(was, is)
          ? []
          : [
              `${attribute} would change its type from ${wasType ?? "none"} to ${isType ?? "none"}, and writes with the old type would be rejected`,
            ];
      }
      const isOurs = ourAttributes.includes(attribute);
      if (was === undefined) {
        return isOurs && isType === "S" && instance.release === undefined
          ? []
          : [`${attribute} would be defined as ${isType ?? "nothing"}, which nothing of call blocking needs`];
      }
      const isUsed = [...(byName(valueAt(change.after, "global_secondary_index")) ?? [])].some(([, index]) =>
        [textAt(index, "hash_key"), textAt(index, "range_key")].includes(attribute),
      );
      return isOurs && instance.release === "remove-index" && !isUsed
        ? []
        : [`the definition of ${attribute} would be removed, and with it the indexes that it is a key of`];
    });
    return [...keys, ...problems.map((problem) => refuse(`Of table ${name}, ${problem}.`))];
  });

/** Keys of an index of which providers write "nothing" in different ways. */
const emptyAlike: readonly string[] = ["range_key", "non_key_attributes", "on_demand_throughput"];
/** Keys of an index that AWS fills in on an on-demand table. */
const filledIn: readonly string[] = ["read_capacity", "write_capacity", "key_schema", "warm_throughput"];

/** Compared by name: Terraform shows a set of indexes as removed and added again where it only grew. */
export const tableIndexes: Rule = (plan, instance) =>
  keptTables(plan).flatMap(({ address, change }): Violation[] => {
    const { name } = instance.table;
    const refuse = (what: string, fix = notOfThisStack): Violation => ({ rule: "table-indexes", address, what, fix });
    const before = byName(valueAt(change.before, "global_secondary_index"));
    const after = byName(valueAt(change.after, "global_secondary_index"));
    if (before === undefined || after === undefined) {
      return [refuse(`The indexes of table ${name} cannot be compared: they are not all known by name.`)];
    }
    const onDemand = textAt(change.after, "billing_mode") === "PAY_PER_REQUEST";
    // The mask follows the list as it is written.
    const masks = itemsOf(valueAt(change.after_unknown, "global_secondary_index"));
    const written = itemsOf(valueAt(change.after, "global_secondary_index"));
    if (masks.length > written.length || valueAt(change.after_unknown, "global_secondary_index") === true) {
      return [refuse(`The indexes of table ${name} are known only after the apply.`)];
    }
    const unknownKeys = (index: unknown): readonly string[] => {
      const mask = masks[written.indexOf(index)];
      if (!isMarked(mask)) return [];
      const marked = Object.entries(fieldsOf(mask)).flatMap(([key, value]) => (isMarked(value) ? [key] : []));
      return (marked.length === 0 ? ["everything"] : marked).filter((key) => !onDemand || !filledIn.includes(key));
    };
    const differs = (was: unknown, is: unknown): readonly string[] =>
      differingKeys(was, is).filter((key) => {
        if (onDemand && filledIn.includes(key) && isMarked(valueAt(masks[written.indexOf(is)], key))) return false;
        return !(emptyAlike.includes(key) && isNothing(valueAt(was, key)) && isNothing(valueAt(is, key)));
      });

    return [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((index): Violation[] => {
      const [was, is] = [before.get(index), after.get(index)];
      const isOurs = index === indexName;
      if (is === undefined) {
        if (isOurs && instance.release === "remove-index") return [];
        return isOurs
          ? [
              refuse(
                `The index ${index} of table ${name} would be deleted: no caller of instance ${instance.name} would be blocked until it is built again.`,
                "To let go of this instance, set release: remove-index in its environment file; otherwise synthesize and plan again.",
              ),
            ]
          : [
              refuse(
                `The index ${index} of table ${name}, which is ConnectPath's, would be deleted: whatever queries it would fail, and building it again ` +
                  "takes hours on a large table.",
              ),
            ];
      }
      const open = unknownKeys(is);
      if (open.length > 0)
        return [refuse(`Of index ${index} of table ${name}, ${listed(open)} would be known only after the apply.`)];
      if (was !== undefined) {
        const keys = differs(was, is);
        if (isOurs && instance.release === "remove-index") {
          return [
            refuse(
              `release says remove-index, yet the index ${index} stays on table ${name}.`,
              "Synthesize again and plan again.",
            ),
          ];
        }
        if (keys.length === 0) return [];
        const changes = keys.map((key) => `${key} from ${shown(valueAt(was, key))} to ${shown(valueAt(is, key))}`);
        return [
          refuse(
            `The index ${index} of table ${name} would change (${listed(changes)}): DynamoDB deletes an index and builds it anew for all but its capacity, ` +
              "and until then whatever queries it fails.",
          ),
        ];
      }
      if (!isOurs)
        return [
          refuse(
            `An index ${index} would be added to ConnectPath's table ${name}: call blocking needs ${indexName} alone.`,
          ),
        ];
      if (instance.release !== undefined)
        return [refuse(`release says ${instance.release}, yet the index ${index} would be added to table ${name}.`)];
      const wrong = Object.entries(ourIndex).filter(([key, value]) => valueAt(is, key) !== value);
      if (!isNothing(valueAt(is, "non_key_attributes"))) wrong.push(["non_key_attributes", "none"]);
      if (wrong.length === 0) return [];
      const shape = wrong.map(([key, value]) => `${key} ${shown(valueAt(is, key))} instead of ${shown(value)}`);
      return [
        refuse(
          `The index ${index} would be added to table ${name} in another shape (${listed(shape)}): no lookup could use it.`,
        ),
      ];
    });
  });

function isNothing(value: unknown): boolean {
  return value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
}
