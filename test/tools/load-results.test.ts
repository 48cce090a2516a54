import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { encode } from "gpt-tokenizer/encoding/o200k_base";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { mcpServer } from "../../mcp-server/hosts/mcp/server.ts";
import { realPorts } from "../../mcp-server/ports/index.ts";
import { inMemory, type Seen } from "../hosts/mcp-client.ts";
import { run } from "../hosts/process.ts";
import { EXAMPLE } from "./folder.ts";

/** The schema that is published of a result. */
const validate = new Ajv2020({ strict: false }).compile(
  parse(readFileSync(join(import.meta.dirname, "../../schemas/flows/regression-check.yaml"), "utf8")),
);

const LOAD = join(import.meta.dirname, "../fixtures/metrics/load");

function folder(...files: string[]): string {
  const dir = mkdtempSync(join(process.env.DEPLOY_FLOW_TEST_TMP ?? tmpdir(), "load-"));
  for (const file of files) copyFileSync(join(LOAD, file), join(dir, file));
  for (const [name, text] of Object.entries(EXAMPLE)) writeFileSync(join(dir, name), text);
  return dir;
}

async function call(dir: string, name: string, args: Record<string, unknown>): Promise<Seen> {
  const client = await inMemory(mcpServer({ root: dir, ports: realPorts(), asksHost: true }));
  try {
    return await client.call(name, args);
  } finally {
    await client.close();
  }
}

describe("regression-check of load results", () => {
  test.each([
    ["k6-summary-healthy.json", "k6-summary-failing.json", 0, "FAIL"],
    ["k6-summary-healthy.json", "k6-summary-healthy.json", 0, "PASS"],
    ["vegeta-report-healthy.json", "vegeta-report-failing.json", 0, "FAIL"],
    ["vegeta-report-healthy.json", "vegeta-report-healthy.json", 0, "PASS"],
    ["oha-healthy.json", "oha-failing.json", 0, "FAIL"],
    ["fortio-healthy.json", "fortio-failing.json", 0, "FAIL"],
    ["autocannon-healthy.json", "autocannon-failing.json", 0, "FAIL"],
    ["hey-healthy.csv", "hey-failing.csv", 0, "FAIL"],
    ["hey-healthy.csv", "hey-healthy.csv", 0, "INCONCLUSIVE"],
    ["k6-samples.ndjson", "vegeta-results.csv", 10, "INCONCLUSIVE"],
    ["any-tool.json", "any-tool.json", 0, "PASS"],
  ])("%s against %s at %d %%: %s", async (baseline, candidate, threshold, verdict) => {
    const seen = await call(folder(baseline, candidate), "regression-check", {
      baselineMetrics: [baseline],
      candidateMetrics: [candidate],
      threshold,
    });
    expect(seen.isError, seen.text).toBe(false);
    expect(validate(seen.data), JSON.stringify(validate.errors)).toBe(true);
    const data = seen.data as { metrics: { id: string; method: string }[]; reasons: { text: string }[] };
    expect(data).toMatchObject({
      verdict,
      tests: null,
      regressionRate: null,
      inputs: [{ name: "metrics/baseline" }, { name: "metrics/candidate" }],
    });
    expect(data.metrics.find(({ id }) => id === "error-rate")?.method).toBe("sequential");
    for (const { text } of data.reasons) expect(seen.text).toContain(text);
    for (const { id } of data.metrics) expect(seen.text).toContain(id);
    expect(encode(JSON.stringify(seen.data)).length).toBeLessThanOrEqual(2000);
    expect(encode(seen.text).length).toBeLessThanOrEqual(2000);
  });

  test("beside test reports: neither makes up for the other", async () => {
    const dir = folder("k6-summary-healthy.json", "k6-summary-failing.json");
    const both = { baseline: ["base.xml"], candidate: ["base.xml"], baselineMetrics: ["k6-summary-healthy.json"] };
    const bad = await call(dir, "regression-check", { ...both, candidateMetrics: ["k6-summary-failing.json"] });
    expect(bad.data).toMatchObject({ verdict: "FAIL", worst: "metrics", regressionRate: 0, severity: "MEDIUM" });
    const good = await call(dir, "regression-check", { ...both, candidateMetrics: ["k6-summary-healthy.json"] });
    expect(good.data).toMatchObject({ verdict: "PASS", worst: null });
    const lost = await call(dir, "regression-check", {
      ...both,
      candidate: ["cand.xml"],
      candidateMetrics: ["k6-summary-healthy.json"],
    });
    expect(lost.data).toMatchObject({ verdict: "FAIL", worst: "tests" });
  });

  test("its result decides the dimension of a gate, and never more than it says", async () => {
    const dir = folder("k6-summary-healthy.json", "k6-summary-failing.json");
    const check = async (candidate: string, threshold: number, file: string) => {
      const seen = await call(dir, "regression-check", {
        baselineMetrics: ["k6-summary-healthy.json"],
        candidateMetrics: [candidate],
        threshold,
      });
      writeFileSync(join(dir, file), JSON.stringify(seen.data));
      const gate = await call(dir, "gate-decision", { gate: "staging", evidence: [file], threshold: 0 });
      return (gate.data as { dimensions: Record<string, { outcome: string }> }).dimensions.metrics?.outcome;
    };
    expect(await check("k6-summary-failing.json", 0, "fail.json")).toBe("FAIL");
    expect(await check("k6-summary-healthy.json", 0, "pass.json")).toBe("PASS");
    expect(await check("k6-summary-healthy.json", 50, "wide.json")).toBe("INCONCLUSIVE");
  });

  test("one side alone, nothing, and a warm-up that is none are said to be so", async () => {
    const dir = folder("requests.csv");
    for (const [args, says] of [
      [{ baselineMetrics: ["requests.csv"] }, /nothing to be compared with/],
      [{}, /nothing to compare was named/],
      [{ baselineMetrics: ["requests.csv"], candidateMetrics: ["requests.csv"], warmup: "soon" }, /no duration/],
      [{ baselineMetrics: ["requests.csv"], candidateMetrics: ["gone-*.csv"] }, /gone-/],
    ] as const) {
      const seen = await call(dir, "regression-check", args);
      expect(seen.isError).toBe(true);
      expect(seen.text).toMatch(says);
    }
  });
});

test("on the command line a damaged file is exit code 65, with file and line", async () => {
  const dir = folder("hey-healthy.csv");
  const text = readFileSync(join(dir, "hey-healthy.csv"), "utf8");
  writeFileSync(join(dir, "cut.csv"), text.slice(0, 3000));
  const ended = await run(dir, [
    "regression-check",
    "--baseline-metrics",
    "hey-healthy.csv",
    "--candidate-metrics",
    "cut.csv",
  ]);
  expect(ended.code).toBe(65);
  expect(ended.err).toMatch(/cut\.csv:\d+/);
  expect(ended.err).toContain("the last line has no end");
  const good = await run(dir, [
    "regression-check",
    "--baseline-metrics",
    "hey-*.csv",
    "--candidate-metrics",
    "hey-healthy.csv",
    "--warmup",
    "1s",
  ]);
  expect(good.code).toBe(2);
  expect(good.out).toMatch(/metric +before +after +change +limit +method +verdict/);
});
