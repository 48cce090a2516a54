import {
  calibratePhi,
  type Dispersion,
  type MetricsState,
  readMetrics,
  selfNormalised,
  stepMetrics,
  twoArm,
} from "../../../../mcp-server/judge/index.ts";
import type { HalvesPoll } from "../traffic/errors.ts";
import { POLL_SECONDS } from "../traffic/noise.ts";
import type { Word } from "./contender.ts";
import type { ErrorContender } from "./error-tools.ts";
import { defaultRules, incrementOf, openJudge, specOf } from "./spec.ts";

/** Minutes of history from which the dispersion of errors is calibrated. */
export const ERROR_HISTORY_SECONDS = 1800;

/** The engine and the whole judge of this project on an error rate. */
export const ERROR_JUDGES: readonly ErrorContender[] = [
  engine("engine .05, phi 1", { alpha: 0.05, calibrated: false }),
  engine("engine .05, phi calibrated", { alpha: 0.05, calibrated: true }),
  engine("engine .01, phi calibrated", { alpha: 0.01, calibrated: true }),
  selfNormalisedTest("self-normalised .05, 10 s", 10),
  selfNormalisedTest("self-normalised .05, 60 s", 60),
  wholeJudge("**deploy-flow, per-request routing**"),
  wholeJudge("**deploy-flow, phi calibrated**", { calibrated: true }),
];

/** The default target is 0.1 %, which most services of the benchmark miss with either version. */
export const WITHOUT_TARGET: ErrorContender = wholeJudge("deploy-flow without a target, per-request routing", {
  hasTarget: false,
});

const PASS_BETA = 0.05;
/** Where nothing is allowed, a worsening of trigger size has to be excluded. */
const TRIGGER = 0.02;

function engine(name: string, o: { alpha: number; calibrated: boolean }): ErrorContender {
  return {
    name,
    threeValued: true,
    open: ({ allowed, plannedPolls, history }) => {
      const phi = o.calibrated ? phiOf(history) : 1;
      const common = { form: "poisson", c: 1, phi, plannedPolls } as const;
      let worse = twoArm.start({ ...common, side: "greater", d: allowed, purpose: "detect" });
      let well = twoArm.start({ ...common, side: "less", d: Math.max(allowed, TRIGGER), purpose: "exclude" });
      return ({ baseline, candidate }): Word => {
        worse = twoArm.step(worse, baseline, candidate);
        well = twoArm.step(well, baseline, candidate);
        if (twoArm.read(worse).maxLnE >= -Math.log(o.alpha)) return "FAIL";
        return twoArm.read(well).lnE >= -Math.log(PASS_BETA) ? "PASS" : undefined;
      };
    },
  };
}

/** Dispersion of errors from a history of baseline halves. */
function dispersionOf(history: readonly HalvesPoll[]): Dispersion {
  return calibratePhi(
    history.map(({ baseline, candidate }) => ({ seconds: POLL_SECONDS, halves: [baseline, candidate] as const })),
  );
}

/** What log evidence on errors is divided by. */
export function phiOf(history: readonly HalvesPoll[]): number {
  return dispersionOf(history).phi;
}

function selfNormalisedTest(name: string, windowSeconds: number): ErrorContender {
  const alpha = 0.05;
  return {
    name,
    threeValued: true,
    open: ({ allowed }) => {
      let state = selfNormalised.start({ side: "greater", c: 1, d: allowed, windowSeconds, alpha });
      return ({ baseline, candidate }): Word => {
        state = selfNormalised.step(state, baseline, candidate, POLL_SECONDS);
        return selfNormalised.read(state).maxLnE >= -Math.log(alpha) ? "FAIL" : undefined;
      };
    },
  };
}

/** Threshold, trigger, absolute target and exclusion together, as a deployment reads them at every poll. */
function wholeJudge(name: string, { calibrated = false, hasTarget = true } = {}): ErrorContender {
  return {
    name,
    threeValued: true,
    open: ({ allowed, plannedPolls, history }) => {
      const dispersion = calibrated ? dispersionOf(history) : undefined;
      const rules = defaultRules(allowed * 100).map(({ sloTarget, ...rule }) =>
        hasTarget && sloTarget !== undefined ? { ...rule, sloTarget } : rule,
      );
      let state = openJudge(specOf(rules, { plannedPolls, dispersion }));
      return (poll): Word => {
        state = stepErrors(state, poll);
        return wordOf(state);
      };
    },
  };
}

function stepErrors(state: MetricsState, { baseline, candidate }: HalvesPoll): MetricsState {
  const series = state.spec.rules[0]?.series;
  if (series === undefined) return state;
  return stepMetrics(state, [
    incrementOf(series, "baseline", state.polls, baseline),
    incrementOf(series, "candidate", state.polls, candidate),
  ]);
}

/** What the reading comes to for a release: any FAIL stops it, PASS needs the proof. */
export function wordOf(state: MetricsState): Word {
  const reading = readMetrics(state);
  if (reading.regression.outcome === "FAIL" || reading.slo.outcome === "FAIL") return "FAIL";
  return reading.proven ? "PASS" : undefined;
}
