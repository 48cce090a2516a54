import { ms, num, pct } from "../../record/figures.ts";
import type { Actor, Pool, Reason } from "../../vocab/index.ts";
import type { Trigger } from "../events.ts";

/** A value in words, or null where there is none, which a template shows as unknown. */
export function known<T>(value: T | undefined | null, words: (value: T) => string): string | null {
  return value === undefined || value === null ? null : words(value);
}

/** A level of a metric with its unit: `0.15 %`, `580 ms`, `12.4 rps`. */
export function levelText(value: number, unit: string): string {
  if (unit === "%") return pct(value);
  if (unit === "ms") return ms(value);
  return `${num(value, Math.abs(value) < 100 ? 1 : 0)} ${unit}`;
}

/** A difference with its sign: `+0.12 pp`, `-3.0 %`. */
export function changeText(value: number, unit: "pp" | "%"): string {
  const text = pct(Math.abs(value)).replace(/ %$/, ` ${unit}`);
  return `${value < 0 ? "-" : "+"}${text}`;
}

/** A worsening by so much, with the sign that it has for this metric: `-30 %` of what should be high. */
export function worsenedText(by: number, unit: "pp" | "%", direction: string | undefined): string {
  return changeText(direction === "higher-is-better" ? -by : by, unit);
}

/** `at most 500 ms`, or `at least` where more is better. */
export function boundText(target: number, unit: string, direction: string | undefined): string {
  return `at ${direction === "higher-is-better" ? "least" : "most"} ${levelText(target, unit)}`;
}

/** `1,204 requests`. */
export function requestsText(count: number): string {
  return `${num(count)} ${Math.round(count) === 1 ? "request" : "requests"}`;
}

/** All reasons as one line; a dash where there is none. */
export function reasonsText(reasons: readonly Reason[]): string {
  return reasons.map((reason) => reason.text).join("; ") || "–";
}

const TRIGGERS: Record<Trigger["kind"], string> = {
  slo: "service level broken",
  regression: "regression",
  smoke: "smoke check failed",
  infra: "instances unhealthy",
  data: "measurements missing",
  manual: "on request",
  target: "the target failed",
  orphan: "the runner was lost",
};

/** What triggered a rollback: its kind and the reasons with their values. */
export function triggerText(trigger: Trigger): string {
  return trigger.reasons.length > 0
    ? `${TRIGGERS[trigger.kind]}: ${reasonsText(trigger.reasons)}`
    : TRIGGERS[trigger.kind];
}

/** What became of the plan's approval. */
export const APPROVAL: Record<"approve" | "reject" | "expired", string> = {
  approve: "approved",
  reject: "rejected",
  expired: "not answered in time",
};

/** `person ada`, `runner deploy-flow`. */
export function actorText(actor: Actor): string {
  return `${actor.kind} ${actor.name}`;
}

/** A configured share of the traffic with the digits that it has: `25 %`, `37.5 %`. */
export function shareText(weightPct: number): string {
  return `${Math.round(weightPct * 100) / 100} %`;
}

/** `95 % on 2.3.1 (2 instances), 5 % on 2.4.0 (1 instance)`. */
export function poolsText(pools: readonly Pool[]): string {
  const one = (pool: Pool) =>
    `${shareText(pool.weightPct)} on ${pool.version} (${pool.instances} ${pool.instances === 1 ? "instance" : "instances"})`;
  return pools.map(one).join(", ") || "no version";
}
