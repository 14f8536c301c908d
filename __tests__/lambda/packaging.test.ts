/** Tests that the bytes of the zips depend only on the sources, and that Lambda can load the zips. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unzipSync } from "fflate";
import {
  packageBlockedCalls,
  packageCanary,
  projectRoot,
  writeFunctionPackages,
  type PackagedFunction,
} from "../../lambda/packaging";

const built = packageBlockedCalls();
const packages = [
  { name: "blockedCalls", built },
  { name: "canary", built: packageCanary() },
];

/** Copies the sources to another path, compiles them like `npm run compile`, and packages them in another process. */
function packageElsewhere(change: (directory: string) => void, environment: Record<string, string> = {}): string {
  const directory = mkdtempSync(join(realpathSync(tmpdir()), "packaging test "));
  try {
    cpSync(join(projectRoot(), "lambda"), join(directory, "lambda"), { recursive: true });
    cpSync(join(projectRoot(), "package.json"), join(directory, "package.json"));
    symlinkSync(join(projectRoot(), "node_modules"), join(directory, "node_modules"));
    change(directory);
    const script = `
      const { readFileSync, mkdirSync, writeFileSync } = require("node:fs");
      const { transformSync } = require("esbuild");
      mkdirSync("build/lambda", { recursive: true });
      for (const name of ["packaging", "settings"]) {
        const source = readFileSync("lambda/" + name + ".ts", "utf8");
        writeFileSync("build/lambda/" + name + ".js", transformSync(source, { loader: "ts", format: "cjs" }).code);
      }
      process.umask(0o077);
      process.stdout.write(require("./build/lambda/packaging.js").packageBlockedCalls().sha256);
      process.stdout.write(require("./build/lambda/packaging.js").packageCanary().sha256);`;
    return execFileSync(process.execPath, ["-e", script], {
      cwd: directory,
      encoding: "utf8",
      env: { PATH: process.env["PATH"], ...environment },
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test("the zip does not depend on compilation, path, modification times, tsconfig.json or time zone", () => {
  const digests = packageElsewhere(
    (directory) => {
      utimesSync(join(directory, "lambda/blocked-calls/index.ts"), 1, 1);
      writeFileSync(
        join(directory, "tsconfig.json"),
        JSON.stringify({ compilerOptions: { target: "ES5", strict: true } }),
      );
    },
    { TZ: "Pacific/Kiritimati" },
  );
  expect(digests).toBe(packages.map((each) => each.built.sha256).join(""));
});

test("a change in a shared source changes both zips", () => {
  const changed = packageElsewhere((directory) => {
    const path = join(directory, "lambda/settings.ts");
    writeFileSync(path, readFileSync(path, "utf8").replace('"ConnectPathCallBlocking"', '"Changed"'));
  });
  expect(changed).toMatch(/^[\da-f]{128}$/);
  for (const each of packages) expect(changed).not.toContain(each.built.sha256);
});

test("a change in the canary does not change the zip of blockedCalls", () => {
  const changed = packageElsewhere((directory) => {
    const path = join(directory, "lambda/canary/canary.ts");
    writeFileSync(path, readFileSync(path, "utf8").replace("CanaryWrongAnswer: ", "Changed: "));
  });
  expect(changed.slice(0, 64)).toBe(built.sha256);
  expect(changed.slice(64)).not.toBe(packageCanary().sha256);
});

describe.each(packages)("the package of $name", ({ name, built }) => {
  test("both digests match the bytes of the zip", () => {
    const digest = createHash("sha256").update(built.zip).digest();
    expect(built.sha256).toBe(digest.toString("hex"));
    expect(built.sourceCodeHash).toBe(digest.toString("base64"));
  });

  test("the zip has one file of at most 25 kB, which the handler setting names", () => {
    const files = unzipSync(built.zip);
    expect(Object.keys(files)).toEqual([`${built.handler.split(".")[0] ?? ""}.mjs`]);
    expect(files["index.mjs"]?.length).toBeLessThanOrEqual(25_000);
  });

  test("all users may read the file in the zip, as Lambda requires", () => {
    // The upper half of the external attributes, at offset 38 of the central directory, is the file mode.
    const zip = Buffer.from(built.zip);
    const central = zip.indexOf("PK\x01\x02", 0, "latin1");
    expect((zip.readUInt32LE(central + 38) >>> 16).toString(8)).toBe("644");
  });

  test("the bundle contains no path of the build machine and imports only Node modules", () => {
    const code = Buffer.from(unzipSync(built.zip)["index.mjs"] ?? []).toString();
    expect(code).not.toContain(projectRoot());
    const imports = [...code.matchAll(/\bfrom"([^"]+)"/g)].map((match) => match[1]);
    expect(imports.length).toBeGreaterThan(0);
    expect(imports.filter((name) => !name?.startsWith("node:"))).toEqual([]);
    // An ES module that imports node:http also loads undici, which costs 20 ms of CPU time at every start.
    expect(imports).not.toContain("node:http");
  });

  test("the package on disk has the same bytes and the name of the function", () => {
    const packages = new Map<string, PackagedFunction>(Object.entries(writeFunctionPackages()));
    const { zipPath = "", sha256 } = packages.get(name) ?? {};
    expect(zipPath).toBe(join(projectRoot(), "build", `${name}.zip`));
    expect(createHash("sha256").update(readFileSync(zipPath)).digest("hex")).toBe(sha256);
    expect(sha256).toBe(built.sha256);
  });
});
