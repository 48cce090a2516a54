import type { ArtifactView } from "../../record/artifact-kinds/index.ts";
import { num } from "../../record/figures.ts";
import { type Instant, spanText } from "../../vocab/index.ts";
import type { Plan } from "../plan.ts";
import { updatedAt } from "../rolling-plan.ts";
import { type RunRecord, type WatchRecord, watchesOf } from "./record.ts";
import { shareText } from "./words.ts";

type Capacity = NonNullable<ArtifactView<"deployment-plan">["capacity"]>;
type Row = NonNullable<ArtifactView<"deployment-report">["execution"]>[number];

/** Instances that the rollout needs, beside those that serve now. */
export function capacityRows(plan: Plan): Capacity {
  const full = { name: "Instances for full traffic", value: num(plan.instances) };
  if (!plan.previous) return [full, { name: "Old version meanwhile", value: "nothing runs yet" }];
  const { version } = plan.previous;
  if (plan.rolling) return [full, ...rollingRows(plan, version)];
  const largest = plan.strategy === "blue-green" ? plan.instances : largestBeside(plan);
  return [
    full,
    { name: "Instances needed at most", value: `${num(plan.instances + largest)}, ${num(largest)} more than now` },
    { name: "Old version meanwhile", value: `${plan.instances} of ${version} stay up until the end` },
    { name: "Old version after success", value: plan.retainOld ? "kept without traffic" : "stopped" },
  ];
}

/** A canary's last stage brings the new version to full size beside the old one. */
function largestBeside(plan: Plan): number {
  const weights = plan.stages.map(({ weightPct }) => weightPct);
  return Math.max(1, Math.ceil((plan.instances * Math.max(...weights)) / 100));
}

function rollingRows(plan: Plan, version: string): Capacity {
  const { batch = 1, enough = plan.instances, byReplica = false } = plan.rolling ?? {};
  const one = byReplica ? "each new one before an old one goes" : "the first new one, then each before an old one goes";
  return [
    { name: "Instances needed at most", value: `${num(plan.instances + 1)}, one more than now: ${one}` },
    { name: "Unavailable at most", value: "0" },
    { name: "Batch", value: `${num(batch)} of ${num(plan.instances)}; ${num(plan.stages.length)} batches` },
    { name: `Instances of ${version} that carry all traffic in a rollback`, value: `at least ${num(enough)}` },
    { name: "Old version after success", value: "replaced" },
  ];
}

/** What the strategy came to, before the list of its changes. */
export function strategyRows(record: RunRecord, verdictOf: (watched: WatchRecord) => string): Row[] {
  const { plan, state } = record;
  if (!state.steps.some(({ step }) => step === "execute")) return [];
  switch (plan.strategy) {
    case "blue-green":
      return blueGreenRows(record);
    case "rolling":
      return [...rollingResult(record), ...stageRows(record, verdictOf)];
    case "canary":
      return stageRows(record, verdictOf);
    default:
      return plan.strategy satisfies never;
  }
}

function blueGreenRows({ plan, state }: RunRecord): Row[] {
  const moment = (key: string) => state.times.get(key)?.endedAt;
  const row = (name: string, at: Instant | undefined, detail: string): Row => ({
    name,
    status: at ? clock(at) : "not reached",
    detail,
  });
  const isBack = state.latched !== undefined;
  const kept = plan.retainOld ? "without traffic until the next deployment" : "stopped after success";
  return [
    row("Green ready", moment("green/prepare"), `${plan.instances} instances of ${plan.version} without traffic`),
    row("Cutover", moment("stage-1/expose"), `all traffic to ${plan.version}`),
    ...(plan.previous
      ? [
          {
            name: "Old version retained",
            status: isBack ? "back in use" : plan.retainOld ? "yes" : "no",
            detail: isBack ? plan.previous.version : `${plan.previous.version}, ${kept}`,
          },
        ]
      : []),
  ];
}

function rollingResult({ plan, state }: RunRecord): Row[] {
  if (!plan.rolling) return [];
  const done = plan.stages.findLast((_, index) => state.results.has(`stage-${index + 1}/expose`));
  const pauseMs = plan.stages.length > 1 ? plan.stages[0]?.durationMs : undefined;
  const pause = pauseMs === undefined ? "no pause" : `pause ${spanText(pauseMs)}`;
  return [
    {
      name: "Instances updated",
      status: `${done ? updatedAt(plan, done.weightPct) : 0} of ${plan.instances}`,
      detail: `batch ${plan.rolling.batch}, ${pause}${state.latched ? "; then reverted" : ""}`,
    },
  ];
}

/** Time and verdict of each stage; a breach is counted where the watch was stopped by one. */
function stageRows(record: RunRecord, verdictOf: (watched: WatchRecord) => string): Row[] {
  const watched = watchesOf(record, "production");
  const breaches = watched.filter(({ end }) => end?.end === "trigger").length;
  return [
    ...watched.map((one) => ({
      name: one.plan.final ? "Observation" : (one.plan.text.split(":")[0] ?? one.plan.text),
      status: verdictOf(one),
      detail: `${clock(one.startedAt)} to ${clock(one.lastAt)}, ${shareText(one.plan.weightPct)} of the traffic`,
    })),
    ...(watched.length > 0 ? [{ name: "Breaches", status: num(breaches), detail: "watches stopped by a breach" }] : []),
  ];
}

function clock(at: Instant): string {
  return `${at.slice(11, 19)}Z`;
}
