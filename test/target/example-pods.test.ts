import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { replicaSharePct } from "../../mcp-server/flow/target-limits.ts";
import { exampleConfig } from "./example-world.ts";

const ROOT = join(import.meta.dirname, "../..");
const D1 = `sha256:${"1".repeat(64)}`;

interface Seen {
  readonly state: string;
  readonly restarts: number;
  readonly oomKills: number;
  readonly digest: string;
  readonly url?: string;
}
const pods: { instanceOf(pod: unknown, where?: { urlPattern: string; env: string }): Seen } = await import(
  join(ROOT, "examples/kubernetes/pods.mjs")
);

/** A pod in the shape of the API's documentation. */
function pod(container: object, more: { ready?: boolean; changed?: string; deleted?: boolean; phase?: string } = {}) {
  return {
    metadata: {
      name: "shop-2-4-0-6d8c9f7b5c-xk2p9",
      labels: { app: "shop", version: "2.4.0" },
      creationTimestamp: "2026-01-31T12:00:00Z",
      ...(more.deleted ? { deletionTimestamp: "2026-01-31T12:30:00Z" } : {}),
    },
    spec: { containers: [{ name: "shop", image: `registry.example.com/shop@${D1}` }] },
    status: {
      phase: more.phase ?? "Running",
      podIP: "10.244.1.9",
      startTime: "2026-01-31T12:00:01Z",
      conditions: [
        { type: "PodScheduled", status: "True", lastTransitionTime: "2026-01-31T12:00:00Z" },
        {
          type: "Ready",
          status: more.ready ? "True" : "False",
          lastTransitionTime: more.changed ?? "2026-01-31T12:00:01Z",
        },
      ],
      containerStatuses: [
        {
          name: "shop",
          imageID: `registry.example.com/shop@${D1}`,
          restartCount: 0,
          ready: more.ready ?? false,
          state: { running: { startedAt: "2026-01-31T12:00:05Z" } },
          lastState: {},
          ...container,
        },
      ],
    },
  };
}

const ended = (reason: string, exitCode: number) => ({
  terminated: { reason, exitCode, startedAt: "2026-01-31T12:00:05Z" },
});
const backOff = { waiting: { reason: "CrashLoopBackOff" } };

describe("a pod of examples/kubernetes", () => {
  test.each<[string, object, Partial<Seen>]>([
    ["ready", pod({}, { ready: true }), { state: "ready", restarts: 0, oomKills: 0, digest: D1 }],
    ["not ready yet", pod({}), { state: "starting" }],
    ["not ready any more", pod({}, { changed: "2026-01-31T12:20:00Z" }), { state: "unhealthy" }],
    [
      "killed for its memory",
      pod({ restartCount: 1, lastState: ended("OOMKilled", 137) }, { ready: true }),
      { state: "ready", restarts: 1, oomKills: 1 },
    ],
    ["killed for its memory just now", pod({ state: ended("OOMKilled", 137) }), { oomKills: 1 }],
    [
      "in a crash loop",
      pod({ restartCount: 5, state: backOff, lastState: ended("Error", 1) }),
      { state: "unhealthy", restarts: 5, oomKills: 0 },
    ],
    [
      "whose image cannot be pulled",
      pod({ imageID: "", state: { waiting: { reason: "ImagePullBackOff" } } }, { phase: "Pending" }),
      { state: "starting", digest: D1 },
    ],
    ["going", pod({}, { ready: true, deleted: true }), { state: "draining" }],
    ["evicted", pod({}, { phase: "Failed" }), { state: "stopped" }],
  ])("%s", (_name, given, expected) => {
    expect(pods.instanceOf(given)).toMatchObject(expected);
  });

  test("has a URL only where the runner can reach it", () => {
    expect(pods.instanceOf(pod({}, { ready: true }))).not.toHaveProperty("url");
    const urlIn = (given: object, urlPattern: string) => pods.instanceOf(given, { urlPattern, env: "production" }).url;
    expect(urlIn(pod({}, { ready: true }), "http://{ip}:8080")).toBe("http://10.244.1.9:8080");
    const proxied = "http://127.0.0.1:8001/api/v1/namespaces/{env}/pods/{pod}:8080/proxy";
    expect(urlIn(pod({}), proxied)).toBe(
      "http://127.0.0.1:8001/api/v1/namespaces/production/pods/shop-2-4-0-6d8c9f7b5c-xk2p9:8080/proxy",
    );
  });

  test("has one before it has an address, because an instance without URL would be no answer", () => {
    const waiting = pod({ imageID: "" }, { phase: "Pending" });
    Object.assign(waiting.status, { podIP: undefined });
    const seen = pods.instanceOf(waiting, { urlPattern: "http://{ip}:8080", env: "staging" });
    expect(seen).toMatchObject({ state: "starting", url: "http://0.0.0.0:8080" });
  });
});

test("the stages of examples/kubernetes are shares that its replicas give", () => {
  const { canary, instances } = exampleConfig("kubernetes");
  expect(canary.stages).toEqual([replicaSharePct(instances, 1), replicaSharePct(instances, instances), 100]);
  expect(readFileSync(join(ROOT, "examples/kubernetes/README.md"), "utf8")).toContain("by-replica");
});
