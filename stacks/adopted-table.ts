/** Adopts the vendor's live `dextr-` table. The configuration mirrors the table, so our index is the only change that Terraform can make. */
import { DynamodbTable } from "@cdktf/provider-aws/lib/dynamodb-table";
import { Construct } from "constructs";
import { indexName } from "../config/aws-names";
import { blockingIndex, blockingIndexKeys, blockingIndexShape, maxGlobalIndexes } from "../config/blocking-index";
import { cannotMirrorText, severalKeysCause, unreadKeysCause } from "../config/table-mirror";
import type { InstanceConfig } from "../config/types";
import {
  dataAddress,
  existingShape,
  hasIndexOfOurName,
  noForeignIndex,
  readLiveTable,
  rightKeyTypes,
  tableKeyArn,
} from "./live-table";
import type { TableCondition } from "./live-table";
import type { ImportBlock } from "./state-blocks";

export const tableAddress = "aws_dynamodb_table.contacts";

/**
 * All attributes of `aws_dynamodb_table` except the indexes and their attribute definitions.
 *
 * Terraform would "repair" an attribute that the configuration omits or gets wrong, so `ignore_changes` lists all of them. The list
 * contains `tags_all` beside `tags`, because otherwise Terraform writes the provider's default tags to the table.
 */
const IGNORED_ATTRIBUTES = [
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

/**
 * Refuses a table with replicas: DynamoDB changes the index in the region of every replica, and the plan does not show these changes.
 *
 * The replicas of a table include the table itself, in its own region. A table of the type `AWS::DynamoDB::GlobalTable` always has this
 * replica: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-globaltable.html
 */
const noReplicas = (action: "build" | "delete", region: string) => {
  const others = `[for r in self.replica : r.region_name if r.region_name != "${region}"]`;
  return {
    condition: `\${length(${others}) == 0}`,
    errorMessage:
      `Table \${self.name} is a global table with replicas in \${join(", ", sort(${others}))}: ` +
      `DynamoDB would ${action} ${indexName} in each of these regions. Nothing was changed. ` +
      "To accept this, set table.acceptReplicas: true for this instance and plan again.",
  };
};

/** Terraform expressions on the live table (`self`): the keys that the provider reads, and the attributes that are none of these keys. */
const readKeys =
  "flatten([self.hash_key, self.range_key, [for i in self.global_secondary_index : [i.hash_key, i.range_key]], " +
  "[for i in self.local_secondary_index : [i.range_key]]])";
const ours = `[${blockingIndexKeys.map((key) => `"${key}"`).join(", ")}]`;
const unreadKeys = `[for a in self.attribute : a.name if !contains(concat(${ours}, ${readKeys}), a.name)]`;

/**
 * Whether the provider reads the index with one hash and at most one range attribute. Provider 5.x has no `key_schema`: it reads the last
 * hash and the last range attribute. Provider 6.29 and later reads an index with several hash attributes without `hash_key`.
 */
const hasSingleKeys = 'i.hash_key != null && i.hash_key != "" && try(length(i.key_schema) <= 2, true)';

/**
 * Conditions for a mirror. DynamoDB allows indexes that `aws_dynamodb_table` cannot describe: several hash and range attributes (November
 * 2025), vector indexes (August 2026). Without these conditions, the provider stops every plan with "all attributes must be indexed". A table
 * whose attributes are all keys that the provider reads can be mirrored, whatever kinds of indexes it has.
 */
const mirrorable = (instance: InstanceConfig): readonly TableCondition[] => [
  {
    condition: `\${length(${unreadKeys}) == 0}`,
    errorMessage: cannotMirrorText("${self.name}", unreadKeysCause(`\${join(", ", sort(${unreadKeys}))}`), instance),
  },
  {
    condition: `\${alltrue([for i in self.global_secondary_index : ${hasSingleKeys}])}`,
    errorMessage: cannotMirrorText(
      "${self.name}",
      severalKeysCause(`\${join(", ", sort([for i in self.global_secondary_index : i.name if !(${hasSingleKeys})]))}`),
      instance,
    ),
  },
];

/** Conditions for an adoption. If one fails, the plan stops with the reason and the next step. */
const ADOPTABLE = [
  {
    condition: `\${${noForeignIndex}}`,
    errorMessage:
      `Table \${self.name} already has an index named ${indexName} with another shape: ${existingShape}. ` +
      `Call blocking needs: ${blockingIndexShape}. Nothing was changed. ` +
      `Find out which application uses this index. If no application does, delete the index in DynamoDB and plan again. ` +
      `If call blocking uses the index, no call is blocked until the new index is built.`,
  },
  rightKeyTypes,
  {
    condition: `\${length(self.global_secondary_index) < ${maxGlobalIndexes} || ${hasIndexOfOurName}}`,
    errorMessage:
      `Table \${self.name} already has \${length(self.global_secondary_index)} global secondary indexes, and DynamoDB allows ` +
      `${maxGlobalIndexes}: Terraform cannot add ${indexName}. Nothing was changed. ` +
      `Ask the owner of the table to delete an unused index, then plan again.`,
  },
];

/** The condition for deleting the index: it has the shape that call blocking creates. */
const REMOVABLE = {
  condition: `\${${noForeignIndex}}`,
  errorMessage:
    `Table \${self.name} has an index named ${indexName}, but its shape is not the one that call blocking creates: ${existingShape}. ` +
    `The index was not deleted, and nothing was changed. To keep the index on the table, set release: keep-index for this instance.`,
};

/** Attributes that only provider 6.44 and later have. Provider 5.x refuses a configuration that lists them. */
const IGNORED_ATTRIBUTES_SINCE_6 = ["global_table_witness", "region", "restore_backup_arn", "warm_throughput"];

/**
 * Mirrors the live table. The plan reads keys, attribute definitions and indexes from AWS, and the configuration repeats them. The
 * configuration adds our index, or removes it before a release.
 *
 * If the vendor changes an index or a capacity, the configuration follows, and the next plan stays empty.
 */
export class AdoptedTable extends Construct {
  /** The adopted table. The provider waits until the index is ACTIVE, so resources that need the index depend on the table. */
  readonly table: DynamodbTable;
  readonly address = tableAddress;
  readonly tableName: string;
  /** A Terraform expression for the ARN of the KMS key that encrypts the table; null or `""` if DynamoDB's own key encrypts it. */
  readonly keyArn: string;
  /**
   * The import block. It stays after the adoption, so that Terraform never creates an empty table: if the state is lost, Terraform imports
   * the table again; if the table is lost, the plan fails.
   */
  readonly import: ImportBlock;

  constructor(scope: Construct, id: string, instance: InstanceConfig) {
    super(scope, id);
    const { table, release, awsProvider } = instance;
    // Before a release, Terraform deletes the index.
    const isPresent = release === undefined;

    const liveTable = readLiveTable(this, table.name, [
      ...mirrorable(instance),
      ...(isPresent ? ADOPTABLE : [REMOVABLE]),
      // DynamoDB builds the index in the region of each replica.
      ...(table.acceptReplicas ? [] : [noReplicas(isPresent ? "build" : "delete", instance.region)]),
    ]);
    const live = dataAddress(liveTable);
    // The data source returns "" for an absent sort key. Provider 5.x also stores "" in the state, so "" causes no difference there.
    // Provider 6.x refuses "" (hashicorp/terraform-provider-aws#46735).
    const isProvider5 = awsProvider.startsWith("~> 5.");
    const sortKey = (key: string): string => (isProvider5 ? `\${${key}}` : `\${${key} == "" ? null : ${key}}`);
    this.keyArn = tableKeyArn(this, liveTable);

    this.table = new DynamodbTable(this, "table", {
      name: table.name,
      // `ignore_changes` covers these arguments. They are still set, so that Terraform could not create a table with other keys if the
      // import were missing.
      hashKey: liveTable.hashKey,
      rangeKey: sortKey(`${live}.range_key`),
      billingMode: liveTable.billingMode,
      timeouts: { update: `${table.indexTimeoutMinutes}m` },
      lifecycle: {
        preventDestroy: true,
        ignoreChanges: [...IGNORED_ATTRIBUTES, ...(isProvider5 ? [] : IGNORED_ATTRIBUTES_SINCE_6)].sort(),
      },
    });
    this.table.overrideLogicalId("contacts");
    this.tableName = this.table.name;

    this.table.addOverride("dynamic.attribute", {
      for_each: isPresent ? mirroredAttributes(live) : attributesWithoutOurs(live),
      content: { name: "${attribute.key}", type: "${attribute.value}" },
    });
    this.table.addOverride("dynamic.global_secondary_index", {
      for_each: isPresent ? mirroredIndexes(live) : indexesWithoutOurs(live),
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

    this.import = { to: tableAddress, id: table.name };
  }
}

/** Returns an expression for the attribute definitions by name: ours, merged with the live ones. `ADOPTABLE` refuses a conflict. */
function mirroredAttributes(live: string): string {
  const ours = [HASH_KEY, RANGE_KEY].map((name) => `${name} = "${KEY_TYPE}"`).join(", ");
  return `\${merge({ ${ours} }, { for a in ${live}.attribute : a.name => a.type })}`;
}

/**
 * Returns an expression for the indexes by name: ours, merged with the live ones. An existing index of ours is mirrored too, so its
 * scaled capacity stays.
 *
 * A new index gets the capacity of the table, because an index with less capacity throttles writes to the table (AWS: "Using Global
 * Secondary Indexes", provisioned throughput). The capacity of an on-demand table is 0/0. With these numbers, the plan has no value
 * that is known only after apply.
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
 * Returns an expression for the live attribute definitions, without our attributes that no other key uses. The provider refuses a
 * definition without a key ("all attributes must be indexed").
 */
function attributesWithoutOurs(live: string): string {
  const others = `[for i in ${live}.global_secondary_index : [i.hash_key, i.range_key] if i.name != "${indexName}"]`;
  const locals = `[for i in ${live}.local_secondary_index : [i.range_key]]`;
  const used = `flatten([${live}.hash_key, ${live}.range_key, ${others}, ${locals}])`;
  return `\${{ for a in ${live}.attribute : a.name => a.type if !contains(["${HASH_KEY}", "${RANGE_KEY}"], a.name) || contains(${used}, a.name) }}`;
}

/** Returns an expression for the live indexes except ours. */
function indexesWithoutOurs(live: string): string {
  return `\${{ for i in ${live}.global_secondary_index : i.name => i if i.name != "${indexName}" }}`;
}
