/**
 * Measures the synth of 1 to 1,000 instances, and compares it with an ordinary CDKTF app and with writing the same files.
 *
 * Usage, after `npm --prefix bench/synth ci`: `npm run bench:synth [-- --rounds 3] [--sizes 1,10,100,1000] [--ordinary 1,10,50]
 * [--write]`. `--write` updates docs/performance.md. The figures are medians of the rounds. The ordinary app needs minutes, so it
 * runs only once.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import { dirname, join, relative } from "node:path";
import { parseArgs } from "node:util";
import { projectRoot } from "../../lambda/packaging";
import { writeOrdinaryApp } from "./ordinary-app";

/** Writes the CPU seconds of a process and its children, and its peak memory in MB, when the process ends. */
const USAGE_HOOK = `process.on("exit", () => {
  let { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  let cpu = (userCPUTime + systemCPUTime) / 1e6;
  try { // Linux, proc(5): utime, stime, cutime and cstime, in hundredths of a second
    const fields = require("node:fs").readFileSync("/proc/self/stat", "utf8").split(") ")[1].split(" ");
    cpu = [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field]), 0) / 100;
  } catch {}
  require("node:fs").writeFileSync(process.env.USAGE_FILE, JSON.stringify({ cpu, rss: maxRSS / 1024 }));
});`;

/** The measurement of one synth: wall time and CPU time in seconds, peak memory in MB. */
interface Sample {
  readonly wall: number;
  readonly cpu: number;
  readonly rss: number;
}

class UsageError extends Error {}

/** Returns an environment file with `size` instances, each with an inbound flow. The first ten are in the first wave. */
function environment(size: number): string {
  const shared = `account: "111122223333"
region: us-east-1
state: { bucket: acme-state, region: us-east-1 }
blockedDispositions: [Blocked, "Nuisance:Confirmed"]
exemptNumbers: ["+15555550100"]
inboundFlow: { queue: 0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d, whenBlocked: { action: disconnect } }
${size > 10 ? "waves: [first, rest]\n" : ""}instances:
`;
  const instances = Array.from({ length: size }, (_, n) => {
    const id = `0a1b2c3d-4e5f-4a6b-8c7d-${n.toString(16).padStart(12, "0")}`;
    return `  - { name: acme-${n}, id: ${id}${size > 10 && n < 10 ? ", wave: first" : ""} }\n`;
  });
  return shared + instances.join("");
}

class Bench {
  private readonly hook: string;
  /** The directory of the ordinary app, written before its first run. */
  private ordinary: string | undefined;

  constructor(private readonly scratch: string) {
    this.hook = join(scratch, "usage.cjs");
    writeFileSync(this.hook, USAGE_HOOK);
  }

  product(size: number): Sample {
    return this.run([join(projectRoot(), "build/main.js")], projectRoot(), size, {});
  }

  ordinaryApp(size: number): Sample {
    this.ordinary ??= writeOrdinaryApp(join(this.scratch, "ordinary"));
    const tsNode = join(projectRoot(), "bench/synth/node_modules/ts-node/dist/bin.js");
    return this.run([tsNode, "main.ts"], this.ordinary, size, { CREATION_STACKS: "1" });
  }

  /** Measures the lower limit of the time: this process writes the same files from memory. */
  floor(size: number): Sample {
    const from = this.outdir(size);
    const files = readdirSync(from, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => ({ file: relative(from, file), bytes: readFileSync(file) }));
    const to = join(this.scratch, "floor");
    const [begin, cpuBegin] = [process.hrtime.bigint(), process.cpuUsage()];
    for (const { file, bytes } of files) {
      mkdirSync(join(to, dirname(file)), { recursive: true });
      writeFileSync(join(to, file), bytes);
    }
    const [wall, cpu] = [Number(process.hrtime.bigint() - begin) / 1e9, process.cpuUsage(cpuBegin)];
    rmSync(to, { recursive: true });
    return { wall, cpu: (cpu.user + cpu.system) / 1e6, rss: NaN };
  }

  /** Measures the seconds for bundling the app, which happens before every synth. */
  compile(): number {
    const compile = (): unknown => spawnSync(process.execPath, ["scripts/bundle.js"], { cwd: projectRoot() });
    compile();
    const begin = process.hrtime.bigint();
    compile();
    return Number(process.hrtime.bigint() - begin) / 1e9;
  }

  private outdir(size: number): string {
    return join(this.scratch, `out-${size}`);
  }

  /** Synthesizes into an empty directory. */
  private run(args: readonly string[], cwd: string, size: number, env: Readonly<Record<string, string>>): Sample {
    const environments = join(this.scratch, `environments-${size}`);
    mkdirSync(environments, { recursive: true });
    writeFileSync(join(environments, "bench.yaml"), environment(size));
    rmSync(this.outdir(size), { recursive: true, force: true });
    const usage = join(this.scratch, "usage.json");
    const begin = process.hrtime.bigint();
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--require", this.hook, ...args], {
      cwd,
      encoding: "utf8",
      env: {
        PATH: process.env["PATH"],
        HOME: process.env["HOME"],
        CHECKPOINT_DISABLE: "1",
        USAGE_FILE: usage,
        ENVIRONMENTS_DIR: environments,
        CDKTF_OUTDIR: this.outdir(size),
        ...env,
      },
    });
    const wall = Number(process.hrtime.bigint() - begin) / 1e9;
    if (status !== 0) throw new UsageError(`The synth of ${size} instances failed:\n${stdout}${stderr}`);
    const { cpu, rss } = JSON.parse(readFileSync(usage, "utf8")) as Omit<Sample, "wall">;
    return { wall, cpu, rss };
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((first, second) => first - second)[Math.floor(values.length / 2)] ?? NaN;
}

function medians(samples: readonly Sample[]): Sample {
  const medianOf = (field: keyof Sample): number => median(samples.map((sample) => sample[field]));
  return { wall: medianOf("wall"), cpu: medianOf("cpu"), rss: medianOf("rss") };
}

type Results = ReadonlyMap<number, { readonly product?: Sample; readonly ordinary?: Sample; readonly floor?: Sample }>;

function report(results: Results, compile: number): string {
  const cells = (sample: Sample | undefined, withRss: boolean): readonly string[] => [
    sample?.wall.toFixed(2) ?? "",
    sample?.cpu.toFixed(2) ?? "",
    ...(withRss ? [sample?.rss.toFixed(0) ?? ""] : []),
  ];
  const ratio = (slower: Sample | undefined, faster: Sample | undefined): string =>
    slower === undefined || faster === undefined ? "" : `${(slower.wall / faster.wall).toFixed(1)}×`;
  const rows = [...results].map(([size, { product, ordinary, floor }]) =>
    [
      size.toLocaleString("en"),
      ...cells(product, true),
      ...cells(ordinary, true),
      ...cells(floor, false),
      ratio(ordinary, product),
      ratio(product, floor),
    ].join(" | "),
  );
  const fifty = results.get(50);
  return [
    "| instances | ours: wall s | CPU s | MB | ordinary: wall s | CPU s | MB | floor: wall s | CPU s | ordinary / ours | ours / floor |",
    "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ...rows.map((row) => `| ${row} |`),
    "",
    `Before a synth, esbuild bundles our app in ${compile.toFixed(2)} s` +
      (fifty?.ordinary === undefined || fifty.product === undefined
        ? "."
        : `. If our time includes the bundling, the ordinary app takes ${(fifty.ordinary.wall / (fifty.product.wall + compile)).toFixed(1)}× as long at 50 instances.`),
    "",
    "| goal | measured | limit | met |",
    "|---|---:|---:|---|",
    ...goals(results),
  ].join("\n");
}

/** Returns the rows for the goals that the measured sizes cover. */
function goals(results: Results): readonly string[] {
  const at = (size: number): Sample | undefined => results.get(size)?.product;
  const row = (goal: string, value: number, limit: number, unit: string, met: boolean): string =>
    `| ${goal} | ${value.toFixed(2)}${unit} | ${limit}${unit} | ${met ? "yes" : "**no**"} |`;
  const [one, hundred, thousand] = [at(1), at(100), at(1000)];
  const rows: string[] = [];
  if (thousand !== undefined) {
    rows.push(row("1,000 instances, wall, at most", thousand.wall, 10, " s", thousand.wall < 10));
    rows.push(row("1,000 instances, memory, at most", thousand.rss, 300, " MB", thousand.rss < 300));
  }
  if (one !== undefined && hundred !== undefined && thousand !== undefined) {
    // CPU time, because wall time varies too much. The time for one instance is subtracted, because it is mostly start-up.
    const growth = (thousand.cpu - one.cpu) / 999 / ((hundred.cpu - one.cpu) / 99);
    rows.push(row("CPU per instance, ratio of 1,000 to 100 instances, at most", growth, 1.15, "×", growth <= 1.15));
  }
  const { product, ordinary } = results.get(50) ?? {};
  if (product !== undefined && ordinary !== undefined) {
    const ratio = ordinary.wall / product.wall;
    rows.push(row("50 instances, ordinary / ours, at least", ratio, 10, "×", ratio >= 10));
  }
  return rows;
}

function sizesOf(option: string, given: string): readonly number[] {
  const sizes = given.split(",").map(Number);
  if (sizes.some((size) => !Number.isInteger(size) || size < 1))
    throw new UsageError(`--${option} "${given}" is not a list of positive integers, for example 1,10,100.`);
  return sizes;
}

function main(): void {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string", default: "3" },
      sizes: { type: "string", default: "1,10,100,1000" },
      ordinary: { type: "string", default: "1,10,50" },
      write: { type: "boolean", default: false },
    },
  });
  const [rounds = 1] = sizesOf("rounds", values.rounds);
  const ordinarySizes = sizesOf("ordinary", values.ordinary);
  const sizes = [...new Set([...sizesOf("sizes", values.sizes), ...ordinarySizes])].sort(
    (first, second) => first - second,
  );
  if (!existsSync(join(projectRoot(), "bench/synth/node_modules/ts-node")))
    throw new UsageError("The packages of the ordinary app are not installed. Run: npm --prefix bench/synth ci");

  const scratch = mkdtempSync(join(tmpdir(), "bench-synth-"));
  try {
    const bench = new Bench(scratch);
    const results: Results = new Map(
      sizes.map((size) => {
        process.stderr.write(`${size} instances\n`);
        const samples = Array.from({ length: rounds }, () => ({
          product: bench.product(size),
          floor: bench.floor(size),
        }));
        return [
          size,
          {
            product: medians(samples.map(({ product }) => product)),
            floor: medians(samples.map(({ floor }) => floor)),
            ...(ordinarySizes.includes(size) ? { ordinary: bench.ordinaryApp(size) } : {}),
          },
        ];
      }),
    );
    const [cpu] = cpus();
    const result = [
      `Measured ${new Date().toISOString().slice(0, 10)} on ${cpus().length} × ${cpu?.model ?? "unknown CPU"}, ` +
        `${Math.round(totalmem() / 2 ** 30)} GB, ${process.platform} ${process.arch}, Node.js ${process.version}; medians of ${rounds} rounds, ` +
        `the ordinary app once; \`npm --prefix bench/synth ci && npm run bench:synth -- --rounds ${rounds} --write\`.`,
      "",
      report(results, bench.compile()),
    ].join("\n");
    process.stdout.write(`${result}\n`);
    if (values.write) writeInto(join(projectRoot(), "docs/performance.md"), result);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Replaces the text between the two markers. */
function writeInto(file: string, result: string): void {
  const [begin, end] = ["<!-- bench:synth begin -->", "<!-- bench:synth end -->"];
  const text = readFileSync(file, "utf8");
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new UsageError(`${file} does not contain the lines ${begin} and ${end}.`);
  writeFileSync(file, `${text.slice(0, from + begin.length)}\n\n${result}\n\n${text.slice(to)}`);
}

try {
  main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
