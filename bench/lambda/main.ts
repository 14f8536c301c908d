/**
 * Measures the packaged function and the baselines. Each one runs in its own process, as in Lambda, and queries an emulator over TLS.
 *
 * Usage, after `npm --prefix bench/lambda ci`: `npm run bench:lambda [-- --rounds 11] [--write]`. `--write` updates docs/performance.md.
 * Each round measures each variant once. Ratios compare measurements of the same round. The figures are medians over the rounds.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { projectRoot } from "../../lambda/packaging";
import { functionEnvironment } from "../../lambda/settings";
import { startFunction } from "../../emulators/lambda-runtime/function-instance";
import { variants, type Variant } from "./variants";
import { startEmulator, type Emulator } from "./emulator";

const NUMBER = "+15555550100";
const SETTINGS = {
  environment: "bench",
  instanceName: "acme-bench",
  tableName: "dextr-acme-bench",
  blockedDispositions: ["Blocked"],
  anonymousCallers: "allow",
  exemptNumbers: [],
  otherNumbers: false,
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

/** Number of calls before the measured calls, so that the JIT compiler has optimized the code. */
const WARM_UP_CALLS = 200;
/** Number of measured calls. */
const CALLS = 400;

/** The measurement of one variant in one round. Times are in milliseconds. */
interface Sample {
  /** Time to load the code of the function. Baselines also create their client; our function only loads its module. */
  readonly load: number;
  /** CPU time to load the code. Other work on the machine hardly changes this figure. */
  readonly loadCpu: number;
  /**
   * The rest of the init phase, in which our function reads its settings and opens its connection. 0 for baselines, which connect in their
   * first call.
   */
  readonly connect: number;
  /** Time of the first call. */
  readonly first: number;
  /** CPU time of the process for one warm call, including the cost of the test harness. */
  readonly cpu: number;
  readonly p50: number;
  readonly p99: number;
  readonly rssMb: number;
}

async function measure(variant: Variant, nodePath: string, emulator: Emulator): Promise<Sample> {
  const { zip, handler } = variant;
  const environment = {
    ...functionEnvironment(SETTINGS),
    ...variant.environment,
    AWS_ENDPOINT_URL_DYNAMODB: emulator.url,
    NODE_EXTRA_CA_CERTS: emulator.caFile,
  };
  let loadOnly: { readonly load: number; readonly loadCpu: number } | undefined;
  if (variant.id === "product") {
    // Without a region, the function loads its code but creates no connection.
    const withoutConnection = await startFunction({
      zip,
      handler,
      nodePath,
      environment: { ...environment, AWS_REGION: "" },
    });
    loadOnly = { load: withoutConnection.loadMs, loadCpu: withoutConnection.loadCpuMs };
    await withoutConnection.stop();
  }
  const instance = await startFunction({ zip, handler, nodePath, environment });
  try {
    const expected = variant.id === "c" ? "nomatch" : "match";
    const call = async (): Promise<number> => {
      const { payload, error, durationMs } = await instance.invoke(EVENT);
      const response = (payload as { response?: string } | undefined)?.response;
      if (response !== expected) throw new Error(`${variant.title} answered ${JSON.stringify(payload ?? error)}`);
      return durationMs;
    };
    const first = await call();
    for (let i = 0; i < WARM_UP_CALLS; i++) await call();
    const before = instance.usage.cpuMs;
    const times: number[] = [];
    for (let i = 0; i < CALLS; i++) times.push(await call());
    const { cpuMs, rssBytes } = instance.usage;
    return {
      load: loadOnly?.load ?? instance.loadMs,
      loadCpu: loadOnly?.loadCpu ?? instance.loadCpuMs,
      connect: loadOnly === undefined ? 0 : Math.max(0, instance.loadMs - loadOnly.load),
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

/** Samples by id of the variant, in the order of the rounds. */
type Samples = Readonly<Record<string, readonly Sample[]>>;

/** A performance goal of our function: the measured value must not exceed the limit. */
interface Goal {
  readonly title: string;
  readonly value: number;
  readonly limit: number;
  readonly unit: string;
}

function goals(samples: Samples, bytes: number): readonly Goal[] {
  const of = (id: string): readonly Sample[] => samples[id] ?? [];
  /** Returns the median over the rounds. `compute` gets the samples of our function, of `other` and of (c) in one round. */
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
    { title: "load, relative to (a)", value: paired((p, a) => p.load / a.load, "a"), limit: 0.25, unit: "×" },
    { title: "load, in addition to (c)", value: paired((p, c) => p.load - c.load, "c"), limit: 25, unit: " ms" },
    {
      title: "CPU of load, relative to (a)",
      value: paired((p, a) => p.loadCpu / a.loadCpu, "a"),
      limit: 0.25,
      unit: "×",
    },
    {
      title: "CPU of load, in addition to (c)",
      value: paired((p, c) => p.loadCpu - c.loadCpu, "c"),
      limit: 25,
      unit: " ms",
    },
    { title: "first call, relative to (a)", value: paired((p, a) => p.first / a.first, "a"), limit: 0.5, unit: "×" },
    {
      title: "load, connecting and first call together, relative to (a)",
      value: paired((p, a) => (p.load + p.connect + p.first) / (a.load + a.first), "a"),
      limit: 0.5,
      unit: "×",
    },
    { title: "CPU per warm call, relative to (a)", value: paired(cpuRatio, "a"), limit: 1 / 3, unit: "×" },
    { title: "CPU per warm call, relative to (d)", value: paired(cpuRatio, "d"), limit: 1.5, unit: "×" },
    { title: "bundle", value: bytes / 1000, limit: 25, unit: " kB" },
  ];
}

function report(version: string, all: readonly Variant[], samples: Samples): string {
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
    ({ title, value, limit, unit }) =>
      `| ${title} | ${value.toFixed(2)}${unit} | ${Number(limit.toFixed(2))}${unit} | ${value <= limit ? "yes" : "**no**"} |`,
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
    throw new UsageError(`--rounds "${values.rounds}" is not a whole number of at least 1.`);
  const baselines = join(projectRoot(), "bench/lambda/node_modules");
  if (!existsSync(join(baselines, "aws-sdk"))) {
    throw new UsageError("The baselines are not installed. Run: npm --prefix bench/lambda ci");
  }

  const all = variants();
  const emulator = await startEmulator(SETTINGS.tableName, NUMBER);
  const sections: string[] = [];
  try {
    for (const name of ["node-22", "node-24"]) {
      const nodePath = join(baselines, name, "bin/node");
      const version = execFileSync(nodePath, ["--version"], { encoding: "utf8" }).trim();
      const samples: Record<string, Sample[]> = Object.fromEntries(all.map(({ id }) => [id, []]));
      for (let round = 0; round <= rounds; round++) {
        process.stderr.write(`\r${version}: round ${round} of ${rounds} `);
        for (const variant of all) {
          const sample = await measure(variant, nodePath, emulator);
          // Round 0 only fills the disk cache and warms up the emulator.
          if (round > 0) samples[variant.id]?.push(sample);
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

/** Replaces the text between the two markers in the file. */
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
