import type { Digest, Env, Fence, LiveState, Pool, Version } from "../vocab/index.ts";

/** What a target can do; strategies and statistics depend on it. */
export interface TargetCapabilities {
  /** How one request finds its version: drawn anew each time, by session, or by counting replicas. */
  readonly routing: "per-request" | "sticky" | "by-replica";
  /** Smallest non-zero share of traffic in percent that it can set. */
  readonly minWeightPct: number;
  /** Two versions can run side by side with separate pools. */
  readonly parallelPools: boolean;
  /** Real users are behind it: floors and a person's approval apply. */
  readonly production: boolean;
  /** It keeps a lock of its own, seen by other machines. */
  readonly remoteLock: boolean;
  /** Every instance has a URL of its own, past any proxy. */
  readonly instanceUrls: boolean;
  /** Every version has a URL of its own, at which no other one answers. */
  readonly versionUrls: boolean;
  /** It tells which share of the requests each version really got. */
  readonly measuresTraffic: boolean;
}

/** The target could not do it. `retryable`: the same call may work later; nothing is known to be half done that `apply` would not mend. */
export class TargetError extends Error {
  readonly retryable: boolean;
  readonly next: string;
  constructor(message: string, o: { retryable: boolean; next: string; cause?: unknown }) {
    super(message, o.cause === undefined ? undefined : { cause: o.cause });
    this.name = "TargetError";
    this.retryable = o.retryable;
    this.next = o.next;
  }
}

/**
 * The hands of a deployment. Declarative and idempotent: `apply` is told the pools that shall exist, and calling it
 * again with the same pools, also after a crash in the middle, ends in the same state without losing a request.
 */
export interface Target {
  readonly kind: string;
  readonly capabilities: TargetCapabilities;
  /** Content address of the artifact of a version; fails when there is none. */
  resolve(version: Version, signal: AbortSignal): Promise<Digest>;
  /** Reads the environment back. Changes nothing. */
  observe(env: Env, signal: AbortSignal): Promise<LiveState>;
  /**
   * Makes the environment be these pools, and returns it read back. New instances become ready before they get
   * traffic; instances that go get none first and finish what they serve. Refuses a fence whose epoch is below the highest seen.
   */
  apply(env: Env, desired: readonly Pool[], fence: Fence, signal: AbortSignal): Promise<LiveState>;
  /** Runs one schema or data migration; idempotent by id. */
  migrate?(env: Env, id: string, fence: Fence, signal: AbortSignal): Promise<void>;
  /** Gives back what other machines see as this run's claim on the environment; idempotent. Where it keeps such a lock. */
  unlock?(env: Env, fence: Fence, signal: AbortSignal): Promise<void>;
}
