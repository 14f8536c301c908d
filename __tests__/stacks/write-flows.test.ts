/** What `npm run flows` writes is what is deployed, and the documentation shows it as it is. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { Testing } from "cdktf";
import { loadEnvironments } from "../../environments/model/load";
import { projectRoot } from "../../lambda/packaging";
import { CallBlockingStack } from "../../stacks/call-blocking-stack";
import { documentationPictures, filesOf } from "../../stacks/write-flows";
import { sampleInstance } from "./sample-instance";

const instance = {
  ...sampleInstance,
  inboundFlow: {
    name: "Front door",
    queueId: "11111111-2222-4333-8444-555555555555",
    whenBlocked: { action: "message", message: { Text: "Goodbye" } },
  },
} as const;

interface Content {
  readonly resource: Record<string, Record<string, { readonly content: string }>>;
}

test("the JSON files hold the content that is deployed; only the module's id is its name until Terraform knows it", () => {
  const functionPackage = { zipPath: __filename, sha256: "0", sourceCodeHash: "0", handler: "index.handler" };
  const stack = new CallBlockingStack(Testing.app(), { instance, functionPackage });
  const { resource } = JSON.parse(Testing.synth(stack)) as Content;
  const files = filesOf(instance);
  const deployed = (type: string, id: string): unknown => JSON.parse(resource[type]?.[id]?.content ?? "null");

  expect(JSON.parse(files["blockedStatus.json"] ?? "")).toEqual(
    deployed("aws_connect_contact_flow_module", "blocked_status"),
  );
  const named = JSON.stringify(deployed("aws_connect_contact_flow", "inbound")).replace(
    "${aws_connect_contact_flow_module.blocked_status.contact_flow_module_id}",
    "blockedStatus",
  );
  expect(JSON.parse(files["inbound.json"] ?? "")).toEqual(JSON.parse(named));
});

test("there is a picture of each, in both forms, and none of a flow that is not deployed", () => {
  expect(Object.keys(filesOf(instance))).toEqual([
    "blockedStatus.json",
    "blockedStatus.svg",
    "blockedStatus.mmd",
    "inbound.json",
    "inbound.svg",
    "inbound.mmd",
  ]);
  expect(Object.keys(filesOf(sampleInstance))).toHaveLength(3);
});

test("the documentation's pictures are current (npm run flows -- --docs writes them)", () => {
  const { instances } = loadEnvironments(path.join(projectRoot(), "environments"));
  const dev = instances.find(({ environment }) => environment === "dev");
  if (dev === undefined) throw new Error("environments/dev.yaml has no instance");
  for (const [name, svg] of Object.entries(documentationPictures(dev)))
    expect(readFileSync(path.join(projectRoot(), "docs/flows", name), "utf8")).toBe(svg);
});
