/** Tests the start and stop of moto with small replacement programs, some of which fail. */
import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { buildSync } from "esbuild";
import { startMoto } from "../../../emulators/aws/moto";

const directory = mkdtempSync(path.join(tmpdir(), "moto-"));
const originalCommand = process.env["MOTO_SERVER"];
afterEach(() => {
  if (originalCommand === undefined) delete process.env["MOTO_SERVER"];
  else process.env["MOTO_SERVER"] = originalCommand;
});
afterAll(() => {
  rmSync(directory, { recursive: true });
});

/** Installs a program that is started instead of moto_server. */
function installFakeMoto(source: string): string {
  const program = path.join(directory, "moto_server");
  writeFileSync(program, `#!${process.execPath}\n${source}`);
  chmodSync(program, 0o755);
  process.env["MOTO_SERVER"] = program;
  return program;
}
/** A program that prints its address like moto and responds with its account and port. */
const workingMoto = `
  const server = require("http").createServer((_, answer) => {
    answer.setHeader("content-type", "application/json");
    answer.end(JSON.stringify({ account: process.env.MOTO_ACCOUNT_ID, port: server.address().port }));
  });
  server.listen(0, "127.0.0.1", () => console.error(" * Running on http://127.0.0.1:" + server.address().port));
`;

/** Whether a process accepts connections on the port. */
const isListening = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}`).then(
    () => true,
    () => false,
  );

/** Waits until no process listens on the port. @throws after 20 s */
async function waitUntilClosed(port: number): Promise<void> {
  const limit = Date.now() + 20_000;
  while (await isListening(port)) {
    if (Date.now() > limit) throw new Error(`port ${port} still accepts connections`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("moto uses the given account, and its port is closed after the stop", async () => {
  installFakeMoto(workingMoto);
  const moto = await startMoto("111122223333");
  const { account, port } = (await (await fetch(moto.url)).json()) as { account: string; port: number };
  expect(account).toBe("111122223333");
  await moto.stop();
  await waitUntilClosed(port);
  await expect(fetch(moto.url)).rejects.toThrow();
});

test("moto stops when the process that started it is killed", async () => {
  installFakeMoto(workingMoto);
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
  expect(await isListening(port)).toBe(true);
  child.kill("SIGKILL");
  await waitUntilClosed(port);
}, 60_000);

test("if moto ends immediately, the error contains its output", async () => {
  const program = installFakeMoto(
    `console.error("ModuleNotFoundError: No module named 'flask'"); process.exitCode = 3;`,
  );
  await expect(startMoto("111122223333")).rejects.toThrow(
    `moto_server did not start (${program}): it ended with exit code 3\n  ModuleNotFoundError: No module named 'flask'`,
  );
});

test("if moto does not answer within the time limit, the start fails", async () => {
  installFakeMoto(`console.error("still loading"); setInterval(() => {}, 1000);`);
  await expect(startMoto("111122223333", 2_000)).rejects.toThrow("no answer within 2000 ms");
});

test("if the program of moto does not exist, the error contains its path", async () => {
  process.env["MOTO_SERVER"] = path.join(directory, "absent");
  await expect(startMoto("111122223333")).rejects.toThrow(/moto_server did not start \(.*absent\): spawn .* ENOENT/);
});
