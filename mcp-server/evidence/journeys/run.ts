import type { JourneyResult, JourneysRun } from "../../judge/inputs.ts";
import { refuseProblems } from "../config.ts";
import { ON_ITS_OWN_CONNECTION } from "../smoke/attempt.ts";
import { isLeftOut, type SmokeDepth } from "../smoke/run.ts";
import { type JourneyConfig, type JourneysConfig, journeysProblems } from "./config.ts";
import { type Walk, type Walking, walkJourney } from "./walk.ts";

export interface JourneysOptions extends Walking {
  readonly journeys: JourneysConfig;
  /** The entry of the environment, or the addresses of the instances that are meant; a journey must complete at each. */
  readonly baseUrls: readonly string[];
  readonly mode: JourneysRun["mode"];
  readonly depth?: SmokeDepth;
  readonly onProgress?: (result: JourneyResult, done: number, of: number) => void;
}

const MAX_MESSAGE = 300;
const CONFIRM_AFTER_MS = 1_000;

/**
 * Walks through the journeys in order, one at a time. One that fails is walked once more from its first step, and the
 * second walk counts; both count for its completion. Outcome `error` means that it could not be walked, which is no
 * statement about the service. Rejects when `signal` aborts; FlowError `config` for journeys that cannot be used.
 */
export async function runJourneys(o: JourneysOptions): Promise<JourneysRun> {
  refuseProblems(journeysProblems(o.journeys));
  const results: JourneyResult[] = [];
  for (const journey of o.journeys) {
    o.signal.throwIfAborted();
    const result = await runJourney(journey, o);
    results.push(result);
    o.onProgress?.(result, results.length, o.journeys.length);
  }
  return { mode: o.mode, versionExpected: o.version, results };
}

async function runJourney(journey: JourneyConfig, o: JourneysOptions): Promise<JourneyResult> {
  const about = { id: journey.id, priority: journey.priority, steps: journey.steps.length };
  const unwalked = (outcome: "skip" | "error", message: string): JourneyResult => ({
    ...about,
    outcome,
    attempts: 0,
    completionPct: null,
    stepsDone: 0,
    durationMs: 0,
    message,
  });
  if (isLeftOut(journey.priority, o.depth)) return unwalked("skip", `not run at depth ${o.depth}`);
  if (o.baseUrls.length === 0) return unwalked("error", "there is no address to ask");
  const started = o.clock.mono();
  const tries: Confirmed[] = [];
  for (const url of o.baseUrls) tries.push(await confirmed(journey, url, o));
  const worst = tries.reduce((a, b) => (BADNESS[b.last.outcome] > BADNESS[a.last.outcome] ? b : a));
  const walks = tries.flatMap(({ walks }) => walks).filter(({ outcome }) => outcome !== "error");
  const completed = walks.filter(({ outcome }) => outcome === "pass").length;
  const version = versionOf(tries, o.version);
  const message = messageFor(worst, o.baseUrls.length > 1);
  return {
    ...about,
    outcome: worst.last.outcome,
    attempts: Math.max(...tries.map(({ walks }) => walks.length)),
    completionPct: walks.length === 0 ? null : (100 * completed) / walks.length,
    stepsDone: worst.last.stepsDone,
    durationMs: o.clock.mono() - started,
    ...(worst.last.failedStep === undefined ? {} : { failedStep: worst.last.failedStep }),
    ...(version === undefined ? {} : { versionObserved: version }),
    ...(message === undefined ? {} : { message }),
  };
}

/** The walks at one address; the last one counts. */
interface Confirmed {
  readonly url: string;
  readonly walks: readonly Walk[];
  readonly first: Walk;
  readonly last: Walk;
}

/** A service may stumble once; failing twice is a failure. */
async function confirmed(journey: JourneyConfig, url: string, o: JourneysOptions): Promise<Confirmed> {
  const walking = { ...o, headers: { ...ON_ITS_OWN_CONNECTION, ...o.headers } };
  const first = await walkJourney(journey, url, walking);
  if (first.outcome !== "fail") return { url, walks: [first], first, last: first };
  await o.clock.sleep(CONFIRM_AFTER_MS, o.signal);
  o.signal.throwIfAborted();
  const last = await walkJourney(journey, url, walking);
  return { url, walks: [first, last], first, last };
}

const BADNESS = { pass: 0, error: 1, fail: 2 } as const;

/** The version that answered; a foreign one outranks the expected one. */
function versionOf(tries: readonly Confirmed[], expected: string): string | undefined {
  const said = tries.flatMap(({ last }) => last.versionsObserved);
  return said.find((version) => version !== expected) ?? said[0];
}

/** What went wrong and where, or that it went wrong the first time. */
function messageFor({ url, first, last }: Confirmed, several: boolean): string | undefined {
  const problem =
    last.problem === undefined ? first.problem && `completed when repeated; before: ${placed(first)}` : placed(last);
  if (problem === undefined) return undefined;
  const text = several ? `${url}: ${problem}` : problem;
  return text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE)}…` : text;
}

function placed({ failedStep, problem }: Walk): string {
  return failedStep === undefined ? `${problem}` : `step ${failedStep}: ${problem}`;
}
