import { spanText } from "../../vocab/index.ts";
import { freezeFound, stoppedByFreeze } from "../freeze-record.ts";
import { lastReport, stoppedByReadiness } from "../readiness-state.ts";
import { schemaText } from "../schema-state.ts";
import { escalationSteps } from "./contacts.ts";
import type { RunRecord } from "./record.ts";
import { exposedMs, restoreMs } from "./times.ts";
import { known, reasonsText, triggerText } from "./words.ts";

/** One or two sentences: what was attempted, what came of it, what runs now. */
export function outcomeText(record: RunRecord): string {
  const { plan, state } = record;
  const { version } = plan;
  const schema = schemaText(state, "production");
  const running = [runningText(record), ...(schema ? [`${schema[0]?.toUpperCase()}${schema.slice(1)}.`] : [])].join(
    " ",
  );
  const outcome = state.outcome?.outcome;
  switch (outcome) {
    case "SUCCESS":
      return `${version} was deployed and proven in production. ${running}`;
    case "SUCCESS_RISK_ACCEPTED":
      return `${version} was deployed; a person accepted a regression. ${running}`;
    case "UNPROVEN":
      return `${version} is in production without sign of harm, and the evidence is too thin to prove it. ${running}`;
    case "BLOCKED":
      if (stoppedByFreeze(state)) return `${version} was stopped by a freeze before any user saw it. ${running}`;
      if (stoppedByReadiness(state))
        return `${version} was stopped by the readiness check before any user saw it. ${running}`;
      return `${version} was stopped by the staging gate before any user saw it. ${running}`;
    case "ABORTED":
      return `${version} was stopped before any user saw it: ${reasonsText(state.outcome?.reasons ?? [])}. ${running}`;
    case "ROLLED_BACK":
      return `${version} was attempted and rolled back${restoredIn(record)}. ${running}`;
    case "ROLLBACK_FAILED":
      return `${version} was attempted, and the rollback is not shown to have succeeded. ${running}`;
    case undefined:
      return `${version} is being deployed.`;
    default:
      return outcome satisfies never;
  }
}

function restoredIn({ state }: RunRecord): string {
  return known(restoreMs(state), (v) => `, all traffic back ${spanText(v)} after the decision`) ?? "";
}

/** What serves production now; after a failed rollback nobody can say. */
export function runningVersion({ plan, state }: RunRecord): string | null {
  const { outcome } = state;
  if (!outcome || outcome.outcome === "ROLLBACK_FAILED") return outcome?.runningVersion ?? null;
  return outcome.runningVersion ?? (plan.previous ? null : "none");
}

function runningText(record: RunRecord): string {
  const running = runningVersion(record);
  if (running === null) return "What production runs now is not known for certain.";
  return running === "none" ? "Production runs no version." : `Production runs ${running}.`;
}

/** What rolled the release back, and how fast; undefined without a rollback. */
export function rollbackText({ state }: RunRecord): string | undefined {
  if (!state.latched) return undefined;
  const restored =
    known(restoreMs(state), (v) => `all traffic back after ${spanText(v)}`) ?? "traffic not shown to be back";
  const exposed = known(exposedMs(state), (v) => `exposed for ${spanText(v)}`);
  return [triggerText(state.latched), restored, exposed].filter(Boolean).join("; ");
}

/** What people do now. */
export function nextSteps(record: RunRecord): string[] {
  const { version } = record.plan;
  const outcome = record.state.outcome?.outcome;
  switch (outcome) {
    case "SUCCESS":
      return ["read the deployment report", "keep watching the service levels for a day or two"];
    case "SUCCESS_RISK_ACCEPTED":
      return ["mend the accepted regression", "keep watching the service levels for a day or two"];
    case "UNPROVEN":
      return [
        `watch ${version}, or deploy the old version again`,
        "see what the evidence lacked: traffic, time or buckets",
      ];
    case "BLOCKED":
      if (stoppedByFreeze(record.state)) return afterFreeze(record);
      if (stoppedByReadiness(record.state)) return afterReadiness(record);
      return ["mend what the staging gate names", "deploy again: the gate is judged anew"];
    case "ABORTED":
      return ["clear the reason and deploy again"];
    case "ROLLED_BACK":
      return [
        "find the cause: the rollback report names the evidence",
        "hold a review",
        "deploy again when it is mended",
      ];
    case "ROLLBACK_FAILED":
      return [
        ...escalationSteps(record.plan),
        "bring production into a known state now",
        "then a person runs `deploy-flow release-lock --reason ...`; until then no run starts",
      ];
    case undefined:
      return ["`deploy-flow status --watch` follows the run"];
    default:
      return outcome satisfies never;
  }
}

/** What each gap asks for, each once. */
export function afterReadiness({ state }: RunRecord): string[] {
  const report = lastReport(state);
  const todo = [...(report?.gaps ?? []), ...(report?.conditions ?? [])]
    .filter((entry) => !("acknowledgedBy" in entry) || entry.acknowledgedBy === null)
    .map((entry) => `${entry.criterion}: ${entry.todo}`);
  return [...new Set(todo), "deploy again: everything is asked anew"];
}

function afterFreeze({ plan, state }: RunRecord): string[] {
  const found = freezeFound(state);
  const until = found?.state === "frozen" ? found.until : null;
  return [
    until === null ? "change the freeze in deploy.yaml" : `deploy again after ${until}`,
    `or a person overrides it: deploy-flow run ${plan.version} --override-freeze "why it cannot wait"`,
  ];
}
