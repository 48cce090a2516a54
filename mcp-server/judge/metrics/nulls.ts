import type { Counts } from "../sequential/counts.ts";
import type { FixedSpec } from "../sequential/fixed-baseline.ts";
import type { NullSpec } from "../sequential/two-arm.ts";
import { directionOf, isInPoints, type MetricRule, quantileAsked } from "./rule.ts";
import type { Role } from "./state.ts";

/** The relation of both arms' rates that a question tests. */
export type Relation = Pick<NullSpec, "form" | "side" | "c" | "d">;

/** A drop of everything leaves nothing to compare with. */
const SMALLEST_FACTOR = 1e-3;

/**
 * The null of a question. `threshold` and `trigger` have "not worse by more than the margin" as their null, `exclude`
 * the opposite. A share of which much is good and whose margin is in points is tested through what is missing to 100 %.
 */
export function relationOf(rule: MetricRule, role: Role, marginPct: number): Relation {
  const worse = (form: Relation["form"], side: Relation["side"], c: number, d: number): Relation => ({
    form,
    side: role === "exclude" ? (side === "greater" ? "less" : "greater") : side,
    c,
    d,
  });
  if (isInPoints(rule)) return worse("poisson", "greater", 1, marginPct / 100);
  if (rule.kind === "latency") return worse("bernoulli", "greater", 1, 0);
  const form = rule.kind === "ratio" && marginPct === 0 ? "bernoulli" : "poisson";
  if (directionOf(rule) === "lower-is-better") return worse(form, "greater", 1 + marginPct / 100, 0);
  return worse(form, "less", Math.max(SMALLEST_FACTOR, 1 - marginPct / 100), 0);
}

/** Events that a relation in points counts: of a share of which much is good those that are missing to 100 %. */
export function comparedCounts(rule: MetricRule, counts: Counts): Counts {
  if (rule.kind !== "ratio" || !isInPoints(rule) || directionOf(rule) === "lower-is-better") return counts;
  return { exposure: counts.exposure, events: Math.max(0, counts.exposure - counts.events) };
}

/** Events are some of the opportunities; otherwise there may be more of them. */
export function isShare({ kind }: Pick<MetricRule, "kind">): boolean {
  return kind === "error-rate" || kind === "availability" || kind === "ratio";
}

/** Shares of requests and latencies can be compared with another time; throughput, rates and gauges follow the load. */
export function isRecordable(rule: Pick<MetricRule, "kind">): boolean {
  return isShare(rule) || rule.kind === "latency";
}

/** The limit that an absolute target puts on one arm, `marginPct` beyond it; gauges have none in counts. */
export function targetLimit(
  rule: MetricRule,
  target: number,
  marginPct: number,
): Pick<FixedSpec, "form" | "side" | "limit"> | undefined {
  const high = directionOf(rule) === "higher-is-better";
  const side = high && rule.kind !== "availability" ? "less" : "greater";
  const scale = high ? 1 - marginPct / 100 : 1 + marginPct / 100;
  const capped = (share: number) => Math.min(1, Math.max(0, share));
  switch (rule.kind) {
    case "error-rate":
      return { side, limit: (target + marginPct) / 100 };
    case "availability":
      return { side, limit: capped(1 - (target - marginPct) / 100) };
    case "latency":
      return { side, limit: 1 - quantileAsked(rule) };
    case "ratio": {
      const points = high ? target - marginPct : target + marginPct;
      return { side, limit: capped((isInPoints(rule) ? points : target * scale) / 100) };
    }
    case "throughput":
    case "rate":
      return { form: "poisson", side, limit: Math.max(0, target * scale) };
    case "gauge":
      return undefined;
    default:
      return rule.kind satisfies never;
  }
}
