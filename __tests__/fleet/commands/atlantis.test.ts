/** The file for Atlantis, as the command writes it. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { validYaml } from "../../config/environment-files";
import { runFleet } from "../run-fleet";

jest.setTimeout(60_000);

const scratch = mkdtempSync(path.join(tmpdir(), "call-blocking-atlantis-"));
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

const more = `  - { name: other, id: 1f0e0d0c-1b1a-4918-8716-151413121110 }
  - { name: asleep, id: 2f0e0d0c-1b1a-4918-8716-151413121110, suspended: true }
`;
const files = { "dev.yaml": validYaml + more };

async function written(...selection: string[]): Promise<string> {
  const file = path.join(scratch, "atlantis.yaml");
  const { exitCode, stderr } = await runFleet(["atlantis", "--out", file, ...selection], files);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  return readFileSync(file, "utf8");
}

test("a selection is also that of the plans, so that no other stack of a wave is planned", async () => {
  expect(await written("instance!=other")).toContain("echo 'env=dev wave=all instance!=other' ;;");
  expect(await written()).toContain("echo 'env=dev wave=all' ;;");
});

test("the same fleet gives the same file, and what is suspended is not taken in", async () => {
  const first = await written();
  expect(await written()).toBe(first);
  expect(first).not.toContain("status=");
});
