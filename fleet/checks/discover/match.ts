/** Matches tables with Connect instances by alias, and reports why the other tables and instances were left out. */
import { defaultTableName, instanceNamePattern } from "../../../config/aws-names";
import type { InstanceConfig } from "../../../config/types";
import type { FoundInstance, FoundRegion, FoundTable } from "./region";

export interface Match {
  readonly region: string;
  readonly alias: string;
  readonly id: string;
  readonly table: FoundTable;
  readonly instance: FoundInstance;
  /** The table's name differs from `dextr-<alias>` in upper and lower case. */
  readonly differsInCase: boolean;
  /** Name of the vendor guide's function, if it exists in this region. It may belong to another instance. */
  readonly functionByHand: string | undefined;
}

export interface Matches {
  /** Sorted by alias, then by region. */
  readonly found: readonly Match[];
  /** Messages about resources that were not matched or are already in environment files. */
  readonly notes: readonly string[];
}

/** An instance of the environment files. */
export type Known = Pick<InstanceConfig, "account" | "region" | "instanceId" | "environment" | "name" | "table">;

/** The keys of all known ConnectPath tables. */
const usualKeys = "hash (HASH), range (RANGE)";

/** @param account the account of the regions, 12 digits */
export function match(account: string, regions: readonly FoundRegion[], known: readonly Known[]): Matches {
  const found: Match[] = [];
  const notes: string[] = [];
  for (const { region, tables = [], instances, functionByHand } of regions) {
    const here = known.filter((instance) => instance.account === account && instance.region === region);
    const taken = new Set<string>();
    for (const instance of instances ?? []) {
      const { id, alias, status } = instance;
      const existing = here.find(({ instanceId }) => instanceId === id);
      if (existing !== undefined) {
        taken.add(existing.table.name);
        notes.push(
          `${region}: instance ${alias ?? id} is already in the environment ${existing.environment}, as ${existing.name}.`,
        );
        continue;
      }
      if (alias === undefined) {
        notes.push(`${region}: instance ${id} has no alias, so its table cannot be found.`);
        continue;
      }
      const wanted = defaultTableName(alias);
      const exact = tables.filter(({ name }) => name === wanted);
      const similar = tables.filter(({ name }) => name !== wanted && name.toLowerCase() === wanted.toLowerCase());
      const candidates = exact.length > 0 ? exact : similar;
      const [table] = candidates;
      if (table === undefined) {
        const isUnknown = regions.some((searched) => searched.region === region && searched.tables === undefined);
        notes.push(
          `${region}: instance ${alias} has no table ${wanted}${isUnknown ? ", or the tables could not be listed" : ""}. ConnectPath is not installed, or its table has another name (tableName).`,
        );
        continue;
      }
      for (const { name } of candidates) taken.add(name);
      if (candidates.length > 1) {
        const names = candidates.map(({ name }) => name).join(", ");
        notes.push(
          `${region}: instance ${alias} has several tables: ${names}. Find out which table ConnectPath writes to.`,
        );
        continue;
      }
      if (status !== "ACTIVE") {
        notes.push(`${region}: instance ${alias} is ${status} and was left out.`);
        continue;
      }
      if (!instanceNamePattern.test(alias)) {
        notes.push(
          `${region}: the alias ${JSON.stringify(alias)} is not valid in Amazon Connect, so the instance was left out.`,
        );
        continue;
      }
      if (table.keys !== undefined && table.keys !== usualKeys) {
        notes.push(
          `${region}: ${table.name} has the keys ${table.keys}, not ${usualKeys}. Make sure that it is a ConnectPath table.`,
        );
      }
      found.push({ region, alias, id, table, instance, differsInCase: exact.length === 0, functionByHand });
    }
    for (const { name } of tables) {
      if (taken.has(name)) continue;
      const existing = here.find(({ table }) => table.name === name);
      if (existing !== undefined) {
        notes.push(
          `${region}: table ${name} is in the environment ${existing.environment}, as ${existing.name}, but its instance ${existing.instanceId} was not found.`,
        );
      } else {
        notes.push(
          instances === undefined
            ? `${region}: table ${name} may belong to an instance, but the instances could not be listed.`
            : `${region}: table ${name} has no instance with the alias ${name.slice("dextr-".length)}. It is not a contact table, or its instance is in another account or region.`,
        );
      }
    }
  }
  const order = (match: Match): string => `${match.alias}\0${match.region}`;
  return { found: found.sort((a, b) => (order(a) < order(b) ? -1 : 1)), notes };
}
