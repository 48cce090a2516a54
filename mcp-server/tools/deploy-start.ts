import { RunParameters } from "../flow/parameters.ts";
import { RunAnswer, runAnswer, runAnswerText } from "./run-answer.ts";
import { defineTool } from "./tool.ts";

/**
 * Starts the one run of a project. The approval of its plan is not among the arguments: it is a person's, see
 * `approve`; neither is the override of a freeze; a job with a protected environment uses `deploy-flow run --approve HASH`.
 */
export const deployStart = defineTool({
  name: "deploy-start",
  title: "Start a deployment",
  description:
    "Starts deploying a version: plan, staging gate, progressive rollout, watch, rollback if needed, report. Returns at once; the runner goes on by itself. Then call deploy-next.",
  input: RunParameters.omit({ approve: true, overrideFreeze: true }),
  output: RunAnswer,
  effect: "destroy",
  openWorld: true,
  idempotent: false,
  positionals: ["version"],
  run: async (args, io) => {
    const project = await io.project();
    const { startRun, statusOf } = await import("../flow/api.ts");
    const { startText } = await import("../flow/views/start.ts");
    const { plan, planHash } = await startRun(project, args, { unattended: false, actor: io.actor });
    const message = [startText(plan, planHash).trimEnd(), ...notJudged(plan.notApplicable)].join("\n");
    return runAnswer(await statusOf(project), undefined, message);
  },
  text: (out) => [runAnswerText(out), out.message].filter(Boolean).join("\n\n"),
});

function notJudged(why: Readonly<Record<string, string>>): string[] {
  const lines = Object.entries(why).map(([dimension, reason]) => `- ${dimension}: ${reason}`);
  return lines.length === 0 ? [] : ["", "Will not be judged", ...lines];
}
