import { judgeSmoke, type MetricsSnapshot } from "../../judge/index.ts";
import { FlowError, type LiveState, type StepKey, type Verdict, type Version } from "../../vocab/index.ts";
import { dispersionsOf, lastHour, WINDOWS_EVIDENCE } from "../calibration.ts";
import { type Run, stepKey } from "../engine.ts";
import type { Hands } from "../hands.ts";
import { quoted } from "../quoted.ts";
import type { Recording } from "../recording.ts";
import { suitesBefore } from "../run-suites.ts";
import { BASELINE_JOURNEYS, journeysVerdict, recordJourneys, recordSmoke } from "../watch-smoke.ts";

/** Records what production does before its first change: the reference for the observation and after a rollback. */
export async function baseline(run: Run, hands: Hands): Promise<void> {
  if (run.state().baseline !== undefined) return;
  const { plan } = run;
  const previous = plan.previous;
  if (previous) await checksBefore(run, hands, previous.version);
  await suitesBefore(run, hands);
  if (!previous || !plan.metrics) {
    run.append({
      event: "baseline",
      snapshot: null,
      reason: previous ? "the plan judges no metrics" : "first deployment",
    });
    return;
  }
  const live = await observed(run);
  const recorded = await hands.history(live, previous.version, run.interrupted);
  run.checkpoint();
  const snapshot = recorded && calibrated(run, hands, recorded, previous.version);
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

/** The record with the dispersion of its metrics, where the source tells how they went minute by minute. */
function calibrated(run: Run, hands: Hands, { snapshot, windows }: Recording, version: Version): MetricsSnapshot {
  const recent = lastHour(windows);
  if (recent.length === 0) return snapshot;
  try {
    const dispersions = dispersionsOf(run.plan, recent);
    const { ref, file } = hands.storeJson(WINDOWS_EVIDENCE, recent, version);
    run.append({ event: "evidence", key: stepKey("baseline", "windows"), ref, file });
    return { ...snapshot, dispersions };
  } catch (error) {
    if (!(error instanceof FlowError) || error.code !== "damaged") throw error;
    warn(run, `how much the old version's metrics scatter could not be measured: ${quoted(error)}`);
    return snapshot;
  }
}

function observed(run: Run): Promise<LiveState> {
  return run.target.observe("production", AbortSignal.any([AbortSignal.timeout(30_000), run.interrupted]));
}

/** What checks and journeys say of the old version. A new version is not to be blamed later for what failed already. */
async function checksBefore(run: Run, hands: Hands, version: Version): Promise<void> {
  if (run.plan.smoke) {
    await checkBefore(run, stepKey("baseline", "smoke"), "smoke checks", async (key, live) => {
      const seen = await hands.smoke("pre-deploy", [live.entryUrl], version, run.interrupted);
      if (seen) recordSmoke(run, hands, key, seen);
      return seen && judgeSmoke(seen);
    });
  }
  if (!run.plan.journeys) return;
  await checkBefore(run, stepKey(BASELINE_JOURNEYS), "user journeys", async (key, live) => {
    const seen = await hands.journeys("pre-deploy", [live.entryUrl], version, run.interrupted);
    if (seen) recordJourneys(run, hands, key, seen);
    return seen && journeysVerdict(run.state(), seen);
  });
}

type Before = (key: StepKey, live: LiveState) => Promise<Pick<Verdict, "outcome" | "reasons"> | undefined>;

/** A baseline that cannot be taken is a gap in the record and stops nothing: what comes after is judged on its own. */
async function checkBefore(run: Run, key: StepKey, what: string, check: Before): Promise<void> {
  if (run.state().smokes.has(key) || run.state().journeys.has(key)) return;
  try {
    const verdict = await check(key, await observed(run));
    run.checkpoint();
    if (verdict?.outcome !== "FAIL") return;
    const why = verdict.reasons.map(({ text }) => text).join("; ");
    warn(run, `${what} fail in production before the deployment: ${why}`);
  } catch (error) {
    run.checkpoint();
    warn(run, `${what} of the version before could not be run: ${quoted(error)}`);
  }
}

function warn(run: Run, text: string): void {
  run.append({ event: "notice", level: "warning", text });
}
