import type { Buckets } from "../../vocab/index.ts";

// What load tools measured, in one form. Latencies are milliseconds, times are counted from the start of the load.

/** What happened in one stretch of a load test. */
export interface LoadWindow {
  readonly fromMs: number;
  readonly toMs: number;
  readonly requests: number;
  /** Not answered, or answered with a status of 400 and more. */
  readonly failed: number;
  /** Every response time as an observed value; absent where the file has none. */
  readonly latencies?: Buckets;
}

/** One figure over the whole load, of which nothing but its value is known. */
export interface LoadPoint {
  readonly id: string;
  readonly value: number;
  readonly unit: string;
  readonly direction: "lower-is-better" | "higher-is-better";
}

/** Result of one load test. */
export interface LoadResult {
  /** Program and kind of file, e.g. `vegeta report`. */
  readonly tool: string;
  /** Stretch by stretch, in order; empty where the file only has totals. */
  readonly windows: readonly LoadWindow[];
  /** Requests of the whole load, where they are counted. */
  readonly totals?: { readonly requests: number; readonly failed: number };
  readonly points: readonly LoadPoint[];
  /** Why failures may be missing in it: then nothing speaks for the candidate. */
  readonly blindFor?: string;
}
