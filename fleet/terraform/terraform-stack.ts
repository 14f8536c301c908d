/** The Terraform operations on one synthesized stack: init, plan, show, apply, import, and reading and writing the state. */
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { failureText } from "./diagnostics";
import { planFileName, stateVersion } from "./plan-file";
import type { StateVersion } from "./plan-file";
import { lockFileName } from "./provider-lock";
import type { Terraform, TerraformResult } from "./terraform";

/** A Terraform command that failed. */
export class TerraformError extends Error {
  override readonly name = "TerraformError";

  /**
   * @param step such as `terraform plan`
   * @param output the complete output of Terraform
   */
  constructor(
    readonly step: string,
    readonly output: string,
  ) {
    super(`${step} failed. ${failureText(output)}`);
  }
}

/** Roles that replace the roles of the configuration while a stack is only read. */
export interface ReadOnlyAccess {
  /** Role for the provider. @default the role in the configuration */
  readonly role?: { readonly arn: string; readonly externalId?: string; readonly sessionName: string };
  /** ARN of the role for the S3 backend. @default the role in the configuration */
  readonly backendRole?: string;
}

export interface InitializeOptions {
  /** @default the roles in the configuration, for reading and writing */
  readonly readOnly?: ReadOnlyAccess;
  /** Name of a state file in the working directory. With this option, the backend is neither read nor written. */
  readonly localState?: string;
}

/**
 * Terraform merges a file with this name into the configuration. No other override file may have a backend: Terraform uses the
 * backend of the last file name.
 */
const overrideName = "zz_read_only_override.tf.json";

/** Name of the override file of a plan. It has no backend. */
export const planOverrideName = "zz_plan_override.tf.json";

export interface PlanOptions {
  /** Whether to lock the state. A lock is an object in the state bucket, so the role needs permission to write it. */
  readonly isLocked: boolean;
  /** Arguments that replace those of the configuration in this plan. @default none */
  readonly override?: object;
}

/** Name of the file to which Terraform writes the state if it cannot write to the backend. */
export const erroredStateName = "errored.tfstate";

const synthesizedSchema = z.object({ terraform: z.object({ backend: z.object({ s3: z.looseObject({}) }) }) });

export class TerraformStack {
  /**
   * @param directory the working directory
   * @param lockFile provider lock file with the checksums for this platform
   * @param lockTimeout how long to wait for a state lock, in seconds
   */
  constructor(
    private readonly terraform: Terraform,
    readonly directory: string,
    private readonly lockFile: string,
    private readonly lockTimeout = 0,
  ) {}

  /** Links the provider from the cache and initializes the backend. Safe to run again. @throws TerraformError */
  async initialize({ readOnly, localState }: InitializeOptions = {}): Promise<void> {
    copyFileSync(this.lockFile, path.join(this.directory, lockFileName));
    const override = path.join(this.directory, overrideName);
    if (readOnly === undefined && localState === undefined) rmSync(override, { force: true });
    else writeFileSync(override, JSON.stringify(this.override(readOnly, localState)));
    requireSuccess("terraform init", await this.run(["init", "-input=false", "-no-color", "-lockfile=readonly"]));
  }

  /**
   * Saves a plan in the directory. An older plan file of the same name is deleted first.
   *
   * @throws TerraformError
   */
  async plan({ isLocked, override }: PlanOptions, file: string = planFileName): Promise<void> {
    rmSync(path.join(this.directory, file), { force: true });
    const overrideFile = path.join(this.directory, planOverrideName);
    if (override === undefined) rmSync(overrideFile, { force: true });
    else writeFileSync(overrideFile, JSON.stringify(override));
    const lock = isLocked ? [this.waitForLock] : ["-lock=false"];
    const args = ["plan", "-input=false", "-json", ...lock, `-out=${file}`];
    requireSuccess("terraform plan", await this.terraform.run(this.directory, args, { log: this.log("plan") }));
  }

  /** A saved plan as JSON. It contains plaintext values, so it is never written to a file. @throws TerraformError */
  async show(file: string = planFileName): Promise<string> {
    const result = await this.run(["show", "-no-color", "-json", file]);
    requireSuccess("terraform show", result);
    return result.output;
  }

  /**
   * Applies a saved plan. Terraform refuses a plan if the state changed after the plan.
   *
   * @param onStart receives the process id
   * @throws TerraformError
   */
  async apply(onStart: (pid: number) => void, file: string = planFileName): Promise<void> {
    const args = ["apply", "-input=false", "-json", this.waitForLock, file];
    const options = { log: this.log("apply"), onStart };
    requireSuccess("terraform apply", await this.terraform.run(this.directory, args, options));
  }

  /** Output of the last apply, even of a killed one; empty if nothing was applied. */
  lastApply(): string {
    return existsSync(this.log("apply")) ? readFileSync(this.log("apply"), "utf8") : "";
  }

  /** Addresses in the state. @throws TerraformError */
  async addresses(): Promise<readonly string[]> {
    const result = await this.run(["state", "list", "-no-color"]);
    // Terraform's message for a stack that was never applied.
    if (result.output.includes("No state file was found")) return [];
    requireSuccess("terraform state list", result);
    return result.output.split("\n").filter(Boolean);
  }

  /** Imports an existing resource into the state. Nothing in AWS changes. */
  async import(address: string, id: string): Promise<TerraformResult> {
    const args = ["import", "-input=false", "-no-color", this.waitForLock, address, id];
    return this.terraform.run(this.directory, args, { log: this.log("import") });
  }

  /**
   * Makes Terraform update a resource whose creation was interrupted, instead of replacing it. Nothing in AWS changes.
   *
   * @throws TerraformError
   */
  async untaint(address: string): Promise<void> {
    const args = ["untaint", "-no-color", this.waitForLock, address];
    requireSuccess("terraform untaint", await this.terraform.run(this.directory, args, { log: this.log("untaint") }));
  }

  /** @throws TerraformError */
  async stateVersion(): Promise<StateVersion> {
    return stateVersion(await this.stateText());
  }

  /** The state as JSON; empty if there is none. It contains plaintext values. @throws TerraformError */
  async stateText(): Promise<string> {
    const result = await this.run(["state", "pull", "-no-color"]);
    requireSuccess("terraform state pull", result);
    return result.output;
  }

  /**
   * Writes the state to the backend in one step. Terraform refuses a state that is not a successor of the current state.
   *
   * @throws TerraformError
   */
  async writeState(file: string): Promise<void> {
    const args = ["state", "push", "-no-color", this.waitForLock, path.resolve(file)];
    requireSuccess("terraform state push", await this.terraform.run(this.directory, args, { log: this.log("push") }));
  }

  /** Releases the state lock with this id. @returns false if the state is not locked, or has another lock */
  async unlock(id: string): Promise<boolean> {
    const { exitCode } = await this.run(["force-unlock", "-no-color", "-force", id]);
    return exitCode === 0;
  }

  private get waitForLock(): string {
    return `-lock-timeout=${this.lockTimeout}s`;
  }

  private override(readOnly: ReadOnlyAccess | undefined, localState: string | undefined): object {
    const backend = localState === undefined ? this.readOnlyBackend(readOnly) : { local: { path: localState } };
    const role = readOnly?.role;
    return {
      // An override replaces nested blocks by name: the role changes, and the other provider arguments stay.
      ...(role === undefined ? {} : { provider: { aws: [{ assume_role: [assumeRole(role)] }] } }),
      // An override replaces a backend as a whole.
      ...(backend === undefined ? {} : { terraform: { backend } }),
    };
  }

  /** @returns undefined if the backend of the configuration is used */
  private readOnlyBackend({ backendRole }: ReadOnlyAccess = {}): object | undefined {
    if (backendRole === undefined) return undefined;
    const configuration: unknown = JSON.parse(readFileSync(path.join(this.directory, "cdk.tf.json"), "utf8"));
    const { s3 } = synthesizedSchema.parse(configuration).terraform.backend;
    return { s3: { ...s3, assume_role: { role_arn: backendRole } } };
  }

  private run(args: readonly string[]): Promise<TerraformResult> {
    return this.terraform.run(this.directory, args);
  }

  /** Log file beside the plan, to find the cause of a failure. */
  private log(command: string): string {
    return path.join(this.directory, `${command}.log`);
  }
}

function requireSuccess(step: string, { exitCode, output }: TerraformResult): void {
  if (exitCode !== 0) throw new TerraformError(step, output);
}

const assumeRole = ({ arn, externalId, sessionName }: NonNullable<ReadOnlyAccess["role"]>): object => ({
  role_arn: arn,
  session_name: sessionName,
  ...(externalId === undefined ? {} : { external_id: externalId }),
});
