import type { Instant } from "../../vocab/index.ts";
import { type RunRecord, watchesOf } from "./record.ts";
import { armTotals, errorRatePct, type Poll, pollsOf, quantileEdge } from "./series.ts";

/**
 * When the bad stretch began that led to the rollback: the first of the unbroken row of polls before the decision in
 * which the new version failed more, or was slower, than the old one. Polls without requests of it break nothing.
 * Undefined where the last poll shows nothing of the kind: then something else decided.
 */
export function firstBadAt(record: RunRecord): Instant | undefined {
  const { latchedAt, baseline } = record.state;
  if (!latchedAt) return undefined;
  const polls = watchesOf(record, "production")
    .flatMap((watched) => pollsOf(record, watched.key))
    .filter(({ at }) => at <= latchedAt);
  const usual = armTotals(polls, "baseline");
  const series = (metric: string) => baseline?.series.find((own) => own.metric === metric);
  const errors = series("error-rate");
  const usualPct =
    errorRatePct(usual) ?? (errors ? errorRatePct({ requests: errors.exposure, failed: errors.events }) : null) ?? 0;
  const usualP99 = quantileEdge(usual.latency, 0.99) ?? quantileEdge(series("latency")?.buckets ?? [], 0.99);
  let first: Instant | undefined;
  for (const poll of polls.toReversed()) {
    const manner = mannerOf(poll, usualPct, usualP99);
    if (manner === "well") break;
    if (manner === "bad") first = poll.at;
  }
  return first;
}

function mannerOf(poll: Poll, usualPct: number, usualP99: number | null): "well" | "bad" | "silent" {
  const own = armTotals([poll], "candidate");
  if (own.requests === 0) return "silent";
  const rate = errorRatePct(own) ?? 0;
  const p99 = quantileEdge(own.latency, 0.99);
  const isSlower = usualP99 !== null && own.latency.length > 0 && (p99 === null || p99 > usualP99);
  return (own.failed > 0 && rate > usualPct) || isSlower ? "bad" : "well";
}
