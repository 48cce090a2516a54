import { ERROR_HISTORY_SECONDS, ERROR_JUDGES, WITHOUT_TARGET } from "../contenders/error-judges.ts";
import { ERROR_TOOLS, type ErrorContender } from "../contenders/error-tools.ts";
import { ERROR_IDEAS } from "../ideas/error-ideas.ts";
import { PASS_IDEAS } from "../ideas/pass-ideas.ts";
import { recordedRuns } from "../required.ts";
import { ERROR_SCENARIOS, type ErrorEffect, type ErrorScenarioName, errorTraffic } from "../traffic/errors.ts";
import { type Column, play, type Size, type Table, type Truth } from "./column.ts";

type Rows = Readonly<Record<Size, readonly ErrorContender[]>>;

const NAMES = Object.keys(ERROR_SCENARIOS);
const CONTENDERS: Rows = { full: [...ERROR_TOOLS, ...ERROR_JUDGES], short: ERROR_JUDGES };
const WITH_ONE_MORE: Rows = {
  full: [...CONTENDERS.full, WITHOUT_TARGET],
  short: [...CONTENDERS.short, WITHOUT_TARGET],
};

interface Wanted {
  readonly scenario: ErrorScenarioName;
  readonly title: string;
  readonly truth: Truth;
  readonly thresholdPp: number;
  readonly effect?: Partial<ErrorEffect>;
  /** Runs in CI. */
  readonly short?: number;
  readonly full?: number;
}

/** Seeds as in the study that the judge rests on: by scenario, effect and run. */
function column(wanted: Wanted, effectNumber: number, table = "errors", contenders = CONTENDERS): Column {
  const { scenario: name, title, truth, thresholdPp, short = 0 } = wanted;
  const effect: ErrorEffect = { factor: 1, added: 0, from: 0, ...wanted.effect };
  const scenario = ERROR_SCENARIOS[name];
  const first = 1_000_003 * (NAMES.indexOf(name) + 1) + 7919 * (effectNumber + 1);
  const id = `${table}/${thresholdPp}/${title}`;
  return {
    id,
    title,
    truth,
    from: effect.from,
    runs: { short, full: wanted.full ?? recordedRuns(id) },
    rows: (size) => contenders[size].map((contender) => contender.name),
    play: (run, size) => {
      const { history, polls } = errorTraffic(scenario, effect, {
        seed: first + run,
        historySeconds: ERROR_HISTORY_SECONDS,
      });
      const world = { allowed: thresholdPp / 100, plannedPolls: polls.length, history };
      return play(contenders[size], world, polls);
    },
  };
}

const identical = (scenario: ErrorScenarioName, short = 0): Wanted => ({
  scenario,
  title: scenario,
  truth: "identical",
  thresholdPp: 0,
  short,
});
const worse = (scenario: ErrorScenarioName, title: string, effect: Partial<ErrorEffect>, short = 0): Wanted => ({
  scenario,
  title,
  truth: "worse",
  thresholdPp: 0,
  effect,
  short,
});

const ZERO_TOLERANCE: readonly Wanted[] = [
  identical("web100", 150),
  identical("big2000"),
  identical("low1", 50),
  identical("zero"),
  identical("driftramp", 60),
  identical("bursty", 100),
  identical("arnoise", 100),
  worse("web100", "x1.2", { factor: 1.2 }),
  worse("web100", "x1.5", { factor: 1.5 }),
  worse("web100", "x2", { factor: 2 }, 200),
  worse("web100", "x5", { factor: 5 }, 60),
  worse("web100", "x3 from 15 min", { factor: 3, from: 900 }),
  worse("driftramp", "driftramp x2", { factor: 2 }),
  worse("low1", "low1 x5", { factor: 5 }),
  worse("zero", "zero +0.5 pp", { added: 0.005 }),
  worse("zero", "zero +2 pp", { added: 0.02 }),
  worse("bursty", "bursty x2", { factor: 2 }),
  worse("bursty", "bursty x5", { factor: 5 }),
  worse("arnoise", "arnoise x2", { factor: 2 }),
  worse("arnoise", "arnoise x5", { factor: 5 }),
];

const plus = (scenario: ErrorScenarioName, title: string, truth: Truth, added: number, short = 0): Wanted => ({
  scenario,
  title,
  truth,
  thresholdPp: 2,
  effect: { added },
  short,
});

const TWO_POINTS: readonly Wanted[] = [
  plus("web100", "web100, same", "identical", 0),
  plus("web100", "+1 pp", "allowed", 0.01),
  plus("web100", "+2 pp", "edge", 0.02, 80),
  plus("web100", "+3 pp", "worse", 0.03),
  plus("web100", "+5 pp", "worse", 0.05),
  plus("web100", "+10 pp", "worse", 0.1),
  plus("low1", "low1, same", "identical", 0),
  plus("low1", "low1 +2 pp", "edge", 0.02),
  plus("low1", "low1 +10 pp", "worse", 0.1),
  plus("bursty", "bursty +2 pp", "edge", 0.02),
];

/** Tables 1 and 2: error rates at thresholds 0 and 2 percentage points. */
export const ERROR_TABLES: readonly Table[] = [
  {
    id: "errors-0",
    title: "Error rate, threshold 0",
    text: "Columns of identical releases first. Canary of 30 min (60 min at 1 rps), a look every 10 s.",
    columns: ZERO_TOLERANCE.map((wanted, i) => column(wanted, i)),
  },
  {
    id: "errors-2",
    title: "Error rate, threshold +2 pp",
    text: "`same` and `+1 pp` are allowed, at `+2 pp` the release is exactly at the edge: each FAIL there is a false one.",
    columns: TWO_POINTS.map((wanted, i) => column(wanted, 100 + i, "errors", WITH_ONE_MORE)),
  },
];

/** What was tried to beat the prototype, on error rates. */
export const ERROR_IDEAS_TABLE: Table = {
  id: "ideas-errors",
  title: "Ideas: finding a worse error rate sooner",
  text: "Each at alpha .01 for this metric alone, phi calibrated unless said otherwise.",
  columns: [
    identical("web100"),
    identical("bursty"),
    identical("arnoise"),
    worse("web100", "x1.5", { factor: 1.5 }),
    worse("web100", "x2", { factor: 2 }),
    worse("web100", "x5", { factor: 5 }),
    worse("web100", "x3 from 15 min", { factor: 3, from: 900 }),
    worse("low1", "low1 x5", { factor: 5 }),
    worse("bursty", "bursty x2", { factor: 2 }),
    worse("arnoise", "arnoise x2", { factor: 2 }),
  ].map((wanted, i) =>
    column({ ...wanted, short: 0, full: wanted.truth === "identical" ? 1000 : 500 }, 200 + i, "ideas", {
      full: ERROR_IDEAS,
      short: ERROR_IDEAS,
    }),
  ),
};

/** What was tried to prove sooner that a release is well. */
export const PASS_IDEAS_TABLE: Table = {
  id: "ideas-pass",
  title: "Ideas: proving sooner that an error rate is not worse by 2 pp",
  text: "Percent proven and median time, at beta .05. At `+2 pp` each proof is a false one.",
  columns: [
    plus("web100", "web100", "identical", 0),
    plus("web100", "web100 +1 pp", "allowed", 0.01),
    plus("web100", "web100 +2 pp", "edge", 0.02),
    plus("low1", "low1", "identical", 0),
    plus("low1", "low1 +2 pp", "edge", 0.02),
    plus("zero", "zero", "identical", 0),
  ].map((wanted, i) => ({
    ...column({ ...wanted, full: 1000 }, 300 + i, "ideas-pass", { full: PASS_IDEAS, short: PASS_IDEAS }),
    shows: "proofs",
  })),
};
