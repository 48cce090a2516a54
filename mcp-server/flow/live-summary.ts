import type { InfraReading } from "../judge/index.ts";
import type { LiveState, Version } from "../vocab/index.ts";
import type { LiveSummary } from "./events.ts";
import type { Plan } from "./plan.ts";
import type { WatchState } from "./state.ts";

const FIVE_MINUTES_MS = 300_000;

/** The parts of an observation that decide, about the version under watch. Its instances are new in this run, so their counters count from zero. */
export function summarise(plan: Plan, live: LiveState, subject: Version, watch: WatchState): LiveSummary {
  return {
    pools: [...live.pools],
    measuredSharePct: live.measuredSharePct,
    measuredRequests: live.measuredRequests,
    infra: infraOf(live, subject, watch),
    versionsKnown: live.instances.every(
      (instance) =>
        (instance.version === plan.version && instance.digest === plan.digest) ||
        (instance.version === plan.previous?.version && instance.digest === plan.previous.digest),
    ),
  };
}

function infraOf(live: LiveState, subject: Version, watch: WatchState): InfraReading {
  const own = live.instances.filter((instance) => instance.version === subject && instance.state !== "stopped");
  const ready = own.filter((instance) => instance.state === "ready").length;
  const restarts = own.reduce((sum, instance) => sum + instance.restarts, 0);
  const before = watch.restartMarks.findLast((mark) => watch.servedMs - mark.servedMs >= FIVE_MINUTES_MS);
  const failing = own.length > 0 && own.length - ready > own.length / 2;
  return {
    instances: own.length,
    ready,
    restarts,
    restartsLast5Min: restarts - (before?.restarts ?? 0),
    oomKills: own.reduce((sum, instance) => sum + instance.oomKills, 0),
    crashes: own.reduce((sum, instance) => sum + instance.crashes, 0),
    unhealthyStreak: failing ? (watch.live?.infra.unhealthyStreak ?? 0) + 1 : 0,
  };
}
