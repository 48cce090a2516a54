import { join } from "node:path";
import { z } from "zod";
import type { Disk } from "../ports/index.ts";
import {
  canonicalJson,
  EvidenceRef,
  FlowError,
  Instant,
  type Json,
  Label,
  RunId,
  Sha256,
  sha256,
  Version,
} from "../vocab/index.ts";

const Part = z.object({
  file: z.string().regex(/^[a-z]+-[0-9a-f]{12}\.[a-z]+$/),
  sha256: Sha256,
  size: z.number().int(),
});

/** What is stored under a label, and of which version. */
export const BaselineRecord = z.object({
  label: Label,
  version: Version,
  at: Instant,
  /** The run that stored it; absent when a person did. */
  runId: RunId.optional(),
  /** How good it is, in words: e.g. that its version stayed unproven. */
  note: z.string().optional(),
  /** The evidence that the tests part is. */
  testsRef: EvidenceRef.optional(),
  parts: z.object({
    tests: Part.optional(),
    metrics: Part.optional(),
    smoke: Part.optional(),
    /** How often each test failed in the runs that were stored here, this one and those before. */
    flakiness: Part.optional(),
  }),
});
export type BaselineRecord = z.infer<typeof BaselineRecord>;

export interface NewBaseline {
  readonly version: Version;
  readonly at: Instant;
  readonly runId?: RunId;
  readonly note?: string;
  /** Normalised test rows with their evidence reference. */
  readonly tests?: { readonly stored: Uint8Array; readonly ref: EvidenceRef };
  readonly metrics?: Json;
  readonly smoke?: Json;
  readonly flakiness?: Json;
}

export interface LoadedBaseline {
  readonly record: BaselineRecord;
  readonly tests?: Uint8Array;
  readonly metrics?: unknown;
  readonly smoke?: unknown;
  readonly flakiness?: unknown;
}

/** `dir` is the folder of all baselines, `ProjectPaths.baselines`. */
export interface BaselinePlace {
  readonly disk: Disk;
  readonly dir: string;
}

const RECORD = "baseline.json";

/** Replaces what is stored under a label, all at once: a reader sees the old baseline or the new one. */
export function saveBaseline({ disk, dir }: BaselinePlace, label: Label, baseline: NewBaseline): BaselineRecord {
  const folder = join(dir, Label.parse(label));
  disk.mkdir(folder);
  const part = (name: string, ext: string, bytes: Uint8Array | undefined) => {
    if (!bytes) return undefined;
    const digest = sha256(bytes);
    const file = `${name}-${digest.slice(0, 12)}.${ext}`;
    disk.writeAtomic(join(folder, file), bytes);
    return { file, sha256: digest, size: bytes.length };
  };
  const json = (value: Json | undefined) =>
    value === undefined ? undefined : Buffer.from(`${canonicalJson(value)}\n`);
  const { version, at, runId, note, tests } = baseline;
  const parts = {
    tests: part("tests", "ndjson", tests?.stored),
    metrics: part("metrics", "json", json(baseline.metrics)),
    smoke: part("smoke", "json", json(baseline.smoke)),
    flakiness: part("flakiness", "json", json(baseline.flakiness)),
  };
  const record = BaselineRecord.parse({ label, version, at, runId, note, testsRef: tests?.ref, parts });
  disk.writeAtomic(join(folder, RECORD), `${canonicalJson(record)}\n`);
  const kept = new Set([RECORD, ...Object.values(parts).map((entry) => entry?.file)]);
  for (const name of disk.list(folder)) if (!kept.has(name)) disk.remove(join(folder, name));
  return record;
}

/** What is stored under a label; `undefined` when nothing is. Throws FlowError `damaged` where content and digest differ. */
export function loadBaseline({ disk, dir }: BaselinePlace, label: Label): LoadedBaseline | undefined {
  const folder = join(dir, Label.parse(label));
  const path = join(folder, RECORD);
  if (!disk.stat(path)) return undefined;
  const record = parseRecord(disk, path);
  const bytesOf = (part: z.infer<typeof Part> | undefined) => {
    if (!part) return undefined;
    const file = join(folder, part.file);
    const bytes = disk.stat(file) ? disk.read(file) : undefined;
    if (!bytes || sha256(bytes) !== part.sha256) throw damaged(file, bytes ? "other content" : "no such file");
    return bytes;
  };
  const json = (bytes: Uint8Array | undefined): unknown => bytes && JSON.parse(Buffer.from(bytes).toString("utf8"));
  const tests = bytesOf(record.parts.tests);
  const metrics = json(bytesOf(record.parts.metrics));
  const smoke = json(bytesOf(record.parts.smoke));
  const flakiness = json(bytesOf(record.parts.flakiness));
  return {
    record,
    ...(tests && { tests }),
    ...(metrics !== undefined && { metrics }),
    ...(smoke !== undefined && { smoke }),
    ...(flakiness !== undefined && { flakiness }),
  };
}

/** The labels that something is stored under. */
export function listBaselines({ disk, dir }: BaselinePlace): Label[] {
  return disk
    .list(dir)
    .filter((name) => Label.safeParse(name).success && disk.stat(join(dir, name, RECORD))) as Label[];
}

function parseRecord(disk: Disk, path: string): BaselineRecord {
  try {
    return BaselineRecord.parse(JSON.parse(disk.readText(path)));
  } catch {
    throw damaged(path, "no readable record");
  }
}

function damaged(file: string, found: string): FlowError {
  return new FlowError({
    code: "damaged",
    what: "the stored baseline is damaged",
    expected: "the content that was stored",
    found,
    where: { file },
    next: "capture it again with `deploy-flow baseline-capture`, or name report files as the baseline",
  });
}
