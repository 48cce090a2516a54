import type { ChildProcess } from "node:child_process";
import type { SandboxTarget, Target } from "../../mcp-server/target/index.ts";
import type { Env, Fence, Pool, Version } from "../../mcp-server/vocab/index.ts";

/** How a published version of the fixture service behaves. */
export interface Behaviour {
  readonly crashOnStart?: boolean;
  readonly readyAfterMs?: number;
}

/** A target of its own, empty at first, with versions of the fixture service that can be published to it. */
export interface TargetWorld<T extends Target = Target> {
  readonly target: T;
  /** Makes the artifact of a version; the same version again replaces it. */
  publish(version: Version, behaviour?: Behaviour): void;
  /** A client in a process of its own that applies these pools. */
  applyElsewhere(env: Env, pools: readonly Pool[], fence: Fence): ChildProcess;
  /** Migrations that took effect in an environment, one entry each time; for targets that run migrations. */
  migrated?(env: Env): string[];
  close(): Promise<void>;
}

/** The sandbox's world says where its files are. */
export interface SandboxWorld extends TargetWorld<SandboxTarget> {
  readonly root: string;
  /** Another client of the same sandbox. */
  another(): SandboxTarget;
}
