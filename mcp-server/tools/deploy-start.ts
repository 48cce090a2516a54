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
    await startRun(project, args, { unattended: false, actor: io.actor });
    return runAnswer(await statusOf(project));
  },
  text: runAnswerText,
});
