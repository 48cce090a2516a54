import type { Table } from "./column.ts";
import { ERROR_IDEAS_TABLE, ERROR_TABLES, PASS_IDEAS_TABLE } from "./errors.ts";
import { LATENCY_IDEAS_TABLE, LATENCY_TABLES } from "./latencies.ts";
import { PEEKING_TABLE } from "./peeking.ts";
import { ROLLOUT_TABLE } from "./rollouts.ts";
import { SUITES_TABLE } from "./suites.ts";
import { THROUGHPUT_TABLE } from "./throughput.ts";

/** All tables of the benchmark, in order. */
export const TABLES: readonly Table[] = [
  ...ERROR_TABLES,
  ...LATENCY_TABLES,
  ROLLOUT_TABLE,
  THROUGHPUT_TABLE,
  SUITES_TABLE,
  PEEKING_TABLE,
  ERROR_IDEAS_TABLE,
  LATENCY_IDEAS_TABLE,
  PASS_IDEAS_TABLE,
];
