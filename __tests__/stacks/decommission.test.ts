/** `cdktf destroy` on stacks that hold a table is refused with what to do, and on others it is not. */
import { destroyRefusals, insteadOfDestroy } from "../../stacks/decommission";
import { sampleInstance } from "./sample-instance";

const named = (stackName: string, more: object = {}) => ({ ...sampleInstance, stackName, ...more });
const fleet = [
  named("prod-one"),
  named("prod-two", { release: "remove-index" }),
  named("prod-three", { release: "forget" }),
  named("prod-four", { release: "keep-index" }),
  named("dev-five"),
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
  // cdktf says itself that one must be named.
  [["destroy"], []],
  [["deploy", "prod-one"], []],
  [["diff", "destroy"], []],
])("cdktf %j refuses %j", (args, stacks) => {
  expect(refused(...args)).toEqual(stacks);
});

test("the only stack is refused without being named, and nothing is where it is not cdktf that asks", () => {
  expect(destroyRefusals([named("prod-one")], ["destroy"])).toHaveLength(1);
  expect(destroyRefusals(fleet, undefined)).toEqual([]);
});

test("the reason comes with the whole way, or with what is left of it", () => {
  expect(destroyRefusals([named("prod-one")], ["destroy"])).toEqual([
    "prod-one holds the vendor's table dextr-acme, so it cannot be destroyed.\n" +
      "  To let go of it, set release: remove-index for acme in environments/test.yaml and deploy that, then release: true and deploy that; " +
      "or once release: keep-index, which leaves the index on the table. The table always stays.",
  ]);
  expect(insteadOfDestroy(named("prod-two", { release: "remove-index" }))).toBe(
    "Not by destroy. Set release: true for acme in environments/test.yaml, and deploy that.",
  );
});
