/** What a report may ask of us before it is refused. A refusal is loud; nothing is silently cut except messages. */
export interface Limits {
  /** Bytes of one file that is read as a stream. */
  readonly maxFileBytes: number;
  /** Bytes of one file that has to be in memory whole (JSON). */
  readonly maxWholeFileBytes: number;
  /** Nested elements. */
  readonly maxDepth: number;
  /** Test cases of one file. */
  readonly maxRows: number;
  /** Characters of one name, class name, file or suite name. */
  readonly maxNameChars: number;
  /** Characters kept of a failure message; the rest is cut. */
  readonly maxMessageChars: number;
  /** Report files of one run. */
  readonly maxFiles: number;
}

/**
 * Defaults: far above what test tools write, low enough that a hostile or runaway file cannot take the machine. The
 * largest real suites known to us have below a million cases; 256 MiB of JSON need about 1 GiB while being read.
 */
export const DEFAULT_LIMITS: Limits = {
  maxFileBytes: 4 * 1024 ** 3,
  maxWholeFileBytes: 256 * 1024 ** 2,
  maxDepth: 1_000,
  maxRows: 5_000_000,
  maxNameChars: 64 * 1024,
  maxMessageChars: 1_000,
  maxFiles: 20_000,
};
