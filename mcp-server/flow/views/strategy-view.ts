import type { ArtifactView } from "../../record/artifact-kinds/index.ts";
import { spanText } from "../../vocab/index.ts";
import type { Understood } from "../parameters.ts";
import { type Plan, planHash } from "../plan.ts";
import type { StrategyOption } from "../strategy/choice.ts";
import { sourceText } from "../understanding/rows.ts";
import { adviceOf } from "./advice.ts";
import type { RunRecord } from "./record.ts";

type View = ArtifactView<"strategy-recommendation">;

/** The strategy as it was recommended, for the document of a run. */
export function strategyView(record: RunRecord): View {
  return { ...strategyFacts(record.plan), advice: adviceOf(record, "strategy") };
}

/** The same from the plan alone: for the message, before any run. */
export function strategyFacts(plan: Plan, rows: readonly Understood[] = plan.understood): View {
  const { strategyChoice: choice } = plan;
  const best = choice.options.find(({ strategy }) => strategy === choice.recommended);
  const differs = choice.chosen !== choice.recommended;
  return {
    service: plan.service,
    version: plan.version,
    recommended: choice.recommended,
    taken: `${choice.chosen}, ${CHOSEN_BY[choice.chosenBy]}`,
    differs,
    rationale: best?.speaksFor ?? [],
    against: best?.speaksAgainst ?? [],
    pros: best?.pros ?? [],
    cons: best?.cons ?? [],
    infrastructure: best?.requirements ?? [],
    duration: timeText(best),
    monitoring: monitoring(plan),
    options: choice.options.map((option) => ({
      strategy: option.strategy,
      points: option.score,
      possible: option.obstacles.length === 0 ? "yes" : "no",
      duration: timeText(option),
      reasons: [...option.obstacles, ...option.speaksFor, ...option.speaksAgainst.map((text) => `but: ${text}`)].join(
        "; ",
      ),
    })),
    rejected: rejectedStrategies(plan),
    understood: rows.map((entry) => ({ name: entry.name, value: entry.value, source: sourceText(entry) })),
    documents: choice.documents,
    proceed: proceed(plan),
  };
}

const CHOSEN_BY: Record<Understood["source"], string> = {
  flag: "named by flag",
  answer: "named by an answer",
  guidance: "named by the guidance",
  "deploy.yaml": "named in deploy.yaml",
  default: "by default",
  recommendation: "because nobody names another",
};

/** Every strategy that is not used, with what stands against it or what it has less of. */
export function rejectedStrategies({ strategyChoice: choice }: Plan): { strategy: string; reason: string }[] {
  const taken = choice.options.find(({ strategy }) => strategy === choice.chosen);
  return choice.options
    .filter(({ strategy }) => strategy !== choice.chosen)
    .map((option) => ({ strategy: option.strategy, reason: reasonAgainst(option, taken, choice.chosenBy) }));
}

function reasonAgainst(
  option: StrategyOption,
  taken: StrategyOption | undefined,
  chosenBy: Understood["source"],
): string {
  if (option.obstacles.length > 0) return option.obstacles.join("; ");
  if (taken && option.score > taken.score) return `recommended, but ${taken.strategy} was ${CHOSEN_BY[chosenBy]}`;
  const points = taken ? `${option.score} points against ${taken.score}` : `${option.score} points`;
  return [points, ...option.speaksAgainst].join("; ");
}

function timeText(option: StrategyOption | undefined): string {
  return option?.plannedMs == null ? "not planned" : `${spanText(option.plannedMs)} when nothing is extended or asked`;
}

function monitoring(plan: Plan): string {
  const observed = plan.stages.at(-1)?.durationMs ?? 0;
  const by = plan.metrics ? "metrics, smoke checks and health" : "smoke checks and health; no metrics are configured";
  return `${spanText(observed)} at full traffic, by ${by}`;
}

function proceed(plan: Plan): string {
  return plan.approvals.includes("none")
    ? "No approval is needed: no real users are behind this target."
    : `A person says yes or no to the whole plan: deploy-flow approve ${planHash(plan)}`;
}
