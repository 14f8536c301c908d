/** Reads a state: its version and its managed objects. */
import { z } from "zod";
import { canonicalJson } from "./json-values";

const stateSchema = z.object({
  lineage: z.string().default(""),
  serial: z.number().default(0),
  outputs: z.unknown().optional(),
  resources: z
    .array(
      z.looseObject({
        module: z.string().default(""),
        mode: z.string(),
        type: z.string(),
        name: z.string(),
        instances: z.array(
          z.looseObject({
            index_key: z.union([z.string(), z.number()]).exactOptional(),
            status: z.string().exactOptional(),
            deposed: z.string().exactOptional(),
            attributes: z.looseObject({ id: z.unknown() }).nullish(),
          }),
        ),
      }),
    )
    .default([]),
});

export interface StateObject {
  readonly address: string;
  /** Equal for the same object in two states. */
  readonly key: string;
  /** Whether the creation of the object failed or was interrupted, so that Terraform would replace the object. */
  readonly isTainted: boolean;
  /** Contains plaintext values. */
  readonly attributes: unknown;
}

export interface State {
  readonly lineage: string;
  readonly serial: number;
  readonly objects: readonly StateObject[];
  /** Resources and outputs as JSON. An upload can change lineage and serial, but not this text. */
  readonly content: string;
}

/** @returns undefined if the text is not a complete state */
export function parseState(text: string): State | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { data } = stateSchema.safeParse(value);
  if (data === undefined) return undefined;
  const { lineage, serial, resources, outputs } = data;
  const objects = resources
    .filter(({ mode }) => mode === "managed")
    .flatMap(({ module, type, name, instances }) =>
      instances.map(({ index_key, status, deposed, attributes }): StateObject => {
        const index = index_key === undefined ? "" : `[${JSON.stringify(index_key)}]`;
        const address = `${module === "" ? "" : `${module}.`}${type}.${name}${index}`;
        const key = canonicalJson([address, attributes?.id]);
        return { address, key, isTainted: status === "tainted" && deposed === undefined, attributes };
      }),
    );
  return { lineage, serial, objects, content: canonicalJson([resources, outputs]) };
}
