import { z } from "zod";
import { Env, Fence, Pool } from "../../vocab/index.ts";
import { SandboxConfig } from "../config.ts";

/**
 * What a client asks of the daemon. The configuration travels with each request: instances that run keep the one they
 * were started with, new ones get the one of the request that starts them.
 */
export const SandboxRequest = z.discriminatedUnion("op", [
  z.strictObject({ op: z.literal("ping") }),
  z.strictObject({ op: z.literal("observe"), env: Env, config: SandboxConfig }),
  z.strictObject({ op: z.literal("stats"), env: Env, config: SandboxConfig }),
  z.strictObject({ op: z.literal("apply"), env: Env, config: SandboxConfig, pools: z.array(Pool), fence: Fence }),
  z.strictObject({ op: z.literal("migrate"), env: Env, config: SandboxConfig, id: z.string(), fence: Fence }),
  z.strictObject({ op: z.literal("shutdown") }),
]);
export type SandboxRequest = z.infer<typeof SandboxRequest>;

/** What travels of a TargetError. `stopping`: this daemon is about to end, another one can be started. */
export const TargetErrorData = z.object({ retryable: z.boolean(), next: z.string(), stopping: z.boolean() });
export type TargetErrorData = z.infer<typeof TargetErrorData>;

/** Why the daemon could not start, left for the client that started it. */
export const StartFailure = z.object({ pid: z.number().int(), message: z.string(), next: z.string() });

/** The answer to a ping: who answers. */
export const Pong = z.object({ pid: z.number().int() });

/** The answer to a shutdown: all services have ended, and this process is about to. */
export const Farewell = z.object({ pid: z.number().int() });
