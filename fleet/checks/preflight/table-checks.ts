/** Checks the contact table before a deployment: whether our index can be added, and which risks a person must accept. */
import { ListTagsOfResourceCommand } from "@aws-sdk/client-dynamodb";
import type { TableDescription, Tag } from "@aws-sdk/client-dynamodb";
import { DescribeKeyCommand } from "@aws-sdk/client-kms";
import { indexName } from "../../../config/aws-names";
import { blockingIndex, blockingIndexKeys, blockingIndexShape, maxGlobalIndexes } from "../../../config/blocking-index";
import type { InstanceConfig } from "../../../config/types";
import { failed, ok } from "../finding";
import type { InstanceClients } from "../../aws/instance-clients";
import {
  capacityOf,
  creationStep,
  describeTable,
  isUsable,
  ourIndex,
  fixForStatus,
  shapeOf,
} from "../../aws/live-table";
import { mirrorProblem } from "../../aws/table-mirror";
import { runCheck, warning } from "./check";
import type { Check, Finding } from "./check";
import { thousands } from "./prices";

export interface TableResult {
  readonly checks: readonly Check[];
  /** Undefined if the table does not exist or could not be described. */
  readonly table: TableDescription | undefined;
}

export async function tableChecks(instance: InstanceConfig, clients: InstanceClients): Promise<TableResult> {
  let table: TableDescription | undefined;
  const first = await runCheck("table", async () => {
    table = await describeTable(clients.dynamodb, instance.table.name);
    return table === undefined ? noTable(instance) : statusFinding(instance, table);
  });
  if (table === undefined) return { checks: [first], table };
  const found = table;
  // Whether the index is ready for a stack that only reads the table. The deployment then adds no index, and replicas need no consent.
  const isReady = !instance.table.adopt && ourIndex(found) !== undefined;
  const checks = [
    first,
    await runCheck("keys", () => keysFinding(found)),
    await runCheck("indexes", () => (isReady ? ok("The deployment adds no index.") : indexesFinding(found))),
    ...(instance.table.adopt ? [await runCheck("mirror", () => mirrorFinding(instance, found))] : []),
    await runCheck("our index", () => missingIndexFinding(instance, found) ?? ourIndexFinding(instance, found)),
    await runCheck("key types", () => keyTypesFinding(found)),
    await runCheck("owner", async () => ownerFinding(await tagsOf(clients, found))),
    await runCheck("replicas", () =>
      isReady ? ok("The deployment changes no index in any region.") : replicasFinding(instance, found),
    ),
    await runCheck("encryption", () => encryptionFinding(clients, found)),
    await runCheck("capacity", () => capacityFinding(found)),
  ];
  return { checks, table };
}

/** Why our index cannot be added to the table; empty if it can. Needs no permission except DescribeTable. */
export function obstaclesToIndex(instance: InstanceConfig, table: TableDescription): readonly Finding[] {
  const findings = [
    statusFinding(instance, table),
    indexesFinding(table),
    ourIndexFinding(instance, table),
    keyTypesFinding(table),
    replicasFinding(instance, table),
  ];
  return findings.filter(({ outcome }) => outcome === "failed");
}

/** Why our existing index cannot be used, although it may still be created; empty if it can. */
export function faultsOfIndex(instance: InstanceConfig, table: TableDescription): readonly Finding[] {
  const findings = [identityFinding(instance, table), ourIndexFinding(instance, table), keyTypesFinding(table)];
  return findings.filter(({ outcome }) => outcome === "failed");
}

export function noTable({ table, account, region, name }: InstanceConfig): Finding {
  return failed(
    `There is no table ${table.name} in ${region} in the account of these credentials. The expected account is ${account}.`,
    `If ConnectPath's table has another name, set tableName of instance ${name}. Otherwise compare region and account with the AWS console.`,
  );
}

function identityFinding({ table: configured, account }: InstanceConfig, { TableArn = "" }: TableDescription): Finding {
  if (TableArn === configured.arn) return ok(`The table is ${TableArn}.`);
  const foundAccount = TableArn.split(":")[4];
  return failed(
    `The credentials find the table ${TableArn} instead of ${configured.arn}.`,
    foundAccount === account
      ? "Compare region and name with the environment file."
      : `The credentials belong to account ${foundAccount ?? "unknown"}. Use credentials of ${account}, or set planRole.`,
  );
}

function statusFinding(instance: InstanceConfig, table: TableDescription): Finding {
  const { table: configured } = instance;
  const { TableStatus = "unknown", ItemCount = 0 } = table;
  const identity = identityFinding(instance, table);
  if (identity.outcome === "failed") return identity;
  if (TableStatus === "ACTIVE") return ok(`${configured.name} is ACTIVE, about ${thousands(ItemCount)} items.`);
  if (TableStatus === "UPDATING") {
    if (ourIndex(table)?.IndexStatus === "CREATING")
      return ok(`${configured.name} is UPDATING while our index is created.`);
    return failed(
      `${configured.name} is UPDATING. Meanwhile DynamoDB refuses to add an index (ResourceInUseException).`,
      "Wait until the table is ACTIVE. Its owner is changing the table.",
    );
  }
  return failed(`${configured.name} is ${TableStatus}.`, fixForStatus(TableStatus));
}

function keysFinding({ KeySchema = [], AttributeDefinitions = [] }: TableDescription): Finding {
  const keys = KeySchema.map(({ AttributeName = "", KeyType = "" }) => {
    const type = AttributeDefinitions.find((attribute) => attribute.AttributeName === AttributeName)?.AttributeType;
    return `${AttributeName} (${KeyType}, ${type ?? "no type"})`;
  }).join(", ");
  if (keys === "hash (HASH, S), range (RANGE, S)") return ok(keys);
  return warning(
    `The keys are ${keys}. ConnectPath's tables have hash (HASH, S), range (RANGE, S).`,
    "Make sure that this is the contact table of this instance. Its keys are mirrored and never changed.",
  );
}

function indexesFinding(table: TableDescription): Finding {
  const { GlobalSecondaryIndexes: indexes = [] } = table;
  const used = `${indexes.length} of ${maxGlobalIndexes} global indexes are used`;
  const busy = indexes.filter(({ IndexStatus, IndexName }) => IndexStatus !== "ACTIVE" && IndexName !== indexName);
  if (busy.length > 0) {
    const named = busy.map(({ IndexName = "", IndexStatus = "" }) => `${IndexName} is ${IndexStatus}`).join(", ");
    return failed(
      `${used}; ${named}. DynamoDB changes only one index of a table at a time, so it would refuse to add our index (LimitExceededException).`,
      "Wait until every index of the table is ACTIVE or deleted.",
    );
  }
  if (indexes.length >= maxGlobalIndexes && ourIndex(table) === undefined) {
    return failed(
      `${used}, so ${indexName} cannot be added.`,
      "Ask the owner of the table to delete an unused index. A higher quota does not help: the stack allows at most 20.",
    );
  }
  return ok(`${used}.`);
}

function mirrorFinding(instance: InstanceConfig, table: TableDescription): Finding {
  const problem = mirrorProblem(table, instance);
  if (problem === undefined) return ok("Terraform can mirror all keys and indexes of the table.");
  return failed(
    problem,
    `Set table: { adopt: false }, create the index with npm run fleet -- index stack=${instance.stackName}, and plan.`,
  );
}

/** The finding if the stack needs an index that it does not create. */
function missingIndexFinding(instance: InstanceConfig, table: TableDescription) {
  if (instance.table.adopt || ourIndex(table) !== undefined) return undefined;
  return failed(
    `${indexName} does not exist, and with table.adopt: false the deployment does not create it.`,
    creationStep(instance),
  );
}

function ourIndexFinding(instance: InstanceConfig, table: TableDescription): Finding {
  const index = ourIndex(table);
  if (index === undefined) return ok(`${indexName} does not exist yet. The deployment adds it.`);
  const shape = shapeOf(index);
  if (shape !== blockingIndexShape) {
    return failed(
      `${indexName} exists with another shape: ${shape}. Call blocking needs: ${blockingIndexShape}.`,
      `Find out what uses that index. If it is unused, delete it. ${creationStep(instance)} If it was created for call blocking, no call is blocked until the new index is ready.`,
    );
  }
  if (isUsable(index))
    return ok(`${indexName} exists already. It is ${index.IndexStatus ?? ""} and has the right shape.`);
  const status = `${indexName} exists with status ${index.IndexStatus ?? "unknown"}`;
  return index.IndexStatus === "DELETING"
    ? failed(`${status}.`, `Wait until it is deleted. ${creationStep(instance)}`)
    : warning(
        `${status}. Until it is ACTIVE, lookups fail, and no caller is blocked.`,
        "Wait until it is ACTIVE before you deploy. Terraform does not wait for an index that it did not create.",
      );
}

function keyTypesFinding({ AttributeDefinitions = [] }: TableDescription): Finding {
  const ours = AttributeDefinitions.filter(({ AttributeName = "" }) =>
    blockingIndexKeys.some((key) => key === AttributeName),
  );
  const wrong = ours.filter(({ AttributeType }) => AttributeType !== blockingIndex.keyType);
  if (wrong.length > 0) {
    const named = wrong.map(({ AttributeName = "", AttributeType = "" }) => `${AttributeName} as ${AttributeType}`);
    return failed(
      `The table defines ${named.join(" and ")} as a key of another index. Call blocking needs type S (string), and an attribute can have only one type.`,
      "Ask the owner of the table. This instance cannot have call blocking while that index exists.",
    );
  }
  const key = ours.map(({ AttributeName = "" }) => AttributeName).join(" and ");
  return ok(
    key === "" ? "Neither Disposition nor CustomerEndpoint is a key yet." : `${key}: already a key with type S.`,
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

/** Common keys of tags on resources that Terraform manages. */
const terraformTag = /^(terraform|tf[-_:]|managed[-_ ]?by|provisioner|iac)/i;

function ownerFinding(tags: readonly Tag[]): Finding {
  const stack = tags.find(({ Key }) => Key === "aws:cloudformation:stack-name")?.Value;
  if (stack !== undefined) {
    return ok(
      `The CloudFormation stack ${stack} manages the table, as is usual for ConnectPath. Its updates do not change our index, but its ` +
        "drift detection reports our index. An update that replaces the table also deletes our index; verify and drift then report this.",
    );
  }
  const terraform = tags.filter(
    ({ Key = "", Value = "" }) =>
      terraformTag.test(Key) && /terraform|tofu|^true$|^yes$|cdktf/i.test(`${Key}=${Value}`),
  );
  if (terraform.length > 0) {
    const shown = terraform.map(({ Key = "", Value = "" }) => `${Key}=${Value}`).join(", ");
    return warning(
      `According to its tags (${shown}), Terraform manages the table. If another Terraform configuration manages it, its next apply deletes our index ` +
        "as drift (with AWS provider versions below 6.29, and with later versions if that configuration lists indexes).",
      "Before you deploy, ask the owners to add the index to that configuration, or global_secondary_index and attribute to its ignore_changes.",
    );
  }
  return ok("No tag names a tool that manages the table.");
}

function replicasFinding({ table: configured, region }: InstanceConfig, { Replicas = [] }: TableDescription): Finding {
  // The replicas of a global table include the table itself, in its own region.
  const regions = Replicas.map(({ RegionName = "" }) => RegionName)
    .filter((name) => name !== region)
    .sort();
  if (regions.length === 0) return ok("No replicas. The table exists only in this region.");
  const detail = `The table is a global table with replicas in ${regions.join(", ")}. DynamoDB creates and charges the index in each of these regions.`;
  if (configured.acceptReplicas) return ok(`${detail} table.acceptReplicas is set.`);
  return failed(
    detail,
    "To accept this, set table.acceptReplicas: true for this instance. Otherwise the plan is refused.",
  );
}

async function encryptionFinding({ kms }: InstanceClients, { SSEDescription }: TableDescription): Promise<Finding> {
  const arn = SSEDescription?.KMSMasterKeyArn;
  if (SSEDescription?.SSEType !== "KMS" || arn === undefined)
    return ok("The table is encrypted with DynamoDB's own key. No permission is needed.");
  const key = (await kms.send(new DescribeKeyCommand({ KeyId: arn }))).KeyMetadata;
  const state = key?.KeyState ?? "unknown";
  if (key?.KeyManager === "AWS") {
    return ok(
      `The table is encrypted with the AWS managed key for DynamoDB, which is ${state}. The deployment allows the function to decrypt with it.`,
    );
  }
  if (state !== "Enabled") {
    return failed(
      `The table is encrypted with the key ${arn}, which is ${state}. DynamoDB can neither read the table nor create the index.`,
      "Enable the key or cancel its deletion.",
    );
  }
  return warning(
    `The table is encrypted with the customer managed key ${arn}, which is enabled. The deployment allows the function kms:Decrypt through DynamoDB. Lookups need this permission.`,
    "Make sure that the key policy delegates to IAM policies of this account (the console's default does), or that it allows kms:Decrypt to the function's role.",
  );
}

function capacityFinding(table: TableDescription): Finding {
  const capacity = capacityOf(table);
  if (capacity === undefined) return ok("The table is on demand. The index needs no capacity of its own.");
  if (ourIndex(table) !== undefined) {
    const { ReadCapacityUnits: read = 0, WriteCapacityUnits: write = 0 } = ourIndex(table)?.ProvisionedThroughput ?? {};
    const detail = `Provisioned: the table has ${capacity.read} read and ${capacity.write} write units, the index ${read} and ${write}.`;
    if (write >= capacity.write) return ok(detail);
    return warning(
      `${detail} An index with less write capacity than the table throttles writes to the table.`,
      `Raise the index's write capacity to ${capacity.write}. The guard allows this change.`,
    );
  }
  return warning(
    `Provisioned with ${capacity.read} read and ${capacity.write} write units. The index is created with the same capacity: an index with less write capacity throttles writes to the table. ` +
      "Autoscaling of the table does not include the index.",
    "If the table has autoscaling, add a scaling target for the index after the deployment. The guard allows this change.",
  );
}
