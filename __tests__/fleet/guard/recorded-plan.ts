/** Plans of a real Terraform (recorded by __tests__/e2e/recorded-plans.test.ts), and their instance. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { InstanceConfig } from "../../../config/types";
import { parsePlan, type PlanJson } from "../../../fleet/terraform/plan-json";
import { loadOne } from "../../config/environment-files";

const directory = path.join(__dirname, "plans");

export const recordedNames: readonly string[] = readdirSync(directory)
  .map((file) => path.basename(file, ".json"))
  .sort();

/** The plans were recorded in the environment `e2e`. The tests load the instance as one of the environment `dev`. */
export function recordedJson(name: string): string {
  const text = texts.get(name) ?? readFileSync(path.join(directory, `${name}.json`), "utf8").replace(/\be2e\b/g, "dev");
  texts.set(name, text);
  return text;
}
const texts = new Map<string, string>();

export const recordedPlan = (name: string): PlanJson => parsePlan(recordedJson(name));

/** Further lines in the environment file, by recorded plan. */
export const recordedSettings: Readonly<Record<string, string>> = {
  "release-remove-index": "release: remove-index",
  "release-keep-index": "release: keep-index",
  "module-edit": 'blockedDispositions: ["Nuisance:Confirmed", Blocked]',
  "lambda-edit": 'exemptNumbers: ["+15555550100"]',
  "role-by-hand": "function: { roleName: vendor-role }\n    adoptExisting: { role: true }",
  "function-renamed": "function: { name: lookup, roleName: lookup }",
  "reading-first": "table: { adopt: false }",
  "reading-switch": "table: { adopt: false }",
  "reading-no-change": "table: { adopt: false }",
  "reading-another-table": "table: { adopt: false }",
  "reading-not-checked": "table: { adopt: false }",
  "reading-release": "table: { adopt: false }\n    release: keep-index",
};

/** The instance, with additional lines in the environment file. Instances are never changed, so each is loaded once. */
export function recordedInstance(more = "", name = "recorded"): InstanceConfig {
  const yaml = recordedYaml(more, name);
  const instance = instances.get(yaml) ?? loadOne(yaml);
  instances.set(yaml, instance);
  return instance;
}
const instances = new Map<string, InstanceConfig>();

/** The instance's environment file. */
export function recordedYaml(more = "", name = "recorded"): string {
  return `account: "111122223333"
region: us-east-1
state: { bucket: acme-terraform-state, region: us-east-1 }
tags: { managed-by: terraform, team: not the vendor }
blockedDispositions: [Blocked]
instances:
  - name: ${name}
    id: 00000000-0000-4000-8000-000000000001
    inboundFlow: { queue: 11111111-2222-4333-8444-555555555555 }
    ${more}
`;
}
