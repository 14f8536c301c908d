/** Generates inbound flows of every shape: menus, loops, queues, callbacks, transfers, functions, modules; with or without positions. */
import fc from "fast-check";
import type { JsonValue } from "../../../flows/language/json";
import type { Action } from "../../../flows/language/types";

type Targets = readonly [string, string, string];
type Build = (id: string, targets: Targets) => Action;

const error = (next: string, ErrorType = "NoMatchingError") => ({ NextAction: next, ErrorType });
const equals = (operand: string, next: string) => ({
  NextAction: next,
  Condition: { Operator: "Equals", Operands: [operand] },
});
const simple =
  (Type: string, Parameters: Record<string, JsonValue>, errors = ["NoMatchingError"]): Build =>
  (Identifier, [next, other]) => ({
    Identifier,
    Type,
    Parameters,
    Transitions: { NextAction: next, Errors: errors.map((type) => error(other, type)) },
  });
const terminal =
  (Type: string): Build =>
  (Identifier) => ({ Identifier, Type, Parameters: {}, Transitions: {} });

const builders: readonly Build[] = [
  simple("MessageParticipant", { Text: "Välkommen, $.CustomerEndpoint.Address 🎉" }),
  simple("UpdateContactTargetQueue", { QueueId: "11111111-2222-4333-8444-555555555555" }),
  simple("UpdateContactTargetQueue", { QueueId: "$.Attributes.queue" }),
  simple("TransferContactToQueue", {}, ["QueueAtCapacity", "NoMatchingError"]),
  simple("CreateCallbackContact", {
    InitialCallDelaySeconds: "5",
    MaximumConnectionAttempts: "1",
    RetryDelaySeconds: "600",
  }),
  simple("TransferToFlow", { ContactFlowId: "99999999-2222-4333-8444-555555555555" }),
  simple("InvokeFlowModule", { FlowModuleId: "88888888-2222-4333-8444-555555555555" }),
  simple("UpdateContactAttributes", { Attributes: { language: "sv", "last choice": "$.StoredCustomerInput" } }),
  simple("InvokeLambdaFunction", {
    LambdaFunctionARN: "arn:aws:lambda:us-east-1:111122223333:function:customers",
    InvocationTimeLimitSeconds: "3",
  }),
  simple("TransferParticipantToThirdParty", { ThirdPartyPhoneNumber: "+15555550101" }, ["CallFailed"]),
  (Identifier, [next, other, third]) => ({
    Identifier,
    Type: "GetParticipantInput",
    Parameters: { Text: "Press 1 or 2", StoreInput: "False", InputTimeLimitSeconds: "5" },
    Transitions: {
      NextAction: next,
      Errors: [error(next, "InputTimeLimitExceeded"), error(other, "NoMatchingCondition"), error(third)],
      Conditions: [equals("1", other), equals("2", third)],
    },
  }),
  (Identifier, [next, other, third]) => ({
    Identifier,
    Type: "Compare",
    Parameters: { ComparisonValue: "$.Attributes.language" },
    Transitions: {
      NextAction: next,
      Errors: [error(next, "NoMatchingCondition")],
      Conditions: [equals("sv", other), equals("match", third)],
    },
  }),
  (Identifier, [next, other]) => ({
    Identifier,
    Type: "Loop",
    Parameters: { LoopCount: "2" },
    Transitions: { NextAction: next, Conditions: [equals("ContinueLooping", other), equals("DoneLooping", next)] },
  }),
  terminal("DisconnectParticipant"),
  terminal("DisconnectParticipant"),
];

/** Names of blocks, among them the names that the inserted blocks and the module's blocks have. */
const identifiers = [
  "11b6a5f0-0000-4000-8000-00000000000a",
  "Check the caller",
  "Is the caller blocked?",
  "Hang up",
  "Hang up 2",
  "Set match",
  "Ask the Lambda",
  "Menü 1",
  "a",
];

export interface GeneratedFlow {
  /** The content as JSON, in one of several styles. */
  readonly text: string;
  readonly identifiers: readonly string[];
}

export const generatedFlow: fc.Arbitrary<GeneratedFlow> = fc
  .record({
    names: fc.shuffledSubarray(identifiers, { minLength: 1 }),
    parts: fc.array(fc.tuple(fc.nat(builders.length - 1), fc.nat(8), fc.nat(8), fc.nat(8)), {
      minLength: identifiers.length,
      maxLength: identifiers.length,
    }),
    positions: fc.constantFrom("none", "position", "Position"),
    coordinates: fc.array(fc.oneof(fc.integer({ min: -500, max: 4000 }), fc.constant(12.5)), {
      minLength: 20,
      maxLength: 20,
    }),
    style: fc.constantFrom("", "  ", "\t"),
    isStartLast: fc.boolean(),
  })
  .map(({ names, parts, positions, coordinates, style, isStartLast }) => {
    const at = (n: number): string => names[n % names.length] ?? "";
    const Actions = names.map((id, n): Action => {
      const [type = 0, a = 0, b = 0, c = 0] = parts[n] ?? [];
      return (builders[type] ?? terminal("DisconnectParticipant"))(id, [at(a), at(b), at(c)]);
    });
    const ActionMetadata = Object.fromEntries(
      names.map((id, n) => [id, { [positions]: { x: coordinates[n] ?? 0, y: coordinates[n + 10] ?? 0 } }]),
    );
    const Metadata =
      positions === "none" ? {} : { Metadata: { entryPointPosition: { x: 1, y: 2 }, ActionMetadata, name: "Main" } };
    const start = { StartAction: at(0) };
    const content = {
      Version: "2019-10-30",
      ...(isStartLast ? {} : start),
      ...Metadata,
      Actions,
      ...(isStartLast ? start : {}),
    };
    // Escapes that JSON.stringify would not write must survive.
    return { text: JSON.stringify(content, null, style).replaceAll("ü", "\\u00fc"), identifiers: names };
  });
