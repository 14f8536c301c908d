/** Tests the stacks of a released instance: the table stays unchanged in every case, and our other resources are deleted. */
import { execFileSync } from "node:child_process";
import { Testing } from "cdktf";
import type { InstanceConfig, Release } from "../../config/types";
import { CallBlockingStack } from "../../stacks/call-blocking-stack";
import { sampleInstance } from "./sample-instance";

interface Block {
  readonly lifecycle: Readonly<Record<string, unknown>>;
  readonly dynamic: Readonly<Record<string, { readonly for_each: string }>>;
}

interface Synthesized {
  readonly data?: { readonly aws_dynamodb_table: { readonly live: Block } };
  readonly resource?: { readonly aws_dynamodb_table: { readonly contacts: Block } };
  readonly output?: Readonly<Record<string, { readonly value: string }>>;
  readonly import?: readonly object[];
  readonly removed?: readonly {
    readonly from: string;
    readonly lifecycle: object;
    readonly provisioner?: { readonly "local-exec": { readonly when: string; readonly command: string } };
  }[];
  readonly provider: object;
  readonly terraform: object;
}

const built = { zipPath: __filename, sha256: "ab".repeat(32), sourceCodeHash: "q6s=", handler: "index.handler" };

function synthesize(changes: Partial<InstanceConfig> = {}): Synthesized {
  const stack = new CallBlockingStack(Testing.app(), {
    instance: { ...sampleInstance, ...changes },
    functionPackages: { blockedCalls: built, canary: built },
  });
  return JSON.parse(Testing.synth(stack)) as Synthesized;
}

const deployed = synthesize();
const steps = new Map<Release, Synthesized>(
  (["remove-index", "forget", "keep-index"] as const).map((release) => [release, synthesize({ release })]),
);

function step(release: Release): Synthesized {
  const synthesized = steps.get(release);
  if (synthesized === undefined) throw new Error(release);
  return synthesized;
}

const conditions = (block: Block | undefined) =>
  (block?.lifecycle["postcondition"] ?? []) as readonly {
    readonly condition: string;
    readonly error_message: string;
  }[];

test.each([...steps])(
  "%s keeps the backend and the provider, which Terraform needs to delete the rest",
  (_, synthesized) => {
    expect(synthesized.terraform).toEqual(deployed.terraform);
    expect(synthesized.provider).toEqual(deployed.provider);
  },
);

test.each([...steps])("%s keeps the log group in AWS and removes it from the state", (_, { removed = [] }) => {
  expect(removed[0]).toEqual({ from: "aws_cloudwatch_log_group.blocked_calls", lifecycle: { destroy: false } });
});

describe("remove-index", () => {
  const { resource, data, output = {}, removed, import: imports } = step("remove-index");
  const table = resource?.aws_dynamodb_table.contacts;

  test("contains only the adopted table, with the same protection", () => {
    expect(Object.keys(resource ?? {})).toEqual(["aws_dynamodb_table"]);
    expect(table?.lifecycle).toEqual(deployed.resource?.aws_dynamodb_table.contacts.lifecycle);
    expect(table?.lifecycle["prevent_destroy"]).toBe(true);
    expect(imports).toEqual(deployed.import);
    expect(removed?.map(({ from }) => from)).not.toContain("aws_dynamodb_table.contacts");
    expect(Object.keys(output).sort()).toEqual(["letting_go", "table_name"]);
  });

  test("mirrors all indexes except ours, and our attributes only if another key uses them", () => {
    expect(table?.dynamic["global_secondary_index"]?.for_each).toBe(
      '${{ for i in data.aws_dynamodb_table.live.global_secondary_index : i.name => i if i.name != "Disposition-CustomerEndpoint-index" }}',
    );
    expect(table?.dynamic["attribute"]?.for_each).toContain(
      'if !contains(["Disposition", "CustomerEndpoint"], a.name)',
    );
    expect(table?.dynamic["local_secondary_index"]).toEqual(
      deployed.resource?.aws_dynamodb_table.contacts.dynamic["local_secondary_index"],
    );
  });

  test("refuses to delete an index with another shape, and one with replicas unless they are accepted", () => {
    const messages = conditions(data?.aws_dynamodb_table.live).map(({ error_message }) => error_message);
    expect(messages).toHaveLength(4);
    expect(messages[2]).toContain("but its shape is not the one that call blocking creates");
    expect(messages[3]).toContain("DynamoDB would delete Disposition-CustomerEndpoint-index in each of these regions");
    const accepted = synthesize({ release: "remove-index", table: { ...sampleInstance.table, acceptReplicas: true } });
    expect(conditions(accepted.data?.aws_dynamodb_table.live)).toHaveLength(3);
  });
});

test.each([
  ["a deployment", deployed],
  ["remove-index", step("remove-index")],
])("%s refuses a table that cannot be mirrored, in one sentence with the alternative", (_, { data }) => {
  const [unreadKeys, severalKeys] = conditions(data?.aws_dynamodb_table.live);
  for (const condition of [unreadKeys, severalKeys])
    expect(condition?.error_message).toMatch(
      /^Terraform cannot mirror the table .*: nothing was changed, calls continue as before, and to deploy without managing the table, set table: \{ adopt: false \} for acme in environments\/test\.yaml\.$/,
    );
  expect(severalKeys?.condition).toContain('i.hash_key != null && i.hash_key != ""');
});

describe.each(["forget", "keep-index"] as const)("%s", (release) => {
  const synthesized = step(release);
  const table = synthesized.removed?.find(({ from }) => from === "aws_dynamodb_table.contacts");

  test("contains no resource, no import and no output", () => {
    expect([synthesized.resource, synthesized.import, synthesized.output]).toEqual([undefined, undefined, undefined]);
  });

  test("forgets the table, and an earlier destroy fails in a shell with the reason", () => {
    expect(table?.lifecycle).toEqual({ destroy: false });
    const { when, command } = table?.provisioner?.["local-exec"] ?? {};
    expect(when).toBe("destroy");
    expect(() => execFileSync("/bin/sh", ["-c", String(command)], { stdio: "pipe" })).toThrow(
      expect.objectContaining({
        status: 1,
        stdout: Buffer.from(
          "The table dextr-acme belongs to the vendor and is not deleted. Deploy test-acme-eu-central-1 first, which removes the table from the state.\n",
        ),
      }) as Error,
    );
  });
});

test("forget stops the plan while the table has our index, and names both alternatives", () => {
  const [condition, ...others] = conditions(step("forget").data?.aws_dynamodb_table.live);
  expect(others).toEqual([]);
  expect(condition?.error_message).toBe(
    "Table ${self.name} still has the index Disposition-CustomerEndpoint-index. Nothing was changed. " +
      "To delete the index, set release: remove-index for acme in environments/test.yaml, deploy that, and then set release: forget. " +
      "To keep the index, set release: keep-index.",
  );
  const sixth = synthesize({ release: "forget", awsProvider: ">= 6.44, < 7" });
  expect(conditions(sixth.data?.aws_dynamodb_table.live)[0]?.error_message).toContain("Delete the index in DynamoDB.");
});

test("keep-index does not read the table, so it also releases a table that the vendor deleted", () => {
  expect(step("keep-index").data).toBeUndefined();
});
