/** Ctrl-C: once asks, twice kills, and nothing new goes on afterwards. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { GracefulShutdown } from "../../../fleet/rollout/graceful-shutdown";

const child = () => ({ pid: undefined, kill: jest.fn() });

test("the first asks every process that runs to end, once", () => {
  const said: string[] = [];
  const shutdown = new GracefulShutdown((text) => said.push(text));
  const [runs, ended] = [child(), child()];
  shutdown.add(runs);
  shutdown.add(ended);
  shutdown.remove(ended);
  expect(shutdown.isStopping).toBe(false);
  shutdown.interrupt();
  expect(runs.kill.mock.calls).toEqual([["SIGINT"]]);
  expect(ended.kill).not.toHaveBeenCalled();
  expect(shutdown.isStopping).toBe(true);
  expect(said).toEqual([expect.stringContaining("releases its lock")]);
});

test("a process that starts after it is asked at once", () => {
  const shutdown = new GracefulShutdown(() => undefined);
  shutdown.interrupt();
  const late = child();
  shutdown.add(late);
  expect(late.kill.mock.calls).toEqual([["SIGINT"]]);
});

test("the second kills the process and its plugins, and says what that leaves behind", async () => {
  const said: string[] = [];
  const shutdown = new GracefulShutdown((text) => said.push(text));
  // Deaf to SIGINT, with a child of its own, as Terraform with a provider.
  const script =
    'process.on("SIGINT", () => {}); require("child_process").spawn("sleep", ["60"], { stdio: "inherit" }); console.log("up"); setInterval(() => {}, 1000);';
  const deaf = spawn(process.execPath, ["-e", script], { detached: true, stdio: ["ignore", "pipe", "ignore"] });
  await once(deaf.stdout, "data");
  shutdown.add(deaf);
  shutdown.interrupt();
  // Ends only when all that hold the other end of the pipe are gone.
  const closed = once(deaf, "close");
  shutdown.interrupt();
  const [, signal] = (await closed) as [number | null, string];
  expect(signal).toBe("SIGKILL");
  expect(said.at(-1)).toContain("its lock stays");
});

test("SIGTERM asks too, but does not count as the second Ctrl-C: CI sends it after SIGINT", async () => {
  const shutdown = new GracefulShutdown(() => undefined);
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
