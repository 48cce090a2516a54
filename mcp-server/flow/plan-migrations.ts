import { type Migration, migrationProblems } from "../judge/index.ts";
import { FlowError } from "../vocab/index.ts";
import type { PlanFacts } from "./make-plan.ts";
import type { Plan, PlannedMigration } from "./plan.ts";

/** The migrations of a plan. Refuses those after which the release could not go back, and any that the target cannot run. */
export function plannedMigrations(facts: PlanFacts, previous: Plan["previous"]): PlannedMigration[] {
  const { migrations } = facts.config;
  if (migrations.length === 0) return [];
  const [problem] = migrationProblems(migrations, {
    version: facts.parameters.version,
    previous: previous?.version,
  });
  if (problem) throw refused({ ...problem, key: `migrations[${problem.index}].${problem.key}` });
  if (!facts.canMigrate) {
    throw refused({
      key: "migrations",
      what: "the target cannot run migrations",
      next: "give the target a command for them (target.migrate.command of the sandbox), or run them outside of this flow",
    });
  }
  return migrations.map((migration, index) => planned(facts, migration, index));
}

function planned({ forwardFixes }: PlanFacts, migration: Migration, index: number): PlannedMigration {
  const { forwardFix, ...rest } = migration;
  if (forwardFix === undefined) return rest;
  const sha256 = forwardFixes?.[forwardFix];
  if (sha256 !== undefined) return { ...rest, forwardFix: { path: forwardFix, sha256 } };
  throw refused({
    key: `migrations[${index}].forwardFix`,
    what: "the forward-fix plan cannot be read",
    next: "name a file inside the project: its content is approved with the plan",
  });
}

function refused({ key, what, next }: { key: string; what: string; next: string }): FlowError {
  return new FlowError({ code: "config", what, where: { file: "deploy.yaml", key }, next });
}
