/** Remembers the last result of a slow command for each instance on this machine, so that `status` and `report` can show it. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import type { InstanceConfig } from "../../config/types";

/** The instance of a result. A stack can get another Connect instance. */
export type ResultOwner = Pick<InstanceConfig, "stackName" | "instanceId">;

/** Results of one kind, one file per stack. They contain no phone number and no secret. */
export class SavedResults<T extends object> {
  private readonly schema;

  /** @param kind the name of the directory below build/results */
  constructor(
    private readonly kind: string,
    result: z.ZodType<T>,
  ) {
    this.schema = z.strictObject({ instanceId: z.string(), checkedAt: z.iso.datetime(), result });
  }

  /** If the directory cannot be written, the result is not remembered. The command has shown its result anyway. */
  save({ stackName, instanceId }: ResultOwner, result: T): void {
    const file = this.fileOf(stackName);
    try {
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, `${JSON.stringify({ instanceId, checkedAt: new Date().toISOString(), result })}\n`);
    } catch {
      // See above.
    }
  }

  /** The last result and its time (ISO 8601); undefined if there is none that can be used. */
  last({ stackName, instanceId }: ResultOwner): (T & { readonly checkedAt: string }) | undefined {
    try {
      const saved = this.schema.parse(JSON.parse(readFileSync(this.fileOf(stackName), "utf8")));
      return saved.instanceId === instanceId ? { ...saved.result, checkedAt: saved.checkedAt } : undefined;
    } catch {
      return undefined;
    }
  }

  /** The name of a stack consists of letters, digits and hyphens. */
  private fileOf(stackName: string): string {
    return path.join("build", "results", this.kind, `${stackName}.json`);
  }
}
