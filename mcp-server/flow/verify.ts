import { join, resolve } from "node:path";
import { type GateVerdict, judgeSmoke } from "../judge/index.ts";
import { digestFile } from "../record/archive.ts";
import { verifyArchive as checkBytes } from "../record/archive-check.ts";
import type { Stamped } from "../record/journal.ts";
import { readJournal } from "../record/journal-file.ts";
import { canonicalJson, FlowError, type Json, messageOf, type Outcome3, type RunOutcome } from "../vocab/index.ts";
import { archivedPath } from "./archive.ts";
import { calibrationDifference } from "./calibration.ts";
import { FlowEvent, type Request } from "./events.ts";
import { freezeDifference, isFreezeKey, stoppedByFreeze } from "./freeze-record.ts";
import { productionGateOf, rollbackGateOf, stageGate, stagingGateOf } from "./gates.ts";
import { Plan, planHash } from "./plan.ts";
import { rejudgeSuites } from "./production-suites.ts";
import type { Project } from "./project.ts";
import { answerDifference, evidenceDifference } from "./readiness-evidence.ts";
import {
  changeFollows,
  effectFollows,
  readinessDifference,
  readinessStops,
  stoppedByReadiness,
} from "./readiness-state.ts";
import { signOffDifference } from "./roles.ts";
import { emptyState, type RunState } from "./run-state.ts";
import { stageKey } from "./runbooks/stages.ts";
import { occasionOf, signatureObjection } from "./signature.ts";
import { applyEvent } from "./state.ts";
import { suiteSideOf } from "./suites-record.ts";
import { rejudgeTests } from "./test-evidence.ts";
import { journeysVerdict } from "./watch-smoke.ts";

/** One way in which an archive does not hold what it says. */
export interface VerifyDifference {
  readonly what: string;
  readonly file?: string;
  readonly line?: number;
}

export interface VerifyResult {
  readonly ok: boolean;
  readonly runId: string;
  readonly version: string;
  readonly outcome: string;
  readonly checked: { readonly events: number; readonly files: number; readonly gates: number };
  readonly differences: readonly VerifyDifference[];
}

/**
 * Recomputes everything that an archive claims: every file's digest, the journal's chain, the plan's hash, and each
 * verdict from the archived evidence. Same bytes, or a named difference.
 */
export async function verifyArchive(project: Project, dir: string): Promise<VerifyResult> {
  const { disk } = project.ports;
  const folder = resolve(project.root, dir);
  if (disk.stat(folder)?.kind !== "dir") {
    throw new FlowError({
      code: "usage",
      what: "there is no archive",
      found: folder,
      next: "name a folder below .aiwg/archive; `deploy-flow history` lists them",
    });
  }
  const differences: VerifyDifference[] = await checkBytes(disk, folder);
  const unreadable = (file: string, error: unknown) =>
    differences.push({ file, what: `cannot be read: ${messageOf(error).slice(0, 200)}` });
  let plan: Plan | undefined;
  try {
    plan = Plan.parse(JSON.parse(disk.readText(join(folder, "plan.json"))));
  } catch (error) {
    unreadable("plan.json", error);
  }
  const reading = readJournal(disk, join(folder, "journal.jsonl"), FlowEvent);
  if (reading.damage) differences.push({ file: "journal.jsonl", line: reading.damage.line, what: reading.damage.what });
  const judged = plan
    ? await rejudge(project, folder, plan, reading.events)
    : { gates: 0, state: undefined, differences: [] };
  const named = await documentDifferences(project, folder, reading.events);
  const all = unique([...differences, ...judged.differences, ...named]);
  return {
    ok: all.length === 0,
    runId: judged.state?.runId ?? "unknown",
    version: plan?.version ?? "unknown",
    outcome: judged.state?.outcome?.outcome ?? "unknown",
    checked: { events: reading.events.length, files: fileCount(project, folder), gates: judged.gates },
    differences: all,
  };
}

/** The documents are those that the run wrote: the journal names the digest of each. */
async function documentDifferences(
  { ports: { disk } }: Project,
  folder: string,
  events: readonly Stamped<FlowEvent>[],
): Promise<VerifyDifference[]> {
  const named = new Map(
    events.flatMap(({ event }) => (event.event === "artifact" ? [[event.path, event.sha256]] : [])),
  );
  const differences: VerifyDifference[] = [];
  for (const [path, sha256] of named) {
    const file = archivedPath(path);
    const isThere = disk.stat(join(folder, file))?.kind === "file";
    if (!isThere) differences.push({ file, what: "named by the journal and missing" });
    else if ((await digestFile(disk, join(folder, file))).sha256 !== sha256)
      differences.push({ file, what: "not the document that the journal names" });
  }
  return differences;
}

async function rejudge(project: Project, folder: string, plan: Plan, events: readonly Stamped<FlowEvent>[]) {
  const state = emptyState(plan);
  const differences: VerifyDifference[] = [];
  let gates = 0;
  let asked: Request | undefined;
  const kept = { disk: project.ports.disk, dir: join(folder, "evidence") };
  for (const [index, stamped] of events.entries()) {
    const { event } = stamped;
    const differs = (what: string) => differences.push({ file: "journal.jsonl", line: index + 1, what });
    if (event.event === "run-opened" && event.planHash !== planHash(plan)) {
      differences.push({ file: "plan.json", what: "not the plan that the run was opened with" });
    }
    if (event.event === "request" && event.taken) {
      const objection = await signatureObjection(project.ports, folder, plan, event.request, occasionOf(state));
      if (objection !== undefined) differs(objection);
      asked = event.request;
    }
    if (event.event === "incident" && !(asked?.kind === "incident" && asked.incident === event.incident))
      differs("nobody asked for the incident that the run was given");
    if (event.event === "approval" || event.event === "sign-off") {
      const problem = signOffDifference(plan, event, asked);
      if (problem) differs(problem);
    }
    if (event.event === "smoke") {
      const again = { ...judgeSmoke(event.run), inputs: event.verdict.inputs };
      if (canonicalJson(again) !== canonicalJson(event.verdict))
        differs("the smoke verdict does not follow from its results");
    }
    if (event.event === "baseline") {
      const problem = calibrationDifference(project.ports.disk, join(folder, "evidence"), state, event.snapshot);
      if (problem) differs(problem);
    }
    if (event.event === "journeys") {
      const again = { ...journeysVerdict(state, event.run), inputs: event.verdict.inputs };
      if (canonicalJson(again) !== canonicalJson(event.verdict))
        differs("the verdict on the journeys does not follow from their results");
    }
    if (event.event === "result" && event.key === "staging/tests") {
      const problem = await rejudgeTests(project, kept.dir, state, event.value);
      gates += 1;
      if (problem) differs(problem);
    }
    if (event.event === "evidence") {
      const problem = await evidenceDifference(kept, event);
      if (problem) differences.push({ file: join("evidence", event.file), what: problem });
    }
    if (event.event === "result") {
      const problem = answerDifference(kept, state, event.key, event.value as Json);
      if (problem) differs(problem);
    }
    const side = event.event === "result" ? suiteSideOf(event.key) : undefined;
    if (event.event === "result" && side !== undefined && side !== "before") {
      const problem = await rejudgeSuites(project, join(folder, "evidence"), state, side, event.value);
      gates += 1;
      if (problem) differs(problem);
    }
    if (event.event === "result" && isFreezeKey(event.key)) {
      const problem = freezeDifference(plan, event.key, event.value);
      if (problem) differs(problem);
    }
    if (event.event === "intent" && !changeFollows(state, event.intent)) {
      differs(`${event.key} changed production although readiness did not allow it`);
    }
    if (event.event === "result" && !effectFollows(state, event)) {
      differs(`${event.key} took effect in production although the last look at readiness did not allow it`);
    }
    if (event.event === "readiness") {
      gates += 1;
      const problem = readinessDifference(state, stamped.at, event);
      if (problem) differs(problem);
    }
    if (event.event === "outcome" && !outcomeFollows(state, event.outcome)) {
      differs(`the outcome ${event.outcome} does not follow from the gates and decisions before it`);
    }
    if (event.event === "gate") {
      gates += 1;
      const again = gateAgain(state, event.key);
      if (!again) differs(`no rule is known for the gate ${event.key}`);
      else if (canonicalJson(again) !== canonicalJson(event.gate))
        differs(gateDifference(event.key, event.gate, again));
    }
    applyEvent(state, stamped);
  }
  return { gates, state, differences };
}

/** What an outcome needs in the record before it. */
function outcomeFollows(state: RunState, outcome: RunOutcome): boolean {
  if (stoppedByFreeze(state)) return freezeEnds(state, outcome);
  const production = state.gates.get("production/gate")?.verdict.outcome;
  switch (outcome) {
    case "SUCCESS":
      return production === "PASS" && !state.accepted && !state.latched;
    case "SUCCESS_RISK_ACCEPTED":
      return state.accepted && production !== undefined && !state.latched;
    case "UNPROVEN":
      return (production === "INCONCLUSIVE" || production === "PASS") && !state.latched;
    case "BLOCKED":
      if (stoppedByReadiness(state)) return readinessStops(state) && !state.exposed;
      return state.gates.get("staging/gate")?.verdict.outcome !== "PASS" && !state.exposed;
    case "ABORTED":
      return !state.exposed && state.stopping?.outcome === "ABORTED";
    case "ROLLED_BACK":
      return state.latched !== undefined && isBack(rollbackOutcome(state));
    case "ROLLBACK_FAILED":
      return state.latched !== undefined;
    default:
      return outcome satisfies never;
  }
}

/**
 * A freeze ends a run before production is changed. Where an irreversible change may have begun before a crash, nobody
 * can look whether it did: such a run goes back.
 */
function freezeEnds(state: RunState, outcome: RunOutcome): boolean {
  if (!state.exposed) return outcome === "BLOCKED" || outcome === "ABORTED";
  if (state.latched === undefined) return false;
  return outcome === "ROLLBACK_FAILED" || (outcome === "ROLLED_BACK" && isBack(rollbackOutcome(state)));
}

function rollbackOutcome({ gates }: RunState): Outcome3 | undefined {
  return gates.get("rollback/gate")?.verdict.outcome;
}

/** The way back was judged, and did not fail. */
function isBack(outcome: Outcome3 | undefined): boolean {
  return outcome !== undefined && outcome !== "FAIL";
}

function gateAgain(state: RunState, key: string): GateVerdict | undefined {
  if (key === "staging/gate") return stagingGateOf(state, key);
  if (key === "production/gate") return productionGateOf(state, stageKey(state.plan.stages.length - 1));
  if (key === "rollback/gate") return rollbackGateOf(state, "rollback/watch");
  return /^stage-\d+\/watch$/.test(key) ? stageGate(state, key) : undefined;
}

function gateDifference(key: string, recorded: GateVerdict, again: GateVerdict): string {
  if (recorded.verdict.judge !== again.verdict.judge) {
    return `gate ${key} was judged by ${recorded.verdict.judge}, this is ${again.verdict.judge}: another judge version, not tampering`;
  }
  return `gate ${key} recorded ${recorded.verdict.outcome}, the evidence gives ${again.verdict.outcome} or other reasons`;
}

function fileCount(project: Project, folder: string): number {
  try {
    const manifest = JSON.parse(project.ports.disk.readText(join(folder, "manifest.json"))) as { files: unknown[] };
    return manifest.files.length;
  } catch {
    return 0;
  }
}

function unique(differences: readonly VerifyDifference[]): VerifyDifference[] {
  const seen = new Map(differences.map((difference) => [canonicalJson(difference), difference]));
  return [...seen.values()];
}
