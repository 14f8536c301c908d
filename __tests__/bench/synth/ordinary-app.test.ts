/** Tests that the ordinary app, the baseline of the synth benchmark, is derived from the current sources. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { throughBarrel, writeOrdinaryApp } from "../../../bench/synth/ordinary-app";

const scratch = mkdtempSync(path.join(tmpdir(), "ordinary-app-"));
afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

test("an import of one resource goes through the barrel, under the same name", () => {
  expect(throughBarrel('import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";')).toBe(
    'import { iamRolePolicy as IamRolePolicy_ } from "@cdktf/provider-aws";\nimport IamRolePolicy = IamRolePolicy_.IamRolePolicy;',
  );
});

test("every stack goes through the barrel, imports the table with importFrom and builds its own bundle", () => {
  const app = writeOrdinaryApp(path.join(scratch, "app"));
  const read = (file: string): string => readFileSync(path.join(app, file), "utf8");
  for (const file of readdirSync(path.join(app, "stacks")))
    expect(read(path.join("stacks", file))).not.toContain("@cdktf/provider-aws/");
  expect(read("stacks/call-blocking-stack.ts")).toContain('from "@cdktf/provider-aws"');
  expect(read("stacks/adopted-table.ts")).toContain("this.table.importFrom(table.name)");
  expect(read("main.ts")).toContain("functionPackages: writeFunctionPackages()");
  expect(read("lambda/packaging.ts")).not.toContain("??= build()");
});
