import { type Run, stepKey } from "../engine.ts";
import type { Hands } from "../hands.ts";

/** Records what production does before its first change: the reference for the observation and after a rollback. */
export async function baseline(run: Run, hands: Hands): Promise<void> {
  if (run.state().baseline !== undefined) return;
  const { plan } = run;
  const previous = plan.previous;
  if (!previous || !plan.metrics) {
    run.append({
      event: "baseline",
      snapshot: null,
      reason: previous ? "the plan judges no metrics" : "first deployment",
    });
    return;
  }
  const live = await run.target.observe("production", AbortSignal.any([AbortSignal.timeout(30_000), run.interrupted]));
  const snapshot = await hands.history(live, previous.version, run.interrupted);
  run.checkpoint();
  if (snapshot) {
    const stored = hands.storeJson("baseline/production-pre-deploy", snapshot, previous.version);
    run.append({ event: "evidence", key: stepKey("baseline", "production"), ref: stored.ref, file: stored.file });
  }
  run.append(
    snapshot
      ? { event: "baseline", snapshot }
      : { event: "baseline", snapshot: null, reason: "the old version's metrics could not be read" },
  );
}
