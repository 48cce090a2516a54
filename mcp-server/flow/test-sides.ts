import { join } from "node:path";
import type { TestsConfig } from "../evidence/config.ts";
import { fillPlaceholders } from "../evidence/placeholders.ts";
import { readReports } from "../evidence/tests/read.ts";
import { readNormalised } from "../evidence/tests/stored.ts";
import { CONFIRMING_RUNS, confirmRuns, type TestRow } from "../judge/tests/index.ts";
import { allowEnv, BASE_ENV } from "../ports/index.ts";
import { loadBaseline } from "../record/baselines.ts";
import { confine } from "../record/confine.ts";
import { redact } from "../record/redact.ts";
import {
  durationMs,
  FlowError,
  type Label,
  messageOf,
  type Origin,
  quoteValue,
  type Sha256,
  sha256,
  type Version,
} from "../vocab/index.ts";
import type { Run } from "./engine.ts";
import type { Plan, PresentedFile } from "./plan.ts";
import type { Project } from "./project.ts";

/** Rows of one side, with the digest of the bytes that they came from. */
export interface Side {
  readonly rows: readonly TestRow[];
  readonly rawSha256: Sha256;
  readonly origin: Origin;
  readonly version: Version;
}

/** The recorded or presented results of the version in production; undefined when the plan names none. */
export async function baselineSide(project: Project, plan: Plan): Promise<Side | undefined> {
  const source = plan.tests?.baseline;
  if (!source || source.from === "none") return undefined;
  if (source.from === "files") return presentedRows(project, plan, source.files, source.version);
  const stored = loadBaseline({ disk: project.ports.disk, dir: project.paths.baselines }, source.label as Label);
  if (!stored?.tests || stored.record.parts.tests?.sha256 !== source.sha256)
    throw changed(`the stored baseline "${source.label}"`);
  const { rows, rawSha256 } = await readNormalised(stored.tests);
  return { rows, rawSha256, origin: stored.record.testsRef?.origin ?? "presented", version: source.version };
}

/** The results of the new version: executed where the plan names a command, read where it names files. */
export async function candidateSide(
  project: Project,
  run: Run,
  signal: AbortSignal,
): Promise<Side | { problem: string }> {
  const { tests } = run.plan;
  if (!tests) throw new FlowError({ code: "internal", what: "the plan has no tests", next: "report this" });
  if ("command" in tests.config.candidate) return executed(project, run, tests.config.candidate, signal);
  if (tests.candidate.length === 0) return { problem: "no report file was named when the plan was made" };
  return presentedRows(project, run.plan, tests.candidate, run.plan.version);
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
  const artifact = artifactOf(project, plan, version);
  return { cwd: project.root, roots: [...(artifact === undefined ? [] : [artifact]), project.root] };
}

/** Folder of a version, where the target deploys folders. */
function artifactOf(project: Project, { target }: Plan, version: Version): string | undefined {
  return target.kind === "sandbox" ? join(project.root, target.artifact.replaceAll("{version}", version)) : undefined;
}

type SuiteCommand = Extract<TestsConfig["candidate"], { command: string[] }>;

const OUTPUT_CAP_BYTES = 256 * 1024;

/** Runs the suite up to three times: a failure that goes away is flaky, one that stays is confirmed. */
async function executed(
  project: Project,
  run: Run,
  command: SuiteCommand,
  signal: AbortSignal,
): Promise<Side | { problem: string }> {
  const first = await runSuite(project, run.plan, command, 1, signal);
  if ("problem" in first) return first;
  const reruns: (readonly TestRow[])[] = [];
  const digests = [first.rawSha256];
  while (reruns.length + 1 < CONFIRMING_RUNS && confirmRuns(first.rows, reruns).undecided.length > 0) {
    const again = await runSuite(project, run.plan, command, reruns.length + 2, signal);
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

function notStarted({ command: [name = ""] }: SuiteCommand, error: unknown): string {
  return `the test command ${quoteValue(name)} could not be started: ${redact(messageOf(error), 200)}`;
}

/** One run of the suite. The report as the tool wrote it is read and removed: what is kept is the redacted form. */
async function runSuite(project: Project, plan: Plan, command: SuiteCommand, attempt: number, signal: AbortSignal) {
  const { disk, exec } = project.ports;
  const folder = join(project.paths.working, "tests");
  const report = join(folder, `run-${attempt}.xml`);
  disk.mkdir(folder);
  disk.remove(report);
  const artifact = artifactOf(project, plan, plan.version);
  const values = { report, version: plan.version, ...(artifact === undefined ? {} : { artifact }) };
  try {
    const exit = await exec.run(
      command.command.map((part) => fillPlaceholders(part, values, "tests.candidate.command")),
      {
        cwd: command.cwd ? confine(disk, project.root, command.cwd) : project.root,
        env: { ...allowEnv([...BASE_ENV, ...command.passEnv]), ...command.env },
        timeoutMs: durationMs(command.timeout),
        outputCapBytes: OUTPUT_CAP_BYTES,
        signal,
      },
    );
    signal.throwIfAborted();
    if (exit.timedOut) return { problem: `the test command ran longer than ${command.timeout}` };
    const how = exit.code === undefined ? `killed by ${exit.killedBy}` : `exit ${exit.code}`;
    if (disk.stat(report)) {
      const read = await readReports(disk, [report], readOptions(project, plan, plan.version));
      // Something went wrong that the report does not know of: a crashed worker, a broken set-up, a limit.
      const silent = exit.code !== 0 && read.counts.failed + read.counts.errored === 0;
      return silent ? { problem: `the test command failed (${how}) although its report has no failing test` } : read;
    }
    return { problem: `the test command (${how}) left no report: ${redact(exit.stderr.slice(-300))}` };
  } catch (error) {
    signal.throwIfAborted();
    // A damaged report is told by its reader; what else fails here is a suite that did not run.
    if (error instanceof FlowError && error.code === "unreadable") throw error;
    return { problem: notStarted(command, error) };
  } finally {
    disk.remove(folder);
  }
}
