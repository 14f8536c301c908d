/** Finds ConnectPath tables, Connect instances and existing call blocking resources in one region. */
import { paginateListInstances } from "@aws-sdk/client-connect";
import { paginateListTables } from "@aws-sdk/client-dynamodb";
import { guideFunctionName } from "../../../config/aws-names";
import { builtInDefaults } from "../../../config/schema";
import { isNamed } from "../../aws/errors";
import { CommandError } from "../../output/command-error";
import { blockedStatusAmong, modulesOf } from "../../aws/connect-instance";
import type { InstanceClients } from "../../aws/instance-clients";
import { functionConfiguration } from "../../aws/lambda-function";
import { describeTable, keysText, ourIndex } from "../../aws/live-table";
import { mirrorObstacle } from "../../aws/table-mirror";
import { errorMessage } from "../../output/error-message";

export interface FoundInstance {
  /** UUID. */
  readonly id: string;
  /** Undefined if the instance has no alias. */
  readonly alias: string | undefined;
  /** `ACTIVE`, `CREATION_IN_PROGRESS` or `CREATION_FAILED`. */
  readonly status: string;
  /** Id of the module `blockedStatus`; undefined if there is none. */
  readonly moduleId: string | undefined;
}

export interface FoundTable {
  readonly name: string;
  /** Status of the index with our name; undefined if there is none. */
  readonly indexStatus: string | undefined;
  /** Why Terraform cannot mirror the table; absent if it can, or if the table could not be described. */
  readonly mirrorObstacle?: string;
  /** `hash (HASH), range (RANGE)`; undefined if the table could not be described. */
  readonly keys: string | undefined;
}

export interface FoundRegion {
  readonly region: string;
  /** Tables whose name begins with `dextr-`, sorted by name; undefined if they could not be listed. */
  readonly tables: readonly FoundTable[] | undefined;
  /** Sorted by id; undefined if they could not be listed. */
  readonly instances: readonly FoundInstance[] | undefined;
  /** Name of the vendor guide's function; undefined if it does not exist. */
  readonly functionByHand: string | undefined;
  /** Failed requests, with their errors. */
  readonly problems: readonly string[];
}

/** The prefix of ConnectPath's tables, from its former name Dextr. */
const tablePrefix = /^dextr-/i;

/** Inspects one region. A failed request is reported in `problems`. @throws CommandError if the role may not be assumed */
export async function inspectRegion(region: string, clients: InstanceClients): Promise<FoundRegion> {
  const problems: string[] = [];
  const attempt = async <T>(subject: string, request: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await request();
    } catch (error) {
      // The error is the same in every region.
      if (error instanceof CommandError) throw error;
      problems.push(`${subject}: ${describeError(error)}`);
      return undefined;
    }
  };
  const [tables, instances] = await Promise.all([
    attempt("tables", () => tablesIn(clients, attempt)),
    attempt("Connect instances", () => instancesIn(clients, attempt)),
  ]);
  // In a region without ConnectPath, a function with this name is unrelated.
  const functionByHand =
    tables === undefined || tables.length === 0 ? undefined : await attempt("functions", () => guideFunction(clients));
  return { region, tables, instances, functionByHand, problems };
}

type Attempt = <T>(subject: string, request: () => Promise<T>) => Promise<T | undefined>;

async function tablesIn({ dynamodb }: InstanceClients, attempt: Attempt): Promise<FoundTable[]> {
  const names: string[] = [];
  for await (const { TableNames = [] } of paginateListTables({ client: dynamodb }, {}))
    names.push(...TableNames.filter((name) => tablePrefix.test(name)));
  const tables: FoundTable[] = [];
  for (const name of names.sort()) {
    const table = await attempt(`table ${name}`, () => describeTable(dynamodb, name));
    const obstacle = table && mirrorObstacle(table, builtInDefaults.awsProvider);
    tables.push({
      name,
      indexStatus: table && ourIndex(table)?.IndexStatus,
      keys: table?.KeySchema && keysText(table.KeySchema),
      ...(obstacle === undefined ? {} : { mirrorObstacle: obstacle }),
    });
  }
  return tables;
}

async function instancesIn({ connect }: InstanceClients, attempt: Attempt): Promise<FoundInstance[]> {
  const instances: FoundInstance[] = [];
  for await (const { InstanceSummaryList = [] } of paginateListInstances({ client: connect }, {}))
    for (const { Id: id = "", InstanceAlias: alias, InstanceStatus: status = "" } of InstanceSummaryList) {
      const moduleId = await attempt(
        `modules of instance ${alias ?? id}`,
        async () => blockedStatusAmong(await modulesOf(connect, id))?.Id,
      );
      instances.push({ id, alias, status, moduleId });
    }
  return instances.sort((a, b) => a.id.localeCompare(b.id));
}

async function guideFunction({ lambda }: InstanceClients): Promise<string | undefined> {
  return (await functionConfiguration(lambda, guideFunctionName)) && guideFunctionName;
}

function describeError(error: unknown): string {
  const text = errorMessage(error);
  if (text.includes("ENOTFOUND"))
    return "The service is not available in the region, or its host name could not be resolved.";
  if (isNamed(error, "UnrecognizedClientException")) return `${text} (The region may not be enabled for the account.)`;
  return text;
}
