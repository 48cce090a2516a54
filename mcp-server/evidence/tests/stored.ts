import { createHash } from "node:crypto";
import { TextDecoder } from "node:util";
import { z } from "zod";
import { countRow, noTests, TestCounts, TestRow } from "../../judge/tests/row.ts";
import { FlowError, Sha256 } from "../../vocab/index.ts";
import type { TestRun } from "./read.ts";

/** First line of the stored form. */
const Header = z.object({ format: z.literal("deploy-flow-tests/1") });

/** Last line of the stored form: without it the form is cut off. */
const Trailer = z.object({ end: z.literal(true), counts: TestCounts, rawSha256: Sha256 });

/** The stored form of a run and both digests that evidence carries. */
export interface StoredRun {
  readonly stored: Uint8Array;
  readonly rawSha256: Sha256;
  readonly storedSha256: Sha256;
}

/** Writes the stored form of rows that are redacted already. */
export interface StoredWriter {
  row(row: TestRow): void;
  /** Closes the form and gives its digest. */
  end(rawSha256: Sha256): Sha256;
}

const FLUSH_CHARS = 256 * 1024;

/**
 * The form that judging reads: one line of JSON per row in the order of the reports, between a header and a trailer.
 * Give it rows from {@link redactRows}, so that neither a name nor a message keeps a secret. `out` gets the bytes in
 * pieces.
 */
export function openStored(out: (bytes: Uint8Array) => void): StoredWriter {
  const hash = createHash("sha256");
  const counts = noTests();
  let pending = `${JSON.stringify({ format: "deploy-flow-tests/1" })}\n`;
  const flush = () => {
    const bytes = Buffer.from(pending);
    pending = "";
    hash.update(bytes);
    out(bytes);
  };
  return {
    row: (row) => {
      countRow(counts, row);
      pending += `${JSON.stringify(row)}\n`;
      if (pending.length > FLUSH_CHARS) flush();
    },
    end: (rawSha256) => {
      pending += `${JSON.stringify({ end: true, counts, rawSha256 })}\n`;
      flush();
      return hash.digest("hex") as Sha256;
    },
  };
}

/** Redacts every text of a row; suites are shared between rows and redacted once. */
export function redactRows(redact: (text: string) => string): (row: TestRow) => TestRow {
  let suite: readonly string[] | undefined;
  let redactedSuite: readonly string[] = [];
  let classname: string | undefined;
  let redactedClassname: string | undefined;
  return (row) => {
    if (row.suite !== suite) {
      suite = row.suite;
      redactedSuite = suite.map((part) => redact(part));
    }
    if (row.classname !== classname) {
      classname = row.classname;
      redactedClassname = classname === undefined ? undefined : redact(classname);
    }
    return {
      ...row,
      suite: redactedSuite,
      name: redact(row.name),
      ...(redactedClassname === undefined ? {} : { classname: redactedClassname }),
      ...(row.file === undefined ? {} : { file: redact(row.file) }),
      ...(row.message === undefined ? {} : { message: redact(row.message) }),
    };
  };
}

/** The stored form of a run in memory. */
export function normaliseRun(run: Pick<TestRun, "rows" | "rawSha256">, redact: (text: string) => string): StoredRun {
  const parts: Uint8Array[] = [];
  const writer = openStored((bytes) => parts.push(bytes));
  const redacted = redactRows(redact);
  for (const row of run.rows) writer.row(redacted(row));
  const storedSha256 = writer.end(run.rawSha256);
  return { stored: Buffer.concat(parts), rawSha256: run.rawSha256, storedSha256 };
}

/**
 * Reads a stored form row by row. Throws `damaged` for anything that {@link openStored} does not write: a missing
 * trailer, a row that is not one, counts that do not fit.
 */
export async function streamNormalised(
  src: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  onRow: (row: TestRow) => void,
): Promise<{ counts: TestCounts; rawSha256: Sha256; storedSha256: Sha256 }> {
  const hash = createHash("sha256");
  const lines = openLines(onRow);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  try {
    for await (const chunk of src) {
      hash.update(chunk);
      lines.text(decoder.decode(chunk, { stream: true }));
    }
    lines.text(decoder.decode());
  } catch (error) {
    throw error instanceof FlowError ? error : damaged("it is not valid text");
  }
  return { ...lines.close(), storedSha256: hash.digest("hex") as Sha256 };
}

/** The rows of a stored form in memory. */
export async function readNormalised(
  stored: Uint8Array,
): Promise<{ rows: TestRow[]; counts: TestCounts; rawSha256: Sha256; storedSha256: Sha256 }> {
  const rows: TestRow[] = [];
  const facts = await streamNormalised([stored], (row) => rows.push(row));
  return { rows, ...facts };
}

function openLines(onRow: (row: TestRow) => void) {
  const counts = noTests();
  let suite: readonly string[] = [];
  let rest = "";
  let number = 0;
  let trailer: z.infer<typeof Trailer> | undefined;
  const line = (text: string) => {
    number += 1;
    const value = parseLine(text, number);
    if (trailer) throw damaged("it goes on after its end", number);
    if (number === 1) {
      if (!Header.safeParse(value).success) throw damaged("it does not start as a stored test run", number);
      return;
    }
    const row = TestRow.safeParse(value);
    if (row.success) {
      countRow(counts, row.data);
      if (!sameTexts(suite, row.data.suite)) suite = row.data.suite;
      onRow({ ...row.data, suite });
      return;
    }
    const end = Trailer.safeParse(value);
    if (!end.success) throw damaged("a line is neither a test nor the end", number);
    trailer = end.data;
  };
  return {
    text: (text: string) => {
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      for (const part of parts) line(part);
    },
    close: () => {
      if (rest !== "" || !trailer) throw damaged("it is cut off", number);
      const same = Object.entries(trailer.counts).every(([key, count]) => counts[key as keyof TestCounts] === count);
      if (!same) throw damaged("its rows are not as many as its end says", number);
      return { counts, rawSha256: trailer.rawSha256 };
    },
  };
}

/** Neighbouring rows share the array of their suite, as readers of reports do it: identities are hashed per array. */
function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, i) => text === b[i]);
}

function parseLine(text: string, line: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw damaged("a line is not JSON", line);
  }
}

function damaged(reason: string, line?: number): FlowError {
  return new FlowError({
    code: "damaged",
    what: `the stored test run is damaged: ${reason}`,
    ...(line === undefined ? {} : { where: { line } }),
    next: "restore it from a backup, or capture the baseline again",
  });
}
