import { z } from "zod";
import { RunAnswer, runAnswer, runAnswerExit, runAnswerText } from "./run-answer.ts";
import { defineTool } from "./tool.ts";

const Brief = z.object({ role: z.string(), step: z.string(), text: z.string() });

/** Where the run stands and what to do now. Reads only; that a dead runner is started again is the runner's act. */
export const deployNext = defineTool({
  name: "deploy-next",
  title: "Where the deployment stands",
  description:
    "State of the run, why, and what to do now; briefs to hand to other agents. Says first when the runner was dead and was started again. Call it whenever you are unsure.",
  input: z.object({}),
  output: RunAnswer.extend({
    /** What agents are asked for at this point; their findings go back by deploy-execute. */
    briefs: z.array(Brief),
  }),
  effect: "read",
  openWorld: false,
  idempotent: true,
  run: async (_args, io) => {
    const project = await io.project();
    const { statusOf } = await import("../flow/api.ts");
    const { messageNow } = await import("../flow/views/message-now.ts");
    const status = await statusOf(project);
    return { ...runAnswer(status, undefined, messageNow(project, status.next)), briefs: [] };
  },
  text: (out) => [runAnswerText(out), out.message].filter(Boolean).join("\n\n"),
  exit: runAnswerExit,
});
