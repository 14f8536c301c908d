/** Runs a packaged function as Lambda does: in its own process, with the Lambda Runtime API. */
import { spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { unzipSync } from "fflate";
import { projectRoot } from "../../lambda/packaging";

export interface FunctionProps {
  /** The deployment package. */
  readonly zip: Uint8Array;
  /** `file.export` */
  readonly handler: string;
  /** Environment variables of the function. They override those that Lambda sets, such as region and credentials. */
  readonly environment: Readonly<Record<string, string>>;
  /**
   * The Node binary.
   * @default the binary in the variable `LAMBDA_NODE`, otherwise the binary of this process
   */
  readonly nodePath?: string;
  /**
   * Memory size in MB that the function sees. It is not enforced.
   * @default 512
   */
  readonly memoryMb?: number;
}

export interface RuntimeError {
  readonly errorType: string;
  readonly errorMessage: string;
}

export interface Invocation {
  /** The result of the handler; undefined if `error` is set. */
  readonly payload: unknown;
  readonly error?: RuntimeError;
  /** Time from the event to the response, in milliseconds. */
  readonly durationMs: number;
  /** Init time of the process in milliseconds; only for its first invocation. */
  readonly initMs?: number;
  /** Lines of standard output and standard error. Lambda writes both to one log. */
  readonly logs: readonly string[];
}

export interface Usage {
  /** CPU time of the process since its start, in milliseconds. */
  readonly cpuMs: number;
  /** Resident memory of the process, in bytes. */
  readonly rssBytes: number;
}

/** Time limit for process start and loading, in milliseconds. Lambda's init phase has the same limit. */
const INIT_LIMIT_MS = 10_000;

/**
 * Starts the function and waits for the end of its init phase.
 *
 * @throws Error with the error of the function if it cannot be loaded
 */
export async function startFunction(props: FunctionProps): Promise<FunctionInstance> {
  const instance = new FunctionInstance(props);
  try {
    await instance.start();
  } catch (error) {
    await instance.stop();
    throw error;
  }
  return instance;
}

interface Pending {
  readonly id: string;
  readonly event: string;
  readonly deadline: number;
  readonly started: number;
  readonly logs: string[];
  answered?: { readonly body: string; readonly failed: boolean; readonly durationMs: number };
  /** Number of output streams (of two) that have been read to the end. */
  ended: number;
  readonly settle: (result: Omit<Invocation, "logs">) => void;
}

/** One execution environment: one process and one event at a time. */
export class FunctionInstance {
  readonly #props: FunctionProps;
  readonly #directory = mkdtempSync(join(tmpdir(), "function-"));
  readonly #server: Server = createServer((request, response) => void this.#serve(request, response));
  #child: ChildProcess | undefined;
  /** The process's open request for its next event. */
  #next: ServerResponse | undefined;
  #pending: Pending | undefined;
  #initMs = 0;
  /** Whether this process has had no invocation yet. */
  #cold = true;
  #loadMs = 0;
  #loadCpuMs = 0;
  #usage: Usage = { cpuMs: 0, rssBytes: 0 };
  #onInit: (error?: Error) => void = () => undefined;
  #stderr = "";

  constructor(props: FunctionProps) {
    this.#props = props;
    for (const [name, bytes] of Object.entries(unzipSync(props.zip))) {
      const path = join(this.#directory, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, bytes);
    }
  }

  /** Time from process start to the first request for an event, in milliseconds. */
  get initMs(): number {
    return this.#initMs;
  }

  /** The part of `initMs` for loading the function's code, in milliseconds. */
  get loadMs(): number {
    return this.#loadMs;
  }

  /** CPU time of loading, in milliseconds. Unlike `loadMs`, this time hardly depends on other work on the machine. */
  get loadCpuMs(): number {
    return this.#loadCpuMs;
  }

  /** Measured at the end of the last invocation. */
  get usage(): Usage {
    return this.#usage;
  }

  /** Starts a process if none runs. */
  async start(): Promise<void> {
    if (this.#child !== undefined) return;
    if (!this.#server.listening) {
      this.#server.listen(0, "127.0.0.1");
      await once(this.#server, "listening");
    }
    this.#cold = true;
    this.#stderr = "";
    const begun = performance.now();
    await new Promise<void>((resolve, reject) => {
      const limit = setTimeout(() => {
        this.#onInit(new Error(`the function was not ready after ${INIT_LIMIT_MS} ms`));
      }, INIT_LIMIT_MS);
      this.#onInit = (error) => {
        clearTimeout(limit);
        this.#onInit = () => undefined;
        this.#initMs = performance.now() - begun;
        if (error === undefined) resolve();
        else reject(error);
      };
      this.#spawn();
    });
  }

  /**
   * Sends one event and waits until the function has responded and requested the next event. As on Lambda, a process that died or timed
   * out is replaced at the next invocation.
   *
   * @param timeoutMs - the function's timeout setting; default 3000
   */
  async invoke(event: unknown, { timeoutMs = 3000 }: { readonly timeoutMs?: number } = {}): Promise<Invocation> {
    if (this.#pending !== undefined) throw new Error("an execution environment processes one event at a time");
    await this.start();
    const cold = this.#cold;
    this.#cold = false;
    const logs: string[] = [];
    const result = await new Promise<Omit<Invocation, "logs">>((resolve) => {
      const started = performance.now();
      const timer = setTimeout(() => {
        this.#kill("Sandbox.Timedout", `Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`);
      }, timeoutMs);
      this.#pending = {
        id: randomUUID(),
        event: JSON.stringify(event),
        deadline: Date.now() + timeoutMs,
        started,
        logs,
        ended: 0,
        settle: (settled) => {
          clearTimeout(timer);
          this.#pending = undefined;
          resolve(settled);
        },
      };
      this.#deliver();
    });
    return { ...result, ...(cold ? { initMs: this.#initMs } : {}), logs };
  }

  /** Freezes the process, as Lambda does between events. */
  pause(): void {
    this.#child?.kill("SIGSTOP");
  }

  /** Thaws the process. */
  resume(): void {
    this.#child?.kill("SIGCONT");
  }

  /** Ends the process and deletes its files. The instance cannot be used again. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child !== undefined) {
      const closed = once(child, "close");
      child.kill("SIGKILL");
      await closed;
    }
    this.#server.closeAllConnections();
    this.#server.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #spawn(): void {
    const { environment, handler, memoryMb = 512 } = this.#props;
    const nodePath = this.#props.nodePath ?? process.env["LAMBDA_NODE"] ?? process.execPath;
    const { port } = this.#server.address() as AddressInfo;
    const name = environment["AWS_LAMBDA_FUNCTION_NAME"] ?? "blockedCalls";
    const region = environment["AWS_REGION"] ?? "us-east-1";
    const child = spawn(nodePath, [join(projectRoot(), "emulators/lambda-runtime/bootstrap.cjs")], {
      cwd: this.#directory,
      stdio: ["ignore", "pipe", "pipe"],
      // https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html. Variables of this process are not passed on.
      env: {
        AWS_ACCESS_KEY_ID: "ASIASANDBOX",
        AWS_SECRET_ACCESS_KEY: "sandbox-secret",
        AWS_SESSION_TOKEN: "sandbox-session-token",
        AWS_REGION: region,
        AWS_DEFAULT_REGION: region,
        AWS_EXECUTION_ENV: "AWS_Lambda_nodejs22.x",
        AWS_LAMBDA_FUNCTION_NAME: name,
        AWS_LAMBDA_FUNCTION_VERSION: "1",
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
        AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
        AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
        AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}`,
        LAMBDA_TASK_ROOT: this.#directory,
        LANG: "en_US.UTF-8",
        TZ: ":UTC",
        _HANDLER: handler,
        ...environment,
      },
    });
    this.#child = child;
    const killWithParent = (): void => void child.kill("SIGKILL");
    process.once("exit", killWithParent);
    createInterface({ input: child.stdout }).on("line", (line) => {
      this.#onLine(line);
    });
    createInterface({ input: child.stderr }).on("line", (line) => {
      if (!line.startsWith("END RequestId: ")) this.#stderr += `${line}\n`;
      this.#onLine(line);
    });
    child.once("error", (error) => {
      this.#onInit(error);
    });
    // At "exit", output may still be unread.
    child.once("close", (code, signal) => {
      process.off("exit", killWithParent);
      if (this.#child !== child) return;
      this.#child = undefined;
      this.#next = undefined;
      const message = `Runtime exited with ${signal === null ? `exit code ${String(code)}` : `signal ${signal}`}. ${this.#stderr}`;
      this.#onInit(new Error(message));
      this.#fail("Runtime.ExitError", message);
    });
  }

  #onLine(line: string): void {
    if (this.#pending === undefined) return;
    if (line === `END RequestId: ${this.#pending.id}`) this.#pending.ended++;
    else this.#pending.logs.push(line);
    this.#complete();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const path = (request.url ?? "").replace("/2018-06-01/runtime/", "");

    if (path === "invocation/next") {
      const header = (name: string): number => Number(request.headers[name]);
      this.#loadMs = header("sandbox-load-ms");
      this.#loadCpuMs = header("sandbox-load-cpu-us") / 1000;
      this.#usage = { cpuMs: header("sandbox-cpu-us") / 1000, rssBytes: header("sandbox-rss") };
      this.#next = response;
      this.#onInit();
      this.#complete();
      return;
    }
    response.statusCode = 202;
    response.end();
    if (path === "init/error") {
      const { errorType, errorMessage } = JSON.parse(body) as RuntimeError;
      this.#onInit(new Error(`${errorType}: ${errorMessage}`));
    } else if (this.#pending !== undefined && path.startsWith(`invocation/${this.#pending.id}/`)) {
      const durationMs = performance.now() - this.#pending.started;
      this.#pending.answered = { body, failed: path.endsWith("/error"), durationMs };
    }
  }

  #deliver(): void {
    if (this.#pending === undefined || this.#next === undefined) return;
    this.#next.setHeader("Lambda-Runtime-Aws-Request-Id", this.#pending.id);
    this.#next.setHeader("Lambda-Runtime-Deadline-Ms", String(this.#pending.deadline));
    this.#next.setHeader(
      "Lambda-Runtime-Invoked-Function-Arn",
      "arn:aws:lambda:us-east-1:111122223333:function:blockedCalls:live",
    );
    this.#next.end(this.#pending.event);
    this.#next = undefined;
  }

  /** An invocation ends when the response has arrived, all output is read, and the process waits for the next event. */
  #complete(): void {
    const { answered, ended, settle } = this.#pending ?? {};
    if (answered === undefined || ended !== 2 || settle === undefined || this.#next === undefined) return;
    const { body, failed, durationMs } = answered;
    if (failed) settle({ payload: undefined, error: JSON.parse(body) as RuntimeError, durationMs });
    else settle({ payload: JSON.parse(body) as unknown, durationMs });
  }

  #kill(errorType: string, errorMessage: string): void {
    const child = this.#child;
    this.#child = undefined;
    this.#next = undefined;
    child?.kill("SIGKILL");
    this.#fail(errorType, errorMessage);
  }

  #fail(errorType: string, errorMessage: string): void {
    const durationMs = performance.now() - (this.#pending?.started ?? 0);
    this.#pending?.settle({ payload: undefined, error: { errorType, errorMessage }, durationMs });
  }
}
