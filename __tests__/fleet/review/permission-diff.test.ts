/** Every change of a role's permissions is a line that names the permission. */
import { policyLines } from "../../../fleet/review/permission-diff";

const policy = (action: string): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: action, Resource: "*" }] });

function lines(before: object, after: object, masks: object = {}): string[] {
  const change = { actions: ["update"] as const, before, after, ...masks };
  const resource = { address: "aws_iam_role.x", mode: "managed" as const, type: "aws_iam_role", name: "x", change };
  return policyLines(resource).map(({ sign, text }) => `${sign} ${text}`);
}

const admin = "arn:aws:iam::aws:policy/AdministratorAccess";
const boundary = "arn:aws:iam::111122223333:policy/boundary";

test.each<[what: string, before: object, after: object, expected: string[]]>([
  ["an attached policy", { managed_policy_arns: [] }, { managed_policy_arns: [admin] }, [`+ attached policy ${admin}`]],
  [
    "an inline policy",
    { inline_policy: [{ name: "a", policy: policy("s3:GetObject") }] },
    { inline_policy: [{ name: "a", policy: policy("s3:*") }] },
    ["- inline policy a: may: s3:GetObject on *", "+ inline policy a: may: s3:* on *"],
  ],
  [
    "a permissions boundary",
    { permissions_boundary: boundary },
    { permissions_boundary: null },
    [`- permissions boundary ${boundary}`],
  ],
  [
    "a trust policy",
    { assume_role_policy: policy("sts:AssumeRole") },
    { assume_role_policy: policy("sts:TagSession") },
    ["- may: sts:AssumeRole on *", "+ may: sts:TagSession on *"],
  ],
])("%s is shown", (_, before, after, expected) => {
  expect(lines(before, after)).toEqual(expected);
});

test("a sensitive policy is shown as changed, without its text", () => {
  const masks = { after_sensitive: { assume_role_policy: true } };
  const [before, after] = [{ assume_role_policy: policy("a:b") }, { assume_role_policy: policy("c:d") }];
  expect(lines(before, after, masks)).toEqual(["~ assume_role_policy: (sensitive)"]);
  expect(lines(before, before, masks)).toEqual([]);
});

test("a policy that differs only in the name of a statement is shown as changed", () => {
  const named = JSON.stringify({ ...(JSON.parse(policy("a:b")) as object), Id: "x" });
  expect(lines({ assume_role_policy: policy("a:b") }, { assume_role_policy: named })).toEqual([
    "+ assume_role_policy › Id: x",
  ]);
});
