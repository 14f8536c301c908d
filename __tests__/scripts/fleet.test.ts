/** The program `fleet` of the package. */
import { spawnSync } from "node:child_process";
import { accessSync, constants, readFileSync } from "node:fs";
import path from "node:path";
import { projectRoot } from "../../lambda/packaging";

test("npx fleet runs the command line with its arguments and its exit code", () => {
  const { bin } = JSON.parse(readFileSync(path.join(projectRoot(), "package.json"), "utf8")) as {
    bin: { fleet: string };
  };
  const program = path.join(projectRoot(), bin.fleet);
  accessSync(program, constants.X_OK);
  const run = (...args: readonly string[]) =>
    spawnSync(program, args, {
      encoding: "utf8",
      cwd: projectRoot(),
      env: { ...process.env, ENVIRONMENTS_DIR: "examples" },
    });
  expect(run("list", "env=prod").stdout).toContain("prod-globex-eu-central-1");
  expect(run("lst")).toMatchObject({ status: 1, stderr: expect.stringContaining('Did you mean "list"?') as string });
});
