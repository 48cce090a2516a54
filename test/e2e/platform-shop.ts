import { existsSync, readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** How a published build of the shop behaves behind an imitated platform. */
export interface ShopBehaviour {
  /** Answers with 500 once real users have reached an instance a few times; nothing that is asked before shows it. */
  readonly failsUnderUsers?: true;
}

/** One pod or container as the imitated platform has it. */
export interface Copy {
  readonly name: string;
  readonly version: string;
  /** Reference that ends with the digest. */
  readonly image: string;
}

const PAGES: Record<string, object> = {
  "/healthz": { ok: true },
  "/version": {},
  "/": { greeting: "welcome" },
  "/search": { found: ["TEA-GREEN"] },
};
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1]; // seconds
const USERS_BEFORE_IT_FAILS = 5;
/** What users ask for takes its time: beside that the delays of a busy machine are no worsening by 100 %. */
const WORK_MS = 200;

interface Counts {
  byUsers: number;
  readonly answers: Map<string, number>;
  readonly perBucket: number[];
}

/** The service that all copies run. Its pages are those that the journeys of the examples ask for. */
export function createShop(stateFolder: string) {
  const counts = new Map<string, Counts>();
  const behaviourOf = (image: string): ShopBehaviour => {
    const builds = JSON.parse(readFileSync(join(stateFolder, "registry.json"), "utf8"));
    return builds[image.slice(image.indexOf("@") + 1)]?.behaviour ?? {};
  };
  const countsOf = (copy: Copy): Counts => {
    const known = counts.get(copy.name) ?? { byUsers: 0, answers: new Map(), perBucket: BOUNDS.map(() => 0) };
    counts.set(copy.name, known);
    return known;
  };
  return {
    /** Answers a request that reached this copy. */
    answer: async (copy: Copy, url: string, response: ServerResponse, fromUsers: boolean): Promise<void> => {
      const started = performance.now();
      const own = countsOf(copy);
      const path = url.split("?")[0] ?? "/";
      if (path === "/metrics") return void response.end(metricsPage(own));
      if (!["/healthz", "/version"].includes(path)) await delay(WORK_MS);
      const page = PAGES[path];
      if (fromUsers) own.byUsers += 1;
      const isSick = behaviourOf(copy.image).failsUnderUsers && own.byUsers > USERS_BEFORE_IT_FAILS;
      const status = page === undefined ? 404 : isSick && !["/healthz", "/version"].includes(path) ? 500 : 200;
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify({ ...page, version: copy.version }));
      own.answers.set(`${path} ${status}`, (own.answers.get(`${path} ${status}`) ?? 0) + 1);
      const seconds = (performance.now() - started) / 1000;
      const bucket = BOUNDS.findIndex((bound) => seconds <= bound);
      if (bucket >= 0) own.perBucket[bucket] = (own.perBucket[bucket] ?? 0) + 1;
    },
  };
}

function metricsPage({ answers, perBucket }: Counts): string {
  let below = 0;
  const buckets = BOUNDS.map((le, index) => {
    below += perBucket[index] ?? 0;
    return `http_request_duration_seconds_bucket{le="${le}"} ${below}`;
  });
  const all = [...answers.values()].reduce((sum, count) => sum + count, 0);
  const requests = [...answers].map(([key, count]) => {
    const [path, status] = key.split(" ");
    return `http_requests_total{path="${path}",status="${status}"} ${count}`;
  });
  return [
    "# TYPE http_requests_total counter",
    ...requests,
    "# TYPE http_request_duration_seconds histogram",
    ...buckets,
    `http_request_duration_seconds_bucket{le="+Inf"} ${all}`,
    `http_request_duration_seconds_count ${all}`,
    "",
  ].join("\n");
}

/** A file of the imitation's state; it is replaced whole, so it can be read at any moment. */
export function stateOf<T>(file: string, empty: T): T {
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : empty;
}
