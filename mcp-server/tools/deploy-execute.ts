import { z } from "zod";
import type { Request } from "../flow/events.ts";
import { redact } from "../record/redact.ts";
import { FlowError } from "../vocab/index.ts";
import { RunAnswer, runAnswer, runAnswerExit, runAnswerText } from "./run-answer.ts";
import { defineTool } from "./tool.ts";

const Input = z.object({
  action: z.enum(["advise", "resume"]).describe("advise: hand in findings; resume: make sure that the runner works"),
  step: z.string().max(40).optional().describe("the step that the findings are of, as deploy-next names it"),
  role: z.string().min(1).max(60).optional().describe("who found them, e.g. reliability-engineer"),
  findings: z.string().min(1).max(4000).optional().describe("advice for the report"),
  criterion: z.string().max(20).optional().describe("of readiness, e.g. OPS-1"),
  result: z.enum(["pass", "fail", "unknown"]).optional().describe("on it; only lowers a mandatory one"),
});

/** Findings of agents are kept and shown; the runner decides by what it measured. */
export const deployExecute = defineTool({
  name: "deploy-execute",
  title: "Hand in findings or resume",
  description:
    "Tells the runner that an agent's findings for a step are in (advice: recorded and reported, decides no gate), or resumes a run whose runner died.",
  input: Input,
  output: RunAnswer,
  effect: "write",
  openWorld: false,
  idempotent: false,
  positionals: ["action"],
  run: async (args, io) => {
    const { sendRequest } = await import("../flow/api.ts");
    const { status, taken, note } = await sendRequest(await io.project(), await requestOf(args), io.actor);
    return runAnswer(status, { taken, note });
  },
  text: runAnswerText,
  exit: (out) => (out.taken === false ? runAnswerExit(out) : 0),
});

async function requestOf(args: z.infer<typeof Input>): Promise<Request> {
  if (args.action === "resume") return { kind: "resume" };
  const { StepName } = await import("../flow/events.ts");
  const { role, findings } = args;
  const step = StepName.safeParse(args.step).data;
  const finding = await findingOf(args);
  if (step === undefined || role === undefined || findings === undefined) {
    throw new FlowError({
      code: "usage",
      what: "findings need a step, a role and a text",
      expected: `a step of ${StepName.options.join(", ")}`,
      found: [step ? "" : "no such step", role ? "" : "no role", findings ? "" : "no findings"]
        .filter(Boolean)
        .join(", "),
      next: "give step, role and findings, or use action resume",
    });
  }
  return { kind: "advice", step, role: redact(role, 60), text: redact(findings, 4000), ...finding };
}

async function findingOf({ criterion, result, step }: z.infer<typeof Input>) {
  if (criterion === undefined && result === undefined) return {};
  const { CriterionId } = await import("../judge/index.ts");
  const id = CriterionId.safeParse(criterion).data;
  if (id !== undefined && result !== undefined && step === "readiness")
    return { finding: { criterion: id, status: result } };
  throw new FlowError({
    code: "usage",
    what: "a result belongs to a criterion of the step readiness",
    expected: `step readiness, a result, and a criterion of ${CriterionId.options.join(", ")}`,
    found: [step, id ?? "no such criterion", result ?? "no result"].join(", "),
    next: "give all three, or findings alone",
  });
}
