import { relative } from "node:path";
import { z } from "zod";
import { type DimensionName, infraVerdict, JUDGE, judgeInfra, judgeJourneys, judgeSmoke } from "../judge/index.ts";
import { InfraReading, JourneysRun, SmokeRun } from "../judge/inputs.ts";
import { LoadMetric } from "../judge/load/verdict.ts";
import { errorRateRule, readMetrics, startMetrics, stepMetrics } from "../judge/metrics/index.ts";
import { exceeds, percentText } from "../judge/tests/rate.ts";
import { TestsVerdict } from "../judge/tests/result.ts";
import {
  FlowError,
  type Instant,
  type MetricId,
  Outcome3,
  type Reason,
  type Sha256,
  sha256,
  type Verdict,
} from "../vocab/index.ts";
import type { PresentedInput } from "./presented-input.ts";
import type { ToolIo } from "./tool.ts";

/** Evidence that somebody hands in as a file is never larger than this. */
const MAX_BYTES = 8 * 1024 * 1024;

const Counts = z
  .object({ requests: z.number().int().min(0), failed: z.number().int().min(0) })
  .refine(({ requests, failed }) => failed <= requests, "more failed requests than requests");

/** Requests and failures of both versions over the same time and kind of traffic. */
const ErrorCounts = z.object({ errorRate: z.object({ baseline: Counts, candidate: Counts }) });

/** The parts of a `regression-check` result that can be judged again at another threshold. */
const CheckResult = TestsVerdict.pick({ verdict: true, reasons: true, blockers: true, wouldPassIf: true }).extend({
  tests: z.object({ baselinePassed: z.number().int().min(0), totals: z.object({ lost: z.number().int().min(0) }) }),
});

/** The compared load results in it. */
const LoadCheck = z.object({ verdict: Outcome3, threshold: z.number(), metrics: z.array(LoadMetric).min(1) });

/** One dimension that a file speaks of. */
export interface PresentedDimension {
  readonly name: DimensionName;
  readonly verdict: Verdict;
  readonly input: PresentedInput;
}

/**
 * Reads one evidence file and judges what it holds: a `regression-check` or `smoke-test` result, a smoke run, an
 * infrastructure reading `{infra}`, or error counts of both versions `{errorRate}`. Verdicts inside are not believed
 * where the file has what is needed to judge again. Throws FlowError `unreadable`.
 */
export function readPresented(path: string, threshold: number, io: ToolIo): PresentedDimension[] {
  const absolute = io.readable(path);
  const { bytes, value } = readJson(absolute, path, io);
  const found: { name: DimensionName; verdict: Omit<Verdict, "inputs"> }[] = [];
  const check = CheckResult.safeParse(value);
  if (check.success) found.push({ name: "tests", verdict: judgeCheck(check.data, threshold) });
  const load = LoadCheck.safeParse(value);
  if (load.success) found.push({ name: "metrics", verdict: judgeLoadCheck(load.data, threshold) });
  const smoke = SmokeRun.safeParse(value).data ?? z.object({ run: SmokeRun }).safeParse(value).data?.run;
  if (smoke) found.push({ name: "smoke", verdict: unlessCut(value, "run.results", judgeSmoke(smoke)) });
  const journeys = z.object({ journeys: JourneysRun }).safeParse(value).data?.journeys;
  if (journeys) {
    found.push({ name: "journeys", verdict: unlessCut(value, "journeys.results", judgeJourneys(journeys)) });
  }
  const infra = z.object({ infra: InfraReading }).safeParse(value);
  if (infra.success) found.push({ name: "infra", verdict: infraVerdict(judgeInfra(infra.data.infra)) });
  const counts = ErrorCounts.safeParse(value);
  if (counts.success) found.push(...judgeCounts(counts.data.errorRate, threshold));
  if (found.length === 0) throw unknownEvidence(path);
  const digest = sha256(bytes);
  return found.map(({ name, verdict }) => ({
    name,
    verdict: { ...verdict, inputs: [] },
    input: presentedFile(name, relative(io.root, absolute), digest),
  }));
}

/** A result whose list was shortened for a reader may lack the very entry that fails: no pass follows from it. */
function unlessCut(value: unknown, list: string, verdict: Omit<Verdict, "inputs">): Omit<Verdict, "inputs"> {
  const omitted = z.object({ omitted: z.record(z.string(), z.number()) }).safeParse(value).data?.omitted[list] ?? 0;
  if (omitted === 0 || verdict.outcome !== "PASS") return verdict;
  return {
    outcome: "INCONCLUSIVE",
    reasons: [{ code: "results-cut", text: `${omitted} results were left out of the file` }],
    wouldPassIf: "the file holds every result",
    judge: JUDGE,
  };
}

function presentedFile(name: string, file: string, digest: Sha256): PresentedInput {
  return { name, origin: "presented", files: [file], rawSha256: digest };
}

function readJson(absolute: string, path: string, io: ToolIo): { bytes: Uint8Array; value: unknown } {
  const stat = io.ports.disk.stat(absolute);
  if (stat?.kind !== "file" || stat.size > MAX_BYTES) {
    throw new FlowError({
      code: "unreadable",
      what: "an evidence file cannot be read",
      expected: `a file of at most ${MAX_BYTES / 1024 / 1024} MB`,
      found: stat === undefined ? "nothing there" : stat.kind === "file" ? `${stat.size} bytes` : stat.kind,
      where: { file: shownPath(path) },
      next: "correct the path",
    });
  }
  const bytes = io.ports.disk.read(absolute);
  try {
    return { bytes, value: JSON.parse(Buffer.from(bytes).toString("utf8")) };
  } catch (error) {
    throw new FlowError({
      code: "unreadable",
      what: "an evidence file is not JSON",
      where: { file: shownPath(path) },
      next: "write it with --format json, or hand in the reports themselves",
      cause: error,
    });
  }
}

function unknownEvidence(path: string): FlowError {
  return new FlowError({
    code: "unreadable",
    what: "an evidence file holds nothing that can be judged",
    expected: "a regression-check or smoke-test result, {infra: ...} or {errorRate: {baseline, candidate}}",
    found: "other JSON",
    where: { file: shownPath(path) },
    next: "write the file with `deploy-flow regression-check --format json` or `smoke-test --format json`",
  });
}

/** A name from a caller as it may stand in an error. */
function shownPath(path: string): string {
  return /^[\w./@+-]{1,200}$/.test(path) ? path : JSON.stringify(path.slice(0, 100));
}

/** The result's own threshold may have been wider than this gate's, so its counts are held against ours. */
function judgeCheck(check: z.infer<typeof CheckResult>, threshold: number): Omit<Verdict, "inputs"> {
  const { baselinePassed, totals } = check.tests;
  const grave: Reason[] = check.blockers.filter((reason) => reason.code !== "over-threshold");
  const rate = baselinePassed > 0 ? (100 * totals.lost) / baselinePassed : undefined;
  const over = rate !== undefined && exceeds(totals.lost, baselinePassed, threshold);
  const text =
    rate === undefined
      ? "no test passed in the baseline"
      : `${totals.lost} of ${baselinePassed} passing tests lost: ${percentText(rate, threshold)}, allowed ${percentText(threshold, rate)}`;
  const counted: Reason = { code: over ? "over-threshold" : "within-threshold", text };
  if (grave.length > 0 || over) {
    const wouldPassIf = `at most ${percentText(threshold)} of the tests lost, and no P0 or P1 test`;
    return { outcome: "FAIL", reasons: over ? [counted, ...grave] : grave, wouldPassIf, judge: JUDGE };
  }
  if (check.verdict === "INCONCLUSIVE" || rate === undefined) {
    const reasons = check.reasons.length > 0 ? check.reasons : [counted];
    return {
      outcome: "INCONCLUSIVE",
      reasons,
      wouldPassIf: check.wouldPassIf || "a check with a usable baseline",
      judge: JUDGE,
    };
  }
  return { outcome: "PASS", reasons: [counted], wouldPassIf: "", judge: JUDGE };
}

/**
 * What the load results were cannot be judged again from their figures: a failure is believed, and a pass where this gate
 * allows at least as much as was allowed there.
 */
function judgeLoadCheck(check: z.infer<typeof LoadCheck>, threshold: number): Omit<Verdict, "inputs"> {
  const failing = check.metrics.filter(({ outcome }) => outcome === "FAIL");
  const named = (metrics: readonly LoadMetric[]) => metrics.map(({ id }) => id).join(", ");
  if (failing.length > 0) {
    const reasons = [{ code: "regression", text: `worse in the load results: ${named(failing)}` }];
    return { outcome: "FAIL", reasons, wouldPassIf: `${named(failing)} not worse`, judge: JUDGE };
  }
  const stricter = check.threshold > threshold;
  if (check.verdict !== "PASS" || stricter) {
    const text = stricter
      ? `compared with ${check.threshold} % allowed, and this gate allows ${threshold} %`
      : "the check that it comes from did not pass";
    const wouldPassIf = "load results that pass with this gate's threshold";
    return { outcome: "INCONCLUSIVE", reasons: [{ code: "load-open", text }], wouldPassIf, judge: JUDGE };
  }
  const reasons = [{ code: "excluded", text: `no worsening in the load results: ${named(check.metrics)}` }];
  return { outcome: "PASS", reasons, wouldPassIf: "", judge: JUDGE };
}

/** One look at the error counts of both versions: the same sequential test that watches a rollout, with one poll. */
function judgeCounts(
  counts: z.infer<typeof ErrorCounts>["errorRate"],
  threshold: number,
): { name: DimensionName; verdict: Omit<Verdict, "inputs"> }[] {
  const id = "error-rate" as MetricId;
  const state = startMetrics({
    alpha: 0.01,
    beta: 0.05,
    plannedPolls: 1,
    phi: 1,
    warmupPolls: 0,
    baseline: { kind: "concurrent" },
    rules: [errorRateRule({ threshold, trigger: 2, weight: 1 })],
  });
  const at = "1970-01-01T00:00:00Z" as Instant;
  const increment = (arm: "baseline" | "candidate") => ({
    metric: id,
    arm,
    from: at,
    to: at,
    exposure: counts[arm].requests,
    events: counts[arm].failed,
    quality: "ok" as const,
  });
  const { regression, slo } = readMetrics(stepMetrics(state, [increment("baseline"), increment("candidate")]));
  return [
    { name: "metrics", verdict: regression },
    { name: "slo", verdict: slo },
  ];
}
