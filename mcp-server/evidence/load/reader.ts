import type { LoadResult } from "../../judge/load/result.ts";

/** A file whose measurements cannot be known for certain. The caller adds the file's name. */
export class LoadDamage extends Error {
  readonly line: number | undefined;
  constructor(reason: string, line?: number) {
    super(reason);
    this.name = "LoadDamage";
    this.line = line;
  }
}

/** A line of a file, without its line feed. */
export interface Line {
  readonly text: string;
  readonly number: number;
}

/** A file that is read whole, or line by line. */
export interface LoadFile {
  /** The whole file as JSON; LoadDamage when it is none. */
  json(): Promise<unknown>;
  /** All lines; LoadDamage when the last one has no end: a writer was stopped in the middle of it. */
  lines(): AsyncIterable<Line>;
}

/** Reads what one load tool writes. Units and what counts as failed are the reader's business, not the caller's. */
export interface LoadReader {
  readonly tool: string;
  /** Whether the beginning of a file looks like one of this tool's. */
  sniff(head: string): boolean;
  /** Throws LoadDamage for whatever could hide a request or a failure. */
  read(file: LoadFile): Promise<LoadResult>;
}

/** A number that a measurement can give; LoadDamage otherwise. */
export function measured(value: unknown, what: string, line?: number): number {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number === "number" && Number.isFinite(number) && number >= 0) return number;
  throw new LoadDamage(`${what} is no number of 0 or more`, line);
}

/** A whole number of events; LoadDamage otherwise. */
export function count(value: unknown, what: string, line?: number): number {
  const number = measured(value, what, line);
  if (Number.isInteger(number)) return number;
  throw new LoadDamage(`${what} is no whole number`, line);
}

/** Answered with this status, a request failed. 0 and below: it was not answered at all. */
export function isFailedStatus(status: number): boolean {
  return status < 100 || status >= 400;
}

/** A response time as a figure of the whole load. */
export function latencyPoint(id: string, milliseconds: number) {
  return {
    id: `latency-${id}`,
    value: Number(milliseconds.toPrecision(12)),
    unit: "ms",
    direction: "lower-is-better",
  } as const;
}

/** Requests per second of the whole load. */
export function throughputPoint(perSecond: number) {
  return { id: "throughput", value: perSecond, unit: "rps", direction: "higher-is-better" } as const;
}

/** Adds up counts by status, as several tools give them. */
export function totalsByStatus(statuses: Readonly<Record<string, number>>) {
  let requests = 0;
  let failed = 0;
  for (const [status, events] of Object.entries(statuses)) {
    if (!/^-?\d+$/.test(status)) throw new LoadDamage("a status is no number");
    requests += count(events, "a count of answers by status");
    if (isFailedStatus(Number(status))) failed += events;
  }
  return { requests, failed };
}
