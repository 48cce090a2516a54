/** One measured figure beside its budget. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** The most it may be; absent for figures that only inform. */
  readonly budget?: number;
}

/** Hands a figure to `npm run bench`, which reads one JSON line each. */
export function report(figure: Figure): void {
  process.stdout.write(`${JSON.stringify(figure)}\n`);
}
