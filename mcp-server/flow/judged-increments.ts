import type { Arm, Increment, Instant, Pool } from "../vocab/index.ts";
import type { FlowEvent, LiveSummary } from "./events.ts";
import type { Plan } from "./plan.ts";
import type { RunState } from "./run-state.ts";

type Poll = Extract<FlowEvent, { event: "poll" }>;

/** How traffic is divided between the versions, and since when it has been seen so. */
export interface Shares {
  readonly weights: Readonly<Record<string, number>>;
  readonly since: Instant;
}

/** The division of the traffic after one more observation; `at` is the moment of the poll. */
export function sharesAfter(before: Shares | undefined, live: LiveSummary, at: Instant): Shares {
  const weights = Object.fromEntries(live.pools.map(({ version, weightPct }: Pool) => [version, weightPct]));
  return before && isSame(before.weights, weights) ? before : { weights, since: at };
}

function isSame(a: Shares["weights"], b: Shares["weights"]): boolean {
  const versions = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...versions].every((version) => (a[version] ?? 0) === (b[version] ?? 0));
}

/**
 * The increments of a poll as they are judged: what is counted over time counts over the arm's share of the traffic,
 * so that both versions would show the same figure. Left out where that figure would tell of something else: while
 * traffic moves, where a counter began anew, once probes of our own are among the requests, and where the new version has more traffic than the
 * old, since what comes to every instance alike (health checks) makes a smaller arm look busier.
 */
export function judgedIncrements(state: RunState, event: Poll, shares: Shares | undefined): readonly Increment[] {
  const overTime = new Set(rulesOverTime(state.plan));
  if (overTime.size === 0) return event.increments;
  const probed = [...state.watches.values()].some(({ probeRequests }) => probeRequests > 0) || isProbed(event);
  const settled = shares !== undefined && !probed && isExposureDone(state);
  return event.increments.flatMap((increment) => {
    if (!overTime.has(increment.metric)) return [increment];
    // A counter that began anew lost what it had counted since the look before: nobody stayed away for that.
    if (!settled || increment.from < shares.since || increment.quality === "reset") return [];
    const share = shareOfArm(state.plan, shares, increment.arm);
    return share === undefined ? [] : [overShare(increment, share)];
  });
}

/** Series whose exposure is time. */
function rulesOverTime({ metrics }: Plan): Increment["metric"][] {
  return (metrics?.rules ?? []).flatMap(({ kind, series }) =>
    kind === "throughput" || kind === "rate" ? [series] : [],
  );
}

function isProbed({ probes }: Poll): boolean {
  return probes !== undefined && probes.baseline + probes.candidate > 0;
}

function isExposureDone({ intents, results }: RunState): boolean {
  return ![...intents].some(([key, { exposes }]) => exposes === true && !results.has(key));
}

function shareOfArm(plan: Plan, { weights }: Shares, arm: Arm): number | undefined {
  const candidate = weights[plan.version] ?? 0;
  const baseline = plan.previous ? (weights[plan.previous.version] ?? 0) : 0;
  if (candidate <= 0 || baseline <= 0 || candidate > baseline) return undefined;
  return (arm === "candidate" ? candidate : baseline) / 100;
}

/** Halves of the instances are left out: nobody routes by halves, so what each gets says nothing of how rates scatter. */
function overShare({ halves: _, ...increment }: Increment, share: number): Increment {
  return { ...increment, exposure: increment.exposure * share };
}
