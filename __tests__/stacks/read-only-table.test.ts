/** Tests the stack of an instance with `table.adopt: false`: the stack reads the table, and every other resource is as in the adopting mode. */
import { execFileSync } from "node:child_process";
import { Testing } from "cdktf";
import type { InstanceConfig, Release } from "../../config/types";
import { CallBlockingStack } from "../../stacks/call-blocking-stack";
import { sampleInstance } from "./sample-instance";

type Resources = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;

interface Synthesized {
  readonly data: Resources;
  readonly resource?: Resources;
  readonly output?: Readonly<Record<string, { readonly value: string }>>;
  readonly locals?: Readonly<Record<string, string>>;
  readonly import?: readonly { readonly to: string }[];
  readonly removed?: readonly {
    readonly from: string;
    readonly lifecycle: object;
    readonly provisioner?: { readonly "local-exec": { readonly command: string } };
  }[];
}

const built = { zipPath: __filename, sha256: "ab".repeat(32), sourceCodeHash: "q6s=", handler: "index.handler" };
const TABLE = "aws_dynamodb_table";

function synthesize(adopt: boolean, changes: Partial<InstanceConfig> = {}): Synthesized {
  const instance = { ...sampleInstance, ...changes, table: { ...sampleInstance.table, adopt } };
  const stack = new CallBlockingStack(Testing.app(), {
    instance,
    functionPackages: { blockedCalls: built, canary: built },
  });
  return JSON.parse(Testing.synth(stack)) as Synthesized;
}

const adopting = synthesize(true);
const reading = synthesize(false);

/** The resources without the table. The address of the table in `depends_on` is replaced by its data source. */
function withoutTable({ resource = {} }: Synthesized): unknown {
  const others = Object.fromEntries(Object.entries(resource).filter(([type]) => type !== TABLE));
  return JSON.parse(JSON.stringify(others), (key, value: unknown) =>
    key === "depends_on"
      ? (value as string[]).map((address) => (address === `${TABLE}.contacts` ? `data.${TABLE}.live` : address)).sort()
      : value,
  );
}

test("the stack contains no table and no import, and only reads the table", () => {
  expect(reading.resource).not.toHaveProperty(TABLE);
  expect(reading.import).toBeUndefined();
  expect(Object.keys(reading.data[TABLE] ?? {})).toEqual(["live"]);
  expect(reading.data[TABLE]?.["live"]?.["name"]).toBe("dextr-acme");
});

test("all other resources, outputs and locals are the same as in the adopting mode", () => {
  expect(withoutTable(reading)).toEqual(withoutTable(adopting));
  expect(Object.keys(reading.output ?? {})).toEqual(Object.keys(adopting.output ?? {}));
  expect(reading.locals).toEqual(adopting.locals);
});

test("everything that needs the index waits for the conditions on the table", () => {
  const association = reading.resource?.["aws_connect_lambda_function_association"]?.["blocked_calls"];
  expect(association?.["depends_on"]).toContain(`data.${TABLE}.live`);
  for (const alarm of Object.values(reading.resource?.["aws_cloudwatch_metric_alarm"] ?? {}))
    expect(alarm["depends_on"]).toContain(`data.${TABLE}.live`);
});

test("a table in the state is forgotten, and an earlier destroy does not delete it", () => {
  const [forgotten, ...others] = reading.removed ?? [];
  expect(others).toEqual([]);
  expect(forgotten).toMatchObject({ from: `${TABLE}.contacts`, lifecycle: { destroy: false } });
  const command = String(forgotten?.provisioner?.["local-exec"].command);
  expect(() => execFileSync("/bin/sh", ["-c", command], { stdio: "pipe" })).toThrow("Command failed");
  expect(command).toContain("The table dextr-acme belongs to the vendor and is not deleted.");
});

test("the plan stops with the command that creates the index", () => {
  const { postcondition } = (reading.data[TABLE]?.["live"]?.["lifecycle"] ?? {}) as {
    postcondition: readonly { condition: string; error_message: string }[];
  };
  expect(postcondition.map(({ condition }) => condition)).toEqual([
    '${contains([for i in self.global_secondary_index : i.name], "Disposition-CustomerEndpoint-index")}',
    expect.stringContaining('i.projection_type == "KEYS_ONLY"'),
    expect.stringContaining('a.type == "S"'),
  ]);
  expect(postcondition[0]?.error_message).toBe(
    "Table ${self.name} has no index Disposition-CustomerEndpoint-index, and with table.adopt: false the stack does not create the index. " +
      "Nothing was changed. Create the index with npm run fleet -- index stack=test-acme-eu-central-1, or ask the owner of the table to create it " +
      "(hash Disposition, range CustomerEndpoint, KEYS_ONLY, both keys of type S). Then plan again.",
  );
});

test("a release is the same in both modes", () => {
  const release: Release = "keep-index";
  expect(synthesize(false, { release })).toEqual(synthesize(true, { release }));
});

test("resources that someone created by hand are still imported", () => {
  const { import: imports = [] } = synthesize(false, {
    adoptExisting: { function: true, role: false, logGroup: false, alias: false, association: false },
  });
  expect(imports.map(({ to }) => to)).toEqual(["aws_lambda_function.blocked_calls"]);
});
