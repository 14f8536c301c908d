/** The properties of the contact table that a plan depends on. They are saved with the plan and compared before the apply. */
import type {
  GlobalSecondaryIndexDescription,
  LocalSecondaryIndexDescription,
  OnDemandThroughput,
  ProvisionedThroughputDescription,
  TableDescription,
} from "@aws-sdk/client-dynamodb";
import { indexName } from "../../config/aws-names";
import type { InstanceConfig } from "../../config/types";
import { TABLE } from "../../stacks/resource-types";
import { instanceClients } from "../aws/instance-clients";
import { describeExistingTable, keysText, ourIndex } from "../aws/live-table";
import { errorMessage } from "../output/error-message";
import { isTouched } from "../terraform/plan-json";
import type { PlanJson } from "../terraform/plan-json";
import type { PlanRejection } from "./saved-plan";

/** Readable text by field, such as `capacity` → `provisioned, 17 read and 9 write units`. */
export type TableFingerprint = Readonly<Record<string, string>>;

/**
 * Whether an apply of the plan needs the table as it was planned: the plan changes the table or its entry in the state, or it changes
 * resources that need the index and the stack only reads the table.
 */
export function dependsOnTable({ resource_changes }: PlanJson, { table, release }: InstanceConfig): boolean {
  const onlyReads = !table.adopt && release === undefined;
  return resource_changes.some((resource) => isTouched(resource) && (resource.type === TABLE || onlyReads));
}

/** Reads the fingerprint with DescribeTable. @throws Error from AWS, or if the credentials are unusable */
export async function readTableFingerprint(instance: InstanceConfig): Promise<TableFingerprint> {
  const clients = instanceClients(instance);
  try {
    const table = await describeExistingTable(clients.dynamodb, instance.table.name);
    return instance.table.adopt ? fingerprintOf(table) : readFingerprintOf(table);
  } finally {
    clients.destroy();
  }
}

/** The fields that matter to a stack that only reads the table. Autoscaling may change the capacity of our index at any time. */
export function readFingerprintOf(table: TableDescription): TableFingerprint {
  const index = ourIndex(table);
  return {
    ...identityOf(table),
    ...(index === undefined ? {} : { [`index ${indexName}`]: keysAndProjection(index) }),
  };
}

const identityOf = ({ TableId = "unknown", KeySchema }: TableDescription) => ({
  "table id": TableId,
  keys: keysText(KeySchema),
});

/** Status, item counts and times are left out, because they do not affect a plan. */
export function fingerprintOf(table: TableDescription): TableFingerprint {
  const indexes = [
    ...(table.GlobalSecondaryIndexes ?? []).map((index) => ["index", index] as const),
    ...(table.LocalSecondaryIndexes ?? []).map((index) => ["local index", index] as const),
  ];
  const isOnDemand = table.BillingModeSummary?.BillingMode === "PAY_PER_REQUEST";
  const replicas = (table.Replicas ?? []).map(({ RegionName = "" }) => RegionName).sort();
  const attributes = (table.AttributeDefinitions ?? []).map(
    ({ AttributeName = "", AttributeType = "" }) => `${AttributeName} (${AttributeType})`,
  );
  return {
    ...identityOf(table),
    capacity: capacityOf(isOnDemand, table.ProvisionedThroughput, table.OnDemandThroughput),
    "attribute definitions": attributes.sort().join(", ") || "none",
    replicas: replicas.join(", ") || "none",
    ...Object.fromEntries(
      indexes.map(([kind, index]) => [`${kind} ${index.IndexName ?? ""}`, indexOf(index, isOnDemand)]),
    ),
  };
}

function capacityOf(
  isOnDemand: boolean,
  provisioned: ProvisionedThroughputDescription | undefined,
  onDemand: OnDemandThroughput | undefined,
): string {
  const limits = [
    ["read", onDemand?.MaxReadRequestUnits],
    ["write", onDemand?.MaxWriteRequestUnits],
  ].flatMap(([name, limit]) =>
    typeof limit === "number" && limit > 0 ? [`at most ${limit} ${String(name)} units`] : [],
  );
  if (isOnDemand) return ["on demand", ...limits].join(", ");
  const { ReadCapacityUnits = 0, WriteCapacityUnits = 0 } = provisioned ?? {};
  return `provisioned, ${ReadCapacityUnits} read and ${WriteCapacityUnits} write units`;
}

function indexOf(index: GlobalSecondaryIndexDescription | LocalSecondaryIndexDescription, isOnDemand: boolean): string {
  const capacity =
    "ProvisionedThroughput" in index || "OnDemandThroughput" in index
      ? `, ${capacityOf(isOnDemand, index.ProvisionedThroughput, index.OnDemandThroughput)}`
      : "";
  return `${keysAndProjection(index)}${capacity}`;
}

function keysAndProjection({ KeySchema, Projection }: LocalSecondaryIndexDescription): string {
  const { ProjectionType = "unknown", NonKeyAttributes = [] } = Projection ?? {};
  return `${keysText(KeySchema)}, ${[ProjectionType, ...[...NonKeyAttributes].sort()].join(" ")}`;
}

/** One text per changed field: `capacity: provisioned, 17 read and 9 write units → provisioned, 1000 read and 1000 write units`. */
export function changedFields(before: TableFingerprint, after: TableFingerprint): readonly string[] {
  const fields = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...fields]
    .filter((field) => before[field] !== after[field])
    .map((field) => `${field}: ${before[field] ?? "none"} → ${after[field] ?? "none"}`);
}

/** Reads the table again, and rejects the plan if the table changed after the plan. */
export async function staleTable(
  instance: InstanceConfig,
  before: TableFingerprint,
): Promise<PlanRejection | undefined> {
  let after: TableFingerprint;
  try {
    after = await readTableFingerprint(instance);
  } catch (error) {
    return {
      reason: `The table ${instance.table.name} cannot be compared with the plan, because it cannot be read. ${errorMessage(error)}`,
      fix: "Allow dynamodb:DescribeTable for the role that deploy uses (planRole, otherwise deployRole, otherwise the role of your credentials), and deploy again.",
    };
  }
  const changes = changedFields(before, after);
  if (changes.length === 0) return undefined;
  return {
    reason: `The table ${instance.table.name} changed since the plan:\n${changes.map((change) => `    ${change}`).join("\n")}`,
    fix: "Plan again, and have the new plan reviewed.",
  };
}
