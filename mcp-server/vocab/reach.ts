import type { Version } from "./ids.ts";
import type { LiveState } from "./live.ts";

/**
 * Where a version can be asked so that no other one answers: at each of its instances, at an address of its own, or only
 * at the entry that all versions share, while it alone has the traffic.
 */
export type Reach = "instances" | "version" | "entry";

/** Base URLs at which only this version answers; none when nobody can be asked now. */
export function addressesOf(live: LiveState, version: Version, reach: Reach): string[] {
  switch (reach) {
    case "instances":
      return live.instances.flatMap((instance) =>
        instance.version === version && instance.state === "ready" && instance.url !== undefined ? [instance.url] : [],
      );
    case "version": {
      const url = live.versionUrls?.[version];
      return url === undefined ? [] : [url];
    }
    case "entry":
      return servesAlone(live, version) ? [live.entryUrl] : [];
    default:
      return reach satisfies never;
  }
}

function servesAlone({ pools }: LiveState, version: Version): boolean {
  const serving = pools.filter(({ weightPct }) => weightPct > 0);
  return serving.length === 1 && serving[0]?.version === version && serving[0].weightPct === 100;
}
