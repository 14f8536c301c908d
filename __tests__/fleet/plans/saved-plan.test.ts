/** A saved plan is rejected if one of its inputs or its files changed. */
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { strToU8, zipSync } from "fflate";
import type { InstanceConfig } from "../../../config/types";
import { checkSavedPlan, savePlan, staleState } from "../../../fleet/plans/saved-plan";
import { planFileName } from "../../../fleet/terraform/plan-file";
import type { PlanInputs, SavedPlan } from "../../../fleet/plans/saved-plan";
import { digestOf } from "../../../fleet/plans/synthesis";
import { sampleInstance } from "../../stacks/sample-instance";

const scratch = mkdtempSync(path.join(tmpdir(), "call-blocking-saved-plan-"));
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

let count = 0;
const configuration = JSON.stringify({ "//": { metadata: {} }, resource: { aws_iam_role: { one: { name: "one" } } } });

/** A synthesized stack with one asset. */
function stackDirectory(): string {
  const directory = path.join(scratch, `${count++}`);
  mkdirSync(path.join(directory, "assets/one"), { recursive: true });
  writeFileSync(path.join(directory, "cdk.tf.json"), configuration);
  writeFileSync(path.join(directory, "assets/one/archive.zip"), "zip");
  return directory;
}

function planFile(files: Readonly<Record<string, string>> = {}): Uint8Array {
  const all = {
    tfplan: "binary",
    tfstate: JSON.stringify({ version: 4, serial: 3, lineage: "line" }),
    "tfconfig/m-/cdk.tf.json": configuration,
    ".terraform.lock.hcl": "lock",
    ...files,
  };
  return zipSync(Object.fromEntries(Object.entries(all).map(([name, text]) => [name, strToU8(text)])));
}

const instance = sampleInstance;

/** A stack with a saved plan, and the inputs of the plan. */
function saved(files?: Readonly<Record<string, string>>, readOnly = false): { directory: string; inputs: PlanInputs } {
  const directory = stackDirectory();
  const current = stackDirectory();
  const synthesized = { stackName: instance.stackName, directory: current, digest: digestOf(current) };
  const inputs: PlanInputs = { synthesized, instance, lock: "lock", terraform: "1.11.4" };
  writeFileSync(path.join(directory, planFileName), planFile(files));
  savePlan(directory, inputs, {
    readOnly,
    changes: "changes",
    table: { capacity: "on demand" },
    at: new Date("2026-11-24T00:00:00Z"),
  });
  return { directory, inputs };
}

function recordOf(directory: string, inputs: PlanInputs): SavedPlan {
  const { saved: note } = checkSavedPlan(directory, inputs);
  if (note === undefined) throw new Error("no saved plan");
  return note;
}

const reasons = (directory: string, inputs: PlanInputs): string[] =>
  checkSavedPlan(directory, inputs).rejections.map(({ reason }) => reason);

test("a plan with unchanged inputs is accepted, and records the version of its state", () => {
  const { directory, inputs } = saved();
  const { saved: note, rejections } = checkSavedPlan(directory, inputs);
  expect(rejections).toEqual([]);
  expect(note).toMatchObject({ state: { lineage: "line", serial: 3 }, madeAt: "2026-11-24T00:00:00.000Z" });
});

test("every rejection says what to do", () => {
  const { directory, inputs } = saved({}, true);
  const found = checkSavedPlan(directory, { ...inputs, lock: "other", terraform: "1.12.0" }).rejections;
  expect(found.length).toBe(3);
  for (const { fix } of found) expect(fix).toMatch(/[Pp]lan/);
});

test("the plan is rejected if source code, environment files or assets changed after the plan", () => {
  const { directory, inputs } = saved();
  const synthesized = { ...inputs.synthesized, digest: "another" };
  expect(reasons(directory, { ...inputs, synthesized })).toEqual([expect.stringContaining("older than its stack")]);
});

test("the plan is rejected if only the wave of its instance changed", () => {
  const { directory, inputs } = saved();
  const moved: InstanceConfig = { ...instance, wave: { name: "later", index: 7 } };
  expect(reasons(directory, { ...inputs, instance: moved })).toEqual([
    expect.stringContaining("The environment files changed for this instance"),
  ]);
});

test.each<[string, (inputs: PlanInputs) => PlanInputs, string]>([
  ["the lock file has another build of the provider", (inputs) => ({ ...inputs, lock: "other" }), "lock file"],
  [
    "another Terraform version is installed",
    (inputs) => ({ ...inputs, terraform: "1.12.0" }),
    "made by Terraform 1.11.4",
  ],
  [
    "the plan belongs to another stack",
    (inputs) => ({ ...inputs, synthesized: { ...inputs.synthesized, stackName: "other" } }),
    "belongs to",
  ],
])("the plan is rejected if %s", (_, change, sentence) => {
  const { directory, inputs } = saved();
  expect(reasons(directory, change(inputs))).toEqual([expect.stringContaining(sentence)]);
});

test("a read-only plan is rejected because of its record or because of the override in its plan file", () => {
  const byNote = saved({}, true);
  expect(reasons(byNote.directory, byNote.inputs)).toEqual([expect.stringContaining("--read-only")]);
  const byFile = saved({ "tfconfig/m-/zz_read_only_override.tf.json": "{}" });
  expect(reasons(byFile.directory, byFile.inputs)).toEqual([expect.stringContaining("--read-only")]);
});

describe("a plan with an override that repeats an update of a function", () => {
  const stack = JSON.stringify({
    resource: { aws_lambda_function: { one: { source_code_hash: "hash=", filename: "a" } } },
  });
  const withOverride = (override: unknown): string[] => {
    const { directory, inputs } = saved({
      "tfconfig/m-/cdk.tf.json": stack,
      "tfconfig/m-/zz_plan_override.tf.json": typeof override === "string" ? override : JSON.stringify(override),
    });
    for (const place of [directory, inputs.synthesized.directory])
      writeFileSync(path.join(place, "cdk.tf.json"), stack);
    const synthesized = { ...inputs.synthesized, digest: digestOf(directory) };
    savePlan(directory, { ...inputs, synthesized }, { readOnly: false, changes: "", table: null, at: new Date(0) });
    return reasons(directory, { ...inputs, synthesized });
  };
  const functions = (values: object) => ({ resource: { aws_lambda_function: values } });

  test("is accepted", () => {
    expect(withOverride(functions({ one: { source_code_hash: "hash= (repeated)" } }))).toEqual([]);
  });

  test.each([
    ["has another hash", functions({ one: { source_code_hash: "other= (repeated)" } })],
    ["changes another argument", functions({ one: { source_code_hash: "hash= (repeated)", role: "other" } })],
    ["adds a function", functions({ two: { source_code_hash: " (repeated)" } })],
    ["changes another resource", { ...functions({}), provider: { aws: { region: "us-east-1" } } }],
    ["is not JSON", "{"],
  ])("is rejected if the override %s", (_, override) => {
    expect(withOverride(override)).toEqual([expect.stringContaining("The configuration in the plan differs")]);
  });
});

test("a plan of another configuration is rejected, even if its record matches the stack", () => {
  const other = configuration.replace('"name":"one"', '"name":"two"');
  const { directory, inputs } = saved({ "tfconfig/m-/cdk.tf.json": other });
  expect(reasons(directory, inputs)).toEqual([expect.stringContaining("The configuration in the plan differs")]);
});

test("the plan is accepted if only CDKTF comments in the configuration changed", () => {
  const { directory, inputs } = saved({ "tfconfig/m-/cdk.tf.json": configuration.replace("metadata", "other") });
  expect(reasons(directory, inputs)).toEqual([]);
});

test("a changed asset is rejected", () => {
  const { directory, inputs } = saved();
  appendFileSync(path.join(directory, "assets/one/archive.zip"), "x");
  expect(reasons(directory, inputs)).toEqual([expect.stringContaining("the assets of the stack were changed")]);
});

test("every edit of the record is rejected", () => {
  const { directory, inputs } = saved();
  const file = path.join(directory, "fleet-plan.json");
  const note = JSON.parse(readFileSync(file, "utf8")) as SavedPlan;
  for (const key of Object.keys(note) as (keyof SavedPlan)[]) {
    writeFileSync(file, JSON.stringify({ ...note, [key]: key === "readOnly" ? true : "edited" }));
    expect(reasons(directory, inputs)).toEqual([expect.stringContaining("changed after the plan was saved")]);
  }
  for (const text of ["", "{", "null", "[]", '"x"']) {
    writeFileSync(file, text);
    expect(reasons(directory, inputs)).toEqual([expect.stringContaining("changed after the plan was saved")]);
  }
});

test("a record of another program version is rejected, and the reason names the version", () => {
  const { directory, inputs } = saved();
  const file = path.join(directory, "fleet-plan.json");
  const { checksum, ...rest } = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  writeFileSync(file, JSON.stringify({ ...rest, format: 1, seal: checksum }));
  expect(checkSavedPlan(directory, inputs).rejections).toEqual([
    {
      reason: "Another version of this program saved the plan (format 1; this version reads 2).",
      fix: "Plan again, and have the new plan reviewed.",
    },
  ]);
});

test.each(["fleet-plan.json", planFileName])("the plan is rejected if %s is missing", (name) => {
  const { directory, inputs } = saved();
  rmSync(path.join(directory, name));
  expect(reasons(directory, inputs)).toEqual([
    expect.stringContaining(`The saved plan is incomplete: ${name} missing`),
  ]);
});

test("a changed or replaced plan file is rejected", () => {
  const { directory, inputs } = saved();
  const other = saved({ tfplan: "of another" });
  cpSync(path.join(other.directory, planFileName), path.join(directory, planFileName));
  expect(reasons(directory, inputs)).toEqual([expect.stringContaining("was changed or replaced after it was saved")]);
});

test("a changed state is rejected, by serial and by lineage", () => {
  const { directory, inputs } = saved();
  const note = recordOf(directory, inputs);
  expect(staleState(note, { lineage: "line", serial: 3 })).toBeUndefined();
  expect(staleState(note, { lineage: "line", serial: 4 })?.reason).toContain("serial 3 → 4");
  expect(staleState(note, { lineage: "other", serial: 3 })?.reason).toContain("another lineage");
  expect(staleState(note, { lineage: "", serial: 0 })).toBeDefined();
});

test("the first plan of a stack is accepted while there is no state", () => {
  const { directory, inputs } = saved({ tfstate: JSON.stringify({ serial: 0, lineage: "" }) });
  const note = recordOf(directory, inputs);
  expect(staleState(note, { lineage: "", serial: 0 })).toBeUndefined();
  expect(staleState(note, { lineage: "new", serial: 1 })).toBeDefined();
});
