/** The journal of a deployment: one line for each thing that happened, on disk before the next begins, so that it can be resumed. */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import path from "node:path";
import { CommandError } from "../output/command-error";

export const journalName = "deploy.journal";

/** What happened to a stack. */
export type Event =
  /** Terraform is about to apply its plan. `creates` are addresses that the plan makes. */
  | { readonly stack: string; readonly event: "applying"; readonly creates: readonly string[] }
  /** Terraform's process. */
  | { readonly stack: string; readonly event: "process"; readonly pid: number }
  | { readonly stack: string; readonly event: "applied" }
  | { readonly stack: string; readonly event: "verified" }
  /** An apply or a check that ended, and not well. */
  | { readonly stack: string; readonly event: "failed"; readonly step: "apply" | "verify" };

type Line = Event & { readonly at: string };

/** Where a stack stands. */
export type Standing =
  | { readonly state: "waiting" }
  /** Nobody knows what became of its apply. */
  | { readonly state: "applying"; readonly pid?: number; readonly creates: readonly string[]; readonly since: string }
  | { readonly state: "applied" }
  | { readonly state: "verified" }
  | { readonly state: "failed"; readonly step: "apply" | "verify" };

/** Writes lines; each is on disk when the call returns. */
export class Journal {
  private readonly file: number;

  constructor(name: string) {
    this.file = openSync(name, "a", 0o600);
  }

  write(event: Event): void {
    const line: Line = { ...event, at: new Date().toISOString() };
    writeSync(this.file, `${JSON.stringify(line)}\n`);
    fsyncSync(this.file);
  }

  close(): void {
    closeSync(this.file);
  }
}

/** Where each stack of a journal stands. A stack that is not in it is waiting. */
export function standings(name: string): ReadonlyMap<string, Standing> {
  const stacks = new Map<string, Standing>();
  for (const line of linesOf(name)) {
    switch (line.event) {
      case "applying":
        stacks.set(line.stack, { state: "applying", creates: line.creates, since: line.at });
        break;
      case "process": {
        const before = stacks.get(line.stack);
        if (before?.state === "applying") stacks.set(line.stack, { ...before, pid: line.pid });
        break;
      }
      case "failed":
        stacks.set(line.stack, { state: "failed", step: line.step });
        break;
      default:
        stacks.set(line.stack, { state: line.event });
    }
  }
  return stacks;
}

/** Stacks in the middle of whose apply the deployment was killed. */
export const interruptedIn = (name: string): readonly string[] =>
  [...standings(name)].filter(([, { state }]) => state === "applying").map(([stack]) => stack);

/**
 * Prepares a plans directory for new plans: removes the journal of the previous ones.
 *
 * @throws CommandError when a deployment of the previous plans was interrupted, because only its journal says what it was doing
 */
export function discardJournal(out: string): void {
  const journal = path.join(out, journalName);
  const interrupted = interruptedIn(journal);
  if (interrupted.length > 0) {
    throw new CommandError(
      `${path.relative(".", out)} holds a deployment that was interrupted in the middle of ${interrupted.join(", ")}.\n` +
        "  Go on with it: npm run fleet -- deploy --resume; or plan into another directory with --out.",
    );
  }
  rmSync(journal, { force: true });
}

function linesOf(name: string): readonly Line[] {
  if (!existsSync(name)) return [];
  return readFileSync(name, "utf8")
    .split("\n")
    .flatMap((line) => {
      try {
        return line === "" ? [] : [JSON.parse(line) as Line];
      } catch {
        return []; // the last line of a process that was killed while it wrote
      }
    });
}
