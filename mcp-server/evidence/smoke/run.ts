import type { SmokeResult, SmokeRun } from "../../judge/inputs.ts";
import type { Clock, Http } from "../../ports/index.ts";
import { durationMs, type Priority, type Version } from "../../vocab/index.ts";
import { refuseProblems, type SmokeCheck, type SmokeConfig, smokeProblems } from "../config.ts";
import { type Asking, type Attempt, attemptStep, ON_ITS_OWN_CONNECTION } from "./attempt.ts";
import { withoutSecrets, withoutValues } from "./hide.ts";

/** How many checks run: P0 and P1 at `minimal`, P2 too at `standard`, all at `thorough`. P0 and P1, which decide, always do. */
export type SmokeDepth = "minimal" | "standard" | "thorough";

export interface SmokeOptions {
  readonly config: SmokeConfig;
  readonly http: Http;
  readonly clock: Clock;
  /** The entry of the environment, or the addresses of the instances that are meant; a check must pass at each. */
  readonly baseUrls: readonly string[];
  readonly mode: SmokeRun["mode"];
  /** The version that has to answer. */
  readonly version: Version;
  readonly depth?: SmokeDepth;
  readonly signal: AbortSignal;
  /** Values of the variables in `config.passEnv`, as far as they are set. */
  readonly env?: Readonly<Record<string, string>>;
  /** Takes secrets out of a quoted text. */
  readonly redact: (text: string) => string;
  readonly onProgress?: (result: SmokeResult, done: number, of: number) => void;
}

const MAX_MESSAGE = 300;

/**
 * Runs the smoke checks in order, one at a time. A check that fails is run once more after a short pause, and the
 * second answer counts. No redirect is followed. Outcome `error` means that a check could not be run, which is no
 * statement about the service. Rejects when `signal` aborts; FlowError `config` for a section that cannot be used.
 */
export async function runSmoke(o: SmokeOptions): Promise<SmokeRun> {
  refuseProblems(smokeProblems(o.config));
  const remembered = new Map(o.baseUrls.map((url) => [url, {} as Record<string, string>]));
  const expected = new Set(o.config.checks.flatMap((check) => Object.keys(check.remember)));
  const env = o.env ?? {};
  const redact = (text: string) => withoutValues(o.redact(withoutSecrets(text, env)), remembered.values());
  const results: SmokeResult[] = [];
  for (const check of o.config.checks) {
    o.signal.throwIfAborted();
    const result = await runCheck(check, { ...o, redact }, (url) => ({
      http: o.http,
      timeoutMs: durationMs(o.config.timeout),
      version: o.version,
      signal: o.signal,
      redact,
      values: remembered.get(url) ?? {},
      expected,
      env,
      headers: ON_ITS_OWN_CONNECTION,
    }));
    results.push(result);
    o.onProgress?.(result, results.length, o.config.checks.length);
  }
  return { mode: o.mode, versionExpected: o.version, results };
}

const LEFT_OUT: Record<SmokeDepth, readonly Priority[]> = { minimal: ["P2", "P3"], standard: ["P3"], thorough: [] };

/** Whether something of this priority is not run at this depth. Without a depth everything is run. */
export function isLeftOut(priority: Priority, depth: SmokeDepth | undefined): boolean {
  return depth !== undefined && LEFT_OUT[depth].includes(priority);
}

async function runCheck(check: SmokeCheck, o: SmokeOptions, asking: (url: string) => Asking): Promise<SmokeResult> {
  const about = { id: check.id, group: check.group, priority: check.priority };
  if (isLeftOut(check.priority, o.depth)) {
    return { ...about, outcome: "skip", attempts: 0, durationMs: 0, message: `not run at depth ${o.depth}` };
  }
  if (o.baseUrls.length === 0) {
    return { ...about, outcome: "error", attempts: 0, durationMs: 0, message: "there is no address to ask" };
  }
  const started = o.clock.mono();
  const tries: Confirmed[] = [];
  for (const url of o.baseUrls) {
    const one = await confirmed(check, url, o, asking(url));
    tries.push(one);
    if (one.last.kind === "answered") Object.assign(asking(url).values, one.last.remembered);
  }
  const worst = worstOf(tries);
  const version = versionOf(tries, o.version);
  const message = messageFor(worst, o);
  return {
    ...about,
    outcome: outcomeOf(worst.last),
    attempts: Math.max(...tries.map((one) => one.attempts)),
    durationMs: o.clock.mono() - started,
    ...(version === undefined ? {} : { versionObserved: version }),
    ...(message === undefined ? {} : { message }),
  };
}

/** The attempt that counts, and the one before it when there was one. */
interface Confirmed {
  readonly url: string;
  readonly attempts: number;
  readonly last: Attempt;
  readonly first: Attempt;
}

/** A service may stumble once; failing twice is a failure. */
async function confirmed(check: SmokeCheck, url: string, o: SmokeOptions, asking: Asking): Promise<Confirmed> {
  const first = await attemptStep(check, url, asking);
  if (outcomeOf(first) !== "fail") return { url, attempts: 1, first, last: first };
  await o.clock.sleep(durationMs(o.config.confirmAfter), o.signal);
  o.signal.throwIfAborted();
  return { url, attempts: 2, first, last: await attemptStep(check, url, asking) };
}

function outcomeOf(attempt: Attempt): "pass" | "fail" | "error" {
  switch (attempt.kind) {
    case "answered":
      return attempt.problem === undefined ? "pass" : "fail";
    case "no-answer":
      return "fail";
    case "not-asked":
      return "error";
    default: {
      const unknown: never = attempt;
      throw new Error(`unknown attempt ${String(unknown)}`);
    }
  }
}

const BADNESS = { pass: 0, error: 1, fail: 2 } as const;

function worstOf(tries: readonly Confirmed[]): Confirmed {
  return tries.reduce((a, b) => (BADNESS[outcomeOf(b.last)] > BADNESS[outcomeOf(a.last)] ? b : a));
}

/** The version that answered; a foreign one outranks the expected one. */
function versionOf(tries: readonly Confirmed[], expected: Version): string | undefined {
  const said = tries.flatMap(({ last }) =>
    last.kind === "answered" && last.versionObserved !== undefined ? [last.versionObserved] : [],
  );
  return said.find((version) => version !== expected) ?? said[0];
}

/** What went wrong, or that it went wrong the first time; redacted before it is cut, so that no half of a secret stays. */
function messageFor({ url, first, last }: Confirmed, o: SmokeOptions): string | undefined {
  const problem =
    last.problem ?? (first.problem === undefined ? undefined : `passed when rerun; before: ${first.problem}`);
  if (problem === undefined) return undefined;
  const text = o.redact(o.baseUrls.length > 1 ? `${url}: ${problem}` : problem);
  return text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE)}…` : text;
}
