/**
 * Writes the app as CDKTF's template and documentation suggest: with the provider's barrel, `importFrom`, and one bundle for each stack.
 * The app is derived from the project's sources, so both apps synthesize the same resources.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../../lambda/packaging";

const SOURCES = ["main.ts", "package.json", "tsconfig.json", "config", "stacks", "lambda", "flows"];

/**
 * Writes the app to `directory`, which must not exist.
 *
 * @returns the directory, in which `ts-node main.ts` runs the app
 * @throws Error if the sources do not contain a text that must be replaced
 */
export function writeOrdinaryApp(directory: string): string {
  mkdirSync(directory);
  for (const source of SOURCES) cpSync(join(projectRoot(), source), join(directory, source), { recursive: true });
  symlinkSync(join(projectRoot(), "node_modules"), join(directory, "node_modules"));

  // ts-node runs CommonJS and has no bundler.
  replace(join(directory, "tsconfig.json"), '"module": "preserve"', '"module": "CommonJS"');
  replace(join(directory, "tsconfig.json"), '"moduleResolution": "bundler"', '"moduleResolution": "node10"');

  const stacks = readdirSync(join(directory, "stacks")).map((name) => join(directory, "stacks", name));
  for (const file of stacks) writeFileSync(file, throughBarrel(readFileSync(file, "utf8")));

  replace(
    join(directory, "stacks/adopted-table.ts"),
    "this.import = {",
    "this.table.importFrom(table.name);\n    this.import = {",
  );
  replace(join(directory, "stacks/state-blocks.ts"), 'stack.addOverride("import", blocks);', "void [stack, blocks];");
  replace(join(directory, "lambda/packaging.ts"), "packagesByEntry.get(entry) ?? build(entry)", "build(entry)");
  replace(
    join(directory, "main.ts"),
    "{ instance, functionPackages }",
    "{ instance, functionPackages: writeFunctionPackages() }",
  );
  replace(join(directory, "main.ts"), "  const functionPackages = writeFunctionPackages();\n", "");
  return directory;
}

/** Replaces `import { IamRole } from ".../lib/iam-role"` with an import of the barrel's namespace `iamRole` and an alias for the class. */
export function throughBarrel(source: string): string {
  return source.replaceAll(
    /^import (?:type )?\{ (\w+) \} from "@cdktf\/provider-aws\/lib\/([\w-]+)";$/gm,
    (_, name: string, folder: string) => {
      const namespace = folder.replaceAll(/-(\w)/g, (__, letter: string) => letter.toUpperCase());
      return `import { ${namespace} as ${name}_ } from "@cdktf/provider-aws";\nimport ${name} = ${name}_.${name};`;
    },
  );
}

function replace(file: string, pattern: string | RegExp, replacement: string): void {
  const before = readFileSync(file, "utf8");
  const after = before.replace(pattern, replacement);
  if (after === before)
    throw new Error(`${file} does not contain ${String(pattern)}. Change bench/synth/ordinary-app.ts.`);
  writeFileSync(file, after);
}
