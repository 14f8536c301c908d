/** Builds the function's zip, whose bytes depend on the sources in `blocked-calls/` and on nothing else. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildSync } from "esbuild";
import { zipSync } from "fflate";

export interface FunctionPackage {
  readonly zip: Uint8Array;
  /** SHA-256 of the zip, hex. */
  readonly sha256: string;
  /** SHA-256 of the zip, base64: Lambda's `CodeSha256`, Terraform's `source_code_hash`. */
  readonly sourceCodeHash: string;
  /** Lambda's handler setting, `file.export`. */
  readonly handler: string;
}

/**
 * The entry of the bundle. It is an ES module because only there does Lambda wait, within the init phase and its full
 * CPU, for a promise: the connection to DynamoDB is open, TLS included, before the first call arrives
 * (https://aws.amazon.com/blogs/compute/using-node-js-es-modules-and-top-level-await-in-aws-lambda/).
 */
const ENTRY = `import { connected, handler } from "./blocked-calls/index";
await connected;
export { handler };
`;

let built: FunctionPackage | undefined;

/**
 * The package of the function; built once per process.
 *
 * @throws Error of esbuild when a source does not compile.
 */
export function packageBlockedCalls(): FunctionPackage {
  built ??= build();
  return built;
}

/** The package as a file, for whoever ships files. */
export interface PackagedFunction extends Omit<FunctionPackage, "zip"> {
  /** Absolute path of the zip. */
  readonly zipPath: string;
}

/**
 * Writes the package to `blockedCalls.zip` in the directory, `build/` of the project unless told otherwise.
 *
 * @throws what {@link packageBlockedCalls} throws, and the file system's errors.
 */
export function writeFunctionPackage(directory: string = join(projectRoot(), "build")): PackagedFunction {
  const { zip, ...described } = packageBlockedCalls();
  const zipPath = join(directory, "blockedCalls.zip");
  mkdirSync(directory, { recursive: true });
  // Two synths at once write the same bytes; the rename keeps either from reading half of them.
  writeFileSync(`${zipPath}.${process.pid}`, zip);
  renameSync(`${zipPath}.${process.pid}`, zipPath);
  return { zipPath, ...described };
}

/** The project's directory, from the TypeScript sources and from the compiled `build/` alike. */
export function projectRoot(): string {
  let directory = __dirname;
  while (!existsSync(join(directory, "package.json"))) {
    const parent = dirname(directory);
    if (parent === directory) throw new Error("no package.json above the running code");
    directory = parent;
  }
  return directory;
}

function build(): FunctionPackage {
  const zip = zipSync(
    { "index.mjs": bundle() },
    {
      level: 9,
      // fflate writes the local time of day, so a local date gives the same bytes in every time zone.
      mtime: new Date(1980, 0, 1, 12),
      os: 3, // Unix, so that `attrs` is a file mode:
      attrs: 0o644 << 16, // Lambda needs read permission for everybody.
    },
  );
  const digest = createHash("sha256").update(zip).digest();
  return { zip, sha256: digest.toString("hex"), sourceCodeHash: digest.toString("base64"), handler: "index.handler" };
}

function bundle(): Uint8Array {
  const result = buildSync({
    stdin: { contents: ENTRY, resolveDir: join(projectRoot(), "lambda"), sourcefile: "index.ts", loader: "ts" },
    write: false,
    bundle: true,
    minify: true,
    platform: "node",
    format: "esm",
    target: "node20",
    legalComments: "none",
    // A tsconfig.json found on the way up would make the bytes depend on more than the sources.
    tsconfigRaw: "{}",
    logLevel: "silent", // the error that is thrown says the same
  });
  const [file] = result.outputFiles;
  if (file === undefined) throw new Error("esbuild wrote no file");
  return file.contents;
}
