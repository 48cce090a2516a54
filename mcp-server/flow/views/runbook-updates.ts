import type { ArtifactView } from "../../record/artifact-kinds/index.ts";
import { num } from "../../record/figures.ts";
import { adviceOf } from "./advice.ts";
import { limitProposals } from "./limit-proposals.ts";
import { metricName } from "./metric-rows.ts";
import { gateOf, observationOf, type RunRecord, watchesOf } from "./record.ts";
import { isGap, pollsOf } from "./series.ts";
import { smokeOf, smokeText } from "./smoke.ts";
import { affectedAreas, lostText, testsOf } from "./tests.ts";
import { triggerText } from "./words.ts";

type View = ArtifactView<"runbook-updates">;
/** One proposal with the measured fact that it rests on. */
export type Proposal = NonNullable<View["proposals"]>[number];

/** What people may want to change after this run; undefined before the outcome. */
export function runbookUpdatesView(record: RunRecord): View | undefined {
  const { plan, state, background } = record;
  if (!state.outcome) return undefined;
  const proposals = proposalsOf(record);
  const limits = limitProposals(record);
  const count = proposals.length;
  return {
    service: plan.service,
    version: plan.version,
    outcome: state.outcome.outcome,
    summary:
      count === 0
        ? "No measured fact of this run asks for a change."
        : `${num(count)} ${count === 1 ? "change follows" : "changes follow"} from what was measured.`,
    proposals,
    notProposed: limits.withheld,
    considered: [
      { name: "Events of this run", value: num(record.events.length) },
      { name: "Earlier runs known", value: background ? num(background.earlier.length) : null },
    ],
    advice: adviceOf(record, "report"),
  };
}

/** Every proposal of a run: from its own facts, and about limits where enough runs agree. */
export function proposalsOf(record: RunRecord): Proposal[] {
  return [
    ...processProposals(record),
    ...smokeProposals(record),
    ...monitoringProposals(record),
    ...rollbackProposals(record),
    ...limitProposals(record).proposals,
  ];
}

function one(area: string, proposal: string, basis: string, effect: Proposal["effect"] = "adds"): Proposal {
  return { area, proposal, basis, effect, runs: 1 };
}

function processProposals(record: RunRecord): Proposal[] {
  const { events, state } = record;
  const tests = testsOf(state);
  const lost = tests && tests.tests.totals.lost > 0 ? affectedAreas(tests).slice(0, 3) : [];
  const expired = state.answers.filter(({ answer }) => answer === "expired").length;
  const isUnanswered = expired > 0 || state.approval?.decision === "expired";
  const resumed = events.filter(({ event }) => event.event === "ownership" && event.reason === "resume").length;
  const retried = events.filter(({ event }) => event.event === "attempt-failed" && event.retryable).length;
  return [
    ...(tests && lost.length > 0
      ? [
          one(
            "Process",
            `run the suites ${lost.map(({ area }) => area).join(", ")} before a version becomes a candidate`,
            lostText(tests),
          ),
        ]
      : []),
    ...(isUnanswered
      ? [
          one(
            "Process",
            "name who answers during a rollout, and a second person",
            "a question was not answered in time",
          ),
        ]
      : []),
    ...(resumed > 0
      ? [
          one(
            "Process",
            "run the runner where nothing ends it",
            `the runner was lost ${num(resumed)} times`,
            "clarifies",
          ),
        ]
      : []),
    ...(retried > 0
      ? [
          one(
            "Process",
            "look into the target: changes of it needed more than one attempt",
            `${num(retried)} attempts failed`,
            "clarifies",
          ),
        ]
      : []),
  ];
}

function smokeProposals(record: RunRecord): Proposal[] {
  const { latched } = record.state;
  if (!latched) return [];
  const own = smokeOf(record, "production") ?? smokeOf(record, "pre-cutover");
  const isBlind = own?.verdict.outcome === "PASS" && latched.kind !== "smoke";
  const passedStaging = gateOf(record, "staging")?.gate.verdict.outcome === "PASS";
  return [
    ...(isBlind && own
      ? [
          one(
            "Smoke checks",
            "add a check of what failed: the present ones did not see it",
            `${smokeText(own.run)} while: ${triggerText(latched)}`,
          ),
        ]
      : []),
    ...(passedStaging
      ? [
          one(
            "Staging",
            "make load and data of staging more like production",
            `the staging gate passed, then: ${triggerText(latched)}`,
          ),
        ]
      : []),
  ];
}

function monitoringProposals(record: RunRecord): Proposal[] {
  const blind = record.watches.filter((watched) => watched.reading && pollsOf(record, watched.key).some(isGap));
  const last = observationOf(record) ?? watchesOf(record, "production").at(-1);
  const coarse = (last?.reading?.metrics ?? []).filter(({ waitsFor }) => waitsFor.includes("buckets"));
  const silent = Object.entries(record.plan.notApplicable).filter(([, reason]) =>
    reason.startsWith("deploy.yaml has no"),
  );
  return [
    ...blind.map(({ plan, key }) =>
      one(
        "Monitoring",
        "find out why the metrics pages did not answer",
        `${num(pollsOf(record, key).filter(isGap).length)} polls without an answer: ${plan.text}`,
        "clarifies",
      ),
    ),
    ...coarse.map(({ id, waitsFor }) =>
      one(
        "Monitoring",
        `give the histogram of ${metricName(id)} finer buckets around its limit`,
        `waits for ${waitsFor}`,
      ),
    ),
    ...silent.map(([dimension, reason]) =>
      one(
        "Monitoring",
        `configure ${dimension.split(".")[1] ?? dimension} for ${dimension.split(".")[0] ?? "it"}`,
        reason,
      ),
    ),
  ];
}

function rollbackProposals(record: RunRecord): Proposal[] {
  const { latched, outcome } = record.state;
  if (!latched) return [];
  const gate = gateOf(record, "rollback");
  const open = Object.entries(gate?.gate.dimensions ?? {}).filter(
    ([, { outcome: own }]) => own === "FAIL" || own === "INCONCLUSIVE",
  );
  return [
    ...open.map(([name, { outcome: own }]) =>
      one(
        "Rollback",
        `say in the rollback plan what is done when ${name} is not shown to be good`,
        `${name}: ${own} after the rollback`,
      ),
    ),
    ...(outcome?.outcome === "ROLLBACK_FAILED"
      ? [
          one(
            "Rollback",
            "rehearse going back before the next deployment",
            "the rollback is not shown to have succeeded",
          ),
        ]
      : []),
    ...(latched.kind === "manual"
      ? [one("Monitoring", "measure what the person saw, so that it is found without one", triggerText(latched))]
      : []),
  ];
}
