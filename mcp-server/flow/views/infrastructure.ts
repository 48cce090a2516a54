import { type InfraReading, judgeInfra } from "../../judge/index.ts";
import type { ArtifactView } from "../../record/artifact-kinds/index.ts";
import { num, time } from "../../record/figures.ts";
import type { RunRecord, WatchRecord } from "./record.ts";
import { intervalGroups } from "./series.ts";
import { reasonsText } from "./words.ts";

type View = ArtifactView<"stand-alone">;

/** The last look at production's instances; of the old version after a rollback. */
export function lastProductionLook(record: RunRecord): WatchRecord | undefined {
  return record.watches.findLast((watched) => watched.plan.track !== "staging" && watched.live !== undefined);
}

/** `2 of 2 instances ready, 0 restarts`; undefined while production was not looked at. */
export function infrastructureLine(record: RunRecord): string | undefined {
  const infra = lastProductionLook(record)?.live?.infra;
  if (!infra) return undefined;
  return `${judgeInfra(infra).status}, ${infra.ready} of ${infra.instances} instances ready, ${num(infra.restarts)} restarts`;
}

/** Name and value of everything known about the instances of one look. */
export function infrastructureFacts(record: RunRecord): { name: string; value: string | null }[] {
  const look = lastProductionLook(record);
  const infra = look?.live?.infra;
  if (!look || !infra) return [];
  return [
    { name: "Status", value: judgeInfra(infra).status },
    { name: "Version looked at", value: subjectOf(record, look) },
    { name: "Instances ready", value: `${infra.ready} of ${infra.instances}` },
    { name: "Restarts", value: num(infra.restarts) },
    { name: "Out-of-memory kills", value: num(infra.oomKills) },
    { name: "Crashes", value: num(infra.crashes) },
    { name: "Nodes", value: null },
    { name: "Alerts", value: null },
  ];
}

function subjectOf(record: RunRecord, watched: WatchRecord): string {
  return watched.plan.track === "post-rollback" ? (record.plan.previous?.version ?? "none") : record.plan.version;
}

/** Health of the instances, watch by watch. */
export function infrastructureView(record: RunRecord): View | undefined {
  const looks = record.watches.filter((watched) => watched.plan.track !== "staging" && watched.live);
  const last = looks.at(-1);
  const infra = last?.live?.infra;
  if (!last || !infra) return undefined;
  const { status, reasons } = judgeInfra(infra);
  return {
    title: `Infrastructure health: ${record.plan.service} ${record.plan.version}`,
    verdict: status,
    summary: reasonsText(reasons),
    facts: [
      { name: "Nodes", value: null },
      { name: "Alerts of a monitoring system", value: null },
    ],
    tables: [
      {
        heading: "At the end of each watch",
        columns: ["Watch", "Status", "Ready", "Restarts", "Out of memory", "Crashes"],
        rows: looks.map(lookRow),
      },
      {
        heading: "Over time",
        columns: ["Time", "Of version", "Status", "Ready", "Restarts", "Out of memory", "Crashes", "Alerts"],
        rows: looks.flatMap((watched) => overTime(record, watched)),
      },
    ],
  };
}

/** The worst look of each interval: a moment of ill health must not be hidden by a good one after it. */
function overTime(record: RunRecord, watched: WatchRecord): string[][] {
  const version = subjectOf(record, watched);
  return intervalGroups(record, watched).flatMap((polls) => {
    const seen = polls.flatMap(({ at, event }) => (event.live ? [{ at, infra: event.live.infra }] : []));
    const [first] = seen.toSorted((a, b) => rank(b.infra) - rank(a.infra));
    if (!first) return [[time(polls.at(-1)?.at), version, "not seen", "–", "–", "–", "–", "–"]];
    const { ready, instances, restarts, oomKills, crashes } = first.infra;
    const { status, reasons } = judgeInfra(first.infra);
    const alerts = status === "HEALTHY" ? "none" : reasonsText(reasons);
    return [
      [time(first.at), version, status, `${ready} of ${instances}`, num(restarts), num(oomKills), num(crashes), alerts],
    ];
  });
}

function rank(infra: InfraReading): number {
  return ["HEALTHY", "DEGRADED", "UNHEALTHY"].indexOf(judgeInfra(infra).status);
}

function lookRow({ plan, live }: WatchRecord): string[] {
  if (!live) return [plan.text, "unknown", "unknown", "unknown", "unknown", "unknown"];
  const { ready, instances, restarts, oomKills, crashes } = live.infra;
  return [
    plan.text,
    judgeInfra(live.infra).status,
    `${ready} of ${instances}`,
    num(restarts),
    num(oomKills),
    num(crashes),
  ];
}
