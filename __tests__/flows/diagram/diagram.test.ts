// Diagrams of flows: no overlaps, a straight main path, and escaped text in SVG and Mermaid.
import fc from "fast-check";
import { BLOCKED_STATUS_ACTIONS, blockedStatusModule } from "../../../flows/blocked-status";
import { flowGraph, type FlowGraph, truncate } from "../../../flows/diagram/graph";
import { type Layout, layoutFlow } from "../../../flows/diagram/layout";
import { toMermaid } from "../../../flows/diagram/mermaid";
import { toSvg } from "../../../flows/diagram/svg";
import { INBOUND_ACTIONS, inboundFlow } from "../../../flows/inbound";
import type { FlowContent } from "../../../flows/language/types";
import { unicodeString } from "../../unicode-string";

function moduleFor(blockedDisposition: string): FlowContent {
  const functionArn = "arn:aws:lambda:us-east-1:111122223333:function:blockedCalls-acme:live";
  return blockedStatusModule({ functionArn, blockedDisposition, instanceName: "acme", flowTimeLimitSeconds: 3 });
}
function messageFlow(Text: string): FlowContent {
  const whenBlocked = { action: "message" as const, message: { Text } };
  return inboundFlow({ moduleId: "blockedStatus", queueId: "queue-1", whenBlocked });
}
const module_ = moduleFor("Blocked");

/** Any graph, with loops, unreachable blocks and several links between two blocks. */
const anyGraph: fc.Arbitrary<FlowGraph> = fc.integer({ min: 1, max: 12 }).chain((count) => {
  const names = Array.from({ length: count }, (_, n) => `b${n}`);
  const link = fc.record({
    from: fc.constantFrom(...names),
    to: fc.constantFrom(...names),
    kind: fc.constantFrom("success" as const, "condition" as const, "error" as const),
    label: fc.constant(""),
  });
  return fc.array(link, { maxLength: 30 }).map((links) => ({
    start: "b0",
    blocks: names.map((identifier) => ({ identifier, kind: "Any", detail: "" })),
    links,
  }));
});

function expectNoOverlap(layout: Layout): void {
  const blocks = new Set(layout.blocks.map((block) => `${block.column},${block.row}`));
  expect(blocks.size).toBe(layout.blocks.length);
  const column = new Map(layout.blocks.map((block) => [block.identifier, block.column]));
  const lanes = new Set<string>();
  for (const link of layout.links) {
    const [from, to] = [column.get(link.from) ?? 0, column.get(link.to) ?? 0];
    expect(link.backward ? to <= from : to > from).toBe(true);
    const first = link.backward ? to : from + 1;
    link.lane.forEach((row, n) => {
      const cell = `${first + n},${row}`;
      expect(blocks).not.toContain(cell);
      expect(lanes).not.toContain(cell);
      lanes.add(cell);
    });
    expect(link.lane).toHaveLength(link.backward ? from - to + 1 : to - from - 1);
  }
}

test("in any flow blocks and links do not overlap", () => {
  fc.assert(
    fc.property(anyGraph, (graph) => {
      const layout = layoutFlow(graph);
      expectNoOverlap(layout);
      expect(layout.blocks.map((block) => block.identifier)).toEqual(graph.blocks.map((block) => block.identifier));
      expect(layoutFlow(graph)).toEqual(layout);
    }),
  );
});

test("the main path of the module is one row, and the match branch is below this row", () => {
  const { blocks } = layoutFlow(flowGraph(module_));
  const id = BLOCKED_STATUS_ACTIONS;
  const main = blocks.filter((block) => block.row === 0).sort((a, b) => a.column - b.column);
  expect(main.map((block) => block.identifier)).toEqual([
    id.assumeNoMatch,
    id.askLambda,
    id.isMatch,
    id.setNoMatch,
    id.done,
  ]);
  expect(blocks.find((block) => block.identifier === id.setMatch)?.row).toBe(1);
});

test("the error branch of the Lambda runs above the main path", () => {
  const link = layoutFlow(flowGraph(module_)).links.find(
    (l) => l.from === BLOCKED_STATUS_ACTIONS.askLambda && l.kind === "error",
  );
  expect(link?.lane).toEqual([-1, -1]);
});

test("the console positions follow the layout and keep blocks apart", () => {
  for (const content of [module_, messageFlow("Goodbye")]) {
    const layout = layoutFlow(flowGraph(content));
    const positions = layout.blocks.map((block) => ({
      ...block,
      at: content.Metadata?.ActionMetadata[block.identifier]?.position ?? { x: NaN, y: NaN },
    }));
    for (const a of positions) {
      for (const b of positions) {
        expect(Math.sign(a.at.x - b.at.x)).toBe(Math.sign(a.column - b.column));
        expect(Math.sign(a.at.y - b.at.y)).toBe(Math.sign(a.row - b.row));
        if (a !== b) expect(Math.abs(a.at.x - b.at.x) + Math.abs(a.at.y - b.at.y)).toBeGreaterThanOrEqual(240);
      }
      expect(content.Metadata?.entryPointPosition.x).toBeLessThan(a.at.x);
    }
  }
});

test("a link is labelled with its branches", () => {
  const id = BLOCKED_STATUS_ACTIONS;
  expect(flowGraph(module_).links).toEqual([
    { from: id.assumeNoMatch, to: id.askLambda, kind: "success", label: "or error" },
    { from: id.askLambda, to: id.isMatch, kind: "success", label: "" },
    { from: id.askLambda, to: id.setNoMatch, kind: "error", label: "error" },
    { from: id.isMatch, to: id.setNoMatch, kind: "success", label: "otherwise" },
    { from: id.isMatch, to: id.setMatch, kind: "condition", label: "match" },
    { from: id.setMatch, to: id.done, kind: "success", label: "" },
    { from: id.setMatch, to: id.setNoMatch, kind: "error", label: "error" },
    { from: id.setNoMatch, to: id.done, kind: "success", label: "or error" },
  ]);
});

test("the success branch of a transfer is not drawn, because Connect never takes it", () => {
  const links = flowGraph(messageFlow("Goodbye")).links.filter((link) => link.from === INBOUND_ACTIONS.toQueue);
  expect(links).toEqual([
    { from: INBOUND_ACTIONS.toQueue, to: INBOUND_ACTIONS.hangUp, kind: "error", label: "at capacity, error" },
  ]);
});

/** Fails if tags are not closed in order, or if text contains `<`, `&` or a character that XML forbids. */
function expectWellFormed(xml: string): void {
  expect(xml).not.toMatch(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u);
  const open: string[] = [];
  let rest = xml;
  while (rest !== "") {
    const token = /^(?:<(\/?)([a-z]+)((?: [a-zA-Z:-]+="[^"<&]*")*)(\/?)>|(?:[^<&]|&(?:amp|lt|gt|quot|#39);)+)/.exec(
      rest,
    );
    if (token === null) throw new Error(`not well-formed at: ${rest.slice(0, 60)}`);
    const [all, closing, name, , alone] = token;
    if (name !== undefined && closing === "/") expect(open.pop()).toBe(name);
    else if (name !== undefined && alone === "") open.push(name);
    rest = rest.slice(all.length);
  }
  expect(open).toEqual([]);
}

const anyText = fc
  .oneof(unicodeString(), fc.constantFrom("</text><script>", "&amp;", "]]>", "\u0000", "\ud800", '"x" #quot;', "a`b|c"))
  .filter((t) => t !== "" && !t.includes("$.") && !t.includes("$["));

/** A flow from another source that plays a text which our builder would refuse. */
function foreignFlow(Text: string): FlowContent {
  const content = messageFlow("Goodbye");
  const Actions = content.Actions.map((a) => (a.Type === "MessageParticipant" ? { ...a, Parameters: { Text } } : a));
  return { ...content, Actions };
}

test("an SVG is well-formed for any text and title", () => {
  fc.assert(
    fc.property(anyText, (t) => {
      expectWellFormed(toSvg(foreignFlow(t), t));
    }),
  );
});

test("an SVG names every block and describes every link for screen readers", () => {
  const svg = toSvg(module_, "blockedStatus of acme");
  for (const identifier of Object.values(BLOCKED_STATUS_ACTIONS)) expect(svg).toContain(`>${identifier}</text>`);
  expect(svg).toContain("<title>blockedStatus of acme</title>");
  expect(svg).toContain("Is it a match? → Set match (match)");
});

test("Mermaid text has one line for each block and link, for any text", () => {
  const lines = toMermaid(messageFlow("Goodbye")).split("\n").length;
  fc.assert(
    fc.property(anyText, (t) => {
      const drawn = toMermaid(foreignFlow(t)).split("\n");
      expect(drawn).toHaveLength(lines);
      const message = drawn.find((line) => line.includes("Tell the caller")) ?? "";
      expect(message).toMatch(
        /^ {2}b\d+\["<b>Tell the caller<\/b><br\/>Play prompt<br\/><small>(?:[\p{L}\p{N} .,:_=?-]|#\d+;)+<\/small>"\]$/u,
      );
    }),
  );
});

test("Mermaid draws errors dotted and conditions thick", () => {
  const drawn = toMermaid(module_);
  expect(drawn).toContain('b1 -.->|"error"| b4');
  expect(drawn).toContain('b2 ==>|"match"| b3');
  expect(drawn).toContain("linkStyle 3,7 ");
});

test("long text is truncated between grapheme clusters", () => {
  expect(truncate("👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧", 2)).toBe("👨‍👩‍👧…");
  expect(truncate("abc", 3)).toBe("abc");
  expect(truncate("x".repeat(5000), 3)).toBe("xx…");
});
