import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeJunit } from "./make-junit.ts";
import { report } from "./report.ts";

const CASES = Number(process.argv[2] ?? 1_000_000);

/** Preloaded into the measured program: says at its end what it used. */
const USAGE = `process.on("exit", () => process.stderr.write("\\nusage " + JSON.stringify(process.resourceUsage())))`;

interface Usage {
  readonly userCPUTime: number;
  readonly systemCPUTime: number;
  readonly maxRSS: number;
}

/** CPU seconds and peak megabytes of one `deploy-flow regression-check`, as users run it. */
function measure(folder: string, candidate: string): { cpuSeconds: number; peakMb: number } {
  const ran = spawnSync(
    process.execPath,
    [
      "--import",
      `data:text/javascript,${encodeURIComponent(USAGE)}`,
      join(process.cwd(), "dist/deploy-flow.mjs"),
      "regression-check",
      ...["--baseline", "baseline.xml", "--candidate", candidate, "--format", "json", "--project", folder],
    ],
    { cwd: folder, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 },
  );
  const usage = /\nusage (\{.*\})/.exec(ran.stderr)?.[1];
  if (usage === undefined || (ran.status !== 0 && ran.status !== 1)) {
    throw new Error(`regression-check ended with ${ran.status}: ${ran.stderr.slice(0, 500)}`);
  }
  const { userCPUTime, systemCPUTime, maxRSS } = JSON.parse(usage) as Usage;
  return { cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, peakMb: (maxRSS * 1024) / 1e6 };
}

const folder = mkdtempSync(join(tmpdir(), "regression-check-"));
try {
  await makeJunit(join(folder, "baseline.xml"), { cases: CASES });
  await makeJunit(join(folder, "same.xml"), { cases: CASES });
  // Broken and missing tests cost a second reading of the baseline, to name what is missing.
  await makeJunit(join(folder, "worse.xml"), { cases: CASES, breakEvery: 5_000, dropEvery: 5_000 });
  const size = `two JUnit files of ${CASES.toLocaleString("en-US")} cases, ${(statSync(join(folder, "baseline.xml")).size / 1e6).toFixed(0)} MB each`;
  for (const [name, candidate] of [
    ["equal", "same.xml"],
    ["broken and missing tests", "worse.xml"],
  ] as const) {
    const { cpuSeconds, peakMb } = measure(folder, candidate);
    report({ what: `regression-check, ${size}, ${name}: CPU`, value: cpuSeconds, unit: "s", budget: 8 });
    report({ what: `regression-check, ${size}, ${name}: peak memory`, value: peakMb, unit: "MB", budget: 150 });
  }
} finally {
  rmSync(folder, { recursive: true });
}
