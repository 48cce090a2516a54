import { hold } from "../record/held.ts";
import { FencedOut } from "../record/journal-file.ts";
import type { Reason, RunOutcome, Version } from "../vocab/index.ts";
import { archive } from "./archive.ts";
import { writeArtifacts } from "./artifacts.ts";
import { recall } from "./background.ts";
import { giveClaimsBack } from "./claims.ts";
import { JournalRefused, RollbackLatched, type RunControl, RunStopped, stepKey } from "./engine.ts";
import type { Stop } from "./events.ts";
import type { Hands } from "./hands.ts";
import type { Project } from "./project.ts";
import { quoted } from "./quoted.ts";
import { finishLastRequest } from "./requests.ts";
import { awaitAdvice } from "./runbooks/advice.ts";
import { applyPools } from "./runbooks/apply.ts";
import { type Carried, deploy } from "./runbooks/deploy.ts";
import { poolsBack, previousOnly } from "./runbooks/pools.ts";
import { rollback } from "./runbooks/rollback.ts";

/** Carries a run from wherever its journal ends to its archive. With the outcome known, `beforeReport` is awaited. */
export async function carry(
  project: Project,
  run: RunControl,
  hands: Hands,
  beforeReport: () => Promise<void> = async () => {},
): Promise<void> {
  finishLastRequest(run);
  if (!run.state().outcome) await toOutcome(run, hands);
  run.enterClosing();
  holdIfFailed(project, run);
  await giveClaimsBack(run);
  await beforeReport();
  await run.step("report", async () => {
    await awaitAdvice(run, "report");
    await recall(project, run);
    writeArtifacts(project, run);
  });
  await archive(project, run);
}

/** Before the archive: whoever dies over that leaves nothing that a next start would take for free. */
function holdIfFailed(project: Project, run: RunControl): void {
  const { outcome, runId } = run.state();
  if (outcome?.outcome !== "ROLLBACK_FAILED" || !runId) return;
  const reason = outcome.reasons.map((entry) => entry.text).join("; ");
  hold(project.ports.disk, project.paths.lock, { runId, reason, at: outcome.at });
}

async function toOutcome(run: RunControl, hands: Hands): Promise<void> {
  try {
    if (!run.state().stopping) return await forward(run, hands);
  } catch (error) {
    if (error instanceof FencedOut) throw error;
    await latchOrStop(run, error);
  }
  run.enterClosing();
  const { stopping } = run.state();
  if (stopping) await clearAway(run, stopping);
  else await back(run, hands);
}

async function forward(run: RunControl, hands: Hands): Promise<void> {
  run.checkpoint();
  if (run.state().latched) throw new RollbackLatched();
  const carried = await deploy(run, hands);
  await retire(run, carried);
  run.checkpoint();
  conclude(run, carried.outcome, carried.reasons, run.plan.version);
}

async function clearAway(run: RunControl, stop: Stop): Promise<void> {
  await discard(run);
  conclude(run, stop.outcome, stop.reasons, run.plan.previous?.version ?? null);
}

async function back(run: RunControl, hands: Hands): Promise<void> {
  const gone = await despiteTheJournal(run, () => run.step("rollback", () => rollback(run, hands)));
  await despiteTheJournal(run, () => conclude(run, gone.outcome, gone.reasons, runningAfter(run)));
}

/** The old version where its traffic was read back as whole; otherwise nobody knows. */
function runningAfter(run: RunControl): Version | null | undefined {
  const traffic = run.state().gates.get("rollback/gate")?.dimensions.traffic?.outcome;
  return traffic === "PASS" ? (run.plan.previous?.version ?? null) : undefined;
}

/** Journals what an exception means: a stop while nobody is exposed, the one rollback otherwise. */
async function latchOrStop(run: RunControl, error: unknown): Promise<void> {
  const state = run.state();
  if (state.latched || state.stopping) return;
  // Nobody is exposed and nothing can be written down: whoever takes the run up later decides on the whole record.
  if (!state.exposed && error instanceof JournalRefused) throw error;
  const stop = stopOf(run, error);
  if (!state.exposed) run.append({ event: "stopping", stop });
  else await despiteTheJournal(run, () => run.latch({ kind: "target", reasons: stop.reasons }));
}

function stopOf(run: RunControl, error: unknown): Stop {
  if (error instanceof RunStopped) return { ...error.stop, reasons: [...error.stop.reasons] };
  const { abortReason } = run.state();
  // An effect that was interrupted because somebody asked to stop failed for that reason and no other.
  const reason: Reason =
    abortReason === undefined
      ? { code: "effect-failed", text: quoted(error) }
      : { code: "manual-abort", text: `stopped on request: ${abortReason}` };
  return { outcome: "ABORTED", reasons: [reason] };
}

const EMERGENCY_RETRY_MS = 1_000;
const EMERGENCY_MOVE_MS = 60_000;

/**
 * Users come before the record: while the journal cannot be written (a full disk), traffic goes back first, and what
 * has to be journalled is tried until that is possible. Until then this owner keeps the run.
 */
async function despiteTheJournal<T>(run: RunControl, body: () => T | Promise<T>): Promise<T> {
  let moved = false;
  for (;;) {
    try {
      return await body();
    } catch (error) {
      if (!(error instanceof JournalRefused)) throw error;
      moved = moved || (await movedBack(run));
      const traffic = moved ? "traffic is on the old version" : "traffic could not be moved back yet";
      process.stderr.write(`deploy-flow: the journal cannot be written (${quoted(error)}); ${traffic}; trying again\n`);
      await run.clock.sleep(EMERGENCY_RETRY_MS);
    }
  }
}

async function movedBack(run: RunControl): Promise<boolean> {
  const { instances, rolling } = run.plan;
  for (const old of [instances, ...(rolling ? [rolling.enough] : [])]) {
    try {
      const limit = AbortSignal.timeout(EMERGENCY_MOVE_MS);
      await run.target.apply("production", poolsBack(run, undefined, old), run.fence(), limit);
      return true;
    } catch {
      // Fewer instances of a replaced version are tried next.
    }
  }
  return false;
}

/** Production holds instances without traffic that nobody needs any more. */
async function discard(run: RunControl): Promise<void> {
  const touched = [...run.state().intents.values()].some(({ env, pools }) => env === "production" && pools);
  if (!touched) return;
  await applyPools(run, stepKey("discard", "candidate"), {
    env: "production",
    pools: previousOnly(run.plan),
    text: `stop the instances of ${run.plan.version}; they never had traffic`,
  }).catch((error: unknown) => {
    run.append({
      event: "notice",
      level: "warning",
      text: `instances of ${run.plan.version} could not be stopped: ${quoted(error)}`,
    });
  });
}

/** After success the old version goes, unless the strategy keeps it for an instant way back or has replaced it already. */
async function retire(run: RunControl, carried: Carried): Promise<void> {
  const keep =
    run.plan.retainOld || run.plan.rolling !== undefined || carried.outcome === "UNPROVEN" || !run.plan.previous;
  if (keep) return;
  await applyPools(run, stepKey("finish", "retire"), {
    env: "production",
    pools: [{ version: run.plan.version, digest: run.plan.digest, instances: run.plan.instances, weightPct: 100 }],
    text: `stop the instances of ${run.plan.previous?.version ?? "the old version"}`,
  }).catch((error: unknown) => {
    if (error instanceof RollbackLatched || error instanceof RunStopped) throw error;
    run.append({
      event: "notice",
      level: "warning",
      text: `the old version could not be stopped: ${quoted(error)}`,
    });
  });
}

function conclude(
  run: RunControl,
  outcome: RunOutcome,
  reasons: Reason[],
  runningVersion: Version | null | undefined,
): void {
  run.append({ event: "outcome", outcome, reasons, ...(runningVersion === undefined ? {} : { runningVersion }) });
}
