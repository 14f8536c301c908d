/** The command `index`. */
import { readEnvironments, selectFrom } from "../../config/project";
import { selectionSyntax } from "../../config/selection";
import { GracefulShutdown } from "../rollout/graceful-shutdown";
import type { Command } from "./command-line";

export const indexCommand: Command = {
  name: "index",
  summary: "Adds the index to the contact tables without Terraform, and waits until DynamoDB has built it.",
  selection: "required",
  options: {
    "no-wait": { description: "Adds the index and does not wait.", excludes: "wait" },
    wait: { description: "Only waits for an index that is being built, and adds nothing." },
    "role-name": {
      value: "NAME",
      description:
        "Assumes the role with this name in the account of each instance. Default: deployRole, otherwise your credentials.",
      problemWith: (value) =>
        /^[\w+=,.@/-]{1,512}$/.test(value)
          ? undefined
          : `${JSON.stringify(value)} is not the name of a role. Give the part of the ARN after ":role/".`,
    },
  },
  details: `For a large table, DynamoDB needs hours to build the index. The command waits with credentials that it renews. The wait can be stopped
and continued at any time, because DynamoDB does not depend on the command. A stack that adopts the table later finds the index and
changes nothing in the table.

Before the command adds the index, it checks the table: account, status, number of indexes, other indexes that are being built, types of
the keys, replicas. Then it sends one UpdateTable with one new index, with the capacity of the table. The command does not check the
contacts: first run preflight --full, because DynamoDB rejects contacts that violate the index as soon as the index exists.

If the index exists already with the right keys and projection, the command changes nothing. After Ctrl-C, an error or a killed process,
run the same command again: it finds the index and waits.

Credentials that expire are requested again from their source: an assumed role, a profile, a sign-in in another terminal. Credentials
in environment variables cannot be renewed: when these credentials expire, the command ends with exit code 2.

The role needs the policy index (npm run fleet -- iam). With table.adopt: false, the policy deploy denies UpdateTable: name another role
than deployRole with --role-name. With the policy read-and-invoke as well, the progress has a percentage.

Exit codes: 0 the index is ACTIVE (with --no-wait: it is being built), 1 an error, 2 the index is still being built, 3 refused, 130
stopped by Ctrl-C, 143 stopped by SIGTERM.

${selectionSyntax}`,
  async run({ selection, values, switches }, print) {
    const { buildIndexes, indexExitCode, indexReport } = await import("../rollout/build-indexes");
    const shutdown = new GracefulShutdown();
    const built = await buildIndexes(selectFrom(readEnvironments(), selection), {
      mode: switches.has("wait") ? "wait" : switches.has("no-wait") ? "start" : "create",
      roleName: values.get("role-name"),
      shutdown,
    });
    print(indexReport(built));
    return indexExitCode(built, shutdown.exitCode);
  },
};
