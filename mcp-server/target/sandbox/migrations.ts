import { allowEnv, BASE_ENV, type Ports } from "../../ports/index.ts";
import { durationMs, type Env, type Fence } from "../../vocab/index.ts";
import type { SandboxConfig } from "../config.ts";
import { TargetError } from "../target.ts";
import { OWNER_VARIABLE } from "./orphans.ts";
import type { EnvironmentState } from "./state.ts";

/** What migrations of one environment need of it. */
export interface MigrationSite {
  readonly root: string;
  readonly env: Env;
  readonly ports: Pick<Ports, "clock" | "exec">;
  onRecord(): EnvironmentState;
  record(change: Partial<EnvironmentState>): void;
}

/** The migrations of one environment, one at a time and each once. */
export interface Migrations {
  /** Resolves when the migration is applied, by this call or an earlier one. */
  apply(id: string, fence: Fence, config: SandboxConfig): Promise<void>;
  underWay(): boolean;
  /** Resolves when none is under way. */
  settled(): Promise<void>;
}

const OUTPUT_CAP_BYTES = 64 * 1024;
/** So much of the end of its output says why a migration failed. */
const TAIL_CHARS = 400;

/**
 * Keeps in the sandbox's state which migrations were applied. The record is made after the command has ended well: a
 * daemon that dies in between leaves a migration that is run again, so the command has to bear that.
 */
export function createMigrations(site: MigrationSite): Migrations {
  const running = new Map<string, Promise<void>>();
  let turn: Promise<unknown> = Promise.resolve();
  const isApplied = (id: string) => site.onRecord().migrations.some((applied) => applied.id === id);
  const start = (id: string, fence: Fence, config: SandboxConfig): Promise<void> => {
    const done = turn.then(async () => {
      await run(site, id, config);
      const applied = { id, runId: fence.runId, at: site.ports.clock.wall() };
      site.record({ migrations: [...site.onRecord().migrations, applied] });
    });
    turn = done.catch(() => {});
    running.set(id, done);
    turn.finally(() => running.delete(id));
    return done;
  };
  return {
    // A client that was killed and asks again joins what its first request began.
    apply: async (id, fence, config) => {
      if (isApplied(id)) return;
      await (running.get(id) ?? start(id, fence, config));
    },
    underWay: () => running.size > 0,
    settled: async () => {
      await turn;
    },
  };
}

async function run(site: MigrationSite, id: string, config: SandboxConfig): Promise<void> {
  const { root, env, ports } = site;
  const how = config.migrate;
  if (how === undefined) {
    throw new TargetError("the sandbox has no command for migrations", {
      retryable: false,
      next: "add target.migrate.command to deploy.yaml",
    });
  }
  const argv = how.command.map((part) => part.replaceAll("{migration}", id).replaceAll("{env}", env));
  const exit = await ports.exec.run(argv, {
    cwd: root,
    env: {
      ...allowEnv([...BASE_ENV, ...how.passEnv]),
      ...how.env,
      DEPLOY_ENV: env,
      MIGRATION: id,
      // One that outlives a killed daemon is found by this and ended before anything else is begun.
      [OWNER_VARIABLE]: root,
    },
    timeoutMs: durationMs(how.timeout),
    outputCapBytes: OUTPUT_CAP_BYTES,
  });
  if (exit.code === 0 && !exit.timedOut) return;
  const why = exit.timedOut
    ? `was ended after ${how.timeout}`
    : exit.code === undefined
      ? `was ended by ${exit.killedBy ?? "a signal"}`
      : `ended with code ${exit.code}`;
  const tail = `${exit.stdout}\n${exit.stderr}`.trim().slice(-TAIL_CHARS);
  throw new TargetError(`migration ${id} in ${env} ${why}${tail === "" ? "" : `: ${tail}`}`, {
    retryable: false,
    next: "look at the schema yourself, mend the migration, and start again",
  });
}
