/** A project with a fake app and a fake Terraform, in which a test runs the real command line. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { strToU8, zipSync } from "fflate";
import { projectRoot } from "../../../lambda/packaging";
import { buildCommandLine } from "../command-line-program";
import { recordedInstance, recordedJson, recordedYaml } from "../guard/recorded-plan";

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

/** Keeps the remote state and the lock in the project, and appends each command to calls.log. */
const terraform = `#!${process.execPath}
const fs = require("node:fs"), os = require("node:os"), root = __dirname + "/..";
const [command, second, ...rest] = process.argv.slice(2);
fs.appendFileSync(root + "/calls.log", [command, second, ...rest].join(" ") + "\\n");
const remote = root + "/remote.tfstate", lock = root + "/lock";
const end = (text, code = 0) => { process.stdout.write(text); process.exit(code); };
if (command === "version") end(JSON.stringify({ terraform_version: "1.11.4" }));
if (command === "init") end("");
const locks = ["plan", "apply", "import"].includes(command) || (command === "state" && second === "push");
if (locks && !process.argv.includes("-lock=false") && fs.existsSync(lock)) {
  const { id, who, created } = JSON.parse(fs.readFileSync(lock, "utf8"));
  const info = "  ID: " + id + "\\n  Operation: OperationTypeApply\\n  Who: " + who + "\\n  Created: " + created + "\\n";
  const text = "Error: Error acquiring the state lock\\n\\nError message: StatusCode: 412\\nLock Info:\\n" + info;
  const isPlain = process.argv.includes("-no-color") || process.argv.includes("-json");
  end(isPlain ? text : text.replace(/^/gm, "\\x1b[31m│\\x1b[0m \\x1b[0m"), 1);
}
if (command === "plan") {
  if (fs.existsSync(root + "/plan-fails")) end(fs.readFileSync(root + "/plan-fails", "utf8"), 1);
  const file = process.argv.find((arg) => arg.startsWith("-out=")).slice(5);
  fs.copyFileSync(root + "/plan.zip", file);
  end("");
}
if (command === "show") end(fs.readFileSync(root + "/plan.json", "utf8"));
if (command === "untaint") end("");
if (command === "force-unlock") {
  if (!fs.existsSync(lock) || JSON.parse(fs.readFileSync(lock, "utf8")).id !== rest.at(-1)) end("no such lock", 1);
  fs.rmSync(lock);
  end("");
}
if (command === "state" && second === "pull") end(fs.existsSync(remote) ? fs.readFileSync(remote, "utf8") : "");
if (command === "state" && second === "list") end("No state file was found!", 1);
if (command === "state" && second === "push") { fs.copyFileSync(rest.at(-1), remote); end(""); }
if (command === "apply") {
  if (fs.existsSync(root + "/apply-fails")) {
    fs.writeFileSync("errored.tfstate", fs.readFileSync(root + "/apply-fails", "utf8"));
    const created = new Date().toISOString();
    fs.writeFileSync(lock, JSON.stringify({ id: "0b2f3a52-aaaa", who: "a@" + os.hostname(), created }));
    const messages = [
      { type: "version", "@timestamp": created },
      { type: "planned_change", "@timestamp": new Date().toISOString() },
      { type: "diagnostic", diagnostic: { severity: "error", summary: "Error releasing the state lock", detail: "expired" } },
    ];
    end(messages.map((message) => JSON.stringify(message) + "\\n").join(""), 1);
  }
  end("");
}
end("unknown command", 1);
`;

export interface FakeProject {
  readonly directory: string;
  /** Directory of the stack in the plans directory. */
  readonly stackDirectory: string;
  readonly run: (...args: readonly string[]) => Promise<Result>;
  readonly start: (...args: readonly string[]) => { readonly child: ChildProcess; readonly finished: Promise<Result> };
  readonly write: (name: string, text: string) => void;
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
  const program = buildCommandLine(path.join(directory, "build"));

  const start: FakeProject["start"] = (...args) => {
    const child = spawn(process.execPath, [program, ...args], {
      cwd: directory,
      env: {
        PATH: `${path.join(directory, "bin")}:${process.env["PATH"] ?? ""}`,
        HOME: directory,
        CI: "true",
        AWS_EC2_METADATA_DISABLED: "true",
        AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
        END_OF_SUPPORT_WARNINGS: "off",
        AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
        AWS_SECRET_ACCESS_KEY: "emulated",
        ...env,
      },
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
  const log = path.join(directory, "calls.log");
  return {
    directory,
    stackDirectory: path.join(directory, "build/plans/cdktf.out/stacks", stackName),
    run: (...args) => start(...args).finished,
    start,
    write,
    calls: () => (existsSync(log) ? readFileSync(log, "utf8") : ""),
    remove: () => {
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
