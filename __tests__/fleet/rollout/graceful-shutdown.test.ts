/** The first Ctrl-C lets running processes finish and starts no new process. The second Ctrl-C kills them. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { CommandError } from "../../../fleet/output/command-error";
import { Interrupted } from "../../../fleet/output/interrupted";
import { GracefulShutdown } from "../../../fleet/rollout/graceful-shutdown";

const child = () => ({ pid: undefined, kill: jest.fn() });

test("the first Ctrl-C asks every running process to end, once", () => {
  const printed: string[] = [];
  const shutdown = new GracefulShutdown("applies", (text) => printed.push(text));
  const [runs, ended] = [child(), child()];
  shutdown.add(runs);
  shutdown.add(ended);
  shutdown.remove(ended);
  expect(shutdown.isStopping).toBe(false);
  shutdown.interrupt();
  expect(runs.kill.mock.calls).toEqual([["SIGINT"]]);
  expect(ended.kill).not.toHaveBeenCalled();
  expect(shutdown.isStopping).toBe(true);
  expect(printed).toEqual([expect.stringContaining("releases its lock")]);
});

test("a process that starts after Ctrl-C is immediately asked to end", () => {
  const shutdown = new GracefulShutdown("only reads", () => undefined);
  shutdown.interrupt();
  const late = child();
  shutdown.add(late);
  expect(late.kill.mock.calls).toEqual([["SIGINT"]]);
});

test("the second Ctrl-C kills the process and its plugins, and the message names the unreleased lock", async () => {
  const printed: string[] = [];
  const shutdown = new GracefulShutdown("applies", (text) => printed.push(text));
  // Ignores SIGINT and has a child process, like Terraform with a provider.
  const script =
    'process.on("SIGINT", () => {}); require("child_process").spawn("sleep", ["60"], { stdio: "inherit" }); console.log("up"); setInterval(() => {}, 1000);';
  const ignoring = spawn(process.execPath, ["-e", script], { detached: true, stdio: ["ignore", "pipe", "ignore"] });
  await once(ignoring.stdout, "data");
  shutdown.add(ignoring);
  shutdown.interrupt();
  // Closes only when all processes that hold the other end of the pipe have ended.
  const closed = once(ignoring, "close");
  shutdown.interrupt();
  const [, signal] = (await closed) as [number | null, string];
  expect(signal).toBe("SIGKILL");
  expect(printed.at(-1)).toContain("the state lock stays. Continue with: npm run fleet -- deploy --resume");
});

test("SIGTERM does not count as the second Ctrl-C, because CI sends it after SIGINT", async () => {
  const shutdown = new GracefulShutdown("only reads", () => undefined);
  const runs = child();
  await shutdown.during(async () => {
    shutdown.add(runs);
    process.emit("SIGTERM", "SIGTERM");
    process.emit("SIGTERM", "SIGTERM");
    await Promise.resolve();
  });
  expect(runs.kill.mock.calls).toEqual([["SIGINT"]]);
  expect(process.listenerCount("SIGINT")).toBe(0);
});

test("the second Ctrl-C gives no advice about locks if no process runs", () => {
  const printed: string[] = [];
  const shutdown = new GracefulShutdown("applies", (text) => printed.push(text));
  shutdown.interrupt();
  shutdown.interrupt();
  expect(printed).toEqual(["Stopping.", "Still stopping."]);
});

test("an error that Ctrl-C caused becomes Interrupted, and other errors do not change", async () => {
  const shutdown = new GracefulShutdown("only reads", () => undefined);
  const failed = new CommandError("The stacks cannot be synthesized.");
  await expect(shutdown.during(() => Promise.reject(failed))).rejects.toBe(failed);
  shutdown.interrupt();
  await expect(shutdown.during(() => Promise.reject(failed))).rejects.toThrow(Interrupted);
  const defect = new TypeError("no");
  await expect(shutdown.during(() => Promise.reject(defect))).rejects.toBe(defect);
});
