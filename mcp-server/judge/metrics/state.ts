import {
  type BucketGrid,
  FlowError,
  type Instant,
  type MetricId,
  quoteValue,
  type Version,
} from "../../vocab/index.ts";
import type { PointsState } from "../sequential/aggregate-points.ts";
import type { Counts } from "../sequential/counts.ts";
import type { DispersionState } from "../sequential/dispersion.ts";
import type { FixedState } from "../sequential/fixed-baseline.ts";
import type { SelfNormalisedState } from "../sequential/self-normalised.ts";
import type { TwoArmState } from "../sequential/two-arm.ts";
import type { BurnState } from "./burn.ts";
import type { IntervalState } from "./interval.ts";
import type { PointsWindow } from "./points.ts";
import type { Histogram, MetricsSpec } from "./rule.ts";
import type { SeenWindows } from "./windows.ts";

/**
/**
 * `threshold` and `trigger` look for a worsening beyond the margin, `worse` for any at all where the threshold allows
 * some, `exclude` tries to show that the worsening is below it.
 */
export type Role = "threshold" | "trigger" | "worse" | "exclude";

/**
 * One question about one metric. Each runs against the concurrent arm, the recorded baseline, or both in turn. Against
 * the concurrent arm it is one of three tests: the two-arm test on counts, the self-normalised one where dispersion is
 * not known, or the tests on aggregate points where there are no counts.
 */
export interface Probe {
  readonly role: Role;
  /** pp or relative %. */
  readonly marginPct: number;
  /** The margin that could really be tested, worst over the polls: latency buckets may be coarser than asked. */
  readonly reachedPct: number;
  readonly concurrent?: TwoArmState;
  /** By stratum; the empty name where the traffic is not compared in parts. */
  readonly robust?: Readonly<Record<string, SelfNormalisedState>>;
  readonly points?: PointsState;
  readonly frozen?: FixedState;
}

/** The absolute target of one metric, tested on each arm alone. */
export interface AbsoluteProbe {
  readonly candidate: FixedState;
  /** The same question about the baseline: a target that the old version misses too is no fault of the release. */
  readonly baseline: FixedState;
  /** Shows that the baseline meets the target; absent where there is none. */
  readonly baselineMeets?: FixedState;
  /** First deployments only: shows that the target plus the trigger is not exceeded. */
  readonly exclude?: FixedState;
  /** Latency: bucket edge that stands for the target; undefined while no histogram was seen or none reaches it. */
  readonly edge?: number;
}

/** The absolute target of a metric that comes as bare values. */
export interface AbsolutePoints {
  readonly candidate: PointsState;
  readonly baseline: PointsState;
  /** Absent on first deployments. */
  readonly baselineMeets?: PointsState;
  /** First deployments only. */
  readonly exclude?: PointsState;
}

/** What an arm did in the polls that were judged; histograms only for latency, values only where there are no counts. */
export interface Seen {
  readonly counts: Counts;
  readonly buckets: Histogram;
  readonly values?: { readonly count: number; readonly sum: number };
}

/** Baseline against baseline while the release is watched: the live negative control and what it says of dispersion. */
export interface ControlState {
  /** Both questions, each with either half in the place of the candidate. */
  readonly probes: readonly Probe[];
  readonly dispersion: DispersionState;
}

/** State of one rule. Plain JSON. */
export interface RuleState {
  readonly id: MetricId;
  readonly probes: readonly Probe[];
  readonly absolute?: AbsoluteProbe;
  readonly absolutePoints?: AbsolutePoints;
  readonly burn?: BurnState;
  readonly control?: ControlState;
  readonly interval?: IntervalState;
  /** Log evidence is divided by it; undefined while it is not known. It never falls. */
  readonly phi?: number;
  /** Whether the source gives counts or bare values: what its first measurement was. */
  readonly method?: "counts" | "points";
  readonly pointsWindow?: PointsWindow;
  readonly baseline: Seen;
  readonly candidate: Seen;
  /** Judged time in which both arms were measured, seconds. */
  readonly seconds: number;
  /** Candidate since the recorded baseline took over. */
  readonly candidateFrozen: Seen;
  /** Latency: the baseline's decayed histogram, from which the next poll's edges are chosen. */
  readonly past: Histogram;
  readonly grid?: BucketGrid;
  /** Recorded baseline of this rule, and for latency the edge that stands for its quantile. */
  readonly recorded?: { readonly seen: Seen; readonly edge?: number };
  /** Polls without a usable measurement of the candidate. */
  readonly missedPolls: number;
  /** Windows that were counted already, so that none counts twice. */
  readonly windows: SeenWindows;
}

/** The recorded baseline in use. */
export interface FrozenState {
  readonly version: Version;
  readonly from: Instant;
  readonly to: Instant;
  readonly throughputRps: number;
  readonly users?: { readonly requests: number; readonly seconds: number } | undefined;
  /** Decayed requests, seconds and probes of the candidate, to compare its users' load with the recorded one. */
  readonly load: {
    readonly requests: number;
    readonly seconds: number;
    readonly probes: number;
    readonly unread: number;
  };
  /** Polls whose load was too far from the recorded one to be compared. */
  readonly offLoadPolls: number;
}

/** State of all metrics of a watch: plain JSON, a fold over the polls. */
export interface MetricsState {
  readonly spec: MetricsSpec;
  readonly frozen?: FrozenState;
  readonly polls: number;
  readonly warmupLeft: number;
  /** Polls in a row in which a required metric could not be read. */
  readonly missedStreak: number;
  readonly rules: readonly RuleState[];
}

/** The rules that must be proven: the required ones, or all of them when none is marked, because nothing measured is no pass. */
export function requiredRules(spec: MetricsSpec): MetricsSpec["rules"] {
  const required = spec.rules.filter((rule) => rule.required);
  return required.length > 0 ? required : spec.rules;
}

/** Internal contradiction of a caller. */
export function misuse(what: string, found: unknown): FlowError {
  return new FlowError({ code: "internal", what, found: quoteValue(found), next: "report this as a defect" });
}
