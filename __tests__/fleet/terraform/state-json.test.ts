/** States are read as Terraform writes them: managed objects, which of them are tainted, and when two states are equal. */
import { parseState } from "../../../fleet/terraform/state-json";

const resource = (type: string, instances: readonly object[], mode = "managed") => ({
  mode,
  type,
  name: "one",
  provider: 'provider["registry.terraform.io/hashicorp/aws"]',
  instances,
});
const state = (...resources: readonly object[]): string =>
  JSON.stringify({ version: 4, serial: 3, lineage: "line", outputs: {}, resources, check_results: null });
const tainted = (text: string): readonly string[] =>
  (parseState(text)?.objects ?? []).filter(({ isTainted }) => isTainted).map(({ address }) => address);

test("only tainted resources are tainted, also those with count and for_each", () => {
  const text = state(
    resource("aws_iam_role", [{ status: "tainted", attributes: { id: "one" } }]),
    resource("aws_iam_role_policy", [{ index_key: 0, status: "tainted" }, { index_key: 1 }]),
    resource("aws_sns_topic", [{ index_key: "a", status: "tainted" }]),
    resource("aws_lambda_alias", [{ attributes: { id: "live" } }]),
  );
  expect(tainted(text)).toEqual(["aws_iam_role.one", "aws_iam_role_policy.one[0]", 'aws_sns_topic.one["a"]']);
});

test("the old object of an interrupted replacement and a data source are not tainted", () => {
  const text = state(
    resource("aws_iam_role", [{ status: "tainted", deposed: "0b2f3a52" }]),
    resource("aws_iam_role", [{ status: "tainted" }], "data"),
  );
  expect(tainted(text)).toEqual([]);
});

test("the same resource with another id is another object", () => {
  const keys = (id: string) =>
    parseState(state(resource("aws_sns_topic", [{ attributes: { id } }])))?.objects.map(({ key }) => key);
  expect(keys("a")).toEqual(keys("a"));
  expect(keys("a")).not.toEqual(keys("b"));
});

test("lineage and serial are not part of the content; resources are", () => {
  const text = state(resource("aws_sns_topic", [{ attributes: { id: "a" } }]));
  const pushed = JSON.stringify({ ...(JSON.parse(text) as object), lineage: "other", serial: 9 });
  expect(parseState(pushed)).toMatchObject({ lineage: "other", serial: 9 });
  expect(parseState(pushed)?.content).toBe(parseState(text)?.content);
  expect(parseState(state())?.content).not.toBe(parseState(text)?.content);
});

test.each(["", "{", "[]", JSON.stringify({ resources: "none" })])("%j is no state", (text) => {
  expect(parseState(text)).toBeUndefined();
});
