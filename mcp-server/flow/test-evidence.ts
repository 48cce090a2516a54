import { join } from "node:path";
import { fillPlaceholders } from "../evidence/placeholders.ts";
import { locateReports } from "../evidence/tests/find.ts";
import { DEFAULT_LIMITS } from "../evidence/tests/limits.ts";
import { readReports } from "../evidence/tests/read.ts";
import { normaliseRun, readNormalised } from "../evidence/tests/stored.ts";
import { JUDGE } from "../judge/index.ts";
import {
  CONFIRMING_RUNS,
  type ComparedTests,
  compareTests,
  confirmRuns,
  judgeFirstDeployment,
  judgeTests,
  type TestRow,
  type TestsVerdict,
  testsDimension,
} from "../judge/tests/index.ts";
import { allowEnv, BASE_ENV } from "../ports/index.ts";
import { loadBaseline } from "../record/baselines.ts";
import { loadEvidence, storeEvidence } from "../record/evidence-store.ts";
import { redact } from "../record/redact.ts";
import {
  canonicalJson,
  durationMs,
  type EvidenceRef,
  FlowError,
  type Label,
  type Origin,
  type Sha256,
  sha256,
  type Verdict,
  type Version,
} from "../vocab/index.ts";
import type { Run } from "./engine.ts";
import type { StoredEvidence, TestsEvidence } from "./hands.ts";
import type { Plan, PresentedFile } from "./plan.ts";
import type { Project } from "./project.ts";
import type { RunState } from "./state.ts";

/** Rows of one side, with the digest of the bytes that they came from. */
interface Side {
  readonly rows: readonly TestRow[];
  readonly rawSha256: Sha256;
  readonly origin: Origin;
  readonly version: Version;
}

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
  const { tests } = run.plan;
  if (!tests) throw new FlowError({ code: "internal", what: "the plan has no tests", next: "report this" });
  const baseline = await baselineSide(project, run.plan);
  const candidate =
    "command" in tests.config.candidate
      ? await executed(project, run, signal)
      : await presented(project, run.plan, tests.candidate, run.plan.version);
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

function withoutResult(problem: string): TestsEvidence {
  const verdict: Verdict = {
    outcome: "INCONCLUSIVE",
    reasons: [{ code: "tests-no-result", text: problem }],
    wouldPassIf: "the test command ends in time and leaves a complete report",
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

async function baselineSide(project: Project, plan: Plan): Promise<Side | undefined> {
  const source = plan.tests?.baseline;
  if (!source || source.from === "none") return undefined;
  if (source.from === "files") return presentedRows(project, plan, source.files, source.version);
  const stored = loadBaseline({ disk: project.ports.disk, dir: project.paths.baselines }, source.label as Label);
  if (!stored?.tests || stored.record.parts.tests?.sha256 !== source.sha256)
    throw changed(`the stored baseline "${source.label}"`);
  const { rows, rawSha256 } = await readNormalised(stored.tests);
  return { rows, rawSha256, origin: stored.record.testsRef?.origin ?? "presented", version: source.version };
}

async function presented(
  project: Project,
  plan: Plan,
  files: readonly PresentedFile[],
  version: Version,
): Promise<Side | { problem: string }> {
  if (files.length === 0) return { problem: "no report file was named when the plan was made" };
  return presentedRows(project, plan, files, version);
}

/** Only the bytes that the plan names may decide. */
async function presentedRows(
  project: Project,
  plan: Plan,
  files: readonly PresentedFile[],
  version: Version,
): Promise<Side> {
  for (const file of files) {
    if (sha256(project.ports.disk.read(file.path)) !== file.sha256) throw changed(file.path);
  }
  const run = await readReports(
    project.ports.disk,
    files.map((file) => file.path),
    readOptions(project, plan, version),
  );
  return { rows: run.rows, rawSha256: run.rawSha256, origin: "presented", version };
}

function changed(what: string): FlowError {
  return new FlowError({
    code: "conflict",
    what: `${what} changed after the plan was made`,
    expected: "the bytes whose digest the plan names",
    next: "make a new plan: start the deployment again",
  });
}

/** Paths in reports are made relative to the artifact, so that two versions of one test are the same test. */
function readOptions(project: Project, plan: Plan, version: Version) {
  const artifact = join(project.root, plan.target.artifact.replaceAll("{version}", version));
  return { cwd: project.root, roots: [artifact, project.root] };
}

const OUTPUT_CAP_BYTES = 256 * 1024;

/** Runs the suite up to three times: a failure that goes away is flaky, one that stays is confirmed. */
async function executed(project: Project, run: Run, signal: AbortSignal): Promise<Side | { problem: string }> {
  const first = await runSuite(project, run, 1, signal);
  if ("problem" in first) return first;
  const reruns: (readonly TestRow[])[] = [];
  const digests = [first.rawSha256];
  while (reruns.length + 1 < CONFIRMING_RUNS && confirmRuns(first.rows, reruns).undecided.length > 0) {
    const again = await runSuite(project, run, reruns.length + 2, signal);
    if ("problem" in again) return again;
    reruns.push(again.rows);
    digests.push(again.rawSha256);
  }
  const { rows, flakyObserved } = confirmRuns(first.rows, reruns);
  if (flakyObserved.length > 0) {
    run.append({
      event: "notice",
      level: "warning",
      text: `${flakyObserved.length} tests failed and passed when run again`,
    });
  }
  return { rows, rawSha256: sha256(digests.join("\n")), origin: "executed", version: run.plan.version };
}

async function runSuite(project: Project, run: Run, attempt: number, signal: AbortSignal) {
  const { plan } = run;
  const command = plan.tests?.config.candidate;
  if (!command || !("command" in command))
    throw new FlowError({ code: "internal", what: "no test command", next: "report this" });
  const { disk, exec } = project.ports;
  const folder = join(project.paths.working, "tests");
  const report = join(folder, `run-${attempt}.xml`);
  disk.mkdir(folder);
  disk.remove(report);
  const artifact = join(project.root, plan.target.artifact.replaceAll("{version}", plan.version));
  const values = { report, version: plan.version, artifact };
  const exit = await exec.run(
    command.command.map((part) => fillPlaceholders(part, values, "tests.candidate.command")),
    {
      cwd: command.cwd ? join(project.root, command.cwd) : project.root,
      env: { ...allowEnv([...BASE_ENV, ...command.passEnv]), ...command.env },
      timeoutMs: durationMs(command.timeout),
      outputCapBytes: OUTPUT_CAP_BYTES,
      signal,
    },
  );
  signal.throwIfAborted();
  if (exit.timedOut) return { problem: `the test command ran longer than ${command.timeout}` };
  if (!disk.stat(report)) {
    return {
      problem: `the test command (exit ${exit.code ?? exit.killedBy}) left no report: ${redact(exit.stderr.slice(-300))}`,
    };
  }
  try {
    return await readReports(disk, [report], readOptions(project, plan, plan.version));
  } catch (error) {
    if (error instanceof FlowError && error.code === "unreadable") return { problem: error.message };
    throw error;
  }
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
