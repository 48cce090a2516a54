/** Milliseconds of the n-th piece of work. */
export function workMs(count: number): number;
