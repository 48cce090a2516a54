import { z } from "zod";
import { count, LoadDamage, type LoadReader, latencyPoint, measured, throughputPoint } from "./reader.ts";
import { RequestLog } from "./windows.ts";

const PERCENTILES: Readonly<Record<string, string>> = { med: "p50", "p(90)": "p90", "p(95)": "p95", "p(99)": "p99" };

const Values = z.record(z.string(), z.unknown());
const Summary = z.object({ metrics: z.record(z.string(), z.union([z.object({ values: Values }), Values])) });

function valuesOf(metric: z.infer<typeof Summary>["metrics"][string] | undefined): Record<string, unknown> {
  const nested = Values.safeParse(metric?.values);
  return nested.success ? nested.data : (metric ?? {});
}

/** `handleSummary` and `--summary-export`: totals, and percentiles in milliseconds. In both `passes` counts failed requests. */
export const k6Summary: LoadReader = {
  tool: "k6 summary",
  sniff: (head) =>
    head.trimStart().startsWith("{") && /"metrics"\s*:/.test(head) && /"(?:http_req_|iterations|root_group)/.test(head),
  read: async (file) => {
    const summary = Summary.safeParse(await file.json());
    if (!summary.success) throw new LoadDamage("not a k6 summary");
    const { metrics } = summary.data;
    if (!metrics.http_req_failed)
      throw new LoadDamage("the summary has no http_req_failed: failures cannot be counted");
    const failed = valuesOf(metrics.http_req_failed);
    const bad = count(failed.passes, "http_req_failed.passes");
    const good = count(failed.fails, "http_req_failed.fails");
    const duration = valuesOf(metrics.http_req_duration);
    const { rate } = valuesOf(metrics.http_reqs);
    return {
      tool: k6Summary.tool,
      windows: [],
      totals: { requests: good + bad, failed: bad },
      points: [
        ...Object.entries(PERCENTILES).flatMap(([key, id]) =>
          duration[key] === undefined ? [] : [latencyPoint(id, measured(duration[key], `http_req_duration.${key}`))],
        ),
        ...(rate === undefined ? [] : [throughputPoint(measured(rate, "http_reqs.rate"))]),
      ],
    };
  },
};

const Entry = z.discriminatedUnion("type", [
  z.object({ type: z.literal("Metric") }),
  z.object({
    type: z.literal("Point"),
    metric: z.string(),
    data: z.object({ time: z.string(), value: z.number() }),
  }),
]);

/** `--out json`: every sample. */
export const k6Samples: LoadReader = {
  tool: "k6 samples",
  sniff: (head) => /^\s*\{[^\n]*"type"\s*:\s*"(?:Metric|Point)"/.test(head),
  read: async (file) => {
    const log = new RequestLog();
    let requests = 0;
    for await (const { text, number } of file.lines()) {
      if (text.trim() === "") continue;
      const entry = parsed(text, number);
      if (entry.type === "Metric") continue;
      const at = Date.parse(entry.data.time);
      if (!Number.isFinite(at)) throw new LoadDamage("a sample has no time", number);
      if (entry.metric === "http_req_failed") {
        if (entry.data.value !== 0 && entry.data.value !== 1)
          throw new LoadDamage("http_req_failed is neither 0 nor 1", number);
        log.addCounts(at, 1, entry.data.value);
        requests += 1;
      } else if (entry.metric === "http_req_duration") {
        log.addLatency(at, measured(entry.data.value, "http_req_duration", number));
      }
    }
    if (requests === 0) throw new LoadDamage("the file holds no http_req_failed: failures cannot be counted");
    return { tool: k6Samples.tool, windows: log.windows(), points: [] };
  },
};

function parsed(text: string, line: number): z.infer<typeof Entry> {
  try {
    return Entry.parse(JSON.parse(text));
  } catch {
    throw new LoadDamage("a line is no k6 sample", line);
  }
}
