import type { LoadWindow } from "../../judge/load/result.ts";
import type { Buckets } from "../../vocab/index.ts";
import { LoadDamage } from "./reader.ts";

/** Stretches of a load that are compared with each other. */
const WINDOW_MS = 10_000;
/** A short load is cut into pieces of a second, so that there is something to look at more than once. */
const SHORT_WINDOW_MS = 1_000;
const SHORT_LOAD_MS = 60_000;
/** A clock that was set in the middle would put requests days apart. */
const LONGEST_LOAD_MS = 7 * 86_400_000;

interface Second {
  requests: number;
  failed: number;
  readonly latencies: Map<number, number>;
}

/** Collects single requests by the second, whatever their order, and gives them as stretches. */
export class RequestLog {
  readonly #seconds = new Map<number, Second>();
  #timed = false;

  /** One request; `at` and `latencyMs` are milliseconds. Latency undefined: it got no answer. */
  add(request: { readonly at: number; readonly failed: boolean; readonly latencyMs: number | undefined }): void {
    this.addCounts(request.at, 1, request.failed ? 1 : 0);
    if (request.latencyMs !== undefined) this.addLatency(request.at, request.latencyMs);
  }

  addCounts(at: number, requests: number, failed: number): void {
    const second = this.#second(at);
    second.requests += requests;
    second.failed += failed;
  }

  addLatency(at: number, latencyMs: number): void {
    this.#timed = true;
    const { latencies } = this.#second(at);
    const value = rounded(latencyMs);
    latencies.set(value, (latencies.get(value) ?? 0) + 1);
  }

  #second(at: number): Second {
    const index = Math.floor(at / 1000);
    const known = this.#seconds.get(index);
    if (known) return known;
    const fresh = { requests: 0, failed: 0, latencies: new Map<number, number>() };
    this.#seconds.set(index, fresh);
    return fresh;
  }

  /** LoadDamage when there is not one request. */
  windows(): LoadWindow[] {
    const indices = [...this.#seconds.keys()].sort((a, b) => a - b);
    const [first] = indices;
    const last = indices.at(-1);
    if (first === undefined || last === undefined) throw new LoadDamage("the file holds not one request");
    const lengthMs = (last - first + 1) * 1000;
    if (lengthMs > LONGEST_LOAD_MS) throw new LoadDamage("its requests are more than a week apart");
    const window = lengthMs <= SHORT_LOAD_MS ? SHORT_WINDOW_MS : WINDOW_MS;
    const perWindow = window / 1000;
    const windows = new Map<number, Second>();
    for (const index of indices) {
      const second = this.#seconds.get(index);
      if (second) addTo(windows, Math.floor((index - first) / perWindow), second);
    }
    return [...windows].map(([index, { requests, failed, latencies }]) => ({
      fromMs: index * window,
      toMs: (index + 1) * window,
      requests,
      failed,
      ...(this.#timed ? { latencies: bucketsOf(latencies) } : {}),
    }));
  }
}

function addTo(windows: Map<number, Second>, index: number, second: Second): void {
  const known = windows.get(index) ?? { requests: 0, failed: 0, latencies: new Map<number, number>() };
  known.requests += second.requests;
  known.failed += second.failed;
  for (const [value, events] of second.latencies)
    known.latencies.set(value, (known.latencies.get(value) ?? 0) + events);
  windows.set(index, known);
}

/** Three digits of a response time: more would keep a million single values. */
function rounded(latencyMs: number): number {
  return Number(latencyMs.toPrecision(3));
}

function bucketsOf(latencies: ReadonlyMap<number, number>): Buckets {
  return [...latencies].sort(([a], [b]) => a - b).map(([le, events]) => ({ le, count: events }));
}
