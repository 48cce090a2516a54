import type { ArtifactView } from "../../record/artifact-kinds/index.ts";
import type { Plan } from "../plan.ts";

type PlanView = ArtifactView<"deployment-plan">;
type Facts = NonNullable<ArtifactView<"rollback-plan">["data"]>;

/** The migrations of a plan as its document lists them. */
export function migrationRows({ migrations }: Plan): NonNullable<PlanView["migrations"]> {
  return migrations.map(({ id, kind, reversible, backup, forwardFix }) => ({
    id,
    kind,
    reversible: reversible ? "yes" : `no; instead: ${forwardFix ? forwardFix.path : "nothing"}`,
    backup: backup ? `${backup.id}, taken ${backup.takenAt}` : "none named",
  }));
}

/** What they are to the run, step by step. */
export function migrationSteps({ migrations, previous }: Plan): NonNullable<PlanView["steps"]> {
  return migrations.map(({ id, kind, reversible }) => ({
    action: `migration ${id} (${kind}), in staging first`,
    actor: "deploy-flow",
    timeout: "as the target has it",
    verify: "the target says that it is applied",
    undo: reversible
      ? `by a person, if at all; ${previous ? `${previous.version} works with it` : "nothing needs it"}`
      : "cannot be undone",
  }));
}

/** What going back leaves of the data. Going back moves traffic and never runs a migration the other way. */
export function dataFacts({ migrations, previous }: Plan): Facts {
  if (migrations.length === 0) return [{ name: "Migrations", value: "none are run by this plan" }];
  const old = previous?.version ?? "the old version";
  return [
    { name: "Undone by going back", value: "nothing: no migration is run the other way by itself" },
    ...migrations.map(({ id, kind, reversible, forwardFix, unusedSince }) => ({
      name: `${id} (${kind})`,
      value: [
        `stays applied; ${old} works with it${unusedSince ? `, unused since ${unusedSince}` : ""}`,
        reversible ? "a person can undo it" : `cannot be undone; when it turns out wrong: ${forwardFix?.path ?? "–"}`,
      ].join("; "),
    })),
    ...migrations.flatMap(({ id, backup, testedAt }) => [
      ...(backup
        ? [
            {
              name: `Backup before ${id}`,
              value: `${backup.id}, taken ${backup.takenAt}, restoring ${backup.restoreTestedAt ? `tried ${backup.restoreTestedAt}` : "not tried"}`,
            },
          ]
        : []),
      ...(testedAt ? [{ name: `${id} and its way back tried`, value: testedAt }] : []),
    ]),
  ];
}
