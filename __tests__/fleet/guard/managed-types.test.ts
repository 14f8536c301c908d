/** The guard lets through what the stack is made of: every resource type that a stack can hold, and no type that none holds. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { Testing } from "cdktf";
import { loadEnvironments } from "../../../config/load";
import type { InstanceConfig } from "../../../config/types";
import { isOfCanary, managedTypes } from "../../../fleet/guard/managed-types";
import { projectRoot } from "../../../lambda/packaging";
import { CallBlockingStack } from "../../../stacks/call-blocking-stack";
import { recordedInstance } from "./recorded-plan";

const functionPackage = {
  zipPath: __filename,
  sha256: "ab".repeat(32),
  sourceCodeHash: "q6s=",
  handler: "index.handler",
};

type Resources = Readonly<Record<string, Readonly<Record<string, { readonly function_name?: string }>>>>;

function synthesized(): { readonly instance: InstanceConfig; readonly resource: Resources }[] {
  const { instances } = loadEnvironments(path.join(projectRoot(), "environments"));
  return [...instances, recordedInstance()].map((instance) => {
    const stack = new CallBlockingStack(Testing.app(), {
      instance,
      functionPackages: { blockedCalls: functionPackage, canary: functionPackage },
    });
    const { resource } = JSON.parse(Testing.synth(stack)) as { resource: Resources };
    return { instance, resource };
  });
}

/** Types that the constructs import, whatever it takes for a stack to hold one. */
function imported(): string[] {
  const stacks = path.join(projectRoot(), "stacks");
  return readdirSync(stacks, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .flatMap((file) => [
      ...readFileSync(path.join(stacks, file), "utf8").matchAll(/@cdktf\/provider-aws\/lib\/([\w-]+)/g),
    ])
    .map(([, name = ""]) => name)
    .filter((name) => name !== "provider" && !name.startsWith("data-"))
    .map((name) => `aws_${name.replaceAll("-", "_")}`);
}

test("every type of every synthesized stack, and every one that the constructs import, is one that the guard knows", () => {
  const made = [...imported(), ...synthesized().flatMap(({ resource }) => Object.keys(resource))];
  expect(imported()).toContain("aws_lambda_function");
  expect(made.filter((type) => !Object.hasOwn(managedTypes, type))).toEqual([]);
});

test("the guard knows no type that no stack makes", () => {
  const made = new Set([...imported(), ...synthesized().flatMap(({ resource }) => Object.keys(resource))]);
  expect(Object.keys(managedTypes).filter((type) => !made.has(type))).toEqual([]);
});

test("of the two functions of a stack the canary is the one that it takes for the canary, with what is the canary's alone", () => {
  for (const { instance, resource } of synthesized()) {
    const canary = Object.entries(resource).flatMap(([type, all]) =>
      Object.keys(all)
        .filter((name) => isOfCanary({ type, name }))
        .map((name) => `${type}.${name}`),
    );
    const functions = Object.entries(resource["aws_lambda_function"] ?? {});
    for (const [name, { function_name }] of functions)
      expect([function_name, canary.includes(`aws_lambda_function.${name}`)]).toEqual([
        name === "canary" ? instance.canary.name : instance.function.name,
        name === "canary",
      ]);
    const isWatched = instance.alarms.canaryMinutes !== false;
    expect(canary.sort()).toEqual(
      isWatched
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
