import type { MetricCursor } from "../evidence/metrics/index.ts";
import type {
  AnswerStatus,
  CriterionId,
  GateVerdict,
  JourneysRun,
  MetricsSnapshot,
  MetricsState,
  ReadinessReport,
  SmokeRun,
} from "../judge/index.ts";
import type {
  EvidenceRef,
  IncidentId,
  Instant,
  Json,
  Ms,
  Reason,
  RunId,
  RunOutcome,
  Sha256,
  Verdict,
  Version,
} from "../vocab/index.ts";
import type {
  FlowEvent,
  Intent,
  LiveSummary,
  Question,
  StepName,
  Stop,
  Track,
  Trigger,
  WatchEnd,
  WatchPlan,
} from "./events.ts";
import type { Shares } from "./judged-increments.ts";
import type { Plan } from "./plan.ts";
import type { Role } from "./roles.ts";

/** One watch as far as it got. */
export interface WatchState {
  readonly key: string;
  readonly watch: WatchPlan;
  startedAt: Instant;
  /** Time in which the watch could see what it watches. */
  servedMs: number;
  /** All time of this and earlier watches of the track, also that in which nothing could be seen. */
  watchedMs: number;
  /** Time of this watch that did not count as served. */
  unservedMs: number;
  extendedMs: number;
  polls: number;
  /** Observed time since the last poll in which every required series answered. */
  deadForMs: number;
  probesFail: boolean;
  /** Observed times and restart counts, for "in the last five minutes"; `unseen` of them happened while nobody watched. */
  restartMarks: { watchedMs: number; restarts: number; unseen: number }[];
  /** When, and in which ownership, the instances were last seen. */
  seenAt: { at: Instant; ownership: number } | undefined;
  /** The last observation that there was. */
  live: LiveSummary | undefined;
  /** The last poll could observe. */
  sighted: boolean;
  /** How long the environment has been degraded, and the share of traffic wrong, without a break. */
  degradedForMs: number | undefined;
  shareOffForMs: number | undefined;
  /** Time served when a person let it go on last: asked before its time was over, they did not end it. */
  goesOnFromMs: number | undefined;
  /** It was journalled that the watch is held for what is amiss now. */
  heldTold: boolean;
  /** Requests of probe traffic that the version under watch answered. */
  probeRequests: number;
  smoke: { run: SmokeRun; verdict: Verdict } | undefined;
  /** Time served when the P2 checks were clean again after a failure; `failing` while one fails. */
  smokeCleanAt: number | "failing" | undefined;
  journeys: { run: JourneysRun; verdict: Verdict } | undefined;
  problem: string | undefined;
  end: WatchEnd | undefined;
}

export interface PendingQuestion {
  readonly key: string;
  readonly question: Question;
  readonly askedAt: Instant;
  waitedMs: number;
  /** What was waited when somebody was told last. */
  toldAtMs: number;
}

export interface EvidenceEntry {
  readonly key: string;
  readonly ref: EvidenceRef;
  readonly file: string;
}

/** Everything that is known about a run: the fold over its journal. Plain data, changed only by {@link applyEvent}. */
export interface RunState {
  readonly plan: Plan;
  runId: RunId | undefined;
  /** Hash of the plan that the run was opened with. */
  openedWith: Sha256 | undefined;
  unattended: boolean;
  /** How long agents are waited for at a step; 0 where none take part. */
  adviceMs: Ms;
  configFile: string | undefined;
  openedAt: Instant | undefined;
  epoch: number;
  seq: number;
  ownerships: number;
  readonly intents: Map<string, Intent>;
  readonly results: Map<string, Json>;
  readonly times: Map<string, { startedAt: Instant; endedAt: Instant | undefined }>;
  step: StepName | undefined;
  readonly steps: { step: StepName; startedAt: Instant; endedAt: Instant | undefined }[];
  exposed: boolean;
  /** When the new version may first have had production traffic. */
  exposedAt: Instant | undefined;
  approval: Extract<FlowEvent, { event: "approval" }> | undefined;
  approvalAt: Instant | undefined;
  /** Who stands by the plan in a role, the approval among them where it names one. */
  readonly signOffs: { role: Role; person: string; way: string; at: Instant }[];
  readonly evidence: EvidenceEntry[];
  baseline: MetricsSnapshot | null | undefined;
  readonly watches: Map<string, WatchState>;
  readonly tracks: Map<Track, MetricsState>;
  /** How the traffic of each track was divided when it was last seen. */
  readonly shares: Map<Track, Shares>;
  /** Where counting goes on, per track: what was counted once must never be counted again, also not after a crash. */
  readonly cursors: Map<Track, MetricCursor>;
  /** Smoke runs by the key that they were made under. */
  readonly smokes: Map<string, { run: SmokeRun; verdict: Verdict; at: Instant }>;
  /** Runs of the user journeys by the key that they were made under. */
  readonly journeys: Map<string, { run: JourneysRun; verdict: Verdict; at: Instant }>;
  readonly gates: Map<string, GateVerdict>;
  /** Readiness by the key of each look, in their order. */
  readonly readiness: Map<string, { full: boolean; report: ReadinessReport }>;
  question: PendingQuestion | undefined;
  /** `early`: what was asked left the watch the rest of its time. */
  readonly answers: (Extract<FlowEvent, { event: "answer" }> & { at: Instant; early: boolean })[];
  accepted: boolean;
  /** Watched time for which the last acceptance still counts. */
  acceptedForMs: number;
  /** The metrics whose worsening a person accepted. */
  readonly acceptedMetrics: Set<string>;
  readonly advice: {
    step: StepName;
    role: string;
    text: string;
    at: Instant;
    finding: { criterion: CriterionId; status: AnswerStatus } | undefined;
  }[];
  readonly requests: Set<string>;
  /** Somebody asked to stop while nobody was exposed. */
  abortReason: string | undefined;
  /** The run ends without exposure; what it left in production is cleared away. */
  stopping: Stop | undefined;
  latched: Trigger | undefined;
  latchedAt: Instant | undefined;
  readonly notices: { level: "info" | "warning"; text: string; at: Instant }[];
  /** The incident that a person named last. */
  incident: { incident: IncidentId; person: string; at: Instant } | undefined;
  outcome:
    | { outcome: RunOutcome; reasons: Reason[]; runningVersion: Version | null | undefined; at: Instant }
    | undefined;
  background: Extract<FlowEvent, { event: "background" }> | undefined;
  /** Deliveries that are over: each message to each receiver, taken or given up. */
  readonly notified: Set<string>;
  readonly artifacts: string[];
  archiveDir: string | undefined;
}

export function emptyState(plan: Plan): RunState {
  return {
    plan,
    runId: undefined,
    openedWith: undefined,
    unattended: true,
    adviceMs: 0,
    configFile: undefined,
    openedAt: undefined,
    epoch: 0,
    seq: 0,
    ownerships: 0,
    intents: new Map(),
    results: new Map(),
    times: new Map(),
    step: undefined,
    steps: [],
    exposed: false,
    exposedAt: undefined,
    approval: undefined,
    approvalAt: undefined,
    signOffs: [],
    evidence: [],
    baseline: undefined,
    watches: new Map(),
    tracks: new Map(),
    shares: new Map(),
    cursors: new Map(),
    smokes: new Map(),
    journeys: new Map(),
    gates: new Map(),
    readiness: new Map(),
    question: undefined,
    answers: [],
    accepted: false,
    acceptedForMs: 0,
    acceptedMetrics: new Set(),
    advice: [],
    requests: new Set(),
    abortReason: undefined,
    stopping: undefined,
    latched: undefined,
    latchedAt: undefined,
    notices: [],
    incident: undefined,
    outcome: undefined,
    background: undefined,
    notified: new Set(),
    artifacts: [],
    archiveDir: undefined,
  };
}
