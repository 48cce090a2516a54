import { join } from "node:path";
import type { TestsConfig } from "../evidence/config.ts";
import { fillPlaceholders } from "../evidence/placeholders.ts";
import { type ReadOptions, readReports, type TestRun } from "../evidence/tests/read.ts";
import { confirmRuns, type KnownBefore, MOST_RUNS, needsRerun, type TestRow } from "../judge/tests/index.ts";
import { allowEnv, BASE_ENV } from "../ports/index.ts";
import { confine } from "../record/confine.ts";
import { redact } from "../record/redact.ts";
import { durationMs, FlowError, messageOf, quoteValue, type Sha256, sha256 } from "../vocab/index.ts";
import type { Project } from "./project.ts";

/** A command that runs tests and writes a report. */
export type SuiteCommand = Extract<TestsConfig["candidate"], { command: string[] }>;

/** One run of a suite as it is asked for. */
export interface SuiteCall {
  readonly command: SuiteCommand;
  /** Its key in deploy.yaml. */
  readonly key: string;
  /** What placeholders in the command stand for, besides {report}. */
  readonly values: Readonly<Record<string, string>>;
  /** The same for values of `env`; absent: they are taken as written. */
  readonly envValues?: Readonly<Record<string, string>>;
  readonly read: ReadOptions;
  /** Folder below the working folder that belongs to this call alone, and the first part of the reports' names. */
  readonly folder: string;
  readonly name: string;
}

/** Rows of a suite after its reruns; `flaky` of them passed only when run again. */
export interface RanSuite {
  readonly rows: readonly TestRow[];
  readonly rawSha256: Sha256;
  readonly flaky: number;
}

const OUTPUT_CAP_BYTES = 256 * 1024;

/**
 * Runs a suite up to three times, and up to ten where a failing test has a record: a failure that goes away is flaky, one
 * that stays, or comes more often than the record says, is confirmed.
 */
export async function confirmedRun(
  project: Project,
  call: SuiteCall,
  signal: AbortSignal,
  known?: KnownBefore,
): Promise<RanSuite | { problem: string }> {
  const first = await runOnce(project, call, 1, signal);
  if ("problem" in first) return first;
  const reruns: (readonly TestRow[])[] = [];
  const digests = [first.rawSha256];
  while (needsRerun(confirmRuns(first.rows, reruns, known), reruns.length + 1, known)) {
    const again = await runOnce(project, call, reruns.length + 2, signal);
    if ("problem" in again) return again;
    reruns.push(again.rows);
    digests.push(again.rawSha256);
  }
  const { rows, confirmed, flakyObserved, undecided } = confirmRuns(first.rows, reruns, known);
  if (confirmed.length === 0 && undecided.length > 0 && reruns.length + 1 >= MOST_RUNS) {
    return {
      problem: `${undecided.length} failing tests neither passed once nor were shown to be broken in ${MOST_RUNS} runs`,
    };
  }
  return { rows, rawSha256: sha256(digests.join("\n")), flaky: flakyObserved.length };
}

/** One run of the suite. The report as the tool wrote it is read and removed: what is kept is the redacted form. */
async function runOnce(
  project: Project,
  call: SuiteCall,
  attempt: number,
  signal: AbortSignal,
): Promise<TestRun | { problem: string }> {
  const { disk, exec } = project.ports;
  const { command, key, read } = call;
  const folder = join(project.paths.working, call.folder);
  const report = join(folder, `${call.name}-${attempt}.xml`);
  disk.mkdir(folder);
  disk.remove(report);
  const values = { ...call.values, report };
  try {
    const exit = await exec.run(
      command.command.map((part) => fillPlaceholders(part, values, `${key}.command`)),
      {
        cwd: command.cwd ? confine(disk, project.root, command.cwd) : project.root,
        env: { ...allowEnv([...BASE_ENV, ...command.passEnv]), ...envOf(call) },
        timeoutMs: durationMs(command.timeout),
        outputCapBytes: OUTPUT_CAP_BYTES,
        signal,
      },
    );
    signal.throwIfAborted();
    if (exit.timedOut) return { problem: `the test command ran longer than ${command.timeout}` };
    const how = exit.code === undefined ? `killed by ${exit.killedBy}` : `exit ${exit.code}`;
    if (disk.stat(report)) {
      const found = await readReports(disk, [report], read);
      // Something went wrong that the report does not know of: a crashed worker, a broken set-up, a limit.
      const silent = exit.code !== 0 && found.counts.failed + found.counts.errored === 0;
      return silent ? { problem: `the test command failed (${how}) although its report has no failing test` } : found;
    }
    return { problem: `the test command (${how}) left no report: ${redact(exit.stderr.slice(-300))}` };
  } catch (error) {
    signal.throwIfAborted();
    // A damaged report is told by its reader; what else fails here is a suite that did not run.
    if (error instanceof FlowError && error.code === "unreadable") throw error;
    const name = quoteValue(command.command[0] ?? "");
    return { problem: `the test command ${name} could not be started: ${redact(messageOf(error), 200)}` };
  } finally {
    disk.remove(folder);
  }
}

function envOf({ command, envValues, key }: SuiteCall): Record<string, string> {
  if (!envValues) return command.env;
  const filled = (name: string, value: string) => fillPlaceholders(value, envValues, `${key}.env.${name}`);
  return Object.fromEntries(Object.entries(command.env).map(([name, value]) => [name, filled(name, value)]));
}
