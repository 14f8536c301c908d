/** What `npm run flows` writes is what is deployed, and the documentation shows it as it is. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Testing } from "cdktf";
import { filesOf } from "../../../fleet/commands/flows";
import { projectRoot } from "../../../lambda/packaging";
import { CallBlockingStack } from "../../../stacks/call-blocking-stack";
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

test("the JSON files hold the content that is deployed; only the module's id is its name until Terraform knows it", () => {
  const functionPackage = { zipPath: __filename, sha256: "0", sourceCodeHash: "0", handler: "index.handler" };
  const stack = new CallBlockingStack(Testing.app(), {
    instance,
    functionPackages: { blockedCalls: functionPackage, canary: functionPackage },
  });
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

test("each stack gets a directory of its own, and only the selected ones are written", async () => {
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

test("a mistake in an environment, or a directory that cannot be made, is told without a stack trace", async () => {
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
  expect(unsayable.stderr).toContain("3001 characters of text");
  const unwritable = await runFleet(["flows", "--out", __filename], { "dev.yaml": validYaml });
  expect(unwritable.exitCode).toBe(1);
  expect(unwritable.stderr).toMatch(/^The flows cannot be written\. /);
  for (const { stderr } of [wrong, unsayable, unwritable]) expect(stderr).not.toMatch(/^\s+at /m);
});

// The instance is made up here, so that no one's environment files change what the documentation shows.
test("the documentation's pictures are current", () => {
  const inboundFlow = { ...instance.inboundFlow, name: "Inbound", whenBlocked: { action: "disconnect" } } as const;
  const pictures = Object.entries(filesOf({ ...instance, inboundFlow })).filter(([name]) => name.endsWith(".svg"));
  expect(pictures).toHaveLength(2);
  const stale = pictures.filter(([name, svg]) => {
    const file = path.join(projectRoot(), "docs/flows", name);
    if (process.env["UPDATE_DOCS"] === "1") writeFileSync(file, svg);
    return readFileSync(file, "utf8") !== svg;
  });
  if (stale.length > 0) {
    throw new Error(
      `docs/flows: ${stale.map(([name]) => name).join(" and ")} no longer show the flows as they are. Draw them anew:\n` +
        "  UPDATE_DOCS=1 npx jest --selectProjects unit --testPathPatterns fleet/commands/flows",
    );
  }
});
