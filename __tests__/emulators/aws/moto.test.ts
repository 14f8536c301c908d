/** Starting and stopping moto, with programs of our own in its place that behave well and badly. */
import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { buildSync } from "esbuild";
import { startMoto } from "../../../emulators/aws/moto";

const directory = mkdtempSync(path.join(tmpdir(), "moto-"));
const before = process.env["MOTO_SERVER"];
afterEach(() => {
  if (before === undefined) delete process.env["MOTO_SERVER"];
  else process.env["MOTO_SERVER"] = before;
});
afterAll(() => {
  rmSync(directory, { recursive: true });
});

/** Puts a program in the place of moto_server. */
function pretend(source: string): string {
  const program = path.join(directory, "moto_server");
  writeFileSync(program, `#!${process.execPath}\n${source}`);
  chmodSync(program, 0o755);
  process.env["MOTO_SERVER"] = program;
  return program;
}
/** Answers like moto, and tells its account and where it listens. */
const wellBehaved = `
  const server = require("http").createServer((_, answer) => {
    answer.setHeader("content-type", "application/json");
    answer.end(JSON.stringify({ account: process.env.MOTO_ACCOUNT_ID, port: server.address().port }));
  });
  server.listen(0, "127.0.0.1", () => console.error(" * Running on http://127.0.0.1:" + server.address().port));
`;

/** Whether something accepts connections on the port. */
const answers = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}`).then(
    () => true,
    () => false,
  );

/** Waits until nothing listens on the port any more. @throws after 20 s. */
async function untilSilent(port: number): Promise<void> {
  const limit = Date.now() + 20_000;
  while (await answers(port)) {
    if (Date.now() > limit) throw new Error(`port ${port} still answers`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("it answers with the account it was given, and is gone once stopped", async () => {
  pretend(wellBehaved);
  const moto = await startMoto("111122223333");
  const { account, port } = (await (await fetch(moto.url)).json()) as { account: string; port: number };
  expect(account).toBe("111122223333");
  await moto.stop();
  await untilSilent(port);
  await expect(fetch(moto.url)).rejects.toThrow();
});

test("it ends with the process that started it, even when that is killed", async () => {
  pretend(wellBehaved);
  const starter = path.join(directory, "starter.js");
  buildSync({
    stdin: {
      contents: `import { startMoto } from "./moto";
        void startMoto("111122223333").then((moto) => fetch(moto.url)).then((r) => r.json()).then((r) => console.log(r.port));`,
      resolveDir: path.join(__dirname, "../../../emulators/aws"),
      loader: "ts",
    },
    bundle: true,
    platform: "node",
    outfile: starter,
  });
  const child = spawn(process.execPath, [starter], { env: process.env, stdio: ["ignore", "pipe", "inherit"] });
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout.once("data", (chunk: Buffer) => {
      resolve(Number(chunk.toString()));
    });
    child.once("exit", reject);
  });
  expect(await answers(port)).toBe(true);
  child.kill("SIGKILL");
  await untilSilent(port);
}, 60_000);

test("a moto that ends at once is reported with what it printed", async () => {
  const program = pretend(`console.error("ModuleNotFoundError: No module named 'flask'"); process.exitCode = 3;`);
  await expect(startMoto("111122223333")).rejects.toThrow(
    `moto_server did not start (${program}): it ended with exit code 3\n  ModuleNotFoundError: No module named 'flask'`,
  );
});

test("a moto that never answers is given up and stopped", async () => {
  pretend(`console.error("still loading"); setInterval(() => {}, 1000);`);
  await expect(startMoto("111122223333", 2_000)).rejects.toThrow("no answer within 2000 ms");
});

test("a moto that is not there is reported with its name", async () => {
  process.env["MOTO_SERVER"] = path.join(directory, "absent");
  await expect(startMoto("111122223333")).rejects.toThrow(/moto_server did not start \(.*absent\): spawn .* ENOENT/);
});
