import { z } from "zod";
import { Instant, instantOf, messageOf } from "../../vocab/index.ts";
import { fillPlaceholders } from "../placeholders.ts";
import { locateReports } from "../tests/find.ts";
import { DEFAULT_LIMITS } from "../tests/limits.ts";
import { streamReports } from "../tests/read.ts";
import type { TestsCheck } from "./config.ts";
import { ageOf, type CheckWorld, type Finding, fail, pass, restingOn, unknown } from "./finding.ts";

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
    const failing: string[] = [];
    const skipped: string[] = [];
    let unlisted = 0;
    const allowed = new Set(check.allowSkipped);
    const { counts, rawSha256 } = await streamReports(
      world.disk,
      patterns,
      ({ status, name }) => {
        if ((status === "failed" || status === "errored") && failing.length < NAMED)
          failing.push(world.redact(name, 80));
        if (status !== "skipped" || allowed.has(name)) return;
        unlisted += 1;
        if (skipped.length < NAMED) skipped.push(world.redact(name, 80));
      },
      { cwd: world.root },
    );
    const facts: TestsFacts = {
      at: instantOf(oldest),
      asked: world.clock.wall(),
      files: files.length,
      passed: counts.passed,
      failed: counts.failed + counts.errored,
      failing,
      unlisted,
      skipped,
    };
    return restingOn(judgeSuites(check, facts), check.id, { rawSha256, stored: facts, origin: "fetched" });
  } catch (error) {
    return unknown(`the reports cannot be used: ${world.redact(messageOf(error), 300)}`);
  }
}

/** Test reports as they are stored and judged; names of the first tests that fail, and that were skipped unlisted. */
export const TestsFacts = z.object({
  /** Of when the oldest report is. */
  at: Instant,
  asked: Instant,
  files: z.number().int(),
  passed: z.number().int(),
  failed: z.number().int(),
  failing: z.array(z.string()),
  unlisted: z.number().int(),
  skipped: z.array(z.string()),
});
type TestsFacts = z.infer<typeof TestsFacts>;

export function judgeSuites(check: z.infer<typeof TestsCheck>, facts: TestsFacts): Finding {
  const { at, asked, passed, failed, failing, unlisted, skipped } = facts;
  const age = ageOf(at, check.maxAge, asked);
  if ("problem" in age) return unknown(`the reports: ${age.problem}`);
  const executed = passed + failed;
  if (failed > 0) return fail(`${failed} of ${executed} tests fail: ${named(failing, failed)}`);
  if (executed === 0) return unknown("not one test was executed");
  if (unlisted > 0) return fail(`${unlisted} tests were skipped and are not listed: ${named(skipped, unlisted)}`);
  return pass(`${executed} tests ran, none failed`, age);
}

function named(names: readonly string[], of: number): string {
  const more = of - names.length;
  return `${names.join("; ")}${more > 0 ? ` and ${more} more` : ""}`;
}
