/** Brings tables and Connect instances together by the instance's alias, and says of each that is left over why. */
import { defaultTableName, instanceNamePattern } from "../../../config/aws-names";
import type { InstanceConfig } from "../../../config/types";
import type { FoundInstance, FoundRegion, FoundTable } from "./region";

export interface Match {
  readonly region: string;
  readonly alias: string;
  readonly id: string;
  readonly table: FoundTable;
  readonly instance: FoundInstance;
  /** The table's name is not `dextr-<alias>` to the letter. */
  readonly differsInCase: boolean;
  /** Name of the function of the vendor's guide in this region; it may be another instance's. */
  readonly functionByHand: string | undefined;
}

export interface Matches {
  /** By alias, then by region. */
  readonly found: readonly Match[];
  /** Sentences about what was not matched, and what is in the environment files already. */
  readonly notes: readonly string[];
}

/** What the environment files say already. */
export type Known = Pick<InstanceConfig, "account" | "region" | "instanceId" | "environment" | "name" | "table">;

/** The keys of every table of ConnectPath's that has been seen. */
const usualKeys = "hash (HASH), range (RANGE)";

/** @param account whose regions these are */
export function match(account: string, regions: readonly FoundRegion[], known: readonly Known[]): Matches {
  const found: Match[] = [];
  const notes: string[] = [];
  for (const { region, tables = [], instances, functionByHand } of regions) {
    const here = known.filter((one) => one.account === account && one.region === region);
    const taken = new Set<string>();
    for (const instance of instances ?? []) {
      const { id, alias, status } = instance;
      const said = here.find(({ instanceId }) => instanceId === id);
      if (said !== undefined) {
        taken.add(said.table.name);
        notes.push(
          `${region}: instance ${alias ?? id} is in the environment ${said.environment} already, as ${said.name}.`,
        );
        continue;
      }
      if (alias === undefined) {
        notes.push(`${region}: instance ${id} has no alias, so no table can be found for it.`);
        continue;
      }
      const wanted = defaultTableName(alias);
      const exact = tables.filter(({ name }) => name === wanted);
      const similar = tables.filter(({ name }) => name !== wanted && name.toLowerCase() === wanted.toLowerCase());
      const candidates = exact.length > 0 ? exact : similar;
      const [table] = candidates;
      if (table === undefined) {
        const unknown = regions.some((one) => one.region === region && one.tables === undefined);
        notes.push(
          `${region}: instance ${alias} has no table ${wanted}${unknown ? " that could be seen" : ""}: ConnectPath is not installed there, or its table has another name (tableName).`,
        );
        continue;
      }
      for (const { name } of candidates) taken.add(name);
      if (candidates.length > 1) {
        const names = candidates.map(({ name }) => name).join(", ");
        notes.push(
          `${region}: instance ${alias} has several tables: ${names}. Find out which one ConnectPath writes to.`,
        );
        continue;
      }
      if (status !== "ACTIVE") {
        notes.push(`${region}: instance ${alias} is ${status}, so it is left out.`);
        continue;
      }
      if (!instanceNamePattern.test(alias)) {
        notes.push(
          `${region}: the alias ${JSON.stringify(alias)} is none that Amazon Connect documents, so it is left out.`,
        );
        continue;
      }
      if (table.keys !== undefined && table.keys !== usualKeys) {
        notes.push(
          `${region}: ${table.name} has the keys ${table.keys}, not ${usualKeys}: look whether it is ConnectPath's.`,
        );
      }
      found.push({ region, alias, id, table, instance, differsInCase: exact.length === 0, functionByHand });
    }
    for (const { name } of tables) {
      if (taken.has(name)) continue;
      const said = here.find(({ table }) => table.name === name);
      if (said !== undefined) {
        notes.push(
          `${region}: table ${name} is in the environment ${said.environment}, as ${said.name}, but its instance ${said.instanceId} was not found.`,
        );
      } else {
        notes.push(
          instances === undefined
            ? `${region}: table ${name} may have an instance, but the instances could not be listed.`
            : `${region}: table ${name} has no instance with the alias ${name.slice("dextr-".length)}: it is no contact table, or of an instance in another account or region.`,
        );
      }
    }
  }
  const order = (one: Match): string => `${one.alias}\0${one.region}`;
  return { found: found.sort((a, b) => (order(a) < order(b) ? -1 : 1)), notes };
}
