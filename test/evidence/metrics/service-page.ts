import type { Digest, Instance, Instant, LiveState, Version } from "../../../mcp-server/vocab/index.ts";

/** A version for tests. */
export const version = (text: string) => text as Version;

/** An instance at `http://<id>`. */
export function instance(id: string, of: string, more: Partial<Instance> = {}): Instance {
  return {
    id,
    version: version(of),
    digest: `sha256:${"0".repeat(64)}` as Digest,
    url: `http://${id}`,
    state: "ready",
    startedAt: "2026-03-01T11:00:00.000Z" as Instant,
    restarts: 0,
    oomKills: 0,
    crashes: 0,
    ...more,
  };
}

/** An environment with these instances. */
export function live(...instances: Instance[]): LiveState {
  return {
    pools: [],
    instances,
    measuredSharePct: {},
    measuredRequests: 0,
    entryUrl: "http://entry",
    readAt: "2026-03-01T12:00:00.000Z" as Instant,
  };
}

/** What an instance has served: answers by status, and cumulative counts at 10 ms, 100 ms and in all. */
export interface Served {
  readonly ok: number;
  readonly failed?: number;
  readonly fast?: number;
  readonly medium?: number;
  readonly start?: number;
  readonly health?: number;
}

/** The metrics page of an instance that has served so much. */
export function page(served: Served): string {
  const all = served.ok + (served.failed ?? 0);
  const bucket = (le: string, count: number) => `http_request_duration_seconds_bucket{path="/",le="${le}"} ${count}`;
  return [
    "# TYPE http_requests_total counter",
    `http_requests_total{path="/",status="200"} ${served.ok}`,
    ...(served.failed === undefined ? [] : [`http_requests_total{path="/",status="503"} ${served.failed}`]),
    ...(served.health === undefined ? [] : [`http_requests_total{path="/healthz",status="200"} ${served.health}`]),
    "# TYPE http_request_duration_seconds histogram",
    bucket("0.01", served.fast ?? all),
    bucket("0.1", served.medium ?? all),
    bucket("+Inf", all),
    `http_request_duration_seconds_count{path="/"} ${all}`,
    ...(served.start === undefined ? [] : [`process_start_time_seconds ${served.start}`]),
    "",
  ].join("\n");
}
