/** Runs docs/emulators.md command by command: an emulated account, a deployment, blocked calls, a release, and the end of the account. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { projectRoot } from "../../lambda/packaging";
import { rareGarbageCollection, type Running, start } from "./world";

jest.setTimeout(10 * 60_000);

const scratch = mkdtempSync(path.join(tmpdir(), "call-blocking-emulators-"));
const page = readFileSync(path.join(projectRoot(), "docs/emulators.md"), "utf8");
/** The directory of the page, and the one that the test uses instead. */
const [shownDirectory, directory] = ["build/emulators", path.join(scratch, "emulators")];
const wireLog = path.join(directory, "wire.jsonl");

const plain = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(AWS_|ENVIRONMENTS_DIR|SELECT)/.test(name)),
) as Readonly<Record<string, string>>;
const env: Readonly<Record<string, string>> = {
  ...plain,
  ...rareGarbageCollection,
  CI: "true",
  NO_COLOR: "1",
  FORCE_COLOR: "0",
};

/** The accounts that may still run. */
const accounts = new Set<Running>();

/** Starts the account on this port, in its own process group, as in a terminal of its own. */
function startEmulators(port: string, command = ["npm", "run", "--silent", "emulators", "--"]): Running {
  const [program, ...args] = [...command, "--port", port, "--out", directory];
  const running = start(program, args, projectRoot(), env);
  accounts.add(running);
  void running.finished.then(() => accounts.delete(running));
  return running;
}

afterAll(async () => {
  for (const running of accounts) {
    running.kill("SIGKILL", "group");
    await running.finished;
  }
  rmSync(scratch, { recursive: true, force: true });
});

const isReady = "npx cdktf deploy";
const portOf = (output: string): string => /127\.0\.0\.1:(\d+)/.exec(output)?.[1] ?? "no port";

/** Waits until no process of the group exists and nothing listens on the port. */
async function expectAllGone(group: number, port: string): Promise<void> {
  const limit = Date.now() + 15_000;
  const processes = (): readonly string[] =>
    execFileSync("ps", ["-eo", "pgid=,args="], { encoding: "utf8" })
      .split("\n")
      .filter((line) => line.trim().startsWith(`${group} `) && !line.includes("<defunct>"));
  while (processes().length > 0 && Date.now() < limit) await new Promise((resolve) => setTimeout(resolve, 100));
  expect(processes()).toEqual([]);
  await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
}

interface Step {
  readonly command: string;
  readonly exitCode: number;
  readonly output: string;
}

describe("the commands of the page", () => {
  const steps: Step[] = [];
  let emulators: Running;

  /** The line with the directories of the test, in a shell that has read the script. */
  async function runInSecondTerminal(line: string): Promise<Step> {
    const options = line.startsWith("npx cdktf ")
      ? ` --output ${path.join(scratch, "cdktf.out")}`
      : / -- (plan|deploy)/.test(line)
        ? ` --plans ${path.join(scratch, "plans")}`
        : "";
    const script = `. ${shownDirectory}/env.sh && ${line}${options}`.replaceAll(shownDirectory, directory);
    const { exitCode, output } = await start("sh", ["-c", script], projectRoot(), env).finished;
    return { command: line, exitCode, output };
  }

  beforeAll(async () => {
    for (const [, language, text = ""] of page.matchAll(/^```(sh|yaml)\n([^]*?)^```/gm)) {
      if (language === "yaml") {
        const file = path.join(directory, "environments/emulated.yaml");
        writeFileSync(file, `${readFileSync(file, "utf8").trimEnd()}\n    ${text.trim()}\n`);
        continue;
      }
      for (const line of text.trim().split("\n")) {
        if (line === "npm run emulators") {
          emulators = startEmulators("0");
          await emulators.says(isReady);
        } else steps.push(await runInSecondTerminal(line));
      }
    }
  });

  const nth = (command: string, n = 0): string => {
    const found = steps.filter((step) => step.command.startsWith(command))[n];
    if (found === undefined) throw new Error(`the page has no ${command} number ${n + 1}`);
    return found.output;
  };

  test("all succeed", () => {
    const firstCoverage = steps.findIndex(({ command }) => command.endsWith("-- coverage"));
    const wanted = (command: string, n: number): number =>
      command.endsWith("-- plan") ? 2 : n === firstCoverage ? 1 : 0;
    const troubles = steps.filter(({ command, exitCode }, n) => exitCode !== wanted(command, n));
    expect(troubles).toEqual([]);
    expect(steps.length).toBeGreaterThan(12);
  });

  test("before the deployment the caller is not checked, afterwards the same caller is blocked", () => {
    const call = "npm run call -- +15555550101";
    expect(nth(call)).toContain("blockedStatus is not set: no block of the flow invoked the module");
    expect(nth(call)).toContain("The caller waits in the queue");
    expect(nth(call, 1)).toContain("blockedStatus is match (blocked, lookup in ");
    expect(nth(call, 1)).toContain('The caller hears: "We cannot take your call. Goodbye." The call ends.');
    expect(page).toContain(
      nth(call, 1)
        .replace(/[^]*(?=Call from)/, "")
        .replace(/in [\d.]+ ms/, "in 12.4 ms")
        .trim(),
    );
  });

  test("coverage reports the phone number first as not checked, then as protected", () => {
    expect(nth("npm run fleet -- coverage")).toContain("not checked");
    expect(nth("npm run fleet -- coverage", 1)).toMatch(/\bprotected\b/);
    expect(nth("npm run fleet -- coverage", 1)).not.toContain("not checked");
  });

  test("unlisted and withheld callers reach the queue", () => {
    expect(nth("npm run call -- +15555550100")).toContain("blockedStatus is nomatch (not_blocked, lookup in ");
    expect(nth("npm run call -- anonymous")).toContain("blockedStatus is nomatch (anonymous_allowed, lookup in ");
    for (const call of ["npm run call -- +15555550100", "npm run call -- anonymous"])
      expect(nth(call)).toContain("The caller waits in the queue");
  });

  test("a caller is blocked after an agent chose the Disposition, and check agrees", () => {
    expect(nth("npm run call -- +15555550120")).toContain("blockedStatus is nomatch");
    expect(nth("npm run call -- +15555550120", 1)).toContain("blockedStatus is match");
    expect(nth("npm run fleet -- check")).toContain("BLOCKED (blocked)");
  });

  test("every check of verify passes, and the release is deployed", () => {
    expect(nth("npm run fleet -- verify")).toContain("1 instance: 1 proven, 0 unproven, 0 failed.");
    expect(nth("npm run fleet -- deploy")).toContain("Everything is deployed and verified.");
  });

  test("the wire log has each request, and one change of the table", () => {
    const calls = readFileSync(wireLog, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { service: string; operation: string; status: number; input: object });
    const operations = new Set(calls.map(({ service, operation }) => `${service}:${operation}`));
    for (const wanted of ["connect:CreateContactFlowModule", "lambda:Invoke", "dynamodb:Query", "s3:PutObject"])
      expect(operations).toContain(wanted);
    expect(calls.filter(({ operation }) => operation === "UpdateTable")).toHaveLength(1);
    expect([...operations].filter((operation) => operation.includes("call-blocking-emulators"))).toEqual([]);
  });

  test("Ctrl-C ends every process and removes the variables", async () => {
    const port = portOf(emulators.output());
    emulators.kill("SIGINT", "group");
    expect((await emulators.finished).output).toMatch(/\nStopping\.\n$/);
    await expectAllGone(emulators.pid, port);
    expect(existsSync(path.join(directory, "env.sh"))).toBe(false);
    const call = await start("npm", ["run", "--silent", "call", "--", "+15555550100"], projectRoot(), {
      ...env,
      AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
    }).finished;
    expect(call.exitCode).toBe(1);
    expect(call.output).toContain("The emulators do not answer at http://127.0.0.1:");
    expect(call.output).toContain("npm run emulators");
  });
});

describe("the account", () => {
  test("ends with npm on SIGTERM, starts again after kill -9, and a second one on its port is refused", async () => {
    const first = startEmulators("0");
    await first.says(isReady);
    const port = portOf(first.output());
    first.kill("SIGTERM");
    await first.finished;
    await expectAllGone(first.pid, port);

    const killed = startEmulators(port);
    await killed.says(isReady);
    const second = await startEmulators(port).finished;
    expect(second.exitCode).toBe(1);
    expect(second.output).toBe(
      `Port ${port} is in use. If npm run emulators runs in another terminal, use that one.\n` +
        "  Otherwise choose another port and directory: npm run emulators -- --port 0 --out build/other-emulators\n",
    );
    killed.kill("SIGKILL", "group");
    await killed.finished;
    await expectAllGone(killed.pid, port);

    writeFileSync(wireLog, "of a former run\n");
    const again = startEmulators(port, [process.execPath, "scripts/run.js", "emulators/main.ts"]);
    await again.says(isReady);
    expect(existsSync(wireLog)).toBe(false);
    again.kill("SIGINT", "group");
    expect((await again.finished).exitCode).toBe(0);
  });

  test("names every missing program with its installation", async () => {
    // A directory with node, npm and the shell only.
    const bin = path.join(scratch, "bin");
    execFileSync("sh", ["-c", 'mkdir "$0" && ln -s "$(command -v sh)" "$1" "$0"', bin, process.execPath]);
    const script = path.join(projectRoot(), "scripts/run.js");
    const args = [script, "emulators/main.ts", "--out", directory];
    const withoutMoto = Object.fromEntries(Object.entries(env).filter(([name]) => name !== "MOTO_SERVER"));
    const running = start(process.execPath, args, projectRoot(), { ...withoutMoto, PATH: bin });
    const { exitCode, output } = await running.finished;
    expect(exitCode).toBe(1);
    expect(output).toContain("moto_server: run pip install 'moto[server]'");
    expect(output).toContain("terraform: install Terraform 1.11 or newer");
    expect(output).not.toMatch(/^ {4}at /m);
  });
});
