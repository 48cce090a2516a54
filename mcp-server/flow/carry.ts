import { FencedOut } from "../record/journal-file.ts";
import type { Reason, RunOutcome, Version } from "../vocab/index.ts";
import { archive } from "./archive.ts";
import { writeArtifacts } from "./artifacts.ts";
import { RollbackLatched, type RunControl, RunStopped, stepKey } from "./engine.ts";
import type { Hands } from "./hands.ts";
import type { Project } from "./project.ts";
import { quoted } from "./quoted.ts";
import { finishLastRequest } from "./requests.ts";
import { applyPools } from "./runbooks/apply.ts";
import { type Carried, deploy } from "./runbooks/deploy.ts";
import { instancesFor, poolsAt, previousOnly } from "./runbooks/pools.ts";
import { rollback } from "./runbooks/rollback.ts";

/** Carries a run from wherever its journal ends to its archive. */
export async function carry(project: Project, run: RunControl, hands: Hands): Promise<void> {
  finishLastRequest(run);
  if (!run.state().outcome) await toOutcome(run, hands);
  run.enterClosing();
  await run.step("report", async () => writeArtifacts(project, run));
  await archive(project, run);
}

async function toOutcome(run: RunControl, hands: Hands): Promise<void> {
  try {
    run.checkpoint();
    if (run.state().latched) throw new RollbackLatched();
    const carried = await deploy(run, hands);
    await retire(run, carried);
    run.checkpoint();
    conclude(run, carried.outcome, carried.reasons, run.plan.version);
  } catch (error) {
    if (error instanceof FencedOut) throw error;
    const stop = await latchOrStop(run, error);
    run.enterClosing();
    if (stop) {
      await discard(run);
      conclude(run, stop.outcome, stop.reasons, run.plan.previous?.version ?? null);
      return;
    }
    const back = await run.step("rollback", () => rollback(run, hands));
    conclude(
      run,
      back.outcome,
      back.reasons,
      back.outcome === "ROLLED_BACK" ? (run.plan.previous?.version ?? null) : null,
    );
  }
}

/** What an exception means: a stop while nobody is exposed, the one rollback otherwise. */
async function latchOrStop(run: RunControl, error: unknown): Promise<RunStopped["stop"] | undefined> {
  const state = run.state();
  if (state.latched) return undefined;
  if (error instanceof RunStopped && !state.exposed) return error.stop;
  const reasons: Reason[] =
    error instanceof RunStopped ? [...error.stop.reasons] : [{ code: "effect-failed", text: quoted(error) }];
  if (!state.exposed) return { outcome: "ABORTED", reasons };
  await latchWhateverHappens(run, reasons);
  return undefined;
}

const EMERGENCY_RETRY_MS = 1_000;

/**
 * Users come before the record: when the journal cannot be written (a full disk), traffic goes back first, and the
 * latch is journalled as soon as that is possible. Until then this owner keeps the run.
 */
async function latchWhateverHappens(run: RunControl, reasons: Reason[]): Promise<void> {
  let moved = false;
  for (;;) {
    try {
      run.latch({ kind: "target", reasons });
      return;
    } catch (error) {
      if (error instanceof FencedOut) throw error;
      if (!moved && run.plan.previous) {
        await run.target.apply(
          "production",
          poolsAt(run.plan, 0, instancesFor(run.plan, 100)),
          run.fence(),
          AbortSignal.timeout(60_000),
        );
        moved = true;
      }
      process.stderr.write(
        `deploy-flow: the journal cannot be written (${quoted(error)}); traffic is on the old version; trying again\n`,
      );
      await run.clock.sleep(EMERGENCY_RETRY_MS);
    }
  }
}

/** Production holds instances without traffic that nobody needs any more. */
async function discard(run: RunControl): Promise<void> {
  const touched = [...run.state().intents.values()].some((intent) => intent.env === "production");
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

/** After success the old version goes, unless the strategy keeps it for an instant way back. */
async function retire(run: RunControl, carried: Carried): Promise<void> {
  const keep = run.plan.retainOld || carried.outcome === "UNPROVEN" || !run.plan.previous;
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

function conclude(run: RunControl, outcome: RunOutcome, reasons: Reason[], runningVersion: Version | null): void {
  run.append({ event: "outcome", outcome, reasons, runningVersion });
}
