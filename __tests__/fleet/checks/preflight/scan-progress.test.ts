/** The progress file of a scan: complete, private, used only by the same scan, and validated when it is read. */
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import fc from "fast-check";
import { ContactStats } from "../../../../fleet/checks/preflight/contact-stats";
import { ProgressFiles } from "../../../../fleet/checks/preflight/scan-progress";
import type { ScanIdentity, ScanProgress } from "../../../../fleet/checks/preflight/scan-progress";

let directory: string;
let files: ProgressFiles;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "preflight-progress-"));
  files = new ProgressFiles(path.join(directory, "preflight"));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

const identity: ScanIdentity = {
  tableArn: "arn:aws:dynamodb:us-east-1:111122223333:table/dextr-acme",
  tableId: "id-1",
  extent: { full: false, items: 100 },
  blockedDispositions: ["Blocked"],
};

function progressAfter(items: readonly Readonly<Record<string, AttributeValue>>[]): ScanProgress {
  const stats = new ContactStats(["hash", "range"], identity.blockedDispositions);
  for (const item of items) stats.add(item);
  return {
    savedAt: "2026-01-02T03:04:05.000Z",
    finished: false,
    units: 12.5,
    pages: 3,
    segments: [
      { scanned: items.length, finished: true },
      { scanned: 0, finished: false },
    ],
    stats: stats.toJSON(),
  };
}

test("a written position is read again, with keys of every type", () => {
  const keyValues: fc.Arbitrary<AttributeValue> = fc.oneof(
    fc.string().map((S) => ({ S })),
    fc.integer().map((n) => ({ N: String(n) })),
    fc.uint8Array({ minLength: 1, maxLength: 40 }).map((B) => ({ B })),
  );
  const items = fc.array(
    fc.record(
      {
        hash: keyValues,
        range: keyValues,
        Disposition: fc.oneof(fc.string(), fc.constant("Blocked")).map((S) => ({ S })),
        CustomerEndpoint: keyValues,
      },
      { requiredKeys: ["hash"] },
    ),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(
      items,
      fc.dictionary(fc.stringMatching(/^[a-z]+$/), keyValues, { minKeys: 1, maxKeys: 2 }),
      (some, next) => {
        const progress = { ...progressAfter(some), segments: [{ scanned: some.length, finished: false, next }] };
        files.write(identity, progress);
        const read = files.read(identity);
        expect({ ...read, segments: undefined }).toEqual({ ...progress, segments: undefined });
        const bytes = (value: AttributeValue | undefined) => value?.B && { B: Buffer.from(value.B).toString("hex") };
        for (const [name, value] of Object.entries(next)) {
          const stored = read?.segments[0]?.next?.[name];
          expect(bytes(stored) ?? stored).toEqual(bytes(value) ?? value);
        }
      },
    ),
    { numRuns: 50 },
  );
});

test("a scan resumes only with the same table, extent and Dispositions, and not after a restore", () => {
  files.write(identity, progressAfter([]));
  expect(files.read(identity)).toBeDefined();
  for (const other of [
    { tableArn: identity.tableArn.replace("us-east-1", "eu-west-1") },
    { tableId: "id-2" },
    { extent: { full: true as const } },
    { extent: { full: false as const, items: 101 } },
    { blockedDispositions: ["Blocked", "Spam"] },
  ]) {
    expect(files.read({ ...identity, ...other })).toBeUndefined();
  }
});

test("only its owner may read the file, and the directory has no other file", () => {
  files.write(identity, progressAfter([]));
  files.write(identity, progressAfter([]));
  const file = files.fileOf(identity);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(path.dirname(file))).toEqual([path.basename(file)]);
});

test.each([
  ["cut off", (whole: string) => whole.slice(0, 40)],
  ["empty", () => ""],
  ["of another table", (whole: string) => whole.replace("dextr-acme", "dextr-other")],
  ["of a later version", (whole: string) => whole.replace('"version":2', '"version":3')],
  ["with a negative count", (whole: string) => whole.replace('"pages":3', '"pages":-3')],
])("a file that is %s is refused with the fix", (_, change) => {
  files.write(identity, progressAfter([]));
  const file = files.fileOf(identity);
  const whole = JSON.stringify({ version: 2, tableArn: identity.tableArn, ...progressAfter([]) });
  writeFileSync(file, change(whole));
  expect(() => files.read(identity)).toThrow(
    `${file} is not a saved scan of ${identity.tableArn}. Run without --resume to replace it.`,
  );
});
