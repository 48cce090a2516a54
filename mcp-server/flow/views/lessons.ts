import type { ArtifactView } from "../../record/artifact-kinds/index.ts";
import { spanText } from "../../vocab/index.ts";
import { gateOf, observationOf, type RunRecord } from "./record.ts";
import { rollbackResult } from "./rollback.ts";
import { isGap, pollsOf } from "./series.ts";
import { smokeOf, smokeText } from "./smoke.ts";
import { exposedMs, restoreMs } from "./times.ts";
import { known, reasonsText, triggerText } from "./words.ts";

type View = ArtifactView<"deployment-report">;
/** Numbered by the report. */
type Issues = Omit<NonNullable<View["issues"]>[number], "id">[];

/** What did not go by the plan, and what became of it. */
export function issues(record: RunRecord): Issues {
  const { state } = record;
  return [
    ...stopIssues(record),
    ...state.notices.filter(({ level }) => level === "warning").map(warning),
    ...attempts(record),
    ...runnerIssues(record),
  ];
}

function stopIssues(record: RunRecord): Issues {
  const { latched, outcome } = record.state;
  if (latched) {
    const time = known(restoreMs(record.state), spanText);
    return [
      {
        severity: rollbackResult(record) === "SUCCESS" ? "HIGH" : "CRITICAL",
        description: triggerText(latched),
        resolution: `rollback: ${rollbackResult(record) ?? "not verified"}`,
        timeToResolve: time,
      },
    ];
  }
  if (outcome?.outcome !== "BLOCKED" && outcome?.outcome !== "ABORTED") return [];
  return [
    {
      severity: "HIGH",
      description: reasonsText(outcome.reasons),
      resolution: "production was not exposed",
      timeToResolve: "–",
    },
  ];
}

function warning({ text }: { text: string }): Issues[number] {
  return { severity: "LOW", description: text, resolution: "noted", timeToResolve: null };
}

function attempts({ events, state }: RunRecord): Issues {
  return events.flatMap(({ event }) =>
    event.event === "attempt-failed"
      ? [
          {
            severity: "LOW",
            description: event.message,
            resolution: state.results.has(event.key) ? "a later attempt succeeded" : "not resolved",
            timeToResolve: null,
          },
        ]
      : [],
  );
}

function runnerIssues({ events }: RunRecord): Issues {
  return events.flatMap(({ event }) =>
    event.event === "ownership" && event.reason === "resume"
      ? [
          {
            severity: "MEDIUM",
            description: "the runner was lost and another took the run over",
            resolution: event.found ?? "resumed",
            timeToResolve: null,
          },
        ]
      : [],
  );
}

/** Facts of this run that one would want again; computed, no praise. */
export function wentWell(record: RunRecord): string[] {
  const { state } = record;
  const smoke = smokeOf(record, "production");
  const exposed = known(exposedMs(state), spanText);
  return [
    ...(["staging", "production"] as const).flatMap((gate) =>
      gateOf(record, gate)?.gate.verdict.outcome === "PASS" ? [`the ${gate} gate passed`] : [],
    ),
    ...(smoke?.verdict.outcome === "PASS" ? [`${smokeText(smoke.run)} in production`] : []),
    ...(state.outcome && !state.exposed ? ["no user saw a version that did not pass its gates"] : []),
    ...(rollbackResult(record) === "SUCCESS"
      ? [
          state.exposedAt
            ? `the rollback was verified; the new version had traffic for ${exposed ?? "an unknown time"}`
            : "the way back was verified; the new version never had traffic",
        ]
      : []),
  ];
}

/** What made this run slower, blinder or less sure than it could have been. */
export function improvements(record: RunRecord): string[] {
  const { events, state } = record;
  const extended = events.flatMap(({ event }) =>
    event.event === "extended"
      ? [`the evidence was too thin and a watch was extended: ${reasonsText(event.reasons)}`]
      : [],
  );
  const expired = state.answers.filter(({ answer }) => answer === "expired").map(() => "a question went unanswered");
  const blind = record.watches
    .filter((watched) => watched.reading && pollsOf(record, watched.key).some(isGap))
    .map((watched) => `some polls got no answer: ${watched.plan.text}`);
  const unproven =
    state.outcome?.outcome === "UNPROVEN"
      ? [
          `what the proof lacked: ${reasonsText(observationOf(record)?.end?.end === "served" ? state.outcome.reasons : [])}`,
        ]
      : [];
  const late =
    state.latched && gateOf(record, "staging")?.gate.verdict.outcome === "PASS"
      ? ["the staging gate did not show what production showed"]
      : [];
  return [...extended, ...expired, ...blind, ...unproven, ...late];
}
