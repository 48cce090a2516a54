import { judgeSmoke, type SmokeRun } from "../judge/index.ts";
import { FencedOut } from "../record/journal-file.ts";
import { canonicalJson, type Env, type LiveState, type StepKey, type Version } from "../vocab/index.ts";
import type { Run } from "./engine.ts";
import type { Hands } from "./hands.ts";
import { quoted } from "./quoted.ts";
import type { WatchState } from "./run-state.ts";
import { unlessAborted } from "./unless-aborted.ts";

/** How the smoke checks of a watch are run, beside the polls. */
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

/** After so many polls checks that have not settled are run again. */
const AGAIN_AFTER_POLLS = 3;

/** Rounds after a rollback that gave no answer are repeated so often (table F4). */
const RERUNS_AFTER_ROLLBACK = 2;

/**
 * Runs the checks of a watch and journals what they said. What cannot be run is tried again until the watch is over;
 * so are checks that failed after a rollback, gave no answer, or fail in what is only P2.
 */
export async function startSmoke(
  run: Run,
  hands: Hands,
  key: StepKey,
  smoke: WatchSmoke,
  signal: AbortSignal,
): Promise<void> {
  const watched = run.state().watches.get(key);
  if (!watched || !run.plan.smoke || isSettled(run, watched)) return;
  for (let told = false; !signal.aborted; told = true) {
    const seen = await checksOf(run, hands, watched, smoke, signal).catch((error: unknown) => {
      const text = `smoke checks could not be run and are tried again: ${quoted(error)}`;
      if (!signal.aborted && !told) run.append({ event: "notice", level: "warning", text });
      return undefined;
    });
    if (signal.aborted) return;
    const kept = seen !== undefined && (tellsNothingNew(watched, seen) || recorded(run, hands, key, seen));
    if (kept && isSettled(run, watched)) return;
    await run.clock.sleep((kept ? AGAIN_AFTER_POLLS : 1) * run.plan.pollMs, signal);
  }
}

/** No other round can change what the checks of this watch said. */
function isSettled(run: Run, { key, watch, smoke, smokeCleanAt }: WatchState): boolean {
  if (!smoke) return false;
  const { outcome } = smoke.verdict;
  if (watch.track !== "post-rollback") {
    return outcome === "FAIL" || (outcome === "PASS" && smokeCleanAt === undefined) || watch.track === "staging";
  }
  const unanswered = run
    .events()
    .filter(({ event }) => event.event === "smoke" && event.key === key && event.verdict.outcome === "INCONCLUSIVE");
  return outcome === "PASS" || (outcome === "INCONCLUSIVE" && unanswered.length > RERUNS_AFTER_ROLLBACK);
}

/** The same checks with the same outcomes: not worth a line in the journal. */
function tellsNothingNew({ watch, smoke }: WatchState, seen: SmokeRun): boolean {
  const told = ({ results }: SmokeRun) => canonicalJson(results.map(({ id, outcome }) => ({ id, outcome })));
  return watch.track !== "post-rollback" && smoke !== undefined && told(smoke.run) === told(seen);
}

/** A disk that refuses once is tried again; only another owner ends the checks. */
function recorded(run: Run, hands: Hands, key: StepKey, seen: SmokeRun): boolean {
  try {
    recordSmoke(run, hands, key, seen);
    return true;
  } catch (error) {
    if (error instanceof FencedOut) throw error;
    return false;
  }
}

const OBSERVE_LIMIT_MS = 10_000;

async function checksOf(run: Run, hands: Hands, watched: WatchState, smoke: WatchSmoke, signal: AbortSignal) {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(OBSERVE_LIMIT_MS)]);
  const live = await unlessAborted(run.target.observe(envOf(watched), limit), limit);
  const subject = subjectOf(run, watched);
  const urls = smoke.baseUrls(live);
  // Nobody was asked, so nothing was answered: until somebody can be, the checks are missing and not inconclusive.
  if (urls.length === 0) throw new Error(`no instance of ${subject} is ready to be asked`);
  return hands.smoke(smoke.mode, urls, subject, signal);
}

/** The checks as the only eyes left while the metrics are gone. */
export interface Probes {
  /** Whether the last finished round failed; undefined before the first. Starts the next round beside the polls. */
  look(live: LiveState | undefined): boolean | undefined;
}

/** A round of checks against a service that hangs must not hang the watch, and not be cut off by a poll either. */
const PROBE_LIMIT_MS = 60_000;

export function openProbes(run: Run, hands: Hands, watched: WatchState): Probes {
  let last: boolean | undefined;
  let busy = false;
  const round = async (live: LiveState) => {
    const subject = subjectOf(run, watched);
    const urls = live.instances.flatMap(({ version, url }) => (version === subject && url !== undefined ? [url] : []));
    const limit = AbortSignal.any([AbortSignal.timeout(PROBE_LIMIT_MS), run.interrupted]);
    const seen = await hands.smoke("production", urls, subject, limit);
    return seen === undefined ? undefined : judgeSmoke(seen).outcome === "FAIL";
  };
  return {
    look: (live) => {
      if (busy || !live || !run.plan.smoke) return last;
      busy = true;
      round(live)
        // A service that lets its probes run into their limit does not serve.
        .catch(() => (run.interrupted.aborted ? last : true))
        .then((failed) => {
          last = failed;
          busy = false;
        });
      return last;
    },
  };
}

/** Stores a smoke run as evidence and journals it with its verdict. */
export function recordSmoke(run: Run, hands: Hands, key: StepKey, seen: SmokeRun): void {
  const stored = hands.storeJson(`smoke/${key}`, seen, seen.versionExpected as Version);
  run.append({ event: "evidence", key, ref: stored.ref, file: stored.file });
  run.append({ event: "smoke", key, run: seen, verdict: { ...judgeSmoke(seen), inputs: [stored.ref] } });
}
