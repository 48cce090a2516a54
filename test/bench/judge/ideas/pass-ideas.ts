import { affineLnRatio } from "../../../../mcp-server/judge/sequential/two-arm.ts";
import type { Word } from "../contenders/contender.ts";
import type { ErrorContender } from "../contenders/error-tools.ts";
import { openPurse } from "./bets.ts";

const BETA = 0.05;
const GRID = [0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 1, 1.5, 2, 3, 4, 5, 6];
const COARSE = [0.2, 0.7, 1.5, 3, 5];

/** Ways to prove sooner that an error rate is not worse by 2 pp, each at beta .05. A PASS stays one. */
export const PASS_IDEAS: readonly ErrorContender[] = [
  proof("**14 effects, evenly (taken)**", GRID, { equal: 0, adaptive: 0 }),
  proof("5 effects, evenly", COARSE, { equal: 0, adaptive: 0 }),
  proof("half on 14 effects, half on exactly as good", GRID, { equal: 0.5, adaptive: 0 }),
  proof("exactly as good, nothing else", [], { equal: 1, adaptive: 0 }),
  proof("one adaptive bet", [], { equal: 0, adaptive: 1 }),
  proof("14 effects, exactly as good, and adaptive", GRID, { equal: 0.4, adaptive: 0.3 }),
];

interface Parts {
  /** Part of the stake on "the candidate is exactly as good as the baseline". */
  readonly equal: number;
  /** Part on "the candidate is as good as it showed so far". */
  readonly adaptive: number;
}

function proof(name: string, effects: readonly number[], { equal, adaptive }: Parts): ErrorContender {
  const weights = [...effects.map(() => (1 - equal - adaptive) / effects.length), equal, adaptive];
  return {
    name,
    threeValued: true,
    open: ({ allowed: d, plannedPolls }) => {
      const purse = openPurse({ effects: weights, weights, startMass: 1 }, plannedPolls);
      const past = { kB: 0, nB: 0, kC: 0, nC: 0 };
      let proven = false;
      return ({ baseline, candidate }): Word => {
        const against = (a: number, b: number) => affineLnRatio(a, b, baseline, candidate, 1, d);
        const a = (past.kB + 0.01) / (past.nB + 1);
        const pooled = (past.kB + past.kC + 0.01) / (past.nB + past.nC + 1);
        const shown = (past.kC + pooled) / (past.nC + 1);
        const lnE = purse([
          ...effects.map((h) => against(a, (a + d) * Math.exp(-h))),
          against(pooled, pooled),
          shown < a + d ? against(a, shown) : 0,
        ]);
        past.kB += baseline.events;
        past.nB += baseline.exposure;
        past.kC += candidate.events;
        past.nC += candidate.exposure;
        proven ||= lnE >= -Math.log(BETA);
        return proven ? "PASS" : undefined;
      };
    },
  };
}
