/** Looks at the vendor's table as it is: whether our index can be added to it, and what to know before. */
import { DescribeTableCommand, ListTagsOfResourceCommand } from "@aws-sdk/client-dynamodb";
import type { TableDescription, Tag } from "@aws-sdk/client-dynamodb";
import { DescribeKeyCommand } from "@aws-sdk/client-kms";
import { indexName } from "../../../config/aws-names";
import type { InstanceConfig } from "../../../config/types";
import { absent } from "../../aws/errors";
import { failed, ok } from "../finding";
import type { InstanceClients } from "../../aws/instance-clients";
import { capacityOf, ourIndex, remedyOfStatus, shapeOf } from "../../aws/live-table";
import { runCheck, warning } from "./check";
import type { Check, Finding } from "./check";
import { thousands } from "./prices";

/** DynamoDB's default quota for a table, which the stack does not exceed. */
const mostIndexes = 20;
const rightShape = "hash Disposition, range CustomerEndpoint, KEYS_ONLY";

export interface LookedAtTable {
  readonly checks: readonly Check[];
  /** Undefined where there is none, or it could not be described. */
  readonly table: TableDescription | undefined;
}

export async function tableChecks(instance: InstanceConfig, clients: InstanceClients): Promise<LookedAtTable> {
  const { dynamodb } = clients;
  let table: TableDescription | undefined;
  const first = await runCheck("table", async () => {
    const TableName = instance.table.name;
    table = (await absent(dynamodb.send(new DescribeTableCommand({ TableName }))))?.Table;
    return table === undefined ? noTable(instance) : statusFinding(instance, table);
  });
  if (table === undefined) return { checks: [first], table };
  const found = table;
  const checks = [
    first,
    await runCheck("keys", () => keysFinding(found)),
    await runCheck("indexes", () => indexesFinding(found)),
    await runCheck("our index", () => ourIndexFinding(found)),
    await runCheck("key types", () => keyTypesFinding(found)),
    await runCheck("owner", async () => ownerFinding(await tagsOf(clients, found))),
    await runCheck("replicas", () => replicasFinding(instance, found)),
    await runCheck("encryption", () => encryptionFinding(clients, found)),
    await runCheck("capacity", () => capacityFinding(found)),
  ];
  return { checks, table };
}

function noTable({ table, account, region, name }: InstanceConfig): Finding {
  return failed(
    `There is no table ${table.name} in ${region} of the account that was asked, which should be ${account}.`,
    `If ConnectPath's table has another name, set tableName of instance ${name}. Else compare region and account with those in the console.`,
  );
}

function statusFinding({ table: configured, account }: InstanceConfig, table: TableDescription): Finding {
  const { TableStatus = "unknown", TableArn = "", ItemCount = 0 } = table;
  const itsAccount = TableArn.split(":")[4];
  if (TableArn !== configured.arn) {
    return failed(
      `${TableArn} is not ${configured.arn}.`,
      itsAccount === account
        ? "Compare region and name with the environment file."
        : `The credentials are of account ${itsAccount ?? "unknown"}. Use those of ${account}, or set planRole.`,
    );
  }
  if (TableStatus === "ACTIVE") return ok(`${configured.name} is ACTIVE, about ${thousands(ItemCount)} items.`);
  if (TableStatus === "UPDATING") {
    if (ourIndex(table)?.IndexStatus === "CREATING")
      return ok(`${configured.name} is UPDATING: our index is being built.`);
    return failed(
      `${configured.name} is UPDATING: while it is, DynamoDB refuses to add an index (ResourceInUseException).`,
      "Wait until it is ACTIVE: a change of the table by its owner is under way.",
    );
  }
  return failed(`${configured.name} is ${TableStatus}.`, remedyOfStatus(TableStatus));
}

function keysFinding({ KeySchema = [], AttributeDefinitions = [] }: TableDescription): Finding {
  const keys = KeySchema.map(({ AttributeName = "", KeyType = "" }) => {
    const type = AttributeDefinitions.find((attribute) => attribute.AttributeName === AttributeName)?.AttributeType;
    return `${AttributeName} (${KeyType}, ${type ?? "no type"})`;
  }).join(", ");
  if (keys === "hash (HASH, S), range (RANGE, S)") return ok(keys);
  return warning(
    `${keys}, and ConnectPath's tables have hash (HASH, S), range (RANGE, S).`,
    "Make sure that this is the contact table of this instance. Whatever its keys are, they are mirrored and never changed.",
  );
}

function indexesFinding(table: TableDescription): Finding {
  const { GlobalSecondaryIndexes: indexes = [] } = table;
  const used = `${indexes.length} of ${mostIndexes} global indexes are used`;
  const busy = indexes.filter(({ IndexStatus, IndexName }) => IndexStatus !== "ACTIVE" && IndexName !== indexName);
  if (busy.length > 0) {
    const named = busy.map(({ IndexName = "", IndexStatus = "" }) => `${IndexName} is ${IndexStatus}`).join(", ");
    return failed(
      `${used}; ${named}: DynamoDB changes one index of a table at a time, and would refuse ours (LimitExceededException).`,
      "Wait until it is ACTIVE, or gone.",
    );
  }
  if (indexes.length >= mostIndexes && ourIndex(table) === undefined) {
    return failed(
      `${used}: there is no room for ${indexName}.`,
      "Ask the owner of the table to delete an index that nobody uses. A raised quota does not help: the stack refuses it too.",
    );
  }
  return ok(`${used}.`);
}

function ourIndexFinding(table: TableDescription): Finding {
  const index = ourIndex(table);
  if (index === undefined) return ok(`${indexName} is absent: the deployment adds it.`);
  const shape = shapeOf(index);
  if (shape !== rightShape) {
    return failed(
      `${indexName} is there, but of another shape: ${shape}. Call blocking needs: ${rightShape}.`,
      "Find out who uses that index. If nobody does, delete it and deploy; if it was made for call blocking, no call is blocked from then until the new one is built.",
    );
  }
  if (index.IndexStatus === "ACTIVE") return ok(`${indexName} is there already, ACTIVE and of the right shape.`);
  const status = `${indexName} is there and ${index.IndexStatus ?? "of no known status"}`;
  return index.IndexStatus === "DELETING"
    ? failed(`${status}.`, "Wait until it is gone; the deployment then makes it anew.")
    : warning(
        `${status}: until it is ACTIVE lookups fail, and nobody is blocked.`,
        "Wait until it is ACTIVE before you deploy: Terraform does not wait for an index that it did not make.",
      );
}

function keyTypesFinding({ AttributeDefinitions = [] }: TableDescription): Finding {
  const ours = AttributeDefinitions.filter(({ AttributeName = "" }) =>
    ["Disposition", "CustomerEndpoint"].includes(AttributeName),
  );
  const wrong = ours.filter(({ AttributeType }) => AttributeType !== "S");
  if (wrong.length > 0) {
    const named = wrong.map(({ AttributeName = "", AttributeType = "" }) => `${AttributeName} as ${AttributeType}`);
    return failed(
      `The table defines ${named.join(" and ")}, as a key of another index; call blocking needs S (string), and one attribute cannot have two types.`,
      "Ask the owner of the table: this instance cannot have call blocking while that index exists.",
    );
  }
  const key = ours.map(({ AttributeName = "" }) => AttributeName).join(" and ");
  return ok(
    key === "" ? "Neither Disposition nor CustomerEndpoint is a key yet." : `${key}: already a key, of type S.`,
  );
}

async function tagsOf({ dynamodb }: InstanceClients, { TableArn }: TableDescription): Promise<readonly Tag[]> {
  const tags: Tag[] = [];
  let NextToken: string | undefined;
  do {
    const page = await dynamodb.send(new ListTagsOfResourceCommand({ ResourceArn: TableArn, NextToken }));
    tags.push(...(page.Tags ?? []));
    ({ NextToken } = page);
  } while (NextToken !== undefined);
  return tags;
}

/** Tags that people and modules give to what Terraform manages. */
const terraformTag = /^(terraform|tf[-_:]|managed[-_ ]?by|provisioner|iac)/i;

function ownerFinding(tags: readonly Tag[]): Finding {
  const stack = tags.find(({ Key }) => Key === "aws:cloudformation:stack-name")?.Value;
  if (stack !== undefined) {
    return ok(
      `CloudFormation's stack ${stack} made the table, as ConnectPath's does. Its updates compare templates and leave our index alone, ` +
        "though drift detection names it; an update that replaces the table takes the index with it, and verify and drift say so.",
    );
  }
  const terraform = tags.filter(
    ({ Key = "", Value = "" }) =>
      terraformTag.test(Key) && /terraform|tofu|^true$|^yes$|cdktf/i.test(`${Key}=${Value}`),
  );
  if (terraform.length > 0) {
    const shown = terraform.map(({ Key = "", Value = "" }) => `${Key}=${Value}`).join(", ");
    return warning(
      `Tags say that Terraform manages the table (${shown}). If that is another configuration than this one, its next apply deletes our index: ` +
        "to it the index is drift (AWS provider below 6.29, and above where it lists indexes of its own).",
      "Ask its owners to add the index there, or to put global_secondary_index and attribute into ignore_changes, before you deploy.",
    );
  }
  return ok("No tag says who made the table.");
}

function replicasFinding({ table: configured }: InstanceConfig, { Replicas = [] }: TableDescription): Finding {
  if (Replicas.length === 0) return ok("None: the table is in this region alone.");
  const regions = Replicas.map(({ RegionName = "" }) => RegionName).sort();
  const detail = `A global table with replicas in ${regions.join(", ")}: DynamoDB builds the index in each of these regions, and charges it in each.`;
  if (configured.acceptReplicas) return ok(`${detail} table.acceptReplicas is set.`);
  return failed(
    detail,
    "If that is wanted, set table.acceptReplicas: true for this instance; without it the plan stops.",
  );
}

async function encryptionFinding({ kms }: InstanceClients, { SSEDescription }: TableDescription): Promise<Finding> {
  const arn = SSEDescription?.KMSMasterKeyArn;
  if (SSEDescription?.SSEType !== "KMS" || arn === undefined)
    return ok("With DynamoDB's own key: no permission is needed.");
  const key = (await kms.send(new DescribeKeyCommand({ KeyId: arn }))).KeyMetadata;
  const state = key?.KeyState ?? "unknown";
  if (key?.KeyManager === "AWS") {
    return ok(
      `With the key that AWS manages for DynamoDB, ${state}: the deployment allows the function to decrypt with it.`,
    );
  }
  if (state !== "Enabled") {
    return failed(
      `With ${arn}, which is ${state}: DynamoDB cannot read the table, nor build the index.`,
      "Enable the key, or cancel its deletion.",
    );
  }
  return warning(
    `With the customer managed key ${arn}, which is enabled. The deployment allows the function kms:Decrypt through DynamoDB, and no lookup works without it.`,
    "See that the key's policy lets IAM policies of this account decide (the console's default does), or allow kms:Decrypt to the function's role in it.",
  );
}

function capacityFinding(table: TableDescription): Finding {
  const capacity = capacityOf(table);
  if (capacity === undefined) return ok("On demand: the index needs no capacity of its own.");
  if (ourIndex(table) !== undefined) {
    const { ReadCapacityUnits: read = 0, WriteCapacityUnits: write = 0 } = ourIndex(table)?.ProvisionedThroughput ?? {};
    const detail = `Provisioned: the table has ${capacity.read} read and ${capacity.write} write units, the index ${read} and ${write}.`;
    if (write >= capacity.write) return ok(detail);
    return warning(
      `${detail} An index that takes fewer writes than the table throttles the writes to the table itself.`,
      `Raise the index's write capacity to ${capacity.write}; plans follow it.`,
    );
  }
  return warning(
    `Provisioned with ${capacity.read} read and ${capacity.write} write units: the index begins with the same, since one that takes fewer writes throttles the writes to the table itself. ` +
      "Autoscaling of the table does not extend to it.",
    "Where the table autoscales, give the index a scaling target as the other indexes have one, once it is there; plans follow it.",
  );
}
