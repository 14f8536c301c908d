/** Builds the indexes of several instances at the same time, and reports the progress and the results. */
import type { InstanceConfig } from "../../config/types";
import { IndexBuilder } from "../aws/index-builder";
import { systemClock } from "../checks/preflight/clock";
import { forEachStack } from "../plans/for-each-stack";
import { buildIndex } from "./build-index";
import type { IndexMode, IndexResult } from "./build-index";
import type { GracefulShutdown } from "./graceful-shutdown";

export interface IndexRequest {
  readonly mode: IndexMode;
  /** Name of the role to assume in the account of each instance. Undefined: `deployRole`, otherwise the credentials that the SDK finds. */
  readonly roleName: string | undefined;
  readonly shutdown: GracefulShutdown;
}

export interface BuiltIndex extends IndexResult {
  readonly stackName: string;
}

/** @returns one result per instance, in the order of `instances` */
export async function buildIndexes(
  instances: readonly InstanceConfig[],
  { mode, roleName, shutdown }: IndexRequest,
): Promise<readonly BuiltIndex[]> {
  const options = { parallel: Infinity, kind: "build an index", shutdown } as const;
  const built = await shutdown.during(() =>
    forEachStack(instances, options, (instance) => ({
      work: async (step): Promise<IndexResult> => {
        const { partition, account, deployRole } = instance;
        const role = roleName === undefined ? deployRole : { arn: `arn:${partition}:iam::${account}:role/${roleName}` };
        const builder = new IndexBuilder(instance, role);
        try {
          return await buildIndex(instance, mode, {
            builder,
            clock: systemClock,
            stop: shutdown.signal,
            step: (text, elapsedMs = 0) => {
              step(text, Date.now() - elapsedMs);
            },
          });
        } finally {
          builder.destroy();
        }
      },
      describe: ({ status }) => status,
    })),
  );
  return built.map(({ instance: { stackName }, result }) => ({
    stackName,
    ...(result ?? { status: "stopped", detail: "Not started. Nothing was changed." }),
  }));
}

export function indexReport(built: readonly BuiltIndex[]): string {
  return built
    .map(({ stackName, detail, fix }) =>
      [`${stackName}: ${detail}`, ...(fix === undefined ? [] : [`  ${fix}`])].join("\n"),
    )
    .join("\n");
}

/** Exit codes of the statuses, the most important one first. */
const exitCodes = (stopped: number) => ({ failed: 1, refused: 3, stopped, unfinished: 2, started: 0, active: 0 });

/** @param stopped the exit code of a stopped command */
export function indexExitCode(built: readonly Pick<BuiltIndex, "status">[], stopped: number): number {
  const [, code] =
    Object.entries(exitCodes(stopped)).find(([status]) => built.some((one) => one.status === status)) ?? [];
  return code ?? 0;
}
