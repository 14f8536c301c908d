/** What is added to a state that was made anew, and what is kept out of one. */
import fc from "fast-check";
import type { ResourceChange } from "../../../fleet/terraform/plan-json";
import { completed, strangersIn } from "../../../fleet/rollout/recover-state";
import type { StateJson } from "../../../fleet/rollout/recover-state";
import { recordedPlan } from "../guard/recorded-plan";

const planned = recordedPlan("adoption").resource_changes.filter(({ mode }) => mode === "managed");
const wantedAt = (address: string): ResourceChange => {
  const found = planned.find((one) => one.address === address);
  if (found === undefined) throw new Error(`the plan has no ${address}`);
  return found;
};
const after = ({ change }: ResourceChange) => change.after as Readonly<Record<string, unknown>>;

/** A state that holds one resource of the plan, with these attributes. */
const holding = ({ type, name }: ResourceChange, attributes: Record<string, unknown>): StateJson => ({
  resources: [{ mode: "managed", type, name, instances: [{ attributes }] }],
});
const attributesOf = ({ resources: [only] }: StateJson) => only?.instances[0]?.attributes;

const ours = wantedAt("aws_lambda_function.blocked_calls");
const hash = after(ours)["source_code_hash"];

test("a function with the configured code gets what only the provider knows of it", () => {
  const imported = { code_sha256: hash, source_code_hash: "", filename: null, publish: null, memory_size: 128 };
  expect(attributesOf(completed(holding(ours, imported), planned))).toEqual({
    code_sha256: hash,
    source_code_hash: hash,
    filename: after(ours)["filename"],
    publish: true,
    memory_size: 128,
  });
});

test("a function with other code stays as it was imported, so that the plan shows it", () => {
  const imported = { code_sha256: "another", source_code_hash: null, filename: null, publish: null };
  expect(attributesOf(completed(holding(ours, imported), planned))).toEqual(imported);
});

test("nothing that a service told is ever replaced", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...planned),
      fc.dictionary(
        fc.constantFrom("filename", "publish", "timeouts", "name", "description", "code_sha256"),
        fc.jsonValue(),
      ),
      (resource, attributes) => {
        const result = attributesOf(completed(holding(resource, attributes), planned));
        const told = Object.entries(attributes).filter(([, value]) => value !== null && value !== "");
        expect(Object.keys(result ?? {}).sort()).toEqual(Object.keys(attributes).sort());
        for (const [key, value] of told) expect(result?.[key]).toEqual(value);
      },
    ),
  );
});

test.each([
  ["aws_lambda_function.blocked_calls", "Answers Connect instance recorded: worded otherwise.", []],
  [
    "aws_lambda_function.blocked_calls",
    "Answers Connect instance other: is it?",
    ["aws_lambda_function.blocked_calls"],
  ],
  ["aws_iam_role.canary", "", ["aws_iam_role.canary"]],
  ["aws_connect_contact_flow.inbound", "Managed by Terraform (e2e-recorded-us-east-1).", []],
  [
    "aws_connect_contact_flow.inbound",
    "Managed by Terraform (other-recorded-us-east-1).",
    ["aws_connect_contact_flow.inbound"],
  ],
])("%s with the description %j is told as %j", (address, description, told) => {
  const strangers = strangersIn(holding(wantedAt(address), { description }), planned);
  expect(strangers.map((sentence) => sentence.split(" ")[0])).toEqual(told);
});

test("what adoptExisting names is of others by intent", () => {
  const taken = { ...ours, change: { ...ours.change, importing: { id: "blockedCalls" } } };
  expect(strangersIn(holding(taken, { description: "mine" }), [taken])).toEqual([]);
});

test("a number in a description is masked", () => {
  const [sentence = ""] = strangersIn(holding(ours, { description: "asks +15555550101" }), planned);
  expect(sentence).not.toContain("5555550101");
});
