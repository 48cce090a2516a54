import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { LOAD_READERS, readLoadFile } from "../../../mcp-server/evidence/load/index.ts";
import { realPorts } from "../../../mcp-server/ports/index.ts";

const FOLDER = join(import.meta.dirname, "../../fixtures/metrics/load");
const { disk } = realPorts();
const scratch = mkdtempSync(join(tmpdir(), "deploy-flow-load-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

async function read(name: string) {
  const { result } = await readLoadFile(disk, join(FOLDER, name));
  const sum = (of: "requests" | "failed") => result.windows.reduce((all, window) => all + window[of], 0);
  const timed = result.windows.flatMap(({ latencies = [] }) => latencies).reduce((all, { count }) => all + count, 0);
  return {
    tool: result.tool,
    totals: result.totals ?? { requests: sum("requests"), failed: sum("failed") },
    windows: result.windows.length,
    timed,
    points: Object.fromEntries(result.points.map(({ id, value, unit }) => [id, `${value} ${unit}`])),
  };
}

describe("what each tool writes", () => {
  test.each([
    ["k6-summary-healthy.json", "k6 summary", 6000, 0, 0, { "latency-p99": "48.5 ms", "latency-p50": "12.5 ms" }],
    ["k6-summary-failing.json", "k6 summary", 6000, 300, 0, { "latency-p95": "33 ms" }],
    ["k6-summary-export.json", "k6 summary", 6000, 300, 0, { "latency-p95": "31.25 ms", throughput: "199.9 rps" }],
    ["k6-samples.ndjson", "k6 samples", 120, 6, 4, {}],
    ["vegeta-report-healthy.json", "vegeta report", 6000, 0, 0, { "latency-p99": "15.3 ms", throughput: "200.03 rps" }],
    ["vegeta-report-failing.json", "vegeta report", 6000, 300, 0, {}],
    ["vegeta-results.ndjson", "vegeta results (JSON)", 120, 7, 3, {}],
    ["vegeta-results.csv", "vegeta results (CSV)", 120, 7, 3, {}],
    ["oha-healthy.json", "oha", 27653, 0, 0, { "latency-p50": "5.6 ms", "latency-p99": "13.1 ms" }],
    ["oha-failing.json", "oha", 27653, 1400, 0, {}],
    ["fortio-healthy.json", "fortio", 8000, 0, 0, { "latency-p99": "41 ms", throughput: "199.97 rps" }],
    ["fortio-failing.json", "fortio", 8000, 400, 0, {}],
    ["autocannon-fast.json", "autocannon", 13634, 0, 0, { "latency-p99": "9 ms", "latency-p97.5": "5 ms" }],
    ["autocannon-healthy.json", "autocannon", 603, 0, 0, {}],
    ["autocannon-failing.json", "autocannon", 601, 30, 0, { "latency-p50": "4 ms" }],
    ["hey-healthy.csv", "hey", 400, 0, 3, {}],
    ["hey-failing.csv", "hey", 400, 20, 3, {}],
    ["requests.csv", "CSV", 300, 6, 6, {}],
    ["counts.csv", "CSV", 15000, 3, 30, {}],
    ["any-tool.json", "gatling", 6000, 0, 30, { orders: "12.25 orders/s" }],
  ])("%s is read as %s", async (name, tool, requests, failed, windows, points) => {
    const found = await read(name);
    expect(found).toMatchObject({ tool, totals: { requests, failed }, windows });
    expect(found.points).toMatchObject(points);
  });

  test("every file of the folder is of the table, and is claimed by one reader alone", () => {
    for (const name of readdirSync(FOLDER)) {
      const head = readFileSync(join(FOLDER, name), "utf8").slice(0, 64 * 1024);
      const claimed = LOAD_READERS.filter((reader) => reader.sniff(head)).map((reader) => reader.tool);
      expect(claimed, name).toHaveLength(1);
    }
  });

  test("latencies are milliseconds, and requests without an answer have none", async () => {
    const { result } = await readLoadFile(disk, join(FOLDER, "vegeta-results.ndjson"));
    const all = result.windows.flatMap(({ latencies = [] }) => latencies);
    expect(all.reduce((sum, { count }) => sum + count, 0)).toBe(119);
    expect(all.every(({ le }) => le !== null && le >= 4 && le <= 10)).toBe(true);
  });
});

describe("a file that is not whole is refused with its place", () => {
  test.each(readdirSync(FOLDER))("%s, cut off anywhere", async (name) => {
    const whole = readFileSync(join(FOLDER, name));
    const isLines = /\.(?:csv|ndjson)$/.test(name);
    for (let i = 1; i < 24; i += 1) {
      const end = Math.floor((whole.length * i) / 24);
      // A log of requests that ends with a line says nothing of what was to come; nothing could tell it from a shorter load.
      if (isLines && whole[end - 1] === 0x0a) continue;
      const file = join(scratch, `${i}-${name}`);
      writeFileSync(file, whole.subarray(0, end));
      await expect(readLoadFile(disk, file), `${end} of ${whole.length} bytes`).rejects.toMatchObject({
        code: "unreadable",
        where: { file },
      });
    }
  });

  test.each([
    ["a status that is none", "hey-failing.csv", (text: string) => text.replace(",503,", ",5O3,"), /the status/],
    [
      "a latency that is no number",
      "vegeta-results.csv",
      (text: string) => text.replace(/,200,\d+,/, ",200,NaN,"),
      /the latency|of no known/,
    ],
    [
      "a line of something else",
      "k6-samples.ndjson",
      (text: string) => text.replace('{"metric":"http_reqs"', 'level=warn\n{"metric":"http_reqs"'),
      /no k6 sample/,
    ],
    [
      "codes that do not add up",
      "fortio-failing.json",
      (text: string) => text.replace('"200": 7600', '"200": 7599'),
      /do not add up/,
    ],
    [
      "codes that do not add up",
      "vegeta-report-failing.json",
      (text: string) => text.replace('"requests": 6000', '"requests": 6001'),
      /do not add up/,
    ],
    [
      "no failures counted",
      "k6-summary-healthy.json",
      (text: string) => text.replace("http_req_failed", "http_req_fallen"),
      /failures cannot be counted/,
    ],
    [
      "a negative count",
      "oha-failing.json",
      (text: string) => text.replace('"502": 1397', '"502": -1397'),
      /count of answers/,
    ],
    ["a missing column", "requests.csv", (text: string) => text.replace("20,200,", "20,"), /columns of the header/],
    ["more failed than asked", "counts.csv", (text: string) => text.replace("10,500,0", "10,500,501"), /more failed/],
    ["nothing in it", "hey-healthy.csv", (text: string) => `${text.split("\n")[0]}\n`, /not one request/],
    ["another format", "requests.csv", () => "a,b\n1,2\n", /no known load tool/],
  ])("%s", async (_, name, spoil, reason) => {
    const file = join(scratch, `spoilt-${name}`);
    const text = spoil(readFileSync(join(FOLDER, name), "utf8"));
    expect(text).not.toBe(readFileSync(join(FOLDER, name), "utf8"));
    writeFileSync(file, text);
    await expect(readLoadFile(disk, file)).rejects.toThrow(reason);
  });
});
