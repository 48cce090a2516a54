import { locateReports } from "../evidence/tests/find.ts";
import { DEFAULT_LIMITS } from "../evidence/tests/limits.ts";
import { readReports } from "../evidence/tests/read.ts";
import { normaliseRun, readNormalised } from "../evidence/tests/stored.ts";
import { JUDGE } from "../judge/index.ts";
import {
  type ComparedTests,
  compareTests,
  judgeFirstDeployment,
  judgeTests,
  type TestsVerdict,
  testsDimension,
} from "../judge/tests/index.ts";
import { loadEvidence, storeEvidence } from "../record/evidence-store.ts";
import { redact } from "../record/redact.ts";
import { canonicalJson, type EvidenceRef, FlowError, type Origin, type Verdict, type Version } from "../vocab/index.ts";
import type { Run } from "./engine.ts";
import type { StoredEvidence, TestsEvidence } from "./hands.ts";
import type { Plan } from "./plan.ts";
import type { Project } from "./project.ts";
import { quoted } from "./quoted.ts";
import type { RunState } from "./run-state.ts";
import { baselineSide, candidateSide, type Side } from "./test-sides.ts";

/** Reads report files into the stored form with its evidence reference. */
export async function readTestFiles(
  project: Project,
  patterns: readonly string[],
  o: { name: string; version: Version; origin: Origin },
): Promise<{ stored: Uint8Array; ref: EvidenceRef }> {
  const run = await readReports(project.ports.disk, patterns, { cwd: project.root });
  const { stored, rawSha256, storedSha256 } = normaliseRun(run, redact);
  const { name, version, origin } = o;
  return { stored, ref: { name, rawSha256, storedSha256, origin, version, at: project.ports.clock.wall() } };
}

/** Paths of the report files that patterns name, for a plan. */
export function reportPaths(project: Project, patterns: readonly string[]): string[] {
  return locateReports(project.ports.disk, project.root, patterns, DEFAULT_LIMITS).map((file) => file.path);
}

/**
 * The tests of the new version against those of the version in production: executes the suite (a failure counts once
 * it failed three of three runs) or reads the presented reports, stores both sides and judges the stored forms.
 */
export async function collectTests(project: Project, run: Run, signal: AbortSignal): Promise<TestsEvidence> {
  const baseline = await orProblem(() => baselineSide(project, run.plan));
  if (baseline && "problem" in baseline) return withoutResult(`baseline: ${baseline.problem}`);
  const candidate = await orProblem(() => candidateSide(project, run, baseline, signal));
  if ("problem" in candidate) return withoutResult(candidate.problem);
  const before = baseline && keep(project, "tests/baseline", baseline);
  const after = keep(project, "tests/candidate", candidate);
  const stored = [...(before ? [before] : []), after];
  const verdict = await judgeStored(
    project,
    project.paths.evidence,
    run.plan,
    stored.map(({ ref }) => ref),
  );
  return {
    stored,
    verdict: dimensionOf(
      verdict,
      stored.map(({ ref }) => ref),
    ),
    check: verdict,
  };
}

/** Judges the stored forms of both sides, as first done and as `verify` does again. */
async function judgeStored(
  project: Project,
  dir: string,
  plan: Plan,
  refs: readonly EvidenceRef[],
): Promise<TestsVerdict> {
  const place = { disk: project.ports.disk, dir };
  const rowsOf = async (name: string) => {
    const ref = refs.find((candidate) => candidate.name === name);
    return ref ? (await readNormalised(loadEvidence(place, ref))).rows : undefined;
  };
  const baseline = await rowsOf("tests/baseline");
  const candidate = (await rowsOf("tests/candidate")) ?? [];
  const compared: ComparedTests = compareTests(baseline ?? [], candidate, { scope: "full" });
  // Without an old version there is nothing to lose; with one, a missing baseline is a gap that judgeTests names.
  return plan.previous
    ? judgeTests(compared, { thresholdPct: plan.regressionThreshold })
    : judgeFirstDeployment(compared);
}

function dimensionOf(verdict: TestsVerdict, inputs: readonly EvidenceRef[]): Verdict {
  return { ...testsDimension(verdict, JUDGE), inputs: [...inputs] };
}

/** A report that cannot be trusted is a gap in the evidence, not an accident of the run. */
async function orProblem<T>(read: () => Promise<T>): Promise<T | { problem: string }> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof FlowError && error.code === "unreadable") return { problem: quoted(error) };
    throw error;
  }
}

function withoutResult(problem: string): TestsEvidence {
  const verdict: Verdict = {
    outcome: "INCONCLUSIVE",
    reasons: [{ code: "tests-no-result", text: problem }],
    wouldPassIf: "complete reports of both versions can be read",
    judge: JUDGE,
    inputs: [],
  };
  return { stored: [], verdict, check: null };
}

function keep(project: Project, name: string, side: Side): StoredEvidence {
  const { stored, rawSha256 } = normaliseRun(side, redact);
  const { ref, file } = storeEvidence(
    { disk: project.ports.disk, dir: project.paths.evidence },
    {
      name,
      raw: rawSha256,
      stored,
      ext: "ndjson",
      origin: side.origin,
      version: side.version,
      at: project.ports.clock.wall(),
    },
  );
  return { ref, file: file.slice(project.paths.evidence.length + 1) };
}

/** Judges the archived rows again; says what differs, or nothing. */
export async function rejudgeTests(
  project: Project,
  dir: string,
  state: RunState,
  recorded: unknown,
): Promise<string | undefined> {
  const { verdict } = recorded as { verdict: Verdict };
  const refs = verdict.inputs;
  if (refs.length === 0) return verdict.outcome === "PASS" ? "the tests passed without evidence" : undefined;
  try {
    const again = dimensionOf(await judgeStored(project, dir, state.plan, refs), refs);
    if (canonicalJson(again) === canonicalJson(verdict)) return undefined;
    return verdict.judge === again.judge
      ? `the tests were recorded as ${verdict.outcome}, the evidence gives ${again.outcome} or other reasons`
      : "the tests were judged by another judge version, not tampering";
  } catch (error) {
    return `the tests cannot be judged again: ${(error as Error).message}`;
  }
}
