// Lint rules: strict type-checked TypeScript, the one-way dependencies between folders, and one CDKTF import discipline.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import tseslint from "typescript-eslint";

/**
 * What each folder may import besides itself, npm packages and Node. Everything else in the project is refused. A path names a folder,
 * or a file without its ending.
 */
const mayImport = {
  lambda: [],
  flows: [],
  config: [],
  stacks: ["lambda/packaging", "lambda/settings", "lambda/canary/settings", "flows", "config"],
  "fleet/output": [],
  "fleet/terraform": ["fleet/output"],
  "fleet/aws": ["fleet/output", "config", "flows", "stacks/resource-types"],
  "fleet/guard": ["fleet/terraform", "config", "stacks/resource-types", "stacks/expected-resources"],
  "fleet/review": ["fleet/guard", "fleet/terraform", "fleet/output", "config", "flows", "stacks/resource-types"],
  "fleet/plans": [
    "fleet/review",
    "fleet/guard",
    "fleet/terraform",
    "fleet/aws",
    "fleet/output",
    "config",
    "stacks/resource-types",
  ],
  "fleet/checks": [
    "fleet/plans",
    "fleet/aws",
    "fleet/output",
    "config",
    "flows",
    // What is deployed, to compare with what is found.
    "stacks/flow-contents",
    "stacks/function-settings",
    "lambda/settings",
    // How the deployed function decides, asks and explains itself: one policy, and one list of reasons.
    "lambda/blocked-calls/policy",
    "lambda/canary/probe",
    "lambda/explanations",
  ],
  "fleet/rollout": [
    "fleet/checks",
    "fleet/plans",
    "fleet/review",
    "fleet/guard",
    "fleet/terraform",
    "fleet/aws",
    "fleet/output",
    "config",
    "stacks/resource-types",
  ],
  "fleet/commands": ["fleet", "config", "flows", "stacks/flow-files"],
  "fleet/main.ts": ["fleet/commands", "fleet/output", "config"],
  emulators: ["fleet/aws/iam/policy-simulation", "flows", "config", "lambda/packaging"],
  sandbox: ["emulators", "fleet/output", "flows", "config", "lambda/packaging"],
  scripts: ["config", "stacks", "lambda", "fleet/aws/iam"],
  "main.ts": ["stacks", "lambda/packaging", "lambda/settings", "config"],
};

const root = import.meta.dirname;
const isWithin = (file, place) => file === place || file === `${place}.ts` || file.startsWith(`${place}/`);

/** The project file that a relative import names, from the root and without its ending; undefined for a package. */
function importedFile(filename, specifier) {
  if (!specifier.startsWith(".")) return undefined;
  return path.relative(root, path.resolve(path.dirname(filename), specifier)).replaceAll(path.sep, "/");
}

/** Reports an import against the direction of the folders, and two files that import each other. Imports of types count. */
const oneWay = {
  meta: { type: "problem", schema: [] },
  create(context) {
    const filename = context.filename;
    const file = path.relative(root, filename).replaceAll(path.sep, "/");
    const folder = Object.keys(mayImport)
      .filter((name) => isWithin(file, name))
      .sort((a, b) => b.length - a.length)[0];
    const check = (node) => {
      const target = node.source && importedFile(filename, String(node.source.value));
      if (target === undefined || target === null) return;
      if (folder !== undefined && ![folder, ...mayImport[folder]].some((place) => isWithin(target, place))) {
        const allowed = mayImport[folder].join(", ") || "nothing in the project except itself";
        context.report({ node, message: `${folder} may import ${allowed}. It must not import ${target}.` });
      }
      const back = path.join(root, `${target}.ts`);
      if (!existsSync(back)) return;
      const imports = [...readFileSync(back, "utf8").matchAll(/^(?:import|export|\}) .*?from "(\.[^"]+)"/gm)];
      if (imports.some(([, specifier]) => `${importedFile(back, specifier)}.ts` === file)) {
        context.report({
          node,
          message: `${file} and ${target}.ts import each other. Move what both need into a third file.`,
        });
      }
    };
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
    };
  },
};

export default tseslint.config(
  { ignores: ["build/", "cdktf.out/", "node_modules/", "coverage/", "bench/**/node_modules/"] },
  {
    files: ["**/*.ts"],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: {
        project: ["./tsconfig.json", "./__tests__/tsconfig.json"],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    plugins: { project: { rules: { "one-way-imports": oneWay } } },
    rules: {
      "project/one-way-imports": "error",
      "no-restricted-imports": [
        "error",
        {
          paths: [
            {
              name: "@cdktf/provider-aws",
              message: "The barrel costs 6 s and 575 MB: import @cdktf/provider-aws/lib/<resource>.",
            },
          ],
        },
      ],
      // Numbers read well in messages and need no String() around them.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
    },
  },
);
