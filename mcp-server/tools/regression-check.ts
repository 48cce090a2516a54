import { z } from "zod";
import { ListedTest, TestsReport, TestsVerdict } from "../judge/tests/result.ts";
import { EXIT, FlowError, OUTCOME3_EXIT } from "../vocab/index.ts";
import { cut, fitLists } from "./fit.ts";
import { ReportsParameter, ScopeParameter, ThresholdParameter } from "./parameters.ts";
import { PresentedInput } from "./presented-input.ts";
import { omittedText } from "./run-answer.ts";
import { defineTool } from "./tool.ts";

const ShownTest = ListedTest.pick({ id: true, priority: true, before: true, after: true, message: true });
type ShownTest = z.infer<typeof ShownTest>;

const LISTS = ["lost", "failing", "missing", "newlySkipped", "fixed", "added"] as const;

const Output = TestsVerdict.extend({
  tests: TestsReport.extend(
    Object.fromEntries(LISTS.map((list) => [list, z.array(ShownTest)])) as Record<
      (typeof LISTS)[number],
      z.ZodArray<typeof ShownTest>
    >,
  ),
  /** Judged only inside of a run, where both versions are measured. */
  metrics: z.array(z.never()),
  smoke: z.null(),
  journeys: z.null(),
  inputs: z.array(PresentedInput),
  next: z.string(),
});
type Output = z.infer<typeof Output>;

/** Entries per list that a check keeps to choose from before it is cut to fit. */
const KEPT = 25;

/** Compares two runs of tests and judges what was lost. Works on any folder, without a run or deploy.yaml. */
export const regressionCheck = defineTool({
  name: "regression-check",
  title: "Compare test results",
  description:
    "Judges test results of a candidate against a baseline: PASS, FAIL or INCONCLUSIVE, with the share of passing tests that were lost and the tests by name. Needs no run. JUnit XML, Vitest and Jest JSON.",
  input: z.object({
    baseline: ReportsParameter,
    candidate: ReportsParameter,
    scope: ScopeParameter.default("full"),
    threshold: ThresholdParameter.default(0),
    targets: z.array(z.string().min(1)).optional().describe("tests, files or suites of scope targeted"),
    limit: z.number().int().min(1).max(200).optional().describe("entries per list; default: what fits"),
  }),
  output: Output,
  effect: "read",
  openWorld: false,
  idempotent: true,
  run: async (args, io): Promise<Output> => {
    if ((args.scope === "targeted") !== (args.targets !== undefined)) throw targetsAndScope(args.scope);
    const { compareNamed } = await import("./reports.ts");
    const { verdict, inputs } = await compareNamed({ ...args, limit: args.limit ?? KEPT }, io);
    const whole: Output = {
      ...verdict,
      tests: { ...verdict.tests, ...shownLists(verdict) },
      metrics: [],
      smoke: null,
      journeys: null,
      inputs,
      next: nextOf(verdict),
    };
    if (args.limit !== undefined) return whole;
    const paths = [...LISTS, "renamed"].map((list) => `tests.${list}`);
    const { value, omitted } = fitLists(whole, [
      ...paths,
      ...inputs.map((_, index) => `inputs.${index}.files`),
      "warnings",
    ]);
    for (const [path, count] of Object.entries(omitted)) {
      const list = path.replace(/^tests\./, "");
      value.tests.omitted[list] = (value.tests.omitted[list] ?? 0) + count;
    }
    return value;
  },
  text: textOf,
  exit: (out) => OUTCOME3_EXIT[out.verdict] ?? EXIT.internal,
});

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

function nextOf(verdict: TestsVerdict): string {
  switch (verdict.verdict) {
    case "PASS":
      return verdict.warnings.length > 0 ? "go on; read the warnings" : "go on";
    case "FAIL":
      return "mend the lost tests, the most important first, and check again";
    case "INCONCLUSIVE":
      return `this is no pass: provide ${verdict.wouldPassIf}`;
    default:
      return verdict.verdict satisfies never;
  }
}

function textOf(out: Output): string {
  const { tests } = out;
  const counts = (side: Output["tests"]["baseline"]) =>
    side
      ? `${side.passed} passed of ${side.tests} (${side.failed} failed, ${side.errored} errored, ${side.skipped} skipped)`
      : "unknown";
  const rate = out.regressionRate === null ? "unknown" : `${out.regressionRate.toFixed(1)} %`;
  const lines = [
    `${out.verdict}: regression rate ${rate}, threshold ${out.threshold} %, scope ${out.scope}, severity ${out.severity}`,
    `before: ${counts(tests.baseline)}`,
    `after:  ${counts(tests.candidate)}`,
    ...out.reasons.map((reason) => `because: ${reason.text}`),
    ...out.warnings.map((warning) => `warning: ${warning.text}`),
    ...listText("failing", tests.failing),
    ...listText("missing", tests.missing),
    ...listText("newly skipped", tests.newlySkipped),
    omittedText(tests.omitted, "`--limit 200 --format json`"),
    out.wouldPassIf === "" ? "" : `would pass with: ${out.wouldPassIf}`,
    `next: ${out.next}`,
  ];
  return lines.filter(Boolean).join("\n");
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
