import { z } from "zod";
import { csvRows } from "./csv.ts";
import {
  count,
  isFailedStatus,
  LoadDamage,
  type LoadReader,
  latencyPoint,
  measured,
  throughputPoint,
  totalsByStatus,
} from "./reader.ts";
import { RequestLog } from "./windows.ts";

const NS_PER_MS = 1e6;

const Report = z.object({
  latencies: z.record(z.string(), z.number()),
  requests: z.number(),
  rate: z.number(),
  throughput: z.number().optional(),
  status_codes: z.record(z.string(), z.number()),
});

/** `vegeta report -type=json`: nanoseconds; status 0 is a request without an answer. */
export const vegetaReport: LoadReader = {
  tool: "vegeta report",
  sniff: (head) => /"latencies"\s*:/.test(head) && /"status_codes"\s*:/.test(head),
  read: async (file) => {
    const report = Report.safeParse(await file.json());
    if (!report.success) throw new LoadDamage("not a report of vegeta");
    const { latencies, requests, rate, throughput, status_codes } = report.data;
    const totals = totalsByStatus(status_codes);
    if (totals.requests !== count(requests, "requests"))
      throw new LoadDamage("its status codes do not add up to its requests");
    return {
      tool: vegetaReport.tool,
      windows: [],
      totals,
      points: [
        ...["50th", "90th", "95th", "99th"].flatMap((key) => {
          const value = latencies[key];
          return value === undefined ? [] : [latencyPoint(`p${key.slice(0, 2)}`, measured(value, key) / NS_PER_MS)];
        }),
        throughputPoint(measured(throughput ?? rate, "throughput")),
      ],
    };
  },
};

const Result = z.object({ code: z.number().int(), timestamp: z.string(), latency: z.number().min(0) });

/** `vegeta encode` (JSON): a line per request. */
export const vegetaJson: LoadReader = {
  tool: "vegeta results (JSON)",
  sniff: (head) => /^\s*\{[^\n]*"attack"\s*:/.test(head) && /"latency"\s*:/.test(head),
  read: async (file) => {
    const log = new RequestLog();
    for await (const { text, number } of file.lines()) {
      if (text.trim() === "") continue;
      const { code, timestamp, latency } = result(text, number);
      add(log, { at: Date.parse(timestamp), code, latencyMs: latency / NS_PER_MS }, number);
    }
    return { tool: vegetaJson.tool, windows: log.windows(), points: [] };
  },
};

function result(text: string, line: number): z.infer<typeof Result> {
  try {
    return Result.parse(JSON.parse(text));
  } catch {
    throw new LoadDamage("a line is no result of vegeta", line);
  }
}

/** A request that got no answer took no time that could be compared. */
function add(log: RequestLog, o: { at: number; code: number; latencyMs: number }, line: number): void {
  if (!Number.isFinite(o.at)) throw new LoadDamage("a result has no time", line);
  log.add({ at: o.at, failed: isFailedStatus(o.code), latencyMs: o.code > 0 ? o.latencyMs : undefined });
}

/** Columns of `vegeta encode -to csv`, which has no header: time in nanoseconds, status, latency in nanoseconds. */
const CSV_COLUMNS = 12;
const CSV_LINE = /^\d{16,19},\d{1,3},\d+,\d+,\d+,/;

/** `vegeta encode -to csv`. */
export const vegetaCsv: LoadReader = {
  tool: "vegeta results (CSV)",
  sniff: (head) => CSV_LINE.test(head),
  read: async (file) => {
    const log = new RequestLog();
    for await (const { cells, number } of csvRows(file)) {
      if (cells.length < 7 || cells.length > CSV_COLUMNS)
        throw new LoadDamage("a line has not the columns of vegeta", number);
      const at = measured(cells[0], "the time", number) / NS_PER_MS;
      const latencyMs = measured(cells[2], "the latency", number) / NS_PER_MS;
      add(log, { at, code: count(cells[1], "the status", number), latencyMs }, number);
    }
    return { tool: vegetaCsv.tool, windows: log.windows(), points: [] };
  },
};
