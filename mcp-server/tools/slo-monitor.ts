import { z } from "zod";
import { RunAnswer, runAnswer, runAnswerText } from "./run-answer.ts";
import { defineTool } from "./tool.ts";

/** The reading of the watch that is running: both arms, evidence so far, what it still waits for. */
export const sloMonitor = defineTool({
  name: "slo-monitor",
  title: "Read the running watch",
  description:
    "Current reading of the watch of a run: per metric old and new version, change, evidence, what it still waits for. The runner watches by itself; this only looks.",
  input: z.object({}),
  output: RunAnswer,
  effect: "read",
  openWorld: false,
  idempotent: true,
  run: async (_args, io) => {
    const { statusOf } = await import("../flow/api.ts");
    const { gates: _gates, artifacts: _artifacts, ...reading } = runAnswer(await statusOf(await io.project()));
    return { ...reading, gates: [], artifacts: [] };
  },
  text: runAnswerText,
});
