import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  MetricsConfig,
  metricsProblems,
  SmokeConfig,
  StagingConfig,
  smokeProblems,
  TestsConfig,
  testsProblems,
} from "../../mcp-server/evidence/config.ts";
import { fillPlaceholders } from "../../mcp-server/evidence/placeholders.ts";

const check = { id: "health", group: "health", path: "/healthz" };

describe("sections of deploy.yaml", () => {
  test("have the documented defaults", () => {
    expect(MetricsConfig.parse({})).toEqual({
      source: "scrape",
      path: "/metrics",
      poll: "10s",
      timeout: "2s",
      requests: { name: "http_requests_total", failed: { label: "status", matches: "5.." } },
      latency: { name: "http_request_duration_seconds", unit: "s" },
    });
    expect(SmokeConfig.parse({ checks: [check] })).toEqual({
      timeout: "5s",
      confirmAfter: "1s",
      passEnv: [],
      checks: [{ ...check, priority: "P1", method: "GET", headers: {}, expect: { status: 200 }, remember: {} }],
    });
    expect(StagingConfig.parse({})).toEqual({ observe: "5m", rehearse: true });
    expect(TestsConfig.parse({ candidate: { command: ["node", "{report}"] } }).candidate).toEqual({
      command: ["node", "{report}"],
      timeout: "5m",
      env: {},
      passEnv: [],
    });
  });

  test.each<[string, z.ZodType, unknown]>([
    ["an unknown key", MetricsConfig, { pol: "1s" }],
    ["an unknown key further down", SmokeConfig, { checks: [{ ...check, expect: { body: "x" } }] }],
    ["no check at all", SmokeConfig, { checks: [] }],
    ["a relative path", SmokeConfig, { checks: [{ ...check, path: "healthz" }] }],
    ["another host", SmokeConfig, { checks: [{ ...check, path: "//evil/healthz" }] }],
    ["a whole URL", MetricsConfig, { path: "http://evil/metrics" }],
    ["an unknown group", SmokeConfig, { checks: [{ ...check, group: "misc" }] }],
    ["a command line", TestsConfig, { candidate: { command: "npm test" } }],
    ["neither command nor reports", TestsConfig, { candidate: {} }],
    ["both command and reports", TestsConfig, { candidate: { command: ["x"], reports: ["y"] } }],
    ["a duration without a unit", StagingConfig, { observe: "5" }],
  ])("refuse %s", (_, schema, value) => {
    expect(schema.safeParse(value).success).toBe(false);
  });

  test("become JSON Schema", () => {
    for (const schema of [MetricsConfig, SmokeConfig, TestsConfig, StagingConfig]) {
      expect(z.toJSONSchema(schema, { io: "input" })).toHaveProperty("type", "object");
    }
  });

  test("problems beyond the schema are named with their key", () => {
    expect(metricsProblems(MetricsConfig.parse({ ignore: { label: "a", matches: "*" } }))).toEqual([
      { key: "metrics.ignore.matches", what: "not a regular expression" },
    ]);
    expect(smokeProblems(SmokeConfig.parse({ confirmAfter: "31s", checks: [check] }))).toEqual([
      { key: "smoke.confirmAfter", what: "longer than 30s" },
    ]);
    expect(testsProblems(TestsConfig.parse({ candidate: { command: ["npm", "test"] } }))).toEqual([
      { key: "tests.candidate.command", what: expect.stringContaining("{report}") },
    ]);
    expect(testsProblems(TestsConfig.parse({ candidate: { reports: ["r.xml"] } }))).toEqual([]);
  });
});

describe("placeholders", () => {
  test("are filled; other braces stay", () => {
    expect(fillPlaceholders('{a}/{}/{"b":1}/{1}', { a: "1" }, "k")).toBe('1/{}/{"b":1}/{1}');
  });
  test.each(["{b}", "{toString}"])("%s without a value is refused", (text) => {
    expect(() => fillPlaceholders(text, { a: "1" }, "tests.baseline")).toThrowError(
      expect.objectContaining({ code: "config", where: { file: "deploy.yaml", key: "tests.baseline" } }),
    );
  });
});
