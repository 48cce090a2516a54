import type { InfraReading } from "../judge/index.ts";
import type { LiveState, Version } from "../vocab/index.ts";
import type { LiveSummary } from "./events.ts";
import type { Plan } from "./plan.ts";
import type { WatchState } from "./run-state.ts";

const FIVE_MINUTES_MS = 300_000;

/** The parts of an observation that decide, about the version under watch. */
export function summarise(plan: Plan, live: LiveState, subject: Version, watch: WatchState): LiveSummary {
  const infra = infraOf(live, subject, watch);
  return {
    pools: [...live.pools],
    measuredSharePct: live.measuredSharePct,
    measuredRequests: live.measuredRequests,
    ...infra,
    versionsKnown: live.instances.every(
      (instance) =>
        (instance.version === plan.version && instance.digest === plan.digest) ||
        (instance.version === plan.previous?.version && instance.digest === plan.previous.digest),
    ),
  };
}

const NONE = { restarts: 0, oomKills: 0, crashes: 0 };

/**
 * The new version's instances are new in this run, so what they count counts from zero. The old version may have run
 * for months: after a rollback only what happens from then on says whether it is well.
 */
function infraOf(live: LiveState, subject: Version, watch: WatchState): Pick<LiveSummary, "infra" | "since"> {
  const own = live.instances.filter((instance) => instance.version === subject && instance.state !== "stopped");
  const ready = own.filter((instance) => instance.state === "ready").length;
  const total = (counter: keyof typeof NONE) => own.reduce((sum, instance) => sum + instance[counter], 0);
  const totals = { restarts: total("restarts"), oomKills: total("oomKills"), crashes: total("crashes") };
  const isOld = watch.watch.track === "post-rollback";
  const since = isOld ? (watch.live?.since ?? totals) : NONE;
  const restarts = Math.max(0, totals.restarts - since.restarts);
  const before = watch.restartMarks.findLast((mark) => watch.watchedMs - mark.watchedMs >= FIVE_MINUTES_MS);
  const failing = own.length > 0 && own.length - ready > own.length / 2;
  const infra: InfraReading = {
    instances: own.length,
    ready,
    restarts,
    restartsLast5Min: restarts - (before?.restarts ?? 0),
    oomKills: Math.max(0, totals.oomKills - since.oomKills),
    crashes: Math.max(0, totals.crashes - since.crashes),
    unhealthyStreak: failing ? (watch.live?.infra.unhealthyStreak ?? 0) + 1 : 0,
  };
  return isOld ? { infra, since } : { infra };
}
