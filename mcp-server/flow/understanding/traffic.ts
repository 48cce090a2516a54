import { FlowError } from "../../vocab/index.ts";
import type { Strategy } from "../strategy/name.ts";
import { about } from "./finding.ts";
import { answer, type Claim, disagreement, flag, pick, row, type Settled, said } from "./precedence.ts";
import type { Sources } from "./sources.ts";

const same = (value: Strategy) => value;

/** The strategy that somebody names; undefined: nobody does, and the recommendation is taken. */
export function namedStrategy(s: Sources): Settled<Strategy> | undefined {
  const lists = about(s.findings, "stages");
  const own: Claim<Strategy>[] = [
    ...flag(s.parameters.strategy),
    ...answer(s.parameters.answers?.strategy),
    ...said(about(s.findings, "strategy")),
    // Shares of traffic that grow are what a canary is.
    ...lists.map(({ words }): Claim<Strategy> => ({ value: "canary", source: "guidance", words })),
  ];
  const named: Claim<Strategy>[] = s.config.strategy ? [{ value: s.config.strategy, source: "deploy.yaml" }] : [];
  const [base] = named;
  const avoided = about(s.findings, "avoid");
  const denied = own.find(({ value }) => avoided.some((finding) => finding.value === value));
  if (denied) throw contradictsAvoided(denied);
  const [first] = own;
  if (first) return pick("strategy", own, first, same);
  if (!base || avoided.some(({ value }) => value === base.value)) return undefined;
  return pick("strategy", [], base, same);
}

/** Strategies that guidance asks to leave out, with their rows. */
export function avoidedStrategies({ findings }: Sources): { value: Strategy[]; rows: Settled<Strategy>["rows"] } {
  const avoided = about(findings, "avoid");
  return {
    value: [...new Set(avoided.map(({ value }) => value))],
    rows: avoided.map((finding) =>
      row("strategy", `not ${finding.value}`, { source: "guidance", words: finding.words }),
    ),
  };
}

function contradictsAvoided(denied: Claim<Strategy>): FlowError {
  return disagreement(
    "strategy",
    [
      { value: denied.value as string, source: denied.source },
      { value: `not ${denied.value}`, source: "guidance" },
    ],
    String,
  );
}

const FIRST_STAGE_PCT = 5;
const MOST_GROWTH = 5;

/**
 * Shares of traffic of a canary. Guidance may set them: rising, to 100, the first not above 5 % (or what deploy.yaml
 * begins with), no share more than five times the one before.
 */
export function canaryStages({ findings, config, stated }: Sources): Settled<readonly number[]> {
  const source = stated.has("canary.stages") ? "deploy.yaml" : "default";
  const own = said(about(findings, "stages"));
  const text = (stages: readonly number[]) => stages.map((pct) => `${pct} %`).join(", ");
  const settled = pick<readonly number[]>("stages", own, { value: config.canary.stages, source }, text);
  if (settled.source !== "guidance") return settled;
  const problem = problemOf(settled.value, Math.max(FIRST_STAGE_PCT, config.canary.stages[0] ?? 0));
  if (problem) throw badStages(problem, text(settled.value));
  return settled;
}

function problemOf(stages: readonly number[], mostFirst: number): string | undefined {
  const [first = 0] = stages;
  if (first <= 0 || first > mostFirst) return `a first stage above 0 and at most ${mostFirst} %`;
  const pairs = stages.slice(1).map((pct, index) => [stages[index] ?? 0, pct] as const);
  if (pairs.some(([from, to]) => to <= from)) return "stages that rise";
  if (pairs.some(([from, to]) => to > from * MOST_GROWTH)) return `no stage above ${MOST_GROWTH} times the one before`;
  return undefined;
}

function badStages(expected: string, found: string): FlowError {
  return new FlowError({
    code: "usage",
    what: "the stages in the guidance cannot be used",
    expected,
    found,
    next: "write other stages, such as 5% → 25% → 50% → 100%, or set canary.stages in deploy.yaml",
  });
}
