/** The flow module that asks the Lambda whether a caller is blocked and leaves the answer in a contact attribute. */
import { withPositions } from "./diagram/layout";
import { requireLiteral } from "./literal-text";
import { type FlowContent, FLOW_LANGUAGE_VERSION, type ModelledAction } from "./language/types";
import { requireAccepted } from "./language/validate";

/** Name of the module in every instance; the vendor's guide uses it too. */
export const BLOCKED_STATUS_MODULE_NAME = "blockedStatus";
/** The contact attribute that carries the answer to the flow that called the module. */
export const BLOCKED_STATUS_ATTRIBUTE = "blockedStatus";
export const MATCH = "match";
export const NO_MATCH = "nomatch";

/** Identifiers of the module's actions, which are also the names of its blocks in the Connect console. */
export const BLOCKED_STATUS_ACTIONS = {
  assumeNoMatch: "Assume nomatch",
  askLambda: "Ask the Lambda",
  isMatch: "Is it a match?",
  setMatch: "Set match",
  setNoMatch: "Set nomatch",
  done: "Return to the flow",
} as const;

export interface BlockedStatusModuleProps {
  /** ARN of the function's alias: the one that is associated with the instance. */
  readonly functionArn: string;
  /** Disposition that blocks a number; two levels joined with `:`. Handed to the Lambda character for character. */
  readonly blockedDisposition: string;
  /** Alias of the Connect instance, as in `dextr-<InstanceName>`. */
  readonly instanceName: string;
  /** Time limit of the Lambda block in seconds, 1 to 8; the caller hears silence meanwhile. */
  readonly flowTimeLimitSeconds: number;
}

/**
 * The content of the module. The attribute ends as `match` exactly when the Lambda answered `match` and that could be
 * written; else as `nomatch`, if any write at all succeeded.
 *
 * `nomatch` is written first, so that a contact never reaches the Lambda with nothing set or with the `match` of an
 * earlier transfer, and again on every way that does not end in a written `match`: attributes are the only memory of a
 * flow, so it cannot know whether the first write failed, and writing the same value twice is harmless.
 *
 * @throws Error when the Disposition or the instance name would not reach the Lambda as it is written, or when Connect
 *   would refuse the content, as it does for a time limit over 8 seconds
 */
export function blockedStatusModule(props: BlockedStatusModuleProps): FlowContent {
  requireLiteral({ blockedDisposition: props.blockedDisposition, instanceName: props.instanceName });
  const id = BLOCKED_STATUS_ACTIONS;
  const actions: readonly ModelledAction[] = [
    setStatus(id.assumeNoMatch, NO_MATCH, id.askLambda, id.askLambda),
    {
      Identifier: id.askLambda,
      Type: "InvokeLambdaFunction",
      Parameters: {
        LambdaFunctionARN: props.functionArn,
        InvocationTimeLimitSeconds: String(props.flowTimeLimitSeconds),
        InvocationType: "SYNCHRONOUS",
        LambdaInvocationAttributes: {
          BlockedDisposition: props.blockedDisposition,
          InstanceName: props.instanceName,
        },
        ResponseValidation: { ResponseType: "STRING_MAP" },
      },
      Transitions: {
        NextAction: id.isMatch,
        Errors: [{ NextAction: id.setNoMatch, ErrorType: "NoMatchingError" }],
      },
    },
    {
      Identifier: id.isMatch,
      Type: "Compare",
      Parameters: { ComparisonValue: "$.External.response" },
      Transitions: {
        NextAction: id.setNoMatch,
        Errors: [{ NextAction: id.setNoMatch, ErrorType: "NoMatchingCondition" }],
        Conditions: [{ NextAction: id.setMatch, Condition: { Operator: "Equals", Operands: [MATCH] } }],
      },
    },
    setStatus(id.setMatch, MATCH, id.done, id.setNoMatch),
    setStatus(id.setNoMatch, NO_MATCH, id.done, id.done),
    { Identifier: id.done, Type: "EndFlowModuleExecution", Parameters: {}, Transitions: {} },
  ];
  const content = withPositions({
    Version: FLOW_LANGUAGE_VERSION,
    StartAction: id.assumeNoMatch,
    Actions: actions,
    // What the console writes into every module, whatever the module does.
    Settings: {
      InputParameters: [],
      OutputParameters: [],
      Transitions: [
        { DisplayName: "Success", ReferenceName: "Success", Description: "" },
        { DisplayName: "Error", ReferenceName: "Error", Description: "" },
      ],
    },
  });
  return requireAccepted(content, "module", `module ${BLOCKED_STATUS_MODULE_NAME}`);
}

function setStatus(identifier: string, value: string, next: string, onError: string): ModelledAction {
  return {
    Identifier: identifier,
    Type: "UpdateContactAttributes",
    Parameters: { Attributes: { [BLOCKED_STATUS_ATTRIBUTE]: value }, TargetContact: "Current" },
    Transitions: { NextAction: next, Errors: [{ NextAction: onError, ErrorType: "NoMatchingError" }] },
  };
}
