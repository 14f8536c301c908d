/**
 * The same app as CDKTF's own template and documentation would have it: the provider's barrel, `importFrom`, and a bundle built
 * for each stack. Made from the project's sources, so that both synthesize the same resources.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../../lambda/packaging";

const SOURCES = ["main.ts", "package.json", "tsconfig.json", "config", "stacks", "lambda", "flows"];

/**
 * @param directory made here
 * @returns the directory, to run `ts-node main.ts` in
 * @throws Error when the sources no longer hold what is replaced
 */
export function writeOrdinaryApp(directory: string): string {
  mkdirSync(directory);
  for (const source of SOURCES) cpSync(join(projectRoot(), source), join(directory, source), { recursive: true });
  symlinkSync(join(projectRoot(), "node_modules"), join(directory, "node_modules"));

  const stacks = readdirSync(join(directory, "stacks")).map((name) => join(directory, "stacks", name));
  for (const file of stacks) writeFileSync(file, throughBarrel(readFileSync(file, "utf8")));

  replace(
    join(directory, "stacks/adopted-table.ts"),
    "this.import = {",
    "this.table.importFrom(props.tableName);\n    this.import = {",
  );
  replace(join(directory, "stacks/state-blocks.ts"), 'stack.addOverride("import", blocks);', "void [stack, blocks];");
  replace(join(directory, "lambda/packaging.ts"), "built.get(entry) ?? build(entry)", "build(entry)");
  replace(
    join(directory, "main.ts"),
    "{ instance, functionPackages }",
    "{ instance, functionPackages: writeFunctionPackages() }",
  );
  replace(join(directory, "main.ts"), "  const functionPackages = writeFunctionPackages();\n", "");
  return directory;
}

/** `import { IamRole } from ".../lib/iam-role"` becomes the barrel's namespace `iamRole` and a name for its class. */
export function throughBarrel(source: string): string {
  return source.replaceAll(
    /^import \{ (\w+) \} from "@cdktf\/provider-aws\/lib\/([\w-]+)";$/gm,
    (_, name: string, folder: string) => {
      const namespace = folder.replaceAll(/-(\w)/g, (__, letter: string) => letter.toUpperCase());
      return `import { ${namespace} as ${name}_ } from "@cdktf/provider-aws";\nimport ${name} = ${name}_.${name};`;
    },
  );
}

function replace(file: string, what: string | RegExp, by: string): void {
  const before = readFileSync(file, "utf8");
  const after = before.replace(what, by);
  if (after === before) throw new Error(`${file} no longer holds ${String(what)}: change bench/synth/ordinary-app.ts.`);
  writeFileSync(file, after);
}
