import { join } from "node:path";
import { readReports } from "../evidence/tests/read.ts";
import { readNormalised } from "../evidence/tests/stored.ts";
import type { FlakyRecord, TestRow } from "../judge/tests/index.ts";
import { loadBaseline } from "../record/baselines.ts";
import { FlowError, type Label, type Origin, type Sha256, sha256, type Version } from "../vocab/index.ts";
import type { Run } from "./engine.ts";
import { flakyRecordOf, passedKeys } from "./flaky-record.ts";
import type { Plan, PresentedFile } from "./plan.ts";
import type { Project } from "./project.ts";
import { confirmedRun, type SuiteCommand } from "./suite-run.ts";

/** Rows of one side, with the digest of the bytes that they came from. */
export interface Side {
  readonly rows: readonly TestRow[];
  readonly rawSha256: Sha256;
  readonly origin: Origin;
  readonly version: Version;
  /** How often tests failed in the runs recorded with a stored baseline. */
  readonly record?: FlakyRecord;
}

/** The recorded or presented results of the version in production; undefined when the plan names none. */
export async function baselineSide(project: Project, plan: Plan): Promise<Side | undefined> {
  const source = plan.tests?.baseline;
  if (!source || source.from === "none") return undefined;
  if (source.from === "files") return presentedRows(project, plan, source.files, source.version);
  const stored = loadBaseline({ disk: project.ports.disk, dir: project.paths.baselines }, source.label as Label);
  if (!stored?.tests || stored.record.parts.tests?.sha256 !== source.sha256)
    throw changed(`the stored baseline "${source.label}"`);
  if (stored.record.parts.flakiness?.sha256 !== source.flakiness)
    throw changed(`the record of failing runs of "${source.label}"`);
  const { rows, rawSha256 } = await readNormalised(stored.tests);
  const origin = stored.record.testsRef?.origin ?? "presented";
  return { rows, rawSha256, origin, version: source.version, record: flakyRecordOf(stored) };
}

/** The results of the new version: executed where the plan names a command, read where it names files. */
export async function candidateSide(
  project: Project,
  run: Run,
  baseline: Side | undefined,
  signal: AbortSignal,
): Promise<Side | { problem: string }> {
  const { tests } = run.plan;
  if (!tests) throw new FlowError({ code: "internal", what: "the plan has no tests", next: "report this" });
  const { candidate } = tests.config;
  if ("command" in candidate) return executed(project, run, candidate, baseline, signal);
  if (tests.candidate.length === 0) return { problem: "no report file was named when the plan was made" };
  return presentedRows(project, run.plan, tests.candidate, run.plan.version);
}

async function executed(
  project: Project,
  run: Run,
  command: SuiteCommand,
  baseline: Side | undefined,
  signal: AbortSignal,
): Promise<Side | { problem: string }> {
  const { plan } = run;
  const artifact = artifactOf(project, plan, plan.version);
  const values = { version: plan.version, ...(artifact === undefined ? {} : { artifact }) };
  const read = readOptions(project, plan, plan.version);
  const call = { command, key: "tests.candidate", values, read, folder: "tests", name: "run" };
  const known = baseline?.record && { record: baseline.record, passed: passedKeys(baseline.rows) };
  const ran = await confirmedRun(project, call, signal, known);
  if ("problem" in ran) return ran;
  tellFlaky(run, ran.flaky);
  return { rows: ran.rows, rawSha256: ran.rawSha256, origin: "executed", version: plan.version };
}

/** Tests that are not steady are named, and are no loss. */
function tellFlaky(run: Run, flaky: number): void {
  if (flaky === 0) return;
  run.append({ event: "notice", level: "warning", text: `${flaky} tests failed and passed when run again` });
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
export function readOptions(project: Project, plan: Plan, version: Version) {
  const artifact = artifactOf(project, plan, version);
  return { cwd: project.root, roots: [...(artifact === undefined ? [] : [artifact]), project.root] };
}

/** Folder of a version, where the target deploys folders. */
function artifactOf(project: Project, { target }: Plan, version: Version): string | undefined {
  return target.kind === "sandbox" ? join(project.root, target.artifact.replaceAll("{version}", version)) : undefined;
}
