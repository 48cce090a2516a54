import type { Counts, NullSpec } from "../../../mcp-server/judge/index.ts";

/**
 * The two-arm test written out plainly, all in logarithms and without any of the engine's shortcuts: what the engine
 * must agree with. `even`: bets as first published, the same on every effect and half of them from the start.
 */
export function referenceLnE(
  spec: NullSpec,
  polls: readonly (readonly [Counts, Counts])[],
  o: { even: boolean } = { even: false },
): number {
  const effects = EFFECTS[spec.purpose];
  const isEven = o.even || spec.purpose !== "detect";
  const shares = isEven ? effects.map(() => 1 / effects.length) : detectShares();
  const startMass = spec.purpose !== "detect" ? 1 : o.even ? 0.5 : 0.8;
  const bets = effects.map(() => Number.NEGATIVE_INFINITY);
  let [cash, polled, KB, NB, KC, NC] = [1, 0, 0, 0, 0, 0];
  for (const [b, c] of polls) {
    if (b.exposure > 0 && c.exposure > 0) {
      polled += 1;
      const later = polled <= spec.plannedPolls ? (1 - startMass) / (spec.plannedPolls - 1) : 0;
      const mass = polled === 1 ? startMass : later;
      cash -= mass;
      effects.forEach((h, j) => {
        const signed = spec.side === "greater" ? h : -h;
        const l =
          spec.form === "bernoulli"
            ? bernoulli(signed, b, c, KB + KC, NB + NC)
            : poisson(spec, signed, b, c, { KB, NB, KC, NC });
        bets[j] = lnAdd(bets[j] ?? 0, Math.log(mass * (shares[j] ?? 0))) + l / spec.phi;
      });
    }
    KB += b.events;
    NB += b.exposure;
    KC += c.events;
    NC += c.exposure;
  }
  return bets.reduce(lnAdd, Math.log(Math.max(cash, 0)));
}

const EFFECTS = {
  detect: Array.from({ length: 16 }, (_, j) => 0.05 * 70 ** (j / 15)),
  exclude: [0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 1, 1.5, 2, 3, 4, 5, 6],
  ladder: [0.1, 0.35, 1, 2.5, 5],
};

/** Three quarters along a normal curve over ln h around a doubling (sd 0.7), a quarter evenly. */
function detectShares(): number[] {
  const density = EFFECTS.detect.map((h) => Math.exp(-((Math.log(h) - Math.log(Math.log(2))) ** 2) / (2 * 0.49)));
  const total = density.reduce((a, b) => a + b);
  return density.map((one) => 0.75 * (one / total) + 0.25 / 16);
}

function poisson(
  { c, d }: NullSpec,
  h: number,
  B: Counts,
  C: Counts,
  past: { KB: number; NB: number; KC: number; NC: number },
): number {
  const r = Math.exp(h);
  const a = d === 0 ? (past.KB + past.KC + 0.01) / (past.NB + c * r * past.NC + 1) : (past.KB + 0.01) / (past.NB + 1);
  const b = (c * a + d) * r;
  const [nB, nC] = [B.exposure, C.exposure];
  const quadratic = c * (nB + c * nC);
  const linear = nB * d - c * nB * a + c * nC * d - c * nC * b;
  const constant = -nB * a * d;
  const a0 = (-linear + Math.sqrt(linear ** 2 - 4 * quadratic * constant)) / (2 * quadratic);
  const b0 = c * a0 + d;
  return term(B.events, a / a0) - nB * (a - a0) + term(C.events, b / b0) - nC * (b - b0);
}

function bernoulli(h: number, B: Counts, C: Counts, K: number, N: number): number {
  const [nB, nC] = [B.exposure, C.exposure];
  const m = (K + 0.01) / (N + 1);
  const w = nC / (nB + nC);
  const logit = Math.log(m / (1 - m));
  const [a, b] = [1 / (1 + Math.exp(-(logit - w * h))), 1 / (1 + Math.exp(-(logit + (1 - w) * h)))];
  const th = (nB * a + nC * b) / (nB + nC);
  return (
    term(B.events, a / th) +
    term(nB - B.events, (1 - a) / (1 - th)) +
    term(C.events, b / th) +
    term(nC - C.events, (1 - b) / (1 - th))
  );
}

function term(count: number, ratio: number): number {
  return count === 0 ? 0 : count * Math.log(ratio);
}

function lnAdd(x: number, y: number): number {
  const high = Math.max(x, y);
  return high === Number.NEGATIVE_INFINITY ? high : high + Math.log(Math.exp(x - high) + Math.exp(y - high));
}
