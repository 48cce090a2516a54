import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { join } from "node:path";
import { type Copy, createShop, stateOf } from "./platform-shop.ts";

/** What answers for an imitated platform: its entries, and the way to single copies. */
export interface Fronts {
  readonly entries: { readonly staging: number; readonly production: number };
  /** Where single copies are reached: the API server's proxy, or the port that every container has. */
  readonly copiesPort: number;
  close(): void;
}

async function listen(answer: RequestListener, host = "127.0.0.1"): Promise<Server> {
  const server = createServer(answer);
  server.listen(0, host);
  await once(server, "listening");
  return server;
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

async function frontsOf(
  entry: (env: string) => RequestListener,
  copies: RequestListener,
  host?: string,
): Promise<Fronts> {
  const [staging, production, own] = await Promise.all([
    listen(entry("staging")),
    listen(entry("production")),
    listen(copies, host),
  ]);
  return {
    entries: { staging: portOf(staging), production: portOf(production) },
    copiesPort: portOf(own),
    close: () => {
      for (const server of [staging, production, own]) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

const anyOf = <T>(list: readonly T[]): T | undefined => list[Math.floor(Math.random() * list.length)];

interface Pod {
  readonly name: string;
  readonly image: string;
  readonly labels: Record<string, string>;
  readonly goneAt?: number;
}
type Cluster = Record<string, { selector: Record<string, string>; pods: Pod[] }>;

const ofPod = ({ name, image, labels }: Pod): Copy => ({ name, image, version: labels.version ?? "" });

/** A Service, which spreads connections over the pods that its selector names, and the API server's proxy to pods. */
export function kubernetesFronts(state: string): Promise<Fronts> {
  const shop = createShop(state);
  const spaceOf = (env: string) => stateOf<Cluster>(join(state, "cluster.json"), {})[env];
  const podOf = new WeakMap<Socket, Pod>();
  const entry = (env: string): RequestListener => {
    return (request, response) => {
      const space = spaceOf(env);
      const pods = space?.pods ?? [];
      // A connection stays with its pod, also when the selector names others by now.
      const kept = pods.find(({ name }) => name === podOf.get(request.socket)?.name);
      const wanted = Object.entries(space?.selector ?? {});
      const selected = pods.filter(
        (pod) => pod.goneAt === undefined && wanted.every(([label, value]) => pod.labels[label] === value),
      );
      const pod = kept ?? anyOf(selected);
      if (!pod) return void response.writeHead(503).end();
      podOf.set(request.socket, pod);
      void shop.answer(ofPod(pod), request.url ?? "/", response, true);
    };
  };
  return frontsOf(entry, (request, response) => {
    const found = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/:]+):8080\/proxy(\/.*)$/.exec(request.url ?? "");
    const pod = spaceOf(found?.[1] ?? "")?.pods.find(({ name }) => name === found?.[2]);
    if (!pod) return void response.writeHead(404).end();
    void shop.answer(ofPod(pod), found?.[3] ?? "/", response, false);
  });
}

interface Container {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly address: string;
  readonly labels: Record<string, string>;
  readonly stopped?: boolean;
}
interface Engine {
  readonly containers: Container[];
  /** What each nginx has loaded. */
  readonly loaded: Record<string, string>;
}

const ofContainer = ({ name, image, labels }: Container): Copy => ({
  name,
  image,
  version: labels["deploy-flow.version"] ?? "",
});

/** nginx as its loaded file tells it to draw, and every container at an address of its own. */
export function composeFronts(state: string): Promise<Fronts> {
  const shop = createShop(state);
  const engine = () => stateOf<Engine>(join(state, "engine.json"), { containers: [], loaded: {} });
  const entry = (env: string): RequestListener => {
    return (request, response) => {
      const { containers, loaded } = engine();
      const proxy = containers.find((one) => one.labels["com.docker.compose.project"] === `shop-${env}-proxy`);
      const hosts = drawn(loaded[proxy?.id ?? ""] ?? "");
      const running = containers.filter(({ name, stopped }) => hosts.includes(name) && !stopped);
      const container = anyOf(running);
      if (!container) return void response.writeHead(503).end();
      void shop.answer(ofContainer(container), request.url ?? "/", response, true);
    };
  };
  const copies: RequestListener = (request, response) => {
    const address = request.socket.localAddress;
    const container = engine().containers.find((one) => one.address === address && !one.stopped);
    if (!container) return void request.socket.destroy();
    void shop.answer(ofContainer(container), request.url ?? "/", response, false);
  };
  return frontsOf(entry, copies, "0.0.0.0");
}

/** Hosts of the upstream that one draw of `split_clients` gives. */
function drawn(conf: string): string[] {
  const upstreams = new Map(
    [...conf.matchAll(/upstream (\S+) \{\n([\s\S]*?)\}/g)].map(([, name = "", body = ""]) => [
      name,
      [...body.matchAll(/server (\S+):\d+;/g)].map(([, host = ""]) => host),
    ]),
  );
  const split = /split_clients "\$request_id" \$pool \{\n([\s\S]*?)\}/.exec(conf)?.[1] ?? "";
  let left = 100 * Math.random();
  for (const [, share = "", name = ""] of split.matchAll(/^\s*([\d.]+%|\*) (\S+);$/gm)) {
    left -= share === "*" ? 100 : Number.parseFloat(share);
    if (left < 0) return upstreams.get(name) ?? [];
  }
  return [];
}
