// Lint rules: strict type-checked TypeScript, one-way dependencies between folders, short test names, and no import of the provider's
// barrel.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import tseslint from "typescript-eslint";

/**
 * The allowed imports of each folder. A folder may also import its own files, npm packages and Node modules. All other imports are
 * refused. A path is a folder, or a file without its extension.
 */
const mayImport = {
  lambda: [],
  flows: [],
  config: [],
  stacks: ["lambda/packaging", "lambda/settings", "lambda/canary/settings", "flows", "config"],
  "fleet/output": ["config/printable"],
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
    // What an adoption changes: the expected resources, compared with the existing ones.
    "stacks/expected-resources",
  ],
  "fleet/checks": [
    "fleet/plans",
    "fleet/aws",
    "fleet/output",
    "config",
    "flows",
    // The expected settings and flow contents, which the checks compare with the deployed ones.
    "stacks/flow-contents",
    "stacks/function-settings",
    // The names of the alarms and the metrics that they read.
    "stacks/alarms",
    "lambda/settings",
    "lambda/packaging",
    // The policy, the probe and the reasons of the deployed function, so that the checks use the same ones.
    "lambda/blocked-calls/policy",
    "lambda/canary/probe",
    "lambda/explanations",
  ],
  "fleet/wiring": ["fleet/aws", "fleet/output", "config", "flows", "stacks/flow-contents"],
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
  emulators: ["fleet/aws/iam/policy-simulation", "fleet/output", "flows", "config", "lambda/packaging"],
  sandbox: [
    "emulators",
    "fleet/output",
    "flows",
    "config",
    "lambda/packaging",
    "lambda/blocked-calls/policy",
    "lambda/explanations",
    "lambda/blocked-calls/reasons",
  ],
  scripts: ["config", "stacks", "lambda", "fleet/aws/iam"],
  "main.ts": ["stacks", "lambda/packaging", "lambda/settings", "config"],
};

const root = import.meta.dirname;
const isWithin = (file, place) => file === place || file === `${place}.ts` || file.startsWith(`${place}/`);

/** The path of a relative import from the project root, without extension; undefined for a package. */
function importedFile(filename, specifier) {
  if (!specifier.startsWith(".")) return undefined;
  return path.relative(root, path.resolve(path.dirname(filename), specifier)).replaceAll(path.sep, "/");
}

/** Packages that only one folder may import. The metadata of phone numbers must not become a part of the function or of other commands. */
const onlyIn = { "libphonenumber-js": ["fleet/checks/caller", "__tests__"] };

/**
 * Reports an import that `mayImport` or `onlyIn` does not allow, and two files that import each other. Imports of types are checked too.
 */
const oneWay = {
  meta: { type: "problem", schema: [] },
  create(context) {
    const filename = context.filename;
    const file = path.relative(root, filename).replaceAll(path.sep, "/");
    const folder = Object.keys(mayImport)
      .filter((name) => isWithin(file, name))
      .sort((a, b) => b.length - a.length)[0];
    const check = (node) => {
      const specifier = node.source && String(node.source.value);
      const [name, places] = Object.entries(onlyIn).find(([name]) => `${specifier}/`.startsWith(`${name}/`)) ?? [];
      if (places !== undefined && !places.some((place) => isWithin(file, place))) {
        context.report({ node, message: `Only ${places.join(" and ")} may import ${name}.` });
      }
      const target = node.source && importedFile(filename, specifier);
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
          message: `${file} and ${target}.ts import each other. Move the shared code to a third file.`,
        });
      }
    };
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
      TSImportType: check,
    };
  },
};

const maxTestNameLength = 100;

/** Whether a call starts with `test`, `it` or `describe`: `test(…)`, `test.only(…)`, `test.each(rows)(…)`. */
function isTestCall({ type, name, object, callee, tag }) {
  if (type === "Identifier") return ["test", "it", "describe"].includes(name);
  const inner = object ?? callee ?? tag;
  return inner !== undefined && isTestCall(inner);
}

/** Reports a test or describe whose title is a string of more than 100 characters. */
const testNames = {
  meta: { type: "suggestion", schema: [] },
  create: (context) => ({
    CallExpression({ callee, arguments: [title] }) {
      if (title === undefined || !isTestCall(callee)) return;
      const quasi = title.type === "TemplateLiteral" && title.quasis.length === 1 ? title.quasis[0] : undefined;
      const text = title.type === "Literal" ? title.value : quasi?.value.cooked;
      if (typeof text !== "string" || text.length <= maxTestNameLength) return;
      context.report({
        node: title,
        message: `The test name has ${text.length} characters. At most ${maxTestNameLength} are allowed. Shorten the name to one sentence about the behaviour.`,
      });
    },
  }),
};

export default tseslint.config(
  { ignores: ["build/", "cdktf.out/", "node_modules/", "coverage/", "bench/**/node_modules/"] },
  {
    files: ["**/*.ts"],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: {
        // This project contains all files. With a second project, ESLint would read most files twice.
        project: "./__tests__/tsconfig.json",
        tsconfigRootDir: import.meta.dirname,
      },
    },
    plugins: { project: { rules: { "one-way-imports": oneWay, "test-names": testNames } } },
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
      // A number in a template literal needs no String().
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
    },
  },
  {
    // Every other text of the command line passes through this file, which escapes it.
    files: ["fleet/**/*.ts"],
    ignores: ["fleet/output/terminal.ts"],
    rules: {
      "no-console": "error",
      "no-restricted-syntax": [
        "error",
        {
          selector: "MemberExpression[object.name='process'][property.name=/^(stdout|stderr|emitWarning)$/]",
          message: "Print through fleet/output/terminal.ts, which escapes text that controls a terminal or a CI log.",
        },
      ],
    },
  },
  {
    files: ["__tests__/**/*.ts"],
    rules: { "project/test-names": "error" },
  },
);
