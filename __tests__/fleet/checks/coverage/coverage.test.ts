/** Coverage of phone numbers against the Connect emulator over HTTP: flows, modules, versions, groups, damaged content, rates. */
import {
  ConnectClient,
  CreateContactFlowCommand,
  CreateContactFlowModuleAliasCommand,
  CreateContactFlowModuleCommand,
  CreateContactFlowModuleVersionCommand,
  DeleteContactFlowModuleCommand,
  UpdateContactFlowMetadataCommand,
  UpdateContactFlowModuleContentCommand,
} from "@aws-sdk/client-connect";
import {
  coveredNumbers,
  type NumberCoverage,
  outcomeOf,
  verdictText,
} from "../../../../fleet/checks/coverage/coverage";
import { paceRequests } from "../../../../fleet/aws/request-pacing";
import { inboundFlow } from "../../../../flows/inbound";
import { moduleContent } from "../../../../stacks/flow-contents";
import { type AwsEndpoint, serveAws } from "../../../../emulators/aws/aws-endpoint";
import { ConnectEmulator } from "../../../../emulators/connect/server";
import { matchRoute } from "../../../../emulators/connect/routes";
import { sampleInstance as instance } from "../../../stacks/sample-instance";

const { account, region, instanceId: InstanceId, instanceArn } = instance;
let endpoint: AwsEndpoint;
let emulator: ConnectEmulator;
let connect: ConnectClient;
/** Time of each request in milliseconds, with its operation. */
let requests: { readonly at: number; readonly operation: string }[];
/** Replaces the content of every described flow. */
let content: string | undefined;

async function start(throttle?: { perSecond: number; burst: number }): Promise<void> {
  emulator = new ConnectEmulator([{ account, region, id: InstanceId, alias: "acme" }], () => [], throttle);
  requests = [];
  content = undefined;
  endpoint = await serveAws((request) => {
    const operation = matchRoute(request.method, request.url.split("?")[0] ?? "")?.operation ?? "";
    requests.push({ at: Date.now(), operation });
    const answer = emulator.handle(request);
    if (content === undefined || operation !== "DescribeContactFlow") return answer;
    const { ContactFlow } = JSON.parse(answer.body) as { ContactFlow: object };
    return { ...answer, body: JSON.stringify({ ContactFlow: { ...ContactFlow, Content: content } }) };
  });
  const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "emulated" };
  connect = new ConnectClient({ endpoint: endpoint.url, region, credentials, maxAttempts: 8 });
}
async function stop(): Promise<void> {
  connect.destroy();
  await endpoint.close();
}
beforeEach(() => start());
afterEach(stop);

type Block = [id: string, type: string, parameters: object, next?: string, more?: object];
const json = (...blocks: Block[]): string =>
  JSON.stringify({
    Version: "2019-10-30",
    StartAction: blocks[0]?.[0],
    Actions: blocks.map(([Identifier, Type, Parameters, NextAction, more]) => {
      const Errors = [{ ErrorType: "NoMatchingError", NextAction }];
      return {
        Identifier,
        Type,
        Parameters,
        Transitions: NextAction === undefined ? {} : { NextAction, Errors, ...more },
      };
    }),
    Settings: {},
  });
const hangUp: Block = ["end", "DisconnectParticipant", {}];
const queued: Block[] = [
  ["set", "UpdateContactTargetQueue", { QueueId: "queue-1" }, "to"],
  ["to", "TransferContactToQueue", {}, "end"],
  hangUp,
];
const compare: Block = [
  "compare",
  "Compare",
  { ComparisonValue: "$.Attributes.blockedStatus" },
  "set",
  {
    Errors: [{ ErrorType: "NoMatchingCondition", NextAction: "set" }],
    Conditions: [{ NextAction: "end", Condition: { Operator: "Equals", Operands: ["match"] } }],
  },
];
/** A comparison that leads to `next` for the operand, and ends the call otherwise. */
const skippingTo = (next: string, parameters: object, operand: string): Block => [
  "first",
  "Compare",
  parameters,
  "end",
  {
    Errors: [{ ErrorType: "NoMatchingCondition", NextAction: "end" }],
    Conditions: [{ NextAction: next, Condition: { Operator: "Equals", Operands: [operand] } }],
  },
];
const checked = (module: string): string =>
  json(["check", "InvokeFlowModule", { FlowModuleId: module }, "compare"], compare, ...queued);

async function flow(Name: string, Content: string, Type: "CONTACT_FLOW" | "CUSTOMER_QUEUE" = "CONTACT_FLOW") {
  const made = await connect.send(new CreateContactFlowCommand({ InstanceId, Name, Type, Content }));
  return made.ContactFlowId ?? "";
}
async function module(Name: string, Content: string) {
  return (await connect.send(new CreateContactFlowModuleCommand({ InstanceId, Name, Content }))).Id ?? "";
}
const blockedStatus = () => module("blockedStatus", JSON.stringify(moduleContent(instance)));
const claim = (flowId?: string, last = "01", description = "Main line") =>
  emulator.claimNumber(InstanceId, { number: `+155555501${last}`, description, ...(flowId && { flowId }) });
async function coverage(of = instance): Promise<readonly NumberCoverage[]> {
  return (await coveredNumbers(of, connect, false)).map((one) => one.coverage);
}
/** The verdict of the only number. */
async function verdict(of = instance): Promise<readonly [string, string | undefined]> {
  const [only] = await coverage(of);
  return [only?.verdict ?? "", only?.reason];
}

test("a number whose flow checks the caller and ends the call on a match is protected", async () => {
  const id = await flow("Main inbound", checked(await blockedStatus()));
  const { id: numberId } = claim(id);
  expect(await coverage()).toEqual([
    {
      number: "+1••••••••01",
      numberId,
      description: "Main line",
      flow: { id, name: "Main inbound" },
      verdict: "protected",
      simulation: {
        blockedCaller: "reaches no queue, agent, callback or external number",
        unblockedCaller: "reaches a queue",
      },
    },
  ]);
});

test("a number that the environment file lists as unprotected keeps its verdict and is no failure", async () => {
  claim(await flow("Main inbound", json(...queued)));
  claim(await flow("Emergency", json(...queued)), "02");
  const listed = { ...instance, flows: { unprotectedNumbers: ["+15555550102"] } };
  const [first, second] = await coveredNumbers(listed, connect, false);
  if (first === undefined || second === undefined) throw new Error("not two numbers");
  expect(first.coverage).not.toHaveProperty("isDeliberate");
  expect(second.coverage).toMatchObject({ verdict: "not checked", isDeliberate: true });
  expect([first, second].map(({ coverage: one }) => [outcomeOf(one), verdictText(one)])).toEqual([
    ["failed", "not checked"],
    ["ok", "deliberately unprotected"],
  ]);
});

test("a blocked caller may reach the queue of flows.whenBlocked", async () => {
  const queueId = "77777777-2222-4333-8444-555555555555";
  const whenBlocked = { action: "queue", queueId } as const;
  claim(
    await flow(
      "Main",
      JSON.stringify(inboundFlow({ moduleId: await blockedStatus(), queueId: "queue-1", whenBlocked })),
    ),
  );
  expect((await verdict())[0]).not.toBe("protected");
  expect(await verdict({ ...instance, flows: { whenBlocked, unprotectedNumbers: [] } })).toEqual([
    "protected",
    undefined,
  ]);
});

test("a flow without the module is not checked, and the path and both callers are shown", async () => {
  claim(await flow("Main inbound", json(...queued)));
  expect(await coverage()).toMatchObject([
    {
      verdict: "not checked",
      reason: "a blocked caller reaches a queue",
      path: [
        { flow: "Main inbound", block: "set", branch: "success" },
        { flow: "Main inbound", block: "to", branch: "success" },
      ],
      simulation: { blockedCaller: "reaches a queue", unblockedCaller: "reaches a queue" },
    },
  ]);
});

test("transfers, nested modules and ARNs are followed, and every flow is read once", async () => {
  const check = await blockedStatus();
  const gate = await module(
    "Gate",
    json(
      ["check", "InvokeFlowModule", { FlowModuleId: check }, "compare"],
      compare,
      ["set", "EndFlowModuleExecution", {}],
      hangUp,
    ),
  );
  const second = await flow("Second", json(...queued));
  const first = json(
    [
      "gate",
      "InvokeFlowModule",
      { FlowModuleId: `${instanceArn}/flow-module/${gate}` },
      "go",
      { Errors: [{ ErrorType: "NoMatchingError", NextAction: "end" }] },
    ],
    ["go", "TransferToFlow", { ContactFlowId: `${instanceArn}/contact-flow/${second}` }, "end"],
    hangUp,
  );
  const id = await flow("First", first);
  claim(id, "01");
  claim(`${instanceArn}/contact-flow/${id}`, "02");
  requests.length = 0;
  expect((await coverage()).map((one) => one.verdict)).toEqual(["protected", "protected"]);
  const described = requests.filter(({ operation }) => operation === "DescribeContactFlow");
  expect(described).toHaveLength(2);
});

test("a published version and an alias of the module are the check", async () => {
  const id = await blockedStatus();
  await connect.send(new CreateContactFlowModuleVersionCommand({ InstanceId, ContactFlowModuleId: id }));
  const { Id: alias } = await connect.send(
    new CreateContactFlowModuleAliasCommand({
      InstanceId,
      ContactFlowModuleId: id,
      AliasName: "live",
      ContactFlowModuleVersion: 1,
    }),
  );
  claim(await flow("By version", checked(`${id}:1`)), "01");
  claim(await flow("By alias", checked(`${instanceArn}/flow-module/${id}/alias/${alias ?? ""}`)), "02");
  claim(await flow("Another version", checked(`${id}:7`)), "03");
  claim(await flow("Another alias", checked(`${instanceArn}/flow-module/${id}/alias/gone`)), "04");
  // The version keeps its content when the module changes.
  const Content = json(["end", "EndFlowModuleExecution", {}]);
  await connect.send(new UpdateContactFlowModuleContentCommand({ InstanceId, ContactFlowModuleId: id, Content }));
  claim(await flow("Latest", checked(id)), "05");
  expect((await coverage()).map((one) => [one.verdict, one.reason])).toEqual([
    ["protected", undefined],
    ["protected", undefined],
    ["unknown", `the version 7 of the module ${id} does not exist`],
    ["unknown", `the alias gone of the module ${id} does not exist`],
    ["not checked", "a blocked caller reaches a queue"],
  ]);
});

describe("a module blockedStatus", () => {
  const answer = (name: string): Block => [
    name,
    "Compare",
    { ComparisonValue: "$.External.response" },
    "nomatch",
    {
      Errors: [{ ErrorType: "NoMatchingCondition", NextAction: "nomatch" }],
      Conditions: ["match", "nomatch"].map((operand) => ({
        NextAction: operand,
        Condition: { Operator: "Equals", Operands: [operand] },
      })),
    },
  ];
  const set = (value: string): Block => [
    value,
    "UpdateContactAttributes",
    { Attributes: { blockedStatus: value }, TargetContact: "Current" },
    "return",
  ];
  const ask: Block[] = [
    [
      "ask",
      "InvokeLambdaFunction",
      { LambdaFunctionARN: "arn:aws:lambda:x", InvocationTimeLimitSeconds: "3" },
      "answer",
    ],
    answer("answer"),
    set("match"),
    set("nomatch"),
    ["return", "EndFlowModuleExecution", {}],
  ];
  const skipping = (Type: string, parameters: object, Operator: string, operand: string): Block => [
    "first",
    Type,
    parameters,
    "ask",
    {
      Errors: [{ ErrorType: "NoMatchingCondition", NextAction: "ask" }],
      Conditions: [{ NextAction: "return", Condition: { Operator, Operands: [operand] } }],
    },
  ];
  const menu = skipping("GetParticipantInput", { Text: "Press 1", InputTimeLimitSeconds: "5" }, "Equals", "1");

  test("with the blocks of the vendor's module is the check", async () => {
    claim(await flow("Main inbound", checked(await module("blockedStatus", json(...ask)))));
    expect((await verdict())[0]).toBe("protected");
  });

  test.each<[string, Block]>([
    ["a percentage", skipping("DistributeByPercentage", {}, "NumberLessThan", "51")],
    [
      "the called number",
      skipping("Compare", { ComparisonValue: "$.SystemEndpoint.Address" }, "Equals", "+15555550123"),
    ],
    ["an attribute", skipping("Compare", { ComparisonValue: "$.Attributes.vip" }, "Equals", "yes")],
    ["another answer", skipping("Compare", { ComparisonValue: "$.External.vip" }, "Equals", "yes")],
    ["a menu", menu],
    ["another module", ["first", "InvokeFlowModule", { FlowModuleId: "other" }, "return"]],
  ])("that skips the lookup because of %s makes the verdict unknown", async (_, first) => {
    // The error branch of another module leads to the lookup, so a play without that module passes.
    const [id, type, parameters, next = "ask", more] = first;
    const retried = { Errors: [{ ErrorType: "NoMatchingError", NextAction: "ask" }], ...more };
    const skips = await module("blockedStatus", json([id, type, parameters, next, retried], ...ask));
    claim(await flow("Main inbound", checked(skips)));
    const [result, reason] = await verdict();
    expect(result).toBe("unknown");
    expect(reason).toContain('the module blockedStatus may not check every caller: its block "first" has branches');
  });

  test("that keeps an old answer is not the check", async () => {
    const old = skipping("Compare", { ComparisonValue: "$.Attributes.blockedStatus" }, "Equals", "nomatch");
    claim(await flow("Main inbound", checked(await module("blockedStatus", json(old, ...ask)))));
    expect((await verdict())[0]).not.toBe("protected");
  });
});

test("a module that was deleted takes its error branch, so no caller is checked", async () => {
  const id = await blockedStatus();
  claim(await flow("Main inbound", checked(id)));
  await connect.send(new DeleteContactFlowModuleCommand({ InstanceId, ContactFlowModuleId: id }));
  await blockedStatus();
  expect(await verdict()).toEqual(["not checked", "a blocked caller reaches a queue"]);
});

test("the default customer queue flow is followed", async () => {
  const waiting = json(["check", "InvokeFlowModule", { FlowModuleId: await blockedStatus() }, "end"], hangUp);
  await flow("Default customer queue", waiting, "CUSTOMER_QUEUE");
  claim(await flow("Main inbound", json(...queued)));
  const [number] = await coverage();
  expect(number).toMatchObject({ verdict: "checked too late", passedBlock: "to" });
  expect(number?.path?.at(-1)).toEqual({ flow: "Default customer queue", block: "check", branch: "success" });
});

test("numbers of a traffic distribution group and numbers on many pages are found", async () => {
  const id = await flow("Main inbound", checked(await blockedStatus()));
  const groups = Array.from({ length: 11 }, (_, n) => emulator.addTrafficDistributionGroup(InstanceId, `group ${n}`));
  const number = { number: "+15555550190", flowId: id };
  emulator.claimNumber(InstanceId, { ...number, ...(groups[10] && { group: groups[10] }) });
  for (let n = 0; n < 120; n++) emulator.claimNumber(InstanceId, { number: "+15555550101", flowId: id });
  const found = await coverage();
  expect(found).toHaveLength(121);
  expect(new Set(found.map((one) => one.verdict))).toEqual(new Set(["protected"]));
});

test("an instance without numbers needs two requests", async () => {
  expect(await coverage()).toEqual([]);
  expect(requests.map(({ operation }) => operation)).toEqual(["ListPhoneNumbersV2", "ListTrafficDistributionGroups"]);
});

test("a number without a flow is unknown", async () => {
  claim();
  expect(await verdict()).toEqual(["unknown", "no flow is associated with the number"]);
});

test("the separate queue for blocked callers may be reached after the comparison", async () => {
  const whenBlocked = { action: "queue", queueId: "queue-2" } as const;
  const moduleId = await blockedStatus();
  claim(await flow("Main inbound", JSON.stringify(inboundFlow({ moduleId, queueId: "queue-1", whenBlocked }))));
  expect((await verdict())[0]).toBe("answer ignored");
  const configured = { name: "Main inbound", queueId: "queue-1", whenBlocked };
  expect((await verdict({ ...instance, inboundFlow: configured }))[0]).toBe("protected");
  const byArn = { ...configured, whenBlocked: { action: "queue", queueId: `${instanceArn}/queue/queue-2` } as const };
  expect((await verdict({ ...instance, inboundFlow: byArn }))[0]).toBe("protected");
});

test("archived and foreign flows are unknown", async () => {
  const archived = await flow("Old", json(...queued));
  await connect.send(
    new UpdateContactFlowMetadataCommand({ InstanceId, ContactFlowId: archived, ContactFlowState: "ARCHIVED" }),
  );
  const foreign = instanceArn.replace(InstanceId, "00000000-0000-4000-8000-00000000000f");
  const goTo = (ContactFlowId: string) => json(["go", "TransferToFlow", { ContactFlowId }, "end"], hangUp);
  claim(await flow("To old", goTo(archived)), "01");
  claim(await flow("To another instance", goTo(`${foreign}/contact-flow/1234`)), "02");
  expect((await coverage()).map((one) => one.reason)).toEqual([
    "the flow Old is archived",
    `the flow ${foreign}/contact-flow/1234 is not a flow of this instance`,
  ]);
});

describe("damaged content", () => {
  const deep = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;
  const many = (count: number): Block[] =>
    Array.from({ length: count }, (_, n) => [`b${n}`, "MessageParticipant", { Text: "Hi" }, `b${(n + 1) % count}`]);
  const loops = Array.from({ length: 60 }, (_, n): Block => [
    `l${n}`,
    "Loop",
    { LoopCount: "5" },
    `l${(n + 1) % 60}`,
    {
      Conditions: ["ContinueLooping", "DoneLooping"].map((operand, k) => ({
        NextAction: `l${(n + 1 + 7 * k) % 60}`,
        Condition: { Operator: "Equals", Operands: [operand] },
      })),
    },
  ]);

  test.each<[string, string, string]>([
    ["empty content", "", "its content is not JSON"],
    ["content that is not JSON", "{", "its content is not JSON"],
    ["a list", "[]", "its content is not a JSON object"],
    ["deeply nested JSON", deep, "its content is not a JSON object"],
    ["a legacy export", '{"modules":[]}', "its content is in the legacy export format"],
    ["no blocks", '{"StartAction":"a"}', "its content has no list of blocks"],
    ["a block that is null", '{"StartAction":"a","Actions":[null]}', "the block Actions[0] has an unknown form"],
    ["too many blocks", json(...many(2001)), "its content has 2001 blocks"],
    ["huge content", `"${"x".repeat(2_000_000)}"`, "its content has more than 2 million characters"],
    ["a duplicate identifier", json(hangUp, hangUp), "several blocks have the same identifier"],
    ["a missing target", json(["a", "Wait", {}, "b"]), 'the block "a" leads to a block that does not exist'],
    ["a start that is missing", '{"StartAction":"b","Actions":[]}', "its first block does not exist"],
  ])("%s is unknown", async (_, damaged, reason) => {
    claim(await flow("Main inbound", json(...queued)));
    content = damaged;
    expect(await verdict()).toEqual(["unknown", `the flow Main inbound cannot be read: ${reason}`]);
  });

  test("too many combinations of loops are unknown", async () => {
    claim(await flow("Main inbound", json(...queued)));
    content = json(...loops, ...queued);
    const [result, reason] = await verdict();
    expect(result).toBe("unknown");
    expect(reason).toBe("the flow has more than 50000 combinations of paths");
  }, 30_000);

  test("reserved names, parameters of another form and circles do not stop the analysis", async () => {
    const names = ["__proto__", "constructor", "toString", "hasOwnProperty"];
    const blocks = names.map((name, n): Block => [name, "MessageParticipant", { Text: 7 }, names[(n + 1) % 4] ?? ""]);
    const circle = await flow("Circle", json(["go", "TransferToFlow", { ContactFlowId: "__proto__" }, "end"], hangUp));
    claim(circle, "01");
    claim(await flow("Names", json(...blocks)), "02");
    claim(
      await flow("Forms", json(["set", "UpdateContactAttributes", { Attributes: [1] }, "to"], ...queued.slice(1))),
      "03",
    );
    const self = json(["go", "InvokeFlowModule", { FlowModuleId: "constructor" }, "go"]);
    claim(await flow("Module", self), "04");
    const found = (await coverage()).map((one) => one.verdict);
    expect(found).toEqual(["unknown", "protected", "protected", "protected"]);
  });
});

test("phone numbers in the names of blocks and branches are redacted, with any grouping", async () => {
  const compared = skippingTo("to", { ComparisonValue: "$.CustomerEndpoint.Address" }, "+15555550123");
  const to: Block[] = [["to", "TransferToFlow", { ContactFlowId: "call 1-800-555-0199" }, "end"], hangUp];
  claim(await flow("Main (555) 555-0177", json(compared, ...to)), "01");
  const text = JSON.stringify(await coverage());
  expect(text).toContain("Equals +1••••••••23");
  for (const number of ["0177", "0199", "5550123"]) expect(text).not.toContain(number);
  const whole = JSON.stringify((await coveredNumbers(instance, connect, true)).map((one) => one.coverage));
  for (const number of ["555-0177", "1-800-555-0199", "+15555550123"]) expect(whole).toContain(number);
});

test("phone numbers in names and descriptions are redacted", async () => {
  claim(
    await flow("Line +15555550101", json(["+15555550101", "TransferContactToAgent", {}])),
    "01",
    "call +1 555 555 0101",
  );
  const text = JSON.stringify(await coverage());
  expect(text).not.toContain("55555");
  expect(text).not.toContain("555 555");
  const [whole] = await coveredNumbers(instance, connect, true);
  expect(whole?.coverage.number).toBe("+15555550101");
});

test("at most two requests per second are sent, retries included, and throttling is survived", async () => {
  await stop();
  await start({ perSecond: 1, burst: 1 });
  const id = await flow("Main inbound", json(...queued));
  claim(id);
  paceRequests(connect);
  requests.length = 0;
  expect((await coverage()).map((one) => one.verdict)).toEqual(["not checked"]);
  const [first, last] = [requests[0]?.at ?? 0, requests.at(-1)?.at ?? 0];
  expect(requests.length).toBeGreaterThan(5);
  // Half a second between two requests on average. A busy machine may delay the first request. Without pacing, the average is a few milliseconds.
  expect((last - first) / (requests.length - 1)).toBeGreaterThan(350);
}, 30_000);
