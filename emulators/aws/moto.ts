/** Starts and stops `moto_server`, the emulator of all AWS services except Amazon Connect. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { forwardTo, type Responder, serveAws } from "./aws-endpoint";
import { findTool } from "./find-tool";
import { fillMotoGaps } from "./moto-gaps";

/** A running moto server with corrected responses. */
export interface Moto {
  /** `http://127.0.0.1:<port>` of the endpoint that corrects moto's responses. */
  readonly url: string;
  /** Answers a request as the endpoint does, without a connection between them. */
  readonly respond: Responder;
  /** Stops the process and waits for its end. May be called again. */
  stop(): Promise<void>;
}

/** Number of lines of moto's output in an error message. */
const keptLines = 30;

/** The command that starts moto: `MOTO_SERVER`, or `moto_server` on the PATH; undefined if there is none. */
export const findMotoServer = (): string | undefined => process.env["MOTO_SERVER"] ?? findTool("moto_server");

/**
 * Starts moto on a free loopback port and waits until it answers.
 *
 * moto stops when this process ends, even if this process is killed.
 *
 * @param account 12 digits: the account in `sts:GetCallerIdentity` for any credentials.
 * @param limitMs time limit for the first answer, in milliseconds.
 * @throws if there is no moto_server, or it ended or did not answer in time. The message contains its output.
 */
export async function startMoto(account: string, limitMs = 60_000): Promise<Moto> {
  const command = findMotoServer();
  if (command === undefined)
    throw new Error(
      "moto_server is not on the PATH. Install it with: pip install 'moto[server]' (or set MOTO_SERVER to its path).",
    );

  // Port 0 lets moto choose a free port, without a race.
  const child = spawn(command, ["-H", "127.0.0.1", "-p", "0"], {
    env: { ...process.env, MOTO_ACCOUNT_ID: account },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const stop = stopWithParent(child);
  try {
    const respond = fillMotoGaps(forwardTo(await announcedUrl(child, limitMs)));
    const endpoint = await serveAws(respond);
    return {
      url: endpoint.url,
      respond,
      stop: async () => {
        await endpoint.close();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`moto_server did not start (${command}): ${reason}`, { cause: error });
  }
}

/** Reads moto's output until moto prints its address, and returns the address. moto accepts requests when it prints the address. */
async function announcedUrl(child: ChildProcess, limitMs: number): Promise<string> {
  const lines: string[] = [];
  return new Promise((resolve, reject) => {
    const fail = (what: string): void => {
      reject(new Error([what, ...lines].join("\n  ")));
    };
    const timer = setTimeout(() => {
      fail(`no answer within ${limitMs} ms`);
    }, limitMs);
    const read = (chunk: Buffer): void => {
      lines.push(...chunk.toString().split("\n").filter(Boolean));
      lines.splice(0, lines.length - keptLines);
      const url = lines.map((line) => /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(line)?.[1]).find(Boolean);
      if (url === undefined) return;
      clearTimeout(timer);
      // Both streams must be read to the end: moto logs every request and would block on a full pipe.
      lines.length = 0;
      resolve(url);
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("error", (error) => {
      clearTimeout(timer);
      fail(error.message);
    });
    child.once("exit", (code, signal) => {
      clearTimeout(timer);
      fail(`it ended with ${signal ?? `exit code ${code ?? "unknown"}`}`);
    });
  });
}

/**
 * Ends a child process together with this one, and returns a function that stops it. The watchdog is a shell that waits until a pipe from
 * this process closes. This works even after a kill and inside a jest worker, where exit handlers do not run.
 */
function stopWithParent(child: ChildProcess): () => Promise<void> {
  if (child.pid === undefined) return () => Promise.resolve();
  const watchdog = spawn("sh", ["-c", "cat > /dev/null; kill -KILL $0 2> /dev/null", String(child.pid)], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  watchdog.unref();
  const gone = once(child, "exit");
  return async () => {
    // Stop the watchdog first: otherwise it could kill another process that reuses the process id.
    watchdog.kill("SIGKILL");
    child.kill("SIGKILL");
    await gone;
  };
}
