/** The state that an apply could not write. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { uploadErroredState } from "../../../fleet/rollout/errored-state";
import type { TerraformStack } from "../../../fleet/terraform/terraform-stack";
import { recordedPlan } from "../guard/recorded-plan";

test("the state of a new stack gets a lineage, in a file that only its owner can read", async () => {
  const directory = mkdtempSync(path.join(tmpdir(), "errored-state-"));
  const written: { mode: number; text: string }[] = [];
  const stack = {
    directory,
    stateText: () => Promise.resolve(""),
    writeState: (file: string) => {
      written.push({ mode: statSync(file).mode & 0o777, text: readFileSync(file, "utf8") });
      return Promise.resolve();
    },
  } as unknown as TerraformStack;
  try {
    writeFileSync(path.join(directory, "errored.tfstate"), JSON.stringify({ version: 4, lineage: "", resources: [] }));
    const printed: string[] = [];
    expect(await uploadErroredState(stack, recordedPlan("adoption"), (text) => printed.push(text))).toBeUndefined();
    expect(written.map(({ mode }) => mode)).toEqual([0o600]);
    expect(JSON.parse(written[0]?.text ?? "")).toMatchObject({
      lineage: expect.stringMatching(/^[\da-f-]{36}$/) as string,
      serial: 1,
    });
    expect(printed).toHaveLength(1);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
