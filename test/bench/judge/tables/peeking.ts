import { mannWhitneyZ } from "../contenders/mann-whitney.ts";
import type { Ending } from "../play.ts";
import { BINS, BINS_PER_OCTAVE, type Bins } from "../traffic/latencies.ts";
import { randomOf } from "../traffic/random.ts";
import type { Table } from "./column.ts";

const OBSERVATIONS = 10_000;
const EVERY = [1, 10, 100, 1000, OBSERVATIONS] as const;
const Z_TWO_SIDED = 1.959964;

/** Part of table 4: what looking often does to a test that is made for one look. */
export const PEEKING_TABLE: Table = {
  id: "peeking",
  title: "Looking often",
  text: "Mann-Whitney at .05, two-sided, over the same latencies twice, up to 10,000 values of each.",
  columns: [
    {
      id: "peeking/same",
      title: "identical",
      truth: "identical",
      from: 0,
      runs: { short: 0, full: 300 },
      rows: () => EVERY.map(rowName),
      play: (run) => alarms(run, EVERY),
    },
  ],
};

const QUIET: Ending = { outcome: "PASS", atSeconds: 0 };

function rowName(every: number): string {
  if (every === OBSERVATIONS) return "one look at the end";
  return every === 1 ? "a look after every value" : `a look every ${every} values`;
}

/** Per rhythm of looking: whether any look alarmed. */
function alarms(run: number, rhythms: readonly number[]): Ending[] {
  const random = randomOf(13_000_027 + run);
  const arms = [new Uint32Array(BINS), new Uint32Array(BINS)] as const;
  const alarmed = rhythms.map(() => false);
  for (let seen = 1; seen <= OBSERVATIONS; seen += 1) {
    for (const arm of arms) add(arm, Math.log2(100) + (0.8 / Math.LN2) * random.normal());
    const due = rhythms.map((every, i) => seen % every === 0 && !alarmed[i]);
    if (!due.includes(true) || Math.abs(mannWhitneyZ(arms[0], arms[1])) <= Z_TWO_SIDED) continue;
    for (const [i, isDue] of due.entries()) if (isDue) alarmed[i] = true;
  }
  return alarmed.map((fired) => ({ ...QUIET, outcome: fired ? "FAIL" : "PASS" }));
}

function add(arm: Bins, log2: number): void {
  const bin = Math.min(BINS - 1, Math.max(0, Math.floor(log2 * BINS_PER_OCTAVE)));
  arm[bin] = (arm[bin] ?? 0) + 1;
}
