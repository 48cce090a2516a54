import type { ProductionSuite } from "../evidence/config.ts";
import type { MetricSource } from "../evidence/metrics/index.ts";
import type { Finding, MachineCheck } from "../evidence/readiness/index.ts";
import type { JourneysRun, SmokeRun, TestsVerdict } from "../judge/index.ts";
import type { Arm, EvidenceRef, LiveState, Verdict, Version } from "../vocab/index.ts";
import type { Track } from "./events.ts";
import type { Recording } from "./recording.ts";
import type { SuiteSide, SuitesResult } from "./suites-record.ts";

/** A stored piece of evidence and where it lies below the run's evidence folder. */
export interface StoredEvidence {
  readonly ref: EvidenceRef;
  readonly file: string;
}

/** What a test run brought: the stored rows of both sides and the verdict over them. */
export interface TestsEvidence {
  readonly stored: readonly StoredEvidence[];
  readonly verdict: Verdict;
  /** The whole result of the check, as `regression-check` prints it. */
  readonly check: unknown;
}

/** What a suite that ran in production brought: its kept rows, or why there are none. */
export type SuiteAnswer = { readonly id: string } & (
  | { readonly stored: StoredEvidence; readonly flaky: number }
  | { readonly problem: string }
);

/**
 * What a runbook measures with. Made once per run from its plan; a test can replace any of it.
 */
export interface Hands {
  /** The source of metrics of one track; undefined when the plan judges none. */
  source(track: Track): MetricSource | undefined;
  /** What the old version did in the last hour, or since its instances started. */
  history(live: LiveState, version: Version, signal: AbortSignal): Promise<Recording | undefined>;
  /** Runs the smoke checks; undefined when the plan has none. */
  smoke(
    mode: SmokeRun["mode"],
    baseUrls: readonly string[],
    version: Version,
    signal: AbortSignal,
  ): Promise<SmokeRun | undefined>;
  /** Walks through the user journeys; undefined when the plan has none. */
  journeys(
    mode: JourneysRun["mode"],
    baseUrls: readonly string[],
    version: Version,
    signal: AbortSignal,
  ): Promise<JourneysRun | undefined>;
  /** Sends probe traffic to both versions at this rate until shortly after the next call; how much was answered since the last one. */
  probe(track: Track, live: LiveState, ratePerSecond: number): Record<Arm, number> | undefined;
  /** Ends the probe traffic of a track at once. */
  restProbes(track: Track): void;
  /** Runs or reads the tests of the new version and compares them with the baseline. */
  tests(signal: AbortSignal): Promise<TestsEvidence>;
  /** Runs one suite against production, which serves this version at this entry, and keeps what it says. */
  suite(
    suite: ProductionSuite,
    at: { side: SuiteSide; url: string; version: Version },
    signal: AbortSignal,
  ): Promise<SuiteAnswer>;
  /** Judges what the suites of a side said against what they said of the version before. */
  judgeSuites(side: SuiteSide, result: SuitesResult): Promise<{ verdict: Verdict; check: TestsVerdict | null }>;
  /** Sends the configured load to a URL until the signal aborts or it ends by itself; undefined when none is configured. */
  load(url: string, signal: AbortSignal): Promise<void> | undefined;
  /** Makes one check of readiness and keeps what it rests on. */
  readinessCheck(
    check: MachineCheck,
    signal: AbortSignal,
  ): Promise<{ finding: Finding; stored: readonly StoredEvidence[] }>;
  /** Whether this run holds the lock of its project. */
  lock(): { held: boolean; text: string };
  /** Stores plain JSON as evidence that we made ourselves. */
  storeJson(name: string, value: unknown, version: Version): StoredEvidence;
}
