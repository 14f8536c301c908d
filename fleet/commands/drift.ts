/** The command `drift`. */
import { readEnvironments, selectFrom } from "../../config/project";
import { selectionSyntax } from "../../config/selection";
import { GracefulShutdown } from "../rollout/graceful-shutdown";
import type { Command } from "./command-line";
import { warnOfEndOfSupport } from "./end-of-support";
import { lockTimeout, lockTimeoutFrom, parallel, parallelFrom } from "./options";

export const drift: Command = {
  name: "drift",
  summary:
    "Reports changes that were made outside Terraform since the last deployment, and the likely cause; changes nothing.",
  selection: "optional",
  options: { parallel, "lock-timeout": lockTimeout },
  details: `The command plans each stack with planRole, takes no locks, and deletes the plans afterwards. The report also lists changes that the
owner of the table made (indexes, tags, capacity). These changes are not drift, because the stack mirrors the live table. If another
command holds the state lock or left it behind, the report names the lock. With --lock-timeout, drift first waits for its release.

Exit codes: 0 as deployed, 2 drift, 1 an error, 130 stopped by Ctrl-C, 143 by SIGTERM.

${selectionSyntax}`,
  async run(given, print) {
    const { driftReport, findDrift, isDrifted } = await import("../rollout/find-drift");
    const shutdown = new GracefulShutdown();
    const instances = selectFrom(readEnvironments(), given.selection);
    warnOfEndOfSupport(instances);
    const stacks = await findDrift(instances, {
      parallel: parallelFrom(given),
      lockTimeout: lockTimeoutFrom(given),
      shutdown,
    });
    print(driftReport(stacks));
    if (shutdown.isStopping) return shutdown.exitCode;
    if (stacks.some(({ failure }) => failure !== undefined)) return 1;
    return stacks.some(isDrifted) ? 2 : 0;
  },
};
