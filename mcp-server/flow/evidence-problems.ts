import { metricsProblems, smokeProblems, testsProblems } from "../evidence/config.ts";
import { journeysProblems, probesProblems } from "../evidence/journeys/config.ts";
import { readinessProblems } from "../evidence/readiness/config.ts";
import { FlowError } from "../vocab/index.ts";
import type { DeployConfig } from "./config.ts";
import { notifyProblems } from "./notify/problems.ts";

/** Refuses sections that fit their schema but cannot be used, such as a pattern that is no regular expression. */
export function problemsOfEvidence(config: DeployConfig): void {
  const problems = [
    ...(config.metrics ? metricsProblems(config.metrics) : []),
    ...(config.smoke ? smokeProblems(config.smoke) : []),
    ...(config.journeys ? journeysProblems(config.journeys) : []),
    ...probesProblems(config.probes),
    ...readinessProblems(config.readiness),
    ...(config.tests ? testsProblems(config.tests) : []),
    ...notifyProblems(config.notify),
  ];
  const [first] = problems;
  if (!first) return;
  throw new FlowError({
    code: "config",
    what: first.what,
    where: { file: "deploy.yaml", key: first.key },
    next: problems.length > 1 ? `correct it, and ${problems.length - 1} more` : "correct the value",
  });
}
