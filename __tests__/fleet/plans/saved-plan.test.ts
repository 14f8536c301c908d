/** A saved plan is refused once anything that it was made from moved, or anything of it was touched. */
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { strToU8, zipSync } from "fflate";
import type { InstanceConfig } from "../../../config/types";
import { checkSavedPlan, savePlan, stateObjection } from "../../../fleet/plans/saved-plan";
import { planFileName } from "../../../fleet/terraform/plan-file";
import type { SavedPlan, Today } from "../../../fleet/plans/saved-plan";
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

/** A stack, a plan of it that was saved, and everything as it is when it was. */
function saved(files?: Readonly<Record<string, string>>, readOnly = false): { directory: string; today: Today } {
  const directory = stackDirectory();
  const current = stackDirectory();
  const stack = { stackName: instance.stackName, directory: current, digest: digestOf(current) };
  const today: Today = { stack, instance, lock: "lock", terraform: "1.11.4" };
  writeFileSync(path.join(directory, planFileName), planFile(files));
  savePlan(directory, today, { readOnly, changes: "changes", at: new Date("2026-11-24T00:00:00Z") });
  return { directory, today };
}

function noteOf(directory: string, today: Today): SavedPlan {
  const { saved: note } = checkSavedPlan(directory, today);
  if (note === undefined) throw new Error("there is no saved plan");
  return note;
}

const objections = (directory: string, today: Today): string[] =>
  checkSavedPlan(directory, today).objections.map(({ what }) => what);

test("a plan of which nothing moved is not objected to, and knows the state that it was made against", () => {
  const { directory, today } = saved();
  const { saved: note, objections: found } = checkSavedPlan(directory, today);
  expect(found).toEqual([]);
  expect(note).toMatchObject({ state: { lineage: "line", serial: 3 }, madeAt: "2026-11-24T00:00:00.000Z" });
});

test("every objection says what to do", () => {
  const { directory, today } = saved({}, true);
  const found = checkSavedPlan(directory, { ...today, lock: "other", terraform: "1.12.0" }).objections;
  expect(found.length).toBe(3);
  for (const { fix } of found) expect(fix).toMatch(/[Pp]lan/);
});

test("a changed source, environment file or asset makes the plan older than its stack", () => {
  const { directory, today } = saved();
  const stack = { ...today.stack, digest: "another" };
  expect(objections(directory, { ...today, stack })).toEqual([expect.stringContaining("older than its stack")]);
});

test("an allowance or a wave that changed alone is told of as such", () => {
  const { directory, today } = saved();
  const moved: InstanceConfig = { ...instance, wave: { name: "later", index: 7 } };
  expect(objections(directory, { ...today, instance: moved })).toEqual([
    expect.stringContaining("What the environment files say of this instance changed"),
  ]);
});

test.each<[string, (today: Today) => Today, string]>([
  ["another build of the provider is locked", (today) => ({ ...today, lock: "other" }), "lock file"],
  ["another Terraform is installed", (today) => ({ ...today, terraform: "1.12.0" }), "made by Terraform 1.11.4"],
  ["it is another stack's", (today) => ({ ...today, stack: { ...today.stack, stackName: "other" } }), "the plan of"],
])("refused where %s", (_, change, sentence) => {
  const { directory, today } = saved();
  expect(objections(directory, change(today))).toEqual([expect.stringContaining(sentence)]);
});

test("a plan that was made read-only is refused by its note, and by the override in its plan file whatever its note says", () => {
  const byNote = saved({}, true);
  expect(objections(byNote.directory, byNote.today)).toEqual([expect.stringContaining("--read-only")]);
  const byFile = saved({ "tfconfig/m-/zz_read_only_override.tf.json": "{}" });
  expect(objections(byFile.directory, byFile.today)).toEqual([expect.stringContaining("--read-only")]);
});

test("a plan that was made from another configuration is refused, though note and digest agree with the stack", () => {
  const other = configuration.replace('"name":"one"', '"name":"two"');
  const { directory, today } = saved({ "tfconfig/m-/cdk.tf.json": other });
  expect(objections(directory, today)).toEqual([expect.stringContaining("another configuration")]);
});

test("comments of the synth do not count as a difference", () => {
  const { directory, today } = saved({ "tfconfig/m-/cdk.tf.json": configuration.replace("metadata", "other") });
  expect(objections(directory, today)).toEqual([]);
});

test("an asset that was changed beside the plan is refused", () => {
  const { directory, today } = saved();
  appendFileSync(path.join(directory, "assets/one/archive.zip"), "x");
  expect(objections(directory, today)).toEqual([expect.stringContaining("assets were changed")]);
});

test("a note that was edited is refused, whatever the edit", () => {
  const { directory, today } = saved();
  const file = path.join(directory, "fleet-plan.json");
  const note = JSON.parse(readFileSync(file, "utf8")) as SavedPlan;
  for (const key of Object.keys(note) as (keyof SavedPlan)[]) {
    writeFileSync(file, JSON.stringify({ ...note, [key]: key === "readOnly" ? true : "edited" }));
    expect(objections(directory, today)).toEqual([expect.stringContaining("changed after the plan was saved")]);
  }
  for (const text of ["", "{", "null", "[]", '"x"']) {
    writeFileSync(file, text);
    expect(objections(directory, today)).toEqual([expect.stringContaining("changed after the plan was saved")]);
  }
});

test.each(["fleet-plan.json", planFileName])("refused where %s is gone", (name) => {
  const { directory, today } = saved();
  rmSync(path.join(directory, name));
  expect(objections(directory, today)).toEqual([expect.stringContaining(`${name} of the saved plan is gone`)]);
});

test("a plan file that was changed or replaced by another stack's is refused", () => {
  const { directory, today } = saved();
  const other = saved({ tfplan: "of another" });
  cpSync(path.join(other.directory, planFileName), path.join(directory, planFileName));
  expect(objections(directory, today)).toEqual([expect.stringContaining("is not the one that was saved")]);
});

test("a state that moved is objected to, by serial and by lineage", () => {
  const { directory, today } = saved();
  const note = noteOf(directory, today);
  expect(stateObjection(note, { lineage: "line", serial: 3 })).toBeUndefined();
  expect(stateObjection(note, { lineage: "line", serial: 4 })?.what).toContain("serial 3 then, 4 now");
  expect(stateObjection(note, { lineage: "other", serial: 3 })?.what).toContain("another lineage");
  expect(stateObjection(note, { lineage: "", serial: 0 })).toBeDefined();
});

test("the first plan of a stack is good while there is no state", () => {
  const { directory, today } = saved({ tfstate: JSON.stringify({ serial: 0, lineage: "" }) });
  const note = noteOf(directory, today);
  expect(stateObjection(note, { lineage: "", serial: 0 })).toBeUndefined();
  expect(stateObjection(note, { lineage: "new", serial: 1 })).toBeDefined();
});
