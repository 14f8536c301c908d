// Lint rules: strict type-checked TypeScript, the one-way dependencies between folders, and one CDKTF import discipline.
import importX from "eslint-plugin-import-x";
import tseslint from "typescript-eslint";

/** What each folder may import beside itself, npm packages and Node; everything else of the project is refused. */
const mayImport = {
  lambda: [],
  flows: [],
  environments: [],
  stacks: ["lambda/packaging", "lambda/settings", "lambda/canary/settings", "flows", "environments"],
  fleet: [
    "flows",
    "environments",
    // What is deployed, to compare with what is found.
    "stacks/flow-contents",
    "stacks/function-settings",
    "lambda/settings",
    // How the deployed function decides, asks and explains itself: one policy, and one list of reasons.
    "lambda/blocked-calls/policy",
    "lambda/canary/probe",
    "lambda/explanations",
  ],
};
const folders = ["lambda", "flows", "environments", "stacks", "fleet", "sandbox", "bench", "__tests__", "main.ts"];

const zones = Object.entries(mayImport).flatMap(([target, allowed]) =>
  folders
    .filter((from) => from !== target && !allowed.includes(from))
    .map((from) => ({
      target: `./${target}`,
      from: `./${from}`,
      except: allowed.filter((a) => a.startsWith(`${from}/`)).map((a) => `./${a.slice(from.length + 1)}.ts`),
      message: `${target}/ may import ${allowed.join(", ") || "nothing of the project but itself"}.`,
    })),
);
const mainZones = ["fleet", "sandbox", "bench", "__tests__"].map((from) => ({
  target: "./main.ts",
  from: `./${from}`,
}));

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
    plugins: { "import-x": importX },
    settings: { "import-x/resolver": { node: { extensions: [".ts", ".js"] } } },
    rules: {
      "import-x/no-restricted-paths": ["error", { zones: [...zones, ...mainZones] }],
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
