import type { Json, LiveState, Version } from "../vocab/index.ts";
import type { Run } from "./engine.ts";
import type { Hands } from "./hands.ts";
import { SUITE_TRIES } from "./production-suites.ts";
import { type SuiteSide, type SuitesResult, suitesKey } from "./suites-record.ts";

/** Runs the suites that are safe in production against the version before: what fails already is not blamed on the new one. */
export async function suitesBefore(run: Run, hands: Hands): Promise<void> {
  const { previous, tests } = run.plan;
  if (!previous || !tests?.config.production) return;
  const { suites } = await runSuites(run, hands, "before", previous.version, run.interrupted);
  for (const { id, problem } of suites) {
    if (problem === undefined) continue;
    const text = `the suite ${id} gave no answer about the version before, so nothing can be compared with it: ${problem}`;
    if (!run.state().notices.some((notice) => notice.text === text))
      run.append({ event: "notice", level: "warning", text });
  }
}

/** Runs every suite of the plan once against what production serves now, keeps what they said, and judges it where there is something to judge. */
export async function runSuites(
  run: Run,
  hands: Hands,
  side: SuiteSide,
  version: Version,
  signal: AbortSignal,
): Promise<SuitesResult> {
  const key = suitesKey(side);
  const result = await run.act<Json>(
    key,
    { text: `production suites against ${version}` },
    async (_fence, interrupted) => {
      const both = AbortSignal.any([signal, interrupted]);
      const { entryUrl } = await run.target.observe(
        "production",
        AbortSignal.any([both, AbortSignal.timeout(LOOK_MS)]),
      );
      const suites = [];
      for (const suite of run.plan.tests?.config.production ?? []) {
        suites.push(await answered(run, hands, suite, { side, url: entryUrl, version }, both));
      }
      const judged = side === "before" ? {} : await hands.judgeSuites(side, { suites });
      return JSON.parse(JSON.stringify({ suites, ...judged }));
    },
    () => undefined,
  );
  return result as SuitesResult;
}

const LOOK_MS = 30_000;

type Suite = Parameters<Hands["suite"]>[0];

async function answered(
  run: Run,
  hands: Hands,
  suite: Suite,
  at: { side: SuiteSide; url: LiveState["entryUrl"]; version: Version },
  signal: AbortSignal,
): Promise<SuitesResult["suites"][number]> {
  let problem = "";
  for (let left = SUITE_TRIES; left > 0; left -= 1) {
    const answer = await hands.suite(suite, at, signal);
    signal.throwIfAborted();
    if ("stored" in answer) {
      const { ref, file } = answer.stored;
      run.append({ event: "evidence", key: suitesKey(at.side), ref, file });
      if (answer.flaky > 0) {
        const text = `${answer.flaky} tests of the suite ${suite.id} failed and passed when run again`;
        run.append({ event: "notice", level: "warning", text });
      }
      return { id: suite.id };
    }
    ({ problem } = answer);
  }
  return { id: suite.id, problem };
}
