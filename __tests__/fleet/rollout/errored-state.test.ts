/**
 * The state that an apply could not write. The states are those of a real Terraform (1.11.4) that updated a role and a function and replaced
 * an alias: before the apply (serial 4), and after it (serial 9).
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { strToU8, zipSync } from "fflate";
import { uploadErroredState } from "../../../fleet/rollout/errored-state";
import { parsePlan } from "../../../fleet/terraform/plan-json";
import type { TerraformStack } from "../../../fleet/terraform/terraform-stack";
import { recordedPlan } from "../guard/recorded-plan";

interface StateFile {
  serial: number;
  lineage: string;
  outputs: object;
  resources: { name: string; instances: { status?: string; attributes: Record<string, unknown> }[] }[];
}

const recorded = (name: string): string => readFileSync(path.join(__dirname, "states", `${name}.json`), "utf8");
const state = (name: "before" | "after"): StateFile => JSON.parse(recorded(name)) as StateFile;
const reviewed = parsePlan(recorded("plan"));

let directory: string;
let remote: string;
let printed: string[];
let written: { mode: number; text: string }[];

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "errored-state-"));
  [remote, printed, written] = ["", [], []];
  writePlan("fleet.plan", state("before"));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** A plan file with this state. Terraform also stores the state before the refresh, in which it leaves out serial and lineage. */
function writePlan(name: string, before: StateFile): void {
  const files = {
    tfplan: "binary",
    tfstate: JSON.stringify(before),
    "tfstate-prev": JSON.stringify({ ...before, serial: 0, lineage: "" }),
  };
  writeFileSync(
    path.join(directory, name),
    zipSync(Object.fromEntries(Object.entries(files).map(([file, text]) => [file, strToU8(text)]))),
  );
}

const errored = (): string => path.join(directory, "errored.tfstate");

async function upload(plan = reviewed): Promise<string | undefined> {
  const stack = {
    directory,
    stateText: () => Promise.resolve(remote),
    writeState: (file: string) => {
      written.push({ mode: statSync(file).mode & 0o777, text: readFileSync(file, "utf8") });
      return Promise.resolve();
    },
  } as unknown as TerraformStack;
  const rejection = await uploadErroredState(stack, plan, (text) => printed.push(text));
  return rejection && `${rejection.reason}\n  ${rejection.fix}`;
}

/** The errored state is the one after the apply, and the current state is the one before the apply with this serial and edit. */
async function uploadOver(serial: number, edit: (current: StateFile) => void): Promise<string | undefined> {
  writeFileSync(errored(), JSON.stringify(state("after")));
  const current = { ...state("before"), serial };
  edit(current);
  remote = JSON.stringify(current);
  return upload();
}

const instanceOf = (file: StateFile, name: string) => {
  const found = file.resources.find((resource) => resource.name === name)?.instances[0];
  if (found === undefined) throw new Error(`the state has no ${name}`);
  return found;
};

/** What Terraform writes during the apply, as soon as the resource is done. */
const applied =
  (...names: readonly string[]) =>
  (current: StateFile): void => {
    for (const name of names) Object.assign(instanceOf(current, name), instanceOf(state("after"), name));
  };

const isUploaded = (): void => {
  expect(written.map(({ text }) => JSON.parse(text) as unknown)).toEqual([state("after")]);
  expect(existsSync(errored())).toBe(false);
};

test("the state of a new stack gets a lineage, in a file that only its owner can read", async () => {
  writeFileSync(errored(), JSON.stringify({ version: 4, lineage: "", resources: [] }));
  expect(await upload(recordedPlan("adoption"))).toBeUndefined();
  expect(written.map(({ mode }) => mode)).toEqual([0o600]);
  expect(JSON.parse(written[0]?.text ?? "")).toMatchObject({
    lineage: expect.stringMatching(/^[\da-f-]{36}$/) as string,
    serial: 1,
  });
  expect(printed).toHaveLength(1);
});

test("the state replaces the one before the apply", async () => {
  expect(await uploadOver(4, () => undefined)).toBeUndefined();
  isUploaded();
  expect(printed).toEqual(["uploaded the state that the interrupted apply could not write (serial 4 → 9)."]);
});

test.each([
  ["the first resource was done", 5, applied("role")],
  ["two resources were done", 6, applied("role", "function")],
  [
    "the old alias was deleted",
    7,
    (current: StateFile) => {
      applied("role", "function")(current);
      current.resources = current.resources.filter(({ name }) => name !== "alias");
    },
  ],
])("the state replaces a state that its apply wrote when %s", async (_, serial, edit) => {
  expect(await uploadOver(serial, edit)).toBeUndefined();
  isUploaded();
});

test.each<[string, (current: StateFile) => void, string]>([
  [
    "changed an attribute that the apply changes too",
    (current) => {
      instanceOf(current, "function").attributes["input"] = { memory_size: 1024, description: "three" };
    },
    "it has other values of terraform_data.function (input, output)",
  ],
  [
    "changed an attribute that the apply does not change",
    (current) => {
      applied("role")(current);
      instanceOf(current, "role").attributes["triggers_replace"] = "other";
    },
    "it has other values of terraform_data.role (triggers_replace)",
  ],
  [
    "tainted a resource",
    (current) => {
      applied("role")(current);
      instanceOf(current, "role").status = "tainted";
    },
    "it has other values of terraform_data.role (tainted)",
  ],
  [
    "removed a resource from the state",
    (current) => {
      current.resources = current.resources.filter(({ name }) => name !== "role");
    },
    "it no longer contains terraform_data.role",
  ],
])("the state is not uploaded if another command %s", async (_, edit, reason) => {
  const rejection = await uploadOver(6, edit);
  expect(rejection).toContain(`another command has written the state since then: ${reason}.`);
  expect(rejection).toContain("terraform -chdir=");
  expect(rejection).toContain("If the current state is correct, delete");
  expect(written).toEqual([]);
  expect(existsSync(errored())).toBe(true);
});

test("a value of the state is never in the message", async () => {
  const rejection = await uploadOver(6, (current) => {
    instanceOf(current, "function").attributes["input"] = "a secret";
  });
  expect(rejection).not.toContain("a secret");
});

test("after a second interruption, the state replaces the one before the resumed apply", async () => {
  const resumed = { ...state("before"), serial: 6 };
  instanceOf(resumed, "function").attributes["input"] = "of the first apply, which failed";
  const edit = (current: StateFile): void => {
    instanceOf(current, "function").attributes["input"] = "of the first apply, which failed";
    applied("role")(current);
  };
  expect(await uploadOver(7, edit)).toContain("it has other values of terraform_data.function (input, output)");
  writePlan("fleet-resume.plan", resumed);
  expect(await uploadOver(7, edit)).toBeUndefined();
  isUploaded();
});
