import { type ConfigProblem, metricsProblems, smokeProblems, testsProblems } from "../evidence/config.ts";
import { journeysProblems, probesProblems } from "../evidence/journeys/config.ts";
import { prometheusProblems } from "../evidence/metrics/prometheus/problems.ts";
import { readinessProblems } from "../evidence/readiness/config.ts";
import { FlowError } from "../vocab/index.ts";
import type { DeployConfig } from "./config.ts";
import { notifyProblems } from "./notify/problems.ts";

/** What is wrong with sections that fit their schema but cannot be used, such as a pattern that is no regular expression. */
export function problemsBeyondSchema(config: DeployConfig): ConfigProblem[] {
  return [
    ...canaryProblems(config.canary.stages),
    ...(config.metrics ? [...metricsProblems(config.metrics), ...prometheusProblems(config.metrics)] : []),
    ...(config.smoke ? smokeProblems(config.smoke) : []),
    ...(config.journeys ? journeysProblems(config.journeys) : []),
    ...probesProblems(config.probes),
    ...readinessProblems(config.readiness),
    ...(config.tests ? testsProblems(config.tests) : []),
    ...notifyProblems(config.notify),
  ];
}

function canaryProblems(stages: readonly number[]): ConfigProblem[] {
  const key = "canary.stages";
  if (stages.at(-1) !== 100) return [{ key, what: "the last canary stage must be 100" }];
  const falls = stages.some((weight, index) => index > 0 && weight <= (stages[index - 1] ?? 0));
  return falls ? [{ key, what: "canary stages must rise" }] : [];
}

/** Refuses a configuration that did not come through the reader of deploy.yaml and cannot be used. */
export function problemsOfEvidence(config: DeployConfig): void {
  const problems = problemsBeyondSchema(config);
  const [first] = problems;
  if (!first) return;
  throw new FlowError({
    code: "config",
    what: first.what,
    where: { file: "deploy.yaml", key: first.key },
    next: problems.length > 1 ? `correct it, and ${problems.length - 1} more` : "correct the value",
  });
}
