/** `verify`: proves that deployed instances block whom they must and nobody else. */
import { readEnvironments, selectFrom } from "../../config/project";
import { selectionSyntax } from "../../config/selection";
import type { InstanceConfig } from "../../config/types";
import type { Command } from "./command-line";
import { lookedAt, stacksThatAre, type Looked } from "../checks/finding";
import { instanceClients } from "../aws/instance-clients";
import { accountAndRegion } from "../plans/concurrency-limiter";
import { verifyInstance } from "../checks/verify/verify";

type Verified = Looked<"unproven">;

export const verify: Command = {
  name: "verify",
  summary:
    "Proves that the selected instances, as deployed, block listed numbers and nobody else; it reads and writes nothing.",
  selection: "optional",
  options: { json: { description: "Prints a JSON array instead of lines." } },
  details: `Table and index, function and alias, role and permission, association and module are looked at, and the function is asked
about a number that is listed and one that is not. Such a question is no call: it leaves a log line and no metrics.

Exit code 0: proven, or "unproven" because no number is listed yet; 1: a check failed.

${selectionSyntax}`,
  async run({ selection, switches }, print) {
    const instances = selectFrom(readEnvironments(), selection);
    const pending = verifyAll(instances);
    const verified: Verified[] = [];
    for (const result of pending) {
      const one = await result;
      if (!switches.has("json")) print(`${verified.length === 0 ? "" : "\n"}${shown(one)}`);
      verified.push(one);
    }
    print(switches.has("json") ? JSON.stringify(verified, null, 2) : `\n${summary(verified)}`);
    return verified.some(({ outcome }) => outcome === "failed") ? 1 : 0;
  },
};

/**
 * All at once, but one after the other where they share an account and a region, whose two calls a second to Connect they would
 * only take from each other. In the order of the instances.
 */
function verifyAll(instances: readonly InstanceConfig[]): readonly Promise<Verified>[] {
  const last = new Map<string, Promise<Verified>>();
  return instances.map((instance) => {
    const lane = accountAndRegion(instance);
    const turn = (last.get(lane) ?? Promise.resolve()).then(() => verifyOne(instance));
    last.set(lane, turn);
    // Whoever waits for it hears of it; until then it is no unhandled rejection.
    turn.catch(() => undefined);
    return turn;
  });
}

async function verifyOne(instance: InstanceConfig): Promise<Verified> {
  const clients = instanceClients(instance);
  try {
    return lookedAt(instance.stackName, await verifyInstance(instance, clients));
  } finally {
    clients.destroy();
  }
}

const outcomes = { ok: "ok", failed: "FAILED", unproven: "unproven" } as const;

function shown({ stack, checks }: Verified): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const outcomeWidth = Math.max(...Object.values(outcomes).map((word) => word.length));
  const lines = checks.flatMap(({ name, outcome, detail, fix }) => [
    `  ${outcomes[outcome].padEnd(outcomeWidth)}  ${name.padEnd(width)}  ${detail}`,
    ...(fix === undefined ? [] : [`${" ".repeat(outcomeWidth + width + 6)}${fix}`]),
  ]);
  return [stack, ...lines].join("\n");
}

function summary(verified: readonly Verified[]): string {
  const proven = stacksThatAre("ok", verified);
  const unproven = stacksThatAre("unproven", verified);
  const failed = stacksThatAre("failed", verified);
  return [
    `${verified.length} ${verified.length === 1 ? "instance" : "instances"}: ${proven.length} proven, ${unproven.length} unproven, ${failed.length} failed.`,
    ...(failed.length === 0 ? [] : [`Failed: ${failed.join(", ")}.`]),
    ...(unproven.length === 0 ? [] : [`Unproven: ${unproven.join(", ")}. Nothing is wrong as far as anybody can see.`]),
  ].join("\n");
}
