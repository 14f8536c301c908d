/** Two plans have the same digest exactly if they would make the same changes. */
import { parsePlan, type PlanJson } from "../../../fleet/terraform/plan-json";
import { changeDigest } from "../../../fleet/review/change-digest";
import { recordedJson, recordedNames, recordedPlan } from "../guard/recorded-plan";

test("recorded plans with different changes have different digests", () => {
  const digests = recordedNames.map((name) => changeDigest(recordedPlan(name)));
  // These plans change no resource. The second plan contains drift, the third plan covers only one resource, and the last one changes an output.
  const reading = ["reading-no-change", "reading-not-checked", "reading-another-table"];
  const idle = ["no-change", "vendor-index-added", "targeted", ...reading];
  expect(new Set(idle.map((name) => changeDigest(recordedPlan(name)))).size).toBe(1);
  expect(new Set(digests).size).toBe(recordedNames.length - idle.length + 1);
});

test("the order of resources and of map keys does not change the digest", () => {
  const reversed = (value: unknown): unknown =>
    typeof value !== "object" || value === null || Array.isArray(value)
      ? value
      : Object.fromEntries(
          Object.entries(value)
            .reverse()
            .map(([key, child]) => [key, reversed(child)]),
        );
  for (const name of recordedNames) {
    const plan = recordedPlan(name);
    const other = { ...plan, resource_changes: [...plan.resource_changes].reverse().map(reversed) } as PlanJson;
    expect(changeDigest(other)).toBe(changeDigest(plan));
  }
});

test("moving a resource to another address changes the digest", () => {
  const plan = recordedPlan("no-change");
  const [first, ...rest] = plan.resource_changes;
  if (first === undefined) throw new Error("an empty plan");
  const moved = { ...plan, resource_changes: [{ ...first, previous_address: "aws_dynamodb_table.before" }, ...rest] };
  expect(changeDigest(moved)).not.toBe(changeDigest(plan));
});

test("another planned value changes the digest", () => {
  const edited = recordedJson("lambda-edit").replaceAll("+15555550100", "+15555550101");
  expect(changeDigest(parsePlan(edited))).not.toBe(changeDigest(recordedPlan("lambda-edit")));
});
