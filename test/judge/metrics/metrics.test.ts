import { describe, expect, it } from "vitest";
import {
  enterFrozen,
  type MetricsReading,
  MetricsReading as MetricsReadingSchema,
  MetricsSnapshot,
  MetricsSpec,
  type MetricsState,
  readMetrics,
  startMetrics,
  stepMetrics,
} from "../../../mcp-server/judge/index.ts";
import { canonicalJson, type Increment } from "../../../mcp-server/vocab/index.ts";
import { type Behaviour, COARSE_EDGES, errorRule, healthy, latencyRule, share, specOf, trafficOf } from "./traffic.ts";

const codes = (reading: MetricsReading, part: "regression" | "slo" = "regression") =>
  reading[part].reasons.map(({ code }) => code);
const metric = (reading: MetricsReading, id: string) => reading.metrics.find((one) => one.id === id);

/** A watch at one share of traffic until it fails or its polls are over. */
function canary(o: {
  spec?: MetricsSpec;
  candidate?: Partial<Behaviour>;
  percent?: number;
  polls?: number;
  seed?: number;
  edges?: readonly number[];
}): MetricsState {
  const { spec = specOf(), percent = 10, polls = 60, seed = 1 } = o;
  const traffic = trafficOf(seed, o.edges ? { edges: o.edges } : {});
  const arms = { baseline: share(healthy, 100 - percent), candidate: share({ ...healthy, ...o.candidate }, percent) };
  let state = startMetrics(spec);
  for (let i = 0; i < polls; i++) state = stepMetrics(state, traffic.poll(arms));
  return state;
}

describe("against a concurrent arm", () => {
  it("proves an identical version and says how large a worsening is excluded", () => {
    const reading = readMetrics(canary({}));
    expect(reading).toMatchObject({ proven: true, blame: [], missedStreak: 0, polls: 60 });
    expect(reading.regression).toMatchObject({ outcome: "PASS", wouldPassIf: "" });
    expect(reading.slo.outcome).toBe("PASS");
    const error = metric(reading, "error-rate");
    expect(error).toMatchObject({ baselineKind: "concurrent", changeUnit: "pp", outcome: "PASS", waitsFor: "" });
    expect(error?.excludedAbove).toBeLessThanOrEqual(2);
    expect(reading.regression.reasons[0]?.text).toMatch(
      /^error-rate: candidate 0\.\d+ % of [\d,]+ requests against baseline 0\.\d+ % of [\d,]+ requests; a worsening above [\d.]+ pp is excluded at 95 %$/,
    );
  });

  it.each([
    ["errors", { errorRate: 0.03 }, "error-rate"],
    ["latency", { slowness: 1.6 }, "latency-p99"],
  ])("fails a version with worse %s and blames that metric", (_, candidate, blamed) => {
    const reading = readMetrics(canary({ candidate, polls: 30 }));
    expect(reading.regression.outcome).toBe("FAIL");
    expect(reading.blame).toContain(blamed);
    expect(metric(reading, blamed)?.outcome).toBe("FAIL");
    expect(reading.regression.reasons[0]?.text).toMatch(/no worsening allowed; evidence .+ of 125 needed/);
    expect(reading.regression.wouldPassIf).toContain(blamed);
  });

  it("allows a worsening below the threshold and fails one above it", () => {
    const spec = specOf({ rules: [{ ...errorRule, threshold: 2 }] });
    expect(readMetrics(canary({ spec, candidate: { errorRate: 0.012 } })).regression.outcome).not.toBe("FAIL");
    expect(readMetrics(canary({ spec, candidate: { errorRate: 0.06 } })).regression.outcome).toBe("FAIL");
  });

  it("calls a plain breakage a broken SLO as well", () => {
    const reading = readMetrics(canary({ candidate: { errorRate: 0.5 }, polls: 2 }));
    expect(reading.slo.outcome).toBe("FAIL");
    expect(codes(reading, "slo")).toEqual(["slo-trigger"]);
    expect(reading.slo.reasons[0]?.text).toMatch(/allowed \+2 pp; evidence .+ of 1,000 needed/);
  });

  it("is INCONCLUSIVE with too few requests and says how many more it takes", () => {
    const reading = readMetrics(canary({ percent: 1, polls: 2 }));
    expect(reading.regression.outcome).toBe("INCONCLUSIVE");
    expect(codes(reading)).toContain("low-traffic");
    expect(metric(reading, "error-rate")?.waitsFor).toMatch(/\+2 pp is absent, about [\d,]+ more requests/);
    expect(reading.regression.wouldPassIf).toContain("error-rate");
  });

  it("says when latency buckets are too coarse, and keeps a required latency from passing", () => {
    const spec = specOf({ rules: [errorRule, { ...latencyRule, required: true }] });
    const reading = readMetrics(canary({ spec, edges: COARSE_EDGES }));
    expect(reading.regression.outcome).toBe("INCONCLUSIVE");
    expect(codes(reading)).toEqual(["resolution"]);
    expect(metric(reading, "latency-p99")?.waitsFor).toMatch(/finer latency buckets/);
    const optional = readMetrics(canary({ edges: COARSE_EDGES }));
    expect(optional.regression.outcome).toBe("PASS");
    expect(optional.regression.reasons.at(-1)).toEqual({
      code: "resolution",
      text: expect.stringMatching(/^latency-p99: asked for \+20 %, the next bucket edge is \+\d+ %$/),
    });
  });

  it("finds a slow version through coarse buckets all the same", () => {
    const reading = readMetrics(canary({ candidate: { slowness: 3 }, edges: COARSE_EDGES, polls: 20 }));
    expect(reading.regression.outcome).toBe("FAIL");
  });

  it("only primes latency with the first poll", () => {
    const first = canary({ polls: 1 });
    expect(first.rules[1]?.probes[0]?.concurrent?.stake.polls).toBe(0);
    expect(canary({ polls: 2 }).rules[1]?.probes[0]?.concurrent?.stake.polls).toBe(1);
  });

  it("leaves out the warm-up of a fresh candidate", () => {
    const traffic = trafficOf(3);
    const slow = { baseline: healthy, candidate: { ...healthy, slowness: 9 } };
    let state = startMetrics(specOf({ warmupPolls: 2 }));
    state = stepMetrics(state, traffic.poll({ baseline: healthy, candidate: { ...healthy, rps: 0 } }));
    expect(state.warmupLeft).toBe(2);
    for (let i = 0; i < 2; i++) state = stepMetrics(state, traffic.poll(slow));
    expect(metric(readMetrics(state), "latency-p99")?.candidate.exposure).toBe(0);
    for (let i = 0; i < 30; i++) state = stepMetrics(state, traffic.poll({ baseline: healthy, candidate: healthy }));
    expect(readMetrics(state).regression.outcome).toBe("PASS");
  });
});

it("has no warm-up for errors: users are protected from the first poll on", () => {
  const traffic = trafficOf(3);
  const failing = { baseline: healthy, candidate: { ...healthy, errorRate: 0.4 } };
  let state = startMetrics(specOf({ warmupPolls: 6 }));
  for (let i = 0; i < 2; i++) state = stepMetrics(state, traffic.poll(failing));
  expect(readMetrics(state).slo.outcome).toBe("FAIL");
});

describe("missing data", () => {
  const good = { baseline: healthy, candidate: healthy };
  const spoil = (poll: Increment[], change: Partial<Increment>, hits: (increment: Increment) => boolean) =>
    poll.map((increment) => (hits(increment) ? { ...increment, ...change } : increment));

  it("is no evidence and no pass", () => {
    let state = startMetrics(specOf());
    for (let i = 0; i < 40; i++) state = stepMetrics(state, []);
    const reading = readMetrics(state);
    expect(reading).toMatchObject({ proven: false, missedStreak: 40, candidateExposure: 0 });
    expect(codes(reading)).toContain("no-data");
    expect(reading.slo.outcome).toBe("INCONCLUSIVE");
    expect(readMetrics(startMetrics(specOf())).regression.outcome).toBe("INCONCLUSIVE");
  });

  it.each([
    ["a stale candidate", { quality: "stale" as const }, (one: Increment) => one.arm === "candidate"],
    ["a missing baseline", { quality: "missing" as const }, (one: Increment) => one.arm === "baseline"],
  ])("%s counts as missed and changes no evidence", (_, change, hits) => {
    const traffic = trafficOf(5);
    const before = stepMetrics(startMetrics(specOf()), traffic.poll(good));
    const later = stepMetrics(before, spoil(traffic.poll(good), change, hits));
    expect(later.missedStreak).toBe(1);
    expect(later.rules[0]?.probes).toEqual(before.rules[0]?.probes);
    expect(stepMetrics(later, traffic.poll(good)).missedStreak).toBe(0);
  });

  it("of a metric that is not required does not count as missed", () => {
    const poll = trafficOf(6).poll(good);
    const state = stepMetrics(
      startMetrics(specOf()),
      spoil(poll, { quality: "missing" }, (one) => one.metric === "latency"),
    );
    expect(state.missedStreak).toBe(0);
    expect(metric(readMetrics(state), "latency-p99")?.waitsFor).toBe("a first measurement of the candidate");
  });

  it("a counter reset is not missing", () => {
    const poll = trafficOf(7).poll(good);
    const state = stepMetrics(
      startMetrics(specOf()),
      spoil(poll, { quality: "reset" }, () => true),
    );
    expect(state.missedStreak).toBe(0);
    expect(readMetrics(state).candidateExposure).toBeGreaterThan(0);
  });

  it("a latency without buckets is missing, not perfect", () => {
    const spec = specOf({ rules: [{ ...latencyRule, required: true }] });
    const poll = trafficOf(8)
      .poll(good)
      .map(({ buckets: _, ...increment }) => increment);
    expect(stepMetrics(startMetrics(spec), poll).missedStreak).toBe(1);
  });

  it.each([
    ["more failures than requests", { events: 1e9 }],
    ["a negative exposure", { exposure: -5 }],
    ["an exposure that is no number", { exposure: Number.NaN }],
  ])("damaged numbers are refused: %s", (_, change) => {
    const poll = spoil(trafficOf(9).poll(good), change, (one) => one.metric === "error-rate");
    expect(() => stepMetrics(startMetrics(specOf()), poll)).toThrow(
      expect.objectContaining({ code: "damaged", what: expect.stringContaining("error-rate") }),
    );
  });
});

describe("strata", () => {
  it("are added up", () => {
    const poll = trafficOf(10).poll({ baseline: healthy, candidate: healthy });
    const split = poll.flatMap((one) => ["eu", "us"].map((stratum) => ({ ...one, stratum })));
    const [whole, doubled] = [poll, split].map((increments) => stepMetrics(startMetrics(specOf()), increments));
    expect(doubled?.rules[0]?.candidate.counts.exposure).toBe(2 * (whole?.rules[0]?.candidate.counts.exposure ?? 0));
  });
});

describe("absolute targets", () => {
  const spec = specOf({
    rules: [
      { ...errorRule, sloTarget: 1 },
      { ...latencyRule, sloTarget: 500 },
    ],
  });

  it.each([
    [
      "error-rate",
      { errorRate: 0.05 },
      /^error-rate: candidate 5\.\d+ % of [\d,]+ requests, target at most 1 %; evidence .+ of 1,000 needed/,
    ],
    ["latency-p99", { slowness: 4 }, /^latency-p99: candidate \d+\.\d\d ms of [\d,]+ requests, target at most 500 ms/],
  ])("a version that misses its target for %s breaks the SLO", (id, candidate, text) => {
    const reading = readMetrics(canary({ spec, candidate, percent: 50, polls: 20 }));
    expect(reading.slo.outcome).toBe("FAIL");
    expect(reading.blame).toContain(id);
    expect(reading.slo.reasons.find(({ code }) => code === "slo-target")?.text).toMatch(text);
  });

  it("a target that the baseline misses as well is not held against the release", () => {
    const traffic = trafficOf(11);
    const weak = { ...healthy, errorRate: 0.04 };
    let state = startMetrics(spec);
    for (let i = 0; i < 60; i++) {
      state = stepMetrics(state, traffic.poll({ baseline: share(weak, 50), candidate: share(weak, 50) }));
      expect(readMetrics(state).slo.outcome).not.toBe("FAIL");
    }
    const note = readMetrics(state).slo.reasons.find(({ code }) => code === "baseline-outside-target");
    expect(note?.text).toMatch(/the baseline misses the target of 1 % itself/);
  });

  it("of two arms that miss the target alike, the candidate is not blamed for being the first to be caught", () => {
    const strict = specOf({ rules: [{ ...errorRule, sloTarget: 0.1 }], plannedPolls: 360 });
    const weak = { rps: 0.5, errorRate: 0.01, slowness: 1 };
    for (let seed = 100; seed < 130; seed++) {
      const traffic = trafficOf(seed);
      let state = startMetrics(strict);
      for (let i = 0; i < 200; i++) {
        state = stepMetrics(state, traffic.poll({ baseline: weak, candidate: weak }));
        expect({ seed, slo: readMetrics(state).slo.outcome }).not.toEqual({ seed, slo: "FAIL" });
      }
    }
  });

  it("counts by itself once the baseline is known to meet it, whatever the threshold allows", () => {
    const allowing = specOf({ rules: [{ ...errorRule, threshold: 2, sloTarget: 0.5 }] });
    const traffic = trafficOf(14);
    let state = startMetrics(allowing);
    for (let i = 0; i < 60; i++) {
      const candidate = share({ ...healthy, errorRate: 0.012 }, 50);
      state = stepMetrics(state, traffic.poll({ baseline: share(healthy, 50), candidate }));
    }
    expect(readMetrics(state)).toMatchObject({ slo: { outcome: "FAIL" }, regression: { outcome: "PASS" } });
  });

  it("a first deployment is judged by them alone", () => {
    const first = { ...spec, baseline: { kind: "none" as const } };
    const run = (candidate: Partial<Behaviour>) => {
      const traffic = trafficOf(12);
      let state = startMetrics(first);
      for (let i = 0; i < 20; i++)
        state = stepMetrics(state, traffic.poll({ candidate: { ...healthy, ...candidate } }));
      return readMetrics(state);
    };
    const good = run({});
    expect(good).toMatchObject({
      proven: true,
      missedStreak: 0,
      regression: { outcome: "PASS" },
      slo: { outcome: "PASS" },
    });
    expect(good.metrics[0]).toMatchObject({ baselineKind: "none", evidence: 0 });
    expect(good.regression.reasons[0]?.text).toMatch(
      /the target of 1 % is not exceeded by more than the trigger, at 95 %/,
    );
    expect(run({ errorRate: 0.08 }).slo.outcome).toBe("FAIL");
    const unjudged = { ...first, rules: [errorRule] };
    const nothing = stepMetrics(startMetrics(unjudged), trafficOf(13).poll({ candidate: healthy }));
    expect(codes(readMetrics(nothing))).toEqual(["no-baseline"]);
  });
});

describe("against a recorded baseline", () => {
  /** All traffic on the candidate from the first poll, as after a cutover. */
  const cutover = (candidate: Partial<Behaviour>, o: { windows?: number; polls?: number; seed?: number } = {}) => {
    const traffic = trafficOf(o.seed ?? 20);
    const snapshot = traffic.snapshot(healthy, o.windows ?? 60);
    let state = startMetrics(specOf({ baseline: { kind: "frozen", snapshot } }));
    for (let i = 0; i < (o.polls ?? 30); i++)
      state = stepMetrics(state, traffic.poll({ candidate: { ...healthy, ...candidate } }));
    return state;
  };

  it("proves a good version, marked historical", () => {
    const reading = readMetrics(cutover({}));
    expect(reading).toMatchObject({ proven: true, regression: { outcome: "PASS" }, missedStreak: 0 });
    expect(metric(reading, "error-rate")?.baselineKind).toBe("historical");
    expect(reading.regression.reasons.find(({ code }) => code === "historical-baseline")?.text).toMatch(
      /recorded baseline of 1\.0\.0, 2026-01-05T12:00:00\.000Z to /,
    );
    expect(reading.regression.reasons[0]?.text).toContain("against recorded baseline");
  });

  it.each([
    ["errors", { errorRate: 0.02 }, "error-rate"],
    ["latency", { slowness: 1.6 }, "latency-p99"],
  ])("fails a version with worse %s", (_, candidate, blamed) => {
    const reading = readMetrics(cutover(candidate));
    expect(reading.regression.outcome).toBe("FAIL");
    expect(reading.blame).toContain(blamed);
  });

  it.each([
    ["errors", { errorRate: healthy.errorRate + 0.0005 }],
    ["latency", { slowness: 1.15 }],
  ])("%s that another hour of the same version could have are not held against a release", (_, candidate) => {
    expect(readMetrics(cutover(candidate, { polls: 60 })).regression.outcome).not.toBe("FAIL");
  });

  it.each([
    ["a few milliseconds more of a quick answer: the machine had other work", 3, "PASS"],
    ["ten times as long", 10, "FAIL"],
  ] as const)("%s", (_, factor, outcome) => {
    const quick = { ...healthy, slowness: 0.008 };
    const edges = [1, 2, 2.5, 3, 4, 5, 7.5, 10, 12.5, 15, 20, 25, 50, 100];
    const traffic = trafficOf(24, { edges });
    let state = startMetrics(specOf({ baseline: { kind: "frozen", snapshot: traffic.snapshot(quick, 60) } }));
    for (let i = 0; i < 30; i++)
      state = stepMetrics(state, traffic.poll({ candidate: { ...quick, slowness: quick.slowness * factor } }));
    const reading = readMetrics(state);
    expect(metric(reading, "latency-p99")?.baseline.value).toBeLessThan(5);
    expect(reading.regression.outcome).toBe(outcome);
    if (outcome === "FAIL") expect(reading.regression.reasons[0]?.text).toContain("allowed +10 ms");
  });

  it("says what the record allows", () => {
    const [reason] = readMetrics(cutover({ slowness: 2 })).regression.reasons;
    expect(reason?.text).toMatch(/against recorded baseline .*; allowed \+25 %/);
  });

  it("a thin record proves little and does not fail a good version", () => {
    const reading = readMetrics(cutover({}, { windows: 1, polls: 60 }));
    expect(reading.regression.outcome).not.toBe("FAIL");
  });

  it("a record of very different load is not compared with", () => {
    const reading = readMetrics(cutover({ rps: 400, errorRate: 0.2 }));
    expect(reading.regression.outcome).toBe("INCONCLUSIVE");
    expect(codes(reading)).toContain("historical-baseline");
    expect(reading.regression.reasons.at(-1)?.text).toMatch(/30 polls left out because their load was too different/);
  });

  it("a record of very different load is not compared with during the warm-up either", () => {
    const traffic = trafficOf(23);
    const snapshot = traffic.snapshot(healthy, 60);
    let state = startMetrics(specOf({ warmupPolls: 30, baseline: { kind: "frozen", snapshot } }));
    for (let i = 0; i < 20; i++) {
      state = stepMetrics(state, traffic.poll({ candidate: { ...healthy, rps: 400, errorRate: 0.2 } }));
    }
    expect(state.frozen?.offLoadPolls).toBe(20);
    expect(readMetrics(state).regression.outcome).toBe("INCONCLUSIVE");
  });

  describe("of a service with few users", () => {
    const QUIET = { ...healthy, rps: 0.3 };
    /** 30 polls of ten seconds at 100 %. */
    const quiet = (
      users: { requests: number; seconds: number },
      candidate: Partial<Behaviour>,
      probes: (count: number) => number = () => 0,
    ) => {
      const traffic = trafficOf(24);
      const snapshot = { ...traffic.snapshot(QUIET, 60), throughputRps: users.requests / users.seconds, users };
      let state = startMetrics(specOf({ baseline: { kind: "frozen", snapshot } }));
      for (let i = 0; i < 30; i++) {
        const poll = traffic.poll({ candidate: { ...QUIET, ...candidate } });
        state = stepMetrics(state, poll, probes(poll[0]?.exposure ?? 0));
      }
      return state.frozen?.offLoadPolls;
    };

    it.each<[string, { requests: number; seconds: number }, Partial<Behaviour>, number]>([
      ["nobody came while their load was measured: by chance", { requests: 0, seconds: 10 }, {}, 0],
      ["more came then than usually: by chance", { requests: 6, seconds: 10 }, {}, 0],
      ["nobody came in ten minutes, now they do: another load", { requests: 0, seconds: 600 }, {}, 30],
      ["many come now: another load", { requests: 3, seconds: 10 }, { rps: 50 }, 30],
    ])("%s", (_name, users, candidate, left) => {
      const off = quiet(users, candidate) ?? -1;
      // The first polls alone may be too few to tell.
      expect(Math.abs(off - left)).toBeLessThanOrEqual(4);
    });

    it("our own probes are no load of users", () => {
      const users = { requests: 3, seconds: 10 };
      expect(quiet(users, { rps: 40 }, (count) => Math.max(0, count - 3))).toBe(0);
      expect(quiet(users, { rps: 40 })).toBe(30);
    });

    it("probes that were told in a poll without answer are subtracted from the next one", () => {
      const traffic = trafficOf(25);
      const snapshot = { ...traffic.snapshot(QUIET, 60), users: { requests: 30, seconds: 100 } };
      let state = startMetrics(specOf({ baseline: { kind: "frozen", snapshot } }));
      const poll = traffic.poll({ candidate: { ...QUIET, rps: 40 } });
      state = stepMetrics(state, [], (poll[0]?.exposure ?? 0) - 3);
      state = stepMetrics(state, poll, 0);
      expect(state.frozen?.offLoadPolls).toBe(0);
    });
  });

  it("a clock that is set back or forward by a day does not look like another load", () => {
    const traffic = trafficOf(21);
    let state = startMetrics(specOf({ baseline: { kind: "frozen", snapshot: traffic.snapshot(healthy, 60) } }));
    const day = (increments: Increment[], days: number) =>
      increments.map((one) => ({
        ...one,
        to: new Date(Date.parse(one.to) + days * 86_400_000).toISOString() as Increment["to"],
      }));
    for (let i = 0; i < 30; i++) {
      const poll = traffic.poll({ candidate: healthy });
      state = stepMetrics(state, i === 3 ? day(poll, 1) : i === 6 ? day(poll, -1) : poll);
    }
    expect(state.frozen?.offLoadPolls).toBe(0);
    expect(readMetrics(state).regression.outcome).toBe("PASS");
  });

  it("a record without the metric is no baseline", () => {
    const traffic = trafficOf(22);
    const snapshot = { ...traffic.snapshot(healthy, 10), series: [] };
    let state = startMetrics(specOf({ baseline: { kind: "frozen", snapshot } }));
    for (let i = 0; i < 10; i++) state = stepMetrics(state, traffic.poll({ candidate: healthy }));
    expect(codes(readMetrics(state))).toContain("no-baseline");
    expect(readMetrics(state).proven).toBe(false);
  });

  it("is entered once, and only after a concurrent one", () => {
    const snapshot = trafficOf(23).snapshot(healthy, 5);
    const entered = enterFrozen(canary({ polls: 3 }), snapshot, 10);
    expect(() => enterFrozen(entered, snapshot, 10)).toThrow(/can follow a concurrent one once/);
    expect(() => enterFrozen(cutover({}, { polls: 1 }), snapshot, 10)).toThrow(/can follow a concurrent one once/);
  });
});

describe("a canary that goes to 100 %", () => {
  const rollout = (candidate: Partial<Behaviour>, seed: number, late: Partial<Behaviour> = candidate) => {
    const traffic = trafficOf(seed);
    const snapshot = traffic.snapshot(healthy, 30);
    let state = startMetrics(specOf());
    for (const percent of [5, 25, 50]) {
      const arms = { baseline: share(healthy, 100 - percent), candidate: share({ ...healthy, ...candidate }, percent) };
      for (let i = 0; i < 15; i++) state = stepMetrics(state, traffic.poll(arms));
    }
    const before = readMetrics(state);
    state = enterFrozen(state, snapshot, 20);
    for (let i = 0; i < 20; i++) state = stepMetrics(state, traffic.poll({ candidate: { ...healthy, ...late } }));
    return { before, after: readMetrics(state), state };
  };

  it("keeps the concurrent evidence beside the new comparison", () => {
    const { before, after } = rollout({}, 30);
    expect(before.proven).toBe(true);
    expect(after).toMatchObject({ proven: true, regression: { outcome: "PASS" } });
    expect(after.candidateExposure).toBeGreaterThan(before.candidateExposure);
    expect(metric(after, "error-rate")?.baselineKind).toBe("historical");
  });

  it("finds a regression that shows only at full load", () => {
    const { before, after } = rollout({}, 31, { errorRate: 0.05 });
    expect(before.regression.outcome).toBe("PASS");
    expect(after.regression.outcome).toBe("FAIL");
    expect(after.slo.outcome).toBe("FAIL");
    expect(after.proven).toBe(false);
  });

  it("raises no false alarm in 60 rollouts of identical versions, looked at after every poll", () => {
    for (let seed = 100; seed < 160; seed++) {
      const { before, after, state } = rollout({}, seed);
      for (const reading of [before, after])
        expect([reading.regression.outcome, reading.slo.outcome]).not.toContain("FAIL");
      const highest = state.rules.flatMap((rule) => rule.probes.filter(({ role }) => role !== "exclude"));
      for (const probe of highest) expect(probe.concurrent?.stake.maxLnE).toBeLessThan(Math.log(1000));
    }
  });
});

describe("the state", () => {
  it("is plain JSON, replays bit by bit, and its readings fit their schemas", () => {
    const traffic = trafficOf(40);
    const snapshot = traffic.snapshot(healthy, 5);
    const polls = Array.from({ length: 12 }, () => traffic.poll({ baseline: healthy, candidate: healthy }));
    const run = (state: MetricsState, from: number, to: number) =>
      polls.slice(from, to).reduce((before, poll) => stepMetrics(before, poll), state);
    const whole = enterFrozen(run(startMetrics(specOf()), 0, 8), snapshot, 4);
    const half = JSON.parse(JSON.stringify(run(startMetrics(specOf()), 0, 5))) as MetricsState;
    const resumed = enterFrozen(run(half, 5, 8), snapshot, 4);
    const [a, b] = [run(whole, 8, 12), run(JSON.parse(JSON.stringify(resumed)) as MetricsState, 8, 12)];
    expect(canonicalJson(b)).toBe(canonicalJson(a));
    expect(JSON.stringify(readMetrics(b))).toBe(JSON.stringify(readMetrics(a)));
    expect(MetricsReadingSchema.parse(readMetrics(a))).toEqual(readMetrics(a));
    expect(MetricsSpec.parse(specOf({ baseline: { kind: "frozen", snapshot } })).baseline.kind).toBe("frozen");
    expect(MetricsSnapshot.parse(snapshot)).toEqual(snapshot);
  });

  it("does not change under the hands of whoever holds it", () => {
    const state = canary({ polls: 3 });
    const copy = JSON.stringify(state);
    stepMetrics(state, trafficOf(41).poll({ baseline: healthy, candidate: healthy }));
    readMetrics(state);
    expect(JSON.stringify(state)).toBe(copy);
  });

  it("needs rules with ids of their own", () => {
    expect(() => startMetrics(specOf({ rules: [errorRule, errorRule] }))).toThrow(/ids of their own/);
    expect(() => startMetrics(specOf({ rules: [] }))).toThrow(/at least one rule/);
  });
});
