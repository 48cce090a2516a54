import {
  type Answer,
  type CriterionId,
  freezeAt,
  freezeText,
  migrationsPrepared,
  rehearsedBefore,
} from "../judge/index.ts";
import { between, type Dimension, type Instant } from "../vocab/index.ts";
import { planHash } from "./plan.ts";
import { suitesExist } from "./readiness-plan.ts";
import { rehearsalDimension } from "./rehearsal-record.ts";
import type { RunState } from "./run-state.ts";

/**
 * What agents said of a criterion; of one agent the last word. Like the GO it holds for a time: a word of a day ago knew
 * another world when everything is asked again at `asked`. A failure stays one, whatever is said later under the same
 * role: anybody may claim a role. Only what somebody else than an agent says takes it back; see {@link takenBack}.
 */
export function findings(state: RunState, asked: Instant, heard: readonly Answer[], now: Instant): Answer[] {
  const last = new Map<string, Answer>();
  for (const { step, role, text, at, finding } of state.advice) {
    if (step !== "readiness" || !finding) continue;
    const { criterion } = finding;
    const key = `${criterion} ${role}`;
    const isOld = finding.status !== "fail" && between(at, asked) > state.plan.readiness.validMs;
    const given = isOld
      ? { status: "unknown" as const, text: `said too long ago, ${at}: ${text}` }
      : { ...finding, text };
    const check = `finding of ${role}`;
    const by = { kind: "agent" as const, name: role };
    const answer: Answer = { ...given, criterion, check, by, at, accepted: [], evidence: [] };
    const before = last.get(key);
    const stands = before?.status === "fail" && !takenBack(state, before, heard, now);
    if (!stands || answer.status === "fail") last.set(key, answer);
  }
  return [...last.values()].map((answer) => {
    const back = answer.status === "fail" ? takenBack(state, answer, heard, now) : undefined;
    if (!back) return answer;
    return { ...answer, status: "unknown", text: `taken back by ${back.check} at ${back.at}: ${answer.text}` };
  });
}

/**
 * What takes an agent's failure back: a person who attests the criterion after it, or a check that measures it anew
 * after a report in which the failure was heard. A check that was under way beside the agent is only another opinion.
 */
function takenBack(
  state: RunState,
  { criterion, at }: Answer,
  heard: readonly Answer[],
  now: Instant,
): Answer | undefined {
  const judged = [...state.readiness.values()].find(({ report }) => between(at, report.at) >= 0)?.report.at;
  return heard.find((answer) => {
    if (answer.criterion !== criterion || answer.status !== "pass") return false;
    if (answer.validUntil && between(answer.validUntil, now) > 0) return false;
    if (answer.by.kind === "person") return between(at, answer.at) > 0;
    return answer.by.kind === "runner" && judged !== undefined && between(judged, answer.at) > 0;
  });
}

const RUNNER = { kind: "runner", name: "deploy-flow" } as const;

/** What the plan and the journal say by themselves. */
export function ownAnswers(state: RunState, at: Instant): Answer[] {
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
