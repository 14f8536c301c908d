/** Builds the zips of the functions. Their bytes depend only on the sources in this folder. */
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
  /** SHA-256 of the zip, base64; Lambda calls it `CodeSha256`, Terraform `source_code_hash`. */
  readonly sourceCodeHash: string;
  /** Lambda's handler setting, `file.export`. */
  readonly handler: string;
}

/**
 * The entry point of the bundle. It is an ES module because Lambda waits for a top-level `await` during the init phase, which has
 * full CPU. So the connection to DynamoDB is open, TLS included, before the first call arrives
 * (https://aws.amazon.com/blogs/compute/using-node-js-es-modules-and-top-level-await-in-aws-lambda/).
 */
const BLOCKED_CALLS_ENTRY = `import { connected, handler } from "./blocked-calls/index";
await connected;
export { handler };
`;
const CANARY_ENTRY = `export { handler } from "./canary/index";`;

const packagesByEntry = new Map<string, FunctionPackage>();

/**
 * The package of the function that answers calls, built once per process.
 *
 * @throws Error of esbuild if a source does not compile
 */
export function packageBlockedCalls(): FunctionPackage {
  return packageOf(BLOCKED_CALLS_ENTRY);
}

/** The package of the canary, built once per process. Throws the same errors as {@link packageBlockedCalls}. */
export function packageCanary(): FunctionPackage {
  return packageOf(CANARY_ENTRY);
}

function packageOf(entry: string): FunctionPackage {
  const functionPackage = packagesByEntry.get(entry) ?? build(entry);
  packagesByEntry.set(entry, functionPackage);
  return functionPackage;
}

/** A package on disk. */
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
 * Writes the packages to `build/blockedCalls.zip` and `build/canary.zip` in the project.
 *
 * @throws the errors of {@link packageBlockedCalls} and of the file system
 */
export function writeFunctionPackages(): PackagedFunctions {
  return {
    blockedCalls: write(packageBlockedCalls(), "blockedCalls.zip"),
    canary: write(packageCanary(), "canary.zip"),
  };
}

function write({ zip, ...properties }: FunctionPackage, file: string): PackagedFunction {
  const directory = join(projectRoot(), "build");
  const zipPath = join(directory, file);
  mkdirSync(directory, { recursive: true });
  // Two synths can run at the same time and write the same bytes. The file is renamed when it is complete, so no synth reads an incomplete
  // file.
  writeFileSync(`${zipPath}.${process.pid}`, zip);
  renameSync(`${zipPath}.${process.pid}`, zipPath);
  return { zipPath, ...properties };
}

/** The root directory of the project, found from the TypeScript sources and from the compiled code in `build/`. */
export function projectRoot(): string {
  let directory = __dirname;
  while (!existsSync(join(directory, "package.json"))) {
    const parent = dirname(directory);
    if (parent === directory) throw new Error(`No package.json in ${__dirname} or a directory above it.`);
    directory = parent;
  }
  return directory;
}

function build(entry: string): FunctionPackage {
  const zip = zipSync(
    { "index.mjs": bundle(entry) },
    {
      level: 9,
      // fflate writes local time into the zip. This date is in local time too, so the bytes are the same in every time zone.
      mtime: new Date(1980, 0, 1, 12),
      os: 3, // Unix: `attrs` is then a file mode
      attrs: 0o644 << 16, // Lambda requires read permission for all users
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
    // Otherwise esbuild would read a tsconfig.json, and the bytes would depend on it.
    tsconfigRaw: "{}",
    logLevel: "silent", // esbuild would print the text of the error that it also throws
  });
  const [file] = result.outputFiles;
  if (file === undefined) throw new Error("esbuild produced no output file.");
  return file.contents;
}
