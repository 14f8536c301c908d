/** A lost state is rebuilt beside the stack, refused if a resource has another creator, and written in one step. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { InstanceConfig } from "../../../config/types";
import { GracefulShutdown } from "../../../fleet/rollout/graceful-shutdown";
import { NotRecoverable, recoverState } from "../../../fleet/rollout/recover-state";
import type { Recovery } from "../../../fleet/rollout/recover-state";
import { TerraformError, TerraformStack } from "../../../fleet/terraform/terraform-stack";
import type { SynthesizedStack } from "../../../fleet/plans/synthesis";
import type { Terraform, TerraformResult } from "../../../fleet/terraform/terraform";
import type { TerraformToolchain } from "../../../fleet/terraform/toolchain";
import { startAwsStub } from "../aws-answers";
import type { AwsStub } from "../aws-answers";
import { recordedInstance, recordedJson, recordedPlan } from "../guard/recorded-plan";

interface State {
  lineage: string;
  serial: number;
  resources: { mode: string; type: string; name: string; instances: { attributes: Record<string, unknown> }[] }[];
}

const wanted = recordedPlan("adoption").resource_changes.filter(({ mode }) => mode === "managed");
const attributesOf = (address: string): Record<string, unknown> => ({
  ...(wanted.find((one) => one.address === address)?.change.after as object),
});

/** A minimal Terraform: merges override files, and keeps a local state and a remote state. */
class SmallTerraform {
  /** The text of the remote state. */
  remote = "";
  /** What a plan does to a resource that the stack does not contain. */
  removal: "delete" | "forget" = "delete";
  /** Imported addresses, in order. */
  readonly imported: string[] = [];
  /** Resources that differ from the configuration; undefined if the resource does not exist. */
  readonly real = new Map<string, Record<string, unknown> | undefined>();

  run(directory: string, args: readonly string[]): Promise<TerraformResult> {
    const [command, second = "", ...rest] = args;
    const answer = (output: string, exitCode = 0): Promise<TerraformResult> => Promise.resolve({ exitCode, output });
    if (command === "init" || command === "plan") return answer("");
    if (command === "show") return answer(this.planOn(this.read(directory)));
    if (command === "import") return this.import(directory, ...(args.slice(-2) as [string, string]));
    const text = this.read(directory);
    if (second === "pull") return answer(text);
    if (second === "list") return text === "" ? answer("No state file was found!", 1) : answer(addresses(text));
    const file = rest.at(-1) ?? "";
    const pushed = JSON.parse(readFileSync(file, "utf8")) as State;
    const isOld = text !== "" && addresses(text) !== "" && pushed.serial <= (JSON.parse(text) as State).serial;
    if (isOld) return answer("cannot import state with that serial", 1);
    this.remote = JSON.stringify(pushed);
    return answer("");
  }

  /** The recorded plan. A resource in the state is no longer imported or created; one outside the plan is deleted. */
  private planOn(text: string): string {
    const known = new Set(text === "" ? [] : addresses(text).split("\n"));
    const plan = JSON.parse(recordedJson("adoption")) as { resource_changes: { address: string; change: object }[] };
    for (const resource of plan.resource_changes) {
      if (!known.delete(resource.address)) continue;
      resource.change = { ...resource.change, actions: ["no-op"], importing: null };
    }
    for (const address of known) {
      const [type = "", name = ""] = address.split(".");
      if (type === "") continue;
      const change = { actions: [this.removal], before: {}, after: null };
      plan.resource_changes.push({ address, mode: "managed", type, name, change } as (typeof plan.resource_changes)[0]);
    }
    return JSON.stringify(plan);
  }

  private import(directory: string, address: string, id: string): Promise<TerraformResult> {
    const attributes = this.real.has(address) ? this.real.get(address) : attributesOf(address);
    if (attributes === undefined) {
      return Promise.resolve({ exitCode: 1, output: "Error: Cannot import non-existent remote object" });
    }
    const text = this.read(directory);
    const state = JSON.parse(text || '{"lineage":"new","serial":0,"resources":[]}') as State;
    const [type = "", name = ""] = address.split(".");
    state.resources.push({ mode: "managed", type, name, instances: [{ attributes: { id, ...attributes } }] });
    state.serial++;
    this.imported.push(address);
    const local = localState(directory);
    if (local === undefined) this.remote = JSON.stringify(state);
    else writeFileSync(local, JSON.stringify(state));
    return Promise.resolve({ exitCode: 0, output: "" });
  }

  private read(directory: string): string {
    const local = localState(directory);
    if (local === undefined) return this.remote;
    return existsSync(local) ? readFileSync(local, "utf8") : "";
  }
}

const addresses = (text: string): string =>
  (JSON.parse(text) as State).resources.map(({ type, name }) => `${type}.${name}`).join("\n");

/** The local backend file of the last override; undefined if the backend is a bucket. */
function localState(directory: string): string | undefined {
  const backends = readdirSync(directory)
    .filter((file) => file.endsWith("_override.tf.json"))
    .sort()
    .map((file) => JSON.parse(readFileSync(path.join(directory, file), "utf8")) as Override)
    .flatMap(({ terraform }) => (terraform === undefined ? [] : [terraform.backend]));
  const file = backends.at(-1)?.local?.path;
  return file === undefined ? undefined : path.join(directory, file);
}
interface Override {
  readonly terraform?: { readonly backend: { readonly local?: { readonly path: string } } };
}

let aws: AwsStub;
let out: string;
let terraform: SmallTerraform;
let shutdown: GracefulShutdown;
beforeAll(async () => {
  aws = await startAwsStub();
});
afterAll(() => aws.close());
beforeEach(() => {
  out = mkdtempSync(path.join(tmpdir(), "recover-state-"));
  terraform = new SmallTerraform();
  shutdown = new GracefulShutdown("locks the state", () => undefined);
  aws.answers = {
    "connect:ListContactFlowModules": {
      ContactFlowModulesSummaryList: [{ Name: String(attributesOf(moduleAddress)["name"]), Id: "the-module" }],
    },
    "connect:ListContactFlows": {
      ContactFlowSummaryList: [{ Name: String(attributesOf(flowAddress)["name"]), Id: "the-flow" }],
    },
  };
});
afterEach(() => {
  rmSync(out, { recursive: true });
});

const moduleAddress = "aws_connect_contact_flow_module.blocked_status";
const flowAddress = "aws_connect_contact_flow.inbound";

function recover(instance: InstanceConfig = recordedInstance(), step?: (text: string) => void) {
  const directory = path.join(out, "stack");
  const lockFile = path.join(out, "a.lock");
  mkdirSync(directory, { recursive: true });
  writeFileSync(lockFile, "");
  writeFileSync(path.join(directory, "cdk.tf.json"), '{"terraform":{"backend":{"s3":{"bucket":"acme-state"}}}}');
  const toolchain = {
    shutdown,
    stack: (_: string, where: string) => new TerraformStack(terraform as unknown as Terraform, where, lockFile),
  } as unknown as TerraformToolchain;
  const scratch = path.join(out, "rebuilt");
  return recoverState(instance, { directory } as SynthesizedStack, {
    toolchain,
    clients: aws.clients,
    scratch,
    step: step ?? (() => undefined),
  });
}

async function recovered(instance?: InstanceConfig): Promise<Recovery> {
  const recovery = await recover(instance);
  if (recovery === undefined) throw new Error("the recovery was stopped");
  return recovery;
}

const written = (): State => JSON.parse(terraform.remote) as State;
const emptied = JSON.stringify({ lineage: "old", serial: 7, resources: [] } satisfies State);

test.each([
  ["without other roles", recordedInstance()],
  [
    "with a role for reading the state",
    recordedInstance('state: { planRoleArn: "arn:aws:iam::111122223333:role/state-read" }'),
  ],
])("nothing is written to the backend before write is called, %s", async (_, instance) => {
  const recovery = await recovered(instance);
  expect(terraform.imported).toHaveLength(wanted.length);
  expect(terraform.remote).toBe("");
  await recovery.write();
  expect(written().resources).toHaveLength(wanted.length);
});

test("flows and modules are imported with the ids from Connect", async () => {
  const { resources } = await recovered();
  const { instanceId } = recordedInstance();
  expect(resources.find(({ address }) => address === moduleAddress)?.id).toBe(`${instanceId}:the-module`);
  expect(resources.find(({ address }) => address === flowAddress)?.id).toBe(`${instanceId}:the-flow`);
});

test("a state that another command changed during the recovery is not overwritten", async () => {
  terraform.remote = emptied;
  const recovery = await recovered();
  const theirs = { lineage: "old", serial: 8, resources: [{ mode: "managed", type: "a", name: "b", instances: [] }] };
  terraform.remote = JSON.stringify(theirs);
  await expect(recovery.write()).rejects.toThrow(
    new NotRecoverable(
      `Another command wrote the state s3://${recordedInstance().state.bucket}/${recordedInstance().state.key} during the recovery. Nothing was overwritten.\n` +
        "  Run the command again to start with the current state.",
    ),
  );
  expect(written()).toEqual(theirs);
});

test("if another command writes a state after the last check, Terraform refuses the rebuilt state", async () => {
  terraform.remote = emptied;
  const recovery = await recovered();
  const theirs = { lineage: "old", serial: 8, resources: [{ mode: "managed", type: "a", name: "b", instances: [] }] };
  const run = terraform.run.bind(terraform);
  terraform.run = (directory, args) => {
    if (args[1] === "push") terraform.remote = JSON.stringify(theirs);
    return run(directory, args);
  };
  await expect(recovery.write()).rejects.toThrow(TerraformError);
  expect(written()).toEqual(theirs);
});

test("an empty state keeps its lineage, and the rebuilt state has the next serial", async () => {
  terraform.remote = emptied;
  await (await recovered()).write();
  expect(written()).toMatchObject({ lineage: "old", serial: 8 });
});

test("a function with another creator is refused before other resources are imported", async () => {
  terraform.real.set("aws_lambda_function.blocked_calls", {
    ...attributesOf("aws_lambda_function.blocked_calls"),
    description: "mine",
  });
  await expect(recover()).rejects.toThrow(
    'aws_lambda_function.blocked_calls has another creator: its description is "mine".',
  );
  const kinds = new Set(terraform.imported.map((address) => address.split(".")[0]));
  expect([...kinds].sort()).toEqual([
    "aws_cloudwatch_log_group",
    "aws_connect_contact_flow",
    "aws_connect_contact_flow_module",
    "aws_iam_role",
    "aws_lambda_function",
  ]);
});

test("a log group without its function is refused", async () => {
  terraform.real.set("aws_lambda_function.blocked_calls", undefined);
  const refused = recover();
  await expect(refused).rejects.toThrow(NotRecoverable);
  await expect(refused).rejects.toThrow(
    /^aws_cloudwatch_log_group\.blocked_calls exists, but aws_lambda_function\.blocked_calls of this stack does not exist\..*\n.*adoptExisting/,
  );
  expect(terraform.remote).toBe("");
});

test("a missing function with a missing log group is not refused", async () => {
  terraform.real.set("aws_lambda_function.canary", undefined).set("aws_cloudwatch_log_group.canary", undefined);
  const { resources } = await recovered();
  expect(resources.filter(({ exists }) => !exists).map(({ address }) => address)).toEqual([
    "aws_cloudwatch_log_group.canary",
    "aws_lambda_function.canary",
  ]);
});

test.each([1, 12])(
  "after Ctrl-C at resource %i, no other resource is imported and there is no state to write",
  async (at) => {
    const stopAt = (text: string): void => {
      if (text.includes(`(${at} of `)) shutdown.interrupt();
    };
    expect(await recover(recordedInstance(), stopAt)).toBeUndefined();
    expect(terraform.imported).toHaveLength(at);
    expect(terraform.remote).toBe("");
  },
);

describe("a small state that a failed deployment wrote after the loss", () => {
  const table = "aws_dynamodb_table.contacts";
  const functionAddress = "aws_lambda_function.blocked_calls";
  const stateWith = (...held: readonly string[]): string =>
    JSON.stringify({
      lineage: "new",
      serial: 2,
      resources: held.map((address) => {
        const [type = "", name = ""] = address.split(".");
        return { mode: "managed", type, name, instances: [{ attributes: attributesOf(address) }] };
      }),
    } satisfies State);

  test("gets the missing resources in addition, and keeps its lineage", async () => {
    terraform.remote = stateWith(table, functionAddress);
    const recovery = await recovered();
    expect(terraform.imported).toHaveLength(wanted.length - 2);
    expect(terraform.imported).not.toContain(table);
    await recovery.write();
    expect(written()).toMatchObject({ lineage: "new", serial: 3 });
    expect(written().resources).toHaveLength(wanted.length);
  });

  test("is refused if a missing resource has another creator", async () => {
    terraform.remote = stateWith(table);
    terraform.real.set(functionAddress, { ...attributesOf(functionAddress), description: "mine" });
    await expect(recover()).rejects.toThrow(`${functionAddress} has another creator`);
    expect(terraform.remote).toBe(stateWith(table));
  });

  test("keeps a table that the stack no longer adopts, until the next deployment removes it", async () => {
    const left = { mode: "managed", type: "aws_dynamodb_table", name: "left", instances: [{ attributes: {} }] };
    terraform.remote = JSON.stringify({ lineage: "old", serial: 7, resources: [left] });
    terraform.removal = "forget";
    await expect(recover()).rejects.toThrow("aws_dynamodb_table.left");
    rmSync(path.join(out, "rebuilt"), { recursive: true });
    const recovery = await recovered(recordedInstance("table: { adopt: false }"));
    await recovery.write();
    expect(addresses(terraform.remote)).toContain("aws_dynamodb_table.left");
  });

  test("is refused if it contains a resource that the stack does not contain", async () => {
    terraform.remote = stateWith(table, "aws_lambda_function.other");
    await expect(recover()).rejects.toThrow(
      /contains resources that the stack dev-recorded-us-east-1 does not contain: aws_lambda_function\.other\. Nothing was written\./,
    );
    expect(terraform.imported).toEqual([]);
  });

  test("is refused if another command writes the state during the recovery", async () => {
    terraform.remote = stateWith(table);
    const recovery = await recovered();
    terraform.remote = stateWith(table, functionAddress);
    await expect(recovery.write()).rejects.toThrow(NotRecoverable);
  });

  test("is refused as not lost if no resource is missing", async () => {
    terraform.remote = stateWith(...wanted.map(({ address }) => address));
    await expect(recover()).rejects.toThrow(
      /contains resources \(.*, and \d+ more\): the state is not lost, and nothing was written\./,
    );
    expect(terraform.imported).toEqual([]);
  });

  test("is refused as not lost if none of the missing resources exists in AWS", async () => {
    terraform.remote = stateWith(table);
    for (const { address } of wanted) terraform.real.set(address, undefined);
    await expect(recover()).rejects.toThrow(
      "None of the missing resources exists in AWS, so a deployment can create them.",
    );
  });
});
