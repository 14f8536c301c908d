/** Tests that the catalogue contains exactly the resource types of synthesized stacks. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { Testing } from "cdktf";
import { loadEnvironments } from "../../config/load";
import type { InstanceConfig } from "../../config/types";
import { projectRoot } from "../../lambda/packaging";
import { CallBlockingStack } from "../../stacks/call-blocking-stack";
import {
  existingResources,
  isAdopted,
  isCanaryResource,
  isManagedType,
  resourceTypes,
  terraformId,
} from "../../stacks/resource-types";
import { recordedInstance } from "../fleet/guard/recorded-plan";

const functionPackage = {
  zipPath: __filename,
  sha256: "ab".repeat(32),
  sourceCodeHash: "q6s=",
  handler: "index.handler",
};

type Resources = Readonly<Record<string, Readonly<Record<string, { readonly function_name?: string }>>>>;

function synthesized(): { readonly instance: InstanceConfig; readonly resource: Resources }[] {
  const { instances } = loadEnvironments(path.join(projectRoot(), "examples"));
  return [...instances, recordedInstance()].map((instance) => {
    const stack = new CallBlockingStack(Testing.app(), {
      instance,
      functionPackages: { blockedCalls: functionPackage, canary: functionPackage },
    });
    const { resource } = JSON.parse(Testing.synth(stack)) as { resource: Resources };
    return { instance, resource };
  });
}

/** Classes of the provider that the constructs import, including those that only some stacks contain: `lambda-function`. */
function importedClasses(): string[] {
  const stacks = path.join(projectRoot(), "stacks");
  return readdirSync(stacks, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .flatMap((file) => [
      ...readFileSync(path.join(stacks, file), "utf8").matchAll(/@cdktf\/provider-aws\/lib\/([\w-]+)/g),
    ])
    .map(([, name = ""]) => name);
}

const typeOf = (name: string): string => `aws_${name.replaceAll("-", "_")}`;

const imported = (): string[] =>
  importedClasses()
    .filter((name) => name !== "provider" && !name.startsWith("data-aws-"))
    .map(typeOf);

const used = (): string[] => [...imported(), ...synthesized().flatMap(({ resource }) => Object.keys(resource))];

test("the catalogue contains every type that a synthesized stack contains or a construct imports", () => {
  expect(imported()).toContain("aws_lambda_function");
  expect(used().filter((type) => !isManagedType(type))).toEqual([]);
});

test("every type in the catalogue is in at least one stack", () => {
  const types = new Set(used());
  expect(Object.keys(resourceTypes).filter((type) => !types.has(type))).toEqual([]);
});

test("the catalogue lists exactly the data sources that the constructs import", () => {
  const read = importedClasses().filter((name) => name.startsWith("data-aws-"));
  const listed = Object.keys(resourceTypes).filter((type) => resourceTypes[type]?.isDataSource === true);
  expect(listed.sort()).toEqual([...new Set(read.map((name) => typeOf(name.replace("data-aws-", ""))))].sort());
});

test("the canary's resources are recognized in every stack, and blockedCalls is not one of them", () => {
  for (const { instance, resource } of synthesized()) {
    const canary = Object.entries(resource).flatMap(([type, all]) =>
      Object.keys(all)
        .filter((name) => isCanaryResource({ type, name }))
        .map((name) => `${type}.${name}`),
    );
    const functions = Object.entries(resource["aws_lambda_function"] ?? {});
    for (const [name, { function_name }] of functions)
      expect([function_name, canary.includes(`aws_lambda_function.${name}`)]).toEqual([
        name === "canary" ? instance.canary.name : instance.function.name,
        name === "canary",
      ]);
    const hasCanary = instance.alarms.canaryMinutes !== false;
    expect(canary.sort()).toEqual(
      hasCanary
        ? [
            "aws_cloudwatch_event_rule.canary",
            "aws_cloudwatch_event_target.canary",
            "aws_cloudwatch_log_group.canary",
            "aws_iam_role.canary",
            "aws_iam_role_policy.canary",
            "aws_iam_role_policy.canary_decrypt",
            "aws_lambda_function.canary",
            "aws_lambda_permission.canary",
          ]
        : [],
    );
  }
});

test("every resource that can be adopted has an address in the synthesized stack", () => {
  const addresses = new Set(
    synthesized().flatMap(({ resource }) =>
      Object.entries(resource).flatMap(([type, all]) => Object.keys(all).map((name) => `${type}.${name}`)),
    ),
  );
  for (const [type, { adoption }] of Object.entries(resourceTypes)) {
    if (adoption === undefined) continue;
    expect(adoption.address.startsWith(`${type}.`)).toBe(true);
    expect(addresses).toContain(adoption.address);
  }
});

test("only existing resources that the environment file names are imported", () => {
  const moduleId = "22222222-2222-4222-8222-222222222222";
  const plain = recordedInstance();
  expect(existingResources(plain)).toEqual([]);
  const mayImport = (to: string, id: string, instance: InstanceConfig): boolean => {
    const [type = "", name = ""] = to.split(".");
    return isAdopted({ type, name }, id, instance);
  };
  expect(mayImport("aws_dynamodb_table.contacts", plain.table.name, plain)).toBe(true);
  expect(mayImport("aws_lambda_function.blocked_calls", plain.function.name, plain)).toBe(false);
  const adopting = recordedInstance(
    `adoptExisting: { module: ${moduleId}, function: true, role: true, logGroup: true }`,
  );
  const existing = existingResources(adopting);
  expect(existing.map(({ to }) => to)).toEqual([
    "aws_cloudwatch_log_group.blocked_calls",
    "aws_iam_role.blocked_calls",
    "aws_lambda_function.blocked_calls",
    "aws_connect_contact_flow_module.blocked_status",
  ]);
  for (const { to, id } of existing) {
    expect(mayImport(to, id, adopting)).toBe(true);
    expect(mayImport(to, `${id}x`, adopting)).toBe(false);
    expect(mayImport(`${to}_2`, id, adopting)).toBe(false);
  }
});

test("no id is expected of a resource whose plan omits a part of the id", () => {
  for (const [type, { identity, id }] of Object.entries(resourceTypes)) {
    expect([type, terraformId(type, { id: "x" })]).toEqual([type, undefined]);
    if (id === undefined) expect(terraformId(type, { id: "x", [identity.at(-1) ?? ""]: "a" })).toBe("a");
  }
  expect(terraformId("aws_cloudwatch_event_target", { id: "x", rule: "a", target_id: "b" })).toBe("a-b");
});
