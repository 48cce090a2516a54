/**
 * The few special functions that exact limits need. Checked against published values in the tests; deterministic,
 * since only Math.log, Math.exp and fixed iteration counts are used.
 */

const LANCZOS_G = 7;
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
] as const;

/** ln Gamma(x) for x > 0, relative error about 1e-14 (Lanczos, g = 7, n = 9). */
export function lgamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - lgamma(1 - x);
  const z = x - 1;
  let sum: number = LANCZOS[0];
  for (let i = 1; i < LANCZOS.length; i++) sum += (LANCZOS[i] ?? 0) / (z + i);
  const t = z + LANCZOS_G + 0.5;
  return 0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(t) - t + Math.log(sum);
}

/** Regularised incomplete beta function I_x(a, b), a and b > 0 (continued fraction by Lentz, as in Numerical Recipes 6.4). */
export function betainc(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const lnFront = lgamma(a + b) - lgamma(a) - lgamma(b) + a * Math.log(x) + b * Math.log1p(-x);
  if (x < (a + 1) / (a + b + 2)) return (Math.exp(lnFront) * betaFraction(x, a, b)) / a;
  return 1 - (Math.exp(lnFront) * betaFraction(1 - x, b, a)) / b;
}

const TINY = 1e-300;
const FRACTION_LIMIT = 10_000;

function betaFraction(x: number, a: number, b: number): number {
  const away = (value: number) => (Math.abs(value) < TINY ? TINY : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let h = d;
  for (let m = 1; m <= FRACTION_LIMIT; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    h *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    const change = d * c;
    h *= change;
    if (Math.abs(change - 1) < 1e-15) break;
  }
  return h;
}

/** The x with I_x(a, b) = probability, by bisection to the last bit that matters. */
export function betaQuantile(probability: number, a: number, b: number): number {
  let low = 0;
  let high = 1;
  for (let i = 0; i < 100 && high - low > 1e-16; i++) {
    const middle = (low + high) / 2;
    if (betainc(middle, a, b) < probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * One-sided Clopper-Pearson upper limit of a proportion: the true rate lies above it with probability at most
 * `errorRate`. 1 without any exposure.
 */
export function upperLimit(events: number, exposure: number, errorRate: number): number {
  if (exposure <= 0 || events >= exposure) return 1;
  return betaQuantile(1 - errorRate, events + 1, exposure - events);
}

/** One-sided Clopper-Pearson lower limit: the true rate lies below it with probability at most `errorRate`. 0 without any event. */
export function lowerLimit(events: number, exposure: number, errorRate: number): number {
  if (exposure <= 0 || events <= 0) return 0;
  return betaQuantile(errorRate, events, exposure - events + 1);
}

/** ln of the standard normal distribution function, accurate in both tails (series near 0, continued fraction beyond). */
export function lnNormalCdf(x: number): number {
  if (x > 4) return Math.log1p(-upperTail(x));
  if (x < -4) return -0.5 * x * x - LN_SQRT_2PI + Math.log(millsRatio(-x));
  let term = x;
  let sum = x;
  for (let n = 3; n < 200 && Math.abs(term) > 1e-18; n += 2) {
    term *= (x * x) / n;
    sum += term;
  }
  return Math.log(0.5 + sum * Math.exp(-0.5 * x * x - LN_SQRT_2PI));
}

const LN_SQRT_2PI = 0.5 * Math.log(2 * Math.PI);

function upperTail(x: number): number {
  return Math.exp(-0.5 * x * x - LN_SQRT_2PI) * millsRatio(x);
}

/** (1 - Phi(x)) / phi(x) for x > 3, by its continued fraction. */
function millsRatio(x: number): number {
  let fraction = x;
  for (let n = 80; n >= 1; n -= 1) fraction = x + n / fraction;
  return 1 / fraction;
}

/** ln B(a, b), the beta function. */
export function lnBeta(a: number, b: number): number {
  return lgamma(a) + lgamma(b) - lgamma(a + b);
}
