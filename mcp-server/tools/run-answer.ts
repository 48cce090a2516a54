import { z } from "zod";
import { runningText } from "../flow/running-text.ts";
import type { RunStatus } from "../flow/status.ts";
import { EXIT, type ExitCode, Reason, RunOutcome, spanText } from "../vocab/index.ts";
import { cut, fitLists } from "./fit.ts";

const Metric = z.object({
  id: z.string(),
  unit: z.string(),
  baseline: z.number().nullable(),
  candidate: z.number().nullable(),
  change: z.number().nullable(),
  changeUnit: z.string(),
  interval: z.string(),
  limit: z.number(),
  outcome: z.string(),
  evidence: z.number(),
  needed: z.number(),
  waitsFor: z.string(),
});

/** What every tool on a run answers: where the run stands, why, and what to do now. */
export const RunAnswer = z.object({
  state: z.enum(["none", "running", "awaiting-approval", "awaiting-decision", "rolling-back", "finished"]),
  /** Said first when a dead runner was found and started again. */
  announcement: z.string().optional(),
  /** What became of the request of this call. */
  taken: z.boolean().optional(),
  note: z.string().optional(),
  runId: z.string().optional(),
  service: z.string().optional(),
  version: z.string().optional(),
  previousVersion: z.string().optional(),
  strategy: z.string().optional(),
  /** What was asked for this run, from which words, and what of it changes nothing. */
  understood: z.array(z.string()),
  planHash: z.string().optional(),
  step: z.string().optional(),
  doing: z.string().optional(),
  weightPct: z.number().optional(),
  measuredSharePct: z.number().optional(),
  servedMs: z.number().optional(),
  plannedMs: z.number().optional(),
  elapsedMs: z.number().optional(),
  totalPlannedMs: z.number().optional(),
  outcome: RunOutcome.optional(),
  runningVersion: z.string().nullable().optional(),
  exitCode: z.number().int().optional(),
  reasons: z.array(Reason),
  question: z
    .object({ about: z.string(), text: z.string(), options: z.array(z.string()), remainingMs: z.number() })
    .optional(),
  gates: z.array(
    z.object({
      gate: z.string(),
      key: z.string(),
      outcome: z.string(),
      worst: z.string().optional(),
      reason: z.string(),
    }),
  ),
  metrics: z.array(Metric),
  notices: z.array(z.string()),
  artifacts: z.array(z.string()),
  archive: z.string().optional(),
  /** Entries left out per list; `deploy://status` has them all. */
  omitted: z.record(z.string(), z.number().int()),
  next: z.string(),
  /** The same for the user, ready to be passed on as it is. */
  message: z.string().optional(),
});
export type RunAnswer = z.infer<typeof RunAnswer>;

/** A run's status as a tool answers it: small numbers rounded, lists cut to fit, no text of unbounded length. */
export function runAnswer(status: RunStatus, receipt?: { taken: boolean; note: string }, message?: string): RunAnswer {
  const { runner, metrics, gates, reasons, notices, artifacts, latched, question, ...plain } = status;
  const whole: RunAnswer = {
    ...plain,
    ...(runner.restarted === undefined ? {} : { announcement: cut(runner.restarted, 400) }),
    ...(receipt ? { taken: receipt.taken, note: cut(receipt.note, 400) } : {}),
    ...(plain.doing === undefined ? {} : { doing: cut(plain.doing, 300) }),
    understood: plain.understood.map((text) => cut(text, 200)),
    reasons: shortReasons(reasons.length > 0 ? reasons : (latched?.reasons ?? [])),
    ...(question ? { question: { ...question, text: cut(question.text, 400), options: [...question.options] } } : {}),
    gates: gates.map(({ key, gate, outcome, worst, reasons: why }) => ({
      gate,
      key,
      outcome,
      ...(worst === undefined ? {} : { worst }),
      reason: cut(why[0]?.text ?? "", 240),
    })),
    metrics: metrics.map((metric) => ({
      id: metric.id,
      unit: metric.unit,
      baseline: rounded(metric.baseline.value),
      candidate: rounded(metric.candidate.value),
      change: rounded(metric.change),
      changeUnit: metric.changeUnit,
      interval: intervalText(metric),
      limit: metric.limit,
      outcome: metric.outcome,
      evidence: rounded(metric.evidence) ?? 0,
      needed: rounded(metric.needed) ?? 0,
      waitsFor: cut(metric.waitsFor, 200),
    })),
    notices: notices.map(({ level, text }) => `${level}: ${cut(text, 240)}`).reverse(),
    artifacts: [...artifacts],
    omitted: {},
    ...(message === undefined ? {} : { message: cutLines(message, MESSAGE_CHARS) }),
  };
  const { value, omitted } = fitLists(whole, ["understood", "artifacts", "notices", "gates", "reasons", "metrics"]);
  return { ...value, omitted };
}

/**
 * Who waited in vain has been told already what stands in the lists of the past: a watch of an hour is looked at seventy
 * times. How much is left out is said; `deploy://status` has it.
 */
export function sinceTheLastLook(answer: RunAnswer): RunAnswer {
  const { understood, gates, notices, artifacts } = answer;
  const lists = { understood, gates, notices, artifacts };
  const left = Object.entries(lists).filter(([, entries]) => entries.length > 0);
  const omitted = left.map(([name, entries]) => [name, entries.length + (answer.omitted[name] ?? 0)]);
  return {
    ...answer,
    understood: [],
    gates: [],
    notices: [],
    artifacts: [],
    omitted: { ...answer.omitted, ...Object.fromEntries(omitted) },
  };
}

/** A message for people is at most so long; the reports have the rest. */
const MESSAGE_CHARS = 1_800;

/** Whole lines up to a length; what is left out is said. */
function cutLines(text: string, limit: number): string {
  if (text.length <= limit) return text.trimEnd();
  const kept = text.slice(0, text.lastIndexOf("\n", limit - 40));
  return `${kept.trimEnd()}\n[...] the rest is in the reports`;
}

/** Four significant digits: enough to act on; the journal has them all. */
function rounded(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : Number(value.toPrecision(4));
}

/** Where the change lies, valid at every look; empty while nothing is excluded on either side. */
function intervalText({ interval, changeUnit }: RunStatus["metrics"][number]): string {
  if (!interval) return "";
  const side = (value: number | undefined) => (value === undefined ? "open" : String(rounded(value)));
  return `${side(interval.lower)} to ${side(interval.upper)} ${changeUnit} at ${rounded(interval.levelPct)} %`;
}

function shortReasons(reasons: readonly Reason[]): Reason[] {
  return reasons.map(({ code, text }) => ({ code, text: cut(text, 300) }));
}

/** The answer for people and for hosts that show only text: the same facts, the announcement first. */
export function runAnswerText(out: RunAnswer): string {
  const lines = [
    out.announcement,
    out.note === undefined ? undefined : `${out.taken ? "taken" : "NOT TAKEN"}: ${out.note}`,
    headline(out),
    out.planHash === undefined ? undefined : `plan ${out.planHash}`,
    out.doing === undefined || out.state === "finished" ? undefined : `now: ${out.doing}${servedText(out)}`,
    out.understood.length > 0 && out.state !== "finished" ? `understood: ${out.understood.join("; ")}` : undefined,
    ...out.reasons.map((reason) => `because: ${reason.text}`),
    out.question &&
      `asked: ${out.question.text} (${out.question.options.join(" | ")}; ${spanText(out.question.remainingMs)} left)`,
    ...out.gates.map(
      (gate) => `gate ${gate.gate} [${gate.key}]: ${gate.outcome}${gate.reason ? ` - ${gate.reason}` : ""}`,
    ),
    ...out.metrics.map(metricText),
    ...out.notices.map((notice) => `noted: ${notice}`),
    out.archive === undefined ? undefined : `archive: ${out.archive}`,
    out.artifacts.length > 0 ? `artifacts: ${out.artifacts.join(", ")}` : undefined,
    omittedText(out.omitted, "deploy://status"),
    `next: ${out.next}`,
  ];
  return lines.filter((line) => line !== undefined && line !== "").join("\n");
}

/** What was left out of a cut result, and where it is; empty when nothing was. */
export function omittedText(omitted: Readonly<Record<string, number>>, where: string): string {
  const parts = Object.entries(omitted).map(([list, count]) => `${count} of ${list}`);
  return parts.length === 0 ? "" : `left out here: ${parts.join(", ")}; all in ${where}`;
}

function headline(out: RunAnswer): string {
  if (out.state === "none") return "no run";
  const what = `${out.service} ${out.version}${out.previousVersion ? ` (after ${out.previousVersion})` : ""}, ${out.strategy}`;
  const end = out.outcome
    ? `${out.outcome}; production runs ${runningText(out.runningVersion)}`
    : `${out.state}${out.step ? ` in step ${out.step}` : ""}${out.weightPct === undefined ? "" : `, ${out.weightPct} % planned`}${
        out.measuredSharePct === undefined ? "" : `, ${out.measuredSharePct.toFixed(1)} % measured`
      }`;
  const time =
    out.elapsedMs === undefined
      ? ""
      : `, ${spanText(out.elapsedMs)} of about ${spanText(out.totalPlannedMs ?? 0)} planned`;
  return `${out.runId}: ${what}: ${end}${time}`;
}

function servedText(out: RunAnswer): string {
  if (out.servedMs === undefined || out.plannedMs === undefined) return "";
  return ` (served ${spanText(out.servedMs)} of ${spanText(out.plannedMs)})`;
}

function metricText(metric: z.infer<typeof Metric>): string {
  const side = (value: number | null) => (value === null ? "unknown" : `${value} ${metric.unit}`);
  const change =
    metric.change === null ? "" : ` (${metric.change > 0 ? "+" : ""}${metric.change} ${metric.changeUnit})`;
  const waits = metric.waitsFor ? `, waits for ${metric.waitsFor}` : "";
  const within = metric.interval ? `, change ${metric.interval}` : "";
  const limit = `, worse by at most ${metric.limit} ${metric.changeUnit}`;
  return `${metric.id}: new ${side(metric.candidate)}, old ${side(metric.baseline)}${change}${within}${limit}: ${metric.outcome}, evidence ${metric.evidence} of ${metric.needed}${waits}`;
}

const EXIT_CODES: ReadonlySet<number> = new Set(Object.values(EXIT));

/** Exit code of a command that answers with a run: that of its outcome, 12 while it asks, else 0. */
export function runAnswerExit(out: RunAnswer): ExitCode {
  if (out.taken === false) return EXIT.usage;
  return out.exitCode !== undefined && EXIT_CODES.has(out.exitCode) ? (out.exitCode as ExitCode) : EXIT.ok;
}
