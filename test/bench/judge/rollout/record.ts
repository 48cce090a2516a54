import type { MetricsSnapshot } from "../../../../mcp-server/judge/index.ts";
import { instantOf, type Version } from "../../../../mcp-server/vocab/index.ts";
import { defaultRules } from "../contenders/spec.ts";
import { POLL_SECONDS } from "../traffic/noise.ts";
import type { Random } from "../traffic/random.ts";
import { serve } from "./service.ts";
import type { World } from "./world.ts";

const HOUR_POLLS = 3600 / POLL_SECONDS;

/** The recorded baseline: what the old version did in the hour before. */
export function recordOf({ rps, baseline }: World, random: Random): MetricsSnapshot {
  let [requests, failed] = [0, 0];
  const counts = new Map<number | null, number>();
  for (let i = 0; i < HOUR_POLLS; i += 1) {
    const served = serve(rps, baseline, random);
    requests += served.requests;
    failed += served.failed;
    for (const { le, count } of served.buckets) counts.set(le, (counts.get(le) ?? 0) + count);
  }
  const buckets = [...counts].map(([le, count]) => ({ le, count }));
  return {
    from: instantOf(Date.UTC(2026, 0, 5, 11)),
    to: instantOf(Date.UTC(2026, 0, 5, 12)),
    version: "1.0.0" as Version,
    throughputRps: requests / 3600,
    series: defaultRules(0).flatMap(({ kind, series }) => {
      if (kind === "error-rate") return [{ metric: series, exposure: requests, events: failed }];
      return kind === "latency" ? [{ metric: series, exposure: requests, events: 0, buckets }] : [];
    }),
  };
}
