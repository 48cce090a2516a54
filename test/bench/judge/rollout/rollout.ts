import {
  decideStage,
  enterFrozen,
  type MetricsState,
  readMetrics,
  rearmWarmup,
  type StageDecision,
  stepMetrics,
} from "../../../../mcp-server/judge/index.ts";
import { durationMs } from "../../../../mcp-server/vocab/index.ts";
import { DEFAULTS, defaultRules, openJudge, specOf } from "../contenders/spec.ts";
import type { Ending } from "../play.ts";
import { randomOf } from "../traffic/random.ts";
import { HORIZON_POLLS, MIN_REQUESTS, POLL_MS, STAGES, type StagePlan, UNANSWERED_MS } from "./plan.ts";
import { recordOf } from "./record.ts";
import { type Traffic, type World, worldTraffic } from "./world.ts";

/**
 * One unattended deployment with default settings, from the first users at 5 % to the end of the observation, judged
 * and decided by the code that deployments run. FAIL: rolled back. PASS: proven. INCONCLUSIVE: kept, unproven.
 */
export function rollout(world: World, seed: number): Ending {
  const random = randomOf(seed);
  const record = recordOf(world, random);
  const traffic = worldTraffic(world, random);
  const warmupPolls = world.warmupPolls ?? DEFAULTS.judge.warmupPolls;
  let run: Run = {
    metrics: openJudge(specOf(defaultRules(0), { plannedPolls: HORIZON_POLLS, warmupPolls })),
    polls: 0,
    holds: 0,
    extensions: 0,
  };
  let proven = false;
  for (const stage of STAGES) {
    if (run.polls > 0) run = { ...run, metrics: rearmWarmup(run.metrics) };
    if (stage.final) run = { ...run, metrics: enterFrozen(run.metrics, record, HORIZON_POLLS) };
    const end = watch(stage, run, traffic);
    run = end.run;
    if (end.how === "rollback") return ending("FAIL", run);
    proven = end.how === "proven";
  }
  return ending(proven ? "PASS" : "INCONCLUSIVE", run);
}

/** Far more than all stages with their extensions and unanswered questions. */
const LONGEST_RUN_POLLS = 5 * HORIZON_POLLS;

interface Run {
  readonly metrics: MetricsState;
  readonly polls: number;
  readonly holds: number;
  readonly extensions: number;
}

interface StageEnd {
  readonly how: "rollback" | "proven" | "unproven";
  readonly run: Run;
}

function ending(outcome: Ending["outcome"], { polls, holds, extensions }: Run): Ending {
  return { outcome, atSeconds: (polls * POLL_MS) / 1000, holds, extensions };
}

function watch(stage: StagePlan, before: Run, traffic: Traffic): StageEnd {
  let run = before;
  let seen = {
    servedMs: 0,
    extendedMs: 0,
    users: 0,
    candidateUsers: 0,
    probes: 0,
    heldMs: 0,
    deadMs: 0,
    shareOffMs: 0,
  };
  for (;;) {
    const poll = traffic(run.polls, stage, run.extensions > 0);
    const metrics = stepMetrics(run.metrics, poll.increments);
    run = { ...run, metrics, polls: run.polls + 1 };
    const dead = metrics.missedStreak > 0;
    seen = {
      ...seen,
      users: seen.users + poll.users,
      candidateUsers: seen.candidateUsers + poll.candidateUsers,
      probes: seen.probes + poll.probes,
      deadMs: dead ? seen.deadMs + POLL_MS : 0,
      servedMs: seen.servedMs + (dead ? 0 : POLL_MS),
    };
    const decision = decideStage(stagePoll(stage, metrics, seen));
    if (run.polls > LONGEST_RUN_POLLS) throw new Error("a deployment of the benchmark came to no end");
    if (decision.do === "rollback") return { how: "rollback", run };
    if (decision.do === "advance") return { how: decision.proven ? "proven" : "unproven", run };
    if (decision.do === "extend") {
      seen = { ...seen, extendedMs: stage.extensionMs };
      run = { ...run, extensions: run.extensions + 1 };
    }
    const shareOffMs = decision.do === "pause" ? seen.shareOffMs + POLL_MS : 0;
    // While it is paused for a wrong share, nothing is served.
    seen = { ...seen, shareOffMs, servedMs: seen.servedMs - (decision.do === "pause" ? POLL_MS : 0) };
    const held = decision.do === "hold" && seen.heldMs === 0;
    if (held) run = { ...run, holds: run.holds + 1 };
    seen = { ...seen, heldMs: decision.do === "hold" ? seen.heldMs + POLL_MS : 0 };
    if (decision.do === "hold" && seen.heldMs > UNANSWERED_MS) return { how: unanswered(decision), run };
  }
}

/** Nobody is there: thin evidence lets a stage pass unproven, anything else goes back. */
function unanswered({ question }: Extract<StageDecision, { do: "hold" }>): "unproven" | "rollback" {
  return question === "inconclusive" ? "unproven" : "rollback";
}

function stagePoll(
  stage: StagePlan,
  metrics: MetricsState,
  seen: {
    servedMs: number;
    extendedMs: number;
    users: number;
    candidateUsers: number;
    probes: number;
    deadMs: number;
    shareOffMs: number;
  },
): Parameters<typeof decideStage>[0] {
  const { waits } = DEFAULTS;
  return {
    expectedSharePct: stage.share * 100,
    measuredSharePct: seen.users > 0 ? (100 * seen.candidateUsers) / seen.users : undefined,
    measuredRequests: seen.users,
    servedMs: seen.servedMs,
    plannedMs: stage.plannedMs,
    extendedMs: seen.extendedMs,
    rollbackOnRegression: true,
    accepted: false,
    versionsReadBack: true,
    minExposure: MIN_REQUESTS,
    probeRequests: seen.probes,
    metrics: readMetrics(metrics),
    smokeRequired: false,
    journeysRequired: false,
    infra: { status: "HEALTHY", reasons: [] },
    degradedForMs: 0,
    shareOffForMs: seen.shareOffMs,
    deadForMs: seen.deadMs,
    gapsMs: 0,
    limits: {
      degradedMs: durationMs(waits.degraded),
      shareMs: durationMs(waits.share),
      probesMs: durationMs(waits.probes),
      dataMs: UNANSWERED_MS,
      gapsMs: durationMs(waits.unseen),
    },
    probesFail: false,
    final: stage.final,
  };
}
