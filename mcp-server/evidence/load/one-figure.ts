import { z } from "zod";
import {
  count,
  LoadDamage,
  type LoadReader,
  latencyPoint,
  measured,
  throughputPoint,
  totalsByStatus,
} from "./reader.ts";

// Tools whose result is one JSON document with counts and percentiles of the whole load.

const Autocannon = z.object({
  latency: z.record(z.string(), z.number()),
  requests: z.object({ average: z.number(), total: z.number() }),
  errors: z.number(),
  statusCodeStats: z.record(z.string(), z.object({ count: z.number() })).optional(),
  "1xx": z.number(),
  "2xx": z.number(),
  "3xx": z.number(),
  "4xx": z.number(),
  "5xx": z.number(),
});

/** `autocannon -j`: milliseconds. `errors` are requests without an answer, time-outs among them. */
export const autocannon: LoadReader = {
  tool: "autocannon",
  sniff: (head) => /"connections"\s*:/.test(head) && /"pipelining"\s*:/.test(head) && /"non2xx"\s*:/.test(head),
  read: async (file) => {
    const result = Autocannon.safeParse(await file.json());
    if (!result.success) throw new LoadDamage("not a result of autocannon");
    const { data } = result;
    const answered = (["1xx", "2xx", "3xx", "4xx", "5xx"] as const).reduce(
      (sum, key) => sum + count(data[key], key),
      0,
    );
    const errors = count(data.errors, "errors");
    const failed = count(data["4xx"], "4xx") + count(data["5xx"], "5xx") + errors;
    if (answered + errors === 0) throw new LoadDamage("the load holds not one request");
    return {
      tool: autocannon.tool,
      windows: [],
      totals: { requests: answered + errors, failed },
      points: [
        ...["p50", "p90", "p97_5", "p99"].flatMap((key) =>
          data.latency[key] === undefined
            ? []
            : [latencyPoint(key.replace("_", "."), measured(data.latency[key], key))],
        ),
        throughputPoint(measured(data.requests.average, "requests.average")),
      ],
    };
  },
};

const Oha = z.object({
  summary: z.object({ requestsPerSec: z.number() }),
  latencyPercentiles: z.record(z.string(), z.number().nullable()),
  statusCodeDistribution: z.record(z.string(), z.number()),
  errorDistribution: z.record(z.string(), z.number()),
});
/** Requests that were under way when the time was up: neither good nor bad. */
const OHA_DEADLINE = "aborted due to deadline";

/** `oha --output-format json` (earlier `-j`): seconds. */
export const oha: LoadReader = {
  tool: "oha",
  sniff: (head) => /"successRate"\s*:/.test(head) && /"requestsPerSec"\s*:/.test(head),
  read: async (file) => {
    const result = Oha.safeParse(await file.json());
    if (!result.success) throw new LoadDamage("not a result of oha");
    const { summary, latencyPercentiles, statusCodeDistribution, errorDistribution } = result.data;
    const answered = totalsByStatus(statusCodeDistribution);
    const errors = Object.entries(errorDistribution)
      .filter(([reason]) => reason !== OHA_DEADLINE)
      .reduce((sum, [, events]) => sum + count(events, "errorDistribution"), 0);
    if (answered.requests + errors === 0) throw new LoadDamage("the load holds not one request");
    return {
      tool: oha.tool,
      windows: [],
      totals: { requests: answered.requests + errors, failed: answered.failed + errors },
      points: [
        ...["p50", "p90", "p95", "p99"].flatMap((key) => {
          const value = latencyPercentiles[key];
          return value === undefined || value === null ? [] : [latencyPoint(key, measured(value, key) * 1000)];
        }),
        throughputPoint(measured(summary.requestsPerSec, "requestsPerSec")),
      ],
    };
  },
};

const Fortio = z.object({
  ActualQPS: z.number(),
  DurationHistogram: z.object({
    Count: z.number(),
    Percentiles: z.array(z.object({ Percentile: z.number(), Value: z.number() })).nullish(),
  }),
  RetCodes: z.record(z.string(), z.number()),
});

/** `fortio load -json`: seconds. Code -1 is a request without an answer. */
export const fortio: LoadReader = {
  tool: "fortio",
  sniff: (head) =>
    /"DurationHistogram"\s*:/.test(head) || (/"RunType"\s*:/.test(head) && /"RequestedQPS"\s*:/.test(head)),
  read: async (file) => {
    const result = Fortio.safeParse(await file.json());
    if (!result.success) throw new LoadDamage("not an HTTP result of fortio");
    const { ActualQPS, DurationHistogram, RetCodes } = result.data;
    const totals = totalsByStatus(RetCodes);
    if (totals.requests !== count(DurationHistogram.Count, "DurationHistogram.Count")) {
      throw new LoadDamage("its codes do not add up to its requests");
    }
    return {
      tool: fortio.tool,
      windows: [],
      totals,
      points: [
        ...(DurationHistogram.Percentiles ?? []).map(({ Percentile, Value }) =>
          latencyPoint(`p${Percentile}`, measured(Value, `percentile ${Percentile}`) * 1000),
        ),
        throughputPoint(measured(ActualQPS, "ActualQPS")),
      ],
    };
  },
};
