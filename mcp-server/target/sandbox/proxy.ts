import type { HttpListener, Ports } from "../../ports/index.ts";
import type { Ms } from "../../vocab/index.ts";
import { type Backend, forward } from "./forward.ts";
import type { Route } from "./routing.ts";
import { createTally, type ProxyStats } from "./tally.ts";

/** Where services and proxies listen: on this machine only. */
export const HOST = "127.0.0.1";

// Longer than clients usually keep an idle connection, so that it is they who close it: a server that closes first
// races with the next request.
const KEEP_ALIVE_MS = 75_000;

/** The entry of one environment: every request is routed anew over the versions by weight. */
export interface EntryProxy {
  readonly port: number;
  /** Switches all new requests at once. Shares start anew when a weight changed. */
  route(routes: readonly Route<Backend>[]): void;
  stats(): ProxyStats;
  close(graceMs: Ms): Promise<void>;
}

/** Opens the proxy of one environment. Rejects when the port is taken. */
export async function openProxy(ports: Pick<Ports, "httpServer" | "ids">, port: number): Promise<EntryProxy> {
  const tally = createTally();
  let routes: readonly Route<Backend>[] = [];
  let inFlight = 0;
  const options = { routes: () => routes, draw: () => uniform(ports.ids), tally };
  const listener: HttpListener = await ports.httpServer.listen(
    { host: HOST, port, keepAliveMs: KEEP_ALIVE_MS },
    (request, response) => {
      inFlight += 1;
      // Whoever waits for the response learns of its end by "close".
      response.on("error", () => {});
      forward(options, request, response)
        .catch(() => response.destroy())
        .finally(() => {
          inFlight -= 1;
        });
    },
  );
  return {
    port: listener.port,
    route: (next) => {
      if (weightsOf(next) !== weightsOf(routes)) tally.resetShares();
      routes = next;
    },
    stats: () => tally.stats(inFlight),
    close: (graceMs) => listener.close(graceMs),
  };
}

function weightsOf(routes: readonly Route<Backend>[]): string {
  const carrying = routes.filter((route) => route.weightPct > 0);
  return carrying
    .map((route) => `${route.version}=${route.weightPct}`)
    .sort()
    .join(" ");
}

/** 48 random bits as a number in [0, 1). */
function uniform(ids: Ports["ids"]): number {
  return Number.parseInt(ids.hex(6), 16) / 2 ** 48;
}
