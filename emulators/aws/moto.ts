/** Starts and stops `moto_server`, the emulator of every AWS service but Amazon Connect. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { forwardTo, serveAws } from "./aws-endpoint";
import { findTool } from "./find-tool";
import { fillMotoGaps } from "./moto-gaps";

/** A running moto server, its gaps filled. */
export interface Moto {
  /** `http://127.0.0.1:<port>`, where `fillMotoGaps` stands in front of moto. */
  readonly url: string;
  /** Ends the process and resolves when it is gone; may be called again. */
  stop(): Promise<void>;
}

/** How many lines of what moto says are kept for an error message. */
const keptLines = 30;

/** The command that starts moto: `MOTO_SERVER`, or `moto_server` on the PATH; undefined when there is none. */
export const findMotoServer = (): string | undefined => process.env["MOTO_SERVER"] ?? findTool("moto_server");

/**
 * Starts moto on a free port of the loopback interface and waits until it answers.
 *
 * It ends with this process, whatever way this process ends.
 *
 * @param account 12 digits: the account that `sts:GetCallerIdentity` answers, for any credentials.
 * @param limitMs how long moto may take to answer, in milliseconds.
 * @throws when there is no moto_server, or it ended or did not answer in time; the message holds what moto printed.
 */
export async function startMoto(account: string, limitMs = 60_000): Promise<Moto> {
  const command = findMotoServer();
  if (command === undefined)
    throw new Error(
      "moto_server is not on the PATH. Install it with: pip install 'moto[server]' (or name it in MOTO_SERVER).",
    );

  // Port 0 lets moto choose: a port found free beforehand may be taken by the time moto binds it.
  const child = spawn(command, ["-H", "127.0.0.1", "-p", "0"], {
    env: { ...process.env, MOTO_ACCOUNT_ID: account },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const stop = stopWithUs(child);
  try {
    const endpoint = await serveAws(fillMotoGaps(forwardTo(await announcedUrl(child, limitMs))));
    return {
      url: endpoint.url,
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

/** Reads what moto prints until it names its address: it listens by then. */
async function announcedUrl(child: ChildProcess, limitMs: number): Promise<string> {
  const lines: string[] = [];
  return new Promise((resolve, reject) => {
    const giveUp = (what: string): void => {
      reject(new Error([what, ...lines].join("\n  ")));
    };
    const timer = setTimeout(() => {
      giveUp(`no answer within ${limitMs} ms`);
    }, limitMs);
    const read = (chunk: Buffer): void => {
      lines.push(...chunk.toString().split("\n").filter(Boolean));
      lines.splice(0, lines.length - keptLines);
      const url = lines.map((line) => /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(line)?.[1]).find(Boolean);
      if (url === undefined) return;
      clearTimeout(timer);
      // Both streams are still read to the end: moto logs every request, and would stop at a full pipe.
      lines.length = 0;
      resolve(url);
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("error", (error) => {
      clearTimeout(timer);
      giveUp(error.message);
    });
    child.once("exit", (code, signal) => {
      clearTimeout(timer);
      giveUp(`it ended with ${signal ?? `exit code ${code ?? "unknown"}`}`);
    });
  });
}

/**
 * Ties a process to this one and returns what stops it. The guard is a shell that reads a pipe from us until it closes, as it
 * does even when we are killed: exit handlers do not run then, nor inside a jest worker.
 */
function stopWithUs(child: ChildProcess): () => Promise<void> {
  if (child.pid === undefined) return () => Promise.resolve();
  const guard = spawn("sh", ["-c", "cat > /dev/null; kill -KILL $0 2> /dev/null", String(child.pid)], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  guard.unref();
  const gone = once(child, "exit");
  return async () => {
    // The guard goes first, lest it kill a stranger that was given the same process id.
    guard.kill("SIGKILL");
    child.kill("SIGKILL");
    await gone;
  };
}
