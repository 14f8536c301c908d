/** Tests the emulated Lambda runtime: the environment of a function, and the result of an invocation. */
import { existsSync } from "node:fs";
import { strToU8, zipSync } from "fflate";
import {
  FunctionInstance,
  startFunction,
  type FunctionProps,
} from "../../../emulators/lambda-runtime/function-instance";

const started: FunctionInstance[] = [];

async function startSource(
  source: string,
  props: Partial<FunctionProps> & { file?: string } = {},
): Promise<FunctionInstance> {
  const { file = "index.js", ...rest } = props;
  const zip = zipSync({ [file]: strToU8(source) });
  const instance = await startFunction({ zip, handler: "index.handler", environment: {}, ...rest });
  started.push(instance);
  return instance;
}

afterEach(async () => {
  await Promise.all(started.splice(0).map((instance) => instance.stop()));
});

test("an invocation returns the result of the handler, its output and its times", async () => {
  const instance = await startSource(`exports.handler = async (event) => {
    process.stdout.write("one\\n"); process.stdout.write("two\\n");
    return { echo: event };
  };`);
  const first = await instance.invoke({ a: 1 });
  expect(first).toMatchObject({ payload: { echo: { a: 1 } }, logs: ["one", "two"] });
  expect(first.initMs).toBeGreaterThan(instance.loadMs);
  const second = await instance.invoke({ a: 2 });
  expect(second).toMatchObject({ payload: { echo: { a: 2 } }, logs: ["one", "two"] });
  expect(second).not.toHaveProperty("initMs");
  expect(instance.usage.cpuMs).toBeGreaterThan(0);
  expect(instance.usage.rssBytes).toBeGreaterThan(1e6);
});

test("standard error is in the log of the invocation that wrote it", async () => {
  const instance = await startSource(`exports.handler = async (event) => {
    console.error("beware of", event); process.emitWarning("something odd"); console.log("done");
  };`);
  const { logs } = await instance.invoke(1);
  expect(logs).toEqual(expect.arrayContaining(["beware of 1", "done"]));
  expect((await instance.invoke(2)).logs).toEqual(expect.arrayContaining(["beware of 2", "done"]));
});

test("init waits for the top-level await of an ES module", async () => {
  const source = `import { setTimeout } from "node:timers/promises";
    await setTimeout(50);
    export const handler = async () => "ready";`;
  const instance = await startSource(source, { file: "index.mjs" });
  expect(instance.loadMs).toBeGreaterThanOrEqual(49);
  expect(instance.initMs).toBeGreaterThan(instance.loadMs);
  expect((await instance.invoke({})).payload).toBe("ready");
});

test("the function sees the variables of Lambda and its own, and none of this process", async () => {
  process.env["FROM_THE_PARENT"] = "leaked";
  const instance = await startSource(
    `exports.handler = async (event, context) => ({
    env: process.env, cwd: process.cwd(), left: context.getRemainingTimeInMillis(), id: context.awsRequestId });`,
    {
      environment: { TABLE_NAME: "dextr-acme-dev", AWS_REGION: "eu-central-1" },
    },
  );
  delete process.env["FROM_THE_PARENT"];
  const { env, cwd, left, id } = (await instance.invoke({}, { timeoutMs: 8000 })).payload as {
    env: Record<string, string>;
    cwd: string;
    left: number;
    id: string;
  };
  expect(env).toMatchObject({
    TABLE_NAME: "dextr-acme-dev",
    AWS_REGION: "eu-central-1",
    AWS_DEFAULT_REGION: "eu-central-1",
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "512",
    _HANDLER: "index.handler",
    LAMBDA_TASK_ROOT: cwd,
  });
  expect(env["AWS_SESSION_TOKEN"]).toBeTruthy();
  expect(env).not.toHaveProperty("FROM_THE_PARENT");
  expect(env).not.toHaveProperty("PATH");
  expect(left).toBeGreaterThan(1000);
  expect(left).toBeLessThanOrEqual(8000);
  expect(id).toMatch(/^[\da-f-]{36}$/);
});

test("an error of the handler is the error of the invocation, and the process continues", async () => {
  const instance = await startSource(`let calls = 0; exports.handler = async () => {
    if (calls++ === 0) throw new TypeError("not today");
    return calls;
  };`);
  expect((await instance.invoke({})).error).toMatchObject({ errorType: "TypeError", errorMessage: "not today" });
  expect((await instance.invoke({})).payload).toBe(2);
});

test("a function that exceeds its timeout is stopped, and the next event gets a new process", async () => {
  const instance = await startSource(`let calls = 0; exports.handler = async (event) =>
    event.hang ? new Promise((resolve) => setTimeout(resolve, 60_000)) : ++calls;`);
  expect((await instance.invoke({})).payload).toBe(1);
  const late = await instance.invoke({ hang: true }, { timeoutMs: 100 });
  expect(late.error).toMatchObject({
    errorType: "Sandbox.Timedout",
    errorMessage: "Task timed out after 0.10 seconds",
  });
  const fresh = await instance.invoke({});
  expect(fresh.payload).toBe(1);
  expect(fresh.initMs).toBeGreaterThan(0);
});

test("if the process exits, the invocation has an error and the next event gets a new process", async () => {
  const instance = await startSource(`exports.handler = async (event) => event.die ? process.exit(3) : "alive";`);
  const died = await instance.invoke({ die: true });
  expect(died.error?.errorType).toBe("Runtime.ExitError");
  expect(died.error?.errorMessage).toContain("exit code 3");
  expect((await instance.invoke({})).payload).toBe("alive");
});

test("a frozen process does not answer until it is thawed", async () => {
  const instance = await startSource(`exports.handler = async () => "thawed";`);
  instance.pause();
  const answer = instance.invoke({}, { timeoutMs: 20_000 });
  const first = await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 200, "frozen"))]);
  expect(first).toBe("frozen");
  instance.resume();
  expect((await answer).payload).toBe("thawed");
});

test.each([
  ["throws while it is loaded", `throw new RangeError("too early");`, "RangeError: too early"],
  ["does not compile", `exports.handler = ;`, "SyntaxError"],
  ["does not export the handler", `exports.other = 1;`, "index.handler is undefined or not exported"],
  ["exits while it is loaded", `process.exit(7);`, "exit code 7"],
])("a function that %s cannot be started, and its error is reported", async (_, source, message) => {
  await expect(startSource(source)).rejects.toThrow(message);
});

test("stop ends the process and removes its files, even if the process is frozen", async () => {
  const instance = await startSource(`exports.handler = async () => [process.pid, process.cwd()];`);
  const [pid, directory] = (await instance.invoke({})).payload as [number, string];
  expect(existsSync(directory)).toBe(true);
  instance.pause();
  await instance.stop();
  expect(existsSync(directory)).toBe(false);
  expect(() => process.kill(pid, 0)).toThrow("ESRCH");
});
