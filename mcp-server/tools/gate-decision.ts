import { z } from "zod";
import { DIMENSIONS, type GateVerdict } from "../judge/gates/gate-verdict.ts";
import { gateSeverity } from "../judge/gates/severity.ts";
import { percentText } from "../judge/tests/rate.ts";
import type { TestsVerdict } from "../judge/tests/result.ts";
import { type Dimension, OUTCOME3_EXIT, Outcome3, Reason, type Verdict } from "../vocab/index.ts";
import { cut, fitLists } from "./fit.ts";
import { ReportsParameter, ThresholdParameter } from "./parameters.ts";
import { PresentedInput } from "./presented-input.ts";
import { omittedText } from "./run-answer.ts";
import { defineTool } from "./tool.ts";

const Judged = z.object({
  outcome: z.enum(["PASS", "FAIL", "INCONCLUSIVE", "NOT_APPLICABLE"]),
  reasons: z.array(Reason),
  wouldPassIf: z.string(),
});

const Output = z.object({
  verdict: Outcome3,
  gate: z.enum(["staging", "production", "rollback"]),
  /** Always true here: nothing was measured by us, so a run never takes this verdict over. */
  presented: z.literal(true),
  statement: z.string(),
  threshold: z.number(),
  /** Percent of the tests that passed before and are lost; null where no test reports were compared. */
  regressionRate: z.number().nullable(),
  severity: z.enum(["CRITICAL", "HIGH", "MEDIUM", "LOW", "NONE"]),
  worst: z.string().nullable(),
  reasons: z.array(Reason),
  dimensions: z.record(z.string(), Judged),
  wouldPassIf: z.string(),
  judge: z.string(),
  inputs: z.array(PresentedInput),
  omitted: z.record(z.string(), z.number().int()),
  next: z.string(),
});
type Output = z.infer<typeof Output>;

const Input = z.object({
  gate: z.enum(["staging", "production", "rollback"]),
  threshold: ThresholdParameter.default(0),
  baseline: ReportsParameter.optional(),
  candidate: ReportsParameter.optional().describe("likewise"),
  evidence: z
    .array(z.string().min(1))
    .default([])
    .describe(
      "JSON files: regression-check or smoke-test results, {infra}, {errorRate: {baseline, candidate: {requests, failed}}}",
    ),
  notApplicable: z
    .partialRecord(z.enum(DIMENSIONS), z.string().min(1).max(200))
    .optional()
    .describe("dimensions not judged, each with the reason"),
});
type Input = z.infer<typeof Input>;

const STATEMENT =
  "judged from evidence that was handed in, not measured here; it decides no gate of a run, which measures for itself";

/** Puts evidence that somebody hands in through a gate's rules. Works on any folder, without a run or deploy.yaml. */
export const gateDecision = defineTool({
  name: "gate-decision",
  title: "Decide a gate",
  description:
    "Decides the staging, production or rollback gate from evidence files and test reports that you name: PASS, FAIL or INCONCLUSIVE per dimension and in all. What is missing is INCONCLUSIVE. Needs no run.",
  input: Input,
  output: Output,
  effect: "read",
  openWorld: false,
  idempotent: true,
  positionals: ["gate"],
  run: async (args, io): Promise<Output> => {
    const { decideGate } = await import("./presented-gate.ts");
    return shown(args, await decideGate(args, io));
  },
  text: textOf,
  exit: (out) => OUTCOME3_EXIT[out.verdict],
});

interface Decided {
  readonly gate: GateVerdict;
  readonly inputs: PresentedInput[];
  readonly tests: TestsVerdict | undefined;
}

function shown(args: Input, { gate, inputs, tests }: Decided): Output {
  const { verdict } = gate;
  const reasons = verdict.reasons.map(({ code, text }) => ({ code, text: cut(text, 240) }));
  const whole: Output = {
    verdict: verdict.outcome,
    gate: args.gate,
    presented: true,
    statement: STATEMENT,
    threshold: args.threshold,
    regressionRate: tests?.regressionRate ?? null,
    severity: gateSeverity(gate, tests?.severity),
    worst: gate.worst ?? null,
    reasons,
    dimensions: Object.fromEntries(
      Object.entries(gate.dimensions).map(([name, dimension]) => [name, judged(dimension)]),
    ),
    wouldPassIf: cut(verdict.wouldPassIf, 600),
    judge: verdict.judge,
    inputs,
    omitted: {},
    next: nextOf(verdict),
  };
  const lists = Object.keys(whole.dimensions).map((name) => `dimensions.${name}.reasons`);
  const files = inputs.map((_, index) => `inputs.${index}.files`);
  const { value, omitted } = fitLists(whole, [...lists, ...files, "reasons", "inputs"]);
  return { ...value, omitted };
}

function judged(dimension: Dimension): z.infer<typeof Judged> {
  if (dimension.outcome === "NOT_APPLICABLE") {
    return {
      outcome: dimension.outcome,
      reasons: [{ code: "not-applicable", text: cut(dimension.reason, 200) }],
      wouldPassIf: "",
    };
  }
  const reasons = dimension.reasons.map(({ code, text }) => ({ code, text: cut(text, 200) }));
  return { outcome: dimension.outcome, reasons, wouldPassIf: cut(dimension.wouldPassIf, 200) };
}

function nextOf({ outcome }: Verdict): string {
  switch (outcome) {
    case "PASS":
      return "go on; a deployment still measures for itself";
    case "FAIL":
      return "stop: mend what the reasons name, then decide again";
    case "INCONCLUSIVE":
      return "this is no pass: hand in the missing evidence, or declare a dimension not applicable with its reason";
    default:
      return outcome satisfies never;
  }
}

function rateText({ regressionRate, threshold }: Output): string {
  return regressionRate === null ? "" : `regression rate ${percentText(regressionRate, threshold)}, `;
}

function textOf(out: Output): string {
  const lines = [
    `${out.verdict}: gate ${out.gate}, ${rateText(out)}threshold ${out.threshold} %, severity ${out.severity}${out.worst ? `, decided by ${out.worst}` : ""}`,
    out.statement,
    ...Object.entries(out.dimensions).map(
      ([name, dimension]) =>
        `${name}: ${dimension.outcome}${dimension.reasons[0] ? ` - ${dimension.reasons[0].text}` : ""}`,
    ),
    ...out.reasons.map((reason) => `because: ${reason.text}`),
    omittedText(out.omitted, "the named files"),
    out.wouldPassIf === "" ? "" : `would pass with: ${out.wouldPassIf}`,
    `next: ${out.next}`,
  ];
  return lines.filter(Boolean).join("\n");
}
