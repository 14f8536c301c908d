/** Declares keys of environment files. One declaration has the allowed values, the description and the default of a key. */
import { z } from "zod";
import type { Region } from "./aws-names";

/** The values from which default names are derived. */
export interface Identity {
  readonly name: string;
  readonly region: Region;
}

/** A default that depends on the instance. */
export interface DerivedDefault {
  /** The default as the reference page shows it: `blockedCalls-<instance>`. */
  readonly text: string;
  /** The keys from which the default is derived. */
  readonly from: readonly (keyof Identity)[];
  readonly value: (instance: Identity) => string;
}

/** The effect if no level gives the key. */
type Absence<Value> =
  | { readonly default: Value }
  | { readonly derived: DerivedDefault }
  /** The key must be given. The text says what to add. */
  | { readonly required: string }
  /** The key stays absent. The text describes the effect: `none`. */
  | { readonly otherwise: string };

/** Marks a key that every resolved configuration has. */
interface Filled {
  readonly isFilled: true;
}

type FilledKey<T extends z.ZodType> = z.ZodOptional<T> & Filled;

/**
 * Declares a key. Every key is optional for the parser, because any level may give it. A refused value stays in the map as undefined, so
 * that no value of an outer level replaces it.
 *
 * @param description shown in editors and in the reference; the effect of an absent key is appended
 */
export function key<T extends z.ZodType>(
  schema: T,
  description: string,
  absence: { readonly default: z.output<T> },
): FilledKey<T>;
export function key<T extends z.ZodType>(
  schema: T,
  description: string,
  absence: Absence<z.output<T>>,
): z.ZodOptional<T>;
export function key(schema: z.ZodType, description: string, absence: Absence<unknown>): z.ZodOptional {
  const isFilled = "default" in absence;
  const described = schema
    .meta({ description: `${description}${suffixOf(absence)}`, ...(isFilled ? { default: absence.default } : {}) })
    .optional();
  return Object.assign(described, { absence }, isFilled ? { isFilled } : {});
}

/** Declares a map that every resolved configuration has, because its keys have defaults or are required. */
export function group<S extends z.ZodRawShape>(
  shape: S,
  description: string,
): FilledKey<z.ZodObject<S, z.core.$strict>> {
  return Object.assign(z.strictObject(shape).meta({ description }).optional(), { isFilled: true as const });
}

function suffixOf(absence: Absence<unknown>): string {
  if ("required" in absence) return " Required.";
  if ("derived" in absence) return ` Default: ${absence.derived.text}.`;
  return "otherwise" in absence ? ` Default: ${absence.otherwise}.` : "";
}

type List<T> = T extends readonly (infer Item)[] ? readonly Item[] : T;
type ResolvedKey<K> =
  K extends z.ZodOptional<infer T> ? (T extends z.ZodObject<infer S> ? Resolved<S> : List<z.output<T>>) : never;

/** The type of a map after {@link fill}: keys with a default are present. */
export type Resolved<S> = {
  readonly [K in keyof S as S[K] extends Filled ? K : never]: ResolvedKey<S[K]>;
} & {
  readonly [K in keyof S as S[K] extends Filled ? never : K]?: ResolvedKey<S[K]>;
};

/** Adds the defaults of all keys that `given` lacks. Derived defaults are not added: {@link derivedDefault} has them. */
export function fill<S extends z.ZodRawShape>(shape: S, given: Readonly<Record<string, unknown>>): Resolved<S> {
  const entries = Object.entries(shape).map(([name, declared]): [string, unknown] => {
    const inner = shapeOf(declared);
    const value = given[name] ?? (inner !== undefined && "isFilled" in declared ? {} : defaultOf(declared));
    return [name, inner === undefined || value === undefined ? value : fill(inner, value as Record<string, unknown>)];
  });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as Resolved<S>;
}

/** The keys of a declared map; undefined for any other key. */
export function shapeOf(declared: z.core.$ZodType): z.ZodRawShape | undefined {
  const schema = declared instanceof z.ZodOptional ? declared.unwrap() : declared;
  return schema instanceof z.ZodObject ? schema.shape : undefined;
}

/** Whether every resolved configuration has this map. If so, the required keys of the map must always be given. */
export const isGroup = (declared: z.core.$ZodType): boolean =>
  shapeOf(declared) !== undefined && "isFilled" in declared;

/** What to add if a required key is absent; undefined for an optional key. */
export function requirementOf(declared: z.core.$ZodType | undefined): string | undefined {
  const absence = absenceOf(declared);
  return absence !== undefined && "required" in absence ? absence.required : undefined;
}

/** The derived default of the key at `path` of a shape; undefined if the key has none. */
export function derivedDefault(shape: z.ZodRawShape, path: readonly (string | number)[]): DerivedDefault | undefined {
  const [step, ...rest] = path;
  const declared = step === undefined ? undefined : shape[step];
  if (declared === undefined) return undefined;
  if (rest.length > 0) return derivedDefault(shapeOf(declared) ?? {}, rest);
  const absence = absenceOf(declared);
  return absence !== undefined && "derived" in absence ? absence.derived : undefined;
}

function defaultOf(declared: z.core.$ZodType): unknown {
  const absence = absenceOf(declared);
  return absence !== undefined && "default" in absence ? absence.default : undefined;
}

function absenceOf(declared: z.core.$ZodType | undefined): Absence<unknown> | undefined {
  return (declared as { readonly absence?: Absence<unknown> } | undefined)?.absence;
}
