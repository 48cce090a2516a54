import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compareReportFiles } from "../../mcp-server/evidence/tests/compare.ts";
import { openComparison } from "../../mcp-server/judge/tests/comparison.ts";
import { judgeTests } from "../../mcp-server/judge/tests/regression.ts";
import { realDisk } from "../../mcp-server/ports/disk.ts";
import { redact } from "../../mcp-server/record/redact.ts";
import { makeJunit } from "./make-junit.ts";

/** Budget of a regression check of two JUnit files of a million cases each. */
const BUDGET = { cpuSeconds: 8, peakMb: 150 };

/**
 * `node <bundle> [cases]` writes two reports and measures the comparison in a process of its own, so that neither the
 * generator's time nor its memory counts. The candidate has broken and missing tests, which costs a second reading
 * of the baseline.
 */
async function main(cases: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "regression-check-"));
  try {
    await makeJunit(join(folder, "baseline.xml"), { cases });
    await makeJunit(join(folder, "candidate.xml"), { cases, breakEvery: 5_000, dropEvery: 5_000 });
    const megabytes = statSync(join(folder, "baseline.xml")).size / 1e6;
    const script = process.argv[1] ?? "";
    const child = spawnSync(process.execPath, [script, "measure", folder], { encoding: "utf8" });
    if (child.status !== 0) throw new Error(`the measured process failed: ${child.stderr}`);
    const figures = JSON.parse(child.stdout) as Figures;
    console.log(
      `regression-check, two JUnit files of ${cases.toLocaleString("en-US")} cases (${megabytes.toFixed(0)} MB each)`,
    );
    console.log(`  verdict       ${figures.verdict}, ${figures.lost} lost`);
    console.log(`  CPU time      ${figures.cpuSeconds.toFixed(1)} s   budget ${BUDGET.cpuSeconds} s`);
    console.log(`  wall time     ${figures.wallSeconds.toFixed(1)} s`);
    console.log(`  peak memory   ${figures.peakMb.toFixed(0)} MB   budget ${BUDGET.peakMb} MB`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface Figures {
  readonly verdict: string;
  readonly lost: number;
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  readonly peakMb: number;
}

async function measure(folder: string): Promise<void> {
  const started = performance.now();
  const { compared } = await compareReportFiles(realDisk, ["baseline.xml"], ["candidate.xml"], {
    cwd: folder,
    open: (seed) => openComparison({ scope: "full", seed, redact: (text) => redact(text) }),
  });
  const { verdict, tests } = judgeTests(compared, { thresholdPct: 0 });
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const figures: Figures = {
    verdict,
    lost: tests.totals.lost,
    cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
    wallSeconds: (performance.now() - started) / 1e3,
    peakMb: (maxRSS * 1024) / 1e6,
  };
  console.log(JSON.stringify(figures));
}

const [mode, folder] = process.argv.slice(2);
if (mode === "measure" && folder !== undefined) await measure(folder);
else await main(Number(mode ?? 1_000_000));
