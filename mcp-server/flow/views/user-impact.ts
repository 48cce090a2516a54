import type { UserImpact } from "../../record/artifact-kinds/index.ts";
import { num, pct } from "../../record/figures.ts";
import { type RunRecord, watchesOf } from "./record.ts";
import { type ArmTotals, armTotals, errorRatePct, isGap, pollsOf } from "./series.ts";
import { requestsText } from "./words.ts";

/** Share of all production requests that failed beyond what the old version lets fail, percent: from here on it is called so. */
const SEVERE_PCT = 1;
const MODERATE_PCT = 0.1;
/** More unanswered polls than this, and the measured part says too little about the rest. */
const MOST_GAPS_SHARE = 0.5;

/** What the new version did to users, as far as it was measured. */
export interface Exposure {
  readonly candidate: ArmTotals;
  readonly baseline: ArmTotals;
  /** Failed requests beyond those that the old version would have let fail; null without a rate to compare with. */
  readonly excess: number | null;
  readonly polls: number;
  readonly gaps: number;
}

/** Requests of both versions while the new one had production traffic; undefined where nothing was measured. */
export function exposureOf(record: RunRecord): Exposure | undefined {
  if (!record.plan.metrics) return undefined;
  const polls = watchesOf(record, "production").flatMap((watched) => pollsOf(record, watched.key));
  if (polls.length === 0) return undefined;
  const [candidate, baseline] = [armTotals(polls, "candidate"), armTotals(polls, "baseline")];
  const usual = errorRatePct(baseline) ?? recordedRatePct(record);
  const excess = usual === null ? null : Math.max(0, candidate.failed - (candidate.requests * usual) / 100);
  return { candidate, baseline, excess, polls: polls.length, gaps: polls.filter(isGap).length };
}

function recordedRatePct({ state }: RunRecord): number | null {
  const series = state.baseline?.series.find(({ metric }) => metric === "error-rate");
  return series ? errorRatePct({ requests: series.exposure, failed: series.events }) : null;
}

/**
 * What users noticed, in one word, with what that rests on. Where something went wrong that the counters do not show,
 * or too little was measured, it is Unknown: never None.
 */
export function userImpact(record: RunRecord): UserImpact {
  const { plan, state } = record;
  if (!state.exposed) return { category: "None", basis: `no production request was sent to ${plan.version}` };
  const exposure = exposureOf(record);
  if (!exposure || exposure.candidate.requests === 0)
    return { category: "Unknown", basis: "requests to the new version were not measured" };
  const basis = basisText(exposure);
  if (exposure.gaps > exposure.polls * MOST_GAPS_SHARE) return { category: "Unknown", basis };
  const measured = measuredCategory(record, exposure);
  if (state.outcome?.outcome === "ROLLBACK_FAILED" && measured !== "Severe")
    return { category: "Unknown", basis: `${basis}; the old state is not shown to be restored` };
  if (measured === "None" && state.latched)
    return { category: "Unknown", basis: `${basis}; what triggered the rollback is not visible in these counts` };
  return { category: measured, basis: isSlower(record) ? `${basis}; responses were slower than allowed` : basis };
}

function measuredCategory(record: RunRecord, { candidate, baseline, excess }: Exposure): UserImpact["category"] {
  const reading = watchesOf(record, "production").at(-1)?.reading;
  const errors = reading?.metrics.find(({ id }) => id === "error-rate")?.outcome;
  // Not shown to be worse is noise only where nothing else went wrong.
  const isNoise = (excess ?? candidate.failed) < 1 || (errors === "PASS" && !record.state.latched);
  if (isNoise) return isSlower(record) ? "Minor" : "None";
  const share = (100 * (excess ?? candidate.failed)) / (candidate.requests + baseline.requests);
  return share >= SEVERE_PCT ? "Severe" : share >= MODERATE_PCT ? "Moderate" : "Minor";
}

function isSlower(record: RunRecord): boolean {
  const metrics = watchesOf(record, "production").flatMap(({ reading }) => reading?.metrics ?? []);
  return metrics.some(({ id, outcome }) => id.startsWith("latency") && outcome === "FAIL");
}

function basisText({ candidate, baseline, excess, gaps, polls }: Exposure): string {
  const rate = errorRatePct(candidate);
  const own = `${requestsText(candidate.requests)} were answered by the new version and ${num(candidate.failed)} of them failed${rate === null ? "" : ` (${pct(rate)})`}`;
  const all = candidate.requests + baseline.requests;
  const beyond =
    excess === null
      ? "there is no rate of the old version to compare with"
      : `${num(excess)} beyond the old version's rate, ${pct((100 * excess) / all)} of all ${requestsText(all)} in that time`;
  const missed = gaps > 0 ? `; ${num(gaps)} of ${num(polls)} polls got no answer, so these are least counts` : "";
  return `${own}; ${beyond}${missed} (measured)`;
}
