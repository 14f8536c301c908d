/** Saves the position of a scan in a file, so that the scan can be resumed after Ctrl-C, an error or a kill. */
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { z } from "zod";
import { CommandError } from "../../output/command-error";
import { contactStatsSchema } from "./contact-stats";
import type { Extent, Segment } from "./scan-plan";

/** Directory with the position of each scan, relative to the project. Git ignores the directory. */
export const progressDirectory = path.join(".fleet", "preflight");

/** Identifies a scan. Only a scan with the same identity can be resumed. */
export interface ScanIdentity {
  readonly tableArn: string;
  /** After a restore, another table can have the same name. */
  readonly tableId: string;
  readonly extent: Extent;
  readonly blockedDispositions: readonly string[];
}

const key = z.record(
  z.string(),
  z.union([z.strictObject({ S: z.string() }), z.strictObject({ N: z.string() }), z.strictObject({ B: z.base64() })]),
);

const fileSchema = z.strictObject({
  version: z.literal(2),
  tableArn: z.string(),
  /** ISO 8601. */
  savedAt: z.iso.datetime(),
  finished: z.boolean(),
  /** Read capacity units consumed. */
  units: z.number().min(0),
  pages: z.int().min(0),
  segments: z.array(z.strictObject({ scanned: z.int().min(0), next: key.optional(), finished: z.boolean() })).min(1),
  stats: contactStatsSchema,
});

/** The saved position and results of a scan. */
export interface ScanProgress {
  readonly savedAt: string;
  readonly finished: boolean;
  readonly units: number;
  readonly pages: number;
  readonly segments: readonly Segment[];
  readonly stats: z.infer<typeof contactStatsSchema>;
}

/** The progress files of scans, in one directory. */
export class ProgressFiles {
  /** Whether each scan of this run has finished. */
  private readonly scans = new Map<string, { readonly identity: ScanIdentity; readonly finished: boolean }>();

  constructor(private readonly directory: string) {}

  /** The file of a scan. Its name contains a hash of table and options, so that another scan never uses it. */
  fileOf(identity: ScanIdentity): string {
    const { tableArn, tableId, extent, blockedDispositions } = identity;
    const parts = [tableArn, tableId, extent.full ? "full" : extent.items, blockedDispositions];
    const digest = createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);
    return path.join(this.directory, `${tableArn.slice(tableArn.lastIndexOf("/") + 1)}-${digest}.json`);
  }

  /**
   * The saved scan; undefined if there is none.
   *
   * @throws CommandError if the file exists but cannot be used
   */
  read(identity: ScanIdentity): ScanProgress | undefined {
    const file = this.fileOf(identity);
    let text: string;
    try {
      text = readFileSync(file, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw new CommandError(`${file} cannot be read: ${(error as Error).message}`);
    }
    const parsed = fileSchema.safeParse(parseJson(text));
    if (!parsed.success || parsed.data.tableArn !== identity.tableArn) {
      throw new CommandError(
        `${file} is not a saved scan of ${identity.tableArn}. Run without --resume to replace it.`,
      );
    }
    const { savedAt, finished, units, pages, segments, stats } = parsed.data;
    this.scans.set(file, { identity, finished });
    return { savedAt, finished, units, pages, segments: segments.map(segmentFrom), stats };
  }

  /**
   * Replaces the file atomically: after a kill, the previous file still exists.
   *
   * Only its owner may read the file: it contains unredacted keys of the table.
   */
  write(identity: ScanIdentity, progress: ScanProgress): void {
    const file = this.fileOf(identity);
    this.scans.set(file, { identity, finished: progress.finished });
    mkdirSync(this.directory, { recursive: true, mode: 0o700 });
    const content = {
      version: 2,
      tableArn: identity.tableArn,
      ...progress,
      segments: progress.segments.map(segmentFor),
    } satisfies z.infer<typeof fileSchema>;
    const draft = `${file}.${process.pid}.tmp`;
    const descriptor = openSync(draft, "w", 0o600);
    try {
      writeSync(descriptor, JSON.stringify(content));
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(draft, file);
  }

  /** Removes the files of this run if every scan has finished. Otherwise --resume still needs them. */
  removeIfFinished(): void {
    const scans = [...this.scans.values()];
    if (scans.some(({ finished }) => !finished)) return;
    for (const { identity } of scans) this.remove(identity);
  }

  /** Removes the file of a scan, and drafts of the file that a killed process left: they contain keys of contacts. */
  private remove(identity: ScanIdentity): void {
    const name = path.basename(this.fileOf(identity));
    if (!existsSync(this.directory)) return;
    const files = readdirSync(this.directory).filter((other) => other === name || other.startsWith(`${name}.`));
    for (const file of files) rmSync(path.join(this.directory, file), { force: true });
  }
}

type StoredSegment = z.infer<typeof fileSchema>["segments"][number];

function segmentFor({ scanned, finished, next }: Segment): StoredSegment {
  if (next === undefined) return { scanned, finished };
  const stored = Object.entries(next).map(([name, value]) => [name, storedKey(value)] as const);
  return { scanned, finished, next: Object.fromEntries(stored) };
}

/** Keys are strings, numbers or binary. */
function storedKey({ S, N, B }: AttributeValue): NonNullable<StoredSegment["next"]>[string] {
  if (B !== undefined) return { B: Buffer.from(B).toString("base64") };
  return N === undefined ? { S: S ?? "" } : { N };
}

function segmentFrom({ scanned, finished, next }: StoredSegment): Segment {
  if (next === undefined) return { scanned, finished };
  const read = Object.entries(next).map(([name, value]): [string, AttributeValue] => [
    name,
    "B" in value ? { B: Buffer.from(value.B, "base64") } : value,
  ]);
  return { scanned, finished, next: Object.fromEntries(read) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
