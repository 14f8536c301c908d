/** Terraform and the AWS provider against the emulators: create, change, refuse, delete. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { validateContent } from "../../flows/language/validate";
import { type Moto, startMoto } from "../../emulators/aws/moto";
import { type RecordingProxy, startRecordingProxy } from "../../emulators/aws/recording-proxy";
import { findTerraformProvider } from "../../emulators/aws/terraform-cli";
import { ConnectEmulator } from "../../emulators/connect/server";

const account = "111122223333";
const instanceId = "00000000-0000-4000-8000-000000000001";
const functionArn = `arn:aws:lambda:us-east-1:${account}:function:blockedCalls:live`;

describe("terraform", () => {
  const directory = mkdtempSync(path.join(tmpdir(), "terraform-provider-"));
  const connect = new ConnectEmulator(
    [{ account, region: "us-east-1", id: instanceId, alias: "acme" }],
    (content, kind) => validateContent(JSON.parse(content), kind).map(({ message }) => message),
  );
  let moto: Moto;
  let proxy: RecordingProxy;
  let env: Record<string, string>;

  beforeAll(async () => {
    moto = await startMoto(account);
    proxy = await startRecordingProxy(moto.respond, { connect: (request) => connect.handle(request) });
    env = {
      PATH: process.env["PATH"] ?? "",
      HOME: directory,
      AWS_ENDPOINT_URL: proxy.url,
      AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
      AWS_SECRET_ACCESS_KEY: "emulated",
      AWS_EC2_METADATA_DISABLED: "true",
      ...(await findTerraformProvider(directory)).env,
    };
    const made = await fetch(`${moto.url}/state`, { method: "PUT" });
    expect(made.ok).toBe(true);
    configure();
    await terraform("init", "-input=false");
  }, 180_000);
  afterAll(async () => {
    await proxy.close();
    await moto.stop();
    rmSync(directory, { recursive: true });
  });

  /** Exit code and complete output. */
  function terraform(...args: readonly string[]): Promise<{ exitCode: number | string; output: string }> {
    return new Promise((resolve) => {
      execFile("terraform", [...args, "-no-color"], { cwd: directory, env }, (error, stdout, stderr) => {
        resolve({ exitCode: error === null ? 0 : (error.code ?? -1), output: stdout + stderr });
      });
    });
  }
  const apply = () => terraform("apply", "-input=false", "-auto-approve");
  const plan = () => terraform("plan", "-input=false", "-detailed-exitcode");

  function configure({ message = "Hello", startAction = "say", tags = { team: "voice" } } = {}): void {
    const content = {
      Version: "2019-10-30",
      StartAction: startAction,
      Settings: { InputParameters: [], OutputParameters: [], Transitions: [] },
      Actions: [
        {
          Identifier: "say",
          Type: "MessageParticipant",
          Parameters: { Text: message },
          Transitions: { NextAction: "return", Errors: [], Conditions: [] },
        },
        { Identifier: "return", Type: "EndFlowModuleExecution", Parameters: {}, Transitions: {} },
      ],
    };
    const backend = { bucket: "state", key: "k", region: "us-east-1", use_lockfile: true, use_path_style: true };
    writeFileSync(
      path.join(directory, "main.tf.json"),
      JSON.stringify({
        terraform: {
          required_providers: { aws: { source: "hashicorp/aws", version: "~> 5.100.0" } },
          backend: { s3: backend },
        },
        provider: { aws: { region: "us-east-1", allowed_account_ids: [account], default_tags: { tags } } },
        resource: {
          aws_connect_lambda_function_association: {
            lookup: { instance_id: instanceId, function_arn: functionArn },
          },
          aws_connect_contact_flow_module: {
            greeting: {
              instance_id: instanceId,
              name: "greeting",
              description: "greets",
              content: JSON.stringify(content),
              depends_on: ["aws_connect_lambda_function_association.lookup"],
            },
          },
        },
      }),
    );
  }

  test("creates, updates, refuses and deletes association and module, with empty plans in between", async () => {
    expect(await apply()).toMatchObject({ exitCode: 0 });
    expect(connect.lambdaAllowed(instanceId, functionArn)).toBe(true);
    expect(connect.modules(instanceId).get("greeting")).toMatchObject({
      description: "greets",
      tags: { team: "voice" },
    });
    // The lock was taken and released, and the state is in the bucket.
    const s3 = proxy.mutating("s3").map(({ operation, url }) => `${operation} ${url.replace(/\?.*/, "")}`);
    expect(s3).toEqual(["PutObject /state/k.tflock", "PutObject /state/k", "DeleteObject /state/k.tflock"]);
    expect(await plan()).toMatchObject({ exitCode: 0 });

    configure({ message: "Goodbye", tags: { team: "care" } });
    expect(await apply()).toMatchObject({ exitCode: 0 });
    const changed = connect.modules(instanceId).get("greeting");
    expect(changed?.content).toContain("Goodbye");
    expect(changed?.tags).toEqual({ team: "care" });
    expect(await plan()).toMatchObject({ exitCode: 0 });

    configure({ startAction: "nowhere" });
    const refused = await apply();
    expect(refused.exitCode).toBe(1);
    expect(refused.output).toContain("InvalidContactFlowModuleException");
    expect(connect.modules(instanceId).get("greeting")?.content).toContain("Goodbye");

    expect(await terraform("destroy", "-input=false", "-auto-approve")).toMatchObject({ exitCode: 0 });
    expect(connect.modules(instanceId).size).toBe(0);
    expect(connect.associations(instanceId)).toEqual([]);
  }, 300_000);
});
