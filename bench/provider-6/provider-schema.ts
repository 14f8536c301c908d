/**
 * Reads the schema of AWS provider types from the generated bindings `@cdktn/provider-aws`: arguments, blocks, types, required arguments
 * and attributes. The bindings are generated from the schema of one provider version.
 */
import { readFileSync } from "node:fs";
import path from "node:path";

/** The arguments and blocks on one level of a type. */
export interface BlockSchema {
  /**
   * Types of the arguments: `string`, `number`, `boolean`, `stringList`, `stringMap`, … A required argument has the suffix ` required`.
   */
  readonly arguments: Readonly<Record<string, string>>;
  readonly blocks: Readonly<Record<string, NestedBlock>>;
}

export interface NestedBlock extends BlockSchema {
  readonly required: boolean;
  /** Whether the block may occur more than once. */
  readonly several: boolean;
}

export interface TypeSchema extends BlockSchema {
  /** Names to which an expression can refer, computed attributes included. */
  readonly attributes: readonly string[];
}

/** The kinds of types in a stack. */
export type Kind = "resource" | "data" | "provider";

export interface ProviderSchema {
  /** The version of the provider from which the bindings were generated. */
  readonly version: string;
  readonly types: Readonly<Record<Kind, Readonly<Record<string, TypeSchema>>>>;
}

/** The folder of a type in the bindings: `dynamodb-table` for `aws_dynamodb_table`. */
function folderOf(kind: Kind, type: string): string {
  if (kind === "provider") return "provider";
  const name = type.replace(/^aws_/, "").replaceAll("_", "-");
  return kind === "data" ? `data-aws-${name}` : name;
}

/**
 * Reads types from the bindings.
 *
 * @param directory the installed package `@cdktn/provider-aws`
 * @throws Error if the bindings do not have the expected form or do not contain a type
 */
export function readProviderSchema(
  directory: string,
  types: Readonly<Record<Kind, readonly string[]>>,
): ProviderSchema {
  const { cdktf } = JSON.parse(readFileSync(path.join(directory, "package.json"), "utf8")) as {
    cdktf: { provider: { version: string } };
  };
  const read = (kind: Kind): Record<string, TypeSchema> =>
    Object.fromEntries(
      types[kind].map((type) => {
        const folder = path.join(directory, "lib", folderOf(kind, type));
        const [code, declarations] = ["index.js", "index.d.ts"].map((file) =>
          readFileSync(path.join(folder, file), "utf8"),
        );
        return [type, readType(type, code ?? "", declarations ?? "")];
      }),
    );
  return {
    version: cdktf.provider.version,
    types: { resource: read("resource"), data: read("data"), provider: read("provider") },
  };
}

/** An entry of a function that converts a struct to HCL. */
interface Entry {
  readonly name: string;
  readonly value: string;
  readonly isBlock: boolean;
  /** `string`, `stringList`, … for an argument. */
  readonly storageClass: string;
}

/** Reads one type from the code and the declarations of its module. */
export function readType(type: string, code: string, declarations: string): TypeSchema {
  if (!code.includes(`tfResourceType = "${type}"`)) throw new Error(`The bindings do not contain ${type}.`);
  const className = /^class (\w+) extends cdkt[fn]\.Terraform(?:Resource|DataSource|Provider) \{/m.exec(code)?.[1];
  if (className === undefined) throw new Error(`The bindings of ${type} have no class.`);
  const optional = optionalNames(declarations);

  const schemaOf = (entries: readonly Entry[], interfaceName: string): BlockSchema => {
    const isOptional = optional.get(interfaceName);
    if (isOptional === undefined && entries.length > 0) throw new Error(`${type}: ${interfaceName} is not declared.`);
    const isRequired = (name: string): boolean => {
      const known = isOptional?.get(name);
      if (known === undefined) throw new Error(`${type}: ${interfaceName} does not declare ${name}.`);
      return !known;
    };
    return {
      arguments: Object.fromEntries(
        entries
          .filter(({ isBlock }) => !isBlock)
          .map(({ name, storageClass }) => [name, `${storageClass}${isRequired(name) ? " required" : ""}`]),
      ),
      blocks: Object.fromEntries(
        entries
          .filter(({ isBlock }) => isBlock)
          .map(({ name, value }) => {
            const struct = /(\w+)ToHclTerraform\b(?!.*ToHclTerraform)/.exec(value)?.[1] ?? "";
            const body = new RegExp(`^function ${struct}ToHclTerraform\\(struct\\) \\{\\n[^]*?^\\}`, "m").exec(
              code,
            )?.[0];
            if (body === undefined) throw new Error(`${type}: the block ${name} has no function.`);
            const nested = schemaOf(entriesIn(type, body), struct.charAt(0).toUpperCase() + struct.slice(1));
            return [name, { required: isRequired(name), several: value.includes("listMapper"), ...nested }];
          }),
      ),
    };
  };

  const body = code.slice(code.search(new RegExp(`^class ${className} `, "m")));
  const synthesize = /^ {4}synthesizeHclAttributes\(\) \{[^]*?^ {4}\}/m.exec(body)?.[0];
  if (synthesize === undefined) throw new Error(`The bindings of ${type} have no synthesizeHclAttributes.`);
  const own = schemaOf(entriesIn(type, synthesize), `${className}Config`);
  const read = [...body.matchAll(/this\.get\w+Attribute\('(\w+)'\)|new [\w.]+\(this, "(\w+)"/g)].map(
    ([, simple, complex]) => simple ?? complex ?? "",
  );
  const attributes = new Set([...Object.keys(own.arguments), ...Object.keys(own.blocks), ...read]);
  return { ...own, attributes: [...attributes].sort() };
}

/** The entries of a generated function, in the order of the bindings. */
function entriesIn(type: string, text: string): readonly Entry[] {
  const form =
    /^ +(\w+): \{\n +value: (.*),\n +isBlock: (true|false),\n +type: "\w+",\n +storageClassType: "(\w+)",\n +\},/gm;
  const entries = [...text.matchAll(form)].map(([, name = "", value = "", isBlock, storageClass = ""]) => ({
    name,
    value,
    isBlock: isBlock === "true",
    storageClass,
  }));
  const expected = text.match(/isBlock:/g)?.length ?? 0;
  if (entries.length !== expected) {
    throw new Error(`${type}: ${expected} arguments, but only ${entries.length} have the known form of the bindings.`);
  }
  return entries;
}

/** Whether each Terraform argument of each interface is optional. The link in the comment of a property names its argument. */
function optionalNames(declarations: string): ReadonlyMap<string, ReadonlyMap<string, boolean>> {
  return new Map(
    [...declarations.matchAll(/^export interface (\w+) [^]*?^\}/gm)].map(([text, name = ""]) => [
      name,
      new Map(
        [...text.matchAll(/#(\w+) \w+#\1\}(?:(?!\*\/)[^])*\*\/\n +readonly \w+(\??):/g)].map(
          ([, argument = "", mark]) => [argument, mark === "?"],
        ),
      ),
    ]),
  );
}
