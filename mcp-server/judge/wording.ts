/** `1204` -> `1,204`; the same on every machine whatever its locale. */
export function countText(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Two decimals, or three significant digits for small values; no trailing zeros beyond two decimals. */
export function valueText(value: number): string {
  const size = Math.abs(value);
  if (size === 0 || size >= 0.1) return value.toFixed(2);
  return size < 1e-6 ? value.toExponential(1) : value.toPrecision(2);
}

/** A limit as people write it: `2`, `0.5`, `20`. */
export function limitText(limit: number): string {
  return String(Number(limit.toPrecision(6)));
}

/** Evidence for people: whole above 10, else two digits. */
export function evidenceText(evidence: number): string {
  if (evidence >= 1e6) return evidence.toExponential(1);
  if (evidence >= 10) return countText(evidence);
  return evidence < 0.01 ? "under 0.01" : String(Number(evidence.toPrecision(2)));
}
