/** Standard normal quantiles, one-sided. */
export const Z = { p95: 1.6448536, p99: 2.3263479 } as const;

/**
 * Kayenta's classification of one metric whose increase is bad (NetflixACAJudge, MannWhitneyClassifier): the 98 %
 * confidence interval of the Hodges-Lehmann shift lies above a quarter of that shift, and the ratio of means is at
 * least 1. The interval is the normal approximation over the sorted pairwise differences.
 */
export function kayentaSaysHigh(baseline: readonly number[], candidate: readonly number[]): boolean {
  const [n, m] = [baseline.length, candidate.length];
  if (mean(candidate) < mean(baseline)) return false;
  const differences = new Float64Array(n * m);
  let next = 0;
  for (const c of candidate) for (const b of baseline) differences[next++] = c - b;
  differences.sort();
  const middle = (n * m) / 2;
  const reach = Z.p99 * Math.sqrt((n * m * (n + m + 1)) / 12);
  const lower = differences[Math.max(0, Math.round(middle - reach))] ?? 0;
  const estimate = ((differences[Math.floor(middle - 0.5)] ?? 0) + (differences[Math.floor(middle)] ?? 0)) / 2;
  return lower > 0.25 * Math.abs(estimate) && lower > 0;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** z of the Mann-Whitney test with tie correction over binned samples; positive when `candidate` is larger. 0 without data. */
export function mannWhitneyZ(baseline: ArrayLike<number>, candidate: ArrayLike<number>): number {
  let [below, n, m, ties, u] = [0, 0, 0, 0, 0];
  for (let i = 0; i < baseline.length; i += 1) {
    const [b, c] = [baseline[i] ?? 0, candidate[i] ?? 0];
    if (b + c === 0) continue;
    u += c * (below + b / 2);
    below += b;
    n += b;
    m += c;
    ties += (b + c) ** 3 - (b + c);
  }
  const all = n + m;
  if (n === 0 || m === 0) return 0;
  const variance = ((n * m) / 12) * (all + 1 - ties / (all * (all - 1)));
  return variance > 0 ? (u - (n * m) / 2) / Math.sqrt(variance) : 0;
}
