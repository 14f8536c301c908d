/** Explains why Terraform cannot adopt a table, in the same words in a plan of Terraform and in the checks of `fleet`. */
import type { InstanceConfig } from "./types";

/** `set table: { adopt: false } for acme in environments/prod.yaml` */
export const readOnlySetting = ({ name, environment }: Pick<InstanceConfig, "name" | "environment">): string =>
  `set table: { adopt: false } for ${name} in environments/${environment}.yaml`;

/**
 * One sentence: what the table has, that nothing changed, that calls continue, and the alternative.
 *
 * @param table name of the table
 * @param cause follows "because"
 */
export const cannotMirrorText = (
  table: string,
  cause: string,
  instance: Pick<InstanceConfig, "name" | "environment">,
): string =>
  `Terraform cannot mirror the table ${table}, because ${cause}: nothing was changed, calls continue as before, and to deploy without ` +
  `managing the table, ${readOnlySetting(instance)}.`;

/** @param attributes names of attributes that are defined as keys, as text */
export const unreadKeysCause = (attributes: string): string =>
  `the AWS provider does not read the index with the key ${attributes} (an index with several hash or range attributes, or a vector index)`;

/** @param indexes names of indexes, as text */
export const severalKeysCause = (indexes: string): string =>
  `the AWS provider does not read exactly one hash attribute and at most one range attribute of the index ${indexes}`;
