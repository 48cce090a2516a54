import { durationMs, type Ms, type Reach } from "../vocab/index.ts";
import type { TargetConfig } from "./config.ts";
import type { TargetCapabilities } from "./target.ts";

/** What the target of a section of deploy.yaml can do; nothing is asked of it. */
export function capabilitiesOf(config: TargetConfig): TargetCapabilities {
  switch (config.kind) {
    case "sandbox":
      return {
        routing: "per-request",
        minWeightPct: 1,
        parallelPools: true,
        production: config.production,
        remoteLock: false,
        instanceUrls: true,
        versionUrls: false,
        measuresTraffic: true,
      };
    case "command":
      return {
        routing: config.routing,
        minWeightPct: config.minWeightPct,
        parallelPools: config.parallelPools,
        production: config.production,
        remoteLock: config.lock !== undefined,
        instanceUrls: config.instanceUrls,
        versionUrls: config.versionUrls,
        measuresTraffic: config.measuresTraffic,
      };
    default:
      return config satisfies never;
  }
}

/** How one version can be asked on the target of a section of deploy.yaml. */
export function reachOf(config: TargetConfig): Reach {
  const { instanceUrls, versionUrls } = capabilitiesOf(config);
  if (instanceUrls) return "instances";
  return versionUrls ? "version" : "entry";
}

/** How long the target gives new instances to become ready, milliseconds. */
export function startLimitMs(config: TargetConfig): Ms {
  switch (config.kind) {
    case "sandbox":
      return durationMs(config.startTimeout);
    case "command":
      return durationMs(config.apply.timeout);
    default:
      return config satisfies never;
  }
}
