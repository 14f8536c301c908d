/**
 * Attaches Terraform to the real AWS provider with few schemas. Terraform otherwise hashes the provider's 700 MB and decodes the schemas of
 * 1,500 resource types in every command, which is most of the CPU time of a plan.
 *
 * Terraform connects to this proxy (`TF_REATTACH_PROVIDERS`). Each connection gets its own provider process, which has the working directory
 * and the environment of that Terraform process, as if Terraform had started it. A provider that has finished its work serves the next
 * connection from the same directory and environment, and is configured again. The proxy answers only the request for the schemas itself,
 * with the provider's own schemas of the services that the stacks use. An unknown resource type is therefore an error of Terraform.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import http2, { type ClientHttp2Session, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import net, { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { platform } from "../../emulators/aws/terraform-cli";
import { projectRoot } from "../../lambda/packaging";

const address = "registry.terraform.io/hashicorp/aws";

/** Resource types and data sources whose schemas Terraform gets. */
const used =
  /^aws_(appautoscaling|caller_identity|cloudwatch|connect|dynamodb|iam|lambda|partition|region|s3_bucket|sns)/;

/** Fields of `GetProviderSchema.Response` that are maps from a type to its schema. https://github.com/hashicorp/terraform/blob/v1.11.4/docs/plugin-protocol */
const schemaMaps = new Set([2, 3, 8]);

/** What a plugin needs to start: https://github.com/hashicorp/terraform/blob/v1.11.4/internal/plugin/serve.go */
const handshake = {
  TF_PLUGIN_MAGIC_COOKIE: "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
  PLUGIN_PROTOCOL_VERSIONS: "5",
};

/** Providers that wait for the next command. Each needs about 300 MB. */
const maxIdle = 4;

/** gRPC needs windows for whole messages. The default of HTTP/2 is 64 kB. */
const windowSize = 16 * 2 ** 20;

export interface AttachedProvider {
  /** Added to the environment of each Terraform process. */
  readonly env: Readonly<Record<string, string>>;
  /** Ends all provider processes. */
  stop(): Promise<void>;
}

/** @param env selects the source of the provider; see `findTerraformProvider` */
export async function attachProvider(env: Readonly<Record<string, string>>): Promise<AttachedProvider> {
  const executable = await providerExecutable(env);
  const schemas = await usedSchemas(executable);
  const sockets = mkdtempSync(path.join(tmpdir(), "provider-"));
  const sessions = new Set<ServerHttp2Session>();
  const idle: Provider[] = [];
  let isStopped = false;
  const take = async (surroundings: Surroundings): Promise<Provider> => {
    const key = JSON.stringify(surroundings);
    for (;;) {
      const at = idle.findIndex((provider) => provider.key === key);
      const [kept] = at < 0 ? [] : idle.splice(at, 1);
      if (kept === undefined) return startProvider(executable, surroundings, sockets);
      if (kept.isUsable()) return kept;
      kept.kill();
    }
  };
  const giveBack = (provider: Provider): void => {
    if (isStopped || !provider.isUsable()) {
      provider.kill();
      return;
    }
    idle.push(provider);
    if (idle.length > maxIdle) idle.shift()?.kill();
  };
  const server = http2.createServer({ settings: { initialWindowSize: windowSize } });
  server.on("session", (session) => {
    sessions.add(session);
    session.setLocalWindowSize(windowSize);
    let provider: Promise<Provider> | undefined;
    session.once("close", () => {
      sessions.delete(session);
      provider?.then(giveBack, () => undefined);
    });
    session.on("error", () => undefined);
    session.on("stream", (stream, headers) => {
      const method = String(headers[":path"]);
      stream.on("error", () => undefined);
      // Without the provider's stdio and broker, go-plugin works, too. Terraform must not end the provider.
      if (method.startsWith("/plugin.GRPCController/")) {
        answer(stream, frame(Buffer.alloc(0)));
        return;
      }
      if (method.startsWith("/plugin.")) {
        refuse(stream, 12, "not provided");
        return;
      }
      if (method === "/tfplugin5.Provider/GetSchema") {
        answer(stream, schemas);
        return;
      }
      provider ??= take(surroundingsOf(terraformPid(session, server)));
      provider.then(
        (started) => {
          started.forward(stream, headers);
        },
        (error: unknown) => {
          refuse(stream, 14, String(error));
        },
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const reattach = {
    Protocol: "grpc",
    ProtocolVersion: 5,
    Pid: process.pid,
    // Terraform must not end this process.
    Test: true,
    Addr: { Network: "tcp", String: `127.0.0.1:${port}` },
  };
  return {
    env: { TF_REATTACH_PROVIDERS: JSON.stringify({ [address]: reattach }) },
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const session of sessions) session.destroy();
      await closed;
      isStopped = true;
      for (const { kill } of idle) kill();
      rmSync(sockets, { recursive: true, force: true });
    },
  };
}

/** The Terraform process at the other end of a connection. */
function terraformPid(session: ServerHttp2Session, server: http2.Http2Server): number {
  const { port } = server.address() as AddressInfo;
  const socket = `socket:[${inodeOf(session.socket.remotePort ?? 0, port)}]`;
  const isTerraform = (pid: string): boolean => /^\d+$/.test(pid) && textAt(`/proc/${pid}/comm`) === "terraform\n";
  const pid = readdirSync("/proc")
    .filter(isTerraform)
    .find((candidate) =>
      namesIn(`/proc/${candidate}/fd`).some((file) => linkAt(`/proc/${candidate}/fd/${file}`) === socket),
    );
  if (pid === undefined) throw new Error("no Terraform process has this connection");
  return Number(pid);
}

interface Surroundings {
  readonly directory: string;
  /** A directory that was deleted and created again has another number. Its old provider would find no files. */
  readonly inode: number;
  readonly env: Readonly<Record<string, string>>;
}

/** Working directory and environment of a process. */
function surroundingsOf(pid: number): Surroundings {
  const variables = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").filter(Boolean);
  const entries = variables.map((variable) => {
    const equals = variable.indexOf("=");
    return [variable.slice(0, equals), variable.slice(equals + 1)] as const;
  });
  const directory = realpathSync(`/proc/${pid}/cwd`);
  return { directory, inode: statSync(directory).ino, env: Object.fromEntries(entries) };
}

/** Contents of a file of a process, which may end at any time; empty if the process has ended. */
function textAt(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function linkAt(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return "";
  }
}

/** The inode of the socket of a connection between two loopback ports, at the side of the first port. */
function inodeOf(localPort: number, remotePort: number): string {
  const at = (port: number): string => `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  for (const line of readFileSync("/proc/net/tcp", "utf8").split("\n")) {
    const [, local, remote, , , , , , , inode = ""] = line.trim().split(/\s+/);
    if (local === at(localPort) && remote === at(remotePort)) return inode;
  }
  throw new Error("the connection has ended");
}

interface Provider {
  /** Working directory and environment, as text. */
  readonly key: string;
  readonly client: ClientHttp2Session;
  readonly forward: (stream: ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void;
  /** Whether another connection may get this provider: it runs, no request is unfinished, and Terraform did not stop it. */
  readonly isUsable: () => boolean;
  readonly kill: () => void;
}

async function startProvider(
  executable: string,
  surroundings: Omit<Surroundings, "inode">,
  sockets: string,
): Promise<Provider> {
  const { directory, env } = surroundings;
  const child: ChildProcess = spawn(executable, [], {
    cwd: directory,
    env: { ...env, ...handshake, PLUGIN_UNIX_SOCKET_DIR: sockets },
    stdio: ["ignore", "pipe", "ignore"],
  });
  const socket = await new Promise<string>((resolve, reject) => {
    let line = "";
    child.once("error", reject);
    child.once("exit", () => {
      reject(new Error(`the provider ended: ${line}`));
    });
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      line += text;
      const announced = /^1\|5\|unix\|([^|]+)\|grpc/.exec(line)?.[1];
      if (announced !== undefined) resolve(announced);
    });
  });
  const client = http2.connect("http://provider", {
    createConnection: () => net.connect(socket),
    settings: { initialWindowSize: windowSize },
  });
  client.on("error", () => undefined);
  client.once("connect", () => {
    client.setLocalWindowSize(windowSize);
  });
  let unfinished = 0;
  let wasStopped = false;
  return {
    key: JSON.stringify(surroundings),
    client,
    forward: (stream, headers) => {
      wasStopped ||= headers[":path"] === "/tfplugin5.Provider/Stop";
      unfinished++;
      stream.once("close", () => unfinished--);
      // For example, Terraform was killed.
      stream.once("aborted", () => (wasStopped = true));
      forward(stream, headers, client);
    },
    isUsable: () => child.exitCode === null && !client.destroyed && unfinished === 0 && !wasStopped,
    kill: () => {
      client.destroy();
      child.kill("SIGKILL");
      rmSync(socket, { force: true });
    },
  };
}

/** Forwards one gRPC request and its answer, with the status in the trailers. */
function forward(stream: ServerHttp2Stream, headers: http2.IncomingHttpHeaders, client: ClientHttp2Session): void {
  if (stream.destroyed) return;
  const request = client.request({
    ":method": "POST",
    ":path": String(headers[":path"]),
    "content-type": "application/grpc",
    te: "trailers",
    ...(headers["grpc-timeout"] === undefined ? {} : { "grpc-timeout": headers["grpc-timeout"] }),
  });
  request.on("error", () => {
    refuse(stream, 14, "the provider ended");
  });
  request.once("response", (response, flags) => {
    const endStream = (flags & http2.constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    stream.respond(regular(response, { ":status": 200 }), { endStream, waitForTrailers: !endStream });
    if (endStream) return;
    let trailers: http2.IncomingHttpHeaders = {};
    request.once("trailers", (received: http2.IncomingHttpHeaders) => (trailers = received));
    stream.once("wantTrailers", () => {
      stream.sendTrailers(regular(trailers));
    });
    request.pipe(stream);
  });
  stream.once("aborted", () => {
    request.close(http2.constants.NGHTTP2_CANCEL);
  });
  stream.pipe(request);
}

/** Headers without the pseudo headers of HTTP/2. */
const regular = (
  headers: http2.IncomingHttpHeaders,
  more: http2.OutgoingHttpHeaders = {},
): http2.OutgoingHttpHeaders => ({
  ...more,
  ...Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(":"))),
});

function answer(stream: ServerHttp2Stream, message: Buffer): void {
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.once("wantTrailers", () => {
    stream.sendTrailers({ "grpc-status": "0" });
  });
  stream.resume().end(message);
}

/** @param status a status code of gRPC */
function refuse(stream: ServerHttp2Stream, status: number, message: string): void {
  if (stream.headersSent || stream.destroyed) {
    stream.destroy();
    return;
  }
  const headers = { "content-type": "application/grpc", "grpc-status": String(status), "grpc-message": message };
  stream.respond({ ":status": 200, ...headers }, { endStream: true });
}

/** A gRPC message: no compression, four bytes for the length, and the message. */
function frame(message: Buffer): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** Path of the provider that `terraform init` installs. The first test file of a run installs it for all. */
async function providerExecutable(env: Readonly<Record<string, string>>): Promise<string> {
  const directory = path.join(String(process.env["TEST_RUN_DIRECTORY"]), "provider");
  const result = path.join(directory, "executable");
  for (;;) {
    if (existsSync(result)) return readFileSync(result, "utf8");
    try {
      mkdirSync(directory);
      break;
    } catch {
      // Another test file installs the provider.
      await setTimeout(100);
    }
  }
  try {
    const required_providers = { aws: { source: "hashicorp/aws", version: "~> 5.100.0" } };
    writeFileSync(path.join(directory, "main.tf.json"), JSON.stringify({ terraform: { required_providers } }));
    const lock = path.join(projectRoot(), "fleet/terraform/locks/aws-5.100.lock.hcl");
    copyFileSync(lock, path.join(directory, ".terraform.lock.hcl"));
    await promisify(execFile)("terraform", ["init", "-input=false", "-no-color"], {
      cwd: directory,
      env: { ...process.env, ...env },
    });
    const versions = path.join(directory, ".terraform/providers", address);
    const [version = ""] = readdirSync(versions);
    const installed = path.join(versions, version, platform());
    const executable = readdirSync(installed).find((name) => name.startsWith("terraform-provider-aws_"));
    if (executable === undefined) throw new Error(`${installed} has no provider`);
    const file = realpathSync(path.join(installed, executable));
    writeFileSync(`${result}.new`, file);
    renameSync(`${result}.new`, result);
    return file;
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

/** The answer to the request for the schemas, with the used schemas only. Kept for the run, because it takes a second of CPU. */
async function usedSchemas(executable: string): Promise<Buffer> {
  const file = path.join(String(process.env["TEST_RUN_DIRECTORY"]), "provider-schemas");
  if (existsSync(file)) return readFileSync(file);
  const sockets = mkdtempSync(path.join(tmpdir(), "provider-"));
  const environment = { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? sockets };
  const { client, kill } = await startProvider(executable, { directory: sockets, env: environment }, sockets);
  try {
    const all = await new Promise<Buffer>((resolve, reject) => {
      const parts: Buffer[] = [];
      const headers = { ":method": "POST", "content-type": "application/grpc", te: "trailers" };
      const request = client.request({ ...headers, ":path": "/tfplugin5.Provider/GetSchema" });
      request.on("data", (part: Buffer) => parts.push(part));
      request.once("error", reject);
      request.once("end", () => {
        resolve(Buffer.concat(parts));
      });
      request.end(frame(Buffer.alloc(0)));
    });
    const kept = frame(onlyUsed(all.subarray(5)));
    writeFileSync(`${file}.${process.pid}`, kept);
    renameSync(`${file}.${process.pid}`, file);
    return kept;
  } finally {
    kill();
    rmSync(sockets, { recursive: true, force: true });
  }
}

/** Removes the schemas of unused types from the encoded `GetProviderSchema.Response`. */
function onlyUsed(response: Buffer): Buffer {
  const kept: Buffer[] = [];
  for (const { number, content, whole } of fieldsOf(response)) {
    if (!schemaMaps.has(number)) kept.push(whole);
    else {
      // The first field of a map entry is its key.
      const [key] = fieldsOf(content);
      if (used.test(key?.content.toString() ?? "")) kept.push(whole);
    }
  }
  return Buffer.concat(kept);
}

interface Field {
  readonly number: number;
  readonly content: Buffer;
  /** The field with its number and length. */
  readonly whole: Buffer;
}

/** The fields of an encoded message, all of which have a length: https://protobuf.dev/programming-guides/encoding/ */
function* fieldsOf(message: Buffer): Generator<Field> {
  for (let at = 0; at < message.length;) {
    const start = at;
    const varint = (): number => {
      let value = 0;
      for (let shift = 1; ; shift *= 128) {
        const byte = message[at++] ?? 0;
        value += (byte & 127) * shift;
        if (byte < 128) return value;
      }
    };
    const tag = varint();
    if (tag % 8 !== 2) throw new Error(`a field of the provider's schemas has the wire type ${tag % 8}`);
    const length = varint();
    const content = message.subarray(at, at + length);
    at += length;
    yield { number: Math.floor(tag / 8), content, whole: message.subarray(start, at) };
  }
}
