/** The guard lets through what the stack is made of: every resource type that a stack can hold, and no type that none holds. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { Testing } from "cdktf";
import { loadEnvironments } from "../../../environments/model/load";
import { ownTypes } from "../../../fleet/guard/own-types";
import { projectRoot } from "../../../lambda/packaging";
import { CallBlockingStack } from "../../../stacks/call-blocking-stack";
import { recordedInstance } from "./recorded-plan";

const functionPackage = {
  zipPath: __filename,
  sha256: "ab".repeat(32),
  sourceCodeHash: "q6s=",
  handler: "index.handler",
};

test("every type of every synthesized stack is one that the guard knows", () => {
  const { instances } = loadEnvironments(path.join(projectRoot(), "environments"));
  for (const instance of [...instances, recordedInstance()]) {
    const stack = new CallBlockingStack(Testing.app(), {
      instance,
      functionPackages: { blockedCalls: functionPackage, canary: functionPackage },
    });
    const { resource } = JSON.parse(Testing.synth(stack)) as { resource: Readonly<Record<string, object>> };
    expect(Object.keys(resource).filter((type) => !Object.hasOwn(ownTypes, type))).toEqual([]);
  }
});

test("every resource that the constructs import is one too, whatever it takes for a stack to hold it", () => {
  const stacks = path.join(projectRoot(), "stacks");
  const imported = readdirSync(stacks, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .flatMap((file) => [
      ...readFileSync(path.join(stacks, file), "utf8").matchAll(/@cdktf\/provider-aws\/lib\/([\w-]+)/g),
    ])
    .map(([, name = ""]) => name)
    .filter((name) => name !== "provider" && !name.startsWith("data-"))
    .map((name) => `aws_${name.replaceAll("-", "_")}`);
  expect(imported).toContain("aws_lambda_function");
  expect(imported.filter((type) => !Object.hasOwn(ownTypes, type))).toEqual([]);
});
