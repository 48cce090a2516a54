import type { Clock, Http } from "../../ports/index.ts";
import { type Arm, FlowError, type Increment, type Json, type LiveState, type MetricSpec } from "../../vocab/index.ts";
import { type MetricsConfig, metricsProblems, refuseProblems } from "../config.ts";
import { type Mark, ScrapeCursor } from "./cursor.ts";
import { type ExtraSeries, extraSpec } from "./extra.ts";
import { readHistory } from "./history.ts";
import { readPage } from "./page.ts";
import {
  type ArmVersions,
  armIncrements,
  armOf,
  type InstanceStep,
  knownInstance,
  SCRAPED_SERIES,
  stepInstance,
} from "./poll.ts";
import type { InstancePoll, MetricPoll, MetricSource } from "./source.ts";

export interface ScrapeOptions {
  readonly config: MetricsConfig;
  readonly http: Http;
  readonly clock: Clock;
  /** A version without an arm is `undefined`: no increments, also no missing ones. */
  readonly versions: ArmVersions;
  /** Further series of the service. */
  readonly extra?: readonly ExtraSeries[];
}

const ARMS = ["baseline", "candidate"] as const satisfies readonly Arm[];

/**
 * Reads counters and latency histograms from the metrics page of every instance of both versions, and gives what
 * they grew by between two polls. Instances are asked at the same time, each with its own timeout; they are added up
 * per version. Spans come from the monotonic clock; the wall clock only labels.
 */
export function createScrapeSource(o: ScrapeOptions): MetricSource<ScrapeCursor> {
  const { config, http, clock, versions, extra = [] } = o;
  refuseProblems(metricsProblems(config));
  if (versions.baseline !== undefined && versions.baseline === versions.candidate) {
    throw new FlowError({
      code: "conflict",
      what: "the arms of a comparison must be different versions",
      found: versions.baseline,
      next: "give the new build a version of its own",
    });
  }
  // Tells the marks of this process from those of one that ran before it.
  const source = `${clock.wall()}+${clock.mono()}`;

  const metrics = [...SCRAPED_SERIES, ...extra.map(extraSpec)];
  return {
    metrics,
    history: (live, signal) => readHistory({ config, http, clock, version: versions.baseline }, live, signal),
    poll: async (live, cursor, signal) => {
      const since = readCursor(cursor);
      const steps = await Promise.all(
        live.instances.flatMap((instance) => {
          const arm = armOf(instance, versions);
          if (arm === undefined) return [];
          const known = knownInstance(since, instance);
          return [
            readPage(instance, config, http, signal, extra).then(
              (page) => [instance.id, stepInstance(known, instance, arm, page)] as const,
            ),
          ];
        }),
      );
      // An aborted read looks like a dead service; it must not become evidence.
      signal.throwIfAborted();
      const now: Mark = { at: clock.wall(), monoMs: clock.mono(), source };
      return assemble(live, since, now, { versions, metrics, steps });
    },
  };
}

/** A cursor as it stands in a journal; `null` or nothing begins a new watch. */
function readCursor(cursor: Json | undefined): ScrapeCursor | undefined {
  if (cursor === undefined || cursor === null) return undefined;
  const parsed = ScrapeCursor.safeParse(cursor);
  if (parsed.success) return parsed.data;
  throw new FlowError({
    code: "damaged",
    what: "the place up to which metrics were counted cannot be read",
    expected: "a cursor that an earlier poll returned",
    found: parsed.error.issues.map((issue) => issue.path.join(".")).join(", "),
    next: "begin the watch anew; what was counted so far stays",
  });
}

interface Read {
  readonly versions: ArmVersions;
  readonly metrics: readonly MetricSpec[];
  readonly steps: readonly (readonly [string, InstanceStep])[];
}

function assemble(
  live: LiveState,
  since: ScrapeCursor | undefined,
  now: Mark,
  { versions, metrics, steps }: Read,
): MetricPoll<ScrapeCursor> {
  const increments: Increment[] = [];
  const arms: ScrapeCursor["arms"] = {};
  const last = since?.last ?? now;
  for (const arm of ARMS) {
    if (versions[arm] === undefined) continue;
    const own = steps.map(([name, step]) => ({ name, ...step })).filter((step) => step.poll.arm === arm);
    const from = since?.arms[arm] ?? last;
    increments.push(...armIncrements(arm, own, { last, from, to: now }, metrics));
    const isAnswered = own.some(({ poll }) => poll.outcome !== "missing" && poll.outcome !== "stale");
    if (isAnswered) arms[arm] = now;
    else if (own.length > 0 || since?.arms[arm] !== undefined) arms[arm] = from;
  }
  // Instances that cannot be asked now keep their place: seen again, they are not counted from zero.
  const instances: ScrapeCursor["instances"] = { ...since?.instances };
  if (since === undefined) {
    for (const instance of live.instances) instances[instance.id] = knownInstance(undefined, instance);
  }
  const perInstance: Record<string, InstancePoll> = {};
  for (const [id, step] of steps) {
    instances[id] = step.cursor;
    perInstance[id] = step.poll;
  }
  return { increments, cursor: { last: now, arms, instances }, perInstance };
}
