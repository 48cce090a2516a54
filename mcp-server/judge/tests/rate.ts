/** Share of lost tests in percent, not rounded; null when there is nothing to be a share of. */
export function regressionRate(lost: number, baselinePassed: number): number | null {
  return baselinePassed > 0 ? (100 * lost) / baselinePassed : null;
}

/**
 * Whether `lost` of `baselinePassed` is more than `thresholdPct` percent, in exact decimals: 7 of 1000 is not more
 * than 0.7 %, whatever floating point makes of it. Equality passes.
 */
export function exceeds(lost: number, baselinePassed: number, thresholdPct: number): boolean {
  const [digits, scale] = decimal(thresholdPct);
  return BigInt(lost) * 100n * scale > digits * BigInt(baselinePassed);
}

/** The largest number of lost tests that still passes. */
export function mostAllowed(baselinePassed: number, thresholdPct: number): number {
  const [digits, scale] = decimal(thresholdPct);
  return Number((digits * BigInt(baselinePassed)) / (100n * scale));
}

/** A number as written, split into an integer and the power of ten that it is to be divided by. */
function decimal(value: number): [bigint, bigint] {
  const [mantissa = "0", exponent = "0"] = String(value).split("e");
  const [whole = "0", fraction = ""] = mantissa.split(".");
  const shift = Number(exponent) - fraction.length;
  const digits = BigInt(whole + fraction);
  return shift >= 0 ? [digits * 10n ** BigInt(shift), 1n] : [digits, 10n ** BigInt(-shift)];
}

/** `8.0 %`; with more decimals where one would make two different numbers look the same. */
export function percentText(value: number, besides?: number): string {
  for (let decimals = 1; decimals < 6; decimals++) {
    const text = value.toFixed(decimals);
    if (besides === undefined || value === besides || text !== besides.toFixed(decimals)) return `${text} %`;
  }
  return `${value} %`;
}

/** `1 test`, `12 tests`. */
export function countText(count: number, noun: string): string {
  return `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;
}
