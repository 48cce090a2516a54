import {
  type Acknowledgement,
  Answer,
  acknowledge,
  acknowledgedBy,
  type Condition,
  CRITERIA,
  type CriterionId,
  judgeReadiness,
  openConditions,
  type ReadinessReport,
} from "../judge/index.ts";
import { between, canonicalJson, type Instant, type Ms } from "../vocab/index.ts";
import type { Intent } from "./events.ts";
import { findings, ownAnswers } from "./readiness-answers.ts";
import type { RunState } from "./run-state.ts";

/**
 * Readiness as a pure function of the folded journal and a moment, so that `verify` can compute it again. One look at
 * everything, or a look again at what may have changed, is a round; rounds are counted from one.
 */

const ROUND = /^readiness\/(\d+)(?:\/|$)/;

/** The round under way or done last; 0 before the first. */
export function lastRound(state: RunState): number {
  const keys = [...state.intents.keys(), ...state.readiness.keys()];
  return Math.max(0, ...keys.map((key) => Number(ROUND.exec(key)?.[1] ?? 0)));
}

/** The report of a round; undefined while it is under way. */
export function reportOf(state: RunState, round: number) {
  return state.readiness.get(`readiness/${round}`);
}

/** The last report of a run; undefined before the first. */
export function lastReport(state: RunState): ReadinessReport | undefined {
  return [...state.readiness.values()].at(-1)?.report;
}

/** The report of one round from everything that was answered up to it. */
export function readinessOf(state: RunState, round: number, full: boolean, at: Instant): ReadinessReport {
  const { profile, criteria, validMs } = state.plan.readiness;
  return judgeReadiness({
    profile,
    criteria,
    answers: answersOf(state, round, at, full ? at : (lastFull(state)?.at ?? at)),
    at,
    validMs: full ? validMs : Math.max(0, between(at, lastFull(state)?.validUntil ?? at)),
    acknowledged: acknowledged(state),
    fixes: state.plan.fixes?.incident,
  });
}

/** The last report of a round in which everything was asked. */
export function lastFull(state: RunState): ReadinessReport | undefined {
  return [...state.readiness.values()].findLast(({ full }) => full)?.report;
}

/** Conditions that people took upon themselves, as they were shown to them. */
function acknowledged(state: RunState): Acknowledgement[] {
  return state.answers.flatMap(({ key, answer, person }) => {
    const round = /^readiness\/(\d+)\/conditions$/.exec(key)?.[1];
    const report = round === undefined ? undefined : reportOf(state, Number(round))?.report;
    if (answer !== "continue" || !report) return [];
    return openConditions(report).flatMap(({ criterion }) =>
      report.results
        .filter((result) => result.criterion === criterion)
        .map((result) => acknowledge(result, report.answers, person)),
    );
  });
}

/** Conditions of a report with who took each upon themselves, also since it was made. */
export function conditionsNow(state: RunState, report: ReadinessReport): Condition[] {
  const taken = acknowledged(state);
  return report.conditions.map((condition) => {
    const result = report.results.find(({ criterion }) => criterion === condition.criterion);
    const since = result ? acknowledgedBy(result, report.answers, taken) : null;
    return { ...condition, acknowledgedBy: condition.acknowledgedBy ?? since };
  });
}

/** The run was stopped by readiness: NO_GO, or conditions that nobody took. */
export function stoppedByReadiness({ stopping }: Pick<RunState, "stopping">): boolean {
  return stopping?.reasons.some(({ code }) => code.startsWith("readiness-")) ?? false;
}

/** How old the answer of a machine may be when it is judged. */
export const FRESH_MS: Ms = 5 * 60_000;

/** Machine answers of a round that is not finished, for whoever takes it up again. */
export function isStale(state: RunState, round: number, now: Instant): boolean {
  return roundAnswers(state, round).some(({ by, at }) => by.kind === "runner" && between(at, now) > FRESH_MS);
}

function answersOf(state: RunState, round: number, at: Instant, asked: Instant): Answer[] {
  const checks = new Map<string, Answer>();
  for (let number = 1; number <= round; number += 1) {
    for (const answer of roundAnswers(state, number)) checks.set(answer.check, answer);
  }
  const heard = [...checks.values()];
  return [...ownAnswers(state, at), ...heard, ...findings(state, asked, heard, at)];
}

function roundAnswers(state: RunState, round: number): Answer[] {
  return [...state.results].flatMap(([key, value]) => {
    if (!key.startsWith(`readiness/${round}/`)) return [];
    const answer = Answer.safeParse(value);
    return answer.success ? [answer.data] : [];
  });
}

/** The last answer of a check, in whatever round. */
export function lastAnswer(state: RunState, check: string): Answer | undefined {
  const answers = Array.from({ length: lastRound(state) }, (_, index) => roundAnswers(state, index + 1)).flat();
  return answers.findLast((answer) => answer.check === check);
}

/** Whether the first change of production may come: everything answered, nothing open. */
export function mayChangeProduction(state: RunState, report: ReadinessReport): boolean {
  return report.reach === "production" && conditionsNow(state, report).every((one) => one.acknowledgedBy !== null);
}

/** Whether a criterion is asked again right before the first change. */
export function isAskedAgain(criterion: CriterionId): boolean {
  return CRITERIA[criterion].recheck;
}

/** The last look says NO_GO, or asks for what nobody took upon themselves: what a stop by readiness needs in the record. */
export function readinessStops(state: RunState): boolean {
  const report = lastReport(state);
  return report !== undefined && !mayChangeProduction(state, report);
}

/** What a recorded report says other than its answers, the plan and the journal give; undefined when it is the same. */
export function readinessDifference(
  state: RunState,
  at: Instant,
  recorded: { key: string; full: boolean; report: ReadinessReport },
): string | undefined {
  const { key, full, report } = recorded;
  if (between(report.at, at) < 0) return `${key} was judged after it was recorded`;
  const again = readinessOf(state, Number(ROUND.exec(key)?.[1] ?? 0), full, report.at);
  if (canonicalJson(again) === canonicalJson(report)) return undefined;
  return again.judge === report.judge
    ? `${key} recorded ${report.decision}, the answers give ${again.decision} or other reasons`
    : `${key} was judged by ${report.judge}, this is ${again.judge}: another judge version, not tampering`;
}

/** Production is changed only after a look that allowed it. */
export function changeFollows(state: RunState, intent: Intent): boolean {
  if (intent.env !== "production") return true;
  if ([...state.intents.values()].some(({ env }) => env === "production")) return true;
  return isAllowed(state);
}

/**
 * The first effect in production that was not merely found done: whoever took the run up between its intent and its
 * effect has looked again, and what that look said counts. A way back needs no permission.
 */
export function effectFollows(state: RunState, { key, reconciled }: { key: string; reconciled?: boolean }): boolean {
  const isChange = (name: string) => state.intents.get(name)?.env === "production";
  if (!isChange(key) || reconciled || state.latched || state.stopping) return true;
  return [...state.results.keys()].some(isChange) || isAllowed(state);
}

function isAllowed(state: RunState): boolean {
  const report = lastReport(state);
  return report !== undefined && mayChangeProduction(state, report);
}
