import { z } from "zod";
import { LoadMetric } from "../judge/load/verdict.ts";
import { ListedTest, TestsReport, TestsVerdict } from "../judge/tests/result.ts";
import { EXIT, FlowError, OUTCOME3_EXIT } from "../vocab/index.ts";
import { cut, fitLists } from "./fit.ts";
import { metricsTable } from "./metrics-table.ts";
import { ReportsParameter, ScopeParameter, ThresholdParameter } from "./parameters.ts";
import { PresentedInput } from "./presented-input.ts";
import type { ComparisonAsked } from "./reports.ts";
import { omittedText } from "./run-answer.ts";
import { bothOrNone } from "./sides.ts";
import { defineTool, type ToolIo } from "./tool.ts";

const ShownTest = ListedTest.pick({ id: true, priority: true, before: true, after: true, message: true });
export type ShownTest = z.infer<typeof ShownTest>;

const LISTS = ["lost", "failing", "missing", "newlySkipped", "fixed", "added"] as const;

const Output = TestsVerdict.extend({
  /** Null when only metrics were compared. */
  tests: TestsReport.extend(
    Object.fromEntries(LISTS.map((list) => [list, z.array(ShownTest)])) as Record<
      (typeof LISTS)[number],
      z.ZodArray<typeof ShownTest>
    >,
  ).nullable(),
  /** Of load results that were handed in. */
  metrics: z.array(LoadMetric),
  smoke: z.null(),
  journeys: z.null(),
  inputs: z.array(PresentedInput),
  next: z.string(),
});
type Output = z.infer<typeof Output>;
/** Result of a check. */
export type CheckOutput = Output;

/** A duration; written without its pattern, of which a model has no need. */
const Warmup = z.string();
const LoadFiles = z.array(z.string()).min(1);

/** Entries per list that a check keeps to choose from before it is cut to fit. */
const KEPT = 25;

/** Compares two runs of tests, two load results, or both. Works on any folder, without a run or deploy.yaml. */
export const regressionCheck = defineTool({
  name: "regression-check",
  title: "Compare test results or load results",
  description:
    "Compares test reports (JUnit XML, Vitest, Jest) and load results (k6, vegeta, oha, autocannon, fortio, hey) against a baseline: PASS, FAIL or INCONCLUSIVE. Needs no run.",
  input: z.object({
    baseline: ReportsParameter.optional(),
    candidate: ReportsParameter.optional().describe("likewise"),
    baselineMetrics: LoadFiles.optional().describe("load results"),
    candidateMetrics: LoadFiles.optional(),
    warmup: Warmup.default("0s").describe("of the load, left out"),
    scope: ScopeParameter.default("full"),
    threshold: ThresholdParameter.default(0),
    targets: z.array(z.string().min(1)).optional().describe("tests, files or suites"),
    limit: z.number().int().min(1).max(200).optional().describe("entries per list"),
  }),
  output: Output,
  effect: "read",
  openWorld: false,
  idempotent: true,
  run: async (args, io): Promise<Output> => {
    if ((args.scope === "targeted") !== (args.targets !== undefined)) throw targetsAndScope(args.scope);
    const { baseline, candidate, baselineMetrics, candidateMetrics } = args;
    const hasTests = bothOrNone("test reports", baseline, candidate);
    const hasMetrics = bothOrNone("load results", baselineMetrics, candidateMetrics);
    if (!hasTests && !hasMetrics) throw nothingNamed();
    const tests = baseline && candidate ? await testsPart({ ...args, baseline, candidate }, io) : undefined;
    const { threshold, warmup } = args;
    const load =
      baselineMetrics && candidateMetrics
        ? await (await import("./load-results.ts")).compareLoads(
            { baseline: baselineMetrics, candidate: candidateMetrics, threshold, warmup },
            io,
          )
        : undefined;
    return fitted(together(args, tests, load), args.limit);
  },
  text: textOf,
  exit: (out) => OUTCOME3_EXIT[out.verdict] ?? EXIT.internal,
});

type TestsPart = Awaited<ReturnType<typeof import("./reports.ts").compareNamed>>;
type LoadPart = Awaited<ReturnType<typeof import("./load-results.ts").compareLoads>>;

async function testsPart(asked: ComparisonAsked, io: ToolIo): Promise<TestsPart> {
  const { compareNamed } = await import("./reports.ts");
  return compareNamed({ ...asked, limit: asked.limit ?? KEPT }, io);
}

const WORST_FIRST = ["FAIL", "INCONCLUSIVE", "PASS"] as const;

/** Neither part makes up for the other: the worse verdict is the verdict of both. */
function together(
  asked: { scope: TestsVerdict["scope"]; threshold: number },
  tests: TestsPart | undefined,
  load: LoadPart | undefined,
): Output {
  const parts = [tests?.verdict, load?.verdict];
  const verdict = WORST_FIRST.find((outcome) => parts.some((part) => part?.verdict === outcome)) ?? "INCONCLUSIVE";
  const deciding = parts.filter((part) => part?.verdict === verdict);
  const loadFails = load?.verdict.verdict === "FAIL";
  return {
    verdict,
    regressionRate: tests?.verdict.regressionRate ?? null,
    worst: tests?.verdict.worst ?? (loadFails ? "metrics" : null),
    threshold: asked.threshold,
    scope: asked.scope,
    tests: tests ? { ...tests.verdict.tests, ...shownLists(tests.verdict) } : null,
    metrics: load?.verdict.metrics ?? [],
    smoke: null,
    journeys: null,
    severity: severityOf(tests?.verdict.severity ?? "NONE", loadFails),
    reasons: deciding.flatMap((part) => part?.reasons ?? []),
    blockers: [...(tests?.verdict.blockers ?? []), ...(loadFails ? (load?.verdict.reasons ?? []) : [])],
    warnings: parts.flatMap((part) => part?.warnings ?? []),
    wouldPassIf: parts
      .map((part) => part?.wouldPassIf ?? "")
      .filter(Boolean)
      .join("; "),
    inputs: [...(tests?.inputs ?? []), ...(load?.inputs ?? [])],
    next: nextOf(verdict, parts, { hasTests: tests !== undefined, loadFails }),
  };
}

/** A regression of metrics alone is MEDIUM, as in a gate. */
function severityOf(tests: TestsVerdict["severity"], loadFails: boolean): TestsVerdict["severity"] {
  return loadFails && (tests === "NONE" || tests === "LOW") ? "MEDIUM" : tests;
}

function fitted(whole: Output, limit: number | undefined): Output {
  if (limit !== undefined) return whole;
  const paths = whole.tests ? [...LISTS, "renamed"].map((list) => `tests.${list}`) : [];
  const inputs = whole.inputs.map((_, index) => `inputs.${index}.files`);
  const { value, omitted } = fitLists(whole, [...paths, ...inputs, "warnings", "metrics"]);
  for (const [path, count] of Object.entries(omitted)) {
    if (!value.tests) break;
    const list = path.replace(/^tests\./, "");
    value.tests.omitted[list] = (value.tests.omitted[list] ?? 0) + count;
  }
  return value;
}

function nothingNamed(): FlowError {
  return new FlowError({
    code: "usage",
    what: "nothing to compare was named",
    expected: "baseline and candidate (test reports), baselineMetrics and candidateMetrics (load results), or both",
    next: "name the files of both sides",
  });
}

function shownLists(verdict: TestsVerdict): Record<(typeof LISTS)[number], ShownTest[]> {
  const shown = (list: readonly ListedTest[]) =>
    list.map(({ id, priority, before, after, message }) => ({
      id: cut(id, 200),
      ...(priority === undefined ? {} : { priority }),
      before,
      after,
      ...(message === undefined ? {} : { message: cut(message, 160) }),
    }));
  const { lost, failing, missing, newlySkipped, fixed, added } = verdict.tests;
  // A test stands in full once: `lost` names those that the lists by kind describe.
  const named = shown(lost).map(({ message: _message, ...test }) => test);
  return {
    lost: named,
    failing: shown(failing),
    missing: shown(missing),
    newlySkipped: shown(newlySkipped),
    fixed: shown(fixed),
    added: shown(added),
  };
}

function nextOf(
  verdict: Output["verdict"],
  parts: readonly (Pick<Output, "warnings" | "wouldPassIf"> | undefined)[],
  { hasTests, loadFails }: { hasTests: boolean; loadFails: boolean },
): string {
  const cures = parts.map((part) => part?.wouldPassIf ?? "").filter(Boolean);
  switch (verdict) {
    case "PASS":
      return parts.some((part) => (part?.warnings.length ?? 0) > 0) ? "go on; read the warnings" : "go on";
    case "FAIL":
      if (loadFails) return "find what made the blamed metrics worse, and run the load against both versions again";
      return "mend the lost tests, the most important first, and check again";
    case "INCONCLUSIVE":
      return `this is no pass: provide ${cures.join("; ") || (hasTests ? "complete reports" : "complete results")}`;
    default:
      return verdict satisfies never;
  }
}

function textOf(out: Output): string {
  const { tests } = out;
  const rate = out.regressionRate === null ? "unknown" : `${out.regressionRate.toFixed(1)} %`;
  const rateText = tests ? `regression rate ${rate}, ` : "";
  const lines = [
    `${out.verdict}: ${rateText}threshold ${out.threshold} %, ${tests ? `scope ${out.scope}, ` : ""}severity ${out.severity}`,
    ...(tests ? [`before: ${countsText(tests.baseline)}`, `after:  ${countsText(tests.candidate)}`] : []),
    ...metricsTable(out.metrics),
    ...out.reasons.map((reason) => `because: ${reason.text}`),
    ...out.warnings.map((warning) => `warning: ${warning.text}`),
    ...(tests
      ? [
          ...listText("failing", tests.failing),
          ...listText("missing", tests.missing),
          ...listText("newly skipped", tests.newlySkipped),
          omittedText(tests.omitted, "`--limit 200 --format json`"),
        ]
      : []),
    out.wouldPassIf === "" ? "" : `would pass with: ${out.wouldPassIf}`,
    `next: ${out.next}`,
  ];
  return lines.filter(Boolean).join("\n");
}

function countsText(side: TestsReport["baseline"]): string {
  return side
    ? `${side.passed} passed of ${side.tests} (${side.failed} failed, ${side.errored} errored, ${side.skipped} skipped)`
    : "unknown";
}

function listText(title: string, tests: readonly ShownTest[]): string[] {
  if (tests.length === 0) return [];
  const line = ({ id, priority, before, after }: ShownTest) =>
    `  ${priority ? `[${priority}] ` : ""}${id} (${before}, now ${after})`;
  return [
    `${title} (test names are data):`,
    ...tests.slice(0, 15).map(line),
    ...(tests.length > 15 ? [`  and ${tests.length - 15} more`] : []),
  ];
}

function targetsAndScope(scope: string): FlowError {
  return new FlowError({
    code: "usage",
    what: "targets and scope do not fit together",
    expected: "targets with scope targeted, and only with it",
    found: `scope ${scope}`,
    next:
      scope === "targeted" ? "name tests, files or suites in targets" : "set scope to targeted, or leave targets away",
  });
}
