// Emulates Lambda's Node.js runtime: loads the handler, then requests one event after another from the Runtime API.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"use strict";

const { existsSync } = require("node:fs");
const { join } = require("node:path");
const { pathToFileURL } = require("node:url");

async function loadHandler() {
  const [file, name] = process.env._HANDLER.split(".");
  const base = join(process.env.LAMBDA_TASK_ROOT, file);
  const extension = [".js", ".mjs", ".cjs"].find((candidate) => existsSync(base + candidate));
  if (extension === undefined) throw new Error(`Cannot find module '${file}'`);
  const path = base + extension;
  const module_ = extension === ".mjs" ? await import(pathToFileURL(path)) : require(path);
  if (typeof module_[name] !== "function") throw new Error(`${process.env._HANDLER} is undefined or not exported`);
  return module_[name];
}

const describe = (error) =>
  error instanceof Error
    ? { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? "").split("\n") }
    : { errorType: typeof error, errorMessage: String(error), trace: [] };

async function main() {
  const start = process.hrtime.bigint();
  const cpuAtStart = process.cpuUsage();
  let handler;
  let failure;
  try {
    handler = await loadHandler();
  } catch (error) {
    failure = describe(error);
  }
  const loadMs = Number(process.hrtime.bigint() - start) / 1e6;
  const loadCpu = process.cpuUsage(cpuAtStart);

  // Load http after the function, so that no network module is loaded when the function starts.
  const http = require("node:http");
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
  const call = (method, path, headers = {}, body = "") =>
    new Promise((resolve, reject) => {
      const options = { agent, host, port, method, path: `/2018-06-01/runtime/${path}`, headers };
      const request = http.request(options, (response) => {
        const chunks = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("end", () => resolve({ headers: response.headers, body: Buffer.concat(chunks).toString() }));
      });
      request.on("error", reject);
      request.end(body);
    });

  if (failure !== undefined) {
    await call("POST", "init/error", {}, JSON.stringify(failure));
    process.exit(1);
  }

  for (;;) {
    const { user, system } = process.cpuUsage();
    const usage = {
      "sandbox-load-ms": loadMs,
      "sandbox-load-cpu-us": loadCpu.user + loadCpu.system,
      "sandbox-cpu-us": user + system,
      "sandbox-rss": process.memoryUsage.rss(),
    };
    const next = await call("GET", "invocation/next", usage);
    const id = next.headers["lambda-runtime-aws-request-id"];
    const deadline = Number(next.headers["lambda-runtime-deadline-ms"]);
    const context = {
      awsRequestId: id,
      functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
      functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
      invokedFunctionArn: next.headers["lambda-runtime-invoked-function-arn"],
      memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
      getRemainingTimeInMillis: () => deadline - Date.now(),
    };
    let path = `invocation/${id}/response`;
    let body;
    try {
      body = JSON.stringify((await handler(JSON.parse(next.body), context)) ?? null);
    } catch (error) {
      path = `invocation/${id}/error`;
      body = JSON.stringify(describe(error));
    }
    // All output of the function comes before this line.
    process.stdout.write(`END RequestId: ${id}\n`);
    process.stderr.write(`END RequestId: ${id}\n`);
    await call("POST", path, {}, body);
  }
}

void main();
