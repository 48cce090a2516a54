import type { InstanceState, Version } from "../../vocab/index.ts";

/** What routing has to know of one instance. */
export interface Routable {
  readonly version: Version;
  /** A process is there that connections can be made to. */
  readonly alive: boolean;
  readonly state: InstanceState;
  readonly inFlight: number;
}

/** One version and its share of new requests. */
export interface Route<B extends Routable> {
  readonly version: Version;
  readonly weightPct: number;
  readonly backends: readonly B[];
}

/**
 * Draws the instance for one request: the version at random by weight, independent of every other request, then the
 * instance of that version with the fewest requests in flight. Ready instances come before unhealthy ones of the same
 * version; a version without any live instance leaves its share to the others; weight 0 never gets a request.
 * @param draw uniform in [0, 1)
 * @param failed the instance that could not be reached: another one is drawn, of the same version when there is one
 */
export function pickBackend<B extends Routable>(routes: readonly Route<B>[], draw: number, failed?: B): B | undefined {
  const open = routes
    .map((route) => ({ route, usable: usableBackends(route.backends, failed) }))
    .filter(({ route, usable }) => route.weightPct > 0 && usable.length > 0);
  const same = failed && open.find(({ route }) => route.version === failed.version);
  if (same) return leastBusy(same.usable, draw);
  const total = open.reduce((sum, { route }) => sum + route.weightPct, 0);
  let mark = draw * total;
  for (const { route, usable } of open) {
    if (mark < route.weightPct) return leastBusy(usable, draw);
    mark -= route.weightPct;
  }
  // Rounding can leave the mark a hair above the last boundary.
  const last = open.at(-1);
  return last && leastBusy(last.usable, draw);
}

function usableBackends<B extends Routable>(backends: readonly B[], failed: B | undefined): readonly B[] {
  const live = backends.filter((backend) => backend !== failed && backend.alive);
  const ready = live.filter((backend) => backend.state === "ready");
  return ready.length > 0 ? ready : live.filter((backend) => backend.state === "unhealthy");
}

/** Ties are broken by the low digits of the draw, which the choice of the version hardly used. */
function leastBusy<B extends Routable>(backends: readonly B[], draw: number): B | undefined {
  const fewest = Math.min(...backends.map((backend) => backend.inFlight));
  const idle = backends.filter((backend) => backend.inFlight === fewest);
  return idle[Math.floor(((draw * 65_536) % 1) * idle.length)];
}
