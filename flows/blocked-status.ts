/** Builds the `blockedStatus` flow module: it invokes the function and writes the answer to a contact attribute. */
import { withPositions } from "./diagram/layout";
import { requireLiteral } from "./literal-text";
import { type FlowContent, FLOW_LANGUAGE_VERSION, type ModelledAction } from "./language/types";
import { requireAccepted } from "./language/validate";

/** Name of the module in every instance. The vendor's guide uses the same name. */
export const BLOCKED_STATUS_MODULE_NAME = "blockedStatus";
/** Contact attribute that passes the answer to the calling flow. */
export const BLOCKED_STATUS_ATTRIBUTE = "blockedStatus";
export const MATCH = "match";
export const NO_MATCH = "nomatch";

/** Identifiers of the module's actions. The Connect console shows them as block names. */
export const BLOCKED_STATUS_ACTIONS = {
  assumeNoMatch: "Assume nomatch",
  askLambda: "Ask the Lambda",
  isMatch: "Is it a match?",
  setMatch: "Set match",
  setNoMatch: "Set nomatch",
  done: "Return to the flow",
} as const;

export interface BlockedStatusModuleProps {
  /** ARN of the function's alias. The same ARN must be associated with the instance. */
  readonly functionArn: string;
  /** Blocked Disposition; two levels are joined with `:`. The function receives exactly these characters. */
  readonly blockedDisposition: string;
  /** Alias of the Connect instance, as in `dextr-<InstanceName>`. */
  readonly instanceName: string;
  /** Time limit of the Lambda block in seconds, 1 to 8. The caller hears silence while the function runs. */
  readonly flowTimeLimitSeconds: number;
}

/**
 * Returns the content of the module.
 *
 * The attribute ends as `match` only if the function answered `match` and Connect wrote that value. Otherwise it ends as `nomatch`,
 * provided that at least one write succeeded.
 *
 * The module writes `nomatch` first. A transferred contact may arrive with an old `match`, and a contact must never reach the function
 * with no value. Every path that does not write `match` writes `nomatch` again, because the flow cannot know whether the first write
 * failed. Writing the same value twice is harmless.
 *
 * @throws UnusableText if Connect or Terraform would change the Disposition or the instance name
 * @throws Error if Connect would refuse the content, for example a time limit over 8 seconds
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
    // The console writes these settings into every module.
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
