import { z } from "zod";
import { between, type Instant, type Ms } from "../../vocab/index.ts";
import { type Answer, AnswerStatus, type PlannedCriterion } from "./answer.ts";
import { CriterionId } from "./criteria.ts";

/** Clocks of different machines may differ by this much before an answer counts as dated in the future. */
const CLOCK_SKEW_MS: Ms = 60_000;

/** What all answers to one criterion come to. */
export const CriterionResult = z.object({
  criterion: CriterionId,
  mandatory: z.boolean(),
  status: AnswerStatus,
  pending: z.enum(["staging", "approval"]).optional(),
  /** The sentence of the answer that decided. */
  text: z.string(),
  by: z.string(),
  accepted: z.array(z.string()),
});
export type CriterionResult = z.infer<typeof CriterionResult>;

/** Gravest first: a failure is not mended by another check that passes, nor by one that does not know. */
const GRAVITY: readonly AnswerStatus[] = ["fail", "unknown", "pass", "not-applicable"];

/**
 * One criterion at a moment. The gravest answer decides. An agent's finding may lower the result; alone it may answer
 * an advisory criterion, and it never raises a mandatory one.
 */
export function settle(planned: PlannedCriterion, answers: readonly Answer[], at: Instant): CriterionResult {
  const { id: criterion, mandatory } = planned;
  const own = answers.filter((answer) => answer.criterion === criterion).map((answer) => inTime(answer, at));
  const byAgents = own.filter(({ by }) => by.kind === "agent");
  const others = own.filter(({ by }) => by.kind !== "agent");
  const heard = [
    ...others,
    ...byAgents.filter(({ status }) => status === "fail" || (!mandatory && others.length === 0)),
  ];
  const decisive = gravest(heard);
  if (!decisive) {
    const text = byAgents.length > 0 ? "only an agent answered, which does not count here" : "nobody answered";
    return { criterion, mandatory, status: "unknown", text, by: "nobody", accepted: [] };
  }
  const { status, pending, text, by } = decisive;
  return {
    criterion,
    mandatory,
    status,
    ...(pending ? { pending } : {}),
    text,
    by: by.kind === "runner" ? decisive.check : `${by.kind} ${by.name}`,
    accepted: status === "pass" ? heard.flatMap(({ accepted }) => accepted) : [],
  };
}

/** What is pending is known to come; it is graver than a pass and less grave than what nobody will say. */
function gravest(answers: readonly Answer[]): Answer | undefined {
  const rank = ({ status, pending }: Answer) => GRAVITY.indexOf(status) + (status === "unknown" && pending ? 0.5 : 0);
  return answers.reduce<Answer | undefined>(
    (worst, answer) => (worst === undefined || rank(answer) < rank(worst) ? answer : worst),
    undefined,
  );
}

function inTime(answer: Answer, at: Instant): Answer {
  if (answer.status !== "pass" && answer.status !== "not-applicable") return answer;
  if (between(at, answer.at) > CLOCK_SKEW_MS) {
    return { ...answer, status: "unknown", text: `dated in the future, ${answer.at}: ${answer.text}` };
  }
  if (answer.validUntil && between(answer.validUntil, at) > 0) {
    return { ...answer, status: "unknown", text: `expired at ${answer.validUntil}: ${answer.text}` };
  }
  return answer;
}
