/** Reads a plan file: its configuration, provider lock and prior state. */
import { strFromU8, unzipSync } from "fflate";
import { z } from "zod";

/** Name of the plan file in the stack's directory. Not `.tfplan`: Atlantis takes each untracked file with that extension for a project. */
export const planFileName = "fleet.plan";

/** https://github.com/hashicorp/terraform/blob/v1.11.4/internal/plans/planfile/writer.go */
export interface PlanFileContent {
  /** The configuration files of the working directory, by name. */
  readonly configuration: ReadonlyMap<string, string>;
  /** The dependency lock file; empty if the plan file has none. */
  readonly lock: string;
  /** The version of the state that the plan is based on. */
  readonly state: StateVersion;
  /** This state as JSON: as it was read, if the plan file has it, and after the refresh. They contain plaintext values. */
  readonly stateTexts: readonly string[];
}

const stateVersionSchema = z.object({ lineage: z.string().default(""), serial: z.number().default(0) });

/** The version of a state. In the first plan of a stack, the serial is 0 and Terraform chooses the lineage. */
export type StateVersion = Readonly<z.output<typeof stateVersionSchema>>;

/** The file is not a plan file, or a Terraform version with another plan file format wrote it. */
export class UnreadablePlanFile extends Error {
  override readonly name = "UnreadablePlanFile";
}

/** @throws UnreadablePlanFile */
export function readPlanFile(bytes: Uint8Array): PlanFileContent {
  let files: Readonly<Record<string, Uint8Array>>;
  try {
    files = unzipSync(bytes);
  } catch (error) {
    throw new UnreadablePlanFile(`it is not a zip archive (${error instanceof Error ? error.message : String(error)})`);
  }
  const text = (name: string): string | undefined => (files[name] === undefined ? undefined : strFromU8(files[name]));
  const state = text("tfstate");
  if (files["tfplan"] === undefined || state === undefined) {
    throw new UnreadablePlanFile(
      `it contains ${Object.keys(files).join(", ") || "nothing"}; expected tfplan and tfstate`,
    );
  }
  const root = "tfconfig/m-/";
  const configuration = Object.keys(files)
    .filter((name) => name.startsWith(root))
    .map((name) => [name.slice(root.length), text(name) ?? ""] as const);
  const stateTexts = [text("tfstate-prev"), state].filter((one) => one !== undefined);
  return {
    configuration: new Map(configuration),
    lock: text(".terraform.lock.hcl") ?? "",
    state: stateVersion(state),
    stateTexts,
  };
}

/** The version of a state file, such as `terraform state pull` prints. Empty text means that the state does not exist. */
export function stateVersion(json: string): StateVersion {
  if (json.trim() === "") return { lineage: "", serial: 0 };
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new UnreadablePlanFile("its state is not JSON");
  }
  const { data, error } = stateVersionSchema.safeParse(value);
  if (data === undefined) throw new UnreadablePlanFile(`its state is invalid: ${z.prettifyError(error)}`);
  return data;
}
