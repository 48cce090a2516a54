import type { Clock, Http } from "../../ports/index.ts";
import { durationMs, type Ms, type Version } from "../../vocab/index.ts";
import type { CleanupStep } from "../http-step.ts";
import { type Asking, type Attempt, attemptStep } from "../smoke/attempt.ts";
import { withoutSecrets, withoutValues } from "../smoke/hide.ts";
import type { JourneyConfig } from "./config.ts";

/** What every walk of a run shares. */
export interface Walking {
  readonly http: Http;
  readonly clock: Clock;
  readonly version: Version;
  readonly signal: AbortSignal;
  /** Takes secrets out of a quoted text. */
  readonly redact: (text: string) => string;
  /** Values of the variables in `passEnv`, as far as they are set. */
  readonly env: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Told of every request as soon as its answer or its failure is there. */
  readonly onRequest?: (request: WalkedRequest) => void;
}

/** One request of a walk. `not-asked`: this machine could not send it, which says nothing about the service. */
export interface WalkedRequest {
  readonly outcome: "passed" | "failed" | "not-asked";
  readonly durationMs: Ms;
  /** An answer came, or the time for it ran out: only then the duration says how long users wait. */
  readonly timed: boolean;
}

/** How one walk through a journey ended. */
export interface Walk {
  readonly outcome: "pass" | "fail" | "error";
  /** Steps that passed. */
  readonly stepsDone: number;
  /** `2 POST /login`: the step that stopped it. */
  readonly failedStep: string | undefined;
  readonly problem: string | undefined;
  readonly versionsObserved: readonly string[];
}

/** Walks once through a journey at one address and stops at the first step that does not pass. Rejects when `signal` aborts. */
export async function walkJourney(journey: JourneyConfig, baseUrl: string, o: Walking): Promise<Walk> {
  const values: Record<string, string> = {};
  const redact = (text: string) => withoutValues(o.redact(withoutSecrets(text, o.env)), [values]);
  const expected = new Set(journey.steps.flatMap(({ remember }) => Object.keys(remember)));
  const deadline = o.clock.mono() + durationMs(journey.timeout);
  const asking = (timeoutMs: Ms): Asking => ({ ...o, redact, values, expected, timeoutMs });
  const versionsObserved: string[] = [];
  let stopped: { step: string; attempt: Attempt } | undefined;
  let stepsDone = 0;
  for (const [index, step] of journey.steps.entries()) {
    const started = o.clock.mono();
    const attempt = await attemptStep(step, baseUrl, asking(Math.max(1, Math.ceil(deadline - started))));
    const took = o.clock.mono() - started;
    o.onRequest?.(requestOf(attempt, took, o.clock.mono() >= deadline));
    if (attempt.kind === "answered" && attempt.versionObserved !== undefined) {
      versionsObserved.push(attempt.versionObserved);
    }
    if (attempt.problem !== undefined) {
      stopped = { step: `${index + 1} ${step.method} ${step.path}`, attempt };
      break;
    }
    if (attempt.kind === "answered") Object.assign(values, attempt.remembered);
    stepsDone += 1;
  }
  const leftovers = await cleanUp(journey.cleanup, baseUrl, asking(durationMs(journey.timeout)));
  const problem = stopped?.attempt.problem ?? leftovers;
  return {
    outcome: stopped === undefined ? "pass" : stopped.attempt.kind === "not-asked" ? "error" : "fail",
    stepsDone,
    failedStep: stopped?.step,
    problem: problem === undefined ? undefined : redact(problem),
    versionsObserved,
  };
}

function requestOf(attempt: Attempt, durationMs: Ms, late: boolean): WalkedRequest {
  if (attempt.kind === "not-asked") return { outcome: "not-asked", durationMs, timed: false };
  const outcome = attempt.problem === undefined ? "passed" : "failed";
  return { outcome, durationMs, timed: attempt.kind === "answered" || late };
}

/** Takes away what a journey made, as far as it got. What stays is named; it does not make a good service a bad one. */
async function cleanUp(steps: readonly CleanupStep[], baseUrl: string, asking: Asking): Promise<string | undefined> {
  const problems: string[] = [];
  for (const [index, { status, ...request }] of steps.entries()) {
    const step = { ...request, expect: { status }, remember: {} };
    const attempt = await attemptStep(step, baseUrl, asking);
    // A step that names what was never made has nothing to take away.
    if (attempt.kind === "not-asked" || attempt.problem === undefined) continue;
    problems.push(`cleanup ${index + 1} ${step.method} ${step.path}: ${attempt.problem}`);
  }
  return problems.length === 0 ? undefined : problems.join("; ");
}
