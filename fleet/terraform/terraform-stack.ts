/** What is done with one synthesized stack: initialize, plan, show, apply, read the state's version. */
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { InstanceConfig, RoleConfig } from "../../config/types";
import { failureText } from "./diagnostics";
import { stateVersion } from "./plan-file";
import type { StateVersion } from "./plan-file";
import { lockFileName } from "./provider-lock";
import { planFileName } from "./plan-file";
import type { Finished, Terraform } from "./terraform";

/** A run that did not succeed. */
export class RunFailed extends Error {
  override readonly name = "RunFailed";

  /** @param output all that Terraform said, where it is needed to find out why */
  constructor(
    readonly step: string,
    readonly output: string,
  ) {
    super(`${step} failed. ${failureText(output)}`);
  }
}

/**
 * Terraform merges a file of this name into the configuration. There is this one alone: of two that name a backend, that of the
 * last name would count.
 */
const overrideName = "zz_read_only_override.tf.json";

export class TerraformStack {
  /** @param lockFile of the stack's provider line, completed for this platform */
  constructor(
    private readonly terraform: Terraform,
    readonly directory: string,
    private readonly lockFile: string,
  ) {}

  /**
   * Links the provider from the cache and reads where the state is. May be repeated.
   *
   * @param readOnlyFor instance whose `planRole` takes the place of the role that deploys, and `state.planRoleArn` of the state's role
   * @param localState file in the directory that takes the place of the state, which is then neither read nor written
   * @throws RunFailed
   */
  async initialize(readOnlyFor?: InstanceConfig, localState?: string): Promise<void> {
    copyFileSync(this.lockFile, path.join(this.directory, lockFileName));
    const override = path.join(this.directory, overrideName);
    if (readOnlyFor === undefined) rmSync(override, { force: true });
    else writeFileSync(override, JSON.stringify(this.readOnlyOverride(readOnlyFor, localState)));
    succeeded("terraform init", await this.run(["init", "-input=false", "-no-color", "-lockfile=readonly"]));
  }

  /**
   * Saves a plan in the directory. A former file of that name is gone even where this fails.
   *
   * @param isLocked whether the state is locked meanwhile, which takes the right to write beside it
   * @throws RunFailed
   */
  async plan({ isLocked }: { readonly isLocked: boolean }, file: string = planFileName): Promise<void> {
    rmSync(path.join(this.directory, file), { force: true });
    const lock = isLocked ? [] : ["-lock=false"];
    const args = ["plan", "-input=false", "-json", ...lock, `-out=${file}`];
    succeeded("terraform plan", await this.terraform.run(this.directory, args, { log: this.log("plan") }));
  }

  /** A saved plan as JSON. It holds values in clear, so it is never written anywhere. @throws RunFailed */
  async show(file: string = planFileName): Promise<string> {
    const finished = await this.run(["show", "-json", file]);
    succeeded("terraform show", finished);
    return finished.output;
  }

  /**
   * Applies a saved plan. Terraform itself refuses one whose state has moved.
   *
   * @param started told the process id
   * @throws RunFailed
   */
  async apply(started: (pid: number) => void, file: string = planFileName): Promise<void> {
    const args = ["apply", "-input=false", "-json", file];
    succeeded("terraform apply", await this.terraform.run(this.directory, args, { log: this.log("apply"), started }));
  }

  /** What Terraform said of the last apply, also where it was killed; empty where there was none. */
  lastApply(): string {
    return existsSync(this.log("apply")) ? readFileSync(this.log("apply"), "utf8") : "";
  }

  /** Addresses in the state. @throws RunFailed */
  async addresses(): Promise<readonly string[]> {
    const finished = await this.run(["state", "list"]);
    // What Terraform says of a stack that was never applied.
    if (finished.output.includes("No state file was found")) return [];
    succeeded("terraform state list", finished);
    return finished.output.split("\n").filter(Boolean);
  }

  /** Puts an existing object into the state; nothing in AWS changes. */
  async import(address: string, id: string): Promise<Finished> {
    const args = ["import", "-input=false", "-no-color", address, id];
    return this.terraform.run(this.directory, args, { log: this.log("import") });
  }

  /** @throws RunFailed */
  async stateVersion(): Promise<StateVersion> {
    return stateVersion(await this.stateText());
  }

  /** The state as JSON; empty where there is none. It holds values in clear. @throws RunFailed */
  async stateText(): Promise<string> {
    const finished = await this.run(["state", "pull"]);
    succeeded("terraform state pull", finished);
    return finished.output;
  }

  /**
   * Writes the state where it is kept, in one piece. Terraform refuses one that is not a successor of what is there.
   *
   * @throws RunFailed
   */
  async writeState(file: string): Promise<void> {
    const args = ["state", "push", path.resolve(file)];
    succeeded("terraform state push", await this.terraform.run(this.directory, args, { log: this.log("push") }));
  }

  private readOnlyOverride({ planRole, state }: InstanceConfig, localState: string | undefined): object {
    const backend = localState === undefined ? this.readOnlyBackend(state) : { local: { path: localState } };
    return {
      // Blocks within the provider's replace those of the same name: another role, and all the rest stays.
      ...(planRole === undefined ? {} : { provider: { aws: [{ assume_role: [assumed(planRole)] }] } }),
      // A backend is replaced as a whole.
      ...(backend === undefined ? {} : { terraform: { backend } }),
    };
  }

  /** @returns undefined where it is the stack's own */
  private readOnlyBackend({ planRoleArn }: InstanceConfig["state"]): object | undefined {
    if (planRoleArn === undefined) return undefined;
    const configuration = readFileSync(path.join(this.directory, "cdk.tf.json"), "utf8");
    const { terraform } = JSON.parse(configuration) as {
      readonly terraform: { readonly backend: { readonly s3: object } };
    };
    return { s3: { ...terraform.backend.s3, assume_role: { role_arn: planRoleArn } } };
  }

  private run(args: readonly string[]): Promise<Finished> {
    return this.terraform.run(this.directory, args);
  }

  /** Kept beside the plan: what Terraform said is asked for when something went wrong. */
  private log(command: string): string {
    return path.join(this.directory, `${command}.log`);
  }
}

function succeeded(step: string, { exitCode, output }: Finished): void {
  if (exitCode !== 0) throw new RunFailed(step, output);
}

const assumed = ({ arn, externalId }: RoleConfig): object => ({
  role_arn: arn,
  session_name: "connectpath-call-blocking",
  ...(externalId === undefined ? {} : { external_id: externalId }),
});
