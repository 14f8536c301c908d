/** The vendor's live `dextr-` table, adopted so that the only difference Terraform can ever make is our one index. */
import { DataAwsDynamodbTable } from "@cdktf/provider-aws/lib/data-aws-dynamodb-table";
import { DynamodbTable } from "@cdktf/provider-aws/lib/dynamodb-table";
import { TerraformLocal } from "cdktf";
import { Construct } from "constructs";
import type { AwsProviderConstraint } from "../config/types";
import { indexName } from "../config/aws-names";
import { blockingIndex, blockingIndexShape } from "../config/blocking-index";
import type { ImportBlock } from "./state-blocks";

export interface AdoptedTableProps {
  /** Name of the existing table. A table of another account or region cannot be reached: the provider decides both. */
  readonly tableName: string;
  /** How long Terraform waits for the index to be built, in minutes. A large table takes hours. */
  readonly indexTimeoutMinutes: number;
  /** Whether a table with replicas in other regions may be adopted: the index appears in each of them. */
  readonly acceptReplicas: boolean;
  /** Whether the table is to have our index, or to lose it again before it is let go of. */
  readonly index: "present" | "absent";
  /** Decides which attributes of the resource exist and have to be left alone. */
  readonly awsProvider: AwsProviderConstraint;
}

export const tableAddress = "aws_dynamodb_table.contacts";

/** DynamoDB's default quota of global secondary indexes per table (AWS: "Quotas in Amazon DynamoDB"). */
const MAX_GLOBAL_INDEXES = 20;

/**
 * Everything `aws_dynamodb_table` knows beside its indexes and their attribute definitions.
 *
 * What the configuration leaves out or states wrongly, Terraform would "repair" on the vendor's table, so each is
 * ignored. `tags_all` is named beside `tags`: without it the provider's default tags are still written.
 */
const LEFT_ALONE = [
  "billing_mode",
  "deletion_protection_enabled",
  "hash_key",
  "import_table",
  "local_secondary_index",
  "on_demand_throughput",
  "point_in_time_recovery",
  "range_key",
  "read_capacity",
  "replica",
  "restore_date_time",
  "restore_source_name",
  "restore_source_table_arn",
  "restore_to_latest_time",
  "server_side_encryption",
  "stream_enabled",
  "stream_view_type",
  "table_class",
  "tags",
  "tags_all",
  "ttl",
  "write_capacity",
];

const { hashKey: HASH_KEY, rangeKey: RANGE_KEY, keyType: KEY_TYPE, projection: PROJECTION } = blockingIndex;

/** Condition that a table with replicas fails: what is done to the index of one of them is done in every region, out of our sight. */
const notGlobal = (done: "build" | "delete") => ({
  condition: "${length(self.replica) == 0}",
  errorMessage:
    'Table ${self.name} is a global table with replicas in ${join(", ", sort([for r in self.replica : r.region_name]))}: ' +
    `DynamoDB would ${done} ${indexName} in each of these regions. Nothing was changed. ` +
    "If that is wanted, set table.acceptReplicas: true for this instance and plan again.",
});

/** Terraform expression, on the live table as `self`: whether no index has our name, or the one that has it is as ours is. */
export const oursOrNone = `alltrue([for i in self.global_secondary_index : i.name != "${indexName}" || (i.hash_key == "${HASH_KEY}" && i.range_key == "${RANGE_KEY}" && i.projection_type == "${PROJECTION}")])`;

/** The shape of the index that has our name, as a Terraform template for messages. */
const shapeFound = `\${join("", [for i in self.global_secondary_index : "hash \${coalesce(i.hash_key, "none")}, range \${coalesce(i.range_key, "none")}, \${i.projection_type}" if i.name == "${indexName}"])}`;

/** Conditions under which the table can be adopted; each stops the plan with a sentence for the person who must act. */
const ADOPTABLE = [
  {
    condition: `\${${oursOrNone}}`,
    errorMessage:
      `Table \${self.name} already has an index named ${indexName}, but of another shape: ${shapeFound}. ` +
      `Call blocking needs: ${blockingIndexShape}. Nothing was changed. ` +
      `Find out who uses that index. If nobody does, delete it in DynamoDB and plan again; if it was made for call ` +
      `blocking, no call is blocked from then until the new one is built.`,
  },
  {
    condition: `\${alltrue([for a in self.attribute : !contains(["${HASH_KEY}", "${RANGE_KEY}"], a.name) || a.type == "${KEY_TYPE}"])}`,
    errorMessage:
      `Table \${self.name} already defines ` +
      `\${join(" and ", [for a in self.attribute : "\${a.name} as \${a.type}" if contains(["${HASH_KEY}", "${RANGE_KEY}"], a.name) && a.type != "${KEY_TYPE}"])}` +
      `, as a key of another index; call blocking needs it as S (string), and one attribute cannot have two types. ` +
      `Nothing was changed. Ask the owner of the table: this instance cannot have call blocking while that index exists.`,
  },
  {
    condition: `\${length(self.global_secondary_index) < ${MAX_GLOBAL_INDEXES} || contains([for i in self.global_secondary_index : i.name], "${indexName}")}`,
    errorMessage:
      `Table \${self.name} already has \${length(self.global_secondary_index)} global secondary indexes, and DynamoDB allows ` +
      `${MAX_GLOBAL_INDEXES}: there is no room for ${indexName}. Nothing was changed. ` +
      `Ask the owner of the table to delete an index that nobody uses, then plan again.`,
  },
];

/** Condition under which the index may be taken off: it is the one that call blocking made, not somebody's of the same name. */
const REMOVABLE = {
  condition: `\${${oursOrNone}}`,
  errorMessage:
    `Table \${self.name} has an index named ${indexName}, but of another shape than call blocking makes: ${shapeFound}. ` +
    `It is not deleted, and nothing was changed. Set release: keep-index for this instance, which leaves it on the table.`,
};

/** Attributes that only the 6.x provider has; naming one to 5.x fails its validation. */
const LEFT_ALONE_SINCE_6 = ["global_table_witness", "warm_throughput"];

/**
 * Mirrors the live table instead of describing it: keys, attribute definitions and every index are read from AWS at
 * plan time and written back as they are, with our index added while it is absent, or left out where it is to go.
 *
 * An index or a capacity that the vendor changes later is mirrored too, so the next plan stays empty.
 */
export class AdoptedTable extends Construct {
  /** The adopted table. Whatever needs the index to be ACTIVE depends on it: the provider waits for the index. */
  readonly table: DynamodbTable;
  /** Terraform expression: ARN of the KMS key that encrypts the live table; null or `""` where DynamoDB's own key does. */
  readonly keyArn: string;
  /** Stays for good: with the table or the state lost, a plan fails instead of creating an empty table. */
  readonly import: ImportBlock;

  constructor(scope: Construct, id: string, props: AdoptedTableProps) {
    super(scope, id);

    const conditions =
      props.index === "present" ? [...ADOPTABLE, notGlobal("build")] : [REMOVABLE, notGlobal("delete")];
    const tableAsItIs = new DataAwsDynamodbTable(this, "live", {
      name: props.tableName,
      lifecycle: { postcondition: props.acceptReplicas ? conditions.slice(0, -1) : conditions },
    });
    tableAsItIs.overrideLogicalId("live");
    const live = `data.${tableAsItIs.terraformResourceType}.${tableAsItIs.friendlyUniqueId}`;
    // An absent sort key reads as "". The 5.x provider keeps "" in its state: mirrored as it is, an index without one
    // is no difference, and the plan shows ours alone. Later lines refuse "" (hashicorp/terraform-provider-aws#46735).
    const fivex = props.awsProvider.startsWith("~> 5.");
    const sortKey = (key: string): string => (fivex ? `\${${key}}` : `\${${key} == "" ? null : ${key}}`);
    const keyArn = new TerraformLocal(this, "key_arn", `\${one(${live}.server_side_encryption[*].kms_key_arn)}`);
    keyArn.overrideLogicalId("table_key_arn");
    this.keyArn = `local.${keyArn.friendlyUniqueId}`;

    this.table = new DynamodbTable(this, "table", {
      name: props.tableName,
      // Ignored below, and written all the same: were the import ever lost, nothing of another shape could be created.
      hashKey: tableAsItIs.hashKey,
      rangeKey: sortKey(`${live}.range_key`),
      billingMode: tableAsItIs.billingMode,
      timeouts: { update: `${props.indexTimeoutMinutes}m` },
      lifecycle: {
        preventDestroy: true,
        ignoreChanges: [...LEFT_ALONE, ...(fivex ? [] : LEFT_ALONE_SINCE_6)].sort(),
      },
    });
    this.table.overrideLogicalId("contacts");

    this.table.addOverride("dynamic.attribute", {
      for_each: props.index === "present" ? mirroredAttributes(live) : attributesWithoutOurs(live),
      content: { name: "${attribute.key}", type: "${attribute.value}" },
    });
    this.table.addOverride("dynamic.global_secondary_index", {
      for_each: props.index === "present" ? mirroredIndexes(live) : indexesWithoutOurs(live),
      content: {
        name: "${global_secondary_index.value.name}",
        hash_key: "${global_secondary_index.value.hash_key}",
        range_key: sortKey("global_secondary_index.value.range_key"),
        projection_type: "${global_secondary_index.value.projection_type}",
        non_key_attributes: "${global_secondary_index.value.non_key_attributes}",
        read_capacity: "${global_secondary_index.value.read_capacity}",
        write_capacity: "${global_secondary_index.value.write_capacity}",
        dynamic: {
          on_demand_throughput: {
            for_each: "${global_secondary_index.value.on_demand_throughput}",
            content: {
              max_read_request_units: "${on_demand_throughput.value.max_read_request_units}",
              max_write_request_units: "${on_demand_throughput.value.max_write_request_units}",
            },
          },
        },
      },
    });
    this.table.addOverride("dynamic.local_secondary_index", {
      for_each: `\${${live}.local_secondary_index}`,
      content: {
        name: "${local_secondary_index.value.name}",
        range_key: "${local_secondary_index.value.range_key}",
        projection_type: "${local_secondary_index.value.projection_type}",
        non_key_attributes: "${local_secondary_index.value.non_key_attributes}",
      },
    });

    this.import = { to: tableAddress, id: props.tableName };
  }
}

/** Attribute definitions by name: ours, overlaid by the live ones. `ADOPTABLE` has made sure that the two agree. */
function mirroredAttributes(live: string): string {
  const ours = [HASH_KEY, RANGE_KEY].map((name) => `${name} = "${KEY_TYPE}"`).join(", ");
  return `\${merge({ ${ours} }, { for a in ${live}.attribute : a.name => a.type })}`;
}

/**
 * Indexes by name: ours, overlaid by every live one, so that ours too is mirrored once it exists and stays as somebody
 * scaled it.
 *
 * While it is absent its capacity is the table's, since an index with less throttles the writes to the table itself
 * (AWS: "Using Global Secondary Indexes", provisioned throughput). On demand that is 0/0, which keeps the plan free of
 * values known only after apply.
 */
function mirroredIndexes(live: string): string {
  const ours = [
    `name = "${indexName}"`,
    `hash_key = "${HASH_KEY}"`,
    `range_key = "${RANGE_KEY}"`,
    `projection_type = "${PROJECTION}"`,
    `non_key_attributes = []`,
    `read_capacity = coalesce(${live}.read_capacity, 0)`,
    `write_capacity = coalesce(${live}.write_capacity, 0)`,
    `on_demand_throughput = []`,
  ].join(", ");
  return `\${merge({ "${indexName}" = { ${ours} } }, { for i in ${live}.global_secondary_index : i.name => i })}`;
}

/**
 * The live attribute definitions without those of ours that no other key uses: the provider refuses a definition that is no
 * key's ("all attributes must be indexed").
 */
function attributesWithoutOurs(live: string): string {
  const others = `[for i in ${live}.global_secondary_index : [i.hash_key, i.range_key] if i.name != "${indexName}"]`;
  const locals = `[for i in ${live}.local_secondary_index : [i.range_key]]`;
  const used = `flatten([${live}.hash_key, ${live}.range_key, ${others}, ${locals}])`;
  return `\${{ for a in ${live}.attribute : a.name => a.type if !contains(["${HASH_KEY}", "${RANGE_KEY}"], a.name) || contains(${used}, a.name) }}`;
}

/** The live indexes but ours. */
function indexesWithoutOurs(live: string): string {
  return `\${{ for i in ${live}.global_secondary_index : i.name => i if i.name != "${indexName}" }}`;
}
