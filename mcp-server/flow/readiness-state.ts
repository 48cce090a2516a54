import {
  type Acknowledgement,
  Answer,
  acknowledge,
  acknowledgedBy,
  type Condition,
  CRITERIA,
  type CriterionId,
  freezeAt,
  freezeText,
  judgeReadiness,
  migrationsPrepared,
  openConditions,
  type ReadinessReport,
  rehearsedBefore,
} from "../judge/index.ts";
import { between, canonicalJson, type Dimension, type Instant, type Ms } from "../vocab/index.ts";
import type { Intent } from "./events.ts";
import { planHash } from "./plan.ts";
import { suitesExist } from "./readiness-plan.ts";
import { rehearsalDimension } from "./rehearsal-record.ts";
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
    answers: answersOf(state, round, at),
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

function answersOf(state: RunState, round: number, at: Instant): Answer[] {
  const checks = new Map<string, Answer>();
  for (let number = 1; number <= round; number += 1) {
    for (const answer of roundAnswers(state, number)) checks.set(answer.check, answer);
  }
  return [...ownAnswers(state, at), ...checks.values(), ...findings(state)];
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

/** What agents said of a criterion; of one agent the last word. */
function findings(state: RunState): Answer[] {
  const last = new Map<string, Answer>();
  for (const { step, role, text, at, finding } of state.advice) {
    if (step !== "readiness" || !finding) continue;
    const { criterion, status } = finding;
    const check = `finding of ${role}`;
    const by = { kind: "agent" as const, name: role };
    last.set(`${criterion} ${role}`, { criterion, check, status, text, by, at, accepted: [], evidence: [] });
  }
  return [...last.values()];
}

const RUNNER = { kind: "runner", name: "deploy-flow" } as const;

/** What the plan and the journal say by themselves. */
function ownAnswers(state: RunState, at: Instant): Answer[] {
  const { plan } = state;
  const answer = (criterion: CriterionId, check: string, given: Given): Answer => ({
    criterion,
    check,
    by: RUNNER,
    at,
    accepted: [],
    evidence: [],
    ...given,
  });
  const isSame = state.openedWith === planHash(plan);
  const planText = isSame ? "the hash is the same" : "the plan beside the journal has another hash";
  const skip = (criterion: CriterionId, text: string) => answer(criterion, "plan", { status: "not-applicable", text });
  return [
    answer("PLAN", "plan", { status: isSame ? "pass" : "fail", text: planText }),
    answer("FREEZE", "freeze", freezeAnswer(state, at)),
    ...testsAnswer(state).map((given) => answer("TST-1", "staging gate", given)),
    ...(suitesExist(plan) ? [answer("TST-2", "plan", { status: "pass", text: suitesText(state) })] : []),
    ...levelsAnswer(state).map((given) => answer("REL-1", "staging gate", given)),
    answer("APR-1", "approval", approvalAnswer(state)),
    skip("APR-2", "no further sign-off is configured"),
    ...(plan.previous ? [] : [skip("RBK-1", "a first deployment: going back withdraws traffic")]),
    answer("RBK-2", "plan", migrationsAnswer(state, at)),
    ...rehearsalAnswer(state, at).map((given) => answer("REHEARSAL", "rehearsal", given)),
  ];
}

type Given = Partial<Answer> & Pick<Answer, "status" | "text">;

function freezeAnswer({ plan }: RunState, at: Instant): Given {
  const { freeze } = plan;
  if (freeze.freeze.length === 0 && freeze.windows.length === 0)
    return { status: "not-applicable", text: "no freeze and no window is configured" };
  const found = freezeAt(freeze, at);
  if (found.state === "free") return { status: "pass", text: "no freeze is in force" };
  const text = freezeText(found);
  return freeze.override === null
    ? { status: "fail", text }
    : { status: "pass", text, accepted: [`${text}, overridden: ${freeze.override}`] };
}

/** The tests of this version are run by the staging gate, which also runs where there is no staging. */
function testsAnswer({ plan, gates }: RunState): Given[] {
  if (!plan.tests) {
    const reason = plan.notApplicable["staging.tests"] ?? "no tests are configured";
    return plan.readiness.profile === "strict" ? [] : [{ status: "not-applicable", text: reason }];
  }
  const gate = gates.get("staging/gate");
  return [gate ? ofDimension(gate.dimensions.tests, "tests") : pendingStaging("the staging gate runs them")];
}

function levelsAnswer({ plan, gates }: RunState): Given[] {
  const planned = plan.readiness.criteria.find(({ id }) => id === "REL-1");
  if (!planned?.answeredBy.includes("the staging gate")) return [];
  const gate = gates.get("staging/gate");
  return [gate ? ofDimension(gate.dimensions.slo, "service levels") : pendingStaging("the staging gate measures them")];
}

function migrationsAnswer({ plan }: RunState, at: Instant): Given {
  return migrationsPrepared(
    plan.migrations.map(({ forwardFix: _, ...migration }) => migration),
    at,
  );
}

/** Going back is rehearsed by the staging gate, or was by an earlier run; else nobody answers, as the plan says. */
function rehearsalAnswer(state: RunState, at: Instant): Given[] {
  const { plan, gates } = state;
  const { planned, earlier, schemaGeneration } = plan.rehearsal;
  if (!plan.previous) return [{ status: "not-applicable", text: "a first deployment" }];
  if (planned) {
    return [
      gates.has("staging/gate")
        ? ofDimension(rehearsalDimension(state), "rehearsal")
        : pendingStaging("the staging gate rehearses it"),
    ];
  }
  if (earlier.length === 0) return [];
  const { status, text, validUntil } = rehearsedBefore(earlier, { strategy: plan.strategy, schemaGeneration, at });
  return [{ status, text, ...(validUntil ? { validUntil } : {}) }];
}

const pendingStaging = (text: string): Given => ({ status: "unknown", text, pending: "staging" });

function ofDimension(dimension: Dimension | undefined, what: string): Given {
  if (!dimension) return { status: "unknown", text: `the staging gate did not judge the ${what}` };
  if (dimension.outcome === "NOT_APPLICABLE") return { status: "not-applicable", text: dimension.reason };
  const status = dimension.outcome === "PASS" ? "pass" : dimension.outcome === "FAIL" ? "fail" : "unknown";
  return { status, text: dimension.reasons[0]?.text ?? `${what}: ${dimension.outcome}`, evidence: dimension.inputs };
}

function suitesText({ plan }: RunState): string {
  const checks = plan.smoke?.checks ?? [];
  const important = checks.filter(({ priority }) => priority === "P0" || priority === "P1").length;
  return `tests are configured, and ${checks.length} smoke checks, ${important} of them P0 or P1`;
}

function approvalAnswer({ plan, approval, approvalAt, step, gates }: RunState): Given {
  if (approval?.decision === "approve" && approval.planHash === planHash(plan)) {
    const { person, way } = approval;
    const isPerson = way !== "none";
    return {
      status: "pass",
      text: isPerson ? `approved (${way})` : "the target asks for nobody's approval",
      ...(isPerson ? { by: { kind: "person", name: person } } : {}),
      ...(approvalAt ? { at: approvalAt } : {}),
    };
  }
  if (approval) return { status: "fail", text: `${approval.decision} by ${approval.person}` };
  if (plan.approvals.includes("none")) return { status: "pass", text: "the target asks for nobody's approval" };
  const isOver = gates.has("staging/gate") && step !== "staging" && step !== "approval";
  if (isOver) return { status: "fail", text: "nobody approved the plan" };
  return { status: "unknown", text: "a person is asked before production is changed", pending: "approval" };
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
  const report = lastReport(state);
  return report !== undefined && mayChangeProduction(state, report);
}
