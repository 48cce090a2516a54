import { describe, expect, it } from "vitest";
import { type Measured, percentile, proposeSlo } from "../../../mcp-server/flow/init/measured.ts";

const measured = (asked: Measured["asked"], counted?: Measured["counted"]): Measured => ({
  url: "http://127.0.0.1:1",
  seconds: 10,
  paths: ["/"],
  asked,
  saysVersion: false,
  problems: [],
  ...(counted ? { counted } : {}),
});

describe("targets proposed from a measurement", () => {
  it.each<[string, Measured, number | undefined, RegExp, RegExp]>([
    [
      "enough fast requests of ours",
      measured({ requests: 400, failed: 0, p50Ms: 3, p99Ms: 12.3 }),
      100,
      /0 of 400 requests sent in 10 s failed, too few to show the usual target: they exclude more than 0\.75 % only/,
      /p99 12 ms over 400 requests.*five times that, at least 100/,
    ],
    [
      "too few for a 99th percentile",
      measured({ requests: 299, failed: 0, p50Ms: 3, p99Ms: 12 }),
      undefined,
      /0 of 299/,
      /299 requests are too few/,
    ],
    [
      "nothing answered",
      measured({ requests: 0, failed: 0 }),
      undefined,
      /no request was answered/,
      /0 requests are too few/,
    ],
    [
      "the service has counted more",
      measured({ requests: 400, failed: 0, p99Ms: 12 }, { requests: 50_000, failed: 20, p99BelowMs: 250 }),
      500,
      /20 of 50000 requests that the service counted since its start failed, 0\.04 %; the usual value/,
      /own histogram: p99 below 250 ms over 50000 requests/,
    ],
    [
      "a very fast service is not held to its best day",
      measured({ requests: 400, failed: 0, p99Ms: 1 }, { requests: 5000, failed: 0, p99BelowMs: 2.5 }),
      50,
      /0 of 5000/,
      /p99 below 2\.5 ms over 5000 requests.*at least 50/,
    ],
    [
      "failures above the usual target are said, never made the target",
      measured({ requests: 400, failed: 8, p99Ms: 41 }),
      250,
      /8 of 400 requests sent in 10 s failed, 2 %: MORE THAN THE USUAL TARGET/,
      /p99 41 ms/,
    ],
    [
      "enough without failure to show the usual target",
      measured({ requests: 400, failed: 0, p99Ms: 3 }, { requests: 3000, failed: 0 }),
      100,
      /^0 of 3000 requests that the service counted since its start failed; the usual value$/,
      /p99 3 ms over 400/,
    ],
    [
      "a percentile in the open bucket says nothing",
      measured({ requests: 10, failed: 0, p99Ms: 3 }, { requests: 3000, failed: 0 }),
      undefined,
      /0 of 3000/,
      /too few/,
    ],
  ])("%s", (_name, given, latencyP99Ms, errorsFrom, latencyFrom) => {
    const proposal = proposeSlo(given);
    expect(proposal.latencyP99Ms).toBe(latencyP99Ms);
    expect(proposal.errorRatePct).toBeUndefined();
    expect(proposal.errorsFrom).toMatch(errorsFrom);
    expect(proposal.latencyFrom).toMatch(latencyFrom);
  });

  it("takes percentiles by the nearest rank", () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect([percentile(hundred, 0.5), percentile(hundred, 0.99), percentile([7], 0.99), percentile([], 0.5)]).toEqual([
      50,
      99,
      7,
      undefined,
    ]);
  });
});
