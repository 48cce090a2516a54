import {
  type Counts,
  type MetricRule,
  selfNormalised,
  stepMetrics,
  twoArm,
} from "../../../../mcp-server/judge/index.ts";
import type { MetricId } from "../../../../mcp-server/vocab/index.ts";
import type { Contender, Word } from "../contenders/contender.ts";
import { wordOf } from "../contenders/error-judges.ts";
import { incrementOf, openJudge, specOf } from "../contenders/spec.ts";
import { recordedRuns } from "../required.ts";
import { POLL_SECONDS, slowNoise } from "../traffic/noise.ts";
import { randomOf } from "../traffic/random.ts";
import { type Column, play, type Table, type Truth } from "./column.ts";

/** Completed requests of both arms in one poll over share x seconds. */
interface ThroughputPoll {
  readonly atSeconds: number;
  readonly baseline: Counts;
  readonly candidate: Counts;
}

interface World {
  readonly plannedPolls: number;
}

const KEPT = 0.7;
const ALPHA = 0.01;

/** Throughput as the only metric, with the threshold that is the default trigger. */
const RULE: MetricRule = {
  id: "throughput" as MetricId,
  kind: "throughput",
  series: "throughput" as MetricId,
  unit: "rps",
  weight: 1,
  required: true,
  threshold: 30,
  trigger: 30,
  tolerance: 5,
};

const CONTENDERS: readonly Contender<World, ThroughputPoll>[] = [
  {
    name: "strict comparison of totals",
    threeValued: false,
    open: () => {
      let [baseline, candidate] = [0, 0];
      return (poll): Word => {
        baseline += poll.baseline.events / poll.baseline.exposure;
        candidate += poll.candidate.events / poll.candidate.exposure;
        return candidate < KEPT * baseline ? "FAIL" : undefined;
      };
    },
  },
  {
    name: "engine .01, phi 1",
    threeValued: true,
    open: ({ plannedPolls }) => {
      let state = twoArm.start({
        form: "poisson",
        side: "less",
        c: KEPT,
        d: 0,
        phi: 1,
        plannedPolls,
        purpose: "detect",
      });
      return ({ baseline, candidate }): Word => {
        state = twoArm.step(state, baseline, candidate);
        return twoArm.read(state).maxLnE >= -Math.log(ALPHA) ? "FAIL" : undefined;
      };
    },
  },
  {
    name: "self-normalised .01, 60 s",
    threeValued: true,
    open: () => {
      let state = selfNormalised.start({ side: "less", c: KEPT, d: 0, windowSeconds: 60, alpha: ALPHA });
      return ({ baseline, candidate }): Word => {
        state = selfNormalised.step(state, baseline, candidate, POLL_SECONDS);
        return selfNormalised.read(state).maxLnE >= -Math.log(ALPHA) ? "FAIL" : undefined;
      };
    },
  },
  {
    name: "**deploy-flow, per-request routing**",
    threeValued: true,
    open: ({ plannedPolls }) => {
      let state = openJudge(specOf([RULE], { plannedPolls }));
      return ({ baseline, candidate }): Word => {
        state = stepMetrics(state, [
          incrementOf(RULE.series, "baseline", state.polls, baseline),
          incrementOf(RULE.series, "candidate", state.polls, candidate),
        ]);
        return wordOf(state);
      };
    },
  },
];

const SHARE = 0.1;
const RPS = 100;
const POLLS = 180;

function column(title: string, truth: Truth, kept: number, noiseSd: number, number: number): Column {
  const id = `throughput/${title}`;
  return {
    id,
    title,
    truth,
    from: 0,
    runs: { short: 0, full: recordedRuns(id) },
    rows: () => CONTENDERS.map(({ name }) => name),
    play: (run) => {
      const random = randomOf(7_000_003 * (number + 1) + run);
      const noise = [slowNoise(noiseSd, random), slowNoise(noiseSd, random)] as const;
      const arm = (share: number, factor: number, lnNoise: number): Counts => ({
        exposure: share * POLL_SECONDS,
        events: random.poisson(RPS * share * POLL_SECONDS * factor * Math.exp(lnNoise)),
      });
      const polls = Array.from({ length: POLLS }, (_, i) => ({
        atSeconds: (i + 1) * POLL_SECONDS,
        baseline: arm(1 - SHARE, 1, noise[0]()),
        candidate: arm(SHARE, kept, noise[1]()),
      }));
      return play(CONTENDERS, { plannedPolls: POLLS }, polls);
    },
  };
}

/** Part of table 4: a drop of completed requests by more than 30 %. */
export const THROUGHPUT_TABLE: Table = {
  id: "throughput",
  title: "Throughput, allowed drop 30 %",
  text: "Completed requests over share x seconds; 100 requests per second, a tenth of them to the candidate.",
  columns: [
    column("same", "identical", 1, 0, 0),
    column("-25 %", "allowed", 0.75, 0, 1),
    column("-30 %", "edge", 0.7, 0, 2),
    column("-35 %", "worse", 0.65, 0, 3),
    column("-50 %", "worse", 0.5, 0, 4),
    column("-90 %", "worse", 0.1, 0, 5),
    column("noise of 5 %, same", "identical", 1, 0.05, 6),
  ],
};
