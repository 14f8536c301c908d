// Coverage of flows that have the shapes of production flows: verdicts, the simulator's confirmation, and mutations of the check.
import {
  analyzeCoverage,
  type Coverage,
  type CoverageProps,
  type ResolvedModule,
} from "../../../flows/coverage/analyze";
import { confirmCoverage } from "../../../flows/coverage/confirm";
import { blockedStatusModule } from "../../../flows/blocked-status";
import type { Action, FlowContent } from "../../../flows/language/types";
import { validateContent } from "../../../flows/language/validate";
import { parseShape, placed, type Shape, unchecked } from "./flow-shapes";

const checkModule = blockedStatusModule({
  functionArn: "arn:aws:lambda:us-east-1:111122223333:function:blockedCalls-acme:live",
  blockedDisposition: "Blocked",
  instanceName: "acme",
  flowTimeLimitSeconds: 3,
});

/** Analyses a flow, and requires that Connect would accept the flow and that the simulator agrees. */
async function verdictOf({ main, flows, modules }: Shape): Promise<Coverage["verdict"]> {
  const problems = [
    ...[main, ...Object.values(flows)].flatMap((content) => validateContent(content, "flow")),
    ...Object.values(modules).flatMap((content) => validateContent(content, "module")),
  ];
  expect(problems).toEqual([]);
  const props: CoverageProps = {
    name: "main",
    content: main,
    world: {
      flows: new Map(Object.entries(flows).map(([id, content]) => [id, { content }])),
      modules: new Map<string, ResolvedModule>([
        ["check", { check: checkModule }],
        ["deleted", { absent: true }],
        ...Object.entries(modules).map(([id, content]) => [id, { content }] as const),
      ]),
    },
  };
  const coverage = analyzeCoverage(props);
  expect(await confirmCoverage(props, coverage)).toMatchObject({ agrees: true });
  return coverage.verdict;
}

/** The flow with the three blocks of the README before its first block. */
function withCheck({ main, ...more }: Shape): Shape {
  const next = main.StartAction;
  const blocks: readonly Action[] = [
    {
      Identifier: "blockedStatus",
      Type: "InvokeFlowModule",
      Parameters: { FlowModuleId: "check" },
      Transitions: { NextAction: "isBlocked", Errors: [{ NextAction: next, ErrorType: "NoMatchingError" }] },
    },
    {
      Identifier: "isBlocked",
      Type: "Compare",
      Parameters: { ComparisonValue: "$.Attributes.blockedStatus" },
      Transitions: {
        NextAction: next,
        Errors: [{ NextAction: next, ErrorType: "NoMatchingCondition" }],
        Conditions: [{ NextAction: "hangUp", Condition: { Operator: "Equals", Operands: ["match"] } }],
      },
    },
    { Identifier: "hangUp", Type: "DisconnectParticipant", Parameters: {}, Transitions: {} },
  ];
  return { ...more, main: { ...main, StartAction: "blockedStatus", Actions: [...blocks, ...main.Actions] } };
}

/** Changes of the three blocks after which a blocked caller gets to the next block. */
const mutations: Readonly<Record<string, (content: FlowContent, next: string) => FlowContent>> = {
  "removes the check and the comparison": (content, next) => ({ ...content, StartAction: next }),
  "removes the check": (content) => ({ ...content, StartAction: "isBlocked" }),
  "removes the comparison": (content, next) =>
    edited(content, { '"NextAction":"isBlocked"': `"NextAction":"${next}"` }),
  "leads a match to the next block": (content, next) =>
    edited(content, { '"NextAction":"hangUp"': `"NextAction":"${next}"` }),
  "compares another value": (content) => edited(content, { '"match"': '"Match"' }),
  "compares another attribute": (content) =>
    edited(content, { "$.Attributes.blockedStatus": "$.FlowAttributes.blockedStatus" }),
  "calls a deleted module": (content) => edited(content, { '"FlowModuleId":"check"': '"FlowModuleId":"deleted"' }),
};

function edited(content: FlowContent, changes: Readonly<Record<string, string>>): FlowContent {
  const text = JSON.stringify(content);
  const changed = Object.entries(changes).reduce((json, [from, to]) => json.replaceAll(from, to), text);
  expect(changed).not.toBe(text);
  return JSON.parse(changed) as FlowContent;
}

test("there are more than 40 flows of other purposes", () => {
  expect(Object.keys(unchecked).length).toBeGreaterThan(40);
});

describe.each(Object.entries(unchecked))("%s", (_, [text, verdict]) => {
  const shape = parseShape(text);

  test(`is ${verdict} without the module, and protected with the three blocks at its start`, async () => {
    expect(await verdictOf(shape)).toBe(verdict);
    expect(await verdictOf(withCheck(shape))).toBe("protected");
  });

  test.each(Object.entries(mutations))("a change that %s is found", async (_name, mutate) => {
    const { main, ...more } = withCheck(shape);
    const found = await verdictOf({ ...more, main: mutate(main, shape.main.StartAction) });
    // A flow that connects nobody stays protected, and a flow that cannot be followed stays unknown.
    if (verdict === "not checked")
      expect(["not checked", "answer ignored", "protected on some paths"]).toContain(found);
    else expect(found).toBe(verdict);
  });
});

test.each(Object.entries(placed))("%s", async (_, [text, verdict]) => {
  expect(await verdictOf(parseShape(text))).toBe(verdict);
});
