import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { Pool as Connections } from "undici";

/** What became of every request of a load. */
export interface LoadResult {
  readonly sent: number;
  readonly byStatus: Record<string, number>;
  /** No answer, a reset, or an error that the proxy made: lost because of the deployment. */
  readonly lost: number;
  readonly lostWhy: readonly string[];
  readonly byVersion: Record<string, number>;
  readonly latenciesMs: readonly number[];
}

/** Open-loop load: requests leave at their time, whether or not earlier ones were answered. */
export function startLoad(
  url: string,
  o: { rps: number; path?: string; postShare?: number },
): { stop(): Promise<LoadResult> } {
  const connections = new Connections(url, { connections: 200, pipelining: 1 });
  const byStatus: Record<string, number> = {};
  const byVersion: Record<string, number> = {};
  const lostWhy: string[] = [];
  const latenciesMs: number[] = [];
  const pending = new Set<Promise<void>>();
  const stopping = new AbortController();
  let sent = 0;

  const one = async (n: number): Promise<void> => {
    const due = performance.now();
    const post = (n % 10) / 10 < (o.postShare ?? 0);
    try {
      const answer = await connections.request({
        path: post ? "/digest" : (o.path ?? "/whoami"),
        method: post ? "POST" : "GET",
        body: post ? "x".repeat(2_000) : null,
      });
      await answer.body.dump();
      latenciesMs.push(performance.now() - due);
      byStatus[answer.statusCode] = (byStatus[answer.statusCode] ?? 0) + 1;
      const version = String(answer.headers["x-deploy-flow-version"]);
      byVersion[version] = (byVersion[version] ?? 0) + 1;
      const proxyError = answer.headers["x-deploy-flow-error"];
      if (proxyError !== undefined) lostWhy.push(String(proxyError));
    } catch (error) {
      lostWhy.push(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    }
  };

  const sending = (async () => {
    const began = performance.now();
    while (!stopping.signal.aborted) {
      const due = Math.floor(((performance.now() - began) / 1000) * o.rps);
      for (; sent < due; sent += 1) {
        const request = one(sent);
        pending.add(request);
        request.finally(() => pending.delete(request));
      }
      await delay(2);
    }
  })();

  return {
    stop: async () => {
      stopping.abort();
      await sending;
      await Promise.all(pending);
      await connections.close();
      return { sent, byStatus, lost: lostWhy.length, lostWhy: lostWhy.slice(0, 10), byVersion, latenciesMs };
    },
  };
}

/** A quantile of some values, by the nearest rank. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}
