import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  errorRateRule,
  latencyRule,
  type MetricRule,
  type TwoArmState,
  twoArm,
} from "../../../mcp-server/judge/index.ts";
import { judged, shown, times } from "./series.ts";

const ALONE = [errorRateRule({ threshold: 0, trigger: 2, weight: 1, sloTarget: 0.1 })];
const WITH_OTHERS: MetricRule[] = [
  errorRateRule({ threshold: 0, trigger: 2, weight: 2 / 3, sloTarget: 0.1 }),
  latencyRule(0.99, { threshold: 0, trigger: 20, weight: 1 / 3, sloTarget: 500 }),
];
const HOUR_POLLS = 360;

/** An hour of equal traffic, looked at every ten seconds: failed requests of the candidate by poll, none of the baseline. */
function hour(rules: readonly MetricRule[], failed: readonly number[], perPoll = 500) {
  const [rule] = rules;
  if (!rule) throw new Error("no rule");
  return judged(
    rules,
    times(HOUR_POLLS, (i) =>
      shown(rule, i, {
        baseline: { exposure: perPoll },
        candidate: { exposure: perPoll, events: failed.filter((at) => at === i).length },
      }),
    ),
  );
}

const everyFiveMinutes = (count: number) => times(count, (i) => 29 + i * Math.floor(HOUR_POLLS / count));

describe("errors against none, in an hour at equal traffic", () => {
  test("12 pass the engine's limit at one percent, however they lie", () => {
    const spec = { form: "poisson", side: "greater", c: 1, d: 0, phi: 1, plannedPolls: HOUR_POLLS, purpose: "detect" };
    for (const spread of [1, 5, 30]) {
      let state: TwoArmState = twoArm.start(spec as Parameters<typeof twoArm.start>[0]);
      for (let i = 0; i < HOUR_POLLS; i += 1) {
        const events = i % spread === spread - 1 && i < 12 * spread ? 1 : 0;
        state = twoArm.step(state, { exposure: 500, events: 0 }, { exposure: 500, events });
      }
      expect(twoArm.read(state).anytimeP).toBeLessThan(0.01);
    }
  });

  test("a release of which the error rate alone is judged fails by 12 at the latest when they come evenly", () => {
    expect(hour(ALONE, everyFiveMinutes(12)).firstFail).toBeDefined();
    expect(hour(ALONE, everyFiveMinutes(8)).firstFail).toBeUndefined();
  });

  test("beside other metrics it takes one more", () => {
    expect(hour(WITH_OTHERS, everyFiveMinutes(13)).firstFail).toBeDefined();
  });
});

test("one stray error never fails a release, whenever it comes and however few requests there are", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(ALONE, WITH_OTHERS),
      fc.nat(HOUR_POLLS - 1),
      fc.constantFrom(1, 3, 10, 50, 1000),
      (rules, at, perPoll) => {
        expect(hour(rules, [at], perPoll).firstFail).toBeUndefined();
      },
    ),
    { numRuns: 15 },
  );
});
