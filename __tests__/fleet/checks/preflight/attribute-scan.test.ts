/** A scan of 100,000 items finds every violation, reads each item once, keeps its rate, and uses constant memory. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { DynamoDBClient, ScanCommandInput, ScanCommandOutput } from "@aws-sdk/client-dynamodb";
import { scanAttributes } from "../../../../fleet/checks/preflight/attribute-scan";
import type { ScanContext } from "../../../../fleet/checks/preflight/attribute-scan";
import type { Clock } from "../../../../fleet/checks/preflight/clock";
import type { Extent } from "../../../../fleet/checks/preflight/scan-plan";
import type { ScanProgress } from "../../../../fleet/checks/preflight/scan-progress";
import { startLargeTable, vendorKeys } from "./large-table";
import type { LargeTable, WireItem } from "./large-table";

jest.setTimeout(600_000);

const tableName = "dextr-acme";
const itemCount = 100_000;
const full: Extent = { full: true };

/** Numbers of items with these violating attributes. */
const violating: readonly (readonly [count: number, attributes: WireItem])[] = [
  [7, { Disposition: { N: "4" } }],
  [6, { Disposition: { NULL: true } }],
  [5, { CustomerEndpoint: { M: { Address: { S: "+15555550101" }, Type: { S: "TELEPHONE_NUMBER" } } } }],
  [4, { CustomerEndpoint: { L: [{ S: "+15555550101" }] } }],
  [3, { Disposition: { S: "" } }],
  [2, { Disposition: { S: "x".repeat(2049) } }],
  [1, { CustomerEndpoint: { S: "9".repeat(1025) } }],
  [8, { Disposition: { BOOL: true }, CustomerEndpoint: { NULL: true } }],
];
/** Valid attributes at the limits of the rules. */
const valid: readonly WireItem[] = [
  { Disposition: { S: "x".repeat(2048) } },
  { CustomerEndpoint: { S: "9".repeat(1024) } },
  {},
];

function* contacts(count: number): Generator<WireItem> {
  const special = [
    ...violating.flatMap(([number, attributes]) => Array.from({ length: number }, () => attributes)),
    ...valid,
  ];
  for (let n = 0; n < count; n++) {
    const keys = { hash: { S: `contact-${n}` }, range: { S: "ctr" } };
    // DynamoDB distributes the items by the hash of the key, so their order in this list does not matter.
    const own = special[n];
    if (own !== undefined) yield { ...keys, ...own };
    else {
      yield {
        ...keys,
        Disposition: { S: n % 50 === 0 ? "Blocked" : "Resolved" },
        CustomerEndpoint: { S: "+15555550100" },
      };
    }
  }
}

/** A simulated clock: sleeping advances the clock, and each answer of DynamoDB takes 3 ms. */
class TestClock implements Clock {
  ms = 1000;
  now(): number {
    return this.ms;
  }
  sleep(ms: number): Promise<void> {
    this.ms += ms;
    return Promise.resolve();
  }
}

/** One recorded Scan request and its answer. */
interface RecordedPage {
  readonly at: number;
  readonly units: number;
  readonly hashes: readonly string[];
  readonly input: ScanCommandInput;
}

let table: LargeTable;
let dynamodb: DynamoDBClient;
let clock: TestClock;
const recorded: RecordedPage[] = [];

beforeAll(async () => {
  table = await startLargeTable();
  await table.create({ TableName: tableName, ...vendorKeys });
  await table.fill(tableName, contacts(itemCount));
  await table.create({ TableName: "dextr-small", ...vendorKeys });
  await table.fill("dextr-small", contacts(1000));
  dynamodb = table.client();
  dynamodb.middlewareStack.add(
    (next) => async (request) => {
      const response = await next(request);
      clock.ms += 3;
      const { Items = [], ConsumedCapacity } = response.output as ScanCommandOutput;
      recorded.push({
        at: clock.ms,
        units: Number(ConsumedCapacity?.CapacityUnits),
        hashes: Items.map(({ hash }) => String(hash?.S)),
        input: request.input as ScanCommandInput,
      });
      return response;
    },
    { step: "initialize" },
  );
});

afterAll(() => table.stop());

beforeEach(() => {
  recorded.length = 0;
  clock = new TestClock();
});

function scan(extent: Extent, rate: number, more: Partial<ScanContext & { from: ScanProgress; table: string }> = {}) {
  const { from, table: scannedTable = tableName, ...context } = more;
  return scanAttributes(
    {
      tableName: scannedTable,
      tableKeys: ["hash", "range"],
      extent,
      blockedDispositions: ["Blocked", "blocked"],
      rate,
      from,
    },
    {
      dynamodb,
      clock,
      stop: new AbortController().signal,
      onPage: () => undefined,
      save: () => undefined,
      ...context,
    },
  );
}

/** An uninterrupted scan of the whole table. It takes seconds, so it runs once. */
let wholeScan: Promise<{ readonly outcome: Awaited<ReturnType<typeof scan>>; readonly pages: readonly RecordedPage[] }>;
beforeAll(() => {
  clock = new TestClock();
  wholeScan = scan(full, 100).then((outcome) => ({ outcome, pages: recorded.splice(0) }));
  return wholeScan;
});

/** The largest consumption in any second, and the largest average consumption since the start, in units per second. */
function measured(pages: readonly RecordedPage[], start: number): { peak: number; average: number } {
  let peak = 0;
  let sum = 0;
  let first = 0;
  let total = 0;
  let average = 0;
  for (const page of pages) {
    sum += page.units;
    total += page.units;
    while ((pages[first]?.at ?? 0) <= page.at - 1000) sum -= pages[first++]?.units ?? 0;
    peak = Math.max(peak, sum);
    average = Math.max(average, (total / (page.at - start)) * 1000);
  }
  return { peak, average };
}

test("a full scan finds every violation, reads each of 100,000 items once, and never exceeds its rate", async () => {
  const { outcome, pages } = await wholeScan;
  const { stats, finished, complete, units } = outcome;
  expect({ finished, complete, items: stats.items }).toEqual({ finished: true, complete: true, items: itemCount });

  const found = stats.toJSON().violations.map(({ attribute, shape, items }) => [attribute, shape, items]);
  expect(found.sort()).toEqual(
    [
      ["Disposition", "number", 7],
      ["Disposition", "null", 6],
      ["CustomerEndpoint", "map", 5],
      ["CustomerEndpoint", "list", 4],
      ["Disposition", "empty string", 3],
      ["Disposition", "too long", 2],
      ["CustomerEndpoint", "too long", 1],
      ["Disposition", "boolean", 8],
      ["CustomerEndpoint", "null", 8],
    ].sort(),
  );
  expect(stats.violating).toBe(7 + 6 + 5 + 4 + 3 + 2 + 1 + 8);

  const hashes = pages.flatMap((page) => page.hashes);
  expect([hashes.length, new Set(hashes).size]).toEqual([itemCount, itemCount]);
  expect(units).toBe(pages.reduce((sum, page) => sum + page.units, 0));
  const { peak, average } = measured(pages, new TestClock().now());
  expect(peak).toBeLessThanOrEqual(100);
  expect(average).toBeLessThanOrEqual(100);
  // The scan also uses most of the rate. Otherwise it would take much longer than estimated.
  expect(average).toBeGreaterThan(70);
});

test.each([1, 5, 25, 1000])("a rate of %d units per second is not exceeded in any second", async (rate) => {
  const start = clock.now();
  await scan({ full: false, items: 5000 }, rate);
  const { peak, average } = measured(recorded, start);
  expect(peak).toBeLessThanOrEqual(rate);
  expect(average).toBeLessThanOrEqual(rate);
});

test("a sample covers all segments evenly and has the requested size", async () => {
  const { stats, complete } = await scan({ full: false, items: 2000 }, 1000);
  expect({ items: stats.items, complete }).toEqual({ items: 2000, complete: false });
  expect(new Set(recorded.flatMap((page) => page.hashes)).size).toBe(2000);
  const bySegment = new Map<number, number>();
  for (const { input, hashes } of recorded) {
    expect(input.TotalSegments).toBe(45);
    bySegment.set(input.Segment ?? -1, (bySegment.get(input.Segment ?? -1) ?? 0) + hashes.length);
  }
  expect(bySegment.size).toBe(45);
  expect(Math.max(...bySegment.values()) - Math.min(...bySegment.values())).toBeLessThanOrEqual(1);
});

test("a sample that is larger than the table reads each item once", async () => {
  const { stats, finished, complete } = await scan({ full: false, items: 2000 }, 40_000, { table: "dextr-small" });
  expect({ items: stats.items, finished, complete }).toEqual({ items: 1000, finished: true, complete: true });
  expect(new Set(recorded.flatMap((page) => page.hashes)).size).toBe(1000);
});

test.each([full, { full: false, items: 3000 } as const])(
  "a scan that is stopped and resumed reads each item once (%j)",
  async (extent) => {
    const whole = extent.full ? await wholeScan : { outcome: await scan(extent, 40_000), pages: [...recorded] };
    const expected = whole.pages.flatMap((page) => page.hashes).sort();
    recorded.length = 0;

    const controller = new AbortController();
    let saved: string | undefined;
    const first = await scan(extent, 40_000, {
      stop: controller.signal,
      onPage: ({ pages }) => {
        if (pages === 20) controller.abort();
      },
      save: (progress) => (saved = JSON.stringify(progress)),
    });
    expect(first.finished).toBe(false);
    expect(recorded.length).toBe(20);
    const before = recorded.flatMap((page) => page.hashes).length;
    expect(before).toBeLessThan(expected.length);

    const second = await scan(extent, 40_000, { from: JSON.parse(String(saved)) as ScanProgress });
    expect(recorded.flatMap((page) => page.hashes).sort()).toEqual(expected);
    expect(second.finished).toBe(true);
    expect(second.stats.items).toBe(expected.length);
    expect(second.units).toBe(recorded.reduce((sum, page) => sum + page.units, 0));
    const counts = ({ stats }: typeof second) => ({ ...stats.toJSON(), violations: stats.violating });
    expect(counts(second)).toEqual(counts(whole.outcome));
  },
);

test("if a page cannot be read, the position is saved, and the error of DynamoDB is thrown", async () => {
  let saved: ScanProgress | undefined;
  let sent = 0;
  const failing = {
    send: async (command: never) => {
      if (++sent === 5) throw new Error("ProvisionedThroughputExceededException");
      return dynamodb.send(command);
    },
  } as unknown as DynamoDBClient;
  await expect(
    scan(full, 1000, { dynamodb: failing, save: (progress) => (saved = structuredClone(progress)) }),
  ).rejects.toThrow("ProvisionedThroughputExceededException");
  expect(saved).toMatchObject({ finished: false, pages: 4 });
  expect(saved?.stats.items).toBe(recorded.flatMap((page) => page.hashes).length);
});

test("after a kill, only the work of the last seconds is lost", async () => {
  const saved: { at: number; pages: number }[] = [];
  await scan({ full: false, items: 5000 }, 5, { save: ({ pages }) => saved.push({ at: clock.now(), pages }) });
  const gaps = saved.slice(1).map(({ at }, n) => at - (saved[n]?.at ?? 0));
  expect(gaps.length).toBeGreaterThan(2);
  expect(Math.max(...gaps)).toBeLessThan(6000);
});

/** A table in which every item is distinct and half of the items violate the index: the worst case for memory. */
function worstCaseTable(items: number, perPage: number): Pick<DynamoDBClient, "send"> {
  let at = 0;
  const page = () => {
    const Items = Array.from({ length: Math.min(perPage, items - at) }, (_, n) => {
      const unique = `${at + n}-${"x".repeat(100)}`;
      return {
        hash: { S: unique },
        range: { S: "ctr" },
        Disposition: { S: unique },
        CustomerEndpoint: n % 2 === 0 ? { N: String(at + n) } : { S: unique },
      };
    });
    at += Items.length;
    return {
      Items,
      ScannedCount: Items.length,
      ConsumedCapacity: { CapacityUnits: 50 },
      ...(at < items ? { LastEvaluatedKey: { hash: { S: String(at) }, range: { S: "ctr" } } } : {}),
    };
  };
  return { send: () => Promise.resolve(page()) };
}

test("memory does not grow with a million distinct Dispositions and half a million violations", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const heap: number[] = [];
  const { stats } = await scan(full, 40_000, {
    dynamodb: worstCaseTable(1_000_000, 1000),
    onPage: ({ pages }) => {
      if (pages % 100 !== 0) return;
      collect();
      heap.push(process.memoryUsage().heapUsed);
    },
  });
  expect(stats.items).toBe(1_000_000);
  expect(stats.violating).toBe(500_000);
  // A million of these Dispositions take more than 100 MB.
  const [first = 0, ...later] = heap;
  expect(later).toHaveLength(9);
  expect(Math.max(...later) - first).toBeLessThan(5 * 2 ** 20);
});
