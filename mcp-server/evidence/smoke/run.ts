import type { SmokeResult, SmokeRun } from "../../judge/inputs.ts";
import type { Clock, Http } from "../../ports/index.ts";
import { durationMs, type Version } from "../../vocab/index.ts";
import { refuseProblems, type SmokeCheck, type SmokeConfig, smokeProblems } from "../config.ts";
import { type Asking, type Attempt, attemptCheck } from "./attempt.ts";

/** How many checks run: all, or at `minimal` only those of priority P0 and P1. */
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
  const redact = (text: string) => withoutValues(o.redact(text), remembered.values());
  const results: SmokeResult[] = [];
  for (const check of o.config.checks) {
    o.signal.throwIfAborted();
    const result = await runCheck(check, { ...o, redact }, (url) => ({
      config: o.config,
      http: o.http,
      version: o.version,
      signal: o.signal,
      redact,
      values: remembered.get(url) ?? {},
      expected,
    }));
    results.push(result);
    o.onProgress?.(result, results.length, o.config.checks.length);
  }
  return { mode: o.mode, versionExpected: o.version, results };
}

/** What a check remembered is a session's token more often than not: messages show its name instead. */
function withoutValues(text: string, remembered: Iterable<Readonly<Record<string, string>>>): string {
  let shown = text;
  for (const values of remembered) {
    for (const [name, value] of Object.entries(values)) {
      if (value.length >= 6) shown = shown.replaceAll(value, `{${name}}`);
    }
  }
  return shown;
}

function isLeftOut(check: SmokeCheck, depth: SmokeDepth | undefined): boolean {
  return depth === "minimal" && check.priority !== "P0" && check.priority !== "P1";
}

async function runCheck(check: SmokeCheck, o: SmokeOptions, asking: (url: string) => Asking): Promise<SmokeResult> {
  const about = { id: check.id, group: check.group, priority: check.priority };
  if (isLeftOut(check, o.depth)) {
    return { ...about, outcome: "skip", attempts: 0, durationMs: 0, message: "not run at depth minimal" };
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
  const first = await attemptCheck(check, url, asking);
  if (outcomeOf(first) !== "fail") return { url, attempts: 1, first, last: first };
  await o.clock.sleep(durationMs(o.config.confirmAfter), o.signal);
  o.signal.throwIfAborted();
  return { url, attempts: 2, first, last: await attemptCheck(check, url, asking) };
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
