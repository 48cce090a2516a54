import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { inspectReports } from "../../../mcp-server/evidence/tests/index.ts";
import { memoryDisk } from "../../fakes/index.ts";

const saved = (file: string) => readFileSync(`test/fixtures/${file}`);
const read = (name: string, data: Buffer) =>
  inspectReports(memoryDisk({ [`/p/${name}`]: data }), [name], { cwd: "/p" });

/** A file of each format that is not XML, which has tests of its own for this. */
const FILES = [
  "test-reports/jest.json",
  "test-reports/playwright-ctrf.json",
  "test-reports/mocha.json",
  "test-reports/go-test.json",
  "test-reports/node.tap",
  "tool-runs/cucumber-js.json",
  "tool-runs/mochawesome.json",
  "tool-runs/rspec.json",
  "tool-runs/allure/02-result.json",
];

describe("encodings, as redirecting output on Windows makes them", () => {
  test.each(FILES)("%s", async (file) => {
    const text = saved(file).toString("utf8");
    const { total } = await read("plain", Buffer.from(text));
    expect(total.tests).toBeGreaterThan(0);
    const marked = `\ufeff${text}`;
    for (const bytes of [
      Buffer.from(marked),
      Buffer.from(marked, "utf16le"),
      Buffer.from(marked, "utf16le").swap16(),
      Buffer.from(text.replaceAll("\n", "\r\n")),
    ]) {
      expect((await read("other", bytes)).total).toEqual(total);
    }
  });
});

describe("a refusal names file, line and reason", () => {
  test.each([
    ["test-reports/jest.json", /cut:\d+: .*not complete JSON/],
    ["tool-runs/cucumber-js.json", /cut:\d+: .*not complete JSON/],
    ["tool-runs/mochawesome.json", /cut:\d+: .*not complete JSON/],
    ["test-reports/go-test.json", /cut:\d+: .*a line is not complete JSON/],
    ["test-reports/mocha.tap", /cut:\d+: /],
    ["test-reports/ctest.xml", /cut:\d+: .*ends before it is complete/],
    ["tool-runs/nunit2.xml", /cut:\d+: .*ends before it is complete/],
    ["tool-runs/testng.xml", /cut:\d+: .*ends before it is complete/],
  ])("%s, cut off", async (file, message) => {
    const data = saved(file);
    const cut = read("cut", data.subarray(0, Math.floor(data.length * 0.6) + 3));
    await expect(cut).rejects.toThrow(message);
    await expect(cut).rejects.toMatchObject({ code: "unreadable", exit: 65 });
  });

  test("the line is where the text stops being JSON", async () => {
    await expect(read("cut", Buffer.from('{\n"numTotalTestSuites": 1,\n"testResults": [\n{"name": '))).rejects.toThrow(
      /cut:4: /,
    );
    await expect(read("bad", Buffer.from('{\n"numTotalTestSuites": 1,\noops\n}\n'))).rejects.toThrow(/bad:3: /);
  });

  test.each(["nunit2.xml", "testng.xml"])("a document type in %s", async (file) => {
    const text = saved(`tool-runs/${file}`).toString("utf8");
    const root = /<test[a-z-]+[\s>]/.exec(text)?.[0] ?? "";
    const attack = text.replace(root, `<!DOCTYPE x [<!ENTITY a "aaaa">]>\n${root}`);
    await expect(read("attack", Buffer.from(attack))).rejects.toThrow(/document type declaration|not a test report/);
  });
});
