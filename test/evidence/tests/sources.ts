import { junitReader } from "../../../mcp-server/evidence/tests/junit.ts";
import { DEFAULT_LIMITS, type Limits } from "../../../mcp-server/evidence/tests/limits.ts";
import type { ReportReader, ReportWarning } from "../../../mcp-server/evidence/tests/reader.ts";
import type { TestRow } from "../../../mcp-server/judge/tests/row.ts";

/** Bytes in pieces of `size`, the same again each time. */
export function inPieces(data: string | Uint8Array, size = 64 * 1024): AsyncIterable<Uint8Array> {
  const bytes = Buffer.from(data);
  return {
    async *[Symbol.asyncIterator]() {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    },
  };
}

/** What a reader makes of some bytes. */
export async function readWith(
  reader: ReportReader,
  data: string | Uint8Array,
  limits: Partial<Limits> = {},
  size?: number,
): Promise<{ rows: TestRow[]; warnings: ReportWarning[]; tool: string | undefined }> {
  const rows: TestRow[] = [];
  const warnings: ReportWarning[] = [];
  const sink = { row: (row: TestRow) => rows.push(row), warning: (warning: ReportWarning) => warnings.push(warning) };
  const { tool } = await reader.read(inPieces(data, size), sink, { ...DEFAULT_LIMITS, ...limits });
  return { rows, warnings, tool };
}

/** What the JUnit reader makes of some bytes. */
export function readJunit(data: string | Uint8Array, limits: Partial<Limits> = {}, size?: number) {
  return readWith(junitReader, data, limits, size);
}

/** A JUnit document around some suites or cases. */
export function junit(inner: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${inner}\n</testsuites>\n`;
}

/** One suite with cases. */
export function suite(name: string, cases: string): string {
  return junit(`<testsuite name="${name}">${cases}</testsuite>`);
}
