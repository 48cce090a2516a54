import { addCounts, type Counts, checkCounts, NO_COUNTS } from "./counts.ts";
import { lowerLimit, upperLimit } from "./special.ts";
import { bet, openStake, type Purpose, readStake, type SequentialReading, type Stake } from "./stake.ts";
import { rateFactors } from "./two-arm.ts";

/**
 * Share of the error rate that the recorded baseline's own uncertainty uses up; the sequential test against the
 * resulting limit gets the rest. An e-value of such a test is therefore worth `1 - BASELINE_ERROR_SHARE` of its face.
 */
export const BASELINE_ERROR_SHARE = 1 / 5;

/** Null about one arm alone. Side `greater`: its rate is at most `limit` in every poll; `less`: at least `limit`. */
export interface FixedSpec {
  /** `poisson` for rates whose events may outnumber their exposure (requests per second); absent: a share of the exposure. */
  readonly form?: "poisson";
  readonly side: "greater" | "less";
  /** A rate: between 0 and 1, in the Poisson form any of 0 or more. */
  readonly limit: number;
  readonly phi: number;
  readonly plannedPolls: number;
  readonly purpose: Purpose;
}

/** Plain JSON. */
export interface FixedState {
  readonly spec: FixedSpec;
  readonly candidate: Counts;
  readonly stake: Stake;
}

/**
 * The limit that a recorded (not concurrent) baseline puts on the candidate: `c` times the Clopper-Pearson limit of
 * the baseline's rate plus `d`. Side `greater` takes the upper limit, `less` the lower one, each wrong with
 * probability at most `errorRate`. Only meaningful where load, time of day and mix are comparable.
 */
export function fixedBaselineLimit(
  baseline: Counts,
  o: { side: "greater" | "less"; c: number; d: number; errorRate: number },
): number {
  checkCounts(baseline, "the recorded baseline", { eventsWithinExposure: true });
  const limit = o.side === "greater" ? upperLimit : lowerLimit;
  return o.c * limit(baseline.events, baseline.exposure, o.errorRate) + o.d;
}

/**
 * The one-sample e-process: a mixture of binomial likelihood ratios against a fixed limit. Serves recorded baselines
 * and absolute targets alike.
 */
export const oneSample = {
  /** A fresh test. */
  start(spec: FixedSpec): FixedState {
    return { spec, candidate: NO_COUNTS, stake: openStake(spec.purpose) };
  },
  /** One poll of the arm; no exposure is no evidence. Throws FlowError `damaged` on impossible counts. */
  step(state: FixedState, candidate: Counts): FixedState {
    checkCounts(candidate, "the candidate arm", { eventsWithinExposure: state.spec.form !== "poisson" });
    if (candidate.exposure === 0) return state;
    const { spec } = state;
    const idle = spec.form === "poisson" ? candidate.exposure : candidate.exposure - candidate.events;
    return {
      spec,
      candidate: addCounts(state.candidate, candidate),
      stake: bet(state.stake, spec.purpose, spec.plannedPolls, lnRatios(spec, candidate.events, idle)),
    };
  },
  read: (state: FixedState): SequentialReading => readStake(state.stake),
};

/** A limit of 0 would make one event infinite evidence; this is the smallest rate anybody measures. */
const SMALLEST_LIMIT = 1e-9;

/** `idle`: opportunities without an event, in the Poisson form the exposure. */
function lnRatios(spec: FixedSpec, events: number, idle: number): number[] {
  const { perEvent, perMiss } = ratiosOf(spec);
  const out = new Array<number>(perEvent.length);
  for (let j = 0; j < perEvent.length; j++) {
    out[j] = (events * (perEvent[j] ?? 0) + idle * (perMiss[j] ?? 0)) / spec.phi;
  }
  return out;
}

interface Ratios {
  readonly perEvent: readonly number[];
  readonly perMiss: readonly number[];
}

/** The ratios depend on the specification alone; they are worked out once for each. */
const known = new WeakMap<FixedSpec, Ratios>();

function ratiosOf(spec: FixedSpec): Ratios {
  const found = known.get(spec);
  if (found) return found;
  const limit = Math.max(spec.limit, SMALLEST_LIMIT);
  const ratios = spec.form === "poisson" ? poissonRatios(spec, limit) : binomialRatios(spec, limit);
  known.set(spec, ratios);
  return ratios;
}

function poissonRatios(spec: FixedSpec, limit: number): Ratios {
  const factors = rateFactors(spec.purpose, spec.side);
  return {
    perEvent: factors.map((factor) => Math.log(factor)),
    perMiss: factors.map((factor) => limit * (1 - factor)),
  };
}

function binomialRatios(spec: FixedSpec, limit: number): Ratios {
  const highest = limit + 0.98 * (1 - limit);
  const rates = rateFactors(spec.purpose, spec.side).map((factor) => Math.min(limit * factor, highest));
  // A limit of 1 excludes nothing: every outcome is as likely as before.
  return limit >= 1
    ? { perEvent: rates.map(() => 0), perMiss: rates.map(() => 0) }
    : {
        perEvent: rates.map((rate) => Math.log(rate / limit)),
        perMiss: rates.map((rate) => Math.log1p(-rate) - Math.log1p(-limit)),
      };
}
