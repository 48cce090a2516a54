import { type BareVerdict, type JourneysRun, judgeJourneys, judgeSmoke, type SmokeRun } from "../judge/index.ts";
import { FencedOut } from "../record/journal-file.ts";
import { reachOf } from "../target/index.ts";
import { addressesOf, canonicalJson, type Env, type LiveState, type StepKey, type Version } from "../vocab/index.ts";
import type { Run } from "./engine.ts";
import type { Hands } from "./hands.ts";
import { quoted } from "./quoted.ts";
import type { RunState, WatchState } from "./run-state.ts";
import { runSuites } from "./run-suites.ts";
import { hasSuites, suiteSideIn, suitesKey } from "./suites-record.ts";
import { unlessAborted } from "./unless-aborted.ts";

/** How the smoke checks and journeys of a watch are run, beside the polls. */
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
 * Runs the checks and journeys of a watch and journals what they said. What cannot be run is tried again until the
 * watch is over; so is what failed after a rollback, gave no answer, or fails in a check that is only P2.
 */
export async function startChecks(
  run: Run,
  hands: Hands,
  key: StepKey,
  where: WatchSmoke,
  signal: AbortSignal,
): Promise<void> {
  const watched = run.state().watches.get(key);
  if (!watched) return;
  const subject = subjectOf(run, watched);
  await Promise.all([
    untilSettled(run, watched, where, signal, {
      what: "smoke checks",
      isWanted: run.plan.smoke !== null,
      isSettled: () =>
        isSettled(run, watched, "smoke") && (watched.smokeCleanAt === undefined || !canStillClear(watched)),
      ask: (urls) => hands.smoke(where.mode, urls, subject, signal),
      last: () => watched.smoke?.run,
      record: (seen) => recordSmoke(run, hands, key, seen),
    }),
    untilSettled(run, watched, where, signal, {
      what: "user journeys",
      isWanted: run.plan.journeys !== null,
      isSettled: () => isSettled(run, watched, "journeys"),
      ask: (urls) => hands.journeys(where.mode, urls, subject, signal),
      last: () => watched.journeys?.run,
      record: (seen) => recordJourneys(run, hands, key, seen),
    }),
    untilSuitesAnswer(run, hands, watched, signal),
  ]);
}

/** Runs the suites that are safe in production beside the observation, so that what they find is acted on at once. */
async function untilSuitesAnswer(run: Run, hands: Hands, watched: WatchState, signal: AbortSignal): Promise<void> {
  const side = suiteSideIn(watched.watch);
  if (!side || !hasSuites(run.state())) return;
  const ended = () => run.state().results.has(suitesKey(side));
  while (!signal.aborted && !ended()) {
    try {
      await runSuites(run, hands, side, subjectOf(run, watched), signal);
    } catch (error) {
      if (error instanceof FencedOut) throw error;
      // Interrupted, or a platform or disk that refused: the suites are run again while the watch goes on.
      if (!signal.aborted) await run.clock.sleep(run.plan.pollMs, signal);
    }
  }
}

/** Outcomes by name; what two rounds of the same checks are compared by. */
interface Round {
  readonly results: readonly { readonly id: string; readonly outcome: string }[];
}

interface Checks<T extends Round> {
  readonly what: string;
  readonly isWanted: boolean;
  /** No other round can change what was said at this watch. */
  readonly isSettled: () => boolean;
  readonly ask: (urls: readonly string[]) => Promise<T | undefined>;
  readonly last: () => T | undefined;
  readonly record: (seen: T) => void;
}

const OBSERVE_LIMIT_MS = 10_000;

async function untilSettled<T extends Round>(
  run: Run,
  watched: WatchState,
  where: WatchSmoke,
  signal: AbortSignal,
  checks: Checks<T>,
): Promise<void> {
  if (!checks.isWanted || checks.isSettled()) return;
  const round = async () => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(OBSERVE_LIMIT_MS)]);
    const urls = where.baseUrls(await unlessAborted(run.target.observe(envOf(watched), limit), limit));
    // Nobody was asked, so nothing was answered: until somebody can be, the checks are missing and not inconclusive.
    if (urls.length === 0) throw new Error(`no instance of ${subjectOf(run, watched)} is ready to be asked`);
    return checks.ask(urls);
  };
  for (let told = false; !signal.aborted; told = true) {
    const seen = await round().catch((error: unknown) => {
      const text = `${checks.what} could not be run and are tried again: ${quoted(error)}`;
      if (!signal.aborted && !told) run.append({ event: "notice", level: "warning", text });
      return undefined;
    });
    if (signal.aborted) return;
    const kept =
      seen !== undefined && (tellsNothingNew(watched, checks.last(), seen) || recorded(() => checks.record(seen)));
    if (kept && checks.isSettled()) return;
    await run.clock.sleep((kept ? AGAIN_AFTER_POLLS : 1) * run.plan.pollMs, signal);
  }
}

function isSettled(run: Run, watched: WatchState, kind: "smoke" | "journeys"): boolean {
  const outcome = watched[kind]?.verdict.outcome;
  if (outcome === undefined) return false;
  const { key, watch } = watched;
  if (watch.track !== "post-rollback") return outcome !== "INCONCLUSIVE" || watch.track === "staging";
  const unanswered = run
    .events()
    .filter(({ event }) => event.event === kind && event.key === key && event.verdict.outcome === "INCONCLUSIVE");
  return outcome === "PASS" || (outcome === "INCONCLUSIVE" && unanswered.length > RERUNS_AFTER_ROLLBACK);
}

/** A pass with a failing P2 check is asked again while users are on the way to the new version. */
function canStillClear({ watch, smoke }: WatchState): boolean {
  return watch.track === "production" && smoke?.verdict.outcome === "PASS";
}

/** The same checks with the same outcomes: not worth a line in the journal. */
function tellsNothingNew({ watch }: WatchState, last: Round | undefined, seen: Round): boolean {
  const told = ({ results }: Round) => canonicalJson(results.map(({ id, outcome }) => ({ id, outcome })));
  return watch.track !== "post-rollback" && last !== undefined && told(last) === told(seen);
}

/** A disk that refuses once is tried again; only another owner ends the checks. */
function recorded(record: () => void): boolean {
  try {
    record();
    return true;
  } catch (error) {
    if (error instanceof FencedOut) throw error;
    return false;
  }
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
    const reach = reachOf(run.plan.target);
    const every = live.instances.flatMap(({ version, url }) => (version === subject && url !== undefined ? [url] : []));
    const urls = reach === "instances" ? every : addressesOf(live, subject, reach);
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

/** Key under which the journeys of the version before were walked. */
export const BASELINE_JOURNEYS = "baseline/journeys";

/** The verdict on a run of the journeys, held against the run before the deployment where there is one. */
export function journeysVerdict(state: RunState, seen: JourneysRun): BareVerdict {
  const before = seen.mode === "pre-deploy" ? undefined : state.journeys.get(BASELINE_JOURNEYS)?.run;
  return judgeJourneys(seen, before);
}

/** Stores a run of the journeys as evidence and journals it with its verdict. */
export function recordJourneys(run: Run, hands: Hands, key: StepKey, seen: JourneysRun): void {
  const stored = hands.storeJson(`journeys/${key}`, seen, seen.versionExpected as Version);
  run.append({ event: "evidence", key, ref: stored.ref, file: stored.file });
  const verdict = { ...journeysVerdict(run.state(), seen), inputs: [stored.ref] };
  run.append({ event: "journeys", key, run: seen, verdict });
}
