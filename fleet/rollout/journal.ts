/** The journal of a deployment: one line per event. Each line is on disk before the next step starts, so that the deployment can be resumed. */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { CommandError } from "../output/command-error";
import { refuseUnsavedStates } from "../plans/plans-directory";

export const journalName = "deploy.journal";

const eventSchema = z.discriminatedUnion("event", [
  /** Terraform is about to apply the plan, which creates the addresses in `creates`. */
  z.object({ stack: z.string(), event: z.literal("applying"), creates: z.array(z.string()).readonly() }),
  /** The process id of Terraform. */
  z.object({ stack: z.string(), event: z.literal("process"), pid: z.number() }),
  z.object({ stack: z.string(), event: z.literal("applied") }),
  z.object({ stack: z.string(), event: z.literal("verified") }),
  /** An apply or a verification ended with an error. */
  z.object({ stack: z.string(), event: z.literal("failed"), step: z.enum(["apply", "verify"]) }),
]);

/** What happened to a stack. */
export type Event = Readonly<z.output<typeof eventSchema>>;

/** An event and its time (ISO 8601). */
const lineSchema = z.intersection(eventSchema, z.object({ at: z.string() }));

type Line = z.output<typeof lineSchema>;

export type DeploymentStatus =
  | { readonly state: "waiting" }
  /** The result of the apply is unknown. */
  | { readonly state: "applying"; readonly pid?: number; readonly creates: readonly string[]; readonly since: string }
  | { readonly state: "applied" }
  | { readonly state: "verified" }
  /** `since`: when the failed apply started. */
  | { readonly state: "failed"; readonly step: "apply" | "verify"; readonly since?: string };

/** Writes lines. Each line is on disk when the call returns. */
export class Journal {
  private readonly file: number;

  /** @param journalFile path of the journal; the file is created if it does not exist */
  constructor(journalFile: string) {
    this.file = openSync(journalFile, "a", 0o600);
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

/** The status of each stack in a journal. A stack that is not in the journal is waiting. */
export function readStatuses(journalFile: string): ReadonlyMap<string, DeploymentStatus> {
  const statuses = new Map<string, DeploymentStatus>();
  for (const line of linesOf(journalFile)) {
    switch (line.event) {
      case "applying":
        statuses.set(line.stack, { state: "applying", creates: line.creates, since: line.at });
        break;
      case "process": {
        const before = statuses.get(line.stack);
        if (before?.state === "applying") statuses.set(line.stack, { ...before, pid: line.pid });
        break;
      }
      case "failed": {
        const before = statuses.get(line.stack);
        const started = before?.state === "applying" ? { since: before.since } : {};
        statuses.set(line.stack, { state: "failed", step: line.step, ...started });
        break;
      }
      default:
        statuses.set(line.stack, { state: line.event });
    }
  }
  return statuses;
}

/** Start time of the apply that failed or whose result is unknown; undefined if there is no such apply. */
export const unfinishedApply = (status: DeploymentStatus): string | undefined =>
  status.state === "applying" || status.state === "failed" ? status.since : undefined;

/** Names of the stacks whose apply was interrupted because the deployment was killed. */
export const interruptedStacks = (journalFile: string): readonly string[] =>
  [...readStatuses(journalFile)].filter(([, { state }]) => state === "applying").map(([stackName]) => stackName);

/**
 * Prepares a plans directory for new plans: deletes the journal of the earlier plans.
 *
 * @throws CommandError if a deployment of the earlier plans was interrupted, because `--resume` needs its journal, or if Terraform could
 * not write the state of a stack
 */
export function discardJournal(plans: string): void {
  const journal = path.join(plans, journalName);
  const interrupted = interruptedStacks(journal);
  if (interrupted.length > 0) {
    throw new CommandError(
      `A deployment of the plans in ${path.relative(".", plans)} was interrupted during the apply of ${interrupted.join(", ")}.\n` +
        "  Continue it: npm run fleet -- deploy --resume. Or plan into another directory with --plans.",
    );
  }
  refuseUnsavedStates(plans);
  rmSync(journal, { force: true });
}

function linesOf(journalFile: string): readonly Line[] {
  if (!existsSync(journalFile)) return [];
  return readFileSync(journalFile, "utf8")
    .split("\n")
    .flatMap((line) => {
      try {
        const { data } = lineSchema.safeParse(JSON.parse(line));
        return data === undefined ? [] : [data];
      } catch {
        return []; // the incomplete last line of a killed process
      }
    });
}
