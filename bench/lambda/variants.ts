/** Packages the measured variants as zips for Lambda: our function, and the baselines for comparison. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { unzipSync, zipSync } from "fflate";
import { packageBlockedCalls, projectRoot } from "../../lambda/packaging";

export interface Variant {
  readonly id: string;
  readonly title: string;
  readonly zip: Uint8Array;
  readonly handler: string;
  /** Size of the uncompressed code, in bytes. */
  readonly bytes: number;
  readonly environment: Readonly<Record<string, string>>;
}

export function variants(): readonly Variant[] {
  const product = packageBlockedCalls();
  const [code] = Object.values(unzipSync(product.zip));
  return [
    {
      id: "product",
      title: "blockedCalls",
      zip: product.zip,
      handler: product.handler,
      bytes: code?.length ?? 0,
      environment: {},
    },
    bundled("a", "(a) @aws-sdk/client-dynamodb v3", "sdk-v3.mjs"),
    bundled("a-light", "(a) without credential providers", "sdk-v3.mjs", CREDENTIAL_PROVIDERS),
    fromRuntime("b", "(b) aws-sdk v2 DocumentClient", "sdk-v2.js"),
    bundled("c", "(c) empty handler", "empty.mjs"),
    bundled("d", "(d) bare signed request", "minimal-request.ts"),
  ];
}

/**
 * Packages that the SDK imports only if the environment has no credentials. Lambda always sets credentials, so the bundle can omit them.
 */
const CREDENTIAL_PROVIDERS = [
  ...["sso", "ini", "http", "process", "web-identity", "login"].map((name) => `@aws-sdk/credential-provider-${name}`),
  "@smithy/credential-provider-imds",
  "@aws-sdk/nested-clients/*",
];

const sources = (): string => join(projectRoot(), "bench/lambda/variants");

/** Builds a zip as the AWS SDK documentation recommends: one minified ES module, with the main field `module` before `main`. */
function bundled(id: string, title: string, file: string, external: string[] = []): Variant {
  const { outputFiles } = buildSync({
    entryPoints: [join(sources(), file)],
    write: false,
    bundle: true,
    minify: true,
    platform: "node",
    format: "esm",
    target: "node22",
    mainFields: ["module", "main"],
    external,
    // Some dependencies of the SDK are CommonJS modules and need `require`.
    ...(file === "sdk-v3.mjs"
      ? { banner: { js: 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);' } }
      : {}),
    logLevel: "error",
  });
  const [output] = outputFiles;
  if (output === undefined) throw new Error(`esbuild produced no output for ${file}.`);
  const zip = zipSync({ "index.mjs": output.contents });
  return { id, title, zip, handler: "index.handler", bytes: output.contents.length, environment: {} };
}

/** Builds a zip without the SDK. The SDK comes from the directory of the runtime, as in the runtimes of the vendor's guide. */
function fromRuntime(id: string, title: string, file: string): Variant {
  const code = readFileSync(join(sources(), file));
  const environment = {
    NODE_PATH: join(projectRoot(), "bench/lambda/node_modules"),
    AWS_NODEJS_CONNECTION_REUSE_ENABLED: "1",
    AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE: "1",
  };
  return { id, title, zip: zipSync({ "index.js": code }), handler: "index.handler", bytes: code.length, environment };
}
