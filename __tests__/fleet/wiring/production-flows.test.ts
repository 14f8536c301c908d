/** The command `wire` on flows that have the shapes of production flows, against the Connect emulator over HTTP. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  ConnectClient,
  CreateContactFlowCommand,
  CreateContactFlowModuleCommand,
  DescribeContactFlowCommand,
  UpdateContactFlowContentCommand,
  UpdateContactFlowModuleContentCommand,
} from "@aws-sdk/client-connect";
import fc from "fast-check";
import type { InstanceConfig, WhenBlocked } from "../../../config/types";
import { type AwsEndpoint, serveAws } from "../../../emulators/aws/aws-endpoint";
import { ConnectEmulator } from "../../../emulators/connect/server";
import { coveredNumbers } from "../../../fleet/checks/coverage/coverage";
import { CommandError } from "../../../fleet/output/command-error";
import { applyWiring, prepareWiring, type PreparedWiring, undoWiring } from "../../../fleet/wiring/wire-flow";
import { conditionName } from "../../../flows/language/conditions";
import type { Action, FlowContent } from "../../../flows/language/types";
import { validateContent } from "../../../flows/language/validate";
import { simulate, type SimulationResult } from "../../../flows/simulator";
import { moduleContent } from "../../../stacks/flow-contents";
import { parseShape, placed, type Shape, unchecked } from "../../flows/coverage/flow-shapes";
import { inboundCall } from "../../flows/inbound-call";
import { generatedFlow } from "../../flows/wiring/generated-flow";
import { sampleInstance } from "../../stacks/sample-instance";

jest.setTimeout(60_000);

const numRuns = Number(process.env["RUNS"] ?? 40);

const { account, region, instanceId: InstanceId } = sampleInstance;
const directory = mkdtempSync(path.join(tmpdir(), "wire-production-flows-"));
let emulator: ConnectEmulator;
let endpoint: AwsEndpoint;
let connect: ConnectClient;
const before = { ...process.env };
beforeAll(async () => {
  endpoint = await serveAws((request) => emulator.handle(request));
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_CONNECT: endpoint.url,
    AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
    AWS_SECRET_ACCESS_KEY: "emulated",
  });
  connect = new ConnectClient({ region });
});
afterAll(async () => {
  connect.destroy();
  await endpoint.close();
  process.env = before;
  rmSync(directory, { recursive: true });
});
const emptyInstance = (): void => {
  emulator = new ConnectEmulator([{ account, region, id: InstanceId, alias: sampleInstance.name }], (content, kind) =>
    validateContent(JSON.parse(content) as FlowContent, kind).map(({ message }) => message),
  );
};
beforeEach(emptyInstance);

const policies: readonly WhenBlocked[] = [
  { action: "disconnect" },
  { action: "message", message: { Text: "Goodbye" } },
  { action: "queue", queueId: "77777777-2222-4333-8444-555555555555" },
  { action: "flow", flowId: "66666666-2222-4333-8444-555555555555" },
];

interface Published {
  readonly id: string;
  readonly text: string;
  /** The other flows and modules, by id. */
  readonly flows: Readonly<Record<string, FlowContent>>;
  readonly modules: Readonly<Record<string, FlowContent>>;
}

const flowCalled = async (Name: string, Content: string): Promise<string> => {
  const request = { InstanceId, Name, Type: "CONTACT_FLOW", Content } as const;
  return (await connect.send(new CreateContactFlowCommand(request))).ContactFlowId ?? "";
};
const moduleCalled = async (Name: string, Content: string): Promise<string> =>
  (await connect.send(new CreateContactFlowModuleCommand({ InstanceId, Name, Content }))).Id ?? "";
const blockedStatus = (): Promise<string> =>
  moduleCalled("blockedStatus", JSON.stringify(moduleContent(sampleInstance)));

/** Publishes a shape: the names of flows and modules become ids, and each text has another style. */
async function publish({ main, flows, modules }: Shape, style: string | undefined): Promise<Published> {
  const end = { Identifier: "end", Type: "DisconnectParticipant", Parameters: {}, Transitions: {} };
  const stub: FlowContent = { Version: "2019-10-30", StartAction: "end", Actions: [end] };
  const check = await blockedStatus();
  const ids = new Map([["check", check]]);
  for (const name of Object.keys(flows)) ids.set(name, await flowCalled(name, JSON.stringify(stub)));
  const emptyModule = { ...stub, Settings: {} };
  for (const name of Object.keys(modules)) ids.set(name, await moduleCalled(name, JSON.stringify(emptyModule)));
  const id = await flowCalled("Main", JSON.stringify(stub));
  const named = (content: FlowContent): FlowContent =>
    JSON.parse(JSON.stringify(content), (key, value: unknown) =>
      ["ContactFlowId", "FlowModuleId", "CustomerQueue"].includes(key) ? (ids.get(String(value)) ?? value) : value,
    ) as FlowContent;
  const all = (contents: Shape["flows"]) =>
    Object.fromEntries(Object.entries(contents).map(([name, content]) => [ids.get(name) ?? name, named(content)]));
  const [others, own] = [all(flows), all(modules)];
  for (const [ContactFlowId, content] of Object.entries(others)) {
    await connect.send(
      new UpdateContactFlowContentCommand({ InstanceId, ContactFlowId, Content: JSON.stringify(content) }),
    );
  }
  for (const [ContactFlowModuleId, content] of Object.entries(own)) {
    const update = { InstanceId, ContactFlowModuleId, Content: JSON.stringify(content) };
    await connect.send(new UpdateContactFlowModuleContentCommand(update));
  }
  const ActionMetadata = Object.fromEntries(
    main.Actions.map(({ Identifier }, n) => [Identifier, { position: { x: 100 + 280 * n, y: 40 + 7 * n } }]),
  );
  const Metadata = { entryPointPosition: { x: 14, y: 20 }, ActionMetadata };
  const text = JSON.stringify({ Metadata, ...named(main) }, null, style).replaceAll("Hello", "H\\u0065llo");
  await connect.send(new UpdateContactFlowContentCommand({ InstanceId, ContactFlowId: id, Content: text }));
  return { id, text, flows: others, modules: { ...own, [check]: moduleContent(sampleInstance) } };
}

const contentOf = async (ContactFlowId: string): Promise<string> =>
  (await connect.send(new DescribeContactFlowCommand({ InstanceId, ContactFlowId }))).ContactFlow?.Content ?? "";

/** Every branch of a block and its target, in the words of the flow language. */
function branchesOf({ Transitions: { NextAction, Errors = [], Conditions = [] } = {} }: Action): [string, string][] {
  return [
    ...(NextAction === undefined ? [] : [["success", NextAction] as [string, string]]),
    ...Errors.map((branch): [string, string] => [branch.ErrorType, branch.NextAction]),
    ...Conditions.map((branch): [string, string] => [conditionName(branch.Condition), branch.NextAction]),
  ];
}

/** The blocks at which an unblocked caller continues after the inserted blocks: every branch but the one for `match`. */
function continuations(from: string, inserted: ReadonlyMap<string, Action>): string[] {
  const action = inserted.get(from);
  if (action === undefined) return [from];
  const branches = branchesOf(action).filter(([branch]) => branch !== "Equals match");
  return [...new Set(branches.flatMap(([, target]) => continuations(target, inserted)))];
}

/**
 * On all paths, an unblocked caller passes the same blocks: every pair of corresponding blocks has the same type, parameters and
 * branches, and corresponding branches lead to corresponding blocks.
 */
function requireSamePaths(original: FlowContent, content: FlowContent, inserted: readonly string[]): void {
  const own = new Map(original.Actions.map((action) => [action.Identifier, action]));
  const wired = new Map(content.Actions.map((action) => [action.Identifier, action]));
  const added = new Map([...wired].filter(([identifier]) => inserted.includes(identifier)));
  expect([...wired.keys()].filter((identifier) => !own.has(identifier))).toEqual([...inserted]);
  expect(continuations(content.StartAction, added)).toEqual([original.StartAction]);
  const reached = new Set([original.StartAction]);
  for (const identifier of reached) {
    const [one, other] = [own.get(identifier), wired.get(identifier)];
    if (one === undefined || other === undefined) throw new Error(`no block ${identifier}`);
    expect({ ...other, Transitions: undefined }).toEqual({ ...one, Transitions: undefined });
    const continued = branchesOf(other).flatMap(([branch, target]) =>
      continuations(target, added).map((next) => [branch, next]),
    );
    expect(continued).toEqual(branchesOf(one));
    for (const [, target] of branchesOf(one)) reached.add(target);
  }
}

const PLAYS = 8;
const connectedTypes = ["CreateCallbackContact", "TransferParticipantToThirdParty"];

/** Plays the flow of `content` with choices that depend on the seed, on the block and on how often the caller was there. */
function play(
  content: FlowContent,
  { flows, modules }: Published,
  response: string,
  seed: number,
): Promise<SimulationResult> {
  const visits = new Map<string, number>();
  return simulate({
    content,
    kind: "flow",
    isPublished: true,
    contact: inboundCall(),
    flows,
    modules,
    invokeLambda: (arn) => (arn.includes("blockedCalls") ? { response, reason: "test" } : { level: "gold" }),
    chooseBranch: (identifier, branches) => {
      const text = `${seed} ${identifier} ${visits.get(identifier) ?? 0}`;
      const hash = Buffer.from(text).reduce((sum, byte) => (sum * 31 + byte) % 1_000_003, seed);
      return branches[hash % branches.length];
    },
    // A loop without end stops in both flows at the same place.
    failAction: (identifier) => {
      const visit = (visits.get(identifier) ?? 0) + 1;
      visits.set(identifier, visit);
      return visit > 30 ? "(stop)" : undefined;
    },
  });
}

async function requireSamePlays(
  published: Published,
  original: FlowContent,
  content: FlowContent,
  inserted: readonly string[],
): Promise<void> {
  const check = content.Actions.find(({ Identifier }) => Identifier === inserted[0])?.Parameters?.["FlowModuleId"];
  for (let seed = 0; seed < PLAYS; seed++) {
    const was = await play(original, published, "nomatch", seed);
    const is = await play(content, published, "nomatch", seed);
    expect(is.attributes["blockedStatus"]).toBe("nomatch");
    // The steps inside the inserted module block come directly after this block. The flow itself can invoke the module later.
    const first = is.path.findIndex(({ identifier }) => identifier === inserted[0]);
    const within = is.path.slice(first + 1).findIndex((step) => step.within.length === 0);
    expect(is.path.slice(first + 1, first + 1 + within).every((step) => step.within[0] === check)).toBe(true);
    const steps = is.path
      .filter((_, n) => n <= first || n > first + within)
      .filter(({ identifier }) => !inserted.includes(identifier));
    const attributes = { ...was.attributes, blockedStatus: "nomatch" };
    expect({ ...is, path: steps }).toEqual({ ...was, attributes });
  }
}

/** A blocked caller passes the inserted blocks only, whatever else happens. */
async function requireBlocked(
  published: Published,
  content: FlowContent,
  inserted: readonly string[],
  whenBlocked: WhenBlocked,
): Promise<void> {
  for (let seed = 0; seed < PLAYS; seed++) {
    const { path: steps, ending } = await play(content, published, "match", seed);
    const passed = steps.filter(({ within }) => within.length === 0);
    expect(passed.filter(({ identifier }) => !inserted.includes(identifier))).toEqual([]);
    expect(passed.filter(({ type }) => connectedTypes.includes(type))).toEqual([]);
    expect(ending).toEqual(
      {
        disconnect: { kind: "disconnected" },
        message: { kind: "disconnected" },
        queue: { kind: "queued", queue: "77777777-2222-4333-8444-555555555555" },
        flow: { kind: "transferred", flow: "66666666-2222-4333-8444-555555555555" },
      }[whenBlocked.action],
    );
  }
}

const blocking = (whenBlocked: WhenBlocked): InstanceConfig => ({
  ...sampleInstance,
  flows: { whenBlocked, unprotectedNumbers: [] },
});
const agree = () => Promise.resolve(true);

const shapes = Object.entries({ ...unchecked, ...placed });

/** The blocks that `wire` cannot walk, by flow. */
const notModelled: Readonly<Record<string, readonly string[]>> = {
  "customer profile": [
    'GetCustomerProfile is not modelled (block "profile")',
    'CreateCustomerProfile is not modelled (block "create")',
  ],
  "case for each call": [
    'GetCase is not modelled (block "find")',
    'CreateCase is not modelled (block "make")',
    'UpdateCase is not modelled (block "update")',
  ],
  "task for a missed call": ['CreateTask is not modelled (block "task")'],
  "task only": ['CreateTask is not modelled (block "task")'],
  "voice authentication": [
    'StartVoiceIdStream is not modelled (block "start")',
    'CheckVoiceId is not modelled (block "check")',
  ],
  "agent assistant": ['CreateWisdomSession is not modelled (block "assist")'],
  "voicemail over a media stream": ['UpdateContactMediaStreamingBehavior is not modelled (block "stream", "stop")'],
  "answering machine detection": ['CheckOutboundCallStatus is not modelled (block "who")'],
  "guide for the agent": ['ShowView is not modelled (block "guide")'],
  "agent by proficiency": ['UpdateRoutingCriteria is not modelled (block "route")'],
  "new block that is not modelled": ['RouteContactToAgent is not modelled (block "route")'],
};
/** Flows that are wired although another flow of the call checks the caller, or a module that is known only during a call. */
const checkedElsewhere = [
  "the check in the second flow",
  "the check while the caller waits",
  "a module from an attribute",
];
const checkedInModule = ["the check in a module of the team", "a module of the team whose error leads around"];

function refusalsOf(name: string): readonly string[] {
  if (checkedInModule.includes(name)) return ['already invokes the module blockedStatus, in its module "gate"'];
  const isChecked = Object.hasOwn(placed, name) && !checkedElsewhere.includes(name);
  return notModelled[name] ?? (isChecked ? ["already invokes the module", "blockedStatus"] : []);
}

test("at least 40 flows are wired", () => {
  expect(shapes.filter(([name]) => refusalsOf(name).length === 0).length).toBeGreaterThanOrEqual(40);
});

test.each(shapes)("%s", async (name, [text]) => {
  const n = shapes.findIndex(([other]) => other === name);
  const [policy = { action: "disconnect" }] = policies.slice(n % policies.length);
  const instance = blocking(policy);
  const published = await publish(parseShape(text), [undefined, "  ", "\t"][n % 3]);
  const request = { instance, flow: published.id, directory: path.join(directory, String(n)) };
  const reasons = refusalsOf(name);
  if (reasons.length > 0) {
    const refusal = await prepareWiring(request, undefined).catch((error: unknown) => error);
    if (!(refusal instanceof CommandError)) throw new Error("the flow was not refused");
    for (const reason of reasons) expect(refusal.message).toContain(reason);
    expect(existsSync(request.directory)).toBe(false);
    expect(await contentOf(published.id)).toBe(published.text);
    return;
  }
  const prepared = await prepareWiring(request, undefined);
  const { inserted } = prepared.wired;
  expect(readFileSync(prepared.files.find((file) => file.endsWith(".proof.md")) ?? "", "utf8")).toContain(
    "plays take all",
  );

  expect(await applyWiring(request, prepared, agree)).toBe(true);
  const [original, content] = [published.text, await contentOf(published.id)].map(
    (one) => JSON.parse(one) as FlowContent,
  );
  if (original === undefined || content === undefined) throw new Error("no content");
  requireSamePaths(original, content, inserted);
  await requireSamePlays(published, original, content, inserted);
  await requireBlocked(published, content, inserted, policy);
  emulator.claimNumber(InstanceId, { number: "+15555550101", flowId: published.id });
  const [covered] = await coveredNumbers(instance, connect, false);
  expect(covered?.coverage).toMatchObject({ verdict: "protected" });

  expect(await undoWiring(request, agree)).toBe("restored");
  expect(await contentOf(published.id)).toBe(published.text);
});

test(
  "--undo restores the same bytes of every generated flow that was wired",
  async () => {
    let applied = 0;
    await fc.assert(
      fc.asyncProperty(generatedFlow, fc.constantFrom(...policies), fc.nat(12), async (flow, policy, n) => {
        emptyInstance();
        await blockedStatus();
        const id = await flowCalled("Main", flow.text);
        const request = { instance: blocking(policy), flow: id, directory: path.join(directory, "generated") };
        const after = n > 6 ? flow.identifiers[n % flow.identifiers.length] : undefined;
        let prepared: PreparedWiring;
        try {
          prepared = await prepareWiring(request, after);
        } catch (error) {
          expect(error).toBeInstanceOf(CommandError);
          expect(await contentOf(id)).toBe(flow.text);
          return;
        }
        expect(await contentOf(id)).toBe(flow.text);
        await applyWiring(request, prepared, agree);
        expect(await contentOf(id)).toBe(prepared.wired.text);
        expect(await undoWiring(request, agree)).toBe("restored");
        expect(await contentOf(id)).toBe(flow.text);
        expect(await undoWiring(request, agree)).toBe("unchanged");
        applied++;
      }),
      { numRuns },
    );
    expect(applied).toBeGreaterThan(numRuns / 2);
  },
  60_000 + 2_000 * numRuns,
);
