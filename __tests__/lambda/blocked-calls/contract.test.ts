/** Tests that the function works with the module of the vendor's guide, imported by hand, with only the ARN changed. */
import { simulate } from "../../../flows/simulator";
import type { FlowContent } from "../../../flows/language/types";
import { connectEvent, startFunction, type ConnectEvent } from "./connect-event";
import { count, dynamoDbError, match, startScriptedServer, type Script, type ScriptedServer } from "./scripted-server";

const FUNCTION_ARN = "arn:aws:lambda:us-east-1:111122223333:function:blockedCalls";

/** The module of the guide. Both branches of the Lambda block lead to the comparison of `$.External.response`. */
function importedModule(disposition: string, instanceName: string): FlowContent {
  const set = (status: string) => ({
    Identifier: status,
    Type: "UpdateContactAttributes",
    Parameters: { Attributes: { blockedStatus: status }, TargetContact: "Current" },
    Transitions: { NextAction: "return", Errors: [{ NextAction: "return", ErrorType: "NoMatchingError" }] },
  });
  const when = (value: string) => ({ NextAction: value, Condition: { Operator: "Equals", Operands: [value] } });
  return {
    Version: "2019-10-30",
    StartAction: "lambda",
    Actions: [
      {
        Identifier: "lambda",
        Type: "InvokeLambdaFunction",
        Parameters: {
          LambdaFunctionARN: FUNCTION_ARN,
          InvocationTimeLimitSeconds: "3",
          LambdaInvocationAttributes: { BlockedDisposition: disposition, InstanceName: instanceName },
        },
        Transitions: { NextAction: "check", Errors: [{ NextAction: "check", ErrorType: "NoMatchingError" }] },
      },
      {
        Identifier: "check",
        Type: "Compare",
        Parameters: { ComparisonValue: "$.External.response" },
        Transitions: {
          NextAction: "nomatch",
          Errors: [{ NextAction: "nomatch", ErrorType: "NoMatchingCondition" }],
          Conditions: [when("match"), when("nomatch")],
        },
      },
      set("match"),
      set("nomatch"),
      { Identifier: "return", Type: "EndFlowModuleExecution", Parameters: {}, Transitions: {} },
    ],
    Settings: { InputParameters: [], OutputParameters: [], Transitions: [] },
  };
}

let server: ScriptedServer | undefined;
afterEach(async () => {
  await server?.stop();
});

const write =
  (answer: string): Script =>
  (socket) =>
    socket.write(answer);
const found: Script = (socket, { body }) => socket.write(match(body));

async function blockedStatus(script: Script, disposition = "Blocked", instanceName = "acme-dev") {
  server = await startScriptedServer(script);
  const { call } = startFunction(server.url);
  const { Attributes, ...rest } = connectEvent().Details.ContactData as unknown as Parameters<
    typeof simulate
  >[0]["contact"];
  const { attributes } = await simulate({
    content: importedModule(disposition, instanceName),
    kind: "module",
    contact: { ...rest, Attributes },
    invokeLambda: (_, event) => call(event),
  });
  return attributes["blockedStatus"];
}

test("the attribute is match for a blocked number", async () => {
  expect(await blockedStatus(found)).toBe("match");
});

test("the Disposition in the guide's export is looked up, although it is not configured", async () => {
  expect(await blockedStatus(found, "demonstration")).toBe("match");
  expect(server?.requests[0]?.body).toContain('":d":{"S":"demonstration"}');
});

test("the attribute is nomatch for an unlisted number, a failing table or another instance", async () => {
  expect(await blockedStatus(write(count(0)))).toBe("nomatch");
  await server?.stop();
  expect(await blockedStatus(write(dynamoDbError(400, "AccessDeniedException")))).toBe("nomatch");
  await server?.stop();
  expect(await blockedStatus(found, "Blocked", "thedarkside")).toBe("nomatch");
});

test("the query uses the same table, index and keys as the guide's function, for one item", async () => {
  await blockedStatus(write(count(0)));
  expect(JSON.parse(server?.requests[0]?.body ?? "")).toEqual({
    TableName: "dextr-acme-dev",
    IndexName: "Disposition-CustomerEndpoint-index",
    KeyConditionExpression: "#d = :d AND #c = :c",
    ExpressionAttributeNames: { "#d": "Disposition", "#c": "CustomerEndpoint" },
    ExpressionAttributeValues: { ":d": { S: "Blocked" }, ":c": { S: "+15555550100" } },
    Limit: 1,
    ProjectionExpression: "#d, #c",
  });
});

test("an event with only the fields that the guide's function reads is enough", async () => {
  server = await startScriptedServer(found);
  const { CustomerEndpoint } = connectEvent().Details.ContactData;
  const Parameters: ConnectEvent["Details"]["Parameters"] = { BlockedDisposition: "Blocked", InstanceName: "acme-dev" };
  const answer = await startFunction(server.url).call({ Details: { Parameters, ContactData: { CustomerEndpoint } } });
  expect(answer.response).toBe("match");
});
