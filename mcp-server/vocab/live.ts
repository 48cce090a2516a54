import { z } from "zod";
import { Digest, RunId, Version } from "./ids.ts";
import { Instant } from "./time.ts";

/** The instances of one version in one environment and the traffic that they shall get. */
export const Pool = z.object({
  version: Version,
  digest: Digest,
  instances: z.number().int().min(0),
  /** Share of new requests in percent; the pools of an environment add up to 100 (or 0 when it serves nothing). */
  weightPct: z.number().min(0).max(100),
});
export type Pool = z.infer<typeof Pool>;

export const InstanceState = z.enum(["starting", "ready", "unhealthy", "draining", "stopped"]);
export type InstanceState = z.infer<typeof InstanceState>;

/** One running copy of a version, as read back from the platform. */
export const Instance = z.object({
  id: z.string(),
  version: Version,
  digest: Digest,
  /** Base URL at which this very instance answers, past any proxy; absent where the target gives none. */
  url: z.string().optional(),
  state: InstanceState,
  startedAt: Instant,
  /** Counters since the instance was created: all restarts, those by out-of-memory kill, those by other crashes. */
  restarts: z.number().int(),
  oomKills: z.number().int(),
  crashes: z.number().int(),
});
export type Instance = z.infer<typeof Instance>;

/** An environment read back from the platform: what runs, and where requests really went. */
export const LiveState = z.object({
  pools: z.array(Pool),
  instances: z.array(Instance),
  /** Measured share of requests per version in percent since the weights last changed; empty without traffic. */
  measuredSharePct: z.record(z.string(), z.number()),
  /** Requests that the shares were measured on. */
  measuredRequests: z.number().int(),
  /** Base URL that users reach. */
  entryUrl: z.string(),
  /** Base URL at which only this version answers, past the router, per version; absent where the target gives none. */
  versionUrls: z.record(z.string(), z.string()).optional(),
  readAt: Instant,
});
export type LiveState = z.infer<typeof LiveState>;

/** Who may change a target: a higher epoch shuts out every lower one. */
export const Fence = z.object({ runId: RunId, epoch: z.number().int().min(1) });
export type Fence = z.infer<typeof Fence>;
