import { judgeSmoke, type SmokeRun } from "../judge/index.ts";
import type { Env, LiveState, StepKey, Version } from "../vocab/index.ts";
import type { Run } from "./engine.ts";
import type { Hands } from "./hands.ts";
import { quoted } from "./quoted.ts";
import type { WatchState } from "./run-state.ts";

/** How the smoke checks of a watch are run: once, beside the polls. */
export interface WatchSmoke {
  readonly mode: SmokeRun["mode"];
  readonly baseUrls: (live: LiveState) => readonly string[];
}

/** The environment that a watch is about. */
export function envOf({ watch }: WatchState): Env {
  return watch.track === "staging" ? "staging" : "production";
}

/** The version that a watch is about. */
export function subjectOf(run: Run, watched: WatchState): Version {
  return watched.watch.track === "post-rollback" && run.plan.previous ? run.plan.previous.version : run.plan.version;
}

/** Runs the checks of a watch once and journals what they said; a failure to run them is a notice. */
export async function startSmoke(
  run: Run,
  hands: Hands,
  key: StepKey,
  smoke: WatchSmoke,
  signal: AbortSignal,
): Promise<void> {
  const state = run.state();
  if (state.watches.get(key)?.smoke) return;
  try {
    const watched = state.watches.get(key);
    if (!watched) return;
    const live = await run.target.observe(envOf(watched), signal);
    const seen = await hands.smoke(smoke.mode, smoke.baseUrls(live), subjectOf(run, watched), signal);
    if (seen && !signal.aborted) recordSmoke(run, hands, key, seen);
  } catch (error) {
    if (signal.aborted) return;
    run.append({ event: "notice", level: "warning", text: `smoke checks could not be run: ${quoted(error)}` });
  }
}

/** Stores a smoke run as evidence and journals it with its verdict. */
export function recordSmoke(run: Run, hands: Hands, key: StepKey, seen: SmokeRun): void {
  const stored = hands.storeJson(`smoke/${key}`, seen, seen.versionExpected as Version);
  run.append({ event: "evidence", key, ref: stored.ref, file: stored.file });
  run.append({ event: "smoke", key, run: seen, verdict: { ...judgeSmoke(seen), inputs: [stored.ref] } });
}
