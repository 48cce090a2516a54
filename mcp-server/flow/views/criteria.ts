import { num } from "../../record/figures.ts";
import { spanText } from "../../vocab/index.ts";
import { planHash } from "../plan.ts";
import { stoppedByReadiness } from "../readiness-state.ts";
import { hasSuites, suitesOf } from "../suites-record.ts";
import { decidedBy } from "./gate-views.ts";
import { journeysOf, journeysText } from "./journeys.ts";
import { decisionText, rationale, readinessReportOf } from "./readiness.ts";
import { gateOf, observationOf, type RunRecord } from "./record.ts";
import { rollbackResult } from "./rollback.ts";
import { proposalsOf } from "./runbook-updates.ts";
import { smokeOf, smokeText } from "./smoke.ts";
import { lostText, suiteTestsOf } from "./tests.ts";
import { APPROVAL, reasonsText, shareText, triggerText } from "./words.ts";

type Status = "MET" | "NOT MET" | "NOT REACHED" | "NOT APPLICABLE" | "FOLLOWS" | "NOT PART OF THIS RUN";

interface Criterion {
  readonly name: string;
  readonly status: Status;
  readonly detail: string;
}

/**
 * The flow's quality gates and success criteria, computed from the journal. A rolled-back release meets none of those
 * that it did not reach, however well the rollback went.
 */
export function criteria(record: RunRecord): Criterion[] {
  return [
    readiness(record),
    strategy(record),
    gate(record, "Staging regression gate", "staging"),
    executed(record),
    smoke(record),
    journeys(record),
    ...(hasSuites(record.state) ? [suites(record)] : []),
    serviceLevels(record),
    gate(record, "Production regression gate", "production"),
    rollback(record),
    verifiedRollback(record),
    criterion("Deployment report", "MET", "this document"),
    documented(record),
    criterion(
      "Artifacts kept, drafts archived, audit trail",
      "FOLLOWS",
      "the last step, after this report; `deploy-flow verify` proves it",
    ),
    criterion("Notification of stakeholders drafted", "MET", "internal and external; a person sends it"),
    criterion("Changes to runbooks proposed", "MET", proposalsText(record)),
  ];
}

function criterion(name: string, status: Status, detail: string): Criterion {
  return { name, status, detail };
}

function readiness(record: RunRecord): Criterion {
  const name = "Pre-deployment validation passed";
  const report = readinessReportOf(record);
  if (!report) return criterion(name, "NOT REACHED", "not judged");
  const isMet = report.decision !== "NO_GO" && !stoppedByReadiness(record.state);
  return criterion(name, isMet ? "MET" : "NOT MET", `${decisionText(report)}: ${rationale(report)}`);
}

function strategy({ plan, state }: RunRecord): Criterion {
  const name = "Strategy chosen and confirmed";
  const { approval } = state;
  const hash = planHash(plan).slice(0, 12);
  if (!approval) return criterion(name, "NOT REACHED", `${plan.strategy}, plan ${hash} was not put to anybody`);
  const isGiven = approval.decision === "approve";
  return criterion(
    name,
    isGiven ? "MET" : "NOT MET",
    `${plan.strategy}, plan ${hash}: ${APPROVAL[approval.decision]}, ${approval.person}`,
  );
}

function gate(record: RunRecord, name: string, kind: "staging" | "production"): Criterion {
  const entry = gateOf(record, kind);
  if (!entry) return criterion(name, "NOT REACHED", "not judged");
  const { outcome } = entry.gate.verdict;
  return criterion(name, outcome === "PASS" ? "MET" : "NOT MET", `${outcome}: ${decidedBy(entry.gate)}`);
}

function executed(record: RunRecord): Criterion {
  const name = "Deployment carried out";
  const { state, plan } = record;
  if (!state.exposedAt) return criterion(name, "NOT REACHED", "no production traffic was sent to the new version");
  const reached = record.watches.findLast((watched) => watched.plan.track === "production")?.plan.weightPct;
  const isDone = observationOf(record) !== undefined && !state.latched;
  return criterion(
    name,
    isDone ? "MET" : "NOT MET",
    `${plan.version} got ${shareText(reached ?? 0)} of production traffic`,
  );
}

function smoke(record: RunRecord): Criterion {
  const name = "Smoke checks in production";
  const reason = record.plan.notApplicable["production.smoke"];
  if (reason !== undefined) return criterion(name, "NOT APPLICABLE", reason);
  const last = smokeOf(record, "production");
  if (!last) return criterion(name, "NOT REACHED", "not run");
  return criterion(name, last.verdict.outcome === "PASS" ? "MET" : "NOT MET", smokeText(last.run));
}

function journeys(record: RunRecord): Criterion {
  const name = "User journeys in production";
  const reason = record.plan.notApplicable["production.journeys"];
  if (reason !== undefined) return criterion(name, "NOT APPLICABLE", reason);
  const last = journeysOf(record, "production");
  if (!last) return criterion(name, "NOT REACHED", "not run");
  return criterion(name, last.verdict.outcome === "PASS" ? "MET" : "NOT MET", journeysText(last.run));
}

function suites({ state }: RunRecord): Criterion {
  const name = "Suites that are safe in production";
  const verdict = suitesOf(state, "after")?.verdict;
  if (!verdict) return criterion(name, "NOT REACHED", "not run");
  const check = suiteTestsOf(state, "after");
  // Where a suite gave no answer, what the others found is not the whole.
  const isWhole = check && verdict.outcome !== "INCONCLUSIVE";
  return criterion(
    name,
    verdict.outcome === "PASS" ? "MET" : "NOT MET",
    isWhole ? lostText(check) : reasonsText(verdict.reasons),
  );
}

function serviceLevels(record: RunRecord): Criterion {
  const name = "Service levels for the whole observation";
  const reason = record.plan.notApplicable["production.metrics"];
  if (reason !== undefined) return criterion(name, "NOT APPLICABLE", reason);
  const watched = observationOf(record);
  if (!watched) return criterion(name, "NOT REACHED", "100 % of traffic was not reached");
  const served = `${spanText(watched.servedMs)} of ${spanText(watched.plan.plannedMs + watched.extendedMs)}`;
  if (watched.end?.end !== "served") return criterion(name, "NOT MET", `stopped after ${served}`);
  const why = watched.end.proven ? "proven" : `not proven: ${reasonsText(watched.end.reasons)}`;
  return criterion(name, watched.end.proven ? "MET" : "NOT MET", `${served} served, ${why}`);
}

function rollback(record: RunRecord): Criterion {
  const name = "No rollback";
  const { latched, exposed } = record.state;
  if (!latched)
    return criterion(name, exposed ? "MET" : "NOT REACHED", exposed ? "none was triggered" : "nobody was exposed");
  return criterion(name, "NOT MET", `${triggerText(latched)}; rollback ${rollbackResult(record) ?? "not verified"}`);
}

/** Apart from the criterion above: a good rollback is worth knowing and makes no release a success. */
function verifiedRollback(record: RunRecord): Criterion {
  const name = "Rollback verified, if one was triggered";
  if (!record.state.latched) return criterion(name, "NOT APPLICABLE", "none was triggered");
  const result = rollbackResult(record);
  return criterion(name, result === "SUCCESS" ? "MET" : "NOT MET", `rollback ${result ?? "not verified"}`);
}

function proposalsText(record: RunRecord): string {
  const count = proposalsOf(record).length;
  return count === 0 ? "none follows from what was measured" : `${num(count)} proposed, none applied`;
}

function documented(record: RunRecord): Criterion {
  const judged = record.gates.map(({ gate: own }) => own.gate);
  const names = [...new Set(judged)].join(", ");
  return criterion(
    "Regression results documented",
    judged.length > 0 ? "MET" : "NOT REACHED",
    names || "no gate was judged",
  );
}
