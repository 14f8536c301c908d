/** A project with a fake app and a fake Terraform, in which a test runs the real command line. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { strToU8, zipSync } from "fflate";
import { projectRoot } from "../../../lambda/packaging";
import { commandLineProgram } from "../command-line-program";
import { recordedInstance, recordedJson, recordedYaml } from "../guard/recorded-plan";
import { runHere } from "../run-here";

export const stackName = recordedInstance().stackName;

const configuration = JSON.stringify({ terraform: { backend: { s3: { bucket: "acme-terraform-state" } } } });

/** Writes one stack. If there is a file `slow`, it first writes `synth-started` and waits for the seconds in `slow`. */
const app = `
const { existsSync, mkdirSync, readFileSync, writeFileSync } = require("node:fs");
const out = process.env.CDKTF_OUTDIR, workingDirectory = "stacks/${stackName}";
const write = () => {
  mkdirSync(out + "/" + workingDirectory, { recursive: true });
  writeFileSync(out + "/" + workingDirectory + "/cdk.tf.json", ${JSON.stringify(configuration)});
  writeFileSync(out + "/manifest.json", JSON.stringify({ stacks: { one: { name: "${stackName}", workingDirectory } } }));
};
process.on("uncaughtException", ({ message }) => {
  process.stderr.write(message + "\\n");
  process.exit(1);
});
const slow = __dirname + "/../slow";
if (existsSync(slow)) {
  writeFileSync(__dirname + "/../synth-started", "");
  setTimeout(write, 1000 * Number(readFileSync(slow, "utf8")));
} else write();
`;

/** Keeps the remote state and the lock in the project, and appends each command to calls.log. A shell starts faster than Node.js. */
const terraform = String.raw`#!/bin/sh
root=${"$"}{0%/*}/..
echo "$*" >> "$root/calls.log"
command=$1 second=$2
for last; do :; done
lock=$root/lock
field() { sed -n 's/.*"'"$1"'": *"\([^"]*\)".*/\1/p' "$lock"; }
has() { case " $all " in *" $1 "*) true ;; *) false ;; esac; }
all=$*
case "$command $second" in
  plan\ * | apply\ * | import\ * | "state push")
    if ! has -lock=false && [ -f "$lock" ]; then
      prefix=$(printf '\033[31m│\033[0m \033[0m')
      if has -no-color || has -json; then prefix=; fi
      printf "$prefix%s\n" "Error: Error acquiring the state lock" "" "Error message: StatusCode: 412" "Lock Info:" \
        "  ID: $(field id)" "  Operation: OperationTypeApply" "  Who: $(field who)" "  Created: $(field created)"
      exit 1
    fi ;;
esac
case "$command $second" in
  version*) printf '{"terraform_version":"1.11.4"}' ;;
  init* | untaint*) ;;
  plan*)
    if [ -f "$root/plan-fails" ]; then cat "$root/plan-fails"; exit 1; fi
    for argument; do
      case $argument in -out=*) cp "$root/plan.zip" "${"$"}{argument#-out=}" ;; esac
    done ;;
  show*) cat "$root/plan.json" ;;
  force-unlock*)
    if [ ! -f "$lock" ] || [ "$(field id)" != "$last" ]; then printf 'no such lock'; exit 1; fi
    rm "$lock" ;;
  "state pull") if [ -f "$root/remote.tfstate" ]; then cat "$root/remote.tfstate"; fi ;;
  "state list") printf 'No state file was found!'; exit 1 ;;
  "state push") cp "$last" "$root/remote.tfstate" ;;
  apply*)
    if [ -f "$root/apply-fails" ]; then
      cp "$root/apply-fails" errored.tfstate
      now=$("${process.execPath}" -p "new Date().toISOString()")
      printf '{"id":"0b2f3a52-aaaa","who":"a@%s","created":"%s"}' "$(uname -n)" "$now" > "$lock"
      printf '{"type":"%s","@timestamp":"%s"}\n' version "$now" planned_change "$now"
      printf '{"type":"diagnostic","diagnostic":{"severity":"error","summary":"%s","detail":"expired"}}\n' \
        "Error releasing the state lock"
      exit 1
    fi ;;
  *) printf 'unknown command'; exit 1 ;;
esac
`;

export interface FakeProject {
  readonly directory: string;
  /** Directory of the stack in the plans directory. */
  readonly stackDirectory: string;
  readonly run: (...args: readonly string[]) => Promise<Result>;
  /** Like `run`, but in the process of the test, which needs much less time. Only one command may run at a time. */
  readonly runHere: (...args: readonly string[]) => Promise<Result>;
  readonly start: (...args: readonly string[]) => { readonly child: ChildProcess; readonly finished: Promise<Result> };
  readonly write: (name: string, text: string) => void;
  /** Runs commands, and keeps the files that they leave. The next call for the same files and commands only restores these files. */
  readonly once: (files: readonly string[], commands: () => Promise<void>) => Promise<void>;
  /** Terraform commands so far. */
  readonly calls: () => string;
  readonly remove: () => void;
}

export interface Result {
  readonly exitCode: number | null;
  readonly output: string;
}

/** @param env of the commands, such as the address of AWS */
export function createFakeProject(env: Readonly<Record<string, string>> = {}): FakeProject {
  const directory = mkdtempSync(path.join(tmpdir(), "fake-project-"));
  const write = (name: string, text: string | Uint8Array): void => {
    mkdirSync(path.dirname(path.join(directory, name)), { recursive: true });
    writeFileSync(path.join(directory, name), text);
  };
  write("build/main.js", app);
  write("bin/terraform", terraform);
  chmodSync(path.join(directory, "bin/terraform"), 0o755);
  write("environments/dev.yaml", recordedYaml());
  write("plan.json", recordedJson("adoption"));
  const planFile = {
    tfplan: "binary",
    tfstate: JSON.stringify({ version: 4, serial: 3, lineage: "line" }),
    "tfconfig/m-/cdk.tf.json": configuration,
    ".terraform.lock.hcl": "",
  };
  write("plan.zip", zipSync(Object.fromEntries(Object.entries(planFile).map(([name, text]) => [name, strToU8(text)]))));
  write("remote.tfstate", planFile.tfstate);
  const locks = "fleet/terraform/locks";
  cpSync(path.join(projectRoot(), locks), path.join(directory, locks), { recursive: true });
  const environment = {
    PATH: `${path.join(directory, "bin")}:${process.env["PATH"] ?? ""}`,
    HOME: directory,
    CI: "true",
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
    END_OF_SUPPORT_WARNINGS: "off",
    AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
    AWS_SECRET_ACCESS_KEY: "emulated",
    ...env,
  };

  const start: FakeProject["start"] = (...args) => {
    const child = spawn(process.execPath, [commandLineProgram(), ...args], {
      cwd: directory,
      env: environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => (output += text));
    }
    const finished = new Promise<Result>((resolve, reject) => {
      child.once("error", reject).once("close", (exitCode) => {
        resolve({ exitCode, output });
      });
    });
    return { child, finished };
  };
  const kept = new Map<() => Promise<void>, string>();
  const once: FakeProject["once"] = async (files, commands) => {
    const copy = kept.get(commands) ?? mkdtempSync(path.join(directory, "kept-"));
    const isKept = kept.has(commands);
    if (!isKept) await commands();
    const [from, to] = isKept ? [copy, directory] : [directory, copy];
    for (const file of files) {
      const options = { recursive: true, preserveTimestamps: true };
      if (existsSync(path.join(from, file))) cpSync(path.join(from, file), path.join(to, file), options);
    }
    kept.set(commands, copy);
  };
  const log = path.join(directory, "calls.log");
  return {
    directory,
    stackDirectory: path.join(directory, "build/plans/cdktf.out/stacks", stackName),
    run: (...args) => start(...args).finished,
    runHere: (...args) => runHere(args, environment, directory),
    start,
    write,
    once,
    calls: () => (existsSync(log) ? readFileSync(log, "utf8") : ""),
    remove: () => {
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
