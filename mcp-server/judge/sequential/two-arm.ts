import { z } from "zod";
import { FlowError, quoteValue } from "../../vocab/index.ts";
import { addCounts, type Counts, checkCounts, NO_COUNTS } from "./counts.ts";
import { BETS, bet, openStake, type Purpose, readStake, type SequentialReading, type Stake } from "./stake.ts";

/**
 * A linear null hypothesis about two arms measured at the same time. Side `greater`: rateC <= c * rateB + d in every
 * poll; side `less`: rateC >= c * rateB + d. Levels may drift as they like, only the relation is tested.
 */
export const NullSpec = z.object({
  /** `poisson` for rare events and for rates; `bernoulli` for shares that are not rare (c = 1 and d = 0 only). */
  form: z.enum(["poisson", "bernoulli"]),
  side: z.enum(["greater", "less"]),
  c: z.number().positive(),
  d: z.number().min(0),
  /** Dispersion from baseline against baseline; 1 when each request is routed independently. Log evidence is divided by it. */
  phi: z.number().min(1),
  /** Polls over which later onsets of an effect are spread. */
  plannedPolls: z.number().int().min(1),
  purpose: z.enum(["detect", "exclude", "ladder"]),
});
export type NullSpec = z.infer<typeof NullSpec>;

/** Plain JSON; bit-equal after the same polls in the same order. */
export interface TwoArmState {
  readonly spec: NullSpec;
  readonly baseline: Counts;
  readonly candidate: Counts;
  /** What was seen per stratum, where the traffic is compared in parts. */
  readonly strata?: Readonly<Record<string, Pair>>;
  readonly stake: Stake;
}

/** Both arms of one stratum. */
export interface Pair {
  readonly baseline: Counts;
  readonly candidate: Counts;
}

/** A sequential test over plain JSON state. */
export interface Sequential<S> {
  start(spec: NullSpec): S;
  /** One poll: what each arm did since the last one. Counts are increments, never totals. */
  step(state: S, baseline: Counts, candidate: Counts): S;
  read(state: S): SequentialReading;
}

/**
 * The two-arm e-process: a mixture over effect sizes and onsets of likelihood ratios against the linear null.
 * Alternatives are set from polls before the current one, the null point is the KL projection of the alternative on
 * the null's boundary, so each poll's ratio has expectation at most 1 under every point of the null.
 * Sources: Turner, Ly and Gruenwald (two-sample e-values), Lindon and Malek (the case d = 0), Shin, Ramdas and
 * Rinaldo (mixture over onsets). `start` and `step` throw FlowError on impossible input.
 */
export const twoArm: Sequential<TwoArmState> & { stepStrata: typeof stepStrata; withPhi: typeof withPhi } = {
  start,
  step,
  stepStrata,
  withPhi,
  read: (state) => readStake(state.stake),
};

/** Prior pseudo-observations of the estimated levels: rate 0.01 with the weight of one unit of exposure. */
const PRIOR_EVENTS = 0.01;
const PRIOR_EXPOSURE = 1;

function start(given: NullSpec): TwoArmState {
  const parsed = NullSpec.safeParse(given);
  if (!parsed.success || (given.form === "bernoulli" && (given.c !== 1 || given.d !== 0))) {
    throw new FlowError({
      code: "internal",
      what: "this null hypothesis cannot be tested",
      expected: "c > 0, d >= 0, phi >= 1, at least one planned poll; the Bernoulli form with c = 1 and d = 0",
      found: quoteValue(given),
      next: "check the thresholds of the plan",
    });
  }
  const spec = parsed.data;
  return { spec, baseline: NO_COUNTS, candidate: NO_COUNTS, stake: openStake(spec.purpose) };
}

function step(state: TwoArmState, baseline: Counts, candidate: Counts): TwoArmState {
  checkPair(state.spec, { baseline, candidate });
  // Without both arms in the same poll there is nothing to compare; what one arm did still informs later bets.
  const paired = baseline.exposure > 0 && candidate.exposure > 0;
  const { spec } = state;
  return {
    ...state,
    baseline: addCounts(state.baseline, baseline),
    candidate: addCounts(state.candidate, candidate),
    stake: paired
      ? bet(state.stake, spec.purpose, spec.plannedPolls, lnRatios(spec, state, baseline, candidate))
      : state.stake,
  };
}

/** Dispersion may rise while a test runs, never fall; it has to be known before the poll that it is used on. */
function withPhi(state: TwoArmState, phi: number): TwoArmState {
  return phi > state.spec.phi ? { ...state, spec: { ...state.spec, phi } } : state;
}

/** Strata beyond this number are lumped together: their names come from outside. */
const MOST_STRATA = 64;
const REST = "(others)";

/**
 * One poll in parts (endpoint, region, tenant) that are each compared with their like, so that another mix of traffic
 * is not taken for a change. The null is that the relation holds in every stratum. Strata of one poll are different
 * requests, so their likelihood ratios multiply.
 */
function stepStrata(state: TwoArmState, poll: Readonly<Record<string, Pair>>): TwoArmState {
  const { spec } = state;
  const strata: Record<string, Pair> = { ...state.strata };
  let sum: number[] | undefined;
  let [baseline, candidate] = [state.baseline, state.candidate];
  for (const name of Object.keys(poll).sort()) {
    const pair = poll[name];
    if (!pair) continue;
    checkPair(spec, pair);
    const key = name in strata || Object.keys(strata).length < MOST_STRATA ? name : REST;
    const past = strata[key] ?? { baseline: NO_COUNTS, candidate: NO_COUNTS };
    if (pair.baseline.exposure > 0 && pair.candidate.exposure > 0) {
      const own = lnRatios(spec, past, pair.baseline, pair.candidate);
      sum = sum ? sum.map((value, j) => value + (own[j] ?? 0)) : own;
    }
    strata[key] = joined(past, pair);
    baseline = addCounts(baseline, pair.baseline);
    candidate = addCounts(candidate, pair.candidate);
  }
  const stake = sum ? bet(state.stake, spec.purpose, spec.plannedPolls, sum) : state.stake;
  return { spec, baseline, candidate, strata, stake };
}

function joined(past: Pair, pair: Pair): Pair {
  return {
    baseline: addCounts(past.baseline, pair.baseline),
    candidate: addCounts(past.candidate, pair.candidate),
  };
}

function checkPair(spec: NullSpec, { baseline, candidate }: Pair): void {
  const eventsWithinExposure = spec.form === "bernoulli";
  checkCounts(baseline, "the baseline arm", { eventsWithinExposure });
  checkCounts(candidate, "the candidate arm", { eventsWithinExposure });
}

function lnRatios(spec: NullSpec, past: Pair, baseline: Counts, candidate: Counts): number[] {
  if (spec.form === "bernoulli") return bernoulliLnRatios(spec, past, baseline, candidate);
  return spec.d === 0
    ? ratioLnRatios(spec, past, baseline, candidate)
    : affineLnRatios(spec, past.baseline, baseline, candidate);
}

/** Poisson form, d = 0: the level cancels; levels of both arms are estimated together under each alternative. */
function ratioLnRatios(spec: NullSpec, past: Pair, baseline: Counts, candidate: Counts): number[] {
  const { baseline: pastB, candidate: pastC } = past;
  const factors = rateFactors(spec.purpose, spec.side);
  const { exposure: nB, events: kB } = baseline;
  const { exposure: nC, events: kC } = candidate;
  const known = pastB.events + pastC.events + PRIOR_EVENTS;
  const out = new Array<number>(factors.length);
  for (let j = 0; j < factors.length; j++) {
    const r = factors[j] ?? 1;
    const a = known / (pastB.exposure + spec.c * r * pastC.exposure + PRIOR_EXPOSURE);
    const b = spec.c * a * r;
    const a0 = (nB * a + nC * b) / (nB + spec.c * nC);
    // At this projection the expected counts of both hypotheses are equal, so only the event terms remain.
    out[j] = (eventTerm(kB, a, a0) + eventTerm(kC, b, spec.c * a0)) / spec.phi;
  }
  return out;
}

/** Poisson form, d > 0: the boundary b = c*a + d is hit at the root of a quadratic. */
function affineLnRatios(spec: NullSpec, past: Counts, baseline: Counts, candidate: Counts): number[] {
  const { c, d } = spec;
  const factors = rateFactors(spec.purpose, spec.side);
  const a = (past.events + PRIOR_EVENTS) / (past.exposure + PRIOR_EXPOSURE);
  const out = new Array<number>(factors.length);
  for (let j = 0; j < factors.length; j++) {
    out[j] = affineLnRatio(a, (c * a + d) * (factors[j] ?? 1), baseline, candidate, c, d) / spec.phi;
  }
  return out;
}

/** Log likelihood ratio of one poll: rates (a, b) against their projection on the line b0 = c*a0 + d. */
export function affineLnRatio(a: number, b: number, baseline: Counts, candidate: Counts, c: number, d: number): number {
  const a0 = projectOnLine(a, b, baseline.exposure, candidate.exposure, c, d);
  const b0 = c * a0 + d;
  return (
    eventTerm(baseline.events, a, a0) -
    baseline.exposure * (a - a0) +
    eventTerm(candidate.events, b, b0) -
    candidate.exposure * (b - b0)
  );
}

/**
 * Baseline rate of the point on the line b0 = c*a0 + d (d > 0) that is nearest to the rates (a, b) in Poisson
 * Kullback-Leibler divergence, exposures nB and nC.
 */
export function projectOnLine(a: number, b: number, nB: number, nC: number, c: number, d: number): number {
  const square = c * (nB + c * nC);
  const linear = nB * d - c * nB * a + c * nC * d - c * nC * b;
  const constant = -nB * a * d;
  const root = Math.sqrt(linear * linear - 4 * square * constant);
  // Two spellings of the positive root; each avoids cancellation on one side of zero.
  return linear > 0 ? (-2 * constant) / (linear + root) : (root - linear) / (2 * square);
}

/** Bernoulli form: odds ratio e^h around the pooled share, compared with the exposure-weighted mean of both shares. */
function bernoulliLnRatios(spec: NullSpec, past: Pair, baseline: Counts, candidate: Counts): number[] {
  const { baseline: pastB, candidate: pastC } = past;
  const effects = BETS[spec.purpose].effects;
  const sign = spec.side === "greater" ? 1 : -1;
  const { exposure: nB, events: kB } = baseline;
  const { exposure: nC, events: kC } = candidate;
  const pooled = (pastB.events + pastC.events + PRIOR_EVENTS) / (pastB.exposure + pastC.exposure + PRIOR_EXPOSURE);
  const odds = pooled / (1 - pooled);
  const weightC = nC / (nB + nC);
  const out = new Array<number>(effects.length);
  for (let j = 0; j < effects.length; j++) {
    const h = sign * (effects[j] ?? 0);
    const oddsA = odds * Math.exp(-weightC * h);
    const oddsB = odds * Math.exp((1 - weightC) * h);
    const [a, b] = [oddsA / (1 + oddsA), oddsB / (1 + oddsB)];
    const mean = (nB * a + nC * b) / (nB + nC);
    const meanRest = (nB / (1 + oddsA) + nC / (1 + oddsB)) / (nB + nC);
    out[j] =
      (eventTerm(kB, a, mean) +
        eventTerm(nB - kB, 1 / (1 + oddsA), meanRest) +
        eventTerm(kC, b, mean) +
        eventTerm(nC - kC, 1 / (1 + oddsB), meanRest)) /
      spec.phi;
  }
  return out;
}

function eventTerm(events: number, rate: number, nullRate: number): number {
  return events === 0 ? 0 : events * Math.log(rate / nullRate);
}

const FACTORS = {
  greater: factorsOf(1),
  less: factorsOf(-1),
} as const;

function factorsOf(sign: 1 | -1): Record<Purpose, readonly number[]> {
  const rates = (effects: readonly number[]) => effects.map((h) => Math.exp(sign * h));
  return {
    detect: rates(BETS.detect.effects),
    exclude: rates(BETS.exclude.effects),
    ladder: rates(BETS.ladder.effects),
  };
}

/** Rate ratios of the alternatives of a purpose, above 1 for `greater` and below for `less`. */
export function rateFactors(purpose: Purpose, side: "greater" | "less"): readonly number[] {
  return FACTORS[side][purpose];
}
