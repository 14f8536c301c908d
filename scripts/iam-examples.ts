/** Writes `docs/iam/dev`: the IAM policies for the environment `dev` of `examples/`. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { loadEnvironments } from "../config/load";
import { policiesFor } from "../fleet/aws/iam/policies";

/** @returns text by file name */
export function iamExamples(root: string): Readonly<Record<string, string>> {
  const { instances } = loadEnvironments(path.join(root, "examples"));
  const policies = policiesFor(instances.filter(({ environment }) => environment === "dev"));
  return Object.fromEntries(
    policies.map(({ name, document }) => [`${name}.json`, `${JSON.stringify(document, null, 2)}\n`]),
  );
}

// Run from the project root: npm run iam-examples
if (require.main === module) {
  const directory = path.join("docs", "iam", "dev");
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  for (const [name, text] of Object.entries(iamExamples("."))) writeFileSync(path.join(directory, name), text);
}
