import { z } from "zod";
import { JourneysRun, SmokeRun } from "../judge/inputs.ts";
import { JUDGE } from "../judge/name.ts";
import { Env, OUTCOME3_EXIT, Outcome3, Reason, worstOutcome } from "../vocab/index.ts";
import { cut, fitLists } from "./fit.ts";
import { omittedText } from "./run-answer.ts";
import { defineTool } from "./tool.ts";

const Output = z.object({
  verdict: Outcome3,
  env: Env,
  version: z.string(),
  reasons: z.array(Reason),
  wouldPassIf: z.string(),
  judge: z.string(),
  /** Passed and total per group of smoke checks. */
  groups: z.array(z.object({ group: z.string(), passed: z.number().int(), total: z.number().int() })),
  /** What `gate-decision` takes as evidence; null where the section is not configured. */
  run: SmokeRun.nullable(),
  journeys: JourneysRun.nullable(),
  omitted: z.record(z.string(), z.number().int()),
  next: z.string(),
});
type Output = z.infer<typeof Output>;

/** Runs the configured HTTP checks against what an environment serves now. */
export const smokeTest = defineTool({
  name: "smoke-test",
  title: "Smoke-test an environment",
  description:
    "Runs the smoke checks and user journeys of deploy.yaml against what staging or production serves now, repeats a failure once, and judges: PASS, FAIL or INCONCLUSIVE. Sends real requests. Needs no run.",
  input: z.object({ env: Env.default("production") }),
  output: Output,
  effect: "write",
  openWorld: true,
  idempotent: true,
  positionals: ["env"],
  run: async ({ env }, io): Promise<Output> => {
    const checks = await import("../flow/checks.ts");
    const tested = await checks.smokeTest(await io.project(), {
      env,
      signal: io.signal,
      onProgress: (text, done, of) => io.progress(done, of, text),
    });
    const { smoke, journeys } = tested;
    const verdicts = [smoke, journeys].flatMap((part) => (part ? [part.verdict] : []));
    const outcome = worstOutcome(verdicts.map((verdict) => verdict.outcome));
    const telling = outcome === "PASS" ? verdicts : verdicts.filter((verdict) => verdict.outcome !== "PASS");
    const whole: Output = {
      verdict: outcome,
      env,
      version: tested.version,
      reasons: telling.flatMap(({ reasons }) => reasons.map(({ code, text }) => ({ code, text: cut(text, 300) }))),
      wouldPassIf: cut(
        telling
          .map(({ wouldPassIf }) => wouldPassIf)
          .filter(Boolean)
          .join("; "),
        400,
      ),
      judge: JUDGE,
      groups: [...tested.groups],
      run: smoke && { ...smoke.run, results: smoke.run.results.map(shortened) },
      journeys: journeys && { ...journeys.run, results: journeys.run.results.map(shortened) },
      omitted: {},
      next: nextOf(outcome, env),
    };
    const { value, omitted } = fitLists(whole, ["run.results", "journeys.results", "reasons"]);
    return { ...value, omitted };
  },
  text: textOf,
  exit: (out) => OUTCOME3_EXIT[out.verdict],
});

function shortened<T extends { message?: string | undefined }>(result: T): T {
  return result.message === undefined ? result : { ...result, message: cut(result.message, 160) };
}

function nextOf(outcome: Outcome3, env: Env): string {
  switch (outcome) {
    case "PASS":
      return "go on";
    case "FAIL":
      return env === "production"
        ? "users may be affected: find the cause; during a run consider deploy-decide rollback"
        : "mend the failing checks";
    case "INCONCLUSIVE":
      return "this is no pass: make the checks run, then test again";
    default:
      return outcome satisfies never;
  }
}

function textOf(out: Output): string {
  const checks = out.groups.reduce(
    (sum, { passed, total }) => ({ passed: sum.passed + passed, total: sum.total + total }),
    {
      passed: 0,
      total: 0,
    },
  );
  const journeys = out.journeys?.results ?? [];
  const completed = journeys.filter((result) => result.outcome === "pass").length;
  const counted = [
    ...(out.run ? [`${checks.passed} of ${checks.total} checks passed`] : []),
    ...(out.journeys ? [`${completed} of ${journeys.length} shown journeys completed`] : []),
  ];
  const lines = [
    `${out.verdict}: ${counted.join(", ")} on ${out.env}, version ${out.version}`,
    ...(out.groups.length > 1
      ? [`groups: ${out.groups.map(({ group, passed, total }) => `${group} ${passed}/${total}`).join(", ")}`]
      : []),
    ...out.reasons.map((reason) => `because: ${reason.text}`),
    ...[...(out.run?.results ?? []), ...journeys]
      .filter((result) => result.outcome !== "pass")
      .map(
        (result) =>
          `${result.id} [${result.priority}]: ${result.outcome}${result.message ? ` - ${result.message}` : ""}`,
      ),
    omittedText(out.omitted, "the smoke section's own log"),
    out.wouldPassIf === "" ? "" : `would pass with: ${out.wouldPassIf}`,
    `next: ${out.next}`,
  ];
  return lines.filter(Boolean).join("\n");
}
