import { z } from "zod";
import { SmokeRun } from "../judge/inputs.ts";
import { Env, OUTCOME3_EXIT, Outcome3, Reason } from "../vocab/index.ts";
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
  /** What `gate-decision` takes as evidence. */
  run: SmokeRun,
  omitted: z.record(z.string(), z.number().int()),
  next: z.string(),
});
type Output = z.infer<typeof Output>;

/** Runs the configured HTTP checks against what an environment serves now. */
export const smokeTest = defineTool({
  name: "smoke-test",
  title: "Smoke-test an environment",
  description:
    "Runs the smoke checks of deploy.yaml against what staging or production serves now, repeats a failing one once, and judges: PASS, FAIL or INCONCLUSIVE. Sends real requests. Needs no run.",
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
      onProgress: (result, done, of) => io.progress(done, of, `${result.id}: ${result.outcome}`),
    });
    const { outcome, reasons, wouldPassIf, judge } = tested.verdict;
    const whole: Output = {
      verdict: outcome,
      env,
      version: tested.version,
      reasons: reasons.map(({ code, text }) => ({ code, text: cut(text, 300) })),
      wouldPassIf: cut(wouldPassIf, 400),
      judge,
      run: { ...tested.run, results: tested.run.results.map(shortened) },
      omitted: {},
      next: nextOf(outcome, env),
    };
    const { value, omitted } = fitLists(whole, ["run.results", "reasons"]);
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
  const { results } = out.run;
  const passed = results.filter((result) => result.outcome === "pass").length;
  const lines = [
    `${out.verdict}: ${passed} of ${results.length} shown checks passed on ${out.env}, version ${out.version}`,
    ...out.reasons.map((reason) => `because: ${reason.text}`),
    ...results
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
