import type { MachineCheck, ReadinessCheck } from "../../evidence/readiness/index.ts";
import type { ReadinessReport } from "../../judge/index.ts";
import { between, durationMs, epochMs, instantOf, type Ms } from "../../vocab/index.ts";
import { type Run, RunStopped, stepKey } from "../engine.ts";
import type { Hands } from "../hands.ts";
import {
  conditionsNow,
  FRESH_MS,
  isAskedAgain,
  isStale,
  lastAnswer,
  lastFull,
  lastRound,
  mayChangeProduction,
  readinessOf,
  reportOf,
} from "../readiness-state.ts";
import { awaitAdvice } from "./advice.ts";
import { ask, lookAtRun } from "./readiness-looks.ts";

/** Asks everything before anything is changed. NO_GO ends the run; conditions that nobody expected need a person's word. */
export async function readiness(run: Run, hands: Hands): Promise<void> {
  await settle(run, hands, Math.max(1, resumable(run, lastRound(run.state()))), true);
}

/**
 * Right before production is changed for the first time: what may have changed since is asked again, everything when the
 * GO has expired. Whoever takes the run up after a crash asks anew when the last look is too old.
 */
export async function recheckReadiness(run: Run, hands: Hands): Promise<void> {
  for (;;) {
    const state = run.state();
    const last = lastRound(state);
    const done = reportOf(state, last)?.report;
    const isFresh = last > 1 && done !== undefined && between(done.at, run.now()) <= FRESH_MS;
    if (isFresh && mayChangeProduction(state, done)) return;
    const validUntil = lastFull(state)?.validUntil;
    const expired = validUntil === undefined || between(validUntil, run.now()) > 0;
    const report = await settle(run, hands, done && !isFresh ? last + 1 : resumable(run, Math.max(2, last)), expired);
    if (report.reach !== "production") {
      const text = `still open: ${report.pending.join(", ")}`;
      throw new RunStopped({ outcome: "BLOCKED", reasons: [{ code: "readiness-pending", text }] });
    }
  }
}

/** A round that was begun too long ago is begun anew. */
function resumable(run: Run, round: number): number {
  const state = run.state();
  return !reportOf(state, round) && isStale(state, round, run.now()) ? round + 1 : round;
}

async function settle(run: Run, hands: Hands, round: number, full: boolean): Promise<ReadinessReport> {
  const key = stepKey("readiness", round);
  if (!reportOf(run.state(), round)) {
    await gather(run, hands, round, full);
    if (round === 1) await awaitAdvice(run, "readiness");
    const report = readinessOf(run.state(), round, full, run.now());
    run.append({ event: "readiness", key, full, report: JSON.parse(JSON.stringify(report)) as ReadinessReport });
  }
  const report = reportOf(run.state(), round)?.report;
  if (!report) throw new RangeError(`readiness round ${round} left no report`);
  if (report.decision === "NO_GO") throw new RunStopped({ outcome: "BLOCKED", reasons: [...report.reasons] });
  await acknowledge(run, round, report);
  return report;
}

/** People are asked first, so that what machines say is young when it is judged. */
async function gather(run: Run, hands: Hands, round: number, full: boolean): Promise<void> {
  const checks = run.plan.readiness.checks.filter(({ criterion }) => full || isAskedAgain(criterion));
  for (const check of checks) {
    if (check.kind === "attestation") await attest(run, round, check);
    if (check.kind === "finding") await awaitFinding(run, round, check);
  }
  await lookAtRun(run, hands, round);
  for (const check of checks) {
    if (check.kind !== "attestation" && check.kind !== "finding") await made(run, hands, round, check);
  }
}

async function made(run: Run, hands: Hands, round: number, check: MachineCheck): Promise<void> {
  const { id, criterion, kind } = check;
  await ask(run, round, { check: id, criterion, text: `readiness ${criterion}: ${id} (${kind})` }, async (signal) => {
    const { finding, stored } = await hands.readinessCheck(check, signal);
    const key = stepKey("readiness", round, id);
    for (const { ref, file } of stored) run.append({ event: "evidence", key, ref, file });
    const { status, text, validUntil, accepted } = finding;
    return {
      status,
      text,
      ...(validUntil ? { validUntil } : {}),
      accepted: [...(accepted ?? [])],
      evidence: stored.map(({ ref }) => ref),
    };
  });
}

/** A person's word that something is so. One that still holds is not asked for again. */
async function attest(run: Run, round: number, check: Extract<ReadinessCheck, { kind: "attestation" }>): Promise<void> {
  const { id, criterion, statement, validFor } = check;
  const before = lastAnswer(run.state(), id);
  if (before?.validUntil && between(run.now(), before.validUntil) > 0) return;
  await ask(run, round, { check: id, criterion, text: `readiness ${criterion}: ask a person` }, async () => {
    const key = stepKey("readiness", round, id, "attest");
    await run.ask(key, {
      about: "attestation",
      text: `Attest ${criterion}: ${statement}`,
      options: ["attest", "reject"],
      deadlineMs: answerMs(run),
      onExpiry: "unknown",
    });
    const given = run.state().answers.find((answer) => answer.key === key);
    if (!given || given.answer === "expired") return { status: "unknown", text: `nobody attested: ${statement}` };
    const said = { at: given.at, by: { kind: "person" as const, name: given.person } };
    if (given.answer !== "attest") return { status: "fail", text: `denied: ${statement} (${given.reason})`, ...said };
    const validUntil = instantOf(epochMs(given.at) + durationMs(validFor));
    return { status: "pass", text: `attested (${given.way}): ${statement}; ${given.reason}`, validUntil, ...said };
  });
}

/** Waits for what an agent was asked to find; its word counts where findings are judged, this says only that it is missing. */
async function awaitFinding(
  run: Run,
  round: number,
  check: Extract<ReadinessCheck, { kind: "finding" }>,
): Promise<void> {
  const { id, criterion, role, wait } = check;
  const isIn = () =>
    run
      .state()
      .advice.some(
        (one) =>
          one.step === "readiness" &&
          one.role === role &&
          one.finding?.criterion === criterion &&
          between(one.at, run.now()) <= run.plan.readiness.validMs,
      );
  await ask(run, round, { check: id, criterion, text: `readiness ${criterion}: wait for ${role}` }, async () => {
    const until = run.clock.mono() + (run.state().unattended ? 0 : durationMs(wait));
    while (!isIn() && run.clock.mono() < until) {
      run.checkpoint();
      await run.woken(Math.min(1_000, until - run.clock.mono()));
    }
    run.checkpoint();
    const by = { kind: "agent" as const, name: role };
    return isIn()
      ? { status: "not-applicable", text: `${role} answered`, by }
      : { status: "unknown", text: `${role} gave no finding` };
  });
}

function answerMs({ plan, state }: Run): Ms {
  const { answerMs: planned } = plan.readiness;
  return state().unattended ? Math.min(planned, plan.waits.decisionUnattendedMs) : planned;
}

/** Conditions that the approved plan does not name are a person's to take. Silence is no. */
async function acknowledge(run: Run, round: number, report: ReadinessReport): Promise<void> {
  const open = conditionsNow(run.state(), report).filter((condition) => condition.acknowledgedBy === null);
  if (open.length === 0) return;
  const key = stepKey("readiness", round, "conditions");
  const text = open.map((condition) => `${condition.criterion}: ${condition.text}`).join("; ");
  if (run.plan.approvals.includes("none")) {
    const person = "nobody: the target is not production";
    run.append({ event: "answer", key, answer: "continue", way: "none", person, reason: text });
    return;
  }
  const answer = await run.ask(key, {
    about: "conditions",
    text: `Go on under these conditions? ${text}`,
    options: ["continue", "reject"],
    deadlineMs: answerMs(run),
    onExpiry: "block",
  });
  if (answer === "continue") return;
  const why = answer === "expired" ? "nobody acknowledged in time" : "not acknowledged";
  throw new RunStopped({ outcome: "BLOCKED", reasons: [{ code: "readiness-conditions", text: `${why}: ${text}` }] });
}
