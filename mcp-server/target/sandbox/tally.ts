import { z } from "zod";
import type { Version } from "../../vocab/index.ts";

/**
 * Why the proxy itself had to answer 502, or cut an answer short. `no-instance`: nothing with a weight was alive;
 * `refused`: no connection could be made; `reset`: the connection ended before an answer; `timeout`: no answer in
 * time; `bad-answer`: what came is not HTTP; `cut-off`: the answer ended in the middle.
 */
export const ProxyErrorReason = z.enum(["no-instance", "refused", "reset", "timeout", "bad-answer", "cut-off"]);
export type ProxyErrorReason = z.infer<typeof ProxyErrorReason>;

/** Counters of one environment's proxy since its daemon started. */
export const ProxyStats = z.object({
  /** Requests that an instance answered, whatever its status. */
  proxied: z.number().int(),
  /** Requests that were sent to a second instance because the first could not be reached. */
  retried: z.number().int(),
  /** Requests that the proxy failed by itself: users lost these. A client that went away does not count. */
  errors: z.number().int(),
  errorsByReason: z.partialRecord(ProxyErrorReason, z.number().int()),
  /** Requests per version since the weights last changed. */
  routedByVersion: z.record(z.string(), z.number().int()),
  inFlight: z.number().int(),
});
export type ProxyStats = z.infer<typeof ProxyStats>;

/** Counts what the proxy does. */
export interface Tally {
  routed(version: Version): void;
  /** A request went to another instance after all. */
  rerouted(from: Version, to: Version): void;
  answered(): void;
  failed(reason: ProxyErrorReason): void;
  /** Starts the shares anew: the weights changed. */
  resetShares(): void;
  stats(inFlight: number): ProxyStats;
}

export function createTally(): Tally {
  let proxied = 0;
  let retried = 0;
  let errors = 0;
  const byReason = new Map<ProxyErrorReason, number>();
  const byVersion = new Map<string, number>();
  const add = <K>(counts: Map<K, number>, key: K, by: number) =>
    counts.set(key, Math.max(0, (counts.get(key) ?? 0) + by));
  return {
    routed: (version) => {
      add(byVersion, version, 1);
    },
    rerouted: (from, to) => {
      retried += 1;
      add(byVersion, from, -1);
      add(byVersion, to, 1);
    },
    answered: () => {
      proxied += 1;
    },
    failed: (reason) => {
      errors += 1;
      add(byReason, reason, 1);
    },
    resetShares: () => byVersion.clear(),
    stats: (inFlight) => ({
      proxied,
      retried,
      errors,
      errorsByReason: Object.fromEntries(byReason),
      routedByVersion: Object.fromEntries(byVersion),
      inFlight,
    }),
  };
}

/** Shares in percent of the requests counted per version; empty without traffic. */
export function sharesPct(routedByVersion: Readonly<Record<string, number>>): Record<string, number> {
  const total = Object.values(routedByVersion).reduce((sum, count) => sum + count, 0);
  if (total === 0) return {};
  return Object.fromEntries(
    Object.entries(routedByVersion).map(([version, count]) => [version, (100 * count) / total]),
  );
}
