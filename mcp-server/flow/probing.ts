import { canProbe } from "../evidence/journeys/config.ts";
import { secondsToDecide } from "../judge/index.ts";
import { durationMs, FlowError } from "../vocab/index.ts";
import type { DeployConfig } from "./config.ts";
import type { Plan } from "./plan.ts";
import type { RunState, WatchState } from "./run-state.ts";
import { BASELINE_JOURNEYS } from "./watch-smoke.ts";

/** The probe traffic that a deploy.yaml allows; null where no journey may be repeated or its rate is zero. */
export function probesOf(config: DeployConfig): Plan["probes"] {
  const journeys = (config.journeys ?? []).filter(canProbe).map(({ id }) => id);
  if (journeys.length === 0 || config.probes.ratePerSecond === 0) return null;
  return {
    ratePerSecond: config.probes.ratePerSecond,
    recordForMs: durationMs(config.probes.recordFor),
    journeys,
    stagingLoad: config.staging !== undefined && !config.staging.load,
  };
}

/**
 * The journeys to probe with. In production those that the version before could not complete are left out: they would
 * fail on both sides, and an old version that seems broken makes a broken new one look fine.
 */
export function probeJourneys({ plan, journeys }: RunState): NonNullable<Plan["journeys"]> {
  const before = new Map(journeys.get(BASELINE_JOURNEYS)?.run.results.map(({ id, outcome }) => [id, outcome]));
  return (plan.journeys ?? []).filter(({ id }) => plan.probes?.journeys.includes(id) && before.get(id) !== "fail");
}

/**
 * Journeys per second under which the version before is recorded; 0 for none. At 100 % a release can be compared with
 * nothing but this record: where users alone will be too few for it, the old version is recorded under the same probe
 * traffic that the new one will get. `users` is what users sent while their load was measured.
 */
export function recordedProbeRate(state: RunState, users: { requests: number; seconds: number }): number {
  const { probes, metrics, stages } = state.plan;
  const last = stages.at(-1);
  if (!probes || !metrics || !last || probeJourneys(state).length === 0) return 0;
  const expected = (users.requests / users.seconds) * (last.durationMs / 1000);
  return expected < Math.max(last.minRequests, requestsToProve(metrics)) ? probes.ratePerSecond : 0;
}

/** Requests after which a worsening of trigger size is usually excluded, for a version that makes no errors at all. */
function requestsToProve({ rules, beta }: NonNullable<Plan["metrics"]>): number {
  const needed = rules
    .filter(({ required, kind }) => required && kind === "error-rate")
    .map(({ trigger }) => {
      const arm = { perSecond: 1, rate: 0 };
      // Against a record only the candidate brings evidence: the other arm is as if it were without traffic.
      const arms = { baseline: { perSecond: 0, rate: 0 }, candidate: arm };
      return secondsToDecide(arms, { c: 1, d: trigger / 100 }, { errorRate: beta, phi: 1 });
    });
  return Math.max(0, ...needed);
}

/** Users and probes together may be so much of the recorded load, so that most requests stay those of users. */
const SHARE_OF_RECORDED_LOAD = 1.5;

/**
 * Journeys per second to add to a watch whose metrics are scraped; 0 for none. In staging they are the load where no
 * other is configured. In production they are added where users alone were too few: from the extension on, and beside a
 * record that was made under probes always.
 */
export function addedProbeRate(state: RunState, watched: WatchState): number {
  const { probes, metrics } = state.plan;
  if (!probes || !metrics || metrics.config.source === "probes") return 0;
  const { track, frozen } = watched.watch;
  if (track === "staging")
    return probes.stagingLoad && !state.plan.notApplicable["staging.metrics"] ? probes.ratePerSecond : 0;
  if (frozen && state.baseline?.probesPerSecond !== undefined) return state.baseline.probesPerSecond;
  if (track !== "production") return 0;
  const isThin = [...state.watches.values()].some((other) => other.watch.track === track && other.extendedMs > 0);
  if (!isThin) return 0;
  // Nothing was recorded before a first deployment, and nothing is compared.
  if (state.plan.previous === null) return probes.ratePerSecond;
  // At 100 % the record is of users alone: many more probes than users would make another mix of it.
  const steps = Math.max(1, ...probeJourneys(state).map((journey) => journey.steps.length));
  const limit = frozen
    ? (SHARE_OF_RECORDED_LOAD * (state.baseline?.throughputRps ?? 0)) / steps
    : Number.POSITIVE_INFINITY;
  return Math.min(probes.ratePerSecond, limit);
}

/** Refuses probes as the source of metrics where nothing can be sent. */
export function refuseUnprobed(config: DeployConfig): void {
  if (config.metrics?.source !== "probes" || probesOf(config)) return;
  throw new FlowError({
    code: "config",
    what: "probes are the source of metrics, and there is nothing to probe with",
    expected: "a journey that leaves nothing behind, and probes.ratePerSecond above 0",
    where: { file: "deploy.yaml", key: "metrics.source" },
    next: "add a journey without mutates and cleanup, or scrape the metrics pages of the instances",
  });
}

/** What nobody will know where probes stand for users. */
export function unknownsOfProbes(config: DeployConfig): string[] {
  return config.metrics?.source === "probes"
    ? ["what real users meet: error rate and latency are those of probe traffic (metrics.source: probes)"]
    : [];
}
