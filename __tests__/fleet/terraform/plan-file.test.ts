/** The addresses of tainted resources are read from a state as Terraform writes it. */
import { taintedAddresses } from "../../../fleet/terraform/plan-file";

const resource = (type: string, instances: readonly object[], mode = "managed") => ({
  mode,
  type,
  name: "one",
  provider: 'provider["registry.terraform.io/hashicorp/aws"]',
  instances,
});
const state = (...resources: readonly object[]): string =>
  JSON.stringify({ version: 4, serial: 3, lineage: "line", outputs: {}, resources, check_results: null });

test("only tainted resources are listed, also those with count and for_each", () => {
  expect(
    taintedAddresses(
      state(
        resource("aws_iam_role", [{ status: "tainted", attributes: { name: "one" } }]),
        resource("aws_iam_role_policy", [{ index_key: 0, status: "tainted" }, { index_key: 1 }]),
        resource("aws_sns_topic", [{ index_key: "a", status: "tainted" }]),
        resource("aws_lambda_alias", [{ attributes: {} }]),
      ),
    ),
  ).toEqual(["aws_iam_role.one", "aws_iam_role_policy.one[0]", 'aws_sns_topic.one["a"]']);
});

test("the old object of an interrupted replacement and a data source are left out", () => {
  expect(
    taintedAddresses(
      state(
        resource("aws_iam_role", [{ status: "tainted", deposed: "0b2f3a52" }]),
        resource("aws_iam_role", [{ status: "tainted" }], "data"),
      ),
    ),
  ).toEqual([]);
});

test("a state that does not exist yet has none", () => {
  expect(taintedAddresses("")).toEqual([]);
});
