import type { InfraReading, Share } from "../judge/index.ts";
import type { Instance, InstanceState, Instant, LiveState, Ms, Version } from "../vocab/index.ts";
import { between } from "../vocab/index.ts";
import type { LiveSummary, WatchPlan } from "./events.ts";
import type { Plan } from "./plan.ts";
import type { WatchState } from "./run-state.ts";

const FIVE_MINUTES_MS = 300_000;

/** When an observation was made: what lies between it and the one before may have been seen by nobody. */
export interface SeenWhen {
  readonly now: Instant;
  /** Observed time since the poll before. */
  readonly elapsedMs: Ms;
  readonly ownership: number;
}

/** The parts of an observation that decide, about the version under watch. */
export function summarise(
  plan: Plan,
  live: LiveState,
  subject: Version,
  watch: WatchState,
  when: SeenWhen,
): LiveSummary {
  const infra = infraOf(live, subject, watch, isAfterGap(watch, when));
  return {
    pools: [...live.pools],
    measuredSharePct: live.measuredSharePct,
    measuredRequests: live.measuredRequests,
    ...infra,
    ...othersOf(plan, live, watch),
    versionsKnown: live.instances.every(
      (instance) =>
        (instance.version === plan.version && instance.digest === plan.digest) ||
        (instance.version === plan.previous?.version && instance.digest === plan.previous.digest),
    ),
  };
}

/**
 * Five minutes or more passed since the instances were last seen, by observed time, or by the wall clock where another
 * runner saw them. What happened in between may be older than five minutes.
 */
function isAfterGap({ restartMarks, seenAt, watchedMs }: WatchState, when: SeenWhen): boolean {
  const last = restartMarks.at(-1);
  if (!last || !seenAt) return false;
  if (watchedMs + when.elapsedMs - last.watchedMs >= FIVE_MINUTES_MS) return true;
  const gapMs = between(seenAt.at, when.now);
  return seenAt.ownership !== when.ownership && (gapMs < 0 || gapMs >= FIVE_MINUTES_MS);
}

/** The share of the traffic that the new version shall have in a watch, and has. */
export function shareOf(plan: Plan, watch: WatchPlan, live: LiveSummary | undefined): Share {
  return {
    expectedSharePct: watch.weightPct,
    measuredSharePct: live?.measuredSharePct[plan.version],
    measuredRequests: live?.measuredRequests ?? 0,
  };
}

const SERVING: ReadonlySet<InstanceState> = new Set(["ready", "unhealthy"]);

/** The old version beside the new one: it may have run for months, so only what happens during the watch counts. */
function othersOf(plan: Plan, live: LiveState, { watch, live: last }: WatchState): Pick<LiveSummary, "others"> {
  if (watch.track !== "production" || !plan.previous) return {};
  const { version } = plan.previous;
  const own = live.instances.filter((one) => one.version === version && SERVING.has(one.state));
  if (own.length === 0) return {};
  const since =
    last?.others?.since ?? Object.fromEntries(own.filter(hasCounted).map((one) => [one.id, countedBy(one)]));
  const grown = (counter: keyof typeof NONE) =>
    own.reduce((sum, one) => sum + Math.max(0, one[counter] - (since[one.id]?.[counter] ?? 0)), 0);
  const failing = own.filter(({ state }) => state === "unhealthy").length > own.length / 2;
  return {
    others: {
      version,
      instances: own.length,
      restarts: grown("restarts"),
      oomKills: grown("oomKills"),
      crashes: grown("crashes"),
      unhealthyStreak: failing ? (last?.others?.unhealthyStreak ?? 0) + 1 : 0,
      since,
    },
  };
}

function countedBy({ restarts, oomKills, crashes }: Instance): typeof NONE {
  return { restarts, oomKills, crashes };
}

function hasCounted({ restarts, oomKills, crashes }: Instance): boolean {
  return restarts + oomKills + crashes > 0;
}

const NONE = { restarts: 0, oomKills: 0, crashes: 0 };

/**
 * The new version's instances are new in this run, so what they count counts from zero. The old version may have run
 * for months: after a rollback only what happens from then on says whether it is well.
 */
function infraOf(
  live: LiveState,
  subject: Version,
  watch: WatchState,
  afterGap: boolean,
): Pick<LiveSummary, "infra" | "since" | "unseenRestarts"> {
  const own = live.instances.filter((instance) => instance.version === subject && instance.state !== "stopped");
  const ready = own.filter((instance) => instance.state === "ready").length;
  const total = (counter: keyof typeof NONE) => own.reduce((sum, instance) => sum + instance[counter], 0);
  const totals = { restarts: total("restarts"), oomKills: total("oomKills"), crashes: total("crashes") };
  const isOld = watch.watch.track === "post-rollback";
  const since = isOld ? (watch.live?.since ?? totals) : NONE;
  const restarts = Math.max(0, totals.restarts - since.restarts);
  const before = watch.restartMarks.findLast((mark) => watch.watchedMs - mark.watchedMs >= FIVE_MINUTES_MS);
  const last = watch.restartMarks.at(-1);
  const unseenNow = afterGap && last ? Math.max(0, restarts - last.restarts) : 0;
  const unseen = (last?.unseen ?? 0) + unseenNow - (before?.unseen ?? 0);
  const failing = own.length > 0 && own.length - ready > own.length / 2;
  const infra: InfraReading = {
    instances: own.length,
    ready,
    restarts,
    restartsLast5Min: Math.max(0, restarts - (before?.restarts ?? 0) - unseen),
    ...(unseen > 0 ? { restartsUnseen: unseen } : {}),
    oomKills: Math.max(0, totals.oomKills - since.oomKills),
    crashes: Math.max(0, totals.crashes - since.crashes),
    unhealthyStreak: failing ? (watch.live?.infra.unhealthyStreak ?? 0) + 1 : 0,
  };
  return { infra, ...(isOld ? { since } : {}), ...(unseenNow > 0 ? { unseenRestarts: unseenNow } : {}) };
}
