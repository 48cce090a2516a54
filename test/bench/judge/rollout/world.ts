import type { Increment } from "../../../../mcp-server/vocab/index.ts";
import { defaultRules, incrementOf } from "../contenders/spec.ts";
import { POLL_SECONDS } from "../traffic/noise.ts";
import type { Random } from "../traffic/random.ts";
import { PROBES_OF_RECORDED_LOAD, PROBES_PER_SECOND, type StagePlan } from "./plan.ts";
import { type Behaviour, type Served, serve } from "./service.ts";

/** A service and its users, what the new version does differently, and what the metrics source does to the numbers. */
export interface World {
  readonly rps: number;
  readonly baseline: Behaviour;
  /** The new version, at seconds since it got its first request. */
  readonly candidate: (at: number) => Behaviour;
  /** Journeys without side effects exist, so probe traffic may be added where users alone are too few. */
  readonly probes: boolean;
  /** Polls whose latencies count for neither arm; the default when absent. */
  readonly warmupPolls?: number;
  /** What the source makes of one poll. */
  readonly source?: () => Source;
}

/** Changes the increments of one poll as damaged or late sources do. `before`: those of the poll before, as measured. */
export type Source = (now: readonly Increment[], before: readonly Increment[], random: Random) => readonly Increment[];

/** One poll as the runner sees it. */
export interface RolloutPoll {
  readonly increments: readonly Increment[];
  readonly users: number;
  readonly candidateUsers: number;
  readonly probes: number;
}

export type Traffic = (poll: number, stage: StagePlan, isThin: boolean) => RolloutPoll;

/** The polls of one deployment, drawn as it goes. */
export function worldTraffic(world: World, random: Random): Traffic {
  let before: readonly Increment[] = [];
  const source = world.source?.();
  return (poll, stage, isThin) => {
    const probeRps = world.probes && isThin ? probesAt(world, stage) : 0;
    const at = poll * POLL_SECONDS;
    const share = { candidate: stage.share, baseline: 1 - stage.share };
    const arm = (name: "candidate" | "baseline", behaviour: Behaviour) => ({
      users: serve(world.rps * share[name], behaviour, random),
      probes: serve(probeRps, behaviour, random),
    });
    const candidate = arm("candidate", world.candidate(at));
    const baseline = stage.final ? undefined : arm("baseline", world.baseline);
    const now = [
      ...incrementsOf("candidate", poll, both(candidate)),
      ...(baseline ? incrementsOf("baseline", poll, both(baseline)) : []),
      // As in a deployment: throughput is compared only among users, and while both versions serve.
      ...(baseline && probeRps === 0
        ? [
            ...throughputOf("candidate", poll, candidate.users, share.candidate),
            ...throughputOf("baseline", poll, baseline.users, share.baseline),
          ]
        : []),
    ];
    const increments = source ? source(now, before, random) : now;
    before = now;
    const candidateUsers = candidate.users.requests;
    const users = candidateUsers + (baseline?.users.requests ?? 0);
    return { increments, users, candidateUsers, probes: candidate.probes.requests };
  };
}

/** Users and probes are counted together by the service. */
function both({ users, probes }: { readonly users: Served; readonly probes: Served }): Served {
  if (probes.requests === 0) return users;
  return {
    requests: users.requests + probes.requests,
    failed: users.failed + probes.failed,
    buckets: users.buckets.map(({ le, count }, i) => ({ le, count: count + (probes.buckets[i]?.count ?? 0) })),
  };
}

function probesAt({ rps }: World, { final }: StagePlan): number {
  return final ? Math.min(PROBES_PER_SECOND, PROBES_OF_RECORDED_LOAD * rps) : PROBES_PER_SECOND;
}

/** What a scraped service shows of one arm in one poll. */
export function incrementsOf(arm: Increment["arm"], poll: number, { requests, failed, buckets }: Served): Increment[] {
  return defaultRules(0).flatMap(({ kind, series }) => {
    if (kind === "error-rate") return [incrementOf(series, arm, poll, { exposure: requests, events: failed })];
    return kind === "latency" ? [incrementOf(series, arm, poll, { exposure: requests, events: 0, buckets })] : [];
  });
}

/** Answered requests over share x seconds, where a deployment judges throughput. */
function throughputOf(arm: Increment["arm"], poll: number, { requests }: Served, share: number): Increment[] {
  return defaultRules(0).flatMap(({ kind, series }) =>
    kind === "throughput" ? [incrementOf(series, arm, poll, { exposure: share * POLL_SECONDS, events: requests })] : [],
  );
}
