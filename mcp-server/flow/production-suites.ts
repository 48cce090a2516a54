import type { ProductionSuite } from "../evidence/config.ts";
import { normaliseRun, readNormalised } from "../evidence/tests/stored.ts";
import {
  CONFIRMING_RUNS,
  JUDGE,
  judgeFirstSuites,
  judgeSuites,
  type SuitePair,
  type SuiteRun,
  type TestRow,
  type TestsVerdict,
} from "../judge/index.ts";
import { loadEvidence, storeEvidence } from "../record/evidence-store.ts";
import { redact } from "../record/redact.ts";
import { canonicalJson, durationMs, type EvidenceRef, type Ms, type Verdict, type Version } from "../vocab/index.ts";
import type { StoredEvidence, SuiteAnswer } from "./hands.ts";
import type { Plan } from "./plan.ts";
import type { Project } from "./project.ts";
import { quoted } from "./quoted.ts";
import type { EvidenceEntry, RunState } from "./run-state.ts";
import { confirmedRun } from "./suite-run.ts";
import { type SuiteSide, SuitesResult, suiteEvidence, suitesKey } from "./suites-record.ts";
import { readOptions } from "./test-sides.ts";

/** Where and for which version a suite is run. */
export interface SuiteRunAt {
  readonly side: SuiteSide;
  readonly url: string;
  readonly version: Version;
  /** Which ownership of the run asks: what an earlier one left running writes to a file of its own. */
  readonly ownership: number;
}

/**
 * Runs one suite against production and keeps its rows as evidence. Whatever goes wrong with the suite itself is a
 * problem that is told and never an exception: a broken suite is missing evidence, and stops nothing.
 */
export async function answerSuite(
  project: Project,
  plan: Plan,
  suite: ProductionSuite,
  at: SuiteRunAt,
  signal: AbortSignal,
): Promise<SuiteAnswer> {
  const { id } = suite;
  try {
    const values = { url: at.url, version: at.version };
    const call = {
      command: suite,
      key: `tests.production[${(plan.tests?.config.production ?? []).findIndex((other) => other.id === id)}]`,
      values,
      envValues: values,
      read: readOptions(project, plan, at.version),
      folder: `suites/${at.side}/${id}`,
      name: `run-${at.ownership}`,
    };
    const ran = await confirmedRun(project, call, signal);
    if ("problem" in ran) return { id, problem: ran.problem };
    const rows = ran.rows.map(marked(suite));
    return { id, stored: keepSuite(project, suite, at, { rows, rawSha256: ran.rawSha256 }), flaky: ran.flaky };
  } catch (error) {
    signal.throwIfAborted();
    return { id, problem: quoted(error) };
  }
}

/** Tests belong to their suite by name, and have its priority where they carry none. */
export function marked({ id, priority }: Pick<ProductionSuite, "id" | "priority">): (row: TestRow) => TestRow {
  let suite: readonly string[] | undefined;
  let below: readonly string[] = [id];
  return (row) => {
    if (row.suite !== suite) {
      suite = row.suite;
      below = [id, ...suite];
    }
    return { ...row, suite: below, priority: row.priority ?? priority };
  };
}

/** Keeps the rows of a suite as evidence of one side. */
export function keepSuite(
  project: Project,
  { id }: Pick<ProductionSuite, "id">,
  at: Pick<SuiteRunAt, "side" | "version">,
  run: Parameters<typeof normaliseRun>[0],
): StoredEvidence {
  const { stored, rawSha256 } = normaliseRun(run, redact);
  const { disk, clock } = project.ports;
  const { ref, file } = storeEvidence(
    { disk, dir: project.paths.evidence },
    {
      name: suiteEvidence(at.side, id),
      raw: rawSha256,
      stored,
      ext: "ndjson",
      origin: "executed",
      version: at.version,
      at: clock.wall(),
    },
  );
  return { ref, file: file.slice(project.paths.evidence.length + 1) };
}

/** The verdict over the suites of one side, and the comparison as a report shows it. */
export interface SuitesJudged {
  readonly verdict: Verdict;
  readonly check: TestsVerdict | null;
}

/** Judges the stored rows of a side against those of the version before, as first done and as `verify` does again. */
export async function judgeStoredSuites(
  project: Project,
  dir: string,
  state: RunState,
  side: SuiteSide,
  result: SuitesResult,
): Promise<SuitesJudged> {
  const { plan } = state;
  const inputs: EvidenceRef[] = [];
  const runOf = async (of: SuiteSide, suite: string, said: SuitesResult | undefined): Promise<SuiteRun> => {
    const entry = said?.suites.find(({ id }) => id === suite);
    if (entry?.problem !== undefined) return { problem: entry.problem };
    const ref = entry && evidenceOf(state.evidence, of, suite);
    if (!ref) return { problem: "it was not run" };
    inputs.push(ref);
    return { rows: (await readNormalised(loadEvidence({ disk: project.ports.disk, dir }, ref))).rows };
  };
  const before = SuitesResult.safeParse(state.results.get(suitesKey("before"))).data;
  const pairs: SuitePair[] = [];
  for (const { id } of plan.tests?.config.production ?? []) {
    const subject = side === "back" ? "the version before, after the rollback" : "the new version";
    pairs.push({ id, before: await runOf("before", id, before), after: await runOf(side, id, result), subject });
  }
  const judged = plan.previous
    ? judgeSuites(pairs, { thresholdPct: plan.regressionThreshold }, JUDGE)
    : judgeFirstSuites(pairs, JUDGE);
  return { verdict: { ...judged.dimension, inputs }, check: judged.check };
}

/** The last rows of a suite on one side: a runner that died over them may have left others. */
function evidenceOf(evidence: readonly EvidenceEntry[], side: SuiteSide, suite: string): EvidenceRef | undefined {
  return evidence.findLast(({ key, ref }) => key === suitesKey(side) && ref.name === suiteEvidence(side, suite))?.ref;
}

/** Judges the archived rows again; says what differs, or nothing. */
export async function rejudgeSuites(
  project: Project,
  dir: string,
  state: RunState,
  side: SuiteSide,
  recorded: unknown,
): Promise<string | undefined> {
  const result = SuitesResult.safeParse(recorded);
  if (!result.success) return "the result of the production suites cannot be read";
  const { verdict } = result.data;
  if (!verdict) return "the production suites were recorded without a verdict";
  try {
    const again = (await judgeStoredSuites(project, dir, state, side, result.data)).verdict;
    if (canonicalJson(again) === canonicalJson(verdict)) return undefined;
    return verdict.judge === again.judge
      ? `the production suites were recorded as ${verdict.outcome}, the evidence gives ${again.outcome} or other reasons`
      : "the production suites were judged by another judge version, not tampering";
  } catch (error) {
    return `the production suites cannot be judged again: ${(error as Error).message}`;
  }
}

/** A suite that gives no answer is run once more. */
export const SUITE_TRIES = 2;

/** The longest that all suites can take one after the other, with every rerun, milliseconds. */
export function suitesLimitMs({ tests }: Plan): Ms {
  const runs = SUITE_TRIES * CONFIRMING_RUNS;
  return (tests?.config.production ?? []).reduce((sum, { timeout }) => sum + runs * durationMs(timeout), 0);
}
