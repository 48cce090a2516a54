import { relative, resolve } from "node:path";
import { locateReports } from "../evidence/tests/find.ts";
import { compareRuns, DEFAULT_LIMITS, type RunSource, reportsSource, storedSource } from "../evidence/tests/index.ts";
import { openComparison } from "../judge/tests/comparison.ts";
import { judgeTests } from "../judge/tests/regression.ts";
import type { TestsVerdict } from "../judge/tests/result.ts";
import type { TestScope } from "../judge/tests/scope.ts";
import { listBaselines, loadBaseline } from "../record/baselines.ts";
import { projectPaths } from "../record/paths.ts";
import { redact } from "../record/redact.ts";
import { FlowError, Label } from "../vocab/index.ts";
import type { PresentedInput } from "./presented-input.ts";
import type { ToolIo } from "./tool.ts";

export interface ComparisonAsked {
  readonly baseline: readonly string[];
  readonly candidate: readonly string[];
  readonly scope: TestScope;
  readonly threshold: number;
  readonly targets?: readonly string[] | undefined;
  readonly limit?: number | undefined;
}

/** Compares two sides that somebody names, label or reports, and judges the tests. */
export async function compareNamed(
  asked: ComparisonAsked,
  io: ToolIo,
): Promise<{ verdict: TestsVerdict; inputs: PresentedInput[] }> {
  const before = await openSide("baseline", asked.baseline, io);
  const after = await openSide("candidate", asked.candidate, io);
  const { scope, threshold, targets, limit } = asked;
  // Stored rows were redacted when they were stored: a report beside them has to be seen the same way.
  const masked = before.source.redacted === true || after.source.redacted === true;
  const { compared, baseline, candidate } = await compareRuns(before.source, after.source, {
    ...(masked ? { redact: (text: string) => redact(text) } : {}),
    open: (seed) =>
      openComparison({
        scope,
        seed,
        redact: (text) => redact(text, 500),
        ...(targets ? { targets } : {}),
        ...(limit === undefined ? {} : { listLimit: limit }),
      }),
  });
  const verdict = judgeTests(compared, { thresholdPct: threshold });
  const input = (side: typeof before, digests: typeof candidate): PresentedInput => ({
    name: side.name,
    origin: "presented",
    ...(side.label === undefined ? {} : { label: side.label }),
    files: side.commit ? [`${GIT}${side.commit}`] : (digests.facts?.files ?? []).map(({ file }) => shown(io, file)),
    rawSha256: digests.rawSha256,
    ...(digests.storedSha256 === undefined ? {} : { storedSha256: digests.storedSha256 }),
  });
  return { verdict, inputs: [...(baseline ? [input(before, baseline)] : []), input(after, candidate)] };
}

interface Side {
  readonly name: string;
  readonly source: RunSource;
  readonly label?: string;
  /** The commit whose tests were run by us. */
  readonly commit?: string;
}

async function openSide(name: "baseline" | "candidate", named: readonly string[], io: ToolIo): Promise<Side> {
  const revision = await revisionSide(name, named, io);
  if (revision) return revision;
  const stored = storedSide(name, named, io);
  if (stored) return stored;
  const folders = checkNames(named, io);
  return {
    name: `tests/${name}`,
    source: reportsSource(io.ports.disk, named, {
      cwd: io.cwd,
      // Tests of two checkouts are the same tests: paths count from the project, or from the folder that was named.
      roots: [io.root, io.cwd, ...folders],
      onProgress: (_file, tests) => io.progress(tests, undefined, `${name}: ${tests} tests read`),
    }),
  };
}

const GIT = "git:";

/** The tests of a git revision, when that is what was named: executed here, or kept from the last time. */
async function revisionSide(name: string, named: readonly string[], io: ToolIo): Promise<Side | undefined> {
  const [only = "", ...more] = named;
  if (more.length > 0 || !only.startsWith(GIT)) return undefined;
  // It runs a command, which an agent's tool for reading must not.
  if (io.actor.kind === "agent") throw gitRefused(only);
  const { runRevision } = await import("../flow/git-run.ts");
  io.progress(0, undefined, `${name}: running the tests of ${only}`);
  const { stored, commit } = await runRevision(await io.project(), only.slice(GIT.length), io.signal);
  return { name: `tests/${name}`, source: storedSource(() => [stored], commit), commit };
}

/** A stored label, when that is what was named. */
function storedSide(name: string, named: readonly string[], io: ToolIo): Side | undefined {
  const [only, ...more] = named;
  if (only === undefined || more.length > 0) return undefined;
  const label = Label.safeParse(only);
  if (!label.success) return undefined;
  const place = { disk: io.ports.disk, dir: projectPaths(io.root).baselines };
  const { tests } = loadBaseline(place, label.data) ?? {};
  if (tests) return { name: `tests/${name}`, source: storedSource(() => [tests], label.data), label: label.data };
  if (io.ports.disk.stat(io.readable(only))) return undefined;
  const labels = listBaselines(place);
  throw new FlowError({
    code: "unreadable",
    what: "neither a stored baseline with tests nor a report",
    expected:
      labels.length > 0
        ? `a file, or one of the labels ${labels.slice(0, 10).join(", ")}`
        : "a file; no label is stored yet",
    found: label.data,
    next: `store one with \`deploy-flow baseline-capture --label ${label.data} --from REPORTS\`, or name report files`,
  });
}

/** Refuses names and matches that may not be read; returns the folders among the names. */
function checkNames(named: readonly string[], io: ToolIo): string[] {
  const { disk } = io.ports;
  const folders: string[] = [];
  for (const name of named) {
    if (name.startsWith(GIT)) throw gitRefused(name);
    const path = io.readable(name);
    if (disk.stat(path)?.kind === "dir") folders.push(path);
  }
  for (const { path } of locateReports(disk, io.cwd, named, DEFAULT_LIMITS)) io.readable(relative(io.cwd, path));
  return folders;
}

/** The absolute names of reports that a caller may have read; throws where one may not be. */
export function reportNames(named: readonly string[], io: ToolIo): string[] {
  checkNames(named, io);
  return named.map((name) => resolve(io.cwd, name));
}

function shown(io: ToolIo, file: string): string {
  const inside = relative(io.root, file);
  return inside.startsWith("..") ? file : inside;
}

function gitRefused(name: string): FlowError {
  return new FlowError({
    code: "usage",
    what: "the tests of a git revision cannot be run here",
    expected:
      "alone as one side of regression-check on the command line; or a stored label, report files, folders or globs",
    found: /^git:[\w./-]{1,60}$/.test(name) ? name : "git:...",
    next: "run `deploy-flow regression-check` in a terminal or CI, or name reports of the revision",
  });
}
