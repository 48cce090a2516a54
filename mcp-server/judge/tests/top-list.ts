/** Code unit order, the same on every machine. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Keeps the first `limit` items in an order, however many are offered, without holding more than twice as many. */
export interface TopList<T> {
  offer(item: T): void;
  /** The kept items in order. */
  items(): T[];
}

/** An empty list of at most `limit` items. */
export function openTopList<T>(limit: number, compare: (a: T, b: T) => number): TopList<T> {
  let kept: T[] = [];
  let worst: T | undefined;
  const settle = () => {
    kept.sort(compare);
    if (kept.length > limit) kept = kept.slice(0, limit);
    if (kept.length === limit) worst = kept[limit - 1];
  };
  return {
    offer: (item) => {
      if (worst !== undefined && compare(item, worst) >= 0) return;
      kept.push(item);
      if (kept.length >= 2 * limit) settle();
    },
    items: () => {
      settle();
      return kept;
    },
  };
}
