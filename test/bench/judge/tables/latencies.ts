import { LATENCY_HISTORY_SECONDS, LATENCY_JUDGES } from "../contenders/latency-judges.ts";
import { LATENCY_TOOLS, type LatencyContender } from "../contenders/latency-tools.ts";
import { LATENCY_IDEAS } from "../ideas/latency-ideas.ts";
import { recordedRuns } from "../required.ts";
import {
  LATENCY_SCENARIOS,
  type LatencyEffect,
  type LatencyScenarioName,
  latencyTraffic,
  NO_LATENCY_EFFECT,
} from "../traffic/latencies.ts";
import { type Column, play, type Size, type Table, type Truth } from "./column.ts";

type Rows = Readonly<Record<Size, readonly LatencyContender[]>>;

const NAMES = Object.keys(LATENCY_SCENARIOS);
const CONTENDERS: Rows = { full: [...LATENCY_TOOLS, ...LATENCY_JUDGES], short: LATENCY_JUDGES };

interface Wanted {
  readonly scenario: LatencyScenarioName;
  readonly title: string;
  readonly truth: Truth;
  readonly thresholdPct: number;
  readonly quantile?: number;
  readonly effect?: Partial<LatencyEffect>;
  /** Runs in CI. */
  readonly short?: number;
  readonly full?: number;
}

function column(wanted: Wanted, effectNumber: number, table = "latency", contenders = CONTENDERS): Column {
  const { scenario: name, title, truth, thresholdPct, quantile = 0.99, short = 0 } = wanted;
  const effect: LatencyEffect = { ...NO_LATENCY_EFFECT, ...wanted.effect };
  const scenario = LATENCY_SCENARIOS[name];
  const first = 5_000_011 * (NAMES.indexOf(name) + 1) + 104_729 * (effectNumber + 1);
  const id = `${table}/${quantile}/${thresholdPct}/${title}`;
  return {
    id,
    title,
    truth,
    from: 0,
    runs: { short, full: wanted.full ?? recordedRuns(id) },
    rows: (size) => contenders[size].map((contender) => contender.name),
    play: (run, size) => {
      const { history, polls } = latencyTraffic(scenario, effect, {
        seed: first + run,
        historySeconds: LATENCY_HISTORY_SECONDS,
      });
      const world = { quantile, allowed: thresholdPct / 100, plannedPolls: polls.length, history };
      return play(contenders[size], world, polls);
    },
  };
}

const at0 = (
  scenario: LatencyScenarioName,
  title: string,
  truth: Truth,
  effect: Partial<LatencyEffect> = {},
  short = 0,
): Wanted => ({ scenario, title, truth, thresholdPct: 0, effect, short });
const at20 = (title: string, truth: Truth, factor: number, short = 0): Wanted => ({
  scenario: "lognormal",
  title,
  truth,
  thresholdPct: 20,
  effect: { factor },
  short,
});

const P99: readonly Wanted[] = [
  at0("lognormal", "lognormal", "identical", {}, 30),
  at0("bimodal", "bimodal", "identical"),
  at0("driftramp", "driftramp", "identical"),
  at0("low1", "low1", "identical"),
  at0("arnoise", "arnoise", "identical", {}, 30),
  at0("lognormal", "x1.1", "worse", { factor: 1.1 }),
  at0("lognormal", "x1.25", "worse", { factor: 1.25 }, 40),
  at0("lognormal", "x1.5", "worse", { factor: 1.5 }),
  at0("lognormal", "3 % take 500 ms more", "worse", { tailShare: 0.03, tailMs: 500 }),
  at0("bimodal", "bimodal x1.25", "worse", { factor: 1.25 }),
  at0("driftramp", "driftramp x1.25", "worse", { factor: 1.25 }),
  at0("low1", "low1 x2", "worse", { factor: 2 }),
  at0("arnoise", "arnoise x1.25", "worse", { factor: 1.25 }),
];

const TWENTY: readonly Wanted[] = [
  at20("same", "identical", 1),
  at20("x1.1", "allowed", 1.1),
  at20("x1.2", "edge", 1.2, 20),
  at20("x1.4", "worse", 1.4),
  at20("x2", "worse", 2),
];

const OTHERS: readonly Wanted[] = [0.5, 0.95].flatMap((quantile) => [
  { ...at0("lognormal", `p${quantile * 100}, same`, "identical"), quantile },
  { ...at0("arnoise", `p${quantile * 100}, arnoise`, "identical"), quantile },
  { ...at0("lognormal", `p${quantile * 100} x1.1`, "worse", { factor: 1.1 }), quantile },
  { ...at0("lognormal", `p${quantile * 100} x1.25`, "worse", { factor: 1.25 }), quantile },
]);

/** Table 3: latency quantiles, the only configured metric. */
export const LATENCY_TABLES: readonly Table[] = [
  {
    id: "latency-0",
    title: "99th percentile of latency, threshold 0",
    text: "p99 is the only metric. Times count from the first request of the candidate, the discarded warm-up of 60 s included.",
    columns: P99.map((wanted, i) => column(wanted, i)),
  },
  {
    id: "latency-20",
    title: "99th percentile of latency, threshold +20 %",
    text: "x1.1 is allowed, x1.2 is the edge.",
    columns: TWENTY.map((wanted, i) => column(wanted, 100 + i)),
  },
  {
    id: "latency-others",
    title: "Median and 95th percentile, threshold 0",
    text: "The same with other quantiles.",
    columns: OTHERS.map((wanted, i) => column(wanted, 200 + i)),
  },
];

/** What was tried to beat the prototype, on latency. */
export const LATENCY_IDEAS_TABLE: Table = {
  id: "ideas-latency",
  title: "Ideas: finding a worse 99th percentile sooner",
  text: "Each at alpha .01 for this metric alone, phi calibrated, no warm-up discarded.",
  columns: [
    at0("lognormal", "lognormal", "identical"),
    at0("arnoise", "arnoise", "identical"),
    at0("lognormal", "x1.1", "worse", { factor: 1.1 }),
    at0("lognormal", "x1.25", "worse", { factor: 1.25 }),
    at0("lognormal", "3 % take 500 ms more", "worse", { tailShare: 0.03, tailMs: 500 }),
    at0("low1", "low1 x2", "worse", { factor: 2 }),
    at0("arnoise", "arnoise x1.25", "worse", { factor: 1.25 }),
  ].map((wanted, i) =>
    column({ ...wanted, full: wanted.truth === "worse" ? 150 : 300 }, 300 + i, "ideas-latency", {
      full: LATENCY_IDEAS,
      short: LATENCY_IDEAS,
    }),
  ),
};
