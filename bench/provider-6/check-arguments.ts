/**
 * Checks the configuration of a stack against the schema of a provider: names, types, required arguments, ignored arguments and references;
 * and against the documentation: allowed values and deprecated arguments.
 */
import { acceptedDeprecations, allowedValues, deprecated } from "./documented-values";
import type { BlockSchema, Kind, NestedBlock, ProviderSchema, TypeSchema } from "./provider-schema";

type Tree = Readonly<Record<string, unknown>>;

/** The part of `cdk.tf.json` that is checked. */
export interface StackConfiguration {
  readonly resource?: Readonly<Record<string, Readonly<Record<string, Tree>>>>;
  readonly data?: Readonly<Record<string, Readonly<Record<string, Tree>>>>;
  readonly provider?: Readonly<Record<string, readonly Tree[]>>;
}

/** What was found in one argument. */
export interface CheckedArgument {
  /** `aws_lambda_function.environment.variables` */
  readonly argument: string;
  /** Whether the type was compared. The type of an expression such as `${…}` is not known. */
  readonly isTypeKnown: boolean;
}

export interface CheckedStack {
  /** One line for each error: place, what was found, what is allowed. */
  readonly problems: readonly string[];
  readonly arguments: readonly CheckedArgument[];
}

/** Arguments of Terraform itself: https://developer.hashicorp.com/terraform/language/meta-arguments */
const metaArguments = [
  "//",
  "alias",
  "connection",
  "count",
  "depends_on",
  "for_each",
  "lifecycle",
  "provider",
  "provisioner",
];

/** Every type in the configuration. */
export function typesIn(stacks: readonly StackConfiguration[]): Readonly<Record<Kind, readonly string[]>> {
  const namesOf = (kind: Kind): readonly string[] =>
    [...new Set(stacks.flatMap((stack) => Object.keys(stack[kind] ?? {})))].sort();
  return { resource: namesOf("resource"), data: namesOf("data"), provider: namesOf("provider") };
}

export function checkStack(stack: StackConfiguration, { types }: ProviderSchema): CheckedStack {
  const problems: string[] = [];
  const checked: CheckedArgument[] = [];

  const checkBlock = (place: string, argument: string, values: Tree, schema: BlockSchema, isWhole: boolean): void => {
    const { dynamic = {}, ...own } = values;
    const set = new Set(Object.keys(dynamic as Tree));
    for (const [name, value] of Object.entries(own)) {
      if (isWhole && metaArguments.includes(name)) continue;
      const at = `${place}.${name}`;
      const [type, block] = [ownValue(schema.arguments, name), ownValue(schema.blocks, name)];
      // null and an empty list of blocks are the same as an absent argument.
      if (value === null || (block !== undefined && Array.isArray(value) && value.length === 0)) continue;
      set.add(name);
      problems.push(...documentedProblems(at, `${argument}.${name}`, value));
      if (type !== undefined) {
        const wanted = type.replace(/ required$/, "");
        checked.push({ argument: `${argument}.${name}`, isTypeKnown: !isExpression(value) });
        if (!hasType(value, wanted)) problems.push(`${at} must be ${wanted}, but is ${shown(value)}`);
      } else if (block !== undefined) {
        checkNested(at, `${argument}.${name}`, value, block);
      } else {
        problems.push(`${at} does not exist`);
      }
    }
    for (const [name, generated] of Object.entries(dynamic as Tree)) {
      const at = `${place}.dynamic.${name}`;
      const block = ownValue(schema.blocks, name);
      if (block === undefined) problems.push(`${at} is not a block`);
      // A dynamic block has any number of blocks.
      else checkNested(at, `${argument}.${name}`, (generated as Tree)["content"], { ...block, several: true });
    }
    for (const name of requiredNames(schema)) if (!set.has(name)) problems.push(`${place}.${name} is required`);
  };

  const checkNested = (place: string, argument: string, value: unknown, block: NestedBlock): void => {
    const blocks: readonly unknown[] = Array.isArray(value) ? value : [value];
    checked.push({ argument, isTypeKnown: true });
    if (blocks.length > 1 && !block.several) problems.push(`${place} has ${blocks.length} blocks, but may have one`);
    for (const each of blocks) {
      if (isTree(each)) checkBlock(place, argument, each, block, false);
      else problems.push(`${place} must be a block, but is ${shown(each)}`);
    }
  };

  const checkType = (kind: Kind, type: string, place: string, values: Tree): void => {
    const schema = ownValue(types[kind], type);
    if (schema === undefined) {
      problems.push(`${place}: the type ${type} does not exist`);
      return;
    }
    checkBlock(place, kind === "data" ? `data.${type}` : type, values, schema, true);
    problems.push(...ignoredProblems(place, values, schema), ...selfProblems(place, values, schema));
  };

  for (const kind of ["resource", "data"] as const) {
    for (const [type, byId] of Object.entries(stack[kind] ?? {})) {
      for (const [id, values] of Object.entries(byId)) {
        checkType(kind, type, `${kind === "data" ? "data." : ""}${type}.${id}`, values);
      }
    }
  }
  for (const [name, providers] of Object.entries(stack.provider ?? {})) {
    for (const values of providers) checkType("provider", name, `provider.${name}`, values);
  }
  return { problems: [...problems, ...referenceProblems(stack, types)], arguments: checked };
}

function documentedProblems(place: string, argument: string, value: unknown): readonly string[] {
  const allowed = ownValue(allowedValues, argument);
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return [
    ...(deprecated.includes(argument) && !Object.hasOwn(acceptedDeprecations, argument)
      ? [`${place} is deprecated`]
      : []),
    ...values
      .filter((each) => allowed !== undefined && !isExpression(each) && !(allowed as readonly unknown[]).includes(each))
      .map((each) => `${place} is ${shown(each)}, but the documented values are ${(allowed ?? []).join(", ")}`),
  ];
}

/** Terraform refuses an unknown name in `ignore_changes`. */
function ignoredProblems(place: string, values: Tree, schema: TypeSchema): readonly string[] {
  const { ignore_changes: ignored = [] } = (values["lifecycle"] ?? {}) as {
    readonly ignore_changes?: readonly string[];
  };
  return ignored
    .filter((name) => !Object.hasOwn(schema.arguments, name) && !Object.hasOwn(schema.blocks, name))
    .map((name) => `${place}.lifecycle.ignore_changes: ${name} does not exist`);
}

/** Checks `self.<name>` in conditions. */
function selfProblems(place: string, values: Tree, schema: TypeSchema): readonly string[] {
  return names(JSON.stringify(values["lifecycle"] ?? {}), /(?<![\w.])self\.(\w+)/g)
    .filter((name) => !schema.attributes.includes(name))
    .map((name) => `${place}: self.${name} does not exist`);
}

/** Checks the first name after the address in each reference to a resource or data source of the stack. */
function referenceProblems(stack: StackConfiguration, types: ProviderSchema["types"]): readonly string[] {
  const text = JSON.stringify(stack);
  return (["resource", "data"] as const).flatMap((kind) =>
    Object.entries(stack[kind] ?? {}).flatMap(([type, byId]) =>
      Object.keys(byId).flatMap((id) => {
        const address = `${kind === "data" ? "data." : ""}${type}.${id}`;
        const attributes = ownValue(types[kind], type)?.attributes ?? [];
        const referenced = names(text, new RegExp(`(?<![\\w.])${address.replaceAll(".", "\\.")}\\.(\\w+)`, "g"));
        return referenced
          .filter((name) => !attributes.includes(name))
          .map((name) => `a reference to ${address}.${name}: the attribute does not exist`);
      }),
    ),
  );
}

const names = (text: string, pattern: RegExp): readonly string[] => [
  ...new Set([...text.matchAll(pattern)].map(([, name = ""]) => name)),
];

function requiredNames({ arguments: own, blocks }: BlockSchema): readonly string[] {
  return [
    ...Object.keys(own).filter((name) => own[name]?.endsWith(" required")),
    ...Object.keys(blocks).filter((name) => blocks[name]?.required),
  ];
}

/** Whether Terraform decides the type when it evaluates the value: the whole text is one expression. */
const isExpression = (value: unknown): boolean =>
  typeof value === "string" && /^\$\{[^]*\}$/.test(value) && !value.startsWith("$${");

function hasType(value: unknown, type: string): boolean {
  if (isExpression(value)) return true;
  const list = /^(\w+)List$/.exec(type)?.[1];
  if (list !== undefined) return Array.isArray(value) && value.every((each) => hasType(each, list));
  const map = /^(\w+)Map$/.exec(type)?.[1];
  if (map !== undefined) return isTree(value) && Object.values(value).every((each) => hasType(each, map));
  return typeof value === type;
}

const isTree = (value: unknown): value is Tree => typeof value === "object" && value !== null && !Array.isArray(value);

const ownValue = <T>(record: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined;

/** A value, shortened. */
function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
