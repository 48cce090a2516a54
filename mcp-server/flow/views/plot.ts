import { type Chart, type Panel, type Series, sparkline } from "../../record/chart.ts";
import { ms, num, pct, time } from "../../record/figures.ts";
import { epochMs, type Instant, instantOf, type Version } from "../../vocab/index.ts";
import { type RunRecord, type WatchRecord, watchesOf } from "./record.ts";
import { type ArmTotals, armTotals, errorRatePct, type Poll, pollsOf, quantileEdge } from "./series.ts";
import { trafficBackAt } from "./times.ts";

/** More points than this and their noise is all one sees. */
const MOST_POINTS = 90;
const SPARK_POINTS = 40;

type Value = number | "above" | null;

/** What one version did in one slice of the time. */
interface Slice {
  readonly ms: number;
  readonly errorRatePct: Value;
  readonly p99Ms: Value;
}

/** What is plotted: the watches of production, or of staging where production was not reached. */
interface Plotted {
  readonly watches: readonly WatchRecord[];
  readonly polls: readonly { poll: Poll; watched: WatchRecord }[];
  readonly from: Instant;
  readonly spanMs: number;
}

/** Name of the picture, that of the report which shows it. */
export function plotName({ plan }: RunRecord): string {
  return `deployment-report-${plan.version}`;
}

/** Error rate and p99 of both versions over the time of the rollout; undefined where nothing was measured. */
export function plotOf(record: RunRecord): Chart | undefined {
  const plotted = plottedOf(record);
  if (!plotted) return undefined;
  const { plan, state } = record;
  const isStaging = plotted.watches[0]?.plan.track === "staging";
  const latchedMs = state.latchedAt && !isStaging ? state.latchedAt : undefined;
  const back = latchedMs ? trafficBackAt(state) : undefined;
  return {
    title: `${plan.service} ${plan.version}: ${state.outcome?.outcome ?? "under way"}`,
    subtitle: `${plan.strategy}, ${isStaging ? "staging" : "production"}, ${time(plotted.from)} to ${time(instantOf(epochMs(plotted.from) + plotted.spanMs))}`,
    spanMs: plotted.spanMs,
    origin: `time since ${time(plotted.from)}; each point covers ${spanWords(plotted.spanMs / MOST_POINTS, plan.pollMs)}`,
    panels: panels(record, plotted),
    bands: plotted.watches.map((watched) => ({
      fromMs: since(plotted, watched.startedAt),
      toMs: since(plotted, watched.lastAt),
      ...bandNames(watched),
      text: watched.plan.text,
    })),
    marks: latchedMs
      ? [
          {
            ms: since(plotted, latchedMs),
            label: back ? "rollback decided" : "rollback decided, traffic not shown to be back",
          },
        ]
      : [],
  };
}

/** The same as two lines of text per version, for readers without pictures. */
export function sparkRows(record: RunRecord): { version: string; errorRate: string; p99: string }[] {
  const plotted = plottedOf(record);
  if (!plotted) return [];
  const versions = versionsOf(record, plotted);
  const slices = versions.map(({ version }) => slicesOf(record, plotted, version, SPARK_POINTS));
  const numbers = (pick: (slice: Slice) => Value) =>
    Math.max(0, ...slices.flat().flatMap((slice) => (typeof pick(slice) === "number" ? (pick(slice) as number) : [])));
  const [mostErrors, mostP99] = [numbers(({ errorRatePct: v }) => v), numbers(({ p99Ms: v }) => v)];
  return versions.map(({ label }, index) => {
    const own = slices[index] ?? [];
    const errors = sparkline(
      own.map(({ errorRatePct: v }) => v),
      mostErrors,
    );
    const latency = sparkline(
      own.map(({ p99Ms: v }) => v),
      mostP99,
    );
    return { version: label, errorRate: `${errors} 0 to ${pct(mostErrors)}`, p99: `${latency} 0 to ${ms(mostP99)}` };
  });
}

function plottedOf(record: RunRecord): Plotted | undefined {
  if (!record.plan.metrics) return undefined;
  const production = [...watchesOf(record, "production"), ...watchesOf(record, "post-rollback")];
  return plottedFrom(record, production) ?? plottedFrom(record, watchesOf(record, "staging"));
}

function plottedFrom(record: RunRecord, watches: readonly WatchRecord[]): Plotted | undefined {
  const [first] = watches;
  const last = watches.at(-1);
  if (!first || !last) return undefined;
  const polls = watches.flatMap((watched) =>
    pollsOf(record, watched.key)
      .filter(({ at }) => at <= watched.lastAt)
      .map((poll) => ({ poll, watched })),
  );
  const isMeasured = polls.some(({ poll }) => armTotals([poll], "candidate").requests > 0);
  const spanMs = epochMs(last.lastAt) - epochMs(first.startedAt);
  return isMeasured && spanMs > 0 ? { watches, polls, from: first.startedAt, spanMs } : undefined;
}

function since({ from }: Plotted, at: Instant): number {
  return Math.max(0, epochMs(at) - epochMs(from));
}

function bandNames({ plan }: WatchRecord): { label: string; short: string } {
  if (plan.track === "staging") return { label: "staging", short: "" };
  if (plan.track === "post-rollback") return { label: "after the rollback", short: "after" };
  const share = `${num(plan.weightPct, plan.weightPct % 1 === 0 ? 0 : 1)} %`;
  return { label: `${share} on the new version`, short: share };
}

function versionsOf({ plan }: RunRecord, plotted: Plotted): { version: Version; arm: Series["arm"]; label: string }[] {
  const old = plan.previous?.version;
  const isNewSeen = plotted.watches.some((watched) => watched.plan.track !== "post-rollback");
  return [
    ...(isNewSeen ? [{ version: plan.version, arm: "new" as const, label: `new: ${plan.version}` }] : []),
    ...(old ? [{ version: old, arm: "old" as const, label: `old: ${old}` }] : []),
  ];
}

function panels(record: RunRecord, plotted: Plotted): Panel[] {
  const versions = versionsOf(record, plotted).map((own) => ({
    ...own,
    slices: slicesOf(record, plotted, own.version, MOST_POINTS),
  }));
  const series = (pick: (slice: Slice) => Value): Series[] =>
    versions
      .map(({ arm, label, slices }) => ({
        arm,
        label,
        points: slices.map((slice) => ({ ms: slice.ms, value: pick(slice) })),
      }))
      .filter(({ points }) => points.some(({ value }) => value !== null));
  return [
    {
      title: "Error rate",
      unit: "%",
      series: series(({ errorRatePct: v }) => v),
      limits: limits(record, "error-rate"),
    },
    {
      title: "Latency p99 (upper edge of its bucket; a triangle is above the last edge)",
      unit: "ms",
      series: series(({ p99Ms: v }) => v),
      limits: limits(record, "latency"),
    },
  ];
}

function limits({ plan }: RunRecord, kind: "error-rate" | "latency"): { label: string; value: number }[] {
  const target = plan.metrics?.rules.find((rule) => rule.kind === kind)?.sloTarget;
  if (target === undefined) return [];
  return [{ label: `target ${kind === "latency" ? ms(target) : pct(target)}`, value: target }];
}

/** One version cut into slices of equal time, by the polls that counted it; what was not measured is a gap. */
function slicesOf(record: RunRecord, plotted: Plotted, version: Version, most: number): Slice[] {
  const widthMs = Math.max(plotted.spanMs / most, record.plan.pollMs);
  const groups = new Map<number, { poll: Poll; watched: WatchRecord }[]>();
  for (const entry of plotted.polls) {
    const slot = Math.min(most, Math.floor(since(plotted, entry.poll.at) / widthMs));
    groups.set(slot, [...(groups.get(slot) ?? []), entry]);
  }
  const last = Math.max(0, ...groups.keys());
  return Array.from({ length: last + 1 }, (_, slot) => {
    const own = groups.get(slot) ?? [];
    const at = own.at(-1)?.poll.at;
    const totals = own.map(({ poll, watched }) => armTotals([poll], armOf(record, watched, version)));
    return { ms: at ? since(plotted, at) : (slot + 0.5) * widthMs, ...valuesOf(totals) };
  }).filter((slice, slot) => groups.has(slot) || slice.errorRatePct !== null);
}

/** After a rollback the version under watch is the old one. */
function armOf({ plan }: RunRecord, { plan: watched }: WatchRecord, version: Version): "candidate" | "baseline" {
  const subject = watched.track === "post-rollback" ? plan.previous?.version : plan.version;
  return version === subject ? "candidate" : "baseline";
}

function valuesOf(totals: readonly ArmTotals[]): { errorRatePct: Value; p99Ms: Value } {
  const sum = (member: "requests" | "failed") => totals.reduce((all, one) => all + one[member], 0);
  const counts = new Map<number | null, number>();
  for (const { le, count } of totals.flatMap(({ latency }) => latency)) counts.set(le, (counts.get(le) ?? 0) + count);
  const edge = (le: number | null) => le ?? Number.POSITIVE_INFINITY;
  const latency = [...counts].map(([le, count]) => ({ le, count })).sort((a, b) => edge(a.le) - edge(b.le));
  const isSeen = latency.some(({ count }) => count > 0);
  return {
    errorRatePct: errorRatePct({ requests: sum("requests"), failed: sum("failed") }),
    p99Ms: isSeen ? (quantileEdge(latency, 0.99) ?? "above") : null,
  };
}

function spanWords(sliceMs: number, pollMs: number): string {
  const seconds = Math.max(sliceMs, pollMs) / 1000;
  return seconds < 90 ? `${num(seconds, seconds < 10 ? 1 : 0)} s` : `${num(seconds / 60, 1)} min`;
}
