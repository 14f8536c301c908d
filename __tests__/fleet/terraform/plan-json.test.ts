/** The plan schemas accept the output of Terraform and refuse every unknown part. */
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

test("a plan without changes is parsed, and absent lists are empty", () => {
  expect(parsePlan(JSON.stringify(plan))).toMatchObject({
    complete: true,
    resource_drift: [],
    deferred_changes: [],
    output_changes: {},
    unknownKeys: [],
  });
});

const unreadable: readonly (readonly [string, unknown, string])[] = [
  ["text that is not JSON", "Error: no plan", "it is not JSON"],
  ["a list", [], "the plan is []: Invalid input: expected object"],
  ["another format", { ...plan, format_version: "2.0" }, 'format_version is "2.0"'],
  ["a format without a minor version", { ...plan, format_version: "1" }, 'format_version is "1"'],
  ["complete missing", { ...plan, complete: undefined }, "complete is missing"],
  ["errored missing", { ...plan, errored: undefined }, "errored is missing"],
  ["changes that are not a list", { ...plan, resource_changes: {} }, "resource_changes is {}"],
  ["an unknown mode", { ...plan, resource_changes: [{ ...resource, mode: "ephemeral" }] }, '"ephemeral"'],
  ["an unknown key of a resource", { ...plan, resource_changes: [{ ...resource, later: 1 }] }, '"later"'],
  [
    "an unknown key __proto__ of a resource",
    JSON.stringify({ ...plan, resource_changes: [{ ...resource, later: 1 }] }).replace("later", "__proto__"),
    '"__proto__"',
  ],
  ["an unknown key of a change", { ...plan, resource_changes: [{ ...resource, change: { ...change, x: 1 } }] }, '"x"'],
  [
    "a resource without a change",
    { ...plan, resource_changes: [{ ...resource, change: undefined }] },
    "resource_changes[0].change (a.b) is missing",
  ],
  ...[[], ["update", "delete"], ["destroy"], "delete", ["create", "delete", "create"], ["delete,create"], null].map(
    (actions): readonly [string, unknown, string] => [
      `the actions ${JSON.stringify(actions)}`,
      { ...plan, resource_changes: [{ ...resource, change: { ...change, actions } }] },
      "resource_changes[0].change.actions",
    ],
  ),
];

test.each(unreadable)("a plan with %s is refused with the fix", (_, given, wrong) => {
  expect(refusal(given)).toContain(wrong);
  expect(refusal(given)).toContain("it must not be applied");
  expect(refusal(given)).toContain("Plan again");
});

test("unknown keys at the top level are reported, so that the guard refuses the plan", () => {
  for (const key of ["action_invocations", "__proto__"]) {
    const text = JSON.stringify({ ...plan, later: [{}] }).replace("later", key);
    expect(parsePlan(text).unknownKeys).toEqual([key]);
  }
});
