/**
 * Random faults during the deployment of four instances: an operator who only follows the messages always reaches the deployed state.
 *
 * RANDOM_FAULTS sets the number of faults and RANDOM_SEED the seed. `RANDOM_FAULTS=30 npm run e2e -- random-faults` runs the full test.
 */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { AwsResponse } from "../../emulators/aws/aws-endpoint";
import {
  createTables,
  expectOnlyOurIndex,
  expiredToken,
  lockId,
  otherTableChanges,
  runShownCommand,
  withoutAlarms,
} from "./fault-injection";
import { createWorld, type Finished, type Running, type World } from "./world";

const seed = Number(process.env["RANDOM_SEED"] ?? 1);
const faultCount = Number(process.env["RANDOM_FAULTS"] ?? 3);
jest.setTimeout((5 + faultCount * 3) * 60_000);

const names = ["on-demand", "hash-only", "local-index", "provisioned"];
const wave = (name: string): string => (names.indexOf(name) < 2 ? "first" : "second");

/** Commands after one change of the environment file, until the change is deployed and verified. */
const maxCommands = 40;

/** mulberry32: the same numbers for the same seed. */
function randomNumbers(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const random = randomNumbers(seed);
const below = (limit: number): number => Math.floor(random() * limit);
const oneOf = <T>(values: readonly T[]): T => values[below(values.length)] as T;

let world: World;
let plans: string;
const log: string[] = [];

beforeAll(async () => {
  world = await createWorld(names, {
    environment: `waves: [first, second]\n${withoutAlarms}`,
    more: (name) => [`wave: ${wave(name)}`],
  });
  plans = path.join(String(world.env["CDKTF_OUTDIR"]), "../plans");
});
afterAll(() => world.stop());

/** Starts at a call of a running command. @returns ends the fault after the command has ended */
type Fault = (running: Running) => (() => void) | Promise<() => void>;

const nothing = (): void => undefined;
const kill =
  (...signals: readonly NodeJS.Signals[]): Fault =>
  (running) => {
    try {
      for (const signal of signals) running.kill(signal);
    } catch {
      // The command has just ended.
    }
    return nothing;
  };

const denied = (): AwsResponse => ({
  status: 403,
  headers: { "content-type": "application/json", "x-amzn-errortype": "AccessDeniedException" },
  body: '{"__type":"AccessDeniedException","message":"denied by the test","Message":"denied by the test"}',
});

/** Answers the next calls itself. */
const answer =
  (count: number, respond: Parameters<World["proxy"]["intercept"]>[1]): Fault =>
  () => {
    let left = count;
    return world.proxy.intercept(() => left-- > 0, respond);
  };

const otherPlan =
  (directory: string): Fault =>
  async () => {
    const { exitCode, output } = await world.fleet("plan", "--plans", directory);
    log.push(`    the other plan ended with ${exitCode}`);
    expect(output).not.toMatch(/\n {4}at /);
    return nothing;
  };

const faults: Readonly<Record<string, Fault>> = {
  "Ctrl-C": kill("SIGINT"),
  "Ctrl-C twice": kill("SIGINT", "SIGINT"),
  SIGTERM: kill("SIGTERM"),
  "kill -9": kill("SIGKILL"),
  "one denied call": answer(1, denied),
  "five denied calls": answer(5, denied),
  "expired credentials": answer(Infinity, expiredToken),
  "a plan in the same directory": (running) => otherPlan(plans)(running),
  "a plan in another directory": (running) => otherPlan(`${plans}-other`)(running),
};

/** Number of calls of the last undisturbed run of a command. */
const usualCalls = new Map<string, number>();
let injected = 0;

/** Runs a command, with a fault at a random call while faults are left. */
async function run(command: readonly string[]): Promise<Finished> {
  const title = command.filter((word) => !word.startsWith("/")).join(" ");
  const calls = usualCalls.get(command[0] ?? "") ?? 100;
  const fault = injected < faultCount && random() < 0.75 ? oneOf(Object.keys(faults)) : undefined;
  const position = below(calls);
  let arrivals = 0;
  let end: Promise<() => void> | undefined;
  const running = world.startFleet(...command);
  const withdraw = world.proxy.intercept(
    () => {
      if (fault !== undefined && end === undefined && arrivals++ === position) {
        injected++;
        log.push(`  fault ${injected} at call ${position}: ${fault}`);
        end = Promise.resolve(faults[fault]?.(running) ?? nothing);
      }
      return false;
    },
    () => {
      throw new Error("no call is intercepted here");
    },
  );
  const finished = await running.finished;
  withdraw();
  (await end)?.();
  if (end === undefined && finished.exitCode !== 1) usualCalls.set(command[0] ?? "", Math.max(20, arrivals));
  log.push(`  ${title}: exit ${finished.exitCode}`);
  expect(finished.output).not.toMatch(/\n {4}at /);
  return finished;
}

/** What the messages tell the operator to do next. */
async function next(
  command: readonly string[],
  { exitCode, output }: Finished,
): Promise<readonly string[] | "deployed"> {
  const plan = ["plan", "--plans", plans];
  const deploy = ["deploy", "--plans", plans];
  const resume = [...deploy, "--resume"];
  const unlocks = [...output.matchAll(/^ {4}(terraform -chdir=(\S+) force-unlock \S+)$/gm)];
  const isNew = unlocks.some(([, unlock = ""]) => !waitedFor.has(unlock));
  for (const [, unlock = ""] of unlocks) waitedFor.add(unlock);
  // After kill -9, Terraform can still run. Then it releases its lock.
  if (isNew && command[0] !== "recover")
    return [...command.filter((word) => !/^(--lock-timeout|10)$/.test(word)), "--lock-timeout", "10"];
  for (const [, unlock = "", directory = ""] of unlocks) {
    const at = directory.startsWith("cdktf.out") ? directory.replace("cdktf.out", `${plans}/cdktf.out`) : directory;
    log.push("  force-unlock");
    try {
      await runShownCommand(world, unlock.replace(directory, at));
    } catch {
      log.push("  the lock was already released");
    }
  }
  if (output.includes("of the interrupted deployment is still running"))
    await new Promise((resolve) => setTimeout(resolve, 1000));
  const recover = /npm run fleet -- recover (stack=\S+)/.exec(output)?.[1];
  if (recover !== undefined) {
    await run(["recover", recover.replace(/[.,]$/, ""), "--yes", "--plans", plans]);
    return plan;
  }
  if (command[0] === "deploy") {
    if (exitCode === 0) return "deployed";
    if (output.includes("Leave out --resume")) return deploy;
    if (/Plan again|Run: npm run fleet -- plan/.test(output)) return plan;
    return resume;
  }
  if (output.includes("deploy --resume")) return resume;
  if (exitCode === 2) return deploy;
  return exitCode === 0 && command[0] === "plan" ? "deployed" : plan;
}

/** Locks whose holder had time to end. */
const waitedFor = new Set<string>();

async function converge(): Promise<void> {
  let command: readonly string[] = ["plan", "--plans", plans];
  for (let count = 0; count < maxCommands; count++) {
    const finished = await run(command);
    const following = await next(command, finished);
    if (following === "deployed") return;
    if (count === maxCommands - 1) log.push(finished.output);
    command = following;
  }
  throw new Error(`not deployed after ${maxCommands} commands`);
}

test(`four instances are deployed in spite of ${faultCount} random faults (seed ${seed})`, async () => {
  const before = await createTables(world, names);
  const file = path.join(String(world.env["ENVIRONMENTS_DIR"]), "e2e.yaml");
  try {
    for (let round = 1; round === 1 || injected < faultCount; round++) {
      log.push(`round ${round}`);
      const yaml = readFileSync(file, "utf8");
      writeFileSync(file, yaml.replace(/^blockedDispositions: .*$/m, `blockedDispositions: [Blocked, Round${round}]`));
      await converge();
      const faultless = injected;
      injected = Infinity;
      const [planned, verified] = [await run(["plan", "--plans", plans]), await run(["verify", "*"])];
      injected = faultless;
      expect(planned).toEqual({ exitCode: 0, output: expect.stringContaining("Nothing to do") as string });
      expect(verified).toMatchObject({ exitCode: 0 });
      for (const name of names) {
        expect(await lockId(world, name)).toBeUndefined();
        const table = before.get(name);
        if (table !== undefined) await expectOnlyOurIndex(world, name, table);
      }
      expect(otherTableChanges(world)).toEqual([]);
    }
  } catch (error) {
    throw new Error(`seed ${seed}:\n${log.join("\n")}`, { cause: error });
  }
  process.stdout.write(`seed ${seed}:\n${log.join("\n")}\n`);
});
