/** Tests that `cdktf destroy` is refused only for stacks that manage a table, and that the refusal gives the next steps. */
import { destroyRefusals, insteadOfDestroy } from "../../stacks/decommission";
import { sampleInstance } from "./sample-instance";

const instanceNamed = (stackName: string, more: object = {}) => ({ ...sampleInstance, stackName, ...more });
const fleet = [
  instanceNamed("prod-one"),
  instanceNamed("prod-two", { release: "remove-index" }),
  instanceNamed("prod-three", { release: "forget" }),
  instanceNamed("prod-four", { release: "keep-index" }),
  instanceNamed("dev-five"),
  instanceNamed("dev-six", { table: { ...sampleInstance.table, adopt: false } }),
];
const refused = (...args: readonly string[]) =>
  destroyRefusals(fleet, args).map((message) => message.slice(0, message.indexOf(" ")));

test.each([
  [["destroy", "prod-one", "--auto-approve"], ["prod-one"]],
  [
    ["destroy", "--output", "/tmp/out", "prod-*"],
    ["prod-one", "prod-two"],
  ],
  [
    ["destroy", "*"],
    ["prod-one", "prod-two", "dev-five"],
  ],
  [["destroy", "prod-three", "prod-four"], []],
  [["destroy", "prod-onee"], []],
  // cdktf itself asks for a stack name.
  [["destroy"], []],
  [["deploy", "prod-one"], []],
  [["diff", "destroy"], []],
])("cdktf %j refuses %j", (args, stacks) => {
  expect(refused(...args)).toEqual(stacks);
});

test("the only stack is refused without a name, and nothing is refused if cdktf does not run the app", () => {
  expect(destroyRefusals([instanceNamed("prod-one")], ["destroy"])).toHaveLength(1);
  expect(destroyRefusals(fleet, undefined)).toEqual([]);
});

test("the refusal gives the remaining steps of the release", () => {
  expect(destroyRefusals([instanceNamed("prod-one")], ["destroy"])).toEqual([
    "prod-one cannot be destroyed, because it manages the vendor's table dextr-acme.\n" +
      "  To release the instance, set release: remove-index for acme in environments/test.yaml and deploy that, then release: forget and deploy that; " +
      "or once release: keep-index, which leaves the index on the table. The table always stays.",
  ]);
  expect(insteadOfDestroy(instanceNamed("prod-two", { release: "remove-index" }))).toBe(
    "Not by destroy. Set release: forget for acme in environments/test.yaml, and deploy that.",
  );
});

test("a stack that only reads the table names its release", () => {
  expect(insteadOfDestroy(instanceNamed("dev-six", { table: { ...sampleInstance.table, adopt: false } }))).toBe(
    "Set release: keep-index for acme in environments/test.yaml, and deploy that.",
  );
});
