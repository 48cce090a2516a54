import { describe, expect, it } from "vitest";
import { type Counts, type SelfNormalisedSpec, selfNormalised } from "../../../mcp-server/judge/index.ts";
import { bestRho, normalMixtureLnE } from "../../../mcp-server/judge/sequential/self-normalised.ts";
import { lnNormalCdf } from "../../../mcp-server/judge/sequential/special.ts";
import { binomial } from "./enumeration.ts";
import { poisson, uniform } from "./random.ts";

const spec: SelfNormalisedSpec = { side: "greater", c: 1, d: 0, windowSeconds: 60, alpha: 0.01 };
const counts = (exposure: number, events: number): Counts => ({ exposure, events });
const run = (windows: readonly (readonly [Counts, Counts])[], change: Partial<SelfNormalisedSpec> = {}) =>
  windows.reduce((state, [b, c]) => selfNormalised.step(state, b, c, 60), selfNormalised.start({ ...spec, ...change }));

describe("ln of the normal distribution function", () => {
  it.each([
    [0, Math.log(0.5)],
    [1.959963984540054, Math.log(0.975)],
    [-1.959963984540054, Math.log(0.025)],
    [-5, Math.log(2.866515718791939e-7)],
    [-10, -53.23128515051247],
    [8, -6.220960574271785e-16],
  ])("at %d", (x, expected) => {
    expect(Math.abs(lnNormalCdf(x) - expected)).toBeLessThan(1e-12 * Math.max(1, Math.abs(expected)));
  });
});

describe("the self-normalised test", () => {
  it("expects no gain from two windows where the candidate has at most half of the exposure", () => {
    const rho = bestRho(15, 0.02);
    for (const share of [0.05, 0.1, 0.3, 0.5]) {
      for (const total of [1, 3, 8, 20]) {
        const chances = binomial(total, share);
        const deviation = (k: number) => (k - total * share) / Math.sqrt(total * share * (1 - share));
        let expected = 0;
        chances.forEach((p, k) => {
          chances.forEach((q, l) => {
            const [one, two] = [deviation(k), deviation(l)];
            expected += p * q * Math.exp(normalMixtureLnE(one + two, one ** 2 + two ** 2, rho));
          });
        });
        expect(expected).toBeLessThanOrEqual(1 + 1e-9);
      }
    }
  });

  it("would gain where the candidate has more, which is why such windows are refused", () => {
    const rho = bestRho(15, 0.02);
    const gains = [0.7, 0.9, 0.97].flatMap((share) =>
      [1, 3, 8, 20].map((total) => {
        const deviation = (k: number) => (k - total * share) / Math.sqrt(total * share * (1 - share));
        return binomial(total, share).reduce(
          (sum, p, k) => sum + p * Math.exp(normalMixtureLnE(3 * deviation(k), 3 * deviation(k) ** 2, rho)),
          0,
        );
      }),
    );
    expect(Math.max(...gains)).toBeGreaterThan(1);
    const state = run([[counts(100, 1), counts(900, 90)]]);
    expect(state).toMatchObject({ windows: 0, refused: 1, lnE: 0 });
    expect(run([[counts(500, 1), counts(500, 20)]], { c: 1.5 })).toMatchObject({ windows: 0, refused: 1 });
  });

  it("finds a tripled error rate among clusters without knowing how large they are", () => {
    const random = uniform(7);
    const window = (factor: number) => {
      const clusters = (mean: number) => 5 * poisson(mean / 5, random);
      return [counts(5400, clusters(54)), counts(600, clusters(6 * factor))] as const;
    };
    const worse = run(Array.from({ length: 30 }, () => window(3)));
    expect(worse.maxLnE).toBeGreaterThan(Math.log(100));
    let alarms = 0;
    for (let i = 0; i < 100; i += 1) {
      if (run(Array.from({ length: 30 }, () => window(1))).maxLnE >= Math.log(100)) alarms += 1;
    }
    expect(alarms).toBeLessThanOrEqual(2);
  });

  it("takes at least ten windows, however large the difference", () => {
    expect(run(Array.from({ length: 8 }, () => [counts(9000, 0), counts(1000, 1000)] as const)).lnE).toBeLessThan(
      Math.log(100),
    );
  });

  it("allows a margin in points, and finds a drop where counts are large", () => {
    const twenty = <T>(window: T) => Array.from({ length: 20 }, () => window);
    const jitter = (i: number) => (i % 3) - 1;
    const rise = (points: number) =>
      Array.from(
        { length: 20 },
        (_, i) => [counts(9000, 90 + jitter(i)), counts(1000, 10 + points * 10 + jitter(i))] as const,
      );
    expect(run(rise(1), { d: 0.02 }).maxLnE).toBeLessThan(Math.log(100));
    expect(run(rise(5), { d: 0.02 }).maxLnE).toBeGreaterThan(Math.log(100));
    const drop = twenty([counts(54, 5400), counts(6, 300)] as const);
    expect(run(drop, { side: "less", c: 0.7 }).maxLnE).toBeGreaterThan(Math.log(100));
    expect(run(twenty([counts(54, 54), counts(6, 3)] as const), { side: "less" }).refused).toBe(20);
  });

  it("waits for a whole window and survives JSON", () => {
    const poll = [counts(900, 9), counts(100, 3)] as const;
    let state = selfNormalised.start(spec);
    for (let i = 0; i < 5; i += 1) state = selfNormalised.step(state, ...poll, 10);
    expect(state.windows).toBe(0);
    state = selfNormalised.step(JSON.parse(JSON.stringify(state)), ...poll, 10);
    expect(state.windows).toBe(1);
    expect(selfNormalised.read(state).lnE).toBe(state.lnE);
    expect(selfNormalised.step(state, ...poll, Number.NaN)).toBe(state);
  });
});
