import { recordedRuns } from "../required.ts";
import { rollout } from "../rollout/rollout.ts";
import type { Behaviour } from "../rollout/service.ts";
import { clockSkew, counterResets, duplicates, lateData, missingPolls } from "../rollout/sources.ts";
import type { World } from "../rollout/world.ts";
import type { Column, Table, Truth } from "./column.ts";

const usual: Behaviour = { errorRate: 0.01, slowness: 1 };
const web: World = { rps: 100, baseline: usual, candidate: () => usual, probes: false };
const quiet: World = { ...web, rps: 1, probes: true };

interface Wanted {
  readonly title: string;
  readonly truth: Truth;
  readonly world: World;
  readonly short?: number;
}

function worse(change: Partial<Behaviour>): World {
  return { ...web, candidate: () => ({ ...usual, ...change }) };
}

/** Twice as slow at first, as fast as the old version after some minutes: caches and compilers warm up. */
function coldStart(at: number): Behaviour {
  return { ...usual, slowness: 1 + Math.exp(-at / 20) };
}

const ROLLOUTS: readonly Wanted[] = [
  { title: "100 rps", truth: "identical", world: web, short: 8 },
  { title: "1 rps, with probe traffic", truth: "identical", world: quiet, short: 25 },
  { title: "1 rps, without probe traffic", truth: "identical", world: { ...quiet, probes: false } },
  { title: "100 rps, cold start", truth: "identical", world: { ...web, candidate: coldStart } },
  {
    title: "100 rps, cold start, no warm-up discarded",
    truth: "identical",
    world: { ...web, candidate: coldStart, warmupPolls: 0 },
  },
  { title: "counters reset", truth: "identical", world: { ...web, source: counterResets } },
  { title: "polls missing", truth: "identical", world: { ...web, source: missingPolls } },
  { title: "polls told twice", truth: "identical", world: { ...web, source: duplicates } },
  { title: "polls out of order", truth: "identical", world: { ...web, source: lateData } },
  { title: "clock 7 s ahead", truth: "identical", world: { ...web, source: clockSkew } },
  { title: "errors x2", truth: "worse", world: worse({ errorRate: 0.02 }) },
  { title: "errors x5", truth: "worse", world: worse({ errorRate: 0.05 }) },
  { title: "latency x1.25", truth: "worse", world: worse({ slowness: 1.25 }) },
  { title: "one of ten instances fails a third", truth: "worse", world: worse({ errorRate: 0.9 * 0.01 + 0.1 * 0.33 }) },
  { title: "1 rps, errors x5", truth: "worse", world: { ...quiet, candidate: () => ({ ...usual, errorRate: 0.05 }) } },
  {
    title: "errors x3, polls missing",
    truth: "worse",
    world: { ...worse({ errorRate: 0.03 }), source: missingPolls },
  },
];

/** Table 5: whole deployments. */
export const ROLLOUT_TABLE: Table = {
  id: "rollouts",
  title: "Whole deployments, unattended",
  text: "Default settings: 5, 25 and 50 % for 10 min each, 30 min at 100 % against the recorded baseline; errors 1 %, p99 643 ms.",
  columns: ROLLOUTS.map(({ title, truth, world, short = 0 }, number): Column => {
    const first = 11_000_027 * (number + 1);
    const id = `rollouts/${title}`;
    return {
      id,
      title,
      truth,
      from: 0,
      runs: { short, full: recordedRuns(id) },
      rows: () => ["**deploy-flow, per-request routing**"],
      play: (run) => [rollout(world, first + run)],
    };
  }),
};
