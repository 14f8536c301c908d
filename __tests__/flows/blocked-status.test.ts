// The blockedStatus module as content: what it bakes in, what Connect would say to it, and which texts it refuses.
import { BLOCKED_STATUS_ACTIONS, blockedStatusModule } from "../../flows/blocked-status";
import { validateContent } from "../../flows/language/validate";

const props = {
  functionArn: "arn:aws:lambda:us-east-1:111122223333:function:blockedCalls-acme:live",
  blockedDisposition: "Nuisance:Confirmed",
  instanceName: "acme",
  flowTimeLimitSeconds: 3,
};

test("Connect accepts the module as it is built", () => {
  expect(validateContent(blockedStatusModule(props), "module")).toEqual([]);
});

test("the Disposition and the instance name are baked in as static texts, and every scalar is a string", () => {
  const action = blockedStatusModule(props).Actions.find((a) => a.Identifier === BLOCKED_STATUS_ACTIONS.askLambda);
  expect(action?.Parameters).toEqual({
    LambdaFunctionARN: props.functionArn,
    InvocationTimeLimitSeconds: "3",
    InvocationType: "SYNCHRONOUS",
    LambdaInvocationAttributes: { BlockedDisposition: "Nuisance:Confirmed", InstanceName: "acme" },
    ResponseValidation: { ResponseType: "STRING_MAP" },
  });
});

test("the same properties give the same bytes", () => {
  expect(JSON.stringify(blockedStatusModule({ ...props }))).toBe(JSON.stringify(blockedStatusModule(props)));
});

test("every text that Connect would read as a reference is named in one error", () => {
  const build = () =>
    blockedStatusModule({ ...props, blockedDisposition: "$.Attributes.Any", instanceName: "a$['b']" });
  expect(build).toThrow(
    'blockedDisposition: Connect would read "$.Attributes.Any" at character 1 as a reference to contact data, and its ' +
      'flow language has no escape for it. Write it without "$." and "$[".\n' +
      "instanceName: Connect would read \"$['b']\" at character 2",
  );
});

test("an empty Disposition is refused before Connect refuses it", () => {
  expect(() => blockedStatusModule({ ...props, blockedDisposition: "" })).toThrow(
    'blockedDisposition: "" is empty, which Connect refuses. Give a text.',
  );
});

test.each(["e\u0301", "Nuisance \ud800"])(
  "a Disposition that Terraform would change is refused: %j",
  (blockedDisposition) => {
    expect(() => blockedStatusModule({ ...props, blockedDisposition })).toThrow(
      /^blockedDisposition: ".+" is not in Unicode normal form C, into which Terraform changes every text\./,
    );
  },
);

test("a Disposition in normal form C is taken as it is, whatever its language", () => {
  const blockedDisposition = "\u00e9t\u00e9 😀 迷惑電話";
  expect(JSON.stringify(blockedStatusModule({ ...props, blockedDisposition }))).toContain(blockedDisposition);
});

test.each([
  [{ flowTimeLimitSeconds: 9 }, "InvocationTimeLimitSeconds", '"9" was given; allowed is a whole number from 1 to 8.'],
  [{ flowTimeLimitSeconds: 0 }, "InvocationTimeLimitSeconds", '"0" was given; allowed is a whole number from 1 to 8.'],
  [
    { functionArn: "the function" },
    "LambdaFunctionARN",
    '"the function" was given; allowed is an id, an ARN or one reference such as "$.Attributes.name".',
  ],
])("a module that Connect would refuse is not built: %j", (change, parameter, says) => {
  expect(() => blockedStatusModule({ ...props, ...change })).toThrow(
    "Connect would refuse module blockedStatus:\n" +
      `  Invalid Action property value. Path: Actions[1].Parameters.${parameter}\n    ${says}`,
  );
});
