import { type MetricReading, readMetrics } from "../judge/index.ts";
import {
  between,
  EXIT,
  type ExitCode,
  type Instant,
  type Ms,
  OUTCOME_EXIT,
  type Reason,
  type RunOutcome,
} from "../vocab/index.ts";
import type { Trigger } from "./events.ts";
import { stoppedByFreeze } from "./freeze-record.ts";
import { planHash, plannedMs } from "./plan.ts";
import { stoppedByReadiness } from "./readiness-state.ts";
import type { RunState, WatchState } from "./run-state.ts";
import { ownWords, sourceText } from "./understanding/rows.ts";
import { contactTexts } from "./views/contacts.ts";

export type StatusState = "none" | "running" | "awaiting-approval" | "awaiting-decision" | "rolling-back" | "finished";

/** A run as people and tools see it. */
export interface RunStatus {
  readonly state: StatusState;
  readonly runId?: string;
  readonly service?: string;
  readonly version?: string;
  readonly previousVersion?: string;
  readonly strategy?: string;
  /** What was asked for this run and from which words; also what was said and not applied. */
  readonly understood: readonly string[];
  readonly planHash?: string;
  readonly step?: string;
  /** One sentence about what goes on. */
  readonly doing?: string;
  readonly weightPct?: number;
  readonly measuredSharePct?: number;
  readonly servedMs?: Ms;
  readonly plannedMs?: Ms;
  readonly elapsedMs?: Ms;
  readonly totalPlannedMs?: Ms;
  readonly metrics: readonly MetricReading[];
  readonly gates: readonly { key: string; gate: string; outcome: string; worst?: string; reasons: readonly Reason[] }[];
  readonly question?: { about: string; text: string; options: readonly string[]; remainingMs: Ms };
  readonly latched?: Trigger;
  readonly outcome?: RunOutcome;
  readonly reasons: readonly Reason[];
  readonly runningVersion?: string | null;
  readonly exitCode?: ExitCode;
  readonly runner: {
    readonly alive: boolean;
    readonly restarted?: string;
    readonly pid?: number;
    readonly epoch?: number;
  };
  readonly archive?: string;
  readonly artifacts: readonly string[];
  readonly notices: readonly { level: "info" | "warning"; text: string }[];
  /** What to do now. */
  readonly next: string;
}

/** There has been no run in this project's working folder. */
export function noRun(): RunStatus {
  return {
    state: "none",
    understood: [],
    metrics: [],
    gates: [],
    reasons: [],
    runner: { alive: false },
    artifacts: [],
    notices: [],
    next: "no run is under way; `deploy-flow plan VERSION` shows what a deployment would do",
  };
}

/** The view of a run's state at a moment. Pure. */
export function statusView(state: RunState, runner: RunStatus["runner"], now: Instant): RunStatus {
  const { plan } = state;
  const watched = currentWatch(state);
  const track = watched && state.tracks.get(watched.watch.track);
  const phase = phaseOf(state);
  const share = watched?.live?.measuredSharePct[plan.version];
  return {
    state: phase,
    ...(state.runId ? { runId: state.runId } : {}),
    service: plan.service,
    version: plan.version,
    ...(plan.previous ? { previousVersion: plan.previous.version } : {}),
    strategy: plan.strategy,
    understood: ownWords(plan).map((entry) => `${entry.name}: ${entry.value} (${sourceText(entry)})`),
    planHash: planHash(plan),
    ...(state.step ? { step: state.step } : {}),
    doing: doingText(state, watched),
    ...(watched ? watchNumbers(watched) : {}),
    ...(share === undefined ? {} : { measuredSharePct: share }),
    ...(state.openedAt ? { elapsedMs: between(state.openedAt, state.outcome?.at ?? now) } : {}),
    totalPlannedMs: plannedMs(plan),
    metrics: track ? readMetrics(track).metrics : [],
    gates: [...state.gates].map(([key, gate]) => ({
      key,
      gate: gate.gate,
      outcome: gate.verdict.outcome,
      ...(gate.worst ? { worst: gate.worst } : {}),
      reasons: gate.verdict.reasons,
    })),
    ...(state.question
      ? {
          question: {
            about: state.question.question.about,
            text: state.question.question.text,
            options: state.question.question.options,
            remainingMs: Math.max(0, state.question.question.deadlineMs - state.question.waitedMs),
          },
        }
      : {}),
    ...(state.latched ? { latched: state.latched } : {}),
    ...(state.outcome ? { outcome: state.outcome.outcome, ...running(state.outcome.runningVersion) } : {}),
    reasons: state.outcome?.reasons ?? state.latched?.reasons ?? [],
    ...(exitOf(state) === undefined ? {} : { exitCode: exitOf(state) as ExitCode }),
    runner,
    ...(state.archiveDir ? { archive: state.archiveDir } : {}),
    artifacts: state.artifacts,
    notices: state.notices.map(({ level, text }) => ({ level, text })),
    next: nextText(state, phase),
  };
}

function running(version: string | null | undefined): { runningVersion?: string | null } {
  return version === undefined ? {} : { runningVersion: version };
}

function phaseOf(state: RunState): StatusState {
  if (state.outcome) return "finished";
  if (state.latched) return "rolling-back";
  if (state.question) return state.question.question.about === "approval" ? "awaiting-approval" : "awaiting-decision";
  return "running";
}

function currentWatch(state: RunState): WatchState | undefined {
  return [...state.watches.values()].at(-1);
}

function watchNumbers(watched: WatchState) {
  return {
    weightPct: watched.watch.weightPct,
    servedMs: watched.servedMs,
    plannedMs: watched.watch.plannedMs + watched.extendedMs,
  };
}

function doingText(state: RunState, watched: WatchState | undefined): string {
  if (state.outcome) return `ended: ${state.outcome.outcome}`;
  if (state.question) return state.question.question.text;
  const open = [...state.intents].findLast(([key]) => !state.results.has(key));
  if (open) return open[1].text;
  if (watched && !watched.end) return watched.watch.text;
  return state.step ? `step ${state.step}` : "starting";
}

/** Exit code of `status` and `run` for where the run stands. */
function exitOf(state: RunState): ExitCode | undefined {
  if (state.outcome) return OUTCOME_EXIT[state.outcome.outcome];
  return state.question ? EXIT.awaitingDecision : undefined;
}

function nextText(state: RunState, phase: StatusState): string {
  const hash = planHash(state.plan);
  switch (phase) {
    case "awaiting-approval":
      return `a person reads the plan and runs \`deploy-flow approve ${hash}\` in a terminal`;
    case "awaiting-decision":
      return `a person decides: ${state.question?.question.options.map((option) => `\`deploy-flow approve --answer ${option} --reason ...\``).join(" or ") ?? ""}`;
    case "running":
      return "the runner goes on by itself; `deploy-flow status --watch` follows, `deploy-flow deploy-decide abort --reason ...` stops it";
    case "rolling-back":
      return "the runner goes back to the old version by itself; `deploy-flow status --watch` follows";
    case "finished":
      return finishedText(state);
    case "none":
      return "nothing is under way";
    default:
      return phase satisfies never;
  }
}

function finishedText(state: RunState): string {
  switch (state.outcome?.outcome) {
    case "SUCCESS":
    case "SUCCESS_RISK_ACCEPTED":
      return "read the deployment report; keep watching the service level for the next day";
    case "UNPROVEN":
      return "the new version stays, unproven: watch it, or deploy the old version again";
    case "BLOCKED":
      if (stoppedByFreeze(state)) return "production is untouched: deploy again when the freeze is over";
      if (stoppedByReadiness(state))
        return "production is untouched: do what the readiness report asks for and deploy again";
      return "production is untouched: mend what the staging gate names and deploy again";
    case "ABORTED":
      return "no user saw the new version: clear the reason and deploy again";
    case "ROLLED_BACK":
      return `${state.plan.previous ? "the old version serves everybody" : "nothing serves production, as before"}: find the cause before deploying again; the rollback report names the evidence`;
    case "ROLLBACK_FAILED":
      return `${callText(state)}a person brings production into a known state now, then runs \`deploy-flow release-lock --reason ...\``;
    default:
      return "see the deployment report";
  }
}

/** Whom deploy.yaml names for this, in their order. */
function callText({ plan }: RunState): string {
  const contacts = contactTexts(plan);
  return contacts.length === 0 ? "" : `call ${contacts.join("; then ")}; `;
}
