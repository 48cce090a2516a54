import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { MetricsConfig } from "../../../../mcp-server/evidence/config.ts";
import {
  createPrometheusSource,
  PRESET_NAMES,
  presetNamed,
  prometheusProblems,
  readExposition,
} from "../../../../mcp-server/evidence/metrics/index.ts";
import { fakeClock } from "../../../fakes/index.ts";
import { instance, live, version } from "../service-page.ts";
import { fakePrometheus } from "./fake-server.ts";

const PAGES = join(import.meta.dirname, "../../../fixtures/metrics/pages");
const FOLDER = join(import.meta.dirname, "../../../../mcp-server/evidence/metrics/presets");

/** The page that a preset is for, what its placeholders are there, and how its versions are called. */
const CASES: Record<string, { page: string; with: Record<string, string>; versions?: [string, string] }> = {
  istio: { page: "istio", with: { namespace: "bookinfo", service: "reviews" }, versions: ["v1", "v2"] },
  "gateway-api-istio": { page: "istio", with: { namespace: "bookinfo", service: "reviews.*" }, versions: ["v1", "v2"] },
  linkerd: { page: "linkerd", with: { namespace: "emojivoto", stable: "web", canary: "web-canary" } },
  "gateway-api-linkerd": {
    page: "linkerd-routes",
    with: { route: "web-route", stable: "web-stable", canary: "web-canary" },
  },
  "nginx-ingress": { page: "nginx-ingress", with: { namespace: "test-app-production", ingress: "web-yml" } },
  traefik: {
    page: "traefik",
    with: { stable: "shop-app-stable-80@kubernetescrd", canary: "shop-app-canary-80@kubernetescrd" },
  },
  "gateway-api-traefik": { page: "traefik", with: { namespace: "shop", stable: "app-stable", canary: "app-canary" } },
  haproxy: { page: "haproxy", with: { backend: "shop", stable: "stable[0-9]+", canary: "canary[0-9]+" } },
  contour: { page: "envoy", with: { namespace: "shop", stable: "app-stable", canary: "app-canary" } },
  kubernetes: { page: "pods", with: { namespace: "shop", app: "shop" } },
  "gateway-api-pods": { page: "pods", with: { namespace: "shop", stable: "shop-stable", canary: "shop-canary" } },
};

test("every preset has a page of its system to be tried on, and every file is a preset", () => {
  expect(Object.keys(CASES).sort()).toEqual([...PRESET_NAMES].sort());
  const files = readdirSync(FOLDER).filter((name) => name.endsWith(".yaml"));
  expect(files.map((name) => name.replace(/\.yaml$/, "")).sort()).toEqual([...PRESET_NAMES].sort());
});

describe.each(Object.entries(CASES))("preset %s", (name, { page, with: values, versions = ["1.0.0", "2.0.0"] }) => {
  const prometheus = { url: "http://prometheus:9090", preset: name, with: values };

  test("finds requests, failures and latencies of both versions on a page of its system", async () => {
    const server = fakePrometheus();
    const { samples } = readExposition(readFileSync(join(PAGES, `${page}.prom`), "utf8"));
    const scrape = (factor: number) => {
      for (const sample of samples) {
        const labels = [...sample.labels].map(([label, value]) => `${label}=${JSON.stringify(value)}`).join(",");
        server.scrape(
          { instance: "10.0.0.1:9090", job: page },
          { [`${sample.name}{${labels}}`]: factor * sample.value },
        );
      }
    };
    const [old = "", next = ""] = versions;
    const source = createPrometheusSource({
      config: MetricsConfig.parse({ source: "prometheus", prometheus }),
      http: server,
      clock: fakeClock(),
      versions: { baseline: version(old), candidate: version(next) },
      released: version(next),
      env: {},
    });
    const instances = live(instance("a", old), instance("b", next));
    scrape(1);
    const first = await source.poll(instances, undefined, new AbortController().signal);
    server.now += 15;
    scrape(2);
    const { increments, problem } = await source.poll(instances, first.cursor, new AbortController().signal);
    expect(problem).toBeUndefined();
    const of = (metric: string, arm: string) => increments.find((one) => one.metric === metric && one.arm === arm);
    expect(of("error-rate", "baseline")).toMatchObject({ exposure: 42, events: 2, quality: "ok" });
    expect(of("error-rate", "candidate")).toMatchObject({ exposure: 11, events: 1, quality: "ok" });
    if (presetNamed(name)?.latency === null) {
      expect(of("latency", "candidate")).toBeUndefined();
    } else {
      expect(of("latency", "baseline")?.exposure).toBe(40);
      expect(of("latency", "candidate")?.exposure).toBe(10);
      const slowest = of("latency", "candidate")?.buckets?.findLast(
        (bucket) => bucket.le !== null && bucket.count > 0,
      )?.le;
      // Milliseconds, whatever the system counts in.
      expect(slowest).toBeGreaterThanOrEqual(5);
      expect(slowest).toBeLessThanOrEqual(1200);
    }
  });

  test("refuses what it cannot be used with", () => {
    const problems = (changed: object) =>
      prometheusProblems(MetricsConfig.parse({ source: "prometheus", prometheus: { ...prometheus, ...changed } }));
    expect(problems({})).toEqual([]);
    expect(problems({ with: {} })[0]?.what).toContain(`preset ${name} needs `);
  });
});

describe("a section that cannot be used", () => {
  test.each([
    [{ url: "http://u:p@host" }, /secrets do not belong/],
    [{ url: "http://host/?a=b" }, /without a query/],
    [{ headers: { Authorization: "x" } }, /secrets do not belong/],
    [{ history: "3d" }, /1m to 24h/],
    [{ preset: "itsio" }, /unknown; there are istio,/],
    [{ match: 'job="shop"' }, /the same series/],
    [{ match: 'job="shop",version="{version}",zone="{zone}"' }, /placeholder has no value/],
  ])("%j", (part, expected) => {
    const config = MetricsConfig.parse({
      source: "prometheus",
      prometheus: { url: "http://host", match: 'v="{version}"', ...part },
    });
    expect(
      prometheusProblems(config)
        .map(({ what }) => what)
        .join(),
    ).toMatch(expected);
  });

  test("another source beside it, or none of it", () => {
    expect(prometheusProblems(MetricsConfig.parse({ prometheus: { url: "http://host" } }))[0]?.what).toMatch(
      /only with/,
    );
    expect(prometheusProblems(MetricsConfig.parse({ source: "prometheus" }))[0]?.what).toMatch(/which server/);
    expect(MetricsConfig.safeParse({ prometheus: { url: "file:///etc/passwd" } }).success).toBe(false);
  });
});
