/** Accidents and attacks on a synthesized stack. Each one is an edit of its `cdk.tf.json`. */

type Block = Record<string, unknown>;

/** The part of a synthesized stack that these edits change. */
export interface Synthesized {
  readonly data: Readonly<Record<string, Record<string, Block>>>;
  readonly resource: Record<string, Record<string, Block>>;
  readonly output: Record<string, Block>;
  import: { to: string; id: string }[];
}

export type Edit = (stack: Synthesized) => void;

const TABLE = "aws_dynamodb_table";
const MODULE = "aws_connect_contact_flow_module";
const FLOW = "aws_connect_contact_flow";

/** Returns one resource of the stack. */
function block(stack: Synthesized, type: string, name: string): Block {
  const found = stack.resource[type]?.[name];
  if (found === undefined) throw new Error(`the stack has no ${type}.${name}`);
  return found;
}

/** Removes every resource of a type. */
function remove(stack: Synthesized, type: string): void {
  Reflect.deleteProperty(stack.resource, type);
}

const table = (stack: Synthesized): Block => block(stack, TABLE, "contacts");

/** Removes these arguments of the table from `ignore_changes`. */
function stopIgnoring(stack: Synthesized, ...keys: readonly string[]): void {
  const lifecycle = table(stack)["lifecycle"] as { ignore_changes: string[]; prevent_destroy?: boolean };
  lifecycle.ignore_changes = lifecycle.ignore_changes.filter((key) => !keys.includes(key));
}

/** Replaces a text everywhere in the stack. */
function replaceEverywhere(stack: Synthesized, from: string, to: string): void {
  const text = JSON.stringify(stack);
  if (!text.includes(from)) throw new Error(`the stack does not contain ${from}`);
  Object.assign(stack, JSON.parse(text.replaceAll(from, to)));
}

/** One argument of a dynamic block of the table. */
function dynamic(stack: Synthesized, name: string): { for_each: string; content: Record<string, unknown> } {
  return (table(stack)["dynamic"] as Record<string, { for_each: string; content: Record<string, unknown> }>)[
    name
  ] as never;
}

function filterMirroredBlocks(stack: Synthesized, kind: string, condition: string): void {
  const at = dynamic(stack, kind);
  const edited = at.for_each.replace(/ \}\)\}$/, ` if ${condition} })}`);
  if (edited === at.for_each) throw new Error(`for_each of ${kind} does not have the expected form`);
  at.for_each = edited;
}

/** Accidents in the plan of the first apply. */
export const beforeTheFirstApply: Readonly<Record<string, Edit>> = {
  adoption: () => undefined,
  "import-lost": (stack) => {
    stack.import = [];
  },
  "another-table": (stack) => {
    for (const part of [table(stack), stack.data[TABLE]?.["live"], stack.import[0]]) {
      if (part === undefined) throw new Error("the stack has no table");
      Object.assign(part, "id" in part ? { id: "dextr-stranger" } : { name: "dextr-stranger" });
    }
  },
  // The provider compares attribute definitions only by name. It sends a changed type with the next change of an index, and the adoption
  // changes an index.
  "key-type-changed": (stack) => {
    dynamic(stack, "attribute").content["type"] = '${attribute.key == "g2" ? "S" : attribute.value}';
  },
};

/** Accidents in a plan after the deployment. */
export const afterTheDeployment: Readonly<Record<string, Edit>> = {
  "table-replaced": (stack) => {
    stopIgnoring(stack, "range_key");
    (table(stack)["lifecycle"] as { prevent_destroy: boolean }).prevent_destroy = false;
    table(stack)["range_key"] = "g1";
  },
  "table-renamed": (stack) => {
    replaceEverywhere(stack, `${TABLE}.contacts`, `${TABLE}.table`);
    stack.resource[TABLE] = { table: table(stack) };
  },
  "foreign-index-deleted": (stack) => {
    filterMirroredBlocks(stack, "global_secondary_index", 'i.name != "vendor-1"');
    filterMirroredBlocks(stack, "attribute", '!contains(["g1", "g2"], a.name)');
  },
  "our-index-deleted": (stack) => {
    for (const [kind, ours] of [
      ["global_secondary_index", 'i.name != "Disposition-CustomerEndpoint-index"'],
      ["attribute", '!contains(["Disposition", "CustomerEndpoint"], a.name)'],
    ] as const) {
      filterMirroredBlocks(stack, kind, ours);
      const at = dynamic(stack, kind);
      // Remove the values with which `merge` overrides the live values.
      at.for_each = at.for_each.replace(/^\$\{merge\(\{.*?\}, \{ for/s, "${merge({}, { for").replace(/\{ \}, /, "{}, ");
    }
  },
  "tags-removed": (stack) => {
    stopIgnoring(stack, "tags", "tags_all");
  },
  "billing-changed": (stack) => {
    stopIgnoring(stack, "billing_mode");
    table(stack)["billing_mode"] = "PROVISIONED";
  },
  "association-gap": (stack) => {
    const association = block(stack, "aws_connect_lambda_function_association", "blocked_calls");
    delete association["lifecycle"];
    association["function_arn"] = String(association["function_arn"]).replace(/:function:[^:]+:/, ":function:lookup:");
  },
  "module-deleted": (stack) => {
    // The inbound flow stays and still names the deleted module.
    const flow = block(stack, FLOW, "inbound");
    flow["content"] = String(flow["content"]).replace(/\$\{[^}]*\}/, "44444444-4444-4444-8444-444444444444");
    remove(stack, MODULE);
    delete stack.output["module_id"];
  },
  "module-renamed": (stack) => {
    replaceEverywhere(stack, `${MODULE}.blocked_status`, `${MODULE}.status`);
    stack.resource[MODULE] = { status: block(stack, MODULE, "blocked_status") };
  },
  "log-group-deleted": (stack) => {
    Reflect.deleteProperty(stack.resource["aws_cloudwatch_log_group"] ?? {}, "blocked_calls");
    for (const dependent of [
      block(stack, MODULE, "blocked_status"),
      block(stack, "aws_cloudwatch_event_target", "canary"),
    ])
      dependent["depends_on"] = (dependent["depends_on"] as string[]).filter(
        (one) => one !== "aws_cloudwatch_log_group.blocked_calls",
      );
  },
  "scaling-added": (stack) => {
    stack.resource["aws_appautoscaling_target"] = {
      reads: {
        service_namespace: "dynamodb",
        resource_id: "table/dextr-recorded",
        scalable_dimension: "dynamodb:table:ReadCapacityUnits",
        min_capacity: 5,
        max_capacity: 100,
      },
    };
  },
  "stranger-added": (stack) => {
    stack.resource["aws_s3_bucket"] = { recordings: { bucket: "acme-recordings" } };
  },
  "stranger-imported": (stack) => {
    stack.resource["aws_iam_role"] = {
      ...stack.resource["aws_iam_role"],
      vendor: {
        name: "vendor-role",
        assume_role_policy: JSON.stringify({ Version: "2012-10-17", Statement: [] }),
      },
    };
    stack.import.push({ to: "aws_iam_role.vendor", id: "vendor-role" });
  },
  targeted: () => undefined,
};

/** Accidents in a plan of a stack that only reads the table. */
export const onlyReading: Readonly<Record<string, Edit>> = {
  // The table of the other team has no index of ours. The conditions of the stack would already stop the plan.
  "reading-another-table": (stack) => {
    const live = stack.data[TABLE]?.["live"];
    if (live === undefined) throw new Error("the stack does not read the table");
    live["name"] = "dextr-stranger";
    delete live["lifecycle"];
  },
  "reading-not-checked": (stack) => {
    replaceEverywhere(stack, `data.${TABLE}.live`, `data.${TABLE}.other`);
    Object.assign(stack.data, { [TABLE]: { other: stack.data[TABLE]?.["live"] } });
  },
};
