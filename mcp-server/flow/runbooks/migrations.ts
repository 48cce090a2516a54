import { FencedOut } from "../../record/journal-file.ts";
import { TargetError } from "../../target/target.ts";
import type { Env } from "../../vocab/index.ts";
import { JournalRefused, RollbackLatched, type Run, RunStopped, stepKey } from "../engine.ts";
import type { PlannedMigration } from "../plan.ts";
import { quoted } from "../quoted.ts";
import { migrateKey, schemaText } from "../schema-state.ts";

/**
 * The migrations of the plan, in their order, each an act of its own. After a crash one that is not known to have
 * finished is asked for again: the target runs each id once. Nothing here ever undoes one.
 */
export async function migrate(run: Run, env: Env): Promise<void> {
  for (const migration of run.plan.migrations) await apply(run, env, migration);
}

async function apply(run: Run, env: Env, migration: PlannedMigration): Promise<void> {
  const { id, kind, reversible } = migration;
  // What cannot be undone is a change of production for good, whoever gets the traffic: from here on a failure goes back.
  const exposes = env === "production" && !reversible;
  try {
    await run.act(
      stepKey(migrateKey(env, id)),
      { text: `migration ${id} (${kind}) in ${env}`, env, ...(exposes ? { exposes: true } : {}) },
      async (fence, signal) => {
        if (!run.target.migrate) throw cannot(id);
        await run.target.migrate(env, id, fence, signal);
        return true;
      },
      () => undefined,
    );
  } catch (error) {
    if (isOfTheRun(error)) throw error;
    throw new RunStopped({
      outcome: "ABORTED",
      reasons: [
        { code: "migration-failed", text: `migration ${id} failed in ${env}: ${quoted(error)}` },
        { code: "schema-state", text: schemaText(run.state(), env) },
      ],
    });
  }
}

function cannot(id: string): TargetError {
  return new TargetError(`the target cannot run migration ${id}`, { retryable: false, next: "make a new plan" });
}

/** Says something about the run, not about what was tried. */
export function isOfTheRun(error: unknown): boolean {
  return (
    error instanceof RunStopped ||
    error instanceof RollbackLatched ||
    error instanceof JournalRefused ||
    error instanceof FencedOut
  );
}
