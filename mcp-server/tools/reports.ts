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
  const before = openSide("baseline", asked.baseline, io);
  const after = openSide("candidate", asked.candidate, io);
  const { scope, threshold, targets, limit } = asked;
  // Stored rows were redacted when they were stored: a report beside them has to be seen the same way.
  const masked = before.label !== undefined || after.label !== undefined;
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
    files: (digests.facts?.files ?? []).map(({ file }) => shown(io, file)),
    rawSha256: digests.rawSha256,
    ...(digests.storedSha256 === undefined ? {} : { storedSha256: digests.storedSha256 }),
  });
  return { verdict, inputs: [...(baseline ? [input(before, baseline)] : []), input(after, candidate)] };
}

interface Side {
  readonly name: string;
  readonly source: RunSource;
  readonly label?: string;
}

function openSide(name: "baseline" | "candidate", named: readonly string[], io: ToolIo): Side {
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

/** A stored label, when that is what was named. */
function storedSide(name: string, named: readonly string[], io: ToolIo): Side | undefined {
  const [only, ...more] = named;
  if (only === undefined || more.length > 0) return undefined;
  if (only.startsWith("git:")) throw gitRefused(only);
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
    if (name.startsWith("git:")) throw gitRefused(name);
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
    what: "reports of a git revision cannot be read yet",
    expected: "a stored label, or report files, folders or globs",
    found: /^git:[\w./-]{1,60}$/.test(name) ? name : "git:...",
    next: "check the revision out, run its tests, and name the reports",
  });
}
