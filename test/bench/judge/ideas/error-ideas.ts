import { type Counts, selfNormalised } from "../../../../mcp-server/judge/index.ts";
import type { Word } from "../contenders/contender.ts";
import { phiOf } from "../contenders/error-judges.ts";
import type { ErrorContender } from "../contenders/error-tools.ts";
import type { HalvesPoll } from "../traffic/errors.ts";
import { POLL_SECONDS } from "../traffic/noise.ts";
import { around, type BetPlan, evenly, lnAdd, mixed, openPurse, spaced } from "./bets.ts";
import { closeToOne, rawPhi } from "./phi.ts";

const ALPHA = 0.01;
const EFFECTS = spaced(0.05, 3.5, 16);
const EVEN: BetPlan = { effects: EFFECTS, weights: evenly(EFFECTS), startMass: 0.5 };
const CURVE = around(EFFECTS, Math.LN2, 0.7);
const OURS: BetPlan = { effects: EFFECTS, weights: mixed(CURVE, 0.25), startMass: 0.8 };
const FINE = spaced(0.05, 3.5, 48);

type Phi = (history: readonly HalvesPoll[]) => number;

/** Ways to find a worse error rate sooner, or to stand more noise, each against the same null at alpha .01. */
export const ERROR_IDEAS: readonly ErrorContender[] = [
  engine("prototype: even bets, half from the start", EVEN, phiOf),
  engine("four fifths from the start", { ...EVEN, startMass: 0.8 }, phiOf),
  engine("most on a doubling", { ...EVEN, weights: CURVE }, phiOf),
  engine("**most on a doubling, a quarter even, four fifths from the start (taken)**", OURS, phiOf),
  engine(
    "the same on 48 effects",
    { effects: FINE, weights: mixed(around(FINE, Math.LN2, 0.7), 0.25), startMass: 0.8 },
    phiOf,
  ),
  engine("one adaptive bet instead of a mixture", "adaptive", phiOf),
  { name: "half on the mixture, half adaptive", threeValued: true, open: both(1) },
  { name: "half on the mixture, half adaptive with a memory of 5 min", threeValued: true, open: both(1 - 1 / 30) },
  engine("phi never rounded down to 1", OURS, rawPhi),
  engine("phi drawn towards 1 by a prior", OURS, closeToOne),
  withSelfNormalised("mean of engine and self-normalised test"),
];

function engine(name: string, plan: BetPlan | "adaptive", phi: Phi): ErrorContender {
  return {
    name,
    threeValued: true,
    open: ({ plannedPolls, history }) => {
      const lnE =
        plan === "adaptive" ? adaptive(plannedPolls, phi(history)) : mixture(plan, plannedPolls, phi(history));
      return (poll): Word => (lnE(poll) >= -Math.log(ALPHA) ? "FAIL" : undefined);
    },
  };
}

/** Money in a mixture over effects and onsets. */
function mixture(plan: BetPlan, plannedPolls: number, phi: number): (poll: HalvesPoll) => number {
  const purse = openPurse(plan, plannedPolls);
  return ({ baseline, candidate }) => purse(plan.effects.map((h) => lnRatio(Math.exp(h), baseline, candidate) / phi));
}

/** At threshold 0 the level cancels: how much likelier the split of the events is when the candidate's rate is `r` times as high. */
function lnRatio(r: number, baseline: Counts, candidate: Counts): number {
  const alike = baseline.exposure + candidate.exposure;
  const unlike = baseline.exposure + r * candidate.exposure;
  return baseline.events * Math.log(alike / unlike) + candidate.events * Math.log((r * alike) / unlike);
}

const PRIOR_EVENTS = 2;
const MOST = 30;

/** Bets on the ratio that the polls before show, drawn towards a doubling at first. `kept`: what a poll counts one poll later. */
function adaptive(plannedPolls: number, phi: number, kept = 1): (poll: HalvesPoll) => number {
  const purse = openPurse({ effects: [1], weights: [1], startMass: 1 }, plannedPolls);
  let past = { kB: 0, nB: 0, kC: 0, nC: 0 };
  return ({ baseline, candidate }) => {
    const expected = past.nB > 0 ? (past.kB * past.nC) / past.nB : 0;
    const r = Math.min(MOST, Math.max(1, (past.kC + 2 * PRIOR_EVENTS) / (expected + PRIOR_EVENTS)));
    past = {
      kB: kept * past.kB + baseline.events,
      nB: kept * past.nB + baseline.exposure,
      kC: kept * past.kC + candidate.events,
      nC: kept * past.nC + candidate.exposure,
    };
    return purse([lnRatio(r, baseline, candidate) / phi]);
  };
}

/** Half of the stake on the mixture, half on the adaptive bet. */
function both(kept: number): ErrorContender["open"] {
  return ({ plannedPolls, history }) => {
    const phi = phiOf(history);
    const [one, two] = [mixture(OURS, plannedPolls, phi), adaptive(plannedPolls, phi, kept)];
    return (poll): Word => (lnAdd(one(poll), two(poll)) - Math.LN2 >= -Math.log(ALPHA) ? "FAIL" : undefined);
  };
}

/** Half of the stake on each test: the mean of two e-values is one. */
function withSelfNormalised(name: string): ErrorContender {
  return {
    name,
    threeValued: true,
    open: ({ plannedPolls, history }) => {
      const lnE = mixture(OURS, plannedPolls, phiOf(history));
      let other = selfNormalised.start({ side: "greater", c: 1, d: 0, windowSeconds: 60, alpha: ALPHA });
      return (poll): Word => {
        other = selfNormalised.step(other, poll.baseline, poll.candidate, POLL_SECONDS);
        const both = lnAdd(lnE(poll), selfNormalised.read(other).lnE) - Math.LN2;
        return both >= -Math.log(ALPHA) ? "FAIL" : undefined;
      };
    },
  };
}
