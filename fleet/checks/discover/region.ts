/** What of ConnectPath and of call blocking there is in one region of an account. */
import { paginateListInstances } from "@aws-sdk/client-connect";
import { DescribeTableCommand, paginateListTables } from "@aws-sdk/client-dynamodb";
import { GetFunctionConfigurationCommand } from "@aws-sdk/client-lambda";
import { guideFunctionName } from "../../../config/aws-names";
import { absent, isNamed } from "../../aws/errors";
import { CommandError } from "../../output/command-error";
import { blockedStatusAmong, modulesOf } from "../../aws/connect-instance";
import type { InstanceClients } from "../../aws/instance-clients";
import { keysText, ourIndex } from "../../aws/live-table";
import { errorMessage } from "../../output/error-message";

export interface FoundInstance {
  /** UUID. */
  readonly id: string;
  /** Undefined for an instance that has none. */
  readonly alias: string | undefined;
  /** `ACTIVE`, `CREATION_IN_PROGRESS` or `CREATION_FAILED`. */
  readonly status: string;
  /** Id of a module `blockedStatus`; undefined where there is none. */
  readonly moduleId: string | undefined;
}

export interface FoundTable {
  readonly name: string;
  /** Status of an index of our name; undefined where there is none. */
  readonly indexStatus: string | undefined;
  /** `hash (HASH), range (RANGE)`; undefined where the table could not be described. */
  readonly keys: string | undefined;
}

export interface FoundRegion {
  readonly region: string;
  /** Tables whose name begins with `dextr-`, by name; undefined where they could not be listed. */
  readonly tables: readonly FoundTable[] | undefined;
  /** By id; undefined where they could not be listed. */
  readonly instances: readonly FoundInstance[] | undefined;
  /** Name of the function of the vendor's guide where it exists. */
  readonly functionByHand: string | undefined;
  /** What could not be asked, and why. */
  readonly problems: readonly string[];
}

/** ConnectPath was Dextr: the prefix of its tables. */
const tablePrefix = /^dextr-/i;

/** Looks around in one region. What AWS refuses is told and leaves the rest. @throws CommandError where the role may not be assumed */
export async function lookAround(region: string, clients: InstanceClients): Promise<FoundRegion> {
  const problems: string[] = [];
  const asking = async <T>(what: string, ask: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await ask();
    } catch (error) {
      // A role that may not be assumed is no matter of this region.
      if (error instanceof CommandError) throw error;
      problems.push(`${what}: ${why(error)}`);
      return undefined;
    }
  };
  const [tables, instances] = await Promise.all([
    asking("tables", () => tablesIn(clients, asking)),
    asking("Connect instances", () => instancesIn(clients, asking)),
  ]);
  // Where there is nothing of ConnectPath, a function of this name is somebody else's.
  const functionByHand =
    tables === undefined || tables.length === 0 ? undefined : await asking("functions", () => guidesFunction(clients));
  return { region, tables, instances, functionByHand, problems };
}

type Asking = <T>(what: string, ask: () => Promise<T>) => Promise<T | undefined>;

async function tablesIn({ dynamodb }: InstanceClients, asking: Asking): Promise<FoundTable[]> {
  const names: string[] = [];
  for await (const { TableNames = [] } of paginateListTables({ client: dynamodb }, {}))
    names.push(...TableNames.filter((name) => tablePrefix.test(name)));
  const tables: FoundTable[] = [];
  for (const name of names.sort()) {
    const described = await asking(`table ${name}`, () => dynamodb.send(new DescribeTableCommand({ TableName: name })));
    const table = described?.Table;
    tables.push({
      name,
      indexStatus: table && ourIndex(table)?.IndexStatus,
      keys: table?.KeySchema && keysText(table.KeySchema),
    });
  }
  return tables;
}

async function instancesIn({ connect }: InstanceClients, asking: Asking): Promise<FoundInstance[]> {
  const instances: FoundInstance[] = [];
  for await (const { InstanceSummaryList = [] } of paginateListInstances({ client: connect }, {}))
    for (const { Id: id = "", InstanceAlias: alias, InstanceStatus: status = "" } of InstanceSummaryList) {
      const moduleId = await asking(
        `modules of instance ${alias ?? id}`,
        async () => blockedStatusAmong(await modulesOf(connect, id))?.Id,
      );
      instances.push({ id, alias, status, moduleId });
    }
  return instances.sort((one, other) => one.id.localeCompare(other.id));
}

async function guidesFunction({ lambda }: InstanceClients): Promise<string | undefined> {
  const request = new GetFunctionConfigurationCommand({ FunctionName: guideFunctionName });
  return (await absent(lambda.send(request))) === undefined ? undefined : guideFunctionName;
}

function why(error: unknown): string {
  const text = errorMessage(error);
  if (text.includes("ENOTFOUND")) return "AWS does not offer the service there, or its name could not be looked up.";
  if (isNamed(error, "UnrecognizedClientException")) return `${text} (The region may not be enabled for the account.)`;
  return text;
}
