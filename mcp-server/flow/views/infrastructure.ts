import { judgeInfra } from "../../judge/index.ts";
import type { ArtifactView } from "../../record/artifact-kinds/index.ts";
import { num } from "../../record/figures.ts";
import type { RunRecord, WatchRecord } from "./record.ts";
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
  const looks = record.watches.filter((watched) => watched.plan.track === "production" && watched.live);
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
        heading: "Instances of the new version, at the end of each watch",
        columns: ["Watch", "Status", "Ready", "Restarts", "Out of memory", "Crashes"],
        rows: looks.map(lookRow),
      },
    ],
  };
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
