import type { z } from "zod";
import { instantOf, messageOf } from "../../vocab/index.ts";
import { fillPlaceholders } from "../placeholders.ts";
import { locateReports } from "../tests/find.ts";
import { DEFAULT_LIMITS } from "../tests/limits.ts";
import { streamReports } from "../tests/read.ts";
import type { TestsCheck } from "./config.ts";
import { ageOf, type CheckWorld, type Finding, type FoundEvidence, fail, pass, unknown } from "./finding.ts";

const NAMED = 3;

/** Test reports: at least one test ran, none failed, and only listed ones were skipped. */
export async function checkTests(check: z.infer<typeof TestsCheck>, world: CheckWorld): Promise<Finding> {
  const values = { version: world.version, previousVersion: world.previousVersion };
  const patterns = check.reports.map((pattern) => fillPlaceholders(pattern, values, `readiness.checks ${check.id}`));
  try {
    const files = locateReports(world.disk, world.root, patterns, DEFAULT_LIMITS);
    const times = files.map(({ path }) => world.disk.stat(world.disk.realpath(path))?.mtimeMs ?? Number.NaN);
    const oldest = Math.min(...times);
    if (!Number.isFinite(oldest)) return unknown("the time of a report cannot be read");
    const age = ageOf(instantOf(oldest), check.maxAge, world.clock.wall());
    if ("problem" in age) return unknown(`the reports: ${age.problem}`);
    const failing: string[] = [];
    const skipped: string[] = [];
    const allowed = new Set(check.allowSkipped);
    const { counts, rawSha256 } = await streamReports(
      world.disk,
      patterns,
      ({ status, name }) => {
        if ((status === "failed" || status === "errored") && failing.length < NAMED) failing.push(name);
        if (status === "skipped" && !allowed.has(name)) skipped.push(name);
      },
      { cwd: world.root },
    );
    const evidence: FoundEvidence[] = [
      { name: `readiness/${check.id}`, rawSha256, stored: { ...counts, files: files.length }, origin: "fetched" },
    ];
    const failed = counts.failed + counts.errored;
    const executed = counts.passed + failed;
    if (failed > 0) return fail(`${failed} of ${executed} tests fail: ${named(failing, failed, world)}`, { evidence });
    if (executed === 0) return unknown("not one test was executed", { evidence });
    if (skipped.length > 0) {
      const which = named(skipped.slice(0, NAMED), skipped.length, world);
      return fail(`${skipped.length} tests were skipped and are not listed: ${which}`, { evidence });
    }
    return pass(`${executed} tests ran, none failed`, { ...age, evidence });
  } catch (error) {
    return unknown(`the reports cannot be used: ${world.redact(messageOf(error), 300)}`);
  }
}

function named(names: readonly string[], of: number, world: CheckWorld): string {
  const more = of - names.length;
  return `${names.map((name) => world.redact(name, 80)).join("; ")}${more > 0 ? ` and ${more} more` : ""}`;
}
