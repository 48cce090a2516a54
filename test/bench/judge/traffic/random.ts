import { lgamma } from "../../../../mcp-server/judge/sequential/special.ts";

/** Reproducible chance for the benchmark. */
export interface Random {
  /** Uniform on [0, 1). */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
  poisson(mean: number): number;
  /** Number of trials up to and including the first success: 1, 2, 3, ... with the given mean. */
  geometric(mean: number): number;
}

/** The small fast counter generator sfc32 (Chris Doty-Humphrey, PractRand), seeded by one number. */
export function randomOf(seed: number): Random {
  let [a, b, c, counter] = [seed | 0, (seed / 2 ** 32) | 0, 0x9e3779b9 | 0, 1];
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 15; i += 1) next();
  return {
    uniform: next,
    normal: normalFrom(next),
    poisson: (mean) => poisson(mean, next),
    geometric: geometric(next),
  };
}

/** Polar method of Marsaglia: two normals for each pair of uniforms that lies in the circle. */
function normalFrom(uniform: () => number): () => number {
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const kept = spare;
      spare = undefined;
      return kept;
    }
    for (;;) {
      const u = 2 * uniform() - 1;
      const v = 2 * uniform() - 1;
      const s = u * u + v * v;
      if (s >= 1 || s === 0) continue;
      const factor = Math.sqrt((-2 * Math.log(s)) / s);
      spare = v * factor;
      return u * factor;
    }
  };
}

/** Exact at any mean: multiplication of uniforms for small ones, else Hoermann's transformed rejection (PTRS, 1993). */
function poisson(mean: number, uniform: () => number): number {
  if (mean <= 0) return 0;
  return mean < 12 ? smallPoisson(mean, uniform) : largePoisson(mean, uniform);
}

function smallPoisson(mean: number, uniform: () => number): number {
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = uniform(); product > limit; product *= uniform()) count += 1;
  return count;
}

function largePoisson(mean: number, uniform: () => number): number {
  const b = 0.931 + 2.53 * Math.sqrt(mean);
  const a = -0.059 + 0.02483 * b;
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
  const squeeze = 0.9277 - 3.6224 / (b - 2);
  const lnMean = Math.log(mean);
  for (;;) {
    const u = uniform() - 0.5;
    const v = uniform();
    const us = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= squeeze) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    const lnV = Math.log(v) + Math.log(inverseAlpha) - Math.log(a / (us * us) + b);
    if (lnV <= k * lnMean - mean - lgamma(k + 1)) return k;
  }
}

function geometric(uniform: () => number): (mean: number) => number {
  return (mean) => (mean <= 1 ? 1 : 1 + Math.floor(Math.log(1 - uniform()) / Math.log(1 - 1 / mean)));
}
