// Content of the blockedStatus module: fixed parameters, validation, and refused texts.
import { BLOCKED_STATUS_ACTIONS, blockedStatusModule } from "../../flows/blocked-status";
import { validateContent } from "../../flows/language/validate";

const props = {
  functionArn: "arn:aws:lambda:us-east-1:111122223333:function:blockedCalls-acme:live",
  blockedDisposition: "Nuisance:Confirmed",
  instanceName: "acme",
  flowTimeLimitSeconds: 3,
};

test("Connect accepts the module", () => {
  expect(validateContent(blockedStatusModule(props), "module")).toEqual([]);
});

test("the Disposition and the instance name are static text, and every scalar is a string", () => {
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

test("one error names every text that Connect would read as a reference", () => {
  const build = () =>
    blockedStatusModule({ ...props, blockedDisposition: "$.Attributes.Any", instanceName: "a$['b']" });
  expect(build).toThrow(
    'blockedDisposition: Connect would read "$.Attributes.Any" at character 1 as a reference to contact data. ' +
      'The flow language has no escape for references. Remove "$." and "$[" from the text.\n' +
      "instanceName: Connect would read \"$['b']\" at character 2",
  );
});

test("an empty Disposition is refused", () => {
  expect(() => blockedStatusModule({ ...props, blockedDisposition: "" })).toThrow(
    "blockedDisposition: the text is empty. Connect refuses empty text. Enter a text.",
  );
});

test.each(["e\u0301", "Nuisance \ud800"])(
  "a Disposition that Terraform would change is refused: %j",
  (blockedDisposition) => {
    expect(() => blockedStatusModule({ ...props, blockedDisposition })).toThrow(
      /^blockedDisposition: ".+" is not in Unicode normal form C\. Terraform would convert it\./,
    );
  },
);

test("a Disposition in normal form C is unchanged in any language", () => {
  const blockedDisposition = "\u00e9t\u00e9 😀 迷惑電話";
  expect(JSON.stringify(blockedStatusModule({ ...props, blockedDisposition }))).toContain(blockedDisposition);
});

test.each([
  [{ flowTimeLimitSeconds: 9 }, "InvocationTimeLimitSeconds", 'The value is "9". Allowed: a whole number from 1 to 8.'],
  [{ flowTimeLimitSeconds: 0 }, "InvocationTimeLimitSeconds", 'The value is "0". Allowed: a whole number from 1 to 8.'],
  [
    { functionArn: "the function" },
    "LambdaFunctionARN",
    'The value is "the function". Allowed: an id, an ARN or one reference such as "$.Attributes.name".',
  ],
])("building a module that Connect would refuse fails: %j", (change, parameter, hint) => {
  expect(() => blockedStatusModule({ ...props, ...change })).toThrow(
    "Connect would refuse module blockedStatus:\n" +
      `  Invalid Action property value. Path: Actions[1].Parameters.${parameter}\n    ${hint}`,
  );
});
