/** Tables are matched with instances, and the environment file that is written always loads. */
import fc from "fast-check";
import { regions as everyRegion } from "../../../../config/aws-names";
import { environmentFile } from "../../../../fleet/checks/discover/environment-file";
import { match, type Known } from "../../../../fleet/checks/discover/match";
import type { FoundInstance, FoundRegion, FoundTable } from "../../../../fleet/checks/discover/region";
import { load } from "../../../config/environment-files";

jest.setTimeout(30_000);

const account = "111122223333";
const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const table = (name: string, more: Partial<FoundTable> = {}): FoundTable => ({
  name,
  indexStatus: undefined,
  keys: "hash (HASH), range (RANGE)",
  ...more,
});
const instance = (n: number, alias: string | undefined, more: Partial<FoundInstance> = {}): FoundInstance => ({
  id: uuid(n),
  alias,
  status: "ACTIVE",
  moduleId: undefined,
  ...more,
});
const region = (more: Partial<FoundRegion>): FoundRegion => ({
  region: "us-east-1",
  tables: [],
  instances: [],
  functionByHand: undefined,
  problems: [],
  ...more,
});

function discovered(regions: readonly FoundRegion[], known: readonly Known[] = []) {
  const matches = match(account, regions, known);
  return { ...matches, file: environmentFile({ account, regions, ...matches }) };
}

test("an instance and its table become a file that loads, with existing resources in a comment", () => {
  const { file, notes } = discovered([
    region({
      tables: [table("dextr-acme", { indexStatus: "ACTIVE" })],
      instances: [instance(1, "acme", { moduleId: uuid(9) })],
      functionByHand: "blockedCalls",
    }),
  ]);
  expect(notes).toEqual([]);
  expect(file).toBe(`# yaml-language-server: $schema=./schema.json
# Found in account 111122223333. Save this file as environments/<name>.yaml, correct the marked values, then run: npm run fleet -- preflight

account: "111122223333"
region: us-east-1

state: # Correct this: a bucket in your account. npm run fleet -- bootstrap creates it.
  bucket: connectpath-call-blocking-111122223333
  region: us-east-1

# Correct this: the Dispositions that block a caller, exactly as in ConnectPath. Levels are joined with a colon.
blockedDispositions:
  - Blocked

instances:
  - name: acme
    id: 00000000-0000-4000-8000-000000000001
    # Existing resources: index Disposition-CustomerEndpoint-index (ACTIVE), module blockedStatus (00000000-0000-4000-8000-000000000009), function blockedCalls (in this region; it may belong to another instance). An index with the right shape is used unchanged.
    # This module already has the name blockedStatus. To adopt it, so that flows continue to call it, uncomment the next line:
    # adoptExisting: { module: 00000000-0000-4000-8000-000000000009 }`);
  expect(load({ "found.yaml": file })).toMatchObject([
    { name: "acme", instanceId: uuid(1), account, region: "us-east-1", table: { name: "dextr-acme" } },
  ]);
  expect(load({ "found.yaml": file.replace("# adoptExisting", "adoptExisting") })).toMatchObject([
    { adoptExisting: { moduleId: uuid(9) } },
  ]);
});

test("the stack of a table that Terraform cannot mirror only reads the table, with the reason in a comment", () => {
  const mirrorObstacle = "the AWS provider does not read the index\nwith the key tenant";
  const { file } = discovered([
    region({ tables: [table("dextr-acme", { mirrorObstacle })], instances: [instance(1, "acme")] }),
  ]);
  expect(file).toContain(
    "    # Terraform cannot mirror this table, because the AWS provider does not read the index with the key tenant.\n",
  );
  expect(load({ "found.yaml": file })).toMatchObject([{ name: "acme", table: { adopt: false } }]);
});

test.each<readonly [string, Partial<FoundRegion>, string]>([
  [
    "an instance without a table",
    { instances: [instance(1, "acme")] },
    "instance acme has no table dextr-acme. ConnectPath is not installed",
  ],
  [
    "an instance whose region does not show its tables",
    { tables: undefined, instances: [instance(1, "acme")] },
    "has no table dextr-acme, or the tables could not be listed",
  ],
  ["an instance without an alias", { instances: [instance(1, undefined)] }, `instance ${uuid(1)} has no alias`],
  [
    "a table without an instance",
    { tables: [table("dextr-acme")] },
    "table dextr-acme has no instance with the alias acme",
  ],
  [
    "a table in a region whose instances cannot be listed",
    { tables: [table("dextr-acme")], instances: undefined },
    "the instances could not be listed",
  ],
  [
    "several tables that differ in case",
    { tables: [table("dextr-Acme"), table("dextr-ACME")], instances: [instance(1, "acme")] },
    "instance acme has several tables: dextr-Acme, dextr-ACME.",
  ],
  [
    "an instance whose creation failed",
    { tables: [table("dextr-acme")], instances: [instance(1, "acme", { status: "CREATION_FAILED" })] },
    "instance acme is CREATION_FAILED",
  ],
  [
    "an invalid alias",
    { tables: [table("dextr-d-1")], instances: [instance(1, "d-1")] },
    'the alias "d-1" is not valid in Amazon Connect',
  ],
])("%s is reported and left out", (_, found, note) => {
  const { found: matched, notes, file } = discovered([region(found)]);
  expect(matched).toEqual([]);
  expect(notes).toHaveLength(1);
  expect(notes[0]).toContain(`us-east-1: `);
  expect(notes[0]).toContain(note);
  expect(file).toContain("# Nothing new was found in account 111122223333");
  expect(file).toContain(`# ${notes[0] ?? ""}`);
});

test("a table with exactly the right name is preferred", () => {
  const tables = [table("dextr-ACME"), table("dextr-acme")];
  const { found, notes } = discovered([region({ tables, instances: [instance(1, "acme")] })]);
  expect(found.map((one) => one.table.name)).toEqual(["dextr-acme"]);
  expect(notes).toEqual([expect.stringContaining("table dextr-ACME has no instance with the alias ACME")]);
});

test("a table whose name differs in case is used with its own name and a comment", () => {
  const { file } = discovered([region({ tables: [table("dextr-Acme")], instances: [instance(1, "acme")] })]);
  expect(file).toContain("# The table's name differs from the alias in upper and lower case");
  expect(load({ "found.yaml": file })).toMatchObject([{ name: "acme", table: { name: "dextr-Acme" } }]);
});

test("a table with other keys is used, with a note", () => {
  const odd = table("dextr-acme", { keys: "ContactId (HASH)" });
  const { found, notes } = discovered([region({ tables: [odd], instances: [instance(1, "acme")] })]);
  expect(found).toHaveLength(1);
  expect(notes).toEqual([
    expect.stringContaining("dextr-acme has the keys ContactId (HASH), not hash (HASH), range (RANGE)"),
  ]);
});

test("known instances are reported and not printed again, unlike a replica in another region", () => {
  const known = load({
    "prod.yaml": `account: "${account}"
region: us-east-1
state: { bucket: acme-state, region: us-east-1 }
blockedDispositions: [Blocked]
instances: [{ name: acme, id: ${uuid(1)} }, { name: gone, id: ${uuid(2)} }]
`,
  });
  const here = { tables: [table("dextr-acme")], instances: [instance(1, "acme")] };
  const { found, notes } = discovered(
    [region({ ...here, tables: [table("dextr-acme"), table("dextr-gone")] }), region({ ...here, region: "us-west-2" })],
    known,
  );
  expect(notes).toEqual([
    "us-east-1: instance acme is already in the environment prod, as acme.",
    `us-east-1: table dextr-gone is in the environment prod, as gone, but its instance ${uuid(2)} was not found.`,
  ]);
  expect(found.map((one) => one.region)).toEqual(["us-west-2"]);
  const ofAnotherAccount = known.map((one) => ({ ...one, account: "444455556666" }));
  expect(discovered([region(here)], ofAnotherAccount).found).toHaveLength(1);
});

test("regions with the same problem are grouped", () => {
  const problems = ["Connect instances: AccessDeniedException: not authorized\nto perform: connect:ListInstances"];
  const { file } = discovered([region({ problems }), region({ region: "eu-west-2", problems })]);
  expect(file).toContain(
    "# Not read: us-east-1, eu-west-2: Connect instances: AccessDeniedException: not authorized to perform: connect:ListInstances",
  );
});

test("the file loads and contains every instance, for any names and regions", () => {
  const alias = fc.oneof(
    fc.stringMatching(/^[\da-zA-Z]([\da-zA-Z-]{0,43}[\da-zA-Z])?$/),
    fc.constantFrom("true", "null", "123", "1e5", "0x1F", "no", "a".repeat(45), "0".repeat(45)),
  );
  const place = fc.record({
    alias,
    region: fc.constantFrom(...everyRegion.filter((name) => !/^(cn|us-gov)-/.test(name))),
  });
  const places = fc.uniqueArray(place, {
    minLength: 1,
    maxLength: 12,
    selector: (one) => `${one.alias.toLowerCase()} ${one.region}`,
  });
  fc.assert(
    fc.property(places, fc.boolean(), (wanted, inUpperCase) => {
      const usable = wanted.filter((one) => !one.alias.startsWith("d-"));
      fc.pre(usable.length > 0);
      const regions = [...new Set(usable.map((instance) => instance.region))].map((name) => {
        const here = usable.filter((one) => one.region === name);
        return region({
          region: name,
          tables: here.map((one) => table(`dextr-${inUpperCase ? one.alias.toUpperCase() : one.alias}`)),
          instances: here.map((one) => instance(usable.indexOf(one) + 1, one.alias)),
        });
      });
      const loaded = load({ "found.yaml": discovered(regions).file });
      const found = loaded.map((one) => `${one.name} ${one.region} ${one.instanceId}`).sort();
      expect(found).toEqual(usable.map((one, n) => `${one.alias} ${one.region} ${uuid(n + 1)}`).sort());
    }),
    { numRuns: 50 },
  );
});
