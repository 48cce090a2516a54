import type { MachineCheck, ReadinessCheck } from "../../evidence/readiness/index.ts";
import type { Answer, CriterionId, ReadinessReport } from "../../judge/index.ts";
import {
  between,
  type Digest,
  durationMs,
  epochMs,
  instantOf,
  type Json,
  type LiveState,
  type Ms,
} from "../../vocab/index.ts";
import { type Run, RunStopped, stepKey } from "../engine.ts";
import type { Hands } from "../hands.ts";
import { quoted } from "../quoted.ts";
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

/** Asks everything before anything is changed. NO_GO ends the run; conditions that nobody expected need a person's word. */
export async function readiness(run: Run, hands: Hands): Promise<void> {
  await settle(run, hands, Math.max(1, resumable(run, lastRound(run.state()))), true);
}

/**
 * Right before production is changed for the first time: what may have changed since is asked again, everything when the
 * GO has expired. Whoever takes the run up after a crash asks anew when the last look is too old.
 */
export async function recheckReadiness(run: Run, hands: Hands): Promise<void> {
  const changed = [...run.state().intents.values()].some(({ env }) => env === "production");
  if (changed) return;
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

type Given = Pick<Answer, "status" | "text"> & Partial<Answer>;

async function ask(
  run: Run,
  round: number,
  o: { check: string; criterion: CriterionId; text: string },
  perform: (signal: AbortSignal) => Promise<Given>,
): Promise<void> {
  const key = stepKey("readiness", round, o.check);
  await run.act<Json>(
    key,
    { text: o.text },
    async (_fence, signal) => {
      const given = await perform(signal);
      const by = { kind: "runner", name: "deploy-flow" };
      const answer = {
        criterion: o.criterion,
        check: o.check,
        by,
        at: run.now(),
        accepted: [],
        evidence: [],
        ...given,
      };
      return JSON.parse(JSON.stringify(answer)) as Json;
    },
    () => undefined,
  );
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
      .advice.some((one) => one.step === "readiness" && one.role === role && one.finding?.criterion === criterion);
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

/** What the run can see for itself: its lock, production, and both artifacts. */
async function lookAtRun(run: Run, hands: Hands, round: number): Promise<void> {
  const { plan } = run;
  const look = (
    check: string,
    criterion: CriterionId,
    text: string,
    perform: (signal: AbortSignal) => Promise<Given>,
  ) => ask(run, round, { check, criterion, text: `readiness ${criterion}: ${text}` }, perform);
  await look("lock", "LOCK", "the lock of this project", async () => {
    const { held, text } = hands.lock();
    return { status: held ? "pass" : "fail", text };
  });
  await look("target", "ENV-1", "production", (signal) => environment(run, signal));
  await look("artifact", "ART-1", `the artifact of ${plan.version}`, (signal) => artifact(run, plan, signal));
  const { previous } = plan;
  if (previous)
    await look("previous", "RBK-1", `the way back to ${previous.version}`, (signal) => artifact(run, previous, signal));
}

const LOOK_MS: Ms = 30_000;
const BETWEEN_LOOKS_MS: Ms = 1_000;

/** Two looks: what restarts while one looks is in a crash loop. */
async function environment(run: Run, signal: AbortSignal): Promise<Given> {
  try {
    const before = await run.target.observe("production", limited(signal));
    await run.clock.sleep(BETWEEN_LOOKS_MS, signal);
    return healthOf(before, await run.target.observe("production", limited(signal)), run.plan.previous !== null);
  } catch (error) {
    run.checkpoint();
    signal.throwIfAborted();
    return { status: "unknown", text: `production could not be read: ${quoted(error)}` };
  }
}

/** The serving instances, and whether any of them came down between two looks. `isServed`: the plan knows of users. */
export function healthOf(before: LiveState, after: LiveState, isServed: boolean): Given {
  const serving = after.pools.filter(({ weightPct, instances }) => weightPct > 0 && instances > 0);
  if (serving.length === 0) {
    return isServed
      ? { status: "fail", text: "production answers, and nothing serves its users" }
      : { status: "pass", text: "production answers; nothing serves yet" };
  }
  const versions = new Set(serving.map(({ version }) => version));
  const own = ({ instances }: LiveState) =>
    instances.filter(({ version, state }) => versions.has(version) && state !== "stopped");
  const falls = (live: LiveState) => own(live).reduce((sum, one) => sum + one.restarts + one.crashes + one.oomKills, 0);
  const ready = own(after).filter(({ state }) => state === "ready").length;
  const wanted = serving.reduce((sum, { instances }) => sum + instances, 0);
  const fallen = falls(after) - falls(before);
  if (fallen > 0) return { status: "fail", text: "serving instances restart or crash while one looks" };
  return { status: ready < wanted ? "fail" : "pass", text: `${ready} of ${wanted} serving instances are ready` };
}

async function artifact(
  run: Run,
  planned: { version: Run["plan"]["version"]; digest: Digest },
  signal: AbortSignal,
): Promise<Given> {
  try {
    const found = await run.target.resolve(planned.version, limited(signal));
    const text =
      found === planned.digest
        ? `${planned.version} is ${found}`
        : `${planned.version} is ${found}, not ${planned.digest}`;
    return { status: found === planned.digest ? "pass" : "fail", text };
  } catch (error) {
    run.checkpoint();
    signal.throwIfAborted();
    return { status: "unknown", text: `${planned.version} could not be found: ${quoted(error)}` };
  }
}

function limited(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(LOOK_MS)]);
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
