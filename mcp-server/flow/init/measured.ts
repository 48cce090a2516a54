import type { MetricNames } from "./findings.ts";

/** Response times and failures of requests that were sent to a running service. */
export interface Asked {
  readonly requests: number;
  /** Status 500 or above, or no answer. */
  readonly failed: number;
  /** Absent without a single answer. */
  readonly p50Ms?: number;
  readonly p99Ms?: number;
}

/** What the service's own metrics page has counted since the service started. */
export interface Counted {
  readonly requests: number;
  readonly failed: number;
  /** Upper bound of the bucket that holds the 99th percentile, milliseconds; absent when it is the last, open one. */
  readonly p99BelowMs?: number;
}

/** What asking a running service gave. */
export interface Measured {
  readonly url: string;
  readonly seconds: number;
  readonly paths: readonly string[];
  readonly asked: Asked;
  readonly healthPath?: string;
  /** Whether the health path answers with JSON that holds `version`. */
  readonly saysVersion: boolean;
  readonly metrics?: MetricNames;
  readonly counted?: Counted;
  /** What was tried and did not work. */
  readonly problems: readonly string[];
}

/** A target with the figures that it rests on; without a value, the default stays. */
export interface SloProposal {
  readonly errorRatePct?: number;
  readonly latencyP99Ms?: number;
  readonly errorsFrom: string;
  readonly latencyFrom: string;
}

/** With fewer requests the 99th percentile is the slowest of them, and says nothing of the next. */
const ENOUGH_FOR_P99 = 300;
const DEFAULT_ERROR_RATE_PCT = 0.1;
/** A target between what users get now and what would be too slow: twice the 99th percentile of their requests. */
const HEADROOM = 2;
const LOWEST_MS = 50;
/** Ours are sent one by one to a service at rest: under load it is slower without being worse. */
const HEADROOM_AT_REST = 5;
const LOWEST_AT_REST_MS = 100;

/**
 * Proposes absolute targets. The counts of the service are taken where they are more than ours. A share of failures
 * that few requests show is no target: n requests without failure exclude rates above 3/n only, at 95 % (Hanley and
 * Lippman-Hand 1983).
 */
export function proposeSlo({ asked, counted, seconds }: Measured): SloProposal {
  return { ...errorsOf(asked, counted, seconds), ...latencyOf(asked, counted, seconds) };
}

function errorsOf(asked: Asked, counted: Counted | undefined, seconds: number): Omit<SloProposal, "latencyFrom"> {
  const isOwn = counted !== undefined && counted.requests > asked.requests;
  const { requests, failed } = isOwn ? counted : asked;
  const whose = isOwn ? "that the service counted since its start" : `sent in ${seconds} s`;
  if (requests === 0) return { errorsFrom: "no request was answered: the usual value" };
  const said = `${failed} of ${requests} requests ${whose} failed`;
  if (failed === 0) {
    const excludedPct = Math.min(100, (3 / requests) * 100);
    const proof =
      excludedPct <= DEFAULT_ERROR_RATE_PCT
        ? ""
        : `, too few to show the usual target: they exclude more than ${rounded(excludedPct)} % only`;
    return { errorsFrom: `${said}${proof}; the usual value` };
  }
  const ratePct = (100 * failed) / requests;
  if (ratePct <= DEFAULT_ERROR_RATE_PCT) return { errorsFrom: `${said}, ${rounded(ratePct)} %; the usual value` };
  return {
    errorsFrom: `${said}, ${rounded(ratePct)} %: MORE THAN THE USUAL TARGET; mend the service, or raise it knowingly`,
  };
}

function latencyOf(
  asked: Asked,
  counted: Counted | undefined,
  seconds: number,
): Pick<SloProposal, "latencyFrom" | "latencyP99Ms"> {
  if (counted?.p99BelowMs !== undefined && counted.requests > asked.requests && counted.requests >= ENOUGH_FOR_P99) {
    return {
      latencyP99Ms: upwards(Math.max(LOWEST_MS, HEADROOM * counted.p99BelowMs)),
      latencyFrom: `the service's own histogram: p99 below ${rounded(counted.p99BelowMs)} ms over ${counted.requests} requests since its start; twice that, at least ${LOWEST_MS}`,
    };
  }
  if (asked.p99Ms === undefined || asked.requests < ENOUGH_FOR_P99) {
    return {
      latencyFrom: `${asked.requests} requests are too few for a 99th percentile (${ENOUGH_FOR_P99} are needed); the usual value`,
    };
  }
  return {
    latencyP99Ms: upwards(Math.max(LOWEST_AT_REST_MS, HEADROOM_AT_REST * asked.p99Ms)),
    latencyFrom: `p99 ${rounded(asked.p99Ms)} ms over ${asked.requests} requests sent in ${seconds} s, one after the other; under load more is usual: five times that, at least ${LOWEST_AT_REST_MS}`,
  };
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(2)));
}

/** The next of 10, 15, 20, 25, 30, 40, 50, 75, 100, 150 and so on. */
function upwards(ms: number): number {
  const steps = [1, 1.5, 2, 2.5, 3, 4, 5, 7.5, 10];
  const size = 10 ** Math.floor(Math.log10(ms));
  return (steps.find((step) => step * size >= ms) ?? 10) * size;
}

/** The value below which a share of all lies, by the nearest rank; undefined of nothing. */
export function percentile(values: readonly number[], share: number): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}
