/** What is measured: the product's package and the yardsticks beside it, each as a zip that Lambda could run. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { unzipSync, zipSync } from "fflate";
import { packageBlockedCalls, projectRoot } from "../../lambda/packaging";

export interface Contender {
  readonly id: string;
  readonly title: string;
  readonly zip: Uint8Array;
  readonly handler: string;
  /** Bytes of code as deployed, not compressed. */
  readonly bytes: number;
  readonly environment: Readonly<Record<string, string>>;
}

export function contenders(): readonly Contender[] {
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
    bundled("d", "(d) bare signed request", "bare.ts"),
  ];
}

/** The SDK imports these when the environment has no credentials; in Lambda it always has, so a bundle can do without. */
const CREDENTIAL_PROVIDERS = [
  ...["sso", "ini", "http", "process", "web-identity", "login"].map((name) => `@aws-sdk/credential-provider-${name}`),
  "@smithy/credential-provider-imds",
  "@aws-sdk/nested-clients/*",
];

const sources = (): string => join(projectRoot(), "bench/lambda/contenders");

/** As small and fast as its makers advise: one minified ES module, `module` before `main`. */
function bundled(id: string, title: string, file: string, external: string[] = []): Contender {
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
    // Some of the SDK's dependencies are CommonJS.
    ...(file === "sdk-v3.mjs"
      ? { banner: { js: 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);' } }
      : {}),
    logLevel: "error",
  });
  const [output] = outputFiles;
  if (output === undefined) throw new Error(`esbuild wrote nothing for ${file}`);
  const zip = zipSync({ "index.mjs": output.contents });
  return { id, title, zip, handler: "index.handler", bytes: output.contents.length, environment: {} };
}

/** The SDK comes from the runtime's own directory, as it did when the guide was written. */
function fromRuntime(id: string, title: string, file: string): Contender {
  const code = readFileSync(join(sources(), file));
  const environment = {
    NODE_PATH: join(projectRoot(), "bench/lambda/node_modules"),
    AWS_NODEJS_CONNECTION_REUSE_ENABLED: "1",
    AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE: "1",
  };
  return { id, title, zip: zipSync({ "index.js": code }), handler: "index.handler", bytes: code.length, environment };
}
