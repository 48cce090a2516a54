import { z } from "zod";
import { redact } from "../record/redact.ts";
import { ReasonParameter } from "./parameters.ts";
import { RunAnswer, runAnswer, runAnswerExit, runAnswerText } from "./run-answer.ts";
import { defineTool } from "./tool.ts";

/** The two decisions that anybody may take at any time: both only ever take risk away. */
export const deployDecide = defineTool({
  name: "deploy-decide",
  title: "Abort or roll back",
  description:
    "Stops the run now. Before users see the new version it ends ABORTED; afterwards traffic goes back to the old version. Never gated; use it whenever something looks wrong.",
  input: z.object({
    decision: z.enum(["abort", "rollback"]).describe("both end on the old version"),
    reason: ReasonParameter,
  }),
  output: RunAnswer,
  effect: "destroy",
  openWorld: true,
  idempotent: true,
  positionals: ["decision"],
  run: async ({ decision, reason }, io) => {
    const { sendRequest } = await import("../flow/api.ts");
    const request = { kind: decision, reason: redact(reason, 500) };
    const { status, taken, note } = await sendRequest(await io.project(), request, io.actor);
    return runAnswer(status, { taken, note });
  },
  text: runAnswerText,
  exit: (out) => (out.taken === false ? runAnswerExit(out) : 0),
});
