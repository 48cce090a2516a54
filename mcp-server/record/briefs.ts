import { z } from "zod";
import baselineReliabilityEngineer from "../../templates/briefs/baseline-reliability-engineer.hbs";
import executeDevopsEngineer from "../../templates/briefs/execute-devops-engineer.hbs";
import executeQaEngineer from "../../templates/briefs/execute-qa-engineer.hbs";
import executeReliabilityEngineer from "../../templates/briefs/execute-reliability-engineer.hbs";
import observeDevopsEngineer from "../../templates/briefs/observe-devops-engineer.hbs";
import observeQaEngineer from "../../templates/briefs/observe-qa-engineer.hbs";
import observeRegressionAnalyst from "../../templates/briefs/observe-regression-analyst.hbs";
import observeReliabilityEngineer from "../../templates/briefs/observe-reliability-engineer.hbs";
import readinessDeploymentManager from "../../templates/briefs/readiness-deployment-manager.hbs";
import readinessDevopsEngineer from "../../templates/briefs/readiness-devops-engineer.hbs";
import readinessProjectManager from "../../templates/briefs/readiness-project-manager.hbs";
import readinessReliabilityEngineer from "../../templates/briefs/readiness-reliability-engineer.hbs";
import reportDeploymentManager from "../../templates/briefs/report-deployment-manager.hbs";
import reportSupportLead from "../../templates/briefs/report-support-lead.hbs";
import rollbackDevopsEngineer from "../../templates/briefs/rollback-devops-engineer.hbs";
import rollbackIncidentCommander from "../../templates/briefs/rollback-incident-commander.hbs";
import rollbackRegressionAnalyst from "../../templates/briefs/rollback-regression-analyst.hbs";
import rollbackReliabilityEngineer from "../../templates/briefs/rollback-reliability-engineer.hbs";
import stagingDevopsEngineer from "../../templates/briefs/staging-devops-engineer.hbs";
import stagingRegressionAnalyst from "../../templates/briefs/staging-regression-analyst.hbs";
import { fill } from "./templates.ts";

/** The words of each brief, by `step-role`. */
const BRIEF_TEMPLATES = {
  "readiness-deployment-manager": readinessDeploymentManager,
  "readiness-project-manager": readinessProjectManager,
  "readiness-devops-engineer": readinessDevopsEngineer,
  "readiness-reliability-engineer": readinessReliabilityEngineer,
  "staging-devops-engineer": stagingDevopsEngineer,
  "staging-regression-analyst": stagingRegressionAnalyst,
  "baseline-reliability-engineer": baselineReliabilityEngineer,
  "execute-devops-engineer": executeDevopsEngineer,
  "execute-qa-engineer": executeQaEngineer,
  "execute-reliability-engineer": executeReliabilityEngineer,
  "observe-reliability-engineer": observeReliabilityEngineer,
  "observe-qa-engineer": observeQaEngineer,
  "observe-devops-engineer": observeDevopsEngineer,
  "observe-regression-analyst": observeRegressionAnalyst,
  "rollback-devops-engineer": rollbackDevopsEngineer,
  "rollback-reliability-engineer": rollbackReliabilityEngineer,
  "rollback-regression-analyst": rollbackRegressionAnalyst,
  "rollback-incident-commander": rollbackIncidentCommander,
  "report-deployment-manager": reportDeploymentManager,
  "report-support-lead": reportSupportLead,
} as const;
export type BriefId = keyof typeof BRIEF_TEMPLATES;

/** What an agent is told besides its task. Values are facts of the record, secrets masked. */
export const BriefView = z.strictObject({
  service: z.string(),
  version: z.string(),
  previous: z.string().nullable(),
  strategy: z.string(),
  step: z.string(),
  role: z.string(),
  facts: z.array(z.string()),
  criteria: z.array(z.string()),
  /** Where its findings go. */
  path: z.string(),
  kind: z.string(),
});
export type BriefView = z.infer<typeof BriefView>;

/** Whether there is a brief of this name. */
export function isBriefId(id: string): id is BriefId {
  return Object.hasOwn(BRIEF_TEMPLATES, id);
}

/** The text that one agent is launched with. */
export function renderBrief(id: BriefId, view: BriefView): string {
  return `${fill(BRIEF_TEMPLATES[id], BriefView.parse(view))
    .replace(/\n{3,}/g, "\n\n")
    .trim()}\n`;
}
