import { z } from "zod";
import { RunAnswer, runAnswer, runAnswerExit, runAnswerText, sinceTheLastLook } from "./run-answer.ts";
import { defineTool } from "./tool.ts";

const Brief = z.object({ id: z.string(), role: z.string(), step: z.string(), text: z.string() });

const MAX_WAIT_SECONDS = 55;

/** Where the run stands and what to do now. Reads only; that a dead runner is started again is the runner's act. */
export const deployNext = defineTool({
  name: "deploy-next",
  title: "Where the deployment stands",
  description:
    "State of the run, why, and what to do now; briefs for agents: launch one per brief with its text. Says first when the runner was dead and was started again.",
  input: z.object({
    wait: z.number().min(0).max(MAX_WAIT_SECONDS).default(0).describe("seconds to wait for news, at most 55"),
  }),
  output: RunAnswer.extend({
    /** What agents are asked for at this point; each text says how its findings are handed in. */
    briefs: z.array(Brief),
  }),
  effect: "read",
  openWorld: false,
  idempotent: true,
  run: async ({ wait }, io) => {
    const project = await io.project();
    const { newsOf } = await import("../flow/news.ts");
    const { messageNow } = await import("../flow/views/message-now.ts");
    const { status, briefs, isNews } = await newsOf(project, wait * 1_000, io.signal);
    if (wait > 0 && !isNews) return { ...sinceTheLastLook(runAnswer(status)), briefs: [...briefs] };
    return { ...runAnswer(status, undefined, messageNow(project, status.next)), briefs: [...briefs] };
  },
  text: (out) => [runAnswerText(out), out.message, ...out.briefs.map(briefText)].filter(Boolean).join("\n\n"),
  exit: runAnswerExit,
});

function briefText({ id, role, text }: z.infer<typeof Brief>): string {
  return `brief ${id}, for the agent ${role}:\n${text}`;
}
