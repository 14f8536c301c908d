/** Arguments that are added to a rebuilt state, and resources that are refused. */
import fc from "fast-check";
import type { ResourceChange } from "../../../fleet/terraform/plan-json";
import { withProviderOnlyArguments, foreignResources } from "../../../fleet/rollout/recover-state";
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

test("a function with the configured code gets the arguments that an import cannot read", () => {
  const imported = { code_sha256: hash, source_code_hash: "", filename: null, publish: null, memory_size: 128 };
  expect(attributesOf(withProviderOnlyArguments(holding(ours, imported), planned))).toEqual({
    code_sha256: hash,
    source_code_hash: hash,
    filename: after(ours)["filename"],
    publish: true,
    memory_size: 128,
  });
});

test("a function with other code stays as imported, so that the plan shows the difference", () => {
  const imported = { code_sha256: "another", source_code_hash: null, filename: null, publish: null };
  expect(attributesOf(withProviderOnlyArguments(holding(ours, imported), planned))).toEqual(imported);
});

test("no value that an import read from AWS is replaced", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...planned),
      fc.dictionary(
        fc.constantFrom("filename", "publish", "timeouts", "name", "description", "code_sha256"),
        fc.jsonValue(),
      ),
      (resource, attributes) => {
        const result = attributesOf(withProviderOnlyArguments(holding(resource, attributes), planned));
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
  ["aws_connect_contact_flow.inbound", "Managed by Terraform (dev-recorded-us-east-1).", []],
  [
    "aws_connect_contact_flow.inbound",
    "Managed by Terraform (other-recorded-us-east-1).",
    ["aws_connect_contact_flow.inbound"],
  ],
])("%s with the description %j is reported as %j", (address, description, told) => {
  const foreign = foreignResources(holding(wantedAt(address), { description }), planned);
  expect(foreign.map((sentence) => sentence.split(" ")[0])).toEqual(told);
});

test("a resource in adoptExisting may have another creator", () => {
  const taken = { ...ours, change: { ...ours.change, importing: { id: "blockedCalls" } } };
  expect(foreignResources(holding(taken, { description: "mine" }), [taken])).toEqual([]);
});

test("a phone number in a description is redacted", () => {
  const [sentence = ""] = foreignResources(holding(ours, { description: "asks +15555550101" }), planned);
  expect(sentence).not.toContain("5555550101");
});
