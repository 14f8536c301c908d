/** Computes the layout of a flow: the main path in one row from left to right, other links above and below. */
import type { FlowContent, FlowMetadata, Position } from "../language/types";
import { flowGraph, type FlowGraph, type Link } from "./graph";

export interface PlacedBlock {
  readonly identifier: string;
  /** Length of the longest path from the start. */
  readonly column: number;
  /** The main path is row 0. Rows above it are negative. */
  readonly row: number;
}

export interface PlacedLink extends Link {
  /** Row of the link in each column between its ends, from left to right. Empty for adjacent columns. */
  readonly lane: readonly number[];
  /** Whether the link leads to an earlier column, as part of a loop. */
  readonly backward: boolean;
}

export interface Layout {
  readonly blocks: readonly PlacedBlock[];
  readonly links: readonly PlacedLink[];
}

/** Distance between blocks in the console, in pixels. Console blocks grow with each branch, so the distance is large. */
const CONSOLE_COLUMN = 280;
const CONSOLE_ROW = 240;
const CONSOLE_MARGIN = 40;

/** Computes a deterministic layout in which no two blocks overlap and no link crosses a block. */
export function layoutFlow(graph: FlowGraph): Layout {
  const outgoing = new Map<string, Link[]>(graph.blocks.map((block) => [block.identifier, []]));
  for (const link of graph.links) outgoing.get(link.from)?.push(link);
  const { order, backward } = sortBlocks(graph, outgoing);
  const column = columns(order, outgoing, backward);
  const main = mainPath(graph.start, outgoing, backward);

  const taken = new Set<string>();
  const free = (c: number, r: number) => !taken.has(`${c},${r}`);
  const row = new Map<string, number>();
  const place = (identifier: string, r: number) => {
    row.set(identifier, r);
    taken.add(`${column.get(identifier) ?? 0},${r}`);
  };
  for (const identifier of main) place(identifier, 0);
  for (const identifier of order) {
    if (row.has(identifier)) continue;
    let r = 1;
    while (!free(column.get(identifier) ?? 0, r)) r += 1;
    place(identifier, r);
  }

  const links = order
    .flatMap((identifier) => outgoing.get(identifier) ?? [])
    .map((link): PlacedLink => {
      const [from, to] = [column.get(link.from) ?? 0, column.get(link.to) ?? 0];
      const between = range(
        Math.min(from, to) + (backward.has(link) ? 0 : 1),
        Math.max(from, to) + (backward.has(link) ? 1 : 0),
      );
      const straight = [row.get(link.to) ?? 0, row.get(link.from) ?? 0];
      // Error links run above the main path and condition links below.
      const direction = link.kind === "error" ? -1 : 1;
      const candidates = [
        ...(backward.has(link) ? [] : straight),
        ...range(1, graph.links.length + graph.blocks.length + 2).map((r) => direction * r),
      ];
      const lane = candidates.find((r) => between.every((c) => free(c, r))) ?? 0;
      for (const c of between) taken.add(`${c},${lane}`);
      return { ...link, lane: between.map(() => lane), backward: backward.has(link) };
    });
  return {
    blocks: graph.blocks.map(({ identifier }) => ({
      identifier,
      column: column.get(identifier) ?? 0,
      row: row.get(identifier) ?? 0,
    })),
    links,
  };
}

/**
 * Returns `content` with block positions in `Metadata`, so that the console shows the flow in order.
 *
 * @param moduleNames maps the identifier of each action that invokes a module to the name of that module
 */
export function withPositions(content: FlowContent, moduleNames: Readonly<Record<string, string>> = {}): FlowContent {
  const { blocks } = layoutFlow(flowGraph(content));
  const rows = [...new Set(blocks.map((block) => block.row))].sort((a, b) => a - b);
  const y = (row: number) => CONSOLE_MARGIN + rows.indexOf(row) * CONSOLE_ROW;
  const position = (block: PlacedBlock): Position => ({
    x: CONSOLE_MARGIN + (block.column + 1) * CONSOLE_COLUMN,
    y: y(block.row),
  });
  const metadata: FlowMetadata = {
    entryPointPosition: { x: CONSOLE_MARGIN, y: y(0) },
    ActionMetadata: Object.fromEntries(
      blocks.map((block) => {
        const module = moduleNames[block.identifier];
        const names = module !== undefined && {
          parameters: { FlowModuleId: { displayName: module } },
          contactFlowModuleName: module,
        };
        return [block.identifier, { position: position(block), isFriendlyName: true, ...names }];
      }),
    ),
  };
  const { Version, StartAction, ...rest } = content;
  return { Version, StartAction, Metadata: metadata, ...rest };
}

/** Sorts the blocks topologically by depth-first search, and finds the links that close a loop. */
function sortBlocks(graph: FlowGraph, outgoing: ReadonlyMap<string, readonly Link[]>) {
  const state = new Map<string, "open" | "done">();
  const backward = new Set<Link>();
  const finished: string[] = [];
  const visit = (identifier: string) => {
    state.set(identifier, "open");
    // Visit the last branch first: the order is reversed below, which puts the success branch first.
    for (const link of [...(outgoing.get(identifier) ?? [])].reverse()) {
      if (state.get(link.to) === "open") backward.add(link);
      else if (!state.has(link.to)) visit(link.to);
    }
    state.set(identifier, "done");
    finished.push(identifier);
  };
  // Unreachable blocks come after the others.
  const starts = [graph.start, ...graph.blocks.map((block) => block.identifier)];
  const order: string[] = [];
  for (const start of starts) {
    if (state.has(start) || !outgoing.has(start)) continue;
    finished.length = 0;
    visit(start);
    order.push(...finished.reverse());
  }
  return { order, backward };
}

function columns(
  order: readonly string[],
  outgoing: ReadonlyMap<string, readonly Link[]>,
  backward: ReadonlySet<Link>,
): Map<string, number> {
  const column = new Map<string, number>(order.map((identifier) => [identifier, 0]));
  // Links from unreachable blocks can lead to blocks earlier in `order`, so one pass may not be enough.
  for (let changed = true; changed;) {
    changed = false;
    for (const identifier of order) {
      for (const link of outgoing.get(identifier) ?? []) {
        const minimum = (column.get(identifier) ?? 0) + 1;
        if (backward.has(link) || (column.get(link.to) ?? 0) >= minimum) continue;
        column.set(link.to, minimum);
        changed = true;
      }
    }
  }
  return column;
}

/** Follows success branches from the start. */
function mainPath(
  start: string,
  outgoing: ReadonlyMap<string, readonly Link[]>,
  backward: ReadonlySet<Link>,
): readonly string[] {
  const path: string[] = [];
  for (let at: string | undefined = start; at !== undefined && outgoing.has(at);) {
    path.push(at);
    at = outgoing.get(at)?.find((link) => link.kind === "success" && !backward.has(link))?.to;
  }
  return path;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, n) => from + n);
}
