import { createHash } from "node:crypto";
import { relative } from "node:path";
import { type LoadFileResult, readLoadFile } from "../evidence/load/index.ts";
import { locateReports } from "../evidence/tests/find.ts";
import { DEFAULT_LIMITS } from "../evidence/tests/limits.ts";
import { judgeLoad, type LoadVerdict } from "../judge/load/index.ts";
import { Duration, durationMs, FlowError, quoteValue, type Reason, type Sha256 } from "../vocab/index.ts";
import type { PresentedInput } from "./presented-input.ts";
import type { ToolIo } from "./tool.ts";

export interface LoadComparisonAsked {
  readonly baseline: readonly string[];
  readonly candidate: readonly string[];
  readonly threshold: number;
  readonly warmup: string;
}

/** Compares the load results of two versions that somebody names. Throws FlowError `unreadable` for a damaged file. */
export async function compareLoads(
  asked: LoadComparisonAsked,
  io: ToolIo,
): Promise<{ verdict: LoadVerdict; inputs: PresentedInput[] }> {
  const before = await readSide(asked.baseline, io);
  const after = await readSide(asked.candidate, io);
  const verdict = judgeLoad(
    before.map(({ result }) => result),
    after.map(({ result }) => result),
    { thresholdPct: asked.threshold, warmupMs: warmupMsOf(asked.warmup) },
  );
  const same = before.length > 0 && digestOf(before) === digestOf(after);
  const warnings: Reason[] = same ? [{ code: "same-files", text: "both sides are the same files" }] : [];
  return {
    verdict: { ...verdict, warnings: [...verdict.warnings, ...warnings] },
    inputs: [inputOf("baseline", before, io), inputOf("candidate", after, io)],
  };
}

function warmupMsOf(text: string): number {
  const known = Duration.safeParse(text);
  if (known.success) return durationMs(known.data);
  throw new FlowError({
    code: "usage",
    what: "the warm-up is no duration",
    expected: "a duration such as 500ms, 10s or 1m",
    found: quoteValue(text),
    next: "correct it, or leave it out",
  });
}

/** Copies of one file count once: added up they would look like more evidence. */
async function readSide(named: readonly string[], io: ToolIo): Promise<LoadFileResult[]> {
  const { disk } = io.ports;
  for (const name of named) io.readable(name);
  const found = locateReports(disk, io.cwd, named, DEFAULT_LIMITS);
  const read = new Map<string, LoadFileResult>();
  for (const { path } of found) {
    const file = await readLoadFile(disk, io.readable(relative(io.cwd, path) || path));
    if (!read.has(file.rawSha256)) read.set(file.rawSha256, file);
    io.progress(read.size, found.length, `${file.result.tool} read`);
  }
  return [...read.values()];
}

function digestOf(files: readonly LoadFileResult[]): Sha256 {
  const [only] = files;
  if (only && files.length === 1) return only.rawSha256;
  const hash = createHash("sha256");
  for (const digest of files.map(({ rawSha256 }) => rawSha256).sort()) hash.update(digest);
  return hash.digest("hex") as Sha256;
}

function inputOf(side: "baseline" | "candidate", files: readonly LoadFileResult[], io: ToolIo): PresentedInput {
  const shown = files.map(({ file }) => {
    const inside = relative(io.root, file);
    return inside.startsWith("..") ? file : inside;
  });
  return { name: `metrics/${side}`, origin: "presented", files: shown, rawSha256: digestOf(files) };
}
