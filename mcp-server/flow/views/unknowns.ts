import { rehearsalRecord } from "../rehearsal-record.ts";
import { hasSuites, suitesOf } from "../suites-record.ts";
import { journeysOf } from "./journeys.ts";
import { metricName } from "./metric-rows.ts";
import { readinessReportOf } from "./readiness.ts";
import { gateOf, observationOf, type RunRecord, watchesOf } from "./record.ts";
import { smokeOf } from "./smoke.ts";
import { testsOf } from "./tests.ts";

/** Everything that a deployment report should say and nobody measured. Approving the plan acknowledged some of it. */
export function unknowns(record: RunRecord): string[] {
  const { plan, state } = record;
  return [
    ...plan.expectedUnknowns,
    ...(readinessReportOf(record) ? [] : ["readiness before the deployment: not judged"]),
    ...(rehearsalRecord(state) ? [] : [`rehearsal of the rollback: ${plan.rehearsal.reason || "it was not reached"}`]),
    ...(testsOf(state) ? [] : [`tests of ${plan.version}: no comparison`]),
    ...(state.baseline ? [] : ["what production did before: no baseline is recorded"]),
    ...Object.entries(plan.notApplicable).map(([dimension, reason]) => `${dimension}: not judged, ${reason}`),
    ...unmeasured(record),
    "nodes and alerts of the platform: not read",
    "conversion and active users: no business metric is configured",
    "signature of the artifact: not checked",
  ];
}

function unmeasured(record: RunRecord): string[] {
  const { plan, state } = record;
  if (!state.exposedAt) return [`${plan.version} in production: it had no traffic there`];
  const watched = observationOf(record) ?? watchesOf(record, "production").at(-1);
  const open = (watched?.reading?.metrics ?? []).filter(({ candidate }) => candidate.value === undefined);
  const smokeMissing = plan.smoke !== null && !smokeOf(record, "production");
  return [
    ...(plan.metrics && !watched?.reading ? ["service levels in production: not measured"] : []),
    ...open.map(({ id }) => `${metricName(id)} of ${plan.version} in production: not measured`),
    ...(smokeMissing ? ["smoke checks in production: not run"] : []),
    ...(plan.journeys !== null && !journeysOf(record, "production") ? ["user journeys in production: not run"] : []),
    ...(hasSuites(state) && !suitesOf(state, "after")?.verdict ? ["suites in production: not run"] : []),
    ...(state.latched && !gateOf(record, "rollback") ? ["state after the rollback: not judged"] : []),
  ];
}
