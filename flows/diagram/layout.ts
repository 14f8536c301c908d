/** Places the blocks of a flow: the main path on one line from left to right, other ways above and below it. */
import type { FlowContent, FlowMetadata, Position } from "../language/types";
import { flowGraph, type FlowGraph, type Link } from "./graph";

export interface PlacedBlock {
  readonly identifier: string;
  /** Steps from the start, along the longest way there. */
  readonly column: number;
  /** 0 is the main path; rows above it are negative. */
  readonly row: number;
}

export interface PlacedLink extends Link {
  /** The row that the link runs along in each column between its ends, left to right; empty between neighbours. */
  readonly lane: readonly number[];
  /** Leads to an earlier column: part of a loop. */
  readonly backward: boolean;
}

export interface Layout {
  readonly blocks: readonly PlacedBlock[];
  readonly links: readonly PlacedLink[];
}

/** Pixels of the console between neighbouring blocks, which grow with their branches, so these are generous. */
const CONSOLE_COLUMN = 280;
const CONSOLE_ROW = 240;
const CONSOLE_MARGIN = 40;

/** No two blocks share a place, and no link runs over a block. Deterministic: the same content, the same layout. */
export function layoutFlow(graph: FlowGraph): Layout {
  const outgoing = new Map<string, Link[]>(graph.blocks.map((block) => [block.identifier, []]));
  for (const link of graph.links) outgoing.get(link.from)?.push(link);
  const { order, backward } = explore(graph, outgoing);
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
      // Failures run above the main path, so that what is below it is what was chosen.
      const away = link.kind === "error" ? -1 : 1;
      const candidates = [
        ...(backward.has(link) ? [] : straight),
        ...range(1, graph.links.length + graph.blocks.length + 2).map((r) => away * r),
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
 * `content` with the places of its blocks in `Metadata`, so that the console opens a tidy flow.
 *
 * @param moduleNames identifier of an action that invokes a module → that module's name
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

/** Blocks in the order a reader meets them, and the links that lead back to a block on the way to itself. */
function explore(graph: FlowGraph, outgoing: ReadonlyMap<string, readonly Link[]>) {
  const state = new Map<string, "open" | "done">();
  const backward = new Set<Link>();
  const finished: string[] = [];
  const visit = (identifier: string) => {
    state.set(identifier, "open");
    // Last branch first: the order is read from its end, so the success branch comes first there.
    for (const link of [...(outgoing.get(identifier) ?? [])].reverse()) {
      if (state.get(link.to) === "open") backward.add(link);
      else if (!state.has(link.to)) visit(link.to);
    }
    state.set(identifier, "done");
    finished.push(identifier);
  };
  // Blocks that nothing leads to are drawn as well, after the others.
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
  // Exploring a later start can meet links into blocks placed before it, so one pass over `order` is not always enough.
  for (let changed = true; changed;) {
    changed = false;
    for (const identifier of order) {
      for (const link of outgoing.get(identifier) ?? []) {
        const least = (column.get(identifier) ?? 0) + 1;
        if (backward.has(link) || (column.get(link.to) ?? 0) >= least) continue;
        column.set(link.to, least);
        changed = true;
      }
    }
  }
  return column;
}

/** From the start along success branches, as far as they lead on. */
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
