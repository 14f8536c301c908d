/**
 * Measures the packaged function beside its yardsticks, each in a process as Lambda runs it, against an emulator over TLS.
 *
 * Usage, after `npm --prefix bench/lambda ci`: `npm run bench:lambda [-- --rounds 11] [--write]`; `--write` puts the result
 * into docs/performance.md. Every round runs every contender once, so the ratios are of neighbours in time; medians are over the rounds.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { projectRoot } from "../../lambda/packaging";
import { functionEnvironment } from "../../lambda/settings";
import { startFunction } from "../../emulators/lambda-runtime/function-instance";
import { contenders, type Contender } from "./contenders";
import { startEmulator, type Emulator } from "./emulator";

const NUMBER = "+15555550100";
const SETTINGS = {
  environment: "bench",
  instanceName: "acme-bench",
  tableName: "dextr-acme-bench",
  blockedDispositions: ["Blocked"],
  anonymousCallers: "allow",
  exemptNumbers: [],
  budgetMs: 1500,
} as const;
const EVENT = {
  Name: "ContactFlowEvent",
  Details: {
    ContactData: {
      Channel: "VOICE",
      ContactId: "5ca32fbd-8f92-46af-92a5-6b0f970f0efe",
      CustomerEndpoint: { Address: NUMBER, Type: "TELEPHONE_NUMBER" },
      InitiationMethod: "INBOUND",
    },
    Parameters: { BlockedDisposition: "Blocked", InstanceName: SETTINGS.instanceName },
  },
};

/** Calls before those that are measured, for the compiler to settle. */
const WARM_UP_CALLS = 200;
const CALLS = 400;

/** One contender in one round. Times in milliseconds. */
interface Sample {
  /** Require or import of the function's code; the yardsticks make their client there, the product settles for its module. */
  readonly load: number;
  /** CPU time of that, which other work on the machine hardly changes. */
  readonly loadCpu: number;
  /** What init takes beyond that: the product reads its settings and opens its connection, the others with their first call. */
  readonly connect: number;
  readonly first: number;
  /** CPU of the process for one warm call, what the harness costs included. */
  readonly cpu: number;
  readonly p50: number;
  readonly p99: number;
  readonly rssMb: number;
}

async function measure(contender: Contender, nodePath: string, emulator: Emulator): Promise<Sample> {
  const { zip, handler } = contender;
  const environment = {
    ...functionEnvironment(SETTINGS),
    ...contender.environment,
    AWS_ENDPOINT_URL_DYNAMODB: emulator.url,
    NODE_EXTRA_CA_CERTS: emulator.caFile,
  };
  let loaded: { readonly load: number; readonly loadCpu: number } | undefined;
  if (contender.id === "product") {
    // Without a region it stops before it makes anything that could connect.
    const unconnected = await startFunction({
      zip,
      handler,
      nodePath,
      environment: { ...environment, AWS_REGION: "" },
    });
    loaded = { load: unconnected.loadMs, loadCpu: unconnected.loadCpuMs };
    await unconnected.stop();
  }
  const instance = await startFunction({ zip, handler, nodePath, environment });
  try {
    const expected = contender.id === "c" ? "nomatch" : "match";
    const call = async (): Promise<number> => {
      const { payload, error, durationMs } = await instance.invoke(EVENT);
      const response = (payload as { response?: string } | undefined)?.response;
      if (response !== expected) throw new Error(`${contender.title} answered ${JSON.stringify(payload ?? error)}`);
      return durationMs;
    };
    const first = await call();
    for (let i = 0; i < WARM_UP_CALLS; i++) await call();
    const before = instance.usage.cpuMs;
    const times: number[] = [];
    for (let i = 0; i < CALLS; i++) times.push(await call());
    const { cpuMs, rssBytes } = instance.usage;
    return {
      load: loaded?.load ?? instance.loadMs,
      loadCpu: loaded?.loadCpu ?? instance.loadCpuMs,
      connect: loaded === undefined ? 0 : Math.max(0, instance.loadMs - loaded.load),
      first,
      cpu: (cpuMs - before) / CALLS,
      p50: quantile(times, 0.5),
      p99: quantile(times, 0.99),
      rssMb: rssBytes / 2 ** 20,
    };
  } finally {
    await instance.stop();
  }
}

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? NaN;
}
const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Samples by contender, in the order of the rounds. */
type Samples = Readonly<Record<string, readonly Sample[]>>;

/** A goal that this function was set: what, the figure, the most it may be. */
interface Goal {
  readonly what: string;
  readonly value: number;
  readonly limit: number;
  readonly unit: string;
}

function goals(samples: Samples, bytes: number): readonly Goal[] {
  const of = (id: string): readonly Sample[] => samples[id] ?? [];
  /** Median over the rounds of a figure computed from the samples of one round. */
  const paired = (compute: (product: Sample, other: Sample, empty: Sample) => number, other: string): number =>
    median(
      of("product").map((sample, round) => {
        const [otherSample, empty] = [of(other)[round], of("c")[round]];
        return otherSample && empty ? compute(sample, otherSample, empty) : NaN;
      }),
    );
  const netCpu = (sample: Sample, empty: Sample): number => sample.cpu - empty.cpu;
  const cpuRatio = (product: Sample, other: Sample, empty: Sample): number =>
    netCpu(product, empty) / netCpu(other, empty);
  return [
    { what: "load, of (a)", value: paired((p, a) => p.load / a.load, "a"), limit: 0.25, unit: "×" },
    { what: "load, above (c)", value: paired((p, c) => p.load - c.load, "c"), limit: 25, unit: " ms" },
    { what: "CPU of load, of (a)", value: paired((p, a) => p.loadCpu / a.loadCpu, "a"), limit: 0.25, unit: "×" },
    { what: "CPU of load, above (c)", value: paired((p, c) => p.loadCpu - c.loadCpu, "c"), limit: 25, unit: " ms" },
    { what: "first call, of (a)", value: paired((p, a) => p.first / a.first, "a"), limit: 0.5, unit: "×" },
    {
      what: "load, connecting and first call together, of (a)",
      value: paired((p, a) => (p.load + p.connect + p.first) / (a.load + a.first), "a"),
      limit: 0.5,
      unit: "×",
    },
    { what: "CPU per warm call, of (a)", value: paired(cpuRatio, "a"), limit: 1 / 3, unit: "×" },
    { what: "CPU per warm call, of (d)", value: paired(cpuRatio, "d"), limit: 1.5, unit: "×" },
    { what: "bundle", value: bytes / 1000, limit: 25, unit: " kB" },
  ];
}

function report(version: string, all: readonly Contender[], samples: Samples): string {
  const empty = median((samples["c"] ?? []).map(({ cpu }) => cpu));
  const rows = all.map(({ id, title, bytes }) => {
    const middle = (field: keyof Sample): number => median((samples[id] ?? []).map((sample) => sample[field]));
    const cells = [
      middle("load").toFixed(1),
      middle("loadCpu").toFixed(1),
      id === "product" ? middle("connect").toFixed(1) : "",
      middle("first").toFixed(1),
      (middle("cpu") - empty).toFixed(2),
      middle("p50").toFixed(2),
      middle("p99").toFixed(2),
      middle("rssMb").toFixed(0),
      id === "b" ? "from the runtime" : bytes.toLocaleString("en"),
    ];
    return `| ${[title, ...cells].join(" | ")} |`;
  });
  const bytes = all.find(({ id }) => id === "product")?.bytes ?? NaN;
  const goalRows = goals(samples, bytes).map(
    ({ what, value, limit, unit }) =>
      `| ${what} | ${value.toFixed(2)}${unit} | ${Number(limit.toFixed(2))}${unit} | ${value <= limit ? "yes" : "**no**"} |`,
  );
  return [
    `### Node.js ${version}`,
    "",
    "| | load ms | CPU of load ms | connecting in init ms | first call ms | CPU per warm call ms | warm p50 ms | warm p99 ms | memory MB | code bytes |",
    "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ...rows,
    "",
    "| goal | measured | at most | met |",
    "|---|---:|---:|---|",
    ...goalRows,
    "",
  ].join("\n");
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { rounds: { type: "string", default: "11" }, write: { type: "boolean", default: false } },
  });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new UsageError(`--rounds "${values.rounds}" is not a whole number above zero.`);
  const yardsticks = join(projectRoot(), "bench/lambda/node_modules");
  if (!existsSync(join(yardsticks, "aws-sdk"))) {
    throw new UsageError("The yardsticks are not installed. Run: npm --prefix bench/lambda ci");
  }

  const all = contenders();
  const emulator = await startEmulator(SETTINGS.tableName, NUMBER);
  const sections: string[] = [];
  try {
    for (const name of ["node-22", "node-24"]) {
      const nodePath = join(yardsticks, name, "bin/node");
      const version = execFileSync(nodePath, ["--version"], { encoding: "utf8" }).trim();
      const samples: Record<string, Sample[]> = Object.fromEntries(all.map(({ id }) => [id, []]));
      for (let round = 0; round <= rounds; round++) {
        process.stderr.write(`\r${version}: round ${round} of ${rounds} `);
        for (const contender of all) {
          const sample = await measure(contender, nodePath, emulator);
          // Round 0 warms the disk cache and the emulator.
          if (round > 0) samples[contender.id]?.push(sample);
        }
      }
      process.stderr.write("\n");
      sections.push(report(version, all, samples));
    }
  } finally {
    await emulator.stop();
  }

  const [cpu] = cpus();
  const result = [
    `Measured ${new Date().toISOString().slice(0, 10)} on ${cpus().length} × ${cpu?.model ?? "unknown CPU"}, ` +
      `${Math.round(totalmem() / 2 ** 30)} GB, ${process.platform} ${process.arch}; medians of ${rounds} rounds of ${CALLS} warm calls; ` +
      `\`npm --prefix bench/lambda ci && npm run bench:lambda -- --rounds ${rounds} --write\`.`,
    "",
    ...sections,
  ].join("\n");
  process.stdout.write(`${result}\n`);
  if (values.write) writeInto(join(projectRoot(), "docs/performance.md"), result);
}

/** Replaces what stands between the two markers. */
function writeInto(path: string, result: string): void {
  const [begin, end] = ["<!-- bench:lambda begin -->", "<!-- bench:lambda end -->"];
  const text = readFileSync(path, "utf8");
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new UsageError(`${path} lacks the lines ${begin} and ${end}.`);
  writeFileSync(path, `${text.slice(0, from + begin.length)}\n\n${result}\n${text.slice(to)}`);
}

class UsageError extends Error {}

main().catch((error: unknown) => {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
