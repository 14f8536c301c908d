/** The command `status`. */
import { setTimeout as sleep } from "node:timers/promises";
import { readEnvironments, selectFrom } from "../../config/project";
import { selectionSyntax } from "../../config/selection";
import { JsonDocument } from "../output/foreign-text";
import { clearTerminal } from "../output/terminal";
import { GracefulShutdown } from "../rollout/graceful-shutdown";
import type { Command } from "./command-line";

export const status: Command = {
  name: "status",
  summary: "Shows the state of each instance on one line, worst first: version, index, numbers, canary, alarms, calls.",
  selection: "optional",
  options: {
    coverage: {
      description: "First reads the flows of all phone numbers, like the command coverage, at two requests per second.",
    },
    watch: { description: "Shows the status again and again, until Ctrl-C." },
    interval: {
      value: "SECONDS",
      description: "With --watch, seconds from one status to the next.",
      wholeNumber: { min: 10, max: 86_400, default: 60 },
    },
    timeout: {
      value: "SECONDS",
      description: "Seconds after which a value that AWS did not return is unknown.",
      wholeNumber: { min: 1, max: 300, default: 15 },
    },
    json: { description: "Prints a JSON array instead of text; with --watch, one array per line." },
  },
  details: `The command reads AWS and changes nothing. It needs the policy read-and-invoke (npm run fleet -- iam). What could not be read is
"unknown", with the reason below the table. Unknown is never shown as zero.

  live version   version behind the alias live, and the date of its last change
  numbers        protected phone numbers, from the last coverage or verify --coverage on this machine
  canary         the answers in the canary's last run
  alarms         active alarms, named as in docs/runbook.md
  blocked, lookups, errors
                 calls that were blocked, queries of the table, and failed lookups or invocations, in 24 hours and 7 days
  configuration  whether code, settings and variables of the function are as in the files. The comparison does not use Terraform; drift
                 compares all resources

The command does not read modules and flows, because Connect allows only two requests per second. Use verify and coverage.
CloudWatch bills eight metrics per instance and status (about 0.00008 USD).

Exit codes: 0 all instances are ok; 1 a problem was found, or something could not be read; 130 stopped with Ctrl-C, 143 with SIGTERM.

${selectionSyntax}`,
  async run({ selection, switches, numbers }, print) {
    const { FleetReader } = await import("../checks/status/read-fleet");
    const { statusReport, worstFirst } = await import("../checks/status/report");
    const instances = selectFrom(readEnvironments(), selection);
    if (switches.has("coverage")) {
      const { coverInstances } = await import("../checks/coverage/cover-instances");
      await coverInstances(instances, false);
    }
    const reader = new FleetReader(instances, (numbers.get("timeout") ?? 15) * 1000);
    const isWatching = switches.has("watch");
    const show = async (): Promise<number> => {
      const statuses = await reader.read();
      if (isWatching) clearTerminal();
      print(
        switches.has("json")
          ? new JsonDocument(worstFirst(statuses), isWatching ? 0 : 2)
          : `${isWatching ? `${new Date().toISOString()}\n\n` : ""}${statusReport(statuses, Date.now())}${isWatching ? "\n" : ""}`,
      );
      return statuses.every(({ outcome }) => outcome === "ok" || outcome === "skipped") ? 0 : 1;
    };
    try {
      if (!isWatching) return await show();
      const shutdown = new GracefulShutdown();
      await shutdown.during(async () => {
        while (!shutdown.isStopping) {
          await show();
          await sleep((numbers.get("interval") ?? 60) * 1000, undefined, { signal: shutdown.signal }).catch(
            () => undefined,
          );
        }
      });
      return shutdown.exitCode;
    } finally {
      reader.destroy();
    }
  },
};
