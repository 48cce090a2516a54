import type { TestRow } from "../../judge/tests/row.ts";
import type { Limits } from "./limits.ts";

/** Something odd in a report that does not change which tests it holds. */
export interface ReportWarning {
  readonly code: string;
  readonly text: string;
  readonly line?: number;
  /** A file that was not read, where the warning is about one. */
  readonly file?: string;
}

/** Takes what a reader finds, in document order. */
export interface CaseSink {
  row(row: TestRow): void;
  warning(warning: ReportWarning): void;
}

/** What a reader can say of a file beyond its rows. */
export interface ReadSummary {
  /** The tool that wrote it, where it can be told. */
  readonly tool?: string;
  /** The file is of a kind that holds no tests unless something is wrong. */
  readonly withoutTests?: boolean;
}

/**
 * Reads one format. `read` throws {@link ReportDamage} for anything that could hide tests: a truncated, unclosed or
 * doubled document, or one over a limit. `src` gives the same bytes again each time it is iterated.
 */
export interface ReportReader {
  readonly format: string;
  /** How sure it is, from the first bytes, that it can read the file: 0 not at all, 1 certain. */
  sniff(head: Uint8Array): number;
  read(src: AsyncIterable<Uint8Array>, sink: CaseSink, limits: Limits): Promise<ReadSummary>;
}

/** A report whose tests cannot be known for certain. The caller adds the file's name. */
export class ReportDamage extends Error {
  readonly line: number | undefined;
  constructor(reason: string, line?: number) {
    super(reason);
    this.name = "ReportDamage";
    this.line = line;
  }
}

/** Hands on the first warning of each code, and counts the others at the end. */
export function firstOfEachKind(warn: (warning: ReportWarning) => void) {
  const seen = new Map<string, { first: ReportWarning; more: number }>();
  return {
    add: (warning: ReportWarning) => {
      const known = seen.get(warning.code);
      if (known) known.more += 1;
      else seen.set(warning.code, { first: warning, more: 0 });
    },
    flush: () => {
      for (const { first, more } of seen.values()) {
        warn(more > 0 ? { ...first, text: `${first.text} (and ${more} more)` } : first);
      }
    },
  };
}
