import { z } from "zod";
import type { LoadPoint, LoadResult } from "../../judge/load/result.ts";
import { csvCells, csvRows } from "./csv.ts";
import { count, isFailedStatus, LoadDamage, type LoadReader, measured } from "./reader.ts";
import { RequestLog } from "./windows.ts";

const MS_PER = { s: 1000, ms: 1, us: 0.001, ns: 0.000_001 } as const;
const TIME = /^(?:time|timestamp)(?:_(s|ms|us|ns))?$/;
const LATENCY = /^(?:latency|duration|response_time)_(s|ms|us|ns)$/;

/** Columns of a CSV of requests, or of counts. */
interface Columns {
  readonly time: { readonly index: number; readonly scale: number | undefined };
  readonly latency: { readonly index: number; readonly scale: number } | undefined;
  readonly status: number;
  readonly failed: number;
  readonly requests: number;
  readonly width: number;
}

function columnsOf(header: readonly string[]): Columns | undefined {
  const names = header.map((name) => name.trim().toLowerCase());
  const find = (pattern: RegExp) => names.findIndex((name) => pattern.test(name));
  const unit = (index: number, pattern: RegExp) => {
    const found = pattern.exec(names[index] ?? "")?.[1];
    return found === undefined ? undefined : MS_PER[found as keyof typeof MS_PER];
  };
  const time = find(TIME);
  const latency = find(LATENCY);
  const [status, failed, requests] = [find(/^status$/), find(/^failed$/), find(/^requests$/)];
  if (time === -1 || (status === -1 && failed === -1)) return undefined;
  const scale = latency === -1 ? undefined : unit(latency, LATENCY);
  return {
    time: { index: time, scale: unit(time, TIME) },
    latency: scale === undefined ? undefined : { index: latency, scale },
    status,
    failed,
    requests,
    width: header.length,
  };
}

/**
 * A CSV with a header: `time` (or `time_ms` ...), then per line either one request (`status` or `failed` 0/1, and
 * `latency_ms` or another unit), or counts since the line before (`requests` and `failed`).
 */
export const genericCsv: LoadReader = {
  tool: "CSV",
  sniff: (head) => {
    const [first = ""] = head.split("\n");
    try {
      return columnsOf(csvCells(first.replace(/\r$/, ""), 1)) !== undefined;
    } catch {
      return false;
    }
  },
  read: async (file) => {
    const log = new RequestLog();
    let columns: Columns | undefined;
    for await (const { cells, number } of csvRows(file)) {
      if (columns === undefined) {
        columns = columnsOf(cells);
        if (columns === undefined) throw new LoadDamage("the header names no time and no status or failed", number);
        continue;
      }
      if (cells.length !== columns.width) throw new LoadDamage("a line has not the columns of the header", number);
      addRow(log, columns, cells, number);
    }
    return { tool: genericCsv.tool, windows: log.windows(), points: [] };
  },
};

function addRow(log: RequestLog, columns: Columns, cells: readonly string[], line: number): void {
  const at = timeOf(cells[columns.time.index] ?? "", columns.time.scale, line);
  if (columns.requests !== -1) {
    const requests = count(cells[columns.requests], "requests", line);
    const failed = count(cells[columns.failed], "failed", line);
    if (failed > requests) throw new LoadDamage("more failed than there were requests", line);
    log.addCounts(at, requests, failed);
    return;
  }
  const failed =
    columns.status !== -1
      ? isFailedStatus(count(cells[columns.status], "the status", line))
      : flag(cells[columns.failed], line);
  const { latency } = columns;
  const latencyMs = latency && measured(cells[latency.index], "the latency", line) * latency.scale;
  log.add({ at, failed, latencyMs });
}

function flag(text: string | undefined, line: number): boolean {
  if (text === "1" || text === "true") return true;
  if (text === "0" || text === "false") return false;
  throw new LoadDamage("failed is neither 0 nor 1", line);
}

/** A number in the header's unit (seconds without one), or a date. */
function timeOf(text: string, scale: number | undefined, line: number): number {
  const at = /^[\d.eE+]+$/.test(text) ? Number(text) * (scale ?? 1000) : Date.parse(text);
  if (Number.isFinite(at)) return at;
  throw new LoadDamage("a line has no time", line);
}

const Document = z.object({
  format: z.literal("deploy-flow-load"),
  tool: z.string().max(60).optional(),
  requests: z.array(z.strictObject({ timeMs: z.number(), requests: z.number(), failed: z.number() })).optional(),
  metrics: z
    .array(
      z.strictObject({
        id: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,63}$/),
        value: z.number(),
        unit: z.string().max(30),
        direction: z.enum(["lower-is-better", "higher-is-better"]),
      }),
    )
    .optional(),
});

/** JSON for every other tool: counts over time, and single figures with unit and direction. */
export const genericJson: LoadReader = {
  tool: "JSON",
  sniff: (head) => /"format"\s*:\s*"deploy-flow-load"/.test(head),
  read: async (file): Promise<LoadResult> => {
    const document = Document.safeParse(await file.json());
    if (!document.success) {
      throw new LoadDamage(`${document.error.issues[0]?.path.join(".") ?? "the document"} is not as the format says`);
    }
    const { requests = [], metrics = [], tool } = document.data;
    const log = new RequestLog();
    for (const one of requests) {
      if (one.failed > one.requests) throw new LoadDamage("more failed than there were requests");
      log.addCounts(measured(one.timeMs, "timeMs"), count(one.requests, "requests"), count(one.failed, "failed"));
    }
    const points: LoadPoint[] = metrics;
    if (requests.length === 0 && points.length === 0) throw new LoadDamage("the file holds no measurement");
    return { tool: tool ?? genericJson.tool, windows: requests.length > 0 ? log.windows() : [], points };
  },
};
