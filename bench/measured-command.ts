/** Measures commands for benchmarks, and writes the figures to docs/performance.md. */
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { projectRoot } from "../lambda/packaging";

/** Wall time of a command, and CPU time of the command and its child processes, in seconds. */
export interface Sample {
  readonly wall: number;
  readonly cpu: number;
}

/** Runs the command to its end. A shell runs the command and reports the CPU time of all child processes (POSIX `times`). */
export async function measured(
  command: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
  allowedExitCodes: readonly number[],
): Promise<Sample> {
  const begin = process.hrtime.bigint();
  const script = '"$@"; code=$?; times; exit $code';
  const child = spawn("sh", ["-c", script, "sh", ...command], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject).once("close", resolve);
  });
  const wall = Number(process.hrtime.bigint() - begin) / 1e9;
  if (code === null || !allowedExitCodes.includes(code)) throw new Error(`${command.join(" ")} failed:\n${output}`);
  // The second line of the output of `times` has the user and system time of the child processes: 0m1.23s 0m0.45s.
  const times = [...output.matchAll(/^(\d+)m([\d.]+)s (\d+)m([\d.]+)s$/gm)].at(-1) ?? [];
  const [, userMinutes, user, systemMinutes, system] = times.map(Number);
  return { wall, cpu: (userMinutes ?? NaN) * 60 + (user ?? NaN) + (systemMinutes ?? NaN) * 60 + (system ?? NaN) };
}

/** Date, processors, memory, platform and Node.js version. */
export function machine(): string {
  const [processor] = cpus();
  return (
    `${new Date().toISOString().slice(0, 10)} on ${cpus().length} × ${processor?.model ?? "unknown CPU"}, ` +
    `${Math.round(totalmem() / 2 ** 30)} GB, ${process.platform} ${process.arch}, Node.js ${process.version}`
  );
}

/** Replaces the text between the two markers of a benchmark in docs/performance.md. */
export function writeFigures(benchmark: string, result: string): void {
  const file = join(projectRoot(), "docs/performance.md");
  const [begin, end] = [`<!-- ${benchmark} begin -->`, `<!-- ${benchmark} end -->`];
  const text = readFileSync(file, "utf8");
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${file} lacks the lines ${begin} and ${end}.`);
  writeFileSync(file, `${text.slice(0, from + begin.length)}\n\n${result}\n\n${text.slice(to)}`);
}
