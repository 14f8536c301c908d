/** Builds the functions' zips, whose bytes depend on the sources here and on nothing else. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildSync } from "esbuild";
import { zipSync } from "fflate";
import { HANDLER } from "./settings";

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
const BLOCKED_CALLS = `import { connected, handler } from "./blocked-calls/index";
await connected;
export { handler };
`;
const CANARY = `export { handler } from "./canary/index";`;

const built = new Map<string, FunctionPackage>();

/**
 * The package of the function that answers the call; built once per process.
 *
 * @throws Error of esbuild when a source does not compile.
 */
export function packageBlockedCalls(): FunctionPackage {
  return packageOf(BLOCKED_CALLS);
}

/** The package of the canary; the same holds for it. */
export function packageCanary(): FunctionPackage {
  return packageOf(CANARY);
}

function packageOf(entry: string): FunctionPackage {
  const known = built.get(entry) ?? build(entry);
  built.set(entry, known);
  return known;
}

/** The package as a file, for whoever ships files. */
export interface PackagedFunction extends Omit<FunctionPackage, "zip"> {
  /** Absolute path of the zip. */
  readonly zipPath: string;
}

/** The functions of a stack. */
export interface PackagedFunctions {
  readonly blockedCalls: PackagedFunction;
  readonly canary: PackagedFunction;
}

/**
 * Writes the packages to `blockedCalls.zip` and `canary.zip` in the directory, `build/` of the project unless told otherwise.
 *
 * @throws what {@link packageBlockedCalls} throws, and the file system's errors.
 */
export function writeFunctionPackages(directory: string = join(projectRoot(), "build")): PackagedFunctions {
  return {
    blockedCalls: write(packageBlockedCalls(), directory, "blockedCalls.zip"),
    canary: write(packageCanary(), directory, "canary.zip"),
  };
}

function write({ zip, ...described }: FunctionPackage, directory: string, file: string): PackagedFunction {
  const zipPath = join(directory, file);
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

function build(entry: string): FunctionPackage {
  const zip = zipSync(
    { "index.mjs": bundle(entry) },
    {
      level: 9,
      // fflate writes the local time of day, so a local date gives the same bytes in every time zone.
      mtime: new Date(1980, 0, 1, 12),
      os: 3, // Unix, so that `attrs` is a file mode:
      attrs: 0o644 << 16, // Lambda needs read permission for everybody.
    },
  );
  const digest = createHash("sha256").update(zip).digest();
  return { zip, sha256: digest.toString("hex"), sourceCodeHash: digest.toString("base64"), handler: HANDLER };
}

function bundle(entry: string): Uint8Array {
  const result = buildSync({
    stdin: { contents: entry, resolveDir: join(projectRoot(), "lambda"), sourcefile: "index.ts", loader: "ts" },
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
