import type { TestRow } from "../../judge/tests/row.ts";
import type { Disk } from "../../ports/index.ts";
import { FlowError, type Sha256, sha256 } from "../../vocab/index.ts";
import { type ReadOptions, type RunFacts, streamReports } from "./read.ts";
import { openStored, redactRows, streamNormalised } from "./stored.ts";

/** One side of a comparison. Can be read more than once and gives the same rows each time. */
export interface RunSource {
  /** Calls with every row and gives the digest of the bytes they came from. */
  each(onRow: (row: TestRow) => void): Promise<{ rawSha256: Sha256; facts?: RunFacts }>;
  /** Any text that is the same each time and likely another one for other reports. */
  readonly hint: string;
  /** Its texts went through redaction already. */
  readonly redacted?: boolean;
}

/** A run in report files, folders or patterns. */
export function reportsSource(disk: Disk, patterns: readonly string[], options: ReadOptions): RunSource {
  return {
    hint: patterns.join("\n"),
    each: async (onRow) => {
      const facts = await streamReports(disk, patterns, onRow, options);
      return { rawSha256: facts.rawSha256, facts };
    },
  };
}

/** A run in its stored form. */
export function storedSource(stored: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>, hint: string): RunSource {
  return { hint, redacted: true, each: (onRow) => streamNormalised(stored(), onRow) };
}

/** A run in memory. */
export function rowsSource(rows: readonly TestRow[], rawSha256: Sha256): RunSource {
  return {
    hint: rawSha256,
    each: async (onRow) => {
      for (const row of rows) onRow(row);
      return { rawSha256 };
    },
  };
}

/** What a side of a comparison was. */
export interface ComparedSide {
  readonly rawSha256: Sha256;
  /** Only where a stored form was made. */
  readonly storedSha256?: Sha256;
  /** Per file, where the side was read from reports. */
  readonly facts?: RunFacts;
}

/** A judge's fold over the rows of two runs: baseline, candidate, and the baseline again where it asks for that. */
export interface RowComparison<T> {
  baselineRow(row: TestRow): void;
  candidateRow(row: TestRow): void;
  mustName(): boolean;
  nameRow(row: TestRow): void;
  finish(): T;
}

export interface StreamedComparison<T> {
  readonly compared: T;
  readonly baseline: ComparedSide | undefined;
  readonly candidate: ComparedSide;
}

export interface StreamOptions<T> {
  /** Starts the comparison; the seed differs from pair to pair of reports. */
  readonly open: (seed: readonly [number, number]) => RowComparison<T>;
  /**
   * The redaction that stored forms went through. Needed where one side is a stored form: a test whose name was
   * masked there is the same test only when the other side's names are masked in the same way.
   */
  readonly redact?: (text: string) => string;
  /**
   * Takes the stored form of both sides, in pieces. Then every text is redacted before it is stored and compared, so
   * that comparing the stored forms again gives the same. Without it nothing is stored and texts stay as read: what
   * is shown has to be redacted by the comparison.
   */
  readonly store?: {
    readonly redact: (text: string) => string;
    readonly write: (side: "baseline" | "candidate", bytes: Uint8Array) => void;
  };
}

/**
 * Compares two runs as streams, in memory that does not hold their texts. Without a baseline (first deployment)
 * everything in the candidate is new. A baseline that reads differently the second time is refused.
 */
export async function compareRuns<T>(
  baseline: RunSource | undefined,
  candidate: RunSource,
  options: StreamOptions<T>,
): Promise<StreamedComparison<T>> {
  const { store, open } = options;
  const comparison = open(seedOf(`${baseline?.hint ?? ""}\n${candidate.hint}`));
  const masked = baseline?.redacted || candidate.redacted ? options.redact : undefined;
  const masking = (source: RunSource) => {
    const redact = source.redacted ? undefined : (store?.redact ?? masked);
    return redact ? redactRows(redact) : (row: TestRow) => row;
  };
  const side = async (source: RunSource, name: "baseline" | "candidate", fold: (row: TestRow) => void) => {
    const safely = masking(source);
    if (!store) return source.each((row) => fold(safely(row)));
    const writer = openStored((bytes) => store.write(name, bytes));
    const read = await source.each((row) => {
      const safe = safely(row);
      writer.row(safe);
      fold(safe);
    });
    return { ...read, storedSha256: writer.end(read.rawSha256) };
  };
  const before = baseline && (await side(baseline, "baseline", comparison.baselineRow));
  const after = await side(candidate, "candidate", comparison.candidateRow);
  if (baseline && before && comparison.mustName()) {
    const safely = masking(baseline);
    const again = await baseline.each((row) => comparison.nameRow(safely(row)));
    if (again.rawSha256 !== before.rawSha256) throw changedMeanwhile();
  }
  return { compared: comparison.finish(), baseline: before, candidate: after };
}

/** Compares report files, folders or patterns; without a baseline the candidate alone is read. */
export function compareReportFiles<T>(
  disk: Disk,
  baseline: readonly string[] | undefined,
  candidate: readonly string[],
  options: StreamOptions<T> & ReadOptions,
): Promise<StreamedComparison<T>> {
  const before = baseline && reportsSource(disk, baseline, options);
  return compareRuns(before, reportsSource(disk, candidate, options), options);
}

function seedOf(text: string): readonly [number, number] {
  const digest = Buffer.from(sha256(text), "hex");
  return [digest.readInt32LE(0), digest.readInt32LE(4)];
}

function changedMeanwhile(): FlowError {
  return new FlowError({
    code: "unreadable",
    what: "the baseline's reports changed while they were being compared",
    expected: "the same bytes at the second reading",
    next: "compare again when nothing writes to them any more",
  });
}
