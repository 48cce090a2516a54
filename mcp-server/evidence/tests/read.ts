import { createHash } from "node:crypto";
import { addCounts, countRow, noTests, type TestCounts, type TestRow } from "../../judge/tests/row.ts";
import type { Disk } from "../../ports/index.ts";
import { FlowError, messageOf, type Sha256, sha256 } from "../../vocab/index.ts";
import { type FoundFile, locateReports } from "./find.ts";
import { DEFAULT_LIMITS, type Limits } from "./limits.ts";
import { ReportDamage, type ReportReader, type ReportWarning } from "./reader.ts";
import { HEAD_BYTES, recognise } from "./registry.ts";
import { relativeTo } from "./roots.ts";

/** What one report file holds. */
export interface ReportFile {
  readonly file: string;
  readonly format: string;
  readonly tool?: string;
  readonly bytes: number;
  readonly rawSha256: Sha256;
  readonly counts: TestCounts;
  readonly warnings: readonly ReportWarning[];
}

/** What a set of reports says in all, without the rows. */
export interface RunFacts {
  readonly files: readonly ReportFile[];
  readonly counts: TestCounts;
  /** About the run as a whole: copies, files that are no reports. */
  readonly warnings: readonly ReportWarning[];
  /** Digest of the bytes of all files; the order in which they were named does not matter. */
  readonly rawSha256: Sha256;
}

/** A run of tests as its reports state it. */
export interface TestRun extends RunFacts {
  readonly rows: readonly TestRow[];
}

/** Tests of one file between two reports of progress. */
const PROGRESS_ROWS = 50_000;

export interface ReadOptions {
  /** Folder that relative paths and patterns start from. */
  readonly cwd: string;
  /** Folders that absolute paths in reports are made relative to; `cwd` by default. */
  readonly roots?: readonly string[];
  readonly limits?: Limits;
  /** After each file and every {@link PROGRESS_ROWS} tests: the file and the tests read so far. */
  readonly onProgress?: (file: string, tests: number) => void;
}

/**
 * Reads test reports as a stream: calls `onRow` for every leaf test, file by file in the order of their paths.
 * Throws a {@link FlowError} `unreadable` that names the file for a report that is damaged, of no known format, or
 * absent, and when all files together hold not one test. A copy of a file that was already read counts once.
 */
export async function streamReports(
  disk: Disk,
  patterns: readonly string[],
  onRow: (row: TestRow) => void,
  options: ReadOptions,
): Promise<RunFacts> {
  const facts = await readAll(disk, patterns, onRow, options);
  if (facts.counts.tests === 0) {
    throw new FlowError({
      code: "unreadable",
      what: "the reports hold not one test",
      expected: "at least one test case",
      found: `${facts.files.length} report(s) without tests`,
      ...(facts.files[0] ? { where: { file: facts.files[0].file } } : {}),
      next: "look whether the test run started at all; an empty run proves nothing",
    });
  }
  return facts;
}

/** Like {@link streamReports}, with the rows in memory. For runs of up to some hundred thousand tests. */
export async function readReports(disk: Disk, patterns: readonly string[], options: ReadOptions): Promise<TestRun> {
  const rows: TestRow[] = [];
  const facts = await streamReports(disk, patterns, (row) => rows.push(row), options);
  return { ...facts, rows };
}

/**
 * Paths of the test reports that paths, folders and patterns name, sorted. Files beside them that are no reports are
 * left out; a named file that is none, and a pattern that names nothing, are errors.
 */
export async function findReports(
  disk: Disk,
  cwd: string,
  patterns: readonly string[],
  limits: Limits = DEFAULT_LIMITS,
): Promise<string[]> {
  const reports: string[] = [];
  for (const file of locateReports(disk, cwd, patterns, limits)) {
    if (await readerOf(disk, file, limits)) reports.push(file.path);
  }
  return reports;
}

/** What is in the named files: format, tool, counts and warnings of each, and the sum. An empty run is shown, not refused. */
export async function inspectReports(
  disk: Disk,
  patterns: readonly string[],
  options: ReadOptions,
): Promise<{ files: readonly ReportFile[]; total: TestCounts; warnings: readonly ReportWarning[] }> {
  const { files, counts, warnings } = await readAll(disk, patterns, () => {}, options);
  return { files, total: counts, warnings };
}

async function readAll(
  disk: Disk,
  patterns: readonly string[],
  onRow: (row: TestRow) => void,
  options: ReadOptions,
): Promise<RunFacts> {
  const limits = options.limits ?? DEFAULT_LIMITS;
  const relative = relativeTo(options.roots ?? [options.cwd]);
  let total = noTests();
  const files: ReportFile[] = [];
  const warnings: ReportWarning[] = [];
  const found = locateReports(disk, options.cwd, patterns, limits);
  const copies = await copiesAmong(disk, found);
  for (const file of found) {
    if (copies.has(file.path)) {
      const text = "a file is a copy of another one and counts once";
      warnings.push({ code: "same-file-twice", text, file: file.path });
      continue;
    }
    const reader = await readerOf(disk, file, limits);
    if (reader === undefined) {
      const text = "a file beside the reports is no test report and was left out";
      warnings.push({ code: "not-a-report", text, file: file.path });
      continue;
    }
    let rows = 0;
    const read = await readFile(disk, file.path, reader, limits, (row) => {
      onRow(relative(row));
      rows += 1;
      if (rows % PROGRESS_ROWS === 0) options.onProgress?.(file.path, total.tests + rows);
    });
    files.push(read);
    total = addCounts(total, read.counts);
    options.onProgress?.(file.path, total.tests);
  }
  if (files.length === 0) throw unrecognised(found[0]?.path ?? options.cwd);
  const digests = files.map((file) => file.rawSha256);
  const rawSha256 = digests.length === 1 && digests[0] ? digests[0] : sha256(digests.sort().join("\n"));
  return { files, counts: total, warnings, rawSha256 };
}

/** Paths of files whose bytes another file of the run has too. Only files of equal size are hashed for this. */
async function copiesAmong(disk: Disk, found: readonly FoundFile[]): Promise<Set<string>> {
  const bySize = new Map<number, string[]>();
  for (const { path } of found) {
    const size = disk.stat(disk.realpath(path))?.size ?? 0;
    bySize.set(size, [...(bySize.get(size) ?? []), path]);
  }
  const copies = new Set<string>();
  for (const [size, paths] of bySize) {
    if (size === 0 || paths.length < 2) continue;
    const seen = new Set<string>();
    for (const path of paths) {
      const hash = createHash("sha256");
      for await (const chunk of disk.stream(path)) hash.update(chunk);
      const digest = hash.digest("hex");
      if (seen.has(digest)) copies.add(path);
      seen.add(digest);
    }
  }
  return copies;
}

async function readerOf(disk: Disk, file: FoundFile, limits: Limits): Promise<ReportReader | undefined> {
  const size = disk.stat(disk.realpath(file.path))?.size ?? 0;
  if (size > limits.maxFileBytes) {
    throw unreadable(file.path, `it is larger than ${Math.floor(limits.maxFileBytes / 1024 ** 2)} MiB`);
  }
  const head = await headOf(disk, file.path);
  // An empty file is what a crashed writer leaves behind, wherever it lies.
  if (Buffer.from(head).toString("latin1").trim() === "") throw unreadable(file.path, "it is empty");
  const reader = recognise(head);
  if (reader === undefined && file.named) throw unrecognised(file.path);
  return reader;
}

async function headOf(disk: Disk, path: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of disk.stream(path)) {
    parts.push(chunk);
    bytes += chunk.length;
    if (bytes >= HEAD_BYTES) break;
  }
  return Buffer.concat(parts).subarray(0, HEAD_BYTES);
}

async function readFile(
  disk: Disk,
  path: string,
  reader: ReportReader,
  limits: Limits,
  onRow: (row: TestRow) => void,
): Promise<ReportFile> {
  const counts = noTests();
  const warnings: ReportWarning[] = [];
  const sink = {
    row: (row: TestRow) => {
      countRow(counts, row);
      onRow(row);
    },
    warning: (warning: ReportWarning) => warnings.push(warning),
  };
  const source = hashed(disk, path);
  try {
    const { tool, withoutTests } = await reader.read(source.bytes, sink, limits);
    if (counts.tests === 0 && !withoutTests) warnings.push({ code: "no-tests", text: "the report holds no test" });
    const { bytes, rawSha256 } = source.digest();
    return { file: path, format: reader.format, ...(tool ? { tool } : {}), bytes, rawSha256, counts, warnings };
  } catch (error) {
    if (error instanceof FlowError) throw error;
    if (error instanceof ReportDamage) throw unreadable(path, error.message, error.line);
    throw unreadable(path, messageOf(error));
  }
}

/** The bytes of a file, hashed on the way; can be iterated again, and the last whole pass counts. */
function hashed(disk: Disk, path: string) {
  let hash = createHash("sha256");
  let bytes = 0;
  return {
    bytes: {
      async *[Symbol.asyncIterator]() {
        hash = createHash("sha256");
        bytes = 0;
        for await (const chunk of disk.stream(path)) {
          hash.update(chunk);
          bytes += chunk.length;
          yield chunk;
        }
      },
    },
    digest: () => ({ bytes, rawSha256: hash.digest("hex") as Sha256 }),
  };
}

function unreadable(file: string, reason: string, line?: number): FlowError {
  return new FlowError({
    code: "unreadable",
    what: `the test report cannot be trusted: ${reason}`,
    expected: "a complete report",
    where: { file, ...(line === undefined ? {} : { line }) },
    next: "run the tests again and pass the report that they write",
  });
}

function unrecognised(file: string): FlowError {
  return new FlowError({
    code: "unreadable",
    what: "not a test report of a format that is read",
    expected:
      "JUnit, TRX, xUnit.net, NUnit or TestNG XML, CTRF, TAP, Allure results, or the JSON of Jest, Vitest, Mocha, mochawesome, Playwright, Cucumber, RSpec, Dart or go test",
    where: { file },
    next: "let the test tool write one of these formats",
  });
}
