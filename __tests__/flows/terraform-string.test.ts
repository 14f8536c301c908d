// Content in a Terraform configuration: no text of a person is a template, and a real Terraform reads it back unchanged.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { blockedStatusModule } from "../../flows/blocked-status";
import { inboundFlow } from "../../flows/inbound";
import type { FlowContent } from "../../flows/language/types";
import { toTerraformString } from "../../flows/terraform-string";

function moduleFor(blockedDisposition: string): FlowContent {
  const functionArn = "arn:aws:lambda:us-east-1:111122223333:function:blockedCalls-acme:live";
  return blockedStatusModule({ functionArn, blockedDisposition, instanceName: "acme", flowTimeLimitSeconds: 3 });
}
function messageFlow(Text: string): FlowContent {
  const whenBlocked = { action: "message" as const, message: { Text } };
  return inboundFlow({ moduleId: "blockedStatus", queueId: "queue-1", whenBlocked });
}

const hostile = [
  "${path.module}",
  "%{ if true }a%{ endif }",
  "$${x} $$${x} %%{x} %%%{x}",
  "${TfToken[TOKEN.0]}",
  '"\\"${"',
  "\\${x} \\\\${x} \\u0024{x}",
  "~ ${~ x ~}",
  "$ { % { $% {",
  "line\nbreak\ttab\u2028",
  "emoji 😀 ünïcode",
  '","FlowModuleId":"blockedStatus',
  "x".repeat(4096),
];
const piece = fc.oneof(
  fc.constantFrom("$", "{", "%", "}", "~", "\\", '"', "${", "%{", "$$", "u0024", "TfToken[TOKEN.1]", "\n"),
  fc.string({ unit: "grapheme" }),
);
const text = fc
  .array(piece, { minLength: 1, maxLength: 12 })
  .map((pieces) => pieces.join(""))
  .filter((t) => t !== "" && t === t.normalize("NFC") && !t.includes("$.") && !t.includes("$["));

test("the string holds no template and parses to the same content", () => {
  fc.assert(
    fc.property(fc.oneof(fc.constantFrom(...hostile), text), (t) => {
      const content = moduleFor(t);
      const string = toTerraformString(content);
      expect(string).not.toMatch(/[$%]\{/);
      expect(JSON.parse(string)).toEqual(content);
    }),
  );
});

test("the module's reference is the only template, whatever the message says", () => {
  const reference = "${aws_connect_contact_flow_module.blocked_status.contact_flow_module_id}";
  fc.assert(
    fc.property(fc.oneof(fc.constantFrom("blockedStatus", ...hostile), text), (t) => {
      const string = toTerraformString(messageFlow(t), { blockedStatus: reference });
      expect(string.match(/[$%]\{/g)).toHaveLength(1);
      expect(string).toContain(`"FlowModuleId":"${reference}"`);
      expect(JSON.parse(string.replace(reference, "blockedStatus"))).toEqual(messageFlow(t));
    }),
  );
});

const terraform = spawnSync("terraform", ["version"], { encoding: "utf8" });
if (terraform.status !== 0) console.warn("SKIPPED: terraform is not on PATH, so no real Terraform read the contents.");
const withTerraform = terraform.status === 0 ? test : test.skip;

withTerraform(
  "a real plan holds every content character for character",
  () => {
    const texts = [...hostile, ...fc.sample(text, { numRuns: 60, seed: 4 })];
    const contents = texts.flatMap((t) => [moduleFor(t), messageFlow(t)]);
    const directory = mkdtempSync(join(tmpdir(), "flow-content-"));
    try {
      // `terraform_data` is built in: no provider is fetched.
      const resources = Object.fromEntries(contents.map((c, n) => [`c${n}`, { input: toTerraformString(c) }]));
      writeFileSync(join(directory, "main.tf.json"), JSON.stringify({ resource: { terraform_data: resources } }));
      const run = (...args: string[]) => {
        const env = { PATH: process.env["PATH"], HOME: directory, CHECKPOINT_DISABLE: "1" };
        const result = spawnSync("terraform", args, { cwd: directory, encoding: "utf8", env, maxBuffer: 1e9 });
        if (result.status !== 0) throw new Error(`terraform ${args.join(" ")} failed:\n${result.stderr}`);
        return result.stdout;
      };
      run("init", "-input=false");
      run("plan", "-input=false", "-out=plan");
      const plan = JSON.parse(run("show", "-json", "plan")) as {
        resource_changes: { name: string; change: { after: { input: string } } }[];
      };
      const planned = new Map(plan.resource_changes.map((change) => [change.name, change.change.after.input]));
      contents.forEach((content, n) => {
        expect(JSON.parse(planned.get(`c${n}`) ?? "null")).toEqual(content);
      });
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
  120_000,
);
