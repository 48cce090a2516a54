import type { Clock, Http } from "../../../ports/index.ts";
import { type Arm, durationMs, FlowError, type Increment, type Json, type Version } from "../../../vocab/index.ts";
import { type MetricsConfig, metricsProblems, refuseProblems } from "../../config.ts";
import { type ExtraSeries, extraSpec } from "../extra.ts";
import { type ArmVersions, armOf, SCRAPED_SERIES } from "../poll.ts";
import type { InstancePoll, MetricSource } from "../source.ts";
import type { Answer } from "./answer.ts";
import { readArm } from "./arm-reading.ts";
import { createPrometheusClient, type PrometheusClient } from "./client.ts";
import { PrometheusCursor } from "./cursor.ts";
import { type Family, familiesOf, withoutIgnored } from "./family.ts";
import { readPrometheusHistory } from "./history.ts";
import { namesOf, selectorOf } from "./names.ts";
import { prometheusProblems } from "./problems.ts";
import { type ArmInput, patienceSeconds, stepFamily } from "./step.ts";

export interface PrometheusOptions {
  readonly config: MetricsConfig;
  readonly http: Http;
  readonly clock: Clock;
  /** A version without an arm is `undefined`: no increments, also no missing ones. */
  readonly versions: ArmVersions;
  /** The version that is being released: where no label names versions, its series are told apart by `new` and `old`. */
  readonly released: Version | undefined;
  /** Variables that hold the secrets of `metrics.prometheus.auth`. */
  readonly env: Readonly<Record<string, string>>;
  readonly extra?: readonly ExtraSeries[];
}

const ARMS = ["baseline", "candidate"] as const satisfies readonly Arm[];

/** Samples before the first poll that tell how often the server scrapes. */
const FIRST_LOOK_SECONDS = 300;
/** A range that is shorter could fall between two scrapes. */
const SHORTEST_RANGE_SECONDS = 60;
const LONGEST_RANGE_SECONDS = 3600;
/** Characters. */
const LONGEST_PROBLEM = 600;

/**
 * Reads both versions from a Prometheus server (or what speaks its HTTP API). Each poll asks for the raw samples since
 * the last one and adds up what the counters grew by from scrape to scrape: nothing is extrapolated, restarts are
 * seen, and all times are those of the server's samples. No series is no zero: it is missing. FlowError `unreadable`
 * when the server cannot be asked.
 */
export function createPrometheusSource(o: PrometheusOptions): MetricSource<PrometheusCursor> {
  const { config, versions } = o;
  const { prometheus } = config;
  refuseProblems([...metricsProblems(config), ...prometheusProblems(config)]);
  if (!prometheus) throw new Error("refused above");
  const names = namesOf(config, prometheus);
  const families = familiesOf(names, o.extra ?? []);
  const client = createPrometheusClient({
    config: prometheus,
    timeoutMs: durationMs(config.timeout),
    http: o.http,
    clock: o.clock,
    env: o.env,
  });
  const selector = (metric: string, version: Version) =>
    selectorOf(metric, { version, isNew: version === o.released }, names, prometheus.with);

  return {
    metrics: [
      ...SCRAPED_SERIES.filter(({ id }) => id !== "latency" || names.latency !== null),
      ...(o.extra ?? []).map(extraSpec),
    ],
    history: (live, signal) =>
      readPrometheusHistory(
        { client, config: prometheus, names, families, selector, ignore: config.ignore, version: versions.baseline },
        live,
        signal,
      ),
    poll: async (live, cursor, signal) => {
      const since = readCursor(cursor);
      const server = serverTime(await client.query("time()", undefined, signal));
      const range = rangeSeconds(since, server);
      const found = await Promise.all(
        ARMS.flatMap((arm) => {
          const version = versions[arm];
          if (version === undefined) return [];
          return families.map(async (family) => {
            const series = await familySeries(client, family, {
              select: (metric) => selector(metric, version),
              range,
              server,
              signal,
            });
            const known = since?.series[family.id]?.arms[arm] ?? {};
            const reading =
              "failure" in series
                ? series
                : readArm(family, withoutIgnored(family, series.series, config.ignore), known, names.instance);
            return { arm, family, reading };
          });
        }),
      );
      signal.throwIfAborted();
      const now = { server, at: o.clock.wall(), last: since?.at ?? o.clock.wall() };
      const problems = new Set<string>();
      const increments: Increment[] = [];
      const series: PrometheusCursor["series"] = {};
      for (const family of families) {
        const inputs = found
          .filter((one) => one.family === family)
          .map(({ arm, reading }): ArmInput => {
            if ("failure" in reading) problems.add(`${arm}: ${reading.failure}`);
            else if (reading.problem !== undefined) problems.add(`${arm}: ${reading.problem}`);
            const isLive = live.instances.some(
              (instance) => armOf(instance, versions) === arm && instance.state !== "draining",
            );
            return { arm, isLive, reading: "failure" in reading ? { targets: [] } : reading };
          });
        const step = stepFamily(family, since?.series[family.id], inputs, now);
        increments.push(...step.increments);
        series[family.id] = step.cursor;
      }
      const isGap = increments.some(
        (one) => one.arm === "candidate" && (one.quality === "missing" || one.quality === "stale"),
      );
      return {
        increments,
        cursor: { server, at: now.at, series },
        perInstance: perInstance(found, versions),
        ...(isGap && problems.size > 0 ? { problem: [...problems].join(" | ").slice(0, LONGEST_PROBLEM) } : {}),
      };
    },
  };
}

/** The range that holds every sample since the last poll and the one before them. */
function rangeSeconds(since: PrometheusCursor | undefined, server: number): number {
  if (since === undefined) return FIRST_LOOK_SECONDS;
  const told = Object.values(since.series).map((one) => one.told - 2 * patienceSeconds(one.intervalSeconds));
  const back = server - Math.min(since.server, ...told);
  return Math.ceil(Math.min(LONGEST_RANGE_SECONDS, Math.max(SHORTEST_RANGE_SECONDS, back)));
}

/** Asks for the samples of a family's series; histograms may be classic, native or both. */
async function familySeries(
  client: PrometheusClient,
  family: Family,
  o: { select(metric: string): string; range: number; server: number; signal: AbortSignal },
): Promise<Answer> {
  const asked = family.kind === "histogram" ? [`${family.name}_bucket`, family.name] : [family.name];
  const answers = await Promise.all(
    asked.map((metric) => client.query(`${o.select(metric)}[${o.range}s]`, o.server, o.signal)),
  );
  const failure = answers.find((answer) => "failure" in answer);
  if (failure) return failure;
  return { series: answers.flatMap((answer) => ("series" in answer ? answer.series : [])) };
}

function perInstance(
  found: readonly { arm: Arm; family: Family; reading: ReturnType<typeof readArm> | { failure: string } }[],
  versions: ArmVersions,
): Record<string, InstancePoll> {
  const polls: Record<string, InstancePoll> = {};
  for (const { arm, family, reading } of found) {
    const version = versions[arm];
    if (family.kind !== "requests" || version === undefined || "failure" in reading) continue;
    for (const { name, growth, isNews } of reading.targets) {
      const outcome = growth ? (growth.isReset ? "reset" : "ok") : isNews ? "first" : "stale";
      polls[`${arm} ${name}`] = { arm, version, outcome };
    }
  }
  return polls;
}

function serverTime(answer: Answer): number {
  const point = "series" in answer ? answer.series[0]?.points.at(-1) : undefined;
  if (point && "value" in point && Number.isFinite(point.value)) return point.value;
  throw new FlowError({
    code: "unreadable",
    what: "the metrics server cannot be read",
    expected: "an answer of the Prometheus HTTP API",
    found: "failure" in answer ? answer.failure : "an answer without a time",
    where: { file: "deploy.yaml", key: "metrics.prometheus" },
    next: "try the address with `curl URL/api/v1/query?query=up`",
  });
}

/** A cursor as it stands in a journal; `null` or nothing begins a new watch. */
function readCursor(cursor: Json | undefined): PrometheusCursor | undefined {
  if (cursor === undefined || cursor === null) return undefined;
  const parsed = PrometheusCursor.safeParse(cursor);
  if (parsed.success) return parsed.data;
  throw new FlowError({
    code: "damaged",
    what: "the place up to which metrics were counted cannot be read",
    expected: "a cursor that an earlier poll returned",
    next: "begin the watch anew; what was counted so far stays",
  });
}
