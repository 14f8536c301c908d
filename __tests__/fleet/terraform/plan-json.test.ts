/** The reader of plans takes what Terraform prints, and refuses everything that it does not know. */
import { parsePlan, UnreadablePlan } from "../../../fleet/terraform/plan-json";

const change = { actions: ["no-op"], before: null, after: null };
const resource = { address: "a.b", mode: "managed", type: "a", name: "b", provider_name: "p", change };
const plan = {
  format_version: "1.2",
  terraform_version: "1.11.4",
  applyable: false,
  complete: true,
  errored: false,
  resource_changes: [resource],
};

const refusal = (value: unknown): string => {
  try {
    parsePlan(typeof value === "string" ? value : JSON.stringify(value));
  } catch (error) {
    if (error instanceof UnreadablePlan) return error.message;
    throw error;
  }
  return "";
};

test("a plan without changes is read, with what is absent empty", () => {
  expect(parsePlan(JSON.stringify(plan))).toMatchObject({
    complete: true,
    resource_drift: [],
    deferred_changes: [],
    output_changes: {},
    unknownKeys: [],
  });
});

const unreadable: readonly (readonly [string, unknown, string])[] = [
  ["text that is no JSON", "Error: no plan", "it is not JSON"],
  ["a list", [], "the plan is not a map"],
  ["another format", { ...plan, format_version: "2.0" }, 'its format is "2.0"'],
  ["a format without a minor version", { ...plan, format_version: "1" }, 'its format is "1"'],
  ["no word on whether it is complete", { ...plan, complete: undefined }, "whether it is complete"],
  ["no word on whether it failed", { ...plan, errored: undefined }, "whether it is errored"],
  ["changes that are no list", { ...plan, resource_changes: {} }, "resource_changes is not a list"],
  ["a mode that is not known", { ...plan, resource_changes: [{ ...resource, mode: "ephemeral" }] }, '"ephemeral"'],
  ["a key of a resource that is not known", { ...plan, resource_changes: [{ ...resource, later: 1 }] }, '"later"'],
  [
    "a key of a change that is not known",
    { ...plan, resource_changes: [{ ...resource, change: { ...change, x: 1 } }] },
    '"x"',
  ],
  ["a resource without a change", { ...plan, resource_changes: [{ ...resource, change: undefined }] }, "change of a.b"],
  ...[[], ["update", "delete"], ["destroy"], "delete", ["create", "delete", "create"], null].map(
    (actions): readonly [string, unknown, string] => [
      `the actions ${JSON.stringify(actions)}`,
      { ...plan, resource_changes: [{ ...resource, change: { ...change, actions } }] },
      "a.b has the actions",
    ],
  ),
];

test.each(unreadable)("a plan with %s is refused, with what to do", (_, given, wrong) => {
  expect(refusal(given)).toContain(wrong);
  expect(refusal(given)).toContain("nothing of it may be applied");
  expect(refusal(given)).toContain("Plan again");
});

test("keys at the top that are not known are kept for the guard to refuse", () => {
  expect(parsePlan(JSON.stringify({ ...plan, action_invocations: [{}] })).unknownKeys).toEqual(["action_invocations"]);
});
