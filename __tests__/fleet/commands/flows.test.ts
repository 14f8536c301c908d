/** The command `flows` writes the flows that are deployed, and the documentation shows their current diagrams. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Testing } from "cdktf";
import { projectRoot } from "../../../lambda/packaging";
import { CallBlockingStack } from "../../../stacks/call-blocking-stack";
import { flowFilesOf } from "../../../stacks/flow-files";
import { edited, validYaml } from "../../config/environment-files";
import { sampleInstance } from "../../stacks/sample-instance";
import { runFleet } from "../run-fleet";

jest.setTimeout(120_000);

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

test("the JSON files have the deployed content, except for the id of the module", () => {
  const functionPackage = { zipPath: __filename, sha256: "0", sourceCodeHash: "0", handler: "index.handler" };
  const stack = new CallBlockingStack(Testing.app(), {
    instance,
    functionPackages: { blockedCalls: functionPackage, canary: functionPackage },
  });
  const { resource } = JSON.parse(Testing.synth(stack)) as Content;
  const files = flowFilesOf(instance);
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

test("each deployed flow has a JSON file and two diagrams", () => {
  expect(Object.keys(flowFilesOf(instance))).toEqual([
    "blockedStatus.json",
    "blockedStatus.svg",
    "blockedStatus.mmd",
    "inbound.json",
    "inbound.svg",
    "inbound.mmd",
  ]);
  expect(Object.keys(flowFilesOf(sampleInstance))).toHaveLength(3);
});

test("each selected stack gets its own directory", async () => {
  const out = mkdtempSync(path.join(tmpdir(), "flows-"));
  try {
    const run = (...args: string[]) => runFleet(["flows", ...args, "--out", out], { "dev.yaml": validYaml });
    const { exitCode, stdout, stderr } = await run("instance=acme");
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const written = ["json", "svg", "mmd"].map((type) => path.join(out, "dev-acme-us-east-1", `blockedStatus.${type}`));
    expect(stdout.trimEnd().split("\n")).toEqual(written);
    expect(JSON.parse(readFileSync(written[0] ?? "", "utf8"))).toHaveProperty("StartAction", "Assume nomatch");
  } finally {
    rmSync(out, { recursive: true });
  }
});

test("a mistake in an environment or an unusable directory is reported without a stack trace", async () => {
  const wrong = await runFleet(["flows"], { "dev.yaml": edited("[Blocked]", '[""]') });
  expect(wrong.exitCode).toBe(1);
  expect(wrong.stderr).toContain("dev.yaml:4:");
  const unsayable = await runFleet(["flows"], {
    "dev.yaml": `${validYaml}    inboundFlow:
      name: Front door
      queue: 11111111-2222-4333-8444-555555555555
      whenBlocked: { action: message, ssml: "<speak>${"x".repeat(3001)}</speak>" }
`,
  });
  expect(unsayable.exitCode).toBe(1);
  expect(unsayable.stderr).toContain("The SSML has 3001 characters without markup");
  const unwritable = await runFleet(["flows", "--out", __filename], { "dev.yaml": validYaml });
  expect(unwritable.exitCode).toBe(1);
  expect(unwritable.stderr).toMatch(/^The flows cannot be written\. /);
  for (const { stderr } of [wrong, unsayable, unwritable]) expect(stderr).not.toMatch(/^\s+at /m);
});

// This instance does not depend on environment files, so they cannot change the documentation.
test("the diagrams of the documentation are current", () => {
  const inboundFlow = { ...instance.inboundFlow, name: "Inbound", whenBlocked: { action: "disconnect" } } as const;
  const pictures = Object.entries(flowFilesOf({ ...instance, inboundFlow })).filter(([name]) => name.endsWith(".svg"));
  expect(pictures).toHaveLength(2);
  const stale = pictures.filter(([name, svg]) => {
    const file = path.join(projectRoot(), "docs/flows", name);
    if (process.env["UPDATE_DOCS"] === "1") writeFileSync(file, svg);
    return readFileSync(file, "utf8") !== svg;
  });
  if (stale.length > 0) {
    throw new Error(
      `docs/flows: ${stale.map(([name]) => name).join(" and ")} are out of date. Generate them with:\n` +
        "  UPDATE_DOCS=1 npx jest --selectProjects unit --testPathPatterns fleet/commands/flows",
    );
  }
});
