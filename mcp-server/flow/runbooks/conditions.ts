import type { MachineCheck } from "../../evidence/readiness/index.ts";
import type { Answer } from "../../judge/index.ts";
import { type Run, stepKey } from "../engine.ts";
import type { Hands } from "../hands.ts";
import { quoted } from "../quoted.ts";
import { conditionsNow, lastAnswer, lastReport } from "../readiness-state.ts";

/**
 * What somebody took upon themselves is looked at again before users see more of the new version, and before the last
 * gate. What has become worse is said at once. It decides nothing: the deployment is judged by what it does.
 */
export async function lookAtConditions(run: Run, hands: Hands, when: string): Promise<void> {
  for (const check of conditionChecks(run)) await lookAgain(run, hands, when, check);
}

/** The checks of machines that conditions of this run rest on. */
export function conditionChecks(run: Run): MachineCheck[] {
  const report = lastReport(run.state());
  const taken = new Set(report && conditionsNow(run.state(), report).map(({ criterion }) => criterion));
  return run.plan.readiness.checks.flatMap((check) =>
    check.kind === "attestation" || check.kind === "finding" || !taken.has(check.criterion) ? [] : [check],
  );
}

type Seen = { status: Answer["status"]; text: string };

async function lookAgain(run: Run, hands: Hands, when: string, check: MachineCheck): Promise<void> {
  const { id, criterion } = check;
  const key = stepKey("conditions", when, id);
  const seen = await run.act<Seen>(
    key,
    { text: `condition ${criterion}: ${id} once more` },
    async (_fence, signal) => {
      try {
        const { finding, stored } = await hands.readinessCheck(check, signal);
        for (const { ref, file } of stored) run.append({ event: "evidence", key, ref, file });
        return { status: finding.status, text: finding.text };
      } catch (error) {
        run.checkpoint();
        return { status: "unknown", text: `could not be asked: ${quoted(error)}` };
      }
    },
    () => undefined,
  );
  const before = lastAnswer(run.state(), id);
  const isWorse = seen.status === "fail" && (before?.status !== "fail" || before.text !== seen.text);
  const text = `the condition ${criterion} has become worse since it was taken: ${seen.text}`;
  if (!isWorse || run.state().notices.some((notice) => notice.text === text)) return;
  run.append({ event: "notice", level: "warning", text });
}
