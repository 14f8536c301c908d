/**
 * Shapes of flows in production, rebuilt by hand in a short notation. They were not written for the coverage analysis.
 *
 * One line per block: `id Type {parameters} > success !error ?operand=target`. Every required error leads to the target after `!`, or to
 * `end`. `?>0=a` compares numbers. A line `# flow name` or `# module name` starts another flow. The block `end` is added to each flow.
 */
import { actionRule } from "../../../flows/language/action-rules";
import type { Action, FlowContent } from "../../../flows/language/types";

export interface Shape {
  readonly main: FlowContent;
  readonly flows: Readonly<Record<string, FlowContent>>;
  readonly modules: Readonly<Record<string, FlowContent>>;
}

export function parseShape(text: string): Shape {
  const [main = "", ...others] = text.trim().split(/^\s*# /m);
  const named = others.map((section) => {
    const [, kind = "", name = "", lines = ""] = /^(\w+) (\S+)\n([^]*)$/.exec(section) ?? [];
    return { kind, name, content: parseFlow(lines, kind === "module") };
  });
  const ofKind = (kind: string) =>
    Object.fromEntries(named.filter((one) => one.kind === kind).map(({ name, content }) => [name, content]));
  return { main: parseFlow(main, false), flows: ofKind("flow"), modules: ofKind("module") };
}

function parseFlow(text: string, isModule: boolean): FlowContent {
  const blocks = text.trim().split("\n").map(parseBlock);
  const needsEnd = !blocks.some(({ Identifier }) => Identifier === "end");
  const end = { Identifier: "end", Type: "DisconnectParticipant", Parameters: {}, Transitions: {} };
  const settings = { Settings: { InputParameters: [], OutputParameters: [], Transitions: [] } };
  return {
    Version: "2019-10-30",
    StartAction: blocks[0]?.Identifier ?? "",
    Actions: [...blocks, ...(needsEnd ? [end] : [])],
    ...(isModule && settings),
  };
}

function parseBlock(line: string): Action {
  const [, id = "", type = "", parameters = "{}", rest = ""] = /^\s*(\S+) (\w+)(?: (\{.*\}))?(.*)$/.exec(line) ?? [];
  const targets = [...rest.matchAll(/([>!?])\s*(\S+)/g)].map(([, sign = "", target = ""]) => [sign, target] as const);
  const only = (sign: string) => targets.find((one) => one[0] === sign)?.[1];
  const next = only(">");
  const rule = actionRule(type);
  const conditions = targets
    .filter(([sign]) => sign === "?")
    .map(([, text]) => {
      const [, isNumber, operand = "", target = ""] = /^(>?)(.*)=(.*)$/.exec(text) ?? [];
      const Operator = isNumber === ">" ? "NumberGreaterThan" : "Equals";
      return { NextAction: target, Condition: { Operator, Operands: [operand] } };
    });
  const errors = rule === undefined ? ["NoMatchingError"] : [...rule.requiredErrors];
  if (conditions.length > 0) errors.push(...(rule?.conditionErrors ?? []));
  const isTerminal = rule?.terminal === true;
  return {
    Identifier: id,
    Type: type,
    Parameters: JSON.parse(parameters) as NonNullable<Action["Parameters"]>,
    Transitions: isTerminal
      ? {}
      : {
          NextAction: next ?? only("!") ?? "end",
          Errors: errors.map((ErrorType) => ({ ErrorType, NextAction: only("!") ?? "end" })),
          ...(conditions.length > 0 && { Conditions: conditions }),
        },
  };
}

const queue = (name = "main") => `set_${name} UpdateContactTargetQueue {"QueueId":"queue-${name}"} > to_${name}
  to_${name} TransferContactToQueue > end`;
const say = (id: string, next: string) => `${id} MessageParticipant {"Text":"Hello."} > ${next}`;
const callback = (id: string, next = "end") =>
  `${id} CreateCallbackContact {"InitialCallDelaySeconds":"5","MaximumConnectionAttempts":"1","RetryDelaySeconds":"600"} > ${next}`;
const menu = (id: string, rest: string) =>
  `${id} GetParticipantInput {"Text":"Press 1.","InputTimeLimitSeconds":"5","StoreInput":"False"} ${rest}`;
const external = (id: string, resume: string, next = "end") =>
  `${id} TransferParticipantToThirdParty {"ThirdPartyPhoneNumber":"+15555550110","ContinueFlowExecution":"${resume}"} > ${next}`;
const lambda = (id: string, next: string, error = next) =>
  `${id} InvokeLambdaFunction {"LambdaFunctionARN":"arn:aws:lambda:us-east-1:111122223333:function:lookup","InvocationTimeLimitSeconds":"3"} > ${next} !${error}`;
const compare = (id: string, value: string, rest: string) => `${id} Compare {"ComparisonValue":"${value}"} ${rest}`;

/** Flows without the module: the verdict is `not checked`, unless nobody is connected or something is chosen at run time. */
export const unchecked: Readonly<
  Record<string, readonly [shape: string, verdict: "not checked" | "protected" | "unknown"]>
> = {
  "one queue": [queue(), "not checked"],
  "greeting, voice, logging and queue": [
    `log UpdateFlowLoggingBehavior {"FlowLoggingBehavior":"Enabled"} > voice
    voice UpdateContactTextToSpeechVoice {"TextToSpeechVoice":"Joanna"} > hello
    ${say("hello", "set_main")}
    ${queue()}`,
    "not checked",
  ],
  "opening hours with a closed message": [
    `hours CheckHoursOfOperation {"HoursOfOperationId":"h"} > closed !closed ?True=set_main ?False=closed
    ${say("closed", "end")}
    ${queue()}`,
    "not checked",
  ],
  "opening hours of two departments": [
    `sales CheckHoursOfOperation {"HoursOfOperationId":"s"} > help !help ?True=set_sales ?False=help
    help CheckHoursOfOperation {"HoursOfOperationId":"h"} > end ?True=set_help ?False=end
    ${queue("sales")}
    ${queue("help")}`,
    "not checked",
  ],
  "menu with three queues": [
    `${menu("menu", "> end !end ?1=set_a ?2=set_b ?3=set_c")}
    ${queue("a")}
    ${queue("b")}
    ${queue("c")}`,
    "not checked",
  ],
  "menu with three attempts": [
    `tries Loop {"LoopCount":"3"} > end ?ContinueLooping=menu ?DoneLooping=end
    ${menu("menu", "> tries !tries ?1=set_main")}
    ${queue()}`,
    "not checked",
  ],
  "menu in a menu": [
    `${menu("language", "> language2 !language2 ?1=english ?2=spanish")}
    ${say("language2", "language")}
    ${menu("english", "> end !end ?1=set_en ?2=end")}
    ${menu("spanish", "> end !end ?1=set_es ?2=end")}
    ${queue("en")}
    ${queue("es")}`,
    "not checked",
  ],
  "bot with intents": [
    `bot ConnectParticipantWithLexBot {"Text":"How can I help?","LexV2Bot":{"AliasArn":"arn:aws:lex:us-east-1:111122223333:bot-alias/A/B"}} > end !set_main ?Pay=set_pay ?Help=set_main
    ${queue()}
    ${queue("pay")}`,
    "not checked",
  ],
  "bot that answers only": [
    `bot ConnectParticipantWithLexBot {"Text":"How can I help?","LexV2Bot":{"AliasArn":"arn:aws:lex:us-east-1:111122223333:bot-alias/A/B"}} > bye !bye ?Hours=bye
    ${say("bye", "end")}`,
    "protected",
  ],
  "staffing, then callback": [
    `set UpdateContactTargetQueue {"QueueId":"queue-main"} > staff
    staff CheckMetricData {"MetricType":"NumberOfAgentsStaffed"} > number !number ?>0=to
    to TransferContactToQueue > number !number
    number UpdateContactCallbackNumber {"CallbackNumber":"$.CustomerEndpoint.Address"} > ring !end
    ${callback("ring")}`,
    "not checked",
  ],
  "callback outside opening hours": [
    `hours CheckHoursOfOperation {"HoursOfOperationId":"h"} > ring ?True=set_main ?False=ring
    ${callback("ring")}
    ${queue()}`,
    "not checked",
  ],
  "callback to a number that the caller enters": [
    `enter GetParticipantInput {"Text":"Enter your number.","StoreInput":"True","InputTimeLimitSeconds":"10"} > number
    number UpdateContactCallbackNumber {"CallbackNumber":"$.StoredCustomerInput"} > queue
    queue UpdateContactTargetQueue {"QueueId":"queue-main"} > ring
    ${callback("ring", "bye")}
    ${say("bye", "end")}`,
    "not checked",
  ],
  "second queue if the first is full": [
    `set UpdateContactTargetQueue {"QueueId":"queue-1"} > to
    to TransferContactToQueue > set_main !set_main
    ${queue()}`,
    "not checked",
  ],
  "external number if the queue is full": [
    `set UpdateContactTargetQueue {"QueueId":"queue-1"} > to
    to TransferContactToQueue > out !out
    ${external("out", "False")}`,
    "not checked",
  ],
  "forwarding to an external number": [external("out", "False"), "not checked"],
  "external number, then survey": [
    `${external("out", "True", "survey")}
    ${menu("survey", "> end !end ?1=end")}`,
    "not checked",
  ],
  "distribution by percentage": [
    `split DistributeByPercentage > set_old !set_old ?50=set_new
    ${queue("old")}
    ${queue("new")}`,
    "not checked",
  ],
  "lookup of the customer's level": [
    `${lambda("dip", "level", "set_main")}
    ${compare("level", "$.External.level", "> set_main !set_main ?gold=set_gold")}
    ${queue()}
    ${queue("gold")}`,
    "not checked",
  ],
  "lookup that plays the customer's name": [
    `${lambda("dip", "store")}
    store UpdateContactAttributes {"Attributes":{"name":"$.External.name"}} > hello !hello
    hello MessageParticipant {"Text":"Hello $.Attributes.name"} > set_main
    ${queue()}`,
    "not checked",
  ],
  "customer profile": [
    `profile GetCustomerProfile {"ProfileRequestData":{"IdentifierName":"_phone"}} > set_main !create
    create CreateCustomerProfile {"ProfileRequestData":{"PhoneNumber":"$.CustomerEndpoint.Address"}} > set_main !set_main
    ${queue()}`,
    "not checked",
  ],
  "case for each call": [
    `find GetCase {"LinkContactToCase":"false"} > update !make
    make CreateCase {"CaseTemplateId":"t"} > set_main !set_main
    update UpdateCase {"LinkContactToCase":"true"} > set_main !set_main
    ${queue()}`,
    "not checked",
  ],
  "task for a missed call": [
    `hours CheckHoursOfOperation {"HoursOfOperationId":"h"} > task ?True=set_main ?False=task
    task CreateTask {"ContactFlowId":"tasks","Name":"Missed call"} > end
    ${queue()}`,
    "not checked",
  ],
  "task only": [`task CreateTask {"ContactFlowId":"tasks","Name":"Voicemail"} > end`, "protected"],
  "voice authentication": [
    `start StartVoiceIdStream > check !set_main
    check CheckVoiceId {"CheckVoiceIdOption":"VoiceIdAuthentication"} > set_main !set_main ?Authenticated=set_gold
    ${queue()}
    ${queue("gold")}`,
    "not checked",
  ],
  "agent assistant": [
    `assist CreateWisdomSession {"WisdomAssistantArn":"a"} > set_main !set_main
    ${queue()}`,
    "not checked",
  ],
  "recording with analytics": [
    `record UpdateContactRecordingAndAnalyticsBehavior {"VoiceBehavior":{}} > set_main !set_main
    ${queue()}`,
    "not checked",
  ],
  "voicemail over a media stream": [
    `stream UpdateContactMediaStreamingBehavior {"MediaStreamingState":"Enabled"} > beep
    ${say("beep", "wait")}
    ${menu("wait", "> stop !stop")}
    stop UpdateContactMediaStreamingBehavior {"MediaStreamingState":"Disabled"} > store
    ${lambda("store", "end")}`,
    "protected",
  ],
  "whispers for agent and customer": [
    `hooks UpdateContactEventHooks {"EventHooks":{"AgentWhisper":"w1","CustomerWhisper":"w2"}} > set_main
    ${queue()}`,
    "not checked",
  ],
  "disconnect flow with a survey": [
    `hooks UpdateContactEventHooks {"EventHooks":{"CustomerRemaining":"survey"}} > set_main
    ${queue()}
    # flow survey
    ${menu("survey", "> end !end ?1=end")}`,
    "not checked",
  ],
  "queue flow with loop prompts": [
    `hook UpdateContactEventHooks {"EventHooks":{"CustomerQueue":"waiting"}} > set_main
    ${queue()}
    # flow waiting
    play MessageParticipantIteratively {"Messages":[{"Text":"Please wait."}]} > end`,
    "not checked",
  ],
  "queue flow that offers a callback": [
    `hook UpdateContactEventHooks {"EventHooks":{"CustomerQueue":"waiting"}} > set_main
    ${queue()}
    # flow waiting
    play MessageParticipantIteratively {"Messages":[{"Text":"Wait."}],"InterruptFrequencySeconds":"30"} > offer
    ${menu("offer", "> play !play ?1=ring")}
    ${callback("ring")}`,
    "not checked",
  ],
  "queue flow that moves the contact": [
    `hook UpdateContactEventHooks {"EventHooks":{"CustomerQueue":"waiting"}} > set_main
    ${queue()}
    # flow waiting
    ${say("wait", "move")}
    move DequeueContactAndTransferToQueue {"QueueId":"queue-2"} > end`,
    "not checked",
  ],
  "three flows in a row": [
    `go TransferToFlow {"ContactFlowId":"language"} > end
    # flow language
    ${menu("menu", "> go !go ?1=go")}
    go TransferToFlow {"ContactFlowId":"department"} > end
    # flow department
    ${queue()}`,
    "not checked",
  ],
  "flows in a circle with one exit": [
    `go TransferToFlow {"ContactFlowId":"second"} > end
    # flow second
    ${menu("menu", "> back !back ?1=set_main")}
    back TransferToFlow {"ContactFlowId":"third"} > end
    ${queue()}
    # flow third
    back TransferToFlow {"ContactFlowId":"second"} > end`,
    "not checked",
  ],
  "flow from a lookup": [
    `${lambda("dip", "go", "end")}
    go TransferToFlow {"ContactFlowId":"$.External.flow"} > end`,
    "unknown",
  ],
  "greeting module": [
    `hello InvokeFlowModule {"FlowModuleId":"greeting"} > set_main !set_main
    ${queue()}
    # module greeting
    ${say("hello", "back")}
    back EndFlowModuleExecution`,
    "not checked",
  ],
  "modules in modules": [
    `a InvokeFlowModule {"FlowModuleId":"outer"} > set_main !set_main
    ${queue()}
    # module outer
    b InvokeFlowModule {"FlowModuleId":"inner"} > back !back
    back EndFlowModuleExecution
    # module inner
    ${say("c", "back")}
    back EndFlowModuleExecution`,
    "not checked",
  ],
  "module with its own branches": [
    `route InvokeFlowModule {"FlowModuleId":"router"} > end ?sales=set_main ?closed=end
    ${queue()}
    # module router
    hours CheckHoursOfOperation {"HoursOfOperationId":"h"} > shut ?True=open ?False=shut
    open EndFlowModuleExecution {"Result":"sales"}
    shut EndFlowModuleExecution {"Result":"closed"}`,
    "not checked",
  ],
  "emergency module that ends the call": [
    `emergency InvokeFlowModule {"FlowModuleId":"emergency"} > set_main !set_main
    ${queue()}
    # module emergency
    ${lambda("dip", "on", "back")}
    ${compare("on", "$.External.closed", "> back !back ?true=end")}
    back EndFlowModuleExecution`,
    "not checked",
  ],
  "queue from an attribute": [
    `${lambda("dip", "store", "end")}
    store UpdateContactAttributes {"Attributes":{"queue":"$.External.queue"}} > set
    set UpdateContactTargetQueue {"QueueId":"$.Attributes.queue"} > to
    to TransferContactToQueue > end`,
    "not checked",
  ],
  "agent's own queue": [
    `set UpdateContactTargetQueue {"AgentId":"agent-1"} > to
    to TransferContactToQueue > end`,
    "not checked",
  ],
  "transfer to an agent": [`agent TransferContactToAgent`, "not checked"],
  "routing priority of customers": [
    `${compare("known", "$.Attributes.customer", "> set_main !set_main ?yes=first")}
    first UpdateContactRoutingBehavior {"QueuePriority":"1"} > set_main
    ${queue()}`,
    "not checked",
  ],
  "tags and contact data": [
    `tag TagContact {"Tags":{"team":"voice"}} > data !data
    data UpdateContactData {"Name":"Call"} > set_main !set_main
    ${queue()}`,
    "not checked",
  ],
  "queue size and waiting time": [
    `set UpdateContactTargetQueue {"QueueId":"queue-main"} > metrics
    metrics GetMetricData {"QueueId":"queue-main"} > long !to
    ${compare("long", "$.Metrics.Queue.Size", "> to !to ?>10=ring")}
    to TransferContactToQueue > ring !ring
    ${callback("ring")}`,
    "not checked",
  ],
  "entry of a data table": [
    `${compare("region", "$.DataTables.routing.region", "> set_main !set_main ?north=set_north")}
    ${queue()}
    ${queue("north")}`,
    "not checked",
  ],
  "emergency switch in flow attributes": [
    `flag UpdateFlowAttributes {"FlowAttributes":{"closed":{"Value":"no"}}} > on
    ${compare("on", "$.FlowAttributes.closed", "> set_main !set_main ?yes=end")}
    ${queue()}`,
    "not checked",
  ],
  "own list of unwanted callers": [
    `${lambda("list", "spam", "set_main")}
    ${compare("spam", "$.External.spam", "> set_main !set_main ?true=end")}
    ${queue()}`,
    "not checked",
  ],
  "one unwanted number by hand": [
    `${compare("who", "$.CustomerEndpoint.Address", "> set_main !set_main ?+15555550142=end")}
    ${queue()}`,
    "not checked",
  ],
  "answering machine detection": [
    `who CheckOutboundCallStatus > set_main !set_main ?CallAnswered=set_main ?VoicemailBeep=end
    ${queue()}`,
    "not checked",
  ],
  "guide for the agent": [
    `guide ShowView {"ViewResource":{"Id":"view"}} > set_main !set_main
    ${queue()}`,
    "not checked",
  ],
  "waiting music without an end": [
    `${say("music", "again")}
    ${say("again", "music")}`,
    "protected",
  ],
  "agent by proficiency": [
    `route UpdateRoutingCriteria {"RoutingCriteria":{}} > set_main !set_main
    ${queue()}`,
    "not checked",
  ],
  "new block that is not modelled": [`route RouteContactToAgent {"AgentId":"a"} > end`, "unknown"],
};

const check = (id: string, next: string, error = next) =>
  `${id} InvokeFlowModule {"FlowModuleId":"check"} > ${next} !${error}`;
const status = (id: string, match: string, other: string) =>
  compare(id, "$.Attributes.blockedStatus", `> ${other} !${other} ?match=${match}`);

type PlacedVerdict = "protected" | "protected on some paths" | "checked too late" | "answer ignored" | "unknown";

/** Flows with the module at places where teams put it. */
export const placed: Readonly<Record<string, readonly [shape: string, verdict: PlacedVerdict]>> = {
  "a message for blocked callers": [
    `${check("check", "is")}
    ${status("is", "bye", "set_main")}
    ${say("bye", "end")}
    ${queue()}`,
    "protected",
  ],
  "the check after greeting and opening hours": [
    `${say("hello", "hours")}
    hours CheckHoursOfOperation {"HoursOfOperationId":"h"} > closed !closed ?True=check ?False=closed
    ${say("closed", "end")}
    ${check("check", "is")}
    ${status("is", "end", "set_main")}
    ${queue()}`,
    "protected",
  ],
  "the check in one menu option": [
    `${menu("menu", "> set_main !set_main ?1=check")}
    ${check("check", "is")}
    ${status("is", "end", "set_main")}
    ${queue()}`,
    "protected on some paths",
  ],
  "the check only for unknown customers": [
    `${compare("known", "$.Attributes.customer", "> check !check ?yes=set_main")}
    ${check("check", "is")}
    ${status("is", "end", "set_main")}
    ${queue()}`,
    "protected on some paths",
  ],
  "the check for half of the calls": [
    `split DistributeByPercentage > check !check ?50=set_main
    ${check("check", "is")}
    ${status("is", "end", "set_main")}
    ${queue()}`,
    "protected on some paths",
  ],
  "a bot that leads around the check": [
    `bot ConnectParticipantWithLexBot {"Text":"How can I help?","LexV2Bot":{"AliasArn":"arn:aws:lex:us-east-1:111122223333:bot-alias/A/B"}} > check !check ?Urgent=set_main
    ${check("check", "is")}
    ${status("is", "end", "set_main")}
    ${queue()}`,
    "protected on some paths",
  ],
  "an error branch that leads around the check": [
    `${lambda("dip", "check", "set_main")}
    ${check("check", "is")}
    ${status("is", "end", "set_main")}
    ${queue()}`,
    "protected on some paths",
  ],
  "a closed line that forwards without the check": [
    `hours CheckHoursOfOperation {"HoursOfOperationId":"h"} > out !out ?True=check ?False=out
    ${external("out", "False")}
    ${check("check", "is")}
    ${status("is", "end", "set_main")}
    ${queue()}`,
    "protected on some paths",
  ],
  "the check in the second flow": [
    `${say("hello", "go")}
    go TransferToFlow {"ContactFlowId":"second"} > end
    # flow second
    ${check("check", "is")}
    ${status("is", "end", "set_main")}
    ${queue()}`,
    "protected",
  ],
  "a second flow that nobody checks": [
    `${check("check", "is")}
    ${status("is", "end", "menu")}
    ${menu("menu", "> set_main !set_main ?1=go")}
    go TransferToFlow {"ContactFlowId":"second"} > end
    ${queue()}
    # flow second
    ${queue()}`,
    "protected",
  ],
  "the check in a module of the team": [
    `gate InvokeFlowModule {"FlowModuleId":"gate"} > set_main !end
    ${queue()}
    # module gate
    ${check("check", "is")}
    ${status("is", "end", "back")}
    back EndFlowModuleExecution`,
    "protected",
  ],
  "a module of the team whose error leads around": [
    `gate InvokeFlowModule {"FlowModuleId":"gate"} > set_main !set_main
    ${queue()}
    # module gate
    ${check("check", "is")}
    ${status("is", "end", "back")}
    back EndFlowModuleExecution`,
    "protected on some paths",
  ],
  "the comparison in the flow, the check in a module": [
    `ask InvokeFlowModule {"FlowModuleId":"ask"} > is !end
    ${status("is", "end", "set_main")}
    ${queue()}
    # module ask
    ${check("check", "back")}
    back EndFlowModuleExecution`,
    "protected",
  ],
  "the check while the caller waits": [
    `hook UpdateContactEventHooks {"EventHooks":{"CustomerQueue":"waiting"}} > set_main !end
    ${queue()}
    # flow waiting
    ${check("check", "is")}
    ${status("is", "end", "play")}
    play MessageParticipantIteratively {"Messages":[{"Text":"Wait."}]} > end`,
    "checked too late",
  ],
  "the check after a callback": [
    `${callback("ring", "check")}
    ${check("check", "is")}
    ${status("is", "end", "set_main")}
    ${queue()}`,
    "checked too late",
  ],
  "the check after an external number": [
    `${external("out", "True", "check")}
    ${check("check", "is")}
    ${status("is", "end", "set_main")}
    ${queue()}`,
    "checked too late",
  ],
  "the check after a full queue": [
    `set UpdateContactTargetQueue {"QueueId":"queue-1"} > to
    to TransferContactToQueue > check !check
    ${check("check", "is")}
    ${status("is", "end", "set_main")}
    ${queue()}`,
    "checked too late",
  ],
  "an answer that nobody compares": [
    `${check("check", "set_main")}
    ${queue()}`,
    "answer ignored",
  ],
  "a misspelled attribute": [
    `${check("check", "is")}
    ${compare("is", "$.Attributes.blockedstatus", "> set_main !set_main ?match=set_main")}
    ${queue()}`,
    "answer ignored",
  ],
  "a capital letter in the comparison": [
    `${check("check", "is")}
    ${compare("is", "$.Attributes.blockedStatus", "> set_main !set_main ?Match=end")}
    ${queue()}`,
    "answer ignored",
  ],
  "swapped branches": [
    `${check("check", "is")}
    ${compare("is", "$.Attributes.blockedStatus", "> end !end ?match=set_main")}
    ${queue()}`,
    "answer ignored",
  ],
  "blocked callers who hear a message and then wait": [
    `${check("check", "is")}
    ${status("is", "bye", "set_main")}
    ${say("bye", "set_main")}
    ${queue()}`,
    "answer ignored",
  ],
  "blocked callers who are forwarded": [
    `${check("check", "is")}
    ${status("is", "out", "set_main")}
    ${external("out", "False")}
    ${queue()}`,
    "answer ignored",
  ],
  "an answer that is reset before the comparison": [
    `${check("check", "reset")}
    reset UpdateContactAttributes {"Attributes":{"blockedStatus":"nomatch"}} > is !end
    ${status("is", "end", "set_main")}
    ${queue()}`,
    "answer ignored",
  ],
  "a flow from a lookup after the check": [
    `${check("check", "is")}
    ${status("is", "go", "set_main")}
    go TransferToFlow {"ContactFlowId":"$.Attributes.goodbye"} > end
    ${queue()}`,
    "unknown",
  ],
  "a module from an attribute": [
    `gate InvokeFlowModule {"FlowModuleId":"$.Attributes.gate"} > set_main !set_main
    ${queue()}`,
    "unknown",
  ],
};
