import { migrationKey } from "../judge/index.ts";
import type { Env } from "../vocab/index.ts";
import type { RunState } from "./run-state.ts";

/** How far one migration of the plan got in one environment. */
export interface MigrationProgress {
  readonly id: string;
  readonly state: "applied" | "begun" | "not begun";
}

/** Key of a migration in the journal. */
export function migrateKey(env: Env, id: string): string {
  return env === "production" ? `migrate/${migrationKey(id)}` : `staging/migrate/${migrationKey(id)}`;
}

/** The migrations of the plan and how far each got, by the journal. */
export function schemaState(state: Pick<RunState, "plan" | "intents" | "results">, env: Env): MigrationProgress[] {
  return state.plan.migrations.map(({ id }) => {
    const key = migrateKey(env, id);
    return { id, state: state.results.has(key) ? "applied" : state.intents.has(key) ? "begun" : "not begun" };
  });
}

/** The state of the schema in one sentence; empty when nothing of the plan touched it. */
export function schemaText(state: Pick<RunState, "plan" | "intents" | "results">, env: Env): string {
  const all = schemaState(state, env);
  if (all.every((migration) => migration.state === "not begun")) return "";
  const named = (which: MigrationProgress["state"]) =>
    all.filter((migration) => migration.state === which).map(({ id }) => id);
  const [applied, begun, untouched] = [named("applied"), named("begun"), named("not begun")];
  const parts = [
    ...(applied.length > 0 ? [`${applied.join(", ")} applied, and left so`] : []),
    ...(begun.length > 0 ? [`${begun.join(", ")} begun and not known to have finished: look at the schema`] : []),
    ...(untouched.length > 0 ? [`${untouched.join(", ")} not begun`] : []),
  ];
  return `schema in ${env}: ${parts.join("; ")}`;
}
