import { lastEpoch } from "../record/lock.ts";
import { TargetError } from "../target/index.ts";
import type { Env, RunId } from "../vocab/index.ts";
import { type Run, stepKey } from "./engine.ts";
import { openTarget, type Project } from "./project.ts";
import { quoted } from "./quoted.ts";
import { readRun } from "./run-files.ts";

/**
 * Gives the platform's lock of every environment back that the run has changed, once it has its outcome. Production
 * stays claimed after a failed rollback: nobody may deploy over it until a person has released the project. What
 * cannot be given back is noted; the outcome stands.
 */
export async function giveClaimsBack(run: Run): Promise<void> {
  const { unlock } = run.target;
  if (!unlock) return;
  for (const env of changedBy(run)) {
    if (env === "production" && run.state().outcome?.outcome === "ROLLBACK_FAILED") continue;
    try {
      await run.act(
        stepKey("finish", `unlock-${env}`),
        { text: `give the platform's lock of ${env} back` },
        async (fence, signal) => {
          await unlock(env, fence, signal);
          return true;
        },
        () => undefined,
      );
    } catch (error) {
      if (!(error instanceof TargetError)) throw error;
      const text = `the platform's lock of ${env} could not be given back: ${quoted(error)}`;
      run.append({ event: "notice", level: "warning", text });
    }
  }
}

function changedBy(run: Run): Env[] {
  const envs = [...run.state().intents.values()].flatMap(({ env }) => (env === undefined ? [] : [env]));
  return [...new Set(envs)];
}

/**
 * Gives production's lock back that the run with the failed rollback kept, once a person has released the project.
 * A sentence when it cannot be: then the person frees it with the platform's own tools.
 */
export async function giveHeldClaimBack(
  project: Project,
  runId: RunId,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const run = readRun(project);
    if (run?.state.runId !== runId)
      return "the plan of that run is gone; free the platform's lock by hand, if it has one";
    const { unlock } = openTarget(project, run.plan.target);
    await unlock?.("production", { runId, epoch: lastEpoch(project.ports.disk, project.paths.lock) }, signal);
    return undefined;
  } catch (error) {
    return `the platform's lock of production could not be given back: ${quoted(error)}`;
  }
}
