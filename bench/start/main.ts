/**
 * Measures how long commands need to start, beside an empty npm script.
 *
 * Usage: `npm run bench:start [-- --rounds 5] [--write]`. `--write` updates docs/performance.md.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { projectRoot } from "../../lambda/packaging";
import { machine, measured, type Sample, writeFigures } from "../measured-command";

class UsageError extends Error {}

const sources = ["cdktf.json", "main.ts", "package-lock.json", "tsconfig.json", "tsconfig.app.json"];
const folders = ["config", "emulators", "examples", "fleet", "flows", "lambda", "sandbox", "scripts", "stacks"];

/** Limits of the CPU time of a command, in seconds: without a change, and after an edit of a source file. */
const limits = { unchanged: 1, edited: 2 } as const;

/** A copy of the project, because the benchmark edits a source file. The examples are its environment files. */
function copyProject(project: string): void {
  mkdirSync(project);
  for (const source of [...sources, ...folders])
    cpSync(join(projectRoot(), source), join(project, source), { recursive: true });
  cpSync(join(project, "examples"), join(project, "environments"), { recursive: true });
  const manifest = JSON.parse(readFileSync(join(projectRoot(), "package.json"), "utf8")) as { scripts: object };
  const scripts = { ...manifest.scripts, nothing: ":" };
  writeFileSync(join(project, "package.json"), JSON.stringify({ ...manifest, scripts }));
  symlinkSync(join(projectRoot(), "node_modules"), join(project, "node_modules"));
}

const median = (samples: readonly Sample[]): Sample => {
  const middle = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
  return { wall: middle(samples.map(({ wall }) => wall)), cpu: middle(samples.map(({ cpu }) => cpu)) };
};

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { rounds: { type: "string", default: "5" }, write: { type: "boolean", default: false } },
  });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 100) {
    throw new UsageError(`--rounds "${values.rounds}" is not a whole number from 1 to 100.`);
  }
  const scratch = mkdtempSync(join(tmpdir(), "bench-start-"));
  try {
    const project = join(scratch, "project");
    copyProject(project);
    const env = { PATH: process.env["PATH"], HOME: scratch, CDKTF_OUTDIR: join(scratch, "cdktf.out") };
    const run = (command: string) => measured(command.split(" "), project, env, [0]);
    const edited = join(project, "stacks/remote-state.ts");
    const text = readFileSync(edited, "utf8");
    let edits = 0;
    const edit = (): void => {
      writeFileSync(edited, `${text}\nexport const edit = ${++edits};\n`);
    };

    const [list, synth] = ["npm run --silent fleet -- list", "npm run --silent synth:app"];
    const rows: readonly { what: string; command: string; before?: () => void; limit?: number }[] = [
      { what: "an empty npm script", command: "npm run --silent nothing" },
      { what: "`npm run fleet -- list`", command: list, limit: limits.unchanged },
      { what: "`npx fleet list`", command: "npx fleet list" },
      { what: "`npm run fleet -- list` after an edit", command: list, before: edit, limit: limits.edited },
      { what: "synth of the examples", command: synth, limit: limits.unchanged },
      { what: "synth after an edit", command: synth, before: edit, limit: limits.edited },
      { what: "`npm run sandbox`", command: "npm run --silent sandbox" },
    ];
    const lines: string[] = [];
    for (const { what, command, before, limit } of rows) {
      process.stderr.write(`${what}\n`);
      await run(command);
      const samples: Sample[] = [];
      for (let n = 0; n < rounds; n++) {
        before?.();
        samples.push(await run(command));
      }
      const { wall, cpu } = median(samples);
      const goal = limit === undefined ? "" : `${limit} s: ${cpu < limit ? "yes" : "**no**"}`;
      lines.push(`| ${what} | ${wall.toFixed(2)} | ${cpu.toFixed(2)} | ${goal} |`);
    }
    const result = [
      `Measured ${machine()}; medians of ${rounds} rounds; \`npm run bench:start -- --rounds ${rounds} --write\`.`,
      "",
      "| | wall s | CPU s | CPU below the limit |",
      "|---|---:|---:|---|",
      ...lines,
    ].join("\n");
    process.stdout.write(`${result}\n`);
    if (values.write) writeFigures("bench:start", result);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
