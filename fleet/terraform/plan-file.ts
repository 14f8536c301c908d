/** What is inside a plan file: what it was made from, told by itself and not by a note beside it. */
import { strFromU8, unzipSync } from "fflate";

/** Name of the plan file in the stack's directory. */
export const planFileName = "fleet.tfplan";

/** https://github.com/hashicorp/terraform/blob/v1.11.4/internal/plans/planfile/writer.go */
export interface PlanFileContent {
  /** The configuration files of the working directory, by name. */
  readonly configuration: ReadonlyMap<string, string>;
  /** The dependency lock file; empty where it holds none. */
  readonly lock: string;
  /** The state that it was planned against. */
  readonly state: StateVersion;
}

/** Which version of a state; the first plan of a stack has serial 0 and a lineage of Terraform's choosing. */
export interface StateVersion {
  readonly lineage: string;
  readonly serial: number;
}

/** The file is no plan file, or one of a Terraform that packs them in another way. */
export class UnreadablePlanFile extends Error {
  override readonly name = "UnreadablePlanFile";
}

/** @throws UnreadablePlanFile */
export function readPlanFile(bytes: Uint8Array): PlanFileContent {
  let files: Readonly<Record<string, Uint8Array>>;
  try {
    files = unzipSync(bytes);
  } catch (error) {
    throw new UnreadablePlanFile(`it is no archive (${error instanceof Error ? error.message : String(error)})`);
  }
  const text = (name: string): string | undefined => (files[name] === undefined ? undefined : strFromU8(files[name]));
  const state = text("tfstate");
  if (files["tfplan"] === undefined || state === undefined) {
    throw new UnreadablePlanFile(
      `it holds ${Object.keys(files).join(", ") || "nothing"}, and no tfplan with a tfstate`,
    );
  }
  const root = "tfconfig/m-/";
  const configuration = Object.keys(files)
    .filter((name) => name.startsWith(root))
    .map((name) => [name.slice(root.length), text(name) ?? ""] as const);
  return { configuration: new Map(configuration), lock: text(".terraform.lock.hcl") ?? "", state: stateVersion(state) };
}

/** The version of a state file, such as `terraform state pull` prints; of an empty text, of a state that does not exist. */
export function stateVersion(json: string): StateVersion {
  if (json.trim() === "") return { lineage: "", serial: 0 };
  try {
    const { lineage = "", serial = 0 } = JSON.parse(json) as Partial<StateVersion>;
    return { lineage, serial };
  } catch {
    throw new UnreadablePlanFile("its state is not JSON");
  }
}
